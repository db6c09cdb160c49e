"""`workhorse server`: look after the embedded server."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys

import click

from workhorse.cli.ink import columns, out
from workhorse.cli.options import json_option


@click.group("server", short_help="Look after the embedded server.")
def command() -> None:
    """Look after the embedded server, which all of your processes on this machine share.

    It is started when it is needed and stopped when nobody uses it any more; its data stay, in
    WORKHORSE_HOME. So you need these commands only to keep it running, or to be rid of it.
    """


@command.command()
@json_option
def status(*, as_json: bool) -> int:
    """Say whether it runs, and where; exits with 1 if it does not."""
    from workhorse import embedded  # noqa: PLC0415 - not for --help

    found = embedded.status()
    if as_json:
        facts = {
            "running": found.running,
            "url": found.url,
            "home": str(found.home),
            "pid": found.pid or None,
            "version": found.version or None,
            "binary": found.binary or None,
        }
        click.echo(json.dumps(facts))
        return 0 if found.running else 1
    ink = out()
    ink.say(ink.green("running") if found.running else ink.yellow("not running"))
    rows = [
        ("url", found.url),
        ("data", str(found.home)),
        ("version", found.version),
        ("pid", str(found.pid or "")),
        ("binary", found.binary),
    ]
    for line in columns([(ink.dim(name), value) for name, value in rows if value]):
        ink.say(line)
    return 0 if found.running else 1


@command.command()
def url() -> int:
    """Print its URL, as for export WORKHORSE_URL=$(workhorse server url)."""
    from workhorse import embedded  # noqa: PLC0415 - not for --help
    from workhorse.cli.failures import Failure  # noqa: PLC0415 - not for --help

    found = embedded.running()
    if found is None:
        raise Failure("the embedded server is not running; start it: workhorse server start")
    click.echo(found)
    return 0


@command.command()
def stop() -> int:
    """Stop it, whoever uses it; its data stay."""
    from workhorse import embedded  # noqa: PLC0415 - not for --help

    out().say("stopped; its data stay" if embedded.stop() else "it was not running")
    return 0


@command.command()
@click.option("--foreground", is_flag=True, help="Stay, and keep it running until Ctrl+C.")
def start(*, foreground: bool) -> int:
    """Start it, and keep it running until it is told to stop.

    A small process stays behind that counts as one of its users.
    """
    from workhorse import embedded  # noqa: PLC0415 - not for --help
    from workhorse.embedded.choosing import why_not_embedded  # noqa: PLC0415 - not for --help

    where = embedded.ensure()
    if foreground:
        out().say(f"running on {where}; Ctrl+C ends it")
        _stay(where)
        return 0
    keep_running(where)
    ink = out()
    ink.say(f"running on {where} until: workhorse server stop")
    if why_not_embedded():
        ink.say(f"It is not chosen by itself here: {ink.bold(f'export WORKHORSE_URL={where}')}")
    return 0


def keep_running(where: str) -> None:
    """Have the embedded server at that URL run on when this process has ended.

    Raises:
        NoServerError: The process that is to keep it running does not start.
    """
    if not _is_kept(where):
        _leave_keeper(where)


def _stay(where: str) -> None:
    """Return when the server has stopped, or at Ctrl+C."""
    from workhorse.connection import Connection  # noqa: PLC0415 - not for --help
    from workhorse.exceptions import ServerError  # noqa: PLC0415 - not for --help

    forever = 10.0**8
    with contextlib.suppress(KeyboardInterrupt, ServerError):
        link = Connection(where, patience=0).dedicated()
        link.call(("CLIENT", "SETNAME", _KEEPER))
        with contextlib.closing(link):
            # Nobody ever sends anything there: it answers by closing the connection.
            link.call(("BLPOP", _KEEPER, 0), forever)


_KEEPER = "workhorse-keeper"


def _is_kept(where: str) -> bool:
    from workhorse.connection import Connection  # noqa: PLC0415 - not for --help

    with Connection(where, patience=0).borrow() as link:
        clients: bytes = link.call(("CLIENT", "LIST"))
    return f" name={_KEEPER} ".encode() in clients


def _leave_keeper(where: str) -> None:
    """Start a process that uses the server for as long as it runs, and wait until it does."""
    import time  # noqa: PLC0415 - only here

    from workhorse.exceptions import NoServerError  # noqa: PLC0415 - not for --help

    keeper = subprocess.Popen(
        [sys.executable, "-m", "workhorse", "server", "start", "--foreground"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 10
    while not _is_kept(where):
        if keeper.poll() is not None or time.monotonic() > deadline:
            raise NoServerError("the process that keeps the server running does not start")
        time.sleep(0.01)
    keeper.returncode = 0  # it survives us on purpose; Popen would warn of that
