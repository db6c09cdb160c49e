"""The command `rq`: the commands of `workhorse`, with RQ's defaults and RQ's short options."""

from __future__ import annotations

import copy
from importlib import import_module
from typing import Any

import click

from workhorse.cli.app import COMMANDS, Commands
from workhorse.cli.classes import needless
from workhorse.compat.clients import namespace
from workhorse.compat.rq.serializers import chosen
from workhorse.compat.rq.version import VERSION
from workhorse.compat.standin import preloads
from workhorse.defaults import DEFAULT_RESULT_TTL

NAMES = (
    "empty",
    "requeue",
    "info",
    "suspend",
    "resume",
    "enqueue",
    "cron",
    "worker",
    "worker-pool",
)


def rqs(name: str) -> click.Command:
    """One of our commands as RQ has it: pickle, RQ's time for results, and `-n` for the name."""
    found = copy.copy(import_module(f"workhorse.cli.{COMMANDS[name][0]}").command)
    found.params = [copy.copy(param) for param in found.params]
    by_name: dict[str, Any] = {param.name: param for param in found.params}
    by_name["namespace"].default = namespace
    if "serializer" in by_name:
        by_name["serializer"].default = "pickle"
        by_name["serializer"].callback = lambda _ctx, _param, value: chosen(value)
    else:
        found = needless("-S", "--serializer", why="nothing is encoded or decoded here")(found)
    if "results_ttl" in by_name:
        by_name["results_ttl"].default = str(DEFAULT_RESULT_TTL)
    if "preload" in by_name:
        by_name["preload"].callback = lambda _ctx, _param, value: (*preloads(), *value)
    if name == "worker":
        by_name["horses"].opts = ["--horses"]
        by_name["name"].opts = ["-n", "--name"]
    return found


class RQCommands(Commands):
    """The group `rq`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in RQ's order."""
        return list(NAMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, made when it is called."""
        if cmd_name not in NAMES:
            return None
        if cmd_name == "cron":
            from workhorse.compat.rq.cli.cli_cron import cron

            return cron
        return rqs(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List them with the first line of their help."""
        click.Group.format_commands(self, ctx, formatter)


@click.command(cls=RQCommands, context_settings={"auto_envvar_prefix": "WORKHORSE"})
@click.version_option(VERSION)
def main() -> None:
    """RQ's commands, by Workhorse."""


def __getattr__(name: str) -> click.Command:
    if name not in NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return rqs(name)


__all__ = ["main"]
