"""Servers that Workhorse starts itself: the user's shared one, and private ones for tests."""

from workhorse.embedded.private import PrivateServer, start_private
from workhorse.embedded.shared import Status, default_home, ensure, revive, running, status, stop

__all__ = [
    "PrivateServer",
    "Status",
    "default_home",
    "ensure",
    "revive",
    "running",
    "start_private",
    "status",
    "stop",
]
