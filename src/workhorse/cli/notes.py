"""What the options of a command have to say, kept until there is a log to say it in."""

from __future__ import annotations

import click

WORKERS = ("worker", "worker-pool")
"""The commands that run workers; others only look at what is there, or add to it."""

_KEY = "workhorse.notes"


def note(ctx: click.Context, text: str) -> None:
    """Keep something to be told, once."""
    kept = notes(ctx)
    if text not in kept:
        kept.append(text)


def notes(ctx: click.Context) -> list[str]:
    """What there is to be told."""
    kept: list[str] = ctx.meta.setdefault(_KEY, [])
    return kept
