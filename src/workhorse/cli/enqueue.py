"""`workhorse enqueue`: put a call into a queue, and perhaps wait for what comes of it."""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Unpack

import click

from workhorse.cli.arguments import parse
from workhorse.cli.ink import err, one_line, out, span
from workhorse.cli.options import (
    ServerOptions,
    TrustOptions,
    complete_queues,
    duration,
    json_option,
    queue_names,
    reach,
    server_options,
    trust_options,
)

if TYPE_CHECKING:
    from workhorse.connection import Connection
    from workhorse.job import Job


class Options(ServerOptions, TrustOptions):
    """The options of `workhorse enqueue`."""

    queue: str
    timeout: float | None
    result_ttl: float | None
    ttl: float | None
    failure_ttl: float | None
    description: str | None
    depends_on: tuple[str, ...]
    job_id: str | None
    at_front: bool
    unique: bool
    retry_max: int
    retry_interval: tuple[float, ...]
    schedule_in: float | None
    schedule_at: datetime | None
    meta: tuple[str, ...]
    wait: float | None
    quiet: bool
    as_json: bool


def moment(value: str) -> datetime:
    """A type for options: an ISO date and time, local unless it says otherwise."""
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is no moment; write 2027-01-31T18:30") from None


def patience(value: str) -> float:
    """A type for options: a duration, or '' for as long as it takes."""
    return duration(value) if value else math.inf


class Waiting(click.Command):
    """A command whose `--wait` takes a duration, or nothing."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give a bare `--wait` its empty value, lest it takes the function for its duration."""
        words: list[str] = []
        for index, word in enumerate(args):
            if word == "--":
                words += args[index:]
                break
            follows = args[index + 1][:1] if index + 1 < len(args) else ""
            words.append("--wait=" if word == "--wait" and not follows.isdecimal() else word)
        return super().parse_args(ctx, words)


@click.command(
    cls=Waiting,
    short_help="Put a call into a queue.",
    epilog="""
\b
Arguments:
  text            a string                  key=text        a keyword argument
  :json           a JSON value              key:=json       :[1,2]    size:=3
  %literal        a Python literal          key%=literal    "%(1, 2)" when%=None
  @file           for the value: what is in that file       :@call.json
Put -- before arguments that begin with a dash.
""",
)
@click.argument("function")
@click.argument("arguments", nargs=-1)
@click.option(
    "-q",
    "--queue",
    default="default",
    show_default=True,
    callback=queue_names,
    shell_complete=complete_queues,
)
@click.option(
    "--timeout", type=duration, metavar="TIME", help="How long it may run.  [default: 180]"
)
@click.option("--result-ttl", type=duration, metavar="TIME", help="How long to keep its result.")
@click.option("--ttl", type=duration, metavar="TIME", help="How long it may wait in the queue.")
@click.option(
    "--failure-ttl", type=duration, metavar="TIME", help="How long to keep it if it fails."
)
@click.option("--description", help="One line for people.")
@click.option(
    "--depends-on",
    multiple=True,
    metavar="ID",
    help="Not before that job has finished; may be repeated.",
)
@click.option("--job-id", metavar="ID")
@click.option("--at-front", is_flag=True, help="Put it at the head of the queue.")
@click.option("--unique", is_flag=True, help="Refuse if there is a job of that --job-id.")
@click.option(
    "--retry-max", type=click.IntRange(0), default=0, metavar="N", help="How often to retry."
)
@click.option(
    "--retry-interval",
    type=duration,
    multiple=True,
    metavar="TIME",
    help="How long to wait before a retry; may be repeated, for one after the other.",
)
@click.option("--schedule-in", type=duration, metavar="TIME", help="Not before so long from now.")
@click.option(
    "--schedule-at", type=moment, metavar="WHEN", help="Not before 2027-01-31T18:30, local time."
)
@click.option(
    "--meta",
    multiple=True,
    metavar="KEY=VALUE",
    help="In the syntax of arguments; may be repeated.",
)
@click.option(
    "--wait",
    type=patience,
    metavar="[TIME]",
    help="Wait for its end and print the result; exit 1 if it fails or the time is up.",
)
@click.option("--quiet", is_flag=True, help="Print nothing but a result or an error.")
@json_option
@trust_options
@server_options
def command(function: str, arguments: tuple[str, ...], **options: Unpack[Options]) -> int:
    """Put a call of FUNCTION into a queue.

    FUNCTION is a dotted name, such as myapp.tasks.send_mail; workers import it, this does not.
    """
    connection = reach(options["url"], options["namespace"])
    job = _enqueued(connection, function, arguments, options)
    if not options["as_json"] and not options["quiet"]:
        _tell(job, connection, options)
    if options["wait"] is None:
        if options["as_json"]:
            click.echo(json.dumps(_facts(job)))
        return 0
    limit = None if math.isinf(options["wait"]) else options["wait"]
    return await_job(job, limit, as_json=options["as_json"])


