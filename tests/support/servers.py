"""Real servers for tests: Debian's, Sentinel groups and Clusters, all private and on loopback."""

from __future__ import annotations

from workhorse.connection import Connection


def purge(connection: Connection) -> None:
    """Delete all keys of the connection's namespace."""
    with connection.borrow() as link:
        cursor = b"0"
        while True:
            pattern = f"{connection.keys.prefix}*"
            cursor, keys = link.call(("SCAN", cursor, "MATCH", pattern, "COUNT", 1000))
            if keys:
                link.call(("UNLINK", *keys))
            if cursor == b"0":
                return
