"""What RQ's tools ask of a redis client."""

from __future__ import annotations

from typing import Any


class NoRedisConnectionException(Exception):
    """Never raised: without a connection, the usual server is looked for."""


REDIS_RUNTIME_CONNECTION_KWARGS = (
    "maint_notifications_config",
    "maint_notifications_pool_handler",
    "himport_registry",
    "event_dispatcher",
    "orig_host_address",
    "orig_socket_timeout",
    "orig_socket_connect_timeout",
)
"""What a client of redis keeps among its options for itself: no other process can use it."""


def get_connection_kwargs(connection: Any) -> dict[str, Any]:
    """How the client makes its connections, for one in another process."""
    return {
        name: value
        for name, value in connection.connection_pool.connection_kwargs.items()
        # Of an option that was not given it says so by an object that only it knows.
        if name not in REDIS_RUNTIME_CONNECTION_KWARGS and type(value) is not object
    }


def parse_connection(connection: Any) -> tuple[type, type, dict[str, Any]]:
    """The class of the client, that of its connections, and how it makes them."""
    pool = connection.connection_pool
    return type(connection), pool.connection_class, get_connection_kwargs(connection)


__all__ = [
    "REDIS_RUNTIME_CONNECTION_KWARGS",
    "NoRedisConnectionException",
    "get_connection_kwargs",
    "parse_connection",
]
