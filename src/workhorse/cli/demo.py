"""`workhorse demo`: see it work."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from workhorse.cli.screen import Screen


@click.command(short_help="See it work, on the text files of this machine.")
@click.argument(
    "folder",
    required=False,
    metavar="[FOLDER]",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@click.option(
    "-u",
    "--url",
    envvar="WORKHORSE_URL",
    show_envvar=True,
    metavar="URL",
    help="Play on this server.",
)
@click.option(
    "--keep", is_flag=True, help="Leave the jobs on the server for some minutes, to look around."
)
def command(folder: Path | None, url: str | None, *, keep: bool) -> int:
    """Count and rank the words of this machine's text files, by jobs.

    The files are those of FOLDER, or Python's own standard library. On the way some jobs fail, hang
    and die, and you see what becomes of them. The totals are compared with those of a plain loop:
    the exit code is 0 if they agree.

    It plays on a private server in a temporary folder, which is gone afterwards; with --url or
    --keep on another one, in a namespace of its own.
    """
    from workhorse.cli.failures import Failure  # noqa: PLC0415 - not for --help
    from workhorse.cli.ink import out  # noqa: PLC0415 - not for --help
    from workhorse.cli.screen import Screen  # noqa: PLC0415 - not for --help
    from workhorse.demo.play import DemoFailed  # noqa: PLC0415 - not for --help
    from workhorse.demo.texts import standard_library, texts_in  # noqa: PLC0415 - not for --help

    place = folder.absolute() if folder else standard_library()
    texts = texts_in(place)
    if not texts:
        raise Failure(
            f"there are no text files in {place}; name another folder: workhorse demo FOLDER"
        )
    screen = Screen(out())
    screen.title(place, texts, own=folder is None)
    try:
        return _play(screen, texts, url, keep=keep)
    except DemoFailed as error:
        raise Failure(str(error)) from None
    finally:
        screen.close()


def _play(screen: Screen, texts: list[Path], url: str | None, *, keep: bool) -> int:
    from workhorse.demo import play, stage  # noqa: PLC0415 - not for --help
    from workhorse.demo.texts import in_one_loop  # noqa: PLC0415 - not for --help

    for number in (signal.SIGTERM, signal.SIGHUP):  # to tidy up, as after Ctrl+C
        signal.signal(number, signal.default_int_handler)
    with stage.set_up(url, keep=keep) as here:
        screen.scene(here)
        began = time.monotonic()
        cast = play.enqueue(here, texts)
        enqueued = time.monotonic()
        screen.enqueued(cast, enqueued - began)
        for counts in play.watch(here, cast):
            screen.progress(counts, cast)
        took = time.monotonic() - began
        totals = play.gather(here, cast)
        screen.outcomes(cast, totals)
        screen.places(here, cast, keep=keep)
        began = time.monotonic()
        expected = in_one_loop(texts)
        agree = totals == expected
        screen.verdict(took, time.monotonic() - began, agree=agree)
        if keep and not url:
            from workhorse.cli.server import keep_running  # noqa: PLC0415 - only here

            keep_running(here.connection.url)
    screen.farewell(keep=keep)
    return 0 if agree else 1
