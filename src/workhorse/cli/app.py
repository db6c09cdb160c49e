"""The command `workhorse` itself: finds its subcommands, and turns errors into exit codes.

It imports nothing but click; each subcommand imports what it needs when it is called.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from workhorse import __version__
from workhorse.cli.codes import INTERRUPTED

COMMANDS: dict[str, tuple[str, str]] = {
    "worker": ("worker", "Run the jobs of some queues."),
    "worker-pool": ("worker_pool", "Run several workers, and start those again that die."),
    "enqueue": ("enqueue", "Put a call into a queue."),
    "info": ("overview", "Show queues, workers, groups and limits."),
    "job": ("job", "Show everything that is known of a job."),
    "requeue": ("requeue", "Run failed jobs once more."),
    "stop": ("stop", "End jobs that run."),
    "empty": ("empty", "Delete the jobs that wait in some queues."),
    "suspend": ("suspend", "Let workers take no more jobs."),
    "resume": ("resume", "Let workers take jobs again."),
    "kill-horse": ("kill_horse", "Kill the processes in which workers run jobs."),
    "shutdown": ("shutdown", "Let workers finish what they run, and end."),
    "cron": ("cron", "Look after calls that recur."),
    "adopt": ("adopt", "Take over the jobs of RQ on this server."),
    "server": ("server", "Look after the embedded server."),
    "demo": ("demo", "See it work, on the text files of this machine."),
    "completion": ("completion", "Complete commands, options and queues in your shell."),
}
"""Name -> its module in this package, and the first line of its help."""

EPILOG = """
\b
Which server: --url, else the first of these that there is: WORKHORSE_URL, REDIS_URL,
RQ_REDIS_URL, a running embedded server, localhost:6379, a fresh embedded server.

\b
Exit codes:
  0    all went well
  1    what was asked about failed, or does not exist
  2    wrong usage
  69   the server cannot be reached, or refuses; or there is none
  130  ended by Ctrl+C (but 0 where Ctrl+C is the usual end: worker, info --interval)
"""


class Commands(click.Group):
    """A group whose subcommands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The subcommand of that name, imported."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"workhorse.cli.{COMMANDS[cmd_name][0]}")
        found: click.Command = module.command
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, but say which command may have been meant."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches  # noqa: PLC0415 - only for advice

            near = get_close_matches(args[0], COMMANDS, 1)
            hint = f"did you mean {near[0]!r}?" if near else "'workhorse --help' lists them"
            raise click.UsageError(f"there is no command {args[0]!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """List the subcommands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> NoReturn:  # noqa: ANN401 - click's signature
        """Run the command and exit with its code; errors become one line on stderr."""
        words = sys.argv[1:] if args is None else list(args)
        extra["standalone_mode"] = False
        try:
            code = super().main(words, *rest, **extra)
        except KeyboardInterrupt:
            code = INTERRUPTED
        except Exception as error:  # noqa: BLE001 - told apart in failures.py; what is unknown there is raised again
            from workhorse.cli.failures import report  # noqa: PLC0415 - imports what --help need not

            code = report(error, as_json=_wants_json(words))
        sys.exit(code or 0)


def _wants_json(words: Sequence[str]) -> bool:
    """Whether errors are to be JSON; asked of the bare words, as they may be what is wrong."""
    options = words[: words.index("--")] if "--" in words else words
    return "--json" in options


@click.command(
    cls=Commands,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "WORKHORSE"},
)
@click.version_option(__version__, "-V", "--version", message="workhorse %(version)s")
def cli() -> None:
    """Run Python function calls in the background, on Redis or Valkey."""


def main() -> NoReturn:
    """The console script, and `python -m workhorse`."""
    # `python -m` would call itself __main__.py, and completion must be told one name.
    cli.main(prog_name=os.environ.get("WORKHORSE_PROG", "workhorse"))
