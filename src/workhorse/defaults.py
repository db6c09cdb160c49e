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

SIGNED_FIELDS = ("timeout", "result_ttl", "failure_ttl", "ttl", "retry", "on_crash", "repeat")
"""Options of a call that its signature covers, in this order."""
