"""`workhorse info`: queues, workers, groups and limits, once or again and again."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Unpack

import click

from workhorse.cli.bonds import Bonds, look_at_bonds
from workhorse.cli.ink import Ink, columns, count, one_line, out, span
from workhorse.cli.options import (
    ServerOptions,
    complete_queues,
    duration,
    json_option,
    plain_options,
    queue_names,
    reach,
)

if TYPE_CHECKING:
    from workhorse.connection import Connection
    from workhorse.effects import Flow
    from workhorse.keys import Keys
    from workhorse.ops.queues import QueueCounts
    from workhorse.records import WorkerRecord

STATES = ("started", "scheduled", "deferred", "failed", "finished", "canceled")
_STALE_MS = 10_000
_HOME, _CLEAR_REST, _CLEAR_LINE = "\x1b[H", "\x1b[J", "\x1b[K"
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"


class Options(ServerOptions):
    """The options of `workhorse info`."""

    interval: float | None
    only_queues: bool
    only_workers: bool
    by_queue: bool
    raw: bool
    lines: int
    as_json: bool


@dataclass(frozen=True, slots=True)
class View:
    """What a namespace looks like at one moment.

    Attributes:
        now: The server's time, ms since 1970.
        bonds: Groups and limits; None if only queues or workers are wanted.
    """

    server: str
    namespace: str
    now: int
    queues: list[QueueCounts]
    workers: list[WorkerRecord]
    bonds: Bonds | None


@click.command(short_help="Show queues, workers, groups and limits.")
@click.argument(
    "queues",
    nargs=-1,
    metavar="[QUEUES]...",
    callback=queue_names,
    shell_complete=complete_queues,
)
@click.option(
    "-i",
    "--interval",
    type=duration,
    metavar="TIME",
    help="Show it anew every so often, until Ctrl+C.",
)
@click.option("-Q", "--only-queues", is_flag=True, help="Leave out the workers.")
@click.option("-W", "--only-workers", is_flag=True, help="Leave out the queues.")
@click.option("-R", "--by-queue", is_flag=True, help="Show the workers under their queues.")
@click.option("-r", "--raw", is_flag=True, help="Show bare words and numbers, for programs.")
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(0, 10_000),
    default=20,
    show_default=True,
    metavar="N",
    help="How many groups and how many limits to show, the newest of them.",
)
@json_option
@plain_options
def command(queues: tuple[str, ...], **options: Unpack[Options]) -> int:
    """Show QUEUES and the workers that serve them; or all, and groups and limits.

    Looking changes nothing.
    """
    connection = reach(options["url"], options["namespace"])
    if options["interval"] is None:
        _show(_view(connection, queues, options), options)
        return 0
    ink = out()
    full = ink.live and not (options["as_json"] or options["raw"])
    try:
        if full:
            click.echo(_ENTER, nl=False, color=True)
        while True:
            _show(_view(connection, queues, options), options, redraw=full)
            time.sleep(max(options["interval"], 0.05))
    except KeyboardInterrupt:
        return 0
    finally:
        if full:
            click.echo(_LEAVE, nl=False, color=True)


def _view(connection: Connection, queues: tuple[str, ...], options: Options) -> View:
    from workhorse.drivers import run  # noqa: PLC0415 - not for --help

    now, found, workers = run(connection, _looking(connection.keys, queues))
    if queues:
        workers = [worker for worker in workers if set(queues) & set(worker.queues)]
    bonds = None
    if not (queues or options["only_queues"] or options["only_workers"]):
        bonds = run(connection, look_at_bonds(connection.keys, options["lines"]))
    return View(str(connection), connection.namespace, now, found, workers, bonds)


def _looking(
    keys: Keys, queues: tuple[str, ...]
) -> Flow[tuple[int, list[QueueCounts], list[WorkerRecord]]]:
    from workhorse.effects import command as ask  # noqa: PLC0415 - not for --help
    from workhorse.ops.queues import overview  # noqa: PLC0415 - not for --help
    from workhorse.ops.workers import alive  # noqa: PLC0415 - not for --help

    seconds, micros = yield ask("TIME")
    found = yield from overview(keys, queues)
    workers = yield from alive(keys)
    return int(seconds) * 1000 + int(micros) // 1000, found, workers


def _show(view: View, options: Options, *, redraw: bool = False) -> None:
    if options["as_json"]:
        click.echo(json.dumps(_facts(view, options)))
        return
    if options["raw"]:
        click.echo("\n".join(_raw(view, options)))
        return
    ink = out()
    lines = _lines(view, options, ink)
    if redraw:
        shown = "".join(f"{line}{_CLEAR_LINE}\n" for line in lines)
        click.echo(f"{_HOME}{shown}{_CLEAR_REST}", nl=False, color=True)
    else:
        for line in lines:
            ink.say(line)


def _facts(view: View, options: Options) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "server": view.server,
        "namespace": view.namespace,
        "now_ms": view.now,
    }
    if not options["only_workers"]:
        facts["queues"] = [asdict(queue) for queue in view.queues]
    if not options["only_queues"]:
        facts["workers"] = [asdict(worker) for worker in view.workers]
    return facts | (view.bonds.facts() if view.bonds else {})


def _raw(view: View, options: Options) -> list[str]:
    """RQ's lines, of words without spaces, and like them for groups and limits."""
    lines = []
    if not options["only_workers"]:
        lines += [f"queue {one_line(queue.name)} {queue.queued}" for queue in view.queues]
    if not options["only_queues"]:
        for worker in view.workers:
            queues = one_line(",".join(worker.queues))
            lines.append(f"worker {one_line(worker.name)} {one_line(worker.state)} {queues}")
    return lines + (view.bonds.raw() if view.bonds else [])


