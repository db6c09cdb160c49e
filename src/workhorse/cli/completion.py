"""`workhorse completion`: what makes a shell complete our commands, options and queues."""

from __future__ import annotations

import click

from workhorse.cli.app import cli

_WHERE = {
    "bash": 'eval "$(workhorse completion bash)"      # in ~/.bashrc',
    "zsh": 'eval "$(workhorse completion zsh)"       # in ~/.zshrc, after compinit',
    "fish": "workhorse completion fish | source       # in ~/.config/fish/config.fish",
}


@click.command(
    short_help="Complete commands, options and queues in your shell.",
    epilog="\b\n" + "\n".join(_WHERE.values()),
)
@click.argument("shell", type=click.Choice(list(_WHERE)))
def command(shell: str) -> int:
    """Print the script that makes SHELL complete commands, options and names of queues."""
    from click.shell_completion import get_completion_class  # noqa: PLC0415 - only here

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - for mypy: click knows these three
    complete = kind(cli, {}, "workhorse", "_WORKHORSE_COMPLETE")
    click.echo(complete.source_template % complete.source_vars())
    return 0
