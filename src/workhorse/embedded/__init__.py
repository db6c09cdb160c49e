"""Servers that Workhorse starts itself: the user's shared one, and private ones for tests."""

from workhorse.embedded.private import PrivateServer, start_private

__all__ = ["PrivateServer", "start_private"]
