"""Client objects of redis-py and valkey-py, read for their address and options.

They are read by their attributes and never used, so that no client library is imported
here and any version of one will do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workhorse.endpoints.logins import CERT_REQS, PORT, Address, Login, Target, Tls

_ACCEPTED = (
    "connection: expected a URL such as 'redis://localhost:6379', a Connection, or a client object "
    "of redis or valkey (Redis, Valkey, a Sentinel's master_for(), RedisCluster, and their "
    "asyncio kin), not "
)


def read_client(client: object) -> Target:
    """What a client object is connected to; see `Endpoint.from_client`.

    Raises:
        TypeError: It is no client object that this module understands.
    """
    if type(client).__module__.startswith("fakeredis"):
        raise TypeError(
            f"{type(client).__name__} is no server that other processes can reach; "
            f"use workhorse.testing, or an embedded server"
        )
    nodes = getattr(client, "nodes_manager", None)
    if nodes is not None:
        return _cluster(client, nodes)
    pool: Any = getattr(client, "connection_pool", None)
    options = getattr(pool, "connection_kwargs", None)
    if not isinstance(options, Mapping):
        raise TypeError(f"{_ACCEPTED}{type(client).__name__}")
    login = _login(options, encrypted="SSL" in pool.connection_class.__name__)
    manager = getattr(pool, "sentinel_manager", None)
    if manager is not None:
        return _sentinel(manager, pool.service_name, login)
    return Target("single", (_address(options),), login)


def _sentinel(manager: Any, service: str, login: Login) -> Target:  # noqa: ANN401 - read by its attributes
    pools = [sentinel.connection_pool for sentinel in manager.sentinels]
    addresses = tuple(_address(pool.connection_kwargs) for pool in pools)
    sentinel_login = _login(
        pools[0].connection_kwargs, encrypted="SSL" in pools[0].connection_class.__name__
    )
    return Target("sentinel", addresses, login, service, sentinel_login)


def _cluster(client: object, nodes: Any) -> Target:  # noqa: ANN401 - read by its attributes
    options: Mapping[str, Any] = getattr(nodes, "connection_kwargs", None) or getattr(
        client, "connection_kwargs", {}
    )
    kind = getattr(options.get("connection_class"), "__name__", "")
    login = _login(options, encrypted=bool(options.get("ssl")) or "SSL" in kind)
    addresses = tuple((node.host, int(node.port)) for node in nodes.startup_nodes.values())
    return Target("cluster", addresses, login)


def _address(options: Mapping[str, Any]) -> Address:
    path = options.get("path")
    if path:
        return str(path)
    return (str(options.get("host") or "localhost"), int(options.get("port") or PORT))


def _login(options: Mapping[str, Any], *, encrypted: bool) -> Login:
    provider = options.get("credential_provider")
    credentials: Callable[[], Sequence[str]] | None = getattr(provider, "get_credentials", None)
    return Login(
        _text(options.get("username")),
        _text(options.get("password")),
        int(options.get("db") or 0),
        _tls(options) if encrypted else None,
        _text(options.get("client_name")),
        credentials,
    )


def _tls(options: Mapping[str, Any]) -> Tls:
    requirement = options.get("ssl_cert_reqs", "required") or "none"
    if isinstance(requirement, int):  # an `ssl.VerifyMode`
        requirement = {number: name for name, number in CERT_REQS.items()}[int(requirement)]
    return Tls(
        _text(options.get("ssl_ca_certs")),
        _text(options.get("ssl_certfile")),
        _text(options.get("ssl_keyfile")),
        requirement,
        bool(options.get("ssl_check_hostname", True)),
        _text(options.get("ssl_ca_data")),
    )


def _text(value: object) -> str | None:
    if value is None:
        return None
    return value.decode() if isinstance(value, bytes) else str(value)
