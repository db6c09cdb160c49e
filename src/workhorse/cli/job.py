"""`workhorse job`: everything that is known of one job."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Unpack

import click

from workhorse.cli.enqueue import Waiting, await_job, patience, plain
from workhorse.cli.ink import Ink, columns, one_line, out, printable, span
from workhorse.cli.options import (
    ServerOptions,
    TrustOptions,
    json_option,
    reach,
    server_options,
    trust_options,
)

if TYPE_CHECKING:
    from workhorse.job import Job
    from workhorse.result import Result

_SEALED = ("args", "kwargs", "meta", "result")
_FEW = 10
"""How many of the jobs that one waits for are shown."""


class Options(ServerOptions, TrustOptions):
    """The options of `workhorse job`."""

    decode: bool
    wait: float | None
    as_json: bool


@click.command(cls=Waiting, short_help="Show everything that is known of a job.")
@click.argument("job_id", metavar="ID")
@click.option("--decode", is_flag=True, help="Also show its arguments, meta and result.")
@click.option(
    "--wait",
    type=patience,
    metavar="[TIME]",
    help="Wait for its end and print the result; exit 1 if it fails or the time is up.",
)
@json_option
@trust_options
@server_options
def command(job_id: str, **options: Unpack[Options]) -> int:
    """Show everything that is known of the job ID.

    What it carries is not decoded unless you say so.
    """
    from workhorse.job import Job  # noqa: PLC0415 - not for --help

    connection = reach(options["url"], options["namespace"])
    try:
        job = Job(job_id, connection, options["serializer"], allow=options["allow_class"])
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if options["wait"] is not None:
        limit = None if math.isinf(options["wait"]) else options["wait"]
        return await_job(job, limit, as_json=options["as_json"])
    job.refresh()
    runs = job.results()
    if options["as_json"]:
        click.echo(json.dumps(_facts(job, runs, decode=options["decode"])))
        return 0
    _show(job, runs, decode=options["decode"])
    return 0


def _facts(job: Job, runs: list[Result], *, decode: bool) -> dict[str, Any]:
    record = job.record
    facts: dict[str, Any] = {
        "id": job.id,
        "status": record.status,
        "queue": record.origin,
        "function": record.func,
        "description": record.description,
        "created_at": _iso(job.created_at),
        "enqueued_at": _iso(job.enqueued_at),
        "started_at": _iso(job.started_at),
        "ended_at": _iso(job.ended_at),
        "timeout": job.timeout,
        "ttl": record.ttl,
        "result_ttl": record.result_ttl,
        "failure_ttl": record.failure_ttl,
        "attempt": record.attempt,
        "retries": record.retries,
        "retries_left": job.retries_left,
        "crashes": record.crashes,
        "worker": record.worker_name or None,
        **_bond_facts(job),
        "expires_in": job.get_ttl(),
        "key": job.key,
        "exc_info": record.exc_info,
        "runs": [_run_facts(run) for run in runs],
    }
    if decode:
        facts |= {name: plain(value) for name, value in _decoded(job).items()}
    return facts


def _bond_facts(job: Job) -> dict[str, Any]:
    return {
        "depends_on": job.dependency_ids,
        "dependents": job.dependent_ids,
        "group": job.group_id,
        "rate_limit": job.record.rate_limit or None,
        "repeats_left": job.repeats_left,
    }


def _run_facts(run: Result) -> dict[str, Any]:
    return {
        "attempt": run.attempt,
        "type": run.type.name.lower(),
        "started_at": _iso(run.execution_started_at),
        "ended_at": _iso(run.created_at),
        "worker": run.worker_name or None,
        "exc_info": run.exc_string,
    }


def _decoded(job: Job) -> dict[str, Any]:
    """What the job carries; where that is refused, the reason."""
    from workhorse.exceptions import DeserializationError  # noqa: PLC0415 - not for --help

    found: dict[str, Any] = {}
    for name in _SEALED:
        try:
            found[name] = getattr(job, name)
        except DeserializationError as error:
            found[name] = f"(refused: {error})"
    return found


def _show(job: Job, runs: list[Result], *, decode: bool) -> None:
    ink = out()
    record = job.record
    dye = {"finished": ink.green, "failed": ink.red, "started": ink.cyan, "stopped": ink.red}
    status = dye.get(record.status, ink.yellow)(record.status)
    ink.say(f"{ink.bold(one_line(record.description, 1000) or record.func)}  {status}")
    ink.say()
    rows = [*_times(job), *_bonds(job), *_terms(job)]
    if decode:
        rows += [(name, one_line(repr(value), 2000)) for name, value in _decoded(job).items()]
    elif record.result:
        size = f"{len(record.result):,} bytes; --decode shows it"
        rows.append(("result", size))
    for line in columns([(ink.dim(name), printable(value)) for name, value in rows if value]):
        ink.say(line)
    if record.exc_info:
        ink.say()
        ink.say(printable(record.exc_info.rstrip()))
    earlier = runs[1:] if record.ended_at else runs
    if earlier:
        _show_runs(earlier, ink)


def _times(job: Job) -> list[tuple[str, str]]:
    record = job.record
    ended = _ago(job.ended_at)
    if record.started_at and record.ended_at and record.ended_at >= record.started_at:
        ended += f", after {span((record.ended_at - record.started_at) / 1000)}"
    return [
        ("id", job.id),
        ("function", record.func),
        ("queue", record.origin),
        ("created", _ago(job.created_at)),
        ("enqueued", "" if record.enqueued_at == record.created_at else _ago(job.enqueued_at)),
        ("started", _ago(job.started_at)),
        ("ended", ended),
        ("worker", record.worker_name),
    ]


def _bonds(job: Job) -> list[tuple[str, str]]:
    """What ties the job to others."""
    parents, waiting = job.dependency_ids, job.dependent_ids
    limit, left = job.rate_limit, job.repeats_left
    return [
        ("depends on", ", ".join(_with_status(job, parents[:_FEW])) + _more(parents)),
        ("waited for by", ", ".join(waiting[:_FEW]) + _more(waiting)),
        ("group", job.group_id or ""),
        ("limit", "" if limit is None else f"{limit.concurrency} at a time of {limit.key}"),
        ("repeats", "" if left is None else f"{left} more times"),
    ]


def _with_status(job: Job, ids: list[str]) -> list[str]:
    found = type(job).fetch_many(ids, job.connection)
    return [
        f"{job_id} ({other.record.status if other else 'gone'})"
        for job_id, other in zip(ids, found, strict=True)
    ]


def _more(ids: list[str]) -> str:
    return f", and {len(ids) - _FEW:,} more" if len(ids) > _FEW else ""


def _terms(job: Job) -> list[tuple[str, str]]:
    record = job.record
    attempt = str(record.attempt or "")
    if attempt and job.retries_left is not None:
        attempt += f" ({job.retries_left} retries left)"
    if record.crashes:
        attempt += f" ({record.crashes} workers vanished with it)"
    left = job.get_ttl()
    return [
        ("attempt", attempt),
        ("timeout", "none" if job.timeout < 0 else span(job.timeout)),
        ("may wait", "" if record.ttl is None else span(record.ttl)),
        ("expires", "" if left is None else f"in {span(left)}"),
        ("key", job.key),
    ]


def _show_runs(runs: list[Result], ink: Ink) -> None:
    ink.say()
    ink.say(ink.dim("earlier runs"))
    rows = []
    for run in runs:
        text = (run.exc_string or "").strip().splitlines()
        why = one_line(text[-1], max(20, ink.width - 40)) if text else ""
        rows.append((f"  {run.attempt or '?'}", run.type.name.lower(), _ago(run.created_at), why))
    for line in columns(rows):
        ink.say(line)


def _ago(when: datetime | None) -> str:
    if when is None:
        return ""
    passed = (datetime.now(UTC) - when).total_seconds()
    distance = f"{span(passed)} ago" if passed >= 0 else f"in {span(-passed)}"
    return f"{when.astimezone().isoformat(' ', 'seconds')} ({distance})"


def _iso(when: datetime | None) -> str | None:
    return None if when is None else when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