def _enqueued(
    connection: Connection, function: str, arguments: tuple[str, ...], options: Options
) -> Job:
    from workhorse.exceptions import WorkhorseError  # noqa: PLC0415 - not for --help
    from workhorse.queue import Queue  # noqa: PLC0415 - not for --help

    args, kwargs = parse(arguments)
    try:
        queue = Queue(
            options["queue"],
            connection,
            serializer=options["serializer"],
            allow=options["allow_class"],
        )
        call: dict[str, Any] = {"args": args, "kwargs": kwargs, **_call_options(options)}
        if options["schedule_in"] is not None:
            return queue.enqueue_in(timedelta(seconds=options["schedule_in"]), function, **call)
        if options["schedule_at"] is not None:
            return queue.enqueue_at(options["schedule_at"], function, **call)
        return queue.enqueue(function, **call)
    except WorkhorseError:
        raise
    except (ValueError, TypeError, NotImplementedError) as error:
        raise click.UsageError(str(error)) from None


def _call_options(options: Options) -> dict[str, Any]:
    """The options as `Queue.enqueue` calls them."""
    from workhorse.policies import Retry  # noqa: PLC0415 - not for --help

    if options["schedule_in"] is not None and options["schedule_at"] is not None:
        raise click.UsageError("--schedule-in and --schedule-at: give one of them")
    if options["retry_interval"] and not options["retry_max"]:
        raise click.UsageError("--retry-interval needs --retry-max")
    others, meta = parse(options["meta"])
    if others:
        raise click.UsageError(f"--meta {others[0]}: write KEY=VALUE")
    chosen: dict[str, Any] = {
        "job_timeout": options["timeout"],
        "result_ttl": options["result_ttl"],
        "ttl": options["ttl"],
        "failure_ttl": options["failure_ttl"],
        "description": options["description"],
        "job_id": options["job_id"],
        "at_front": options["at_front"],
        "unique": options["unique"],
        "meta": meta or None,
    }
    if options["depends_on"]:
        chosen["depends_on"] = list(options["depends_on"])
    if options["retry_max"]:
        chosen["retry"] = Retry(options["retry_max"], options["retry_interval"] or 0)
    return chosen


def _tell(job: Job, connection: Connection, options: Options) -> None:
    """Say what was enqueued; beside a result to come on stdout, on stderr."""
    ink = out() if options["wait"] is None else err()
    call = ink.bold(one_line(job.description, 60))
    ink.say(f"{call} is job {ink.cyan(job.id)} in queue {ink.cyan(job.origin)}")
    if options["schedule_in"] is not None:
        ink.say(ink.dim(f"It is due in {span(options['schedule_in'])}."))
    if ink.live or options["wait"] is not None:
        advise(connection, job.origin)


def advise(connection: Connection, queue: str) -> None:
    """Say on stderr if nobody is there to run the jobs of a queue."""
    from workhorse.drivers import run  # noqa: PLC0415 - not for --help
    from workhorse.ops.workers import alive  # noqa: PLC0415 - not for --help

    if not any(queue in worker.queues for worker in run(connection, alive(connection.keys))):
        ink = err()
        ink.say(ink.yellow(f"No worker serves {queue!r} now; start one: workhorse worker {queue}"))


def await_job(job: Job, limit: float | None, *, as_json: bool) -> int:
    """Wait for the end of a job, and print its result, or its failure on stderr.

    Raises:
        JobFailedError: It failed, or was canceled or stopped.
        TimeoutError: It has not ended in time.
    """
    from workhorse.exceptions import JobFailedError  # noqa: PLC0415 - not for --help
    from workhorse.states import JobStatus  # noqa: PLC0415 - not for --help

    status = job.wait(limit)
    if status is not JobStatus.FINISHED:
        raise JobFailedError(job.id, status, job.exc_info or "")
    value = job.return_value(refresh=True)
    if as_json:
        click.echo(json.dumps({**_facts(job), "status": status, "result": plain(value)}))
    else:
        shown = value if isinstance(value, str) else repr(value)
        click.echo(shown)
    return 0


def plain(value: object) -> Any:  # noqa: ANN401 - anything that json can write
    """The value as JSON can hold it; what it cannot is there as its repr."""
    try:
        return json.loads(json.dumps(value, default=repr))
    except (TypeError, ValueError, RecursionError):
        return repr(value)


def _facts(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "queue": job.origin,
        "status": job.get_status(refresh=False),
        "description": job.description,
    }
