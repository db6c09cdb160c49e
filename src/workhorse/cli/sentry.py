"""`--sentry-dsn`: what a worker is told so that Sentry hears of its failed jobs."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, Final
from urllib.parse import urlsplit

import click

_VARIABLE: Final = "SENTRY_DSN"
_HOME: Final = "workhorse.integrations"
_MISSING: Final = "sentry_sdk is not installed: pip install 'workhorse[sentry]'"


def watched(
    given: str | None, preload: Sequence[str], handlers: Sequence[str], killed: str | None
) -> dict[str, Any]:
    """What is preloaded and who handles failures, by `Worker`'s keywords: the user's and ours.

    Horses learn the DSN as all programs do that speak to Sentry, from the environment.

    Args:
        given: The DSN that was asked for; None: that of the environment, if there is one.
        preload: Modules that the user wants to be preloaded.
        handlers: The user's exception handlers.
        killed: The user's handler for horses that were killed.

    Raises:
        click.UsageError: The DSN is none, or sentry_sdk is not installed.
    """
    mourners = (killed,) if killed else ()
    dsn = given or os.environ.get(_VARIABLE)
    if dsn and _may_be_told(dsn, asked=given is not None):
        os.environ[_VARIABLE] = dsn
        preload = (f"{_HOME}.sentried", *preload)
        # The first: a handler that returns something false is the last.
        handlers = (f"{_HOME}.sentry.report", *handlers)
        mourners = (f"{_HOME}.sentry.mourn", *mourners)
    return {
        "preload": tuple(preload),
        "exception_handlers": tuple(handlers),
        "work_horse_killed_handler": mourners,
    }


def _may_be_told(dsn: str, *, asked: bool) -> bool:
    said = "--sentry-dsn" if asked else _VARIABLE
    if find_spec("sentry_sdk") is None:
        if asked:
            raise click.UsageError(f"{said}: {_MISSING}")
        # Other programs may want it; what was not asked of us is no reason not to work.
        log = logging.getLogger("workhorse.worker")
        log.warning("%s is set, but nobody will be told of failed jobs: %s", said, _MISSING)
        return False
    parts = urlsplit(dsn)
    whole = parts.scheme in {"http", "https"} and parts.username and parts.hostname
    if not (whole and parts.path.strip("/")):
        raise click.UsageError(f"{said}: give a DSN such as https://KEY@sentry.example/PROJECT")
    return True
