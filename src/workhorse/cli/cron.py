"""`workhorse cron`: calls that recur. Nothing runs on: workers fire what is due."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import click

from workhorse.cli.arguments import parse
from workhorse.cli.cronshow import facts, firing_facts, show, show_history
from workhorse.cli.ink import err, one_line, out
from workhorse.cli.options import (
    ServerOptions,
    TrustOptions,
    absolute,
    cron_names,
    duration,
    json_option,
    queue_names,
    reach,
    server_options,
    trust_options,
    working_options,
)

if TYPE_CHECKING:
    from workhorse.cron import Cron, CronJob, Loaded


class Options(ServerOptions):
    """The options of the commands that name entries."""

    as_json: bool


class LoadOptions(Options, TrustOptions):
    """The options of `workhorse cron load`."""

    prune: bool
    path: tuple[str, ...]


class AddOptions(Options, TrustOptions):
    """The options of `workhorse cron add`."""

    cron: str | None
    interval: float | None
    tz: str | None
    seconds: bool
    name: str | None
    queue: str
    missed: str
    overlap: str
    timeout: float | None
    result_ttl: float | None
    ttl: float | None
    failure_ttl: float | None
    description: str | None
    at_front: bool
    retry_max: int


class Entries(click.Group):
    """A group to which the name of a module or a file means: load it, as `rq cron` does."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, but for what can be loaded."""
        if args[0] not in self.commands and _can_be_loaded(args[0]):
            args = ["load", *args]
        return super().resolve_command(ctx, args)


def _can_be_loaded(word: str) -> bool:
    """Whether a word is the name of a file or a module, and not a misspelt command."""
    files = (word, f"{word}.py", f"{word}/__init__.py")
    return "." in word or "/" in word or any(Path(file).is_file() for file in files)


@click.group("cron", cls=Entries, short_help="Look after calls that recur.")
def command() -> None:
    """Look after calls that recur.

    Their entries live on the server, and any worker that is alive fires them: nothing else has to
    run. 'workhorse cron MODULE' is short for 'workhorse cron load MODULE'.
    """


@command.command()
@click.argument("modules", nargs=-1, required=True, metavar="MODULES...")
@click.option(
    "--prune",
    is_flag=True,
    help="Also remove entries that were loaded from a module before and are not in it any more.",
)
@click.option(
    "-P",
    "--path",
    type=click.Path(),
    multiple=True,
    default=["."],
    show_default=True,
    metavar="FOLDER",
    help="Where the modules are found, besides Python's own path; may be repeated.",
)
@json_option
@trust_options
@working_options
def load(modules: tuple[str, ...], **options: Unpack[LoadOptions]) -> int:
    """Import MODULES, names or files, and store the entries that they write down.

    Entries that are there already, just so, stay as they are.
    """
    cron = _cron(options, serializer=options["serializer"], allow=options["allow_class"])
    sys.path[:0] = [folder for folder in absolute(options["path"]) if folder not in sys.path]
    loaded = {module: _load(cron, module, prune=options["prune"]) for module in modules}
    if options["as_json"]:
        click.echo(json.dumps({module: one._asdict() for module, one in loaded.items()}))
        return 0
    ink = out()
    for module, one in loaded.items():
        counts = [f"{len(names)} {what}" for what, names in one._asdict().items() if names]
        ink.say(f"{ink.bold(one_line(module))}: {', '.join(counts) or 'no entries'}")
        for what, names in one._asdict().items():
            for name in names if what != "same" else ():
                ink.say(f"  {what} {ink.cyan(one_line(name))}")
    return 0


def _load(cron: Cron, module: str, *, prune: bool) -> Loaded:
    try:
        return cron.load(module, prune)
    except (ImportError, ValueError, TypeError) as error:
        raise click.UsageError(f"{module}: {error}") from error


@command.command("list")
@json_option
@server_options
def list_(**options: Unpack[Options]) -> int:
    """Show all entries, in local time; looking changes nothing."""
    entries = _cron(options).all()
    if options["as_json"]:
        click.echo(json.dumps([facts(entry) for entry in entries]))
    else:
        show(entries)
    return 0


