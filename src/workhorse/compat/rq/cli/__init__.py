"""RQ's commands."""

from workhorse.compat.rq.cli.cli import main, rqs
from workhorse.compat.rq.cli.cli_cron import cron

info = rqs("info")
worker = rqs("worker")

__all__ = ["cron", "info", "main", "worker"]
