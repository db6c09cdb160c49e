"""A Sentry that a program of RQ's speaks to hears of failed jobs.

The integration for RQ of sentry_sdk changes methods of RQ's worker, which nothing calls here, and
in a process that runs no jobs. So horses get handlers and a client of their own; Django's settings
may have made one.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Final

PRELOADED: Final = "workhorse.integrations.sentried"
_REPORT: Final = "workhorse.integrations.sentry.report"
_MOURN: Final = "workhorse.integrations.sentry.mourn"
_TOLD: Final = ("dsn", "environment", "release")


def is_told() -> bool:
    """Whether this process speaks to a Sentry; then the environment says to which."""
    sdk = sys.modules.get("sentry_sdk")
    client = sdk and sdk.get_client()
    if not (client and client.is_active() and client.dsn):
        return False
    for option in _TOLD:
        if value := client.options.get(option):
            os.environ[f"SENTRY_{option.upper()}"] = str(value)
    return True


def handlers(given: Any) -> Any:
    """A program's exception handlers, and before them what tells a Sentry, if there is one."""
    return _with(_REPORT, given)


def mourners(given: Any) -> Any:
    """The same of its handlers for horses that were killed."""
    return _with(_MOURN, given)


def _with(ours: str, given: Any) -> Any:
    if not is_told():
        return given
    if given is None:
        return [ours]
    return [ours, *([given] if isinstance(given, str) or callable(given) else given)]
