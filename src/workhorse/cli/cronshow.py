"""Cron entries on a screen and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from workhorse.cli.ink import Ink, columns, one_line, out, span

if TYPE_CHECKING:
    from workhorse.cron import CronJob, Firing


def facts(entry: CronJob) -> dict[str, Any]:
    """An entry for programs."""
    missed, overlap = entry.policies
    return {
        "name": entry.name,
        "function": entry.func_name,
        "description": entry.description,
        "queue": entry.queue_name,
        "cron": entry.cron,
        "tz": entry.tz,
        "interval": entry.interval,
        "missed": missed,
        "overlap": overlap,
        "paused": entry.is_paused,
        "next_due": _iso(entry.next_due),
        "last": firing_facts(entry.last) if entry.last else None,
        "source": entry.source,
    }


def firing_facts(firing: Firing) -> dict[str, Any]:
    """One firing for programs."""
    return {
        "job_id": firing.job_id,
        "due": _iso(firing.due),
        "fired_at": _iso(firing.fired_at),
    }


def show(entries: Sequence[CronJob]) -> None:
    """Entries for people, one a line."""
    ink = out()
    if not entries:
        ink.say(ink.dim("There are no cron entries."))
        return
    heads = ("name", "when", "queue", "next", "last")
    rows = [tuple(map(ink.dim, heads)), *(_row(ink, entry) for entry in entries)]
    for line in columns(rows):
        ink.say(line)


def show_history(firings: Sequence[Firing]) -> None:
    """What an entry has fired, one job a line."""
    ink = out()
    if not firings:
        ink.say(ink.dim("It has fired nothing yet."))
        return
    rows = [tuple(map(ink.dim, ("due", "fired", "job")))]
    for firing in firings:
        due = "by hand" if firing.due is None else _local(firing.due)
        rows.append((due, _local(firing.fired_at), ink.cyan(firing.job_id)))
    for line in columns(rows):
        ink.say(line)


def _row(ink: Ink, entry: CronJob) -> tuple[str, ...]:
    when = f"{entry.cron} {entry.tz}" if entry.cron else f"every {span(entry.interval or 0)}"
    last = _local(entry.last.fired_at) if entry.last else "never"
    return (
        ink.bold(one_line(entry.name)),
        one_line(when),
        one_line(entry.queue_name),
        ink.yellow("paused") if entry.is_paused else _coming(entry.next_due),
        last,
    )


def _coming(due: datetime | None) -> str:
    if due is None:
        return "never"
    left = (due - datetime.now(UTC)).total_seconds()
    return f"{_local(due)} ({f'in {span(left)}' if left > 0 else 'due'})"


def _local(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