@command.command()
@click.argument("function")
@click.argument("arguments", nargs=-1)
@click.option("--cron", metavar="EXPRESSION", help="When: such as '*/5 * * * *' or @daily.")
@click.option("--interval", type=duration, metavar="TIME", help="Or how often: such as 30s.")
@click.option(
    "--tz", metavar="ZONE", help="The timezone of --cron, such as Europe/Berlin.  [default: UTC]"
)
@click.option("--seconds", is_flag=True, help="--cron has six fields, the second first.")
@click.option("--name", help="What to call the entry.  [default: the function's name]")
@click.option("-q", "--queue", default="default", show_default=True, callback=queue_names)
@click.option(
    "--missed",
    type=click.Choice(["skip", "once", "all"]),
    default="once",
    show_default=True,
    help="Which occurrences to make up for at whose time no worker was alive.",
)
@click.option(
    "--overlap",
    type=click.Choice(["allow", "skip", "queue"]),
    default="allow",
    show_default=True,
    help="What to do while the job before has not ended.",
)
@click.option("--timeout", type=duration, metavar="TIME", help="How long a job may run.")
@click.option("--result-ttl", type=duration, metavar="TIME", help="How long to keep results.")
@click.option("--ttl", type=duration, metavar="TIME", help="How long a job may wait.")
@click.option("--failure-ttl", type=duration, metavar="TIME", help="How long to keep failed jobs.")
@click.option("--description", help="One line for people.")
@click.option("--at-front", is_flag=True, help="Put jobs at the head of the queue.")
@click.option("--retry-max", type=click.IntRange(0), default=0, metavar="N")
@json_option
@trust_options
@server_options
def add(function: str, arguments: tuple[str, ...], **options: Unpack[AddOptions]) -> int:
    """Store an entry that calls FUNCTION, or replace the one of its name.

    Arguments are written as for 'workhorse enqueue'.
    """
    from workhorse.exceptions import WorkhorseError  # noqa: PLC0415 - not for --help

    args, kwargs = parse(arguments)
    cron = _cron(options, serializer=options["serializer"], allow=options["allow_class"])
    kept = ("url", "namespace", "worker_class", "as_json", "serializer", "allow_class")
    # A value that was not given leaves the default where it belongs.
    given: dict[str, Any] = {
        name: value for name, value in options.items() if name not in kept and value
    }
    retry, queue = given.pop("retry_max", None), given.pop("queue")
    when = {what: given.pop(what, None) for what in ("interval", "cron")}
    try:
        entry = cron.register(function, queue, args, kwargs, **when, retry=retry, **given)
    except WorkhorseError:
        raise
    except (ValueError, TypeError) as error:
        raise click.UsageError(str(error)) from None
    if options["as_json"]:
        click.echo(json.dumps(facts(entry)))
    else:
        show([entry])
    return 0


@command.command()
@click.argument("names", nargs=-1, required=True, metavar="NAMES...", callback=cron_names)
@json_option
@server_options
def run(names: tuple[str, ...], **options: Unpack[Options]) -> int:
    """Enqueue the jobs of entries now; their timetables stay as they are."""
    cron = _cron(options)
    entries = {name: cron.get(name) for name in names}  # all are there, or nothing is run
    jobs = {name: entry.run() for name, entry in entries.items()}
    if options["as_json"]:
        click.echo(json.dumps({name: job.id for name, job in jobs.items()}))
        return 0
    for name, job in jobs.items():
        out().say(f"{out().bold(one_line(name))} is job {out().cyan(job.id)}")
    return 0


@command.command()
@click.argument("names", nargs=-1, required=True, metavar="NAMES...", callback=cron_names)
@json_option
@server_options
def pause(names: tuple[str, ...], **options: Unpack[Options]) -> int:
    """Let entries fire nothing until they are resumed."""
    return _each(names, options, lambda entry: entry.pause())


@command.command()
@click.argument("names", nargs=-1, required=True, metavar="NAMES...", callback=cron_names)
@json_option
@server_options
def resume(names: tuple[str, ...], **options: Unpack[Options]) -> int:
    """Let entries that were paused fire again; what was due meanwhile is not made up for."""
    return _each(names, options, lambda entry: entry.resume())


@command.command()
@click.argument("names", nargs=-1, required=True, metavar="NAMES...", callback=cron_names)
@json_option
@server_options
def remove(names: tuple[str, ...], **options: Unpack[Options]) -> int:
    """Forget entries; exits with 1 if one of them is not there. Jobs that they fired stay."""
    cron = _cron(options)
    gone = {name: cron.remove(name) for name in names}
    if options["as_json"]:
        click.echo(json.dumps({"removed": [name for name, there in gone.items() if there]}))
    else:
        for name, there in gone.items():
            ink = out() if there else err()
            ink.say(f"{ink.bold(one_line(name))}: " + ("removed" if there else "there is none"))
    return 0 if all(gone.values()) else 1


@command.command()
@click.argument("name", callback=cron_names)
@click.option("-n", "--lines", type=click.IntRange(1), default=20, show_default=True, metavar="N")
@json_option
@server_options
def history(name: str, lines: int, **options: Unpack[Options]) -> int:
    """Show what an entry has fired, newest first, in local time."""
    firings = _cron(options).get(name).history(lines)
    if options["as_json"]:
        click.echo(json.dumps([firing_facts(firing) for firing in firings]))
    else:
        show_history(firings)
    return 0


def _cron(options: Any, **more: Any) -> Cron:  # noqa: ANN401 - those of any of the commands
    from workhorse.cron import Cron  # noqa: PLC0415 - not for --help

    return Cron(reach(options["url"], options["namespace"]), **more)


def _each(names: tuple[str, ...], options: Options, act: Callable[[CronJob], None]) -> int:
    cron = _cron(options)
    entries = [cron.get(name) for name in names]  # all of them are there, or nothing is done
    for entry in entries:
        act(entry)
    if options["as_json"]:
        click.echo(json.dumps([facts(entry) for entry in entries]))
    else:
        show(entries)
    return 0
