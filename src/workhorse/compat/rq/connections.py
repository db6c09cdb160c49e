"""What RQ's tools ask of a redis client."""

from __future__ import annotations

from typing import Any


class NoRedisConnectionException(Exception):
    """Never raised: without a connection, the usual server is looked for."""


def get_connection_kwargs(connection: Any) -> dict[str, Any]:
    """How the client makes its connections."""
    return dict(connection.connection_pool.connection_kwargs)


def parse_connection(connection: Any) -> tuple[type, type, dict[str, Any]]:
    """The class of the client, that of its connections, and how it makes them."""
    pool = connection.connection_pool
    return type(connection), pool.connection_class, get_connection_kwargs(connection)


__all__ = ["NoRedisConnectionException", "get_connection_kwargs", "parse_connection"]
