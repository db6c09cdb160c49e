"""What holds unless something says otherwise, and which options of a call are signed.

In a module of its own, for a horse needs these words and not the records that they fill.
"""

from __future__ import annotations

DEFAULT_TIMEOUT = 180.0
"""How long a job may run unless something says otherwise, seconds."""
DEFAULT_RESULT_TTL = 500
"""How long a finished job is kept, seconds."""
DEFAULT_FAILURE_TTL = 31_536_000
"""How long a failed job is kept: a year, in seconds."""
MAX_CRASHES = 3
"""How often a job is delivered again after its worker vanished."""
CALLBACK_TIMEOUT = 60.0
"""How long a callback may run, seconds."""

SIGNED_FIELDS = (
    *("timeout", "result_ttl", "failure_ttl", "ttl", "retry", "on_crash", "repeat"),
    *("on_success", "on_failure", "on_stopped", "follows"),
)
"""Options of a call that its signature covers, in this order."""


def callback_parts(text: str) -> tuple[str, float]:
    """The name of a callback and its timeout, as `Callback.to_text` wrote them.

    Of what it never wrote, a name that leads nowhere.
    """
    name, _, limit = text.partition(" ")
    try:
        timeout = float(limit) if limit else CALLBACK_TIMEOUT
    except ValueError:
        timeout = 0.0
    return (name, timeout) if 0 < timeout < float("inf") else (text, CALLBACK_TIMEOUT)