def _lines(view: View, options: Options, ink: Ink) -> list[str]:
    lines = [ink.dim(f"{view.server}, namespace {view.namespace}")]
    if not options["only_workers"]:
        lines += ["", *_queue_lines(view, ink, by_queue=options["by_queue"])]
    if not options["only_queues"] and (options["only_workers"] or not options["by_queue"]):
        lines += ["", *_worker_lines(view, ink)]
    if view.bonds:
        lines += view.bonds.lines(ink)
    if not options["only_queues"]:
        lines += ["", ink.dim(_summary(view))]
    return lines


def _queue_lines(view: View, ink: Ink, *, by_queue: bool) -> list[str]:
    if not view.queues:
        return ["No queues yet: the first job makes one."]
    width = min(40, max(10, ink.width - 70))
    longest = max(queue.queued for queue in view.queues)
    rows = []
    for queue in view.queues:
        length = ink.cyan(ink.bar(queue.queued / longest, width, track=False)) if longest else ""
        waiting = f"{queue.queued:>{len(f'{longest:,}')},} queued"
        rows.append((ink.bold(one_line(queue.name)), length, waiting, _states(queue, ink)))
    lines = columns(rows)
    if not by_queue:
        return lines
    grouped = []
    for queue, line in zip(view.queues, lines, strict=True):
        serving = [worker for worker in view.workers if queue.name in worker.queues]
        grouped.append(line)
        grouped += [f"    {text}" for text in columns([_row(w, view.now, ink) for w in serving])]
        if not serving:
            grouped.append("    " + ink.dim("no worker"))
    return grouped


def _states(queue: QueueCounts, ink: Ink) -> str:
    parts = [ink.yellow("suspended")] if queue.suspended else []
    for state in STATES:
        number: int = getattr(queue, state)
        if number:
            word = "running" if state == "started" else state
            text = f"{number:,} {word}"
            parts.append(ink.red(text) if state == "failed" else text)
    return ", ".join(parts)


def _worker_lines(view: View, ink: Ink) -> list[str]:
    if not view.workers:
        return [ink.yellow("No workers; start one: workhorse worker")]
    rows = [
        (*_row(worker, view.now, ink), ink.dim(one_line(", ".join(worker.queues))))
        for worker in view.workers
    ]
    lines = []
    for worker, line in zip(view.workers, columns(rows), strict=True):
        lines.append(line)
        lines += [ink.dim(f"    runs {one_line(job_id, 128)}") for job_id in worker.current[:8]]
    return lines


def _row(worker: WorkerRecord, now: int, ink: Ink) -> tuple[str, ...]:
    dye = {"busy": ink.green, "stopping": ink.yellow, "impaired": ink.red}.get(
        worker.state, ink.dim
    )
    silent = now - (worker.last_heartbeat or now)
    state = dye(one_line(worker.state) or "?")
    if silent > _STALE_MS:
        state += ink.red(f" (silent for {span(silent / 1000)})")
    failed = f"{worker.failed:,} failed"
    return (
        ink.bold(one_line(worker.name)),
        state,
        f"{worker.successful:,} done",
        ink.red(failed) if worker.failed else ink.dim(failed),
        ink.dim("up " + span((now - (worker.birth or now)) / 1000)),
    )


def _summary(view: View) -> str:
    queued = sum(queue.queued for queue in view.queues)
    return ", ".join(
        (
            count(len(view.queues), "queue"),
            f"{count(queued, 'job')} queued",
            count(len(view.workers), "worker"),
        )
    )
