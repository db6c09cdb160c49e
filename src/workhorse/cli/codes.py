"""The exit codes of `workhorse`."""

from __future__ import annotations

FAILED = 1
"""What was asked about failed, or does not exist."""
USAGE = 2
"""Wrong usage."""
UNAVAILABLE = 69
"""The server cannot be reached, or refuses, or there is none: EX_UNAVAILABLE of sysexits.h."""
INTERRUPTED = 130
"""Ended by Ctrl+C: 128 + SIGINT."""
