"""`rq cron CONFIG_PATH`: store the entries of a file; whichever worker is alive fires them."""

from __future__ import annotations

import logging
from typing import Any

import click

from workhorse.cli.classes import needless
from workhorse.cli.options import server_options
from workhorse.connection import connect


@click.command("cron", short_help="Store the cron entries of a file, and stay.")
@click.option(
    "-l",
    "--logging-level",
    type=click.Choice(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], case_sensitive=False),
    default="INFO",
    show_default=True,
    help="Set logging level.",
)
@click.argument("config_path")
@needless("-S", "--serializer", why="entries are stored with pickle")
@server_options
def cron(
    config_path: str, logging_level: str, url: Any, namespace: str | None, **_classes: object
) -> None:
    """Store the entries of CONFIG_PATH, a file or a module, and stay until Ctrl+C.

    Nothing depends on this process staying: any worker fires what is due.
    """
    from workhorse.compat.rq.cron import CronScheduler

    scheduler = CronScheduler(connect(url, namespace), getattr(logging, logging_level.upper()))
    scheduler.load_config_from_file(config_path)
    scheduler.start()


__all__ = ["cron"]
