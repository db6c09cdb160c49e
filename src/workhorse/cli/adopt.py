"""`workhorse adopt`: take over what RQ has on this server."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Unpack

import click

from workhorse.cli.ink import Ink, columns, count, err, one_line, out
from workhorse.cli.options import (
    ServerOptions,
    TrustOptions,
    absolute,
    json_option,
    reach,
    trust_options,
    working_options,
)

if TYPE_CHECKING:
    from workhorse.adopt.adopter import Adopter
    from workhorse.adopt.keys import RqKeys
    from workhorse.adopt.report import Report
    from workhorse.connection import Connection
    from workhorse.endpoints.endpoint import Endpoint

_SHOWN = 5


class Options(ServerOptions, TrustOptions):
    """The options of `workhorse adopt`."""

    source: str | None
    prefix: str
    queues: tuple[str, ...]
    dry_run: bool
    follow: bool
    path: tuple[str, ...]
    as_json: bool


@click.command(
    short_help="Take over the jobs of RQ on this server.",
    epilog="It can be ended at any moment, and started again; RQ's workers and producers may go "
    "on meanwhile. Exits with 1 if a job was left.",
)
@click.option("--from", "source", metavar="URL", help="RQ's server, if --url does not say it.")
@click.option(
    "--prefix",
    envvar="RQ_KEY_PREFIX",
    show_envvar=True,
    default="rq",
    show_default=True,
    help="What RQ's keys begin with.",
)
@click.option("-q", "--queue", "queues", multiple=True, help="Only this queue; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Change nothing; say what would be done.")
@click.option("--follow", is_flag=True, help="Go on, and move what is enqueued from now on.")
@click.option(
    "-P",
    "--path",
    type=click.Path(),
    multiple=True,
    default=["."],
    metavar="FOLDER",
    help="Where the modules of allowed classes are found, and that of --config, besides Python's "
    "own path; may be repeated.",
)
@json_option
@trust_options
@working_options
def command(**options: Unpack[Options]) -> int:
    """Take over the jobs of RQ 2 and 3 on this server, in whatever state they are.

    Each is moved in one step, with its data, its times, its retries and its result. What RQ's
    workers run, and what cannot be read safely, is left there, and the report says why.
    """
    from workhorse.adopt.adopter import check_prefix  # noqa: PLC0415 - not for --help
    from workhorse.adopt.keys import RqKeys  # noqa: PLC0415 - not for --help

    if options["dry_run"] and options["follow"]:
        raise click.UsageError("--dry-run looks once; give it or --follow")
    sys.path[:0] = [path for path in absolute(options["path"]) if path not in sys.path]
    connection = reach(_server(options), options["namespace"])
    rq = RqKeys(options["prefix"])
    on_cluster = connection.endpoint.kind == "cluster"
    check_prefix(rq, connection.namespace, on_cluster=on_cluster)
    bar = _Bar(err(), quiet=options["as_json"])
    adopter = _adopter(connection, rq, options, bar)
    try:
        if options["follow"]:
            _follow(connection, adopter, bar)
        else:
            _once(connection, adopter)
    finally:
        bar.close()
    report = adopter.report
    if options["as_json"]:
        click.echo(json.dumps(report.as_dict()))
    else:
        _tell(out(), report, _trust(options))
    return 1 if report.left and not options["follow"] else 0


def _server(options: Options) -> str | Endpoint | None:
    """The server that the options name: one, since jobs are moved within it."""
    from workhorse.endpoints import Endpoint  # noqa: PLC0415 - not for --help

    url, source = options["url"], options["source"]
    if source is None or url is None:
        return url or source
    ours = url if isinstance(url, Endpoint) else Endpoint.from_url(url)
    rqs = Endpoint.from_url(source)
    if (ours.addresses, ours.login.db) != (rqs.addresses, rqs.login.db):
        raise click.UsageError(
            "RQ is elsewhere than Workhorse: a job can be moved in one step only within one "
            "database of one server; give RQ's as --url, and start Workhorse's workers with it"
        )
    return url


def _adopter(connection: Connection, rq: RqKeys, options: Options, bar: _Bar) -> Adopter:
    from workhorse.adopt.adopter import Adopter, Wanted  # noqa: PLC0415 - not for --help
    from workhorse.adopt.shape import Shaper  # noqa: PLC0415 - not for --help

    try:
        shaper = Shaper(connection.namespace, options["serializer"], options["allow_class"])
    except (TypeError, ValueError) as error:
        raise click.UsageError(str(error)) from None
    wanted = Wanted(options["queues"], options["dry_run"])
    return Adopter(connection.keys, rq, shaper, wanted, bar.draw)


def _once(connection: Connection, adopter: Adopter) -> None:
    from workhorse.drivers import run  # noqa: PLC0415 - not for --help

    run(connection, adopter.adopt())


def _follow(connection: Connection, adopter: Adopter, bar: _Bar) -> None:
    """Follow until Ctrl+C or SIGTERM."""
    import asyncio  # noqa: PLC0415 - not for --help
    import signal  # noqa: PLC0415 - not for --help

    from workhorse.adopt.follower import Follower  # noqa: PLC0415 - not for --help

    async def follow() -> None:
        follower = Follower(connection, adopter)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, follower.stop)
        await follower.follow()

    bar.go_on()
    asyncio.run(follow())


class _Bar:
    """How far it is: a bar on a terminal, else nothing."""

    def __init__(self, ink: Ink, *, quiet: bool) -> None:
        self._ink = ink
        self._live = ink.live and not quiet
        self._goes_on = False
        self._drawn = False

    def go_on(self) -> None:
        """There is no end to it: show how many there were."""
        self._goes_on = True

    def draw(self, done: int, total: int) -> None:
        """Show how many jobs have been looked at."""
        if not self._live:
            return
        told = f"{done:,} of {total:,} jobs"
        if self._goes_on:
            told += " looked at; Ctrl+C ends it"
        else:
            told = f"{self._ink.green(self._ink.bar(done / max(total, 1), 30))} {told}"
        click.echo(f"\r{told}\x1b[K", nl=False, color=True, file=self._ink.stream)
        self._drawn = True

    def close(self) -> None:
        """Leave nothing of it."""
        if self._drawn:
            click.echo("\r\x1b[K", nl=False, color=True, file=self._ink.stream)


def _trust(options: Options) -> str:
    """The options that a worker needs to read what was moved."""
    chosen = [f"--allow-class '{pattern}'" for pattern in options["allow_class"]]
    if options["serializer"] not in {None, "values"}:
        chosen.append(f"--serializer {options['serializer']}")
    return " ".join(["", *chosen])


def _tell(ink: Ink, report: Report, trust: str) -> None:
    """What was moved, what was left and why, and what comes next."""
    would = "would be moved" if report.dry_run else "moved"
    ink.say(f"{count(report.total, 'job')} {would}")
    rows = [(f"  {status}", f"{number:,}") for status, number in sorted((+report.moved).items())]
    for line in columns(rows) if rows else ():
        ink.say(line)
    if report.expired:
        ink.say(ink.dim(f"{count(report.expired, 'entry', 'entries')} of RQ had no job any more"))
    if report.left:
        stays = "would be left" if report.dry_run else "left at RQ"
        ink.say(ink.yellow(f"{count(len(report.left), 'job')} {stays}"))
        _tell_left(ink, report)
    if report.total:
        names = " ".join(
            queue if " " not in queue else f"'{queue}'" for queue in sorted(+report.queues)
        )
        ink.say(ink.dim("They are run by: ") + ink.cyan(f"workhorse worker {names}{trust}"))


def _tell_left(ink: Ink, report: Report) -> None:
    reasons: dict[str, list[str]] = {}
    for job_id, left in report.left.items():
        reasons.setdefault(left.why, []).append(job_id)
    for why, ids in sorted(reasons.items(), key=lambda item: -len(item[1])):
        some = ", ".join(map(one_line, ids[:_SHOWN])) + (", ..." if len(ids) > _SHOWN else "")
        ink.say(f"  {len(ids):,}  {one_line(why)}")
        ink.say(ink.dim(f"     {some}"))
