"""Servers as settings name them: RQ's keys of a config module, and of the environment."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from workhorse.endpoints.endpoint import Endpoint
from workhorse.endpoints.logins import (
    CERT_REQS,
    PORT,
    SENTINEL_PORT,
    Address,
    EndpointError,
    Login,
    Tls,
)

_TLS_KEYS = {
    "SSL_CA_CERTS": "ca_certs",
    "SSL_CA_DATA": "ca_data",
    "SSL_KEYFILE": "keyfile",
    "SSL_CERTFILE": "certfile",
    "SSL_CERT_REQS": "cert_reqs",
    "SSL_CHECK_HOSTNAME": "check_hostname",
}
_PARTS = ("HOST", "PORT", "DB", "USERNAME", "PASSWORD", "SSL", *_TLS_KEYS)
_IN_ENVIRONMENT = tuple(f"REDIS_{part}" for part in ("HOST", "PORT", "DB", "PASSWORD"))
KEYS = ("REDIS_URL", "SENTINEL", *(f"REDIS_{part}" for part in _PARTS))
"""The keys that say where the server is; those of RQ, and two that it lacks."""
_SENTINEL_KEYS = (
    *("INSTANCES", "MASTER_NAME", "DB", "USERNAME", "PASSWORD", "SSL"),
    *("SOCKET_TIMEOUT", "CONNECTION_KWARGS", "SENTINEL_KWARGS"),
)
_YES = {"1": True, "true": True, "yes": True, "on": True, "y": True, "t": True}
_NO = {"0": False, "false": False, "no": False, "off": False, "n": False, "f": False, "": False}


def endpoint_of(settings: Mapping[str, object]) -> Endpoint | None:
    """The server that settings name: REDIS_URL, else SENTINEL, else REDIS_HOST and so on.

    Returns:
        None if they name none.

    Raises:
        EndpointError: A setting cannot be read; the text says which, and what could be meant.
    """
    url, sentinel = settings.get("REDIS_URL"), settings.get("SENTINEL")
    if url:
        try:
            return Endpoint.from_url(str(url))
        except EndpointError as error:
            raise EndpointError(f"REDIS_URL: {error}") from error
    if sentinel:
        return _behind_sentinels(sentinel)
    if all(settings.get(f"REDIS_{part}") is None for part in _PARTS):
        return None
    given = {part: settings.get(f"REDIS_{part}") for part in _PARTS}
    address = (str(given["HOST"] or "localhost"), _number("REDIS_PORT", given["PORT"], PORT))
    return Endpoint("single", (address,), _login("REDIS_", given))


def endpoint_in(environment: Mapping[str, str]) -> Endpoint | None:
    """The server that REDIS_HOST and its like name in the environment; REDIS_URL is not read.

    Kubernetes sets REDIS_PORT to `tcp://host:port` for a service that is called redis; that is
    not meant for anybody, and passed over.

    Raises:
        EndpointError: A variable cannot be read.
    """
    found: dict[str, object] = {
        key: environment[key]
        for key in KEYS
        if environment.get(key) and key not in {"REDIS_URL", "SENTINEL"}
    }
    if str(found.get("REDIS_PORT", "")).startswith("tcp://"):
        del found["REDIS_PORT"]
    return endpoint_of(found) if any(key in found for key in _IN_ENVIRONMENT) else None


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for what is nearest, else what there is."""
    names = list(known)
    near = difflib.get_close_matches(word, names, 1, 0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(names)}"


def needless(settings: Mapping[str, object]) -> list[str]:
    """The settings of SENTINEL that change nothing here: sockets are our own."""
    sentinel = settings.get("SENTINEL")
    if not isinstance(sentinel, Mapping):
        return []
    found = ["SENTINEL['SOCKET_TIMEOUT']"] if "SOCKET_TIMEOUT" in sentinel else []
    for key in ("CONNECTION_KWARGS", "SENTINEL_KWARGS"):
        names = (str(name) for name in sentinel.get(key) or {})
        known = {*_PARTS, "CLIENT_NAME"}
        found += [f"SENTINEL[{key!r}][{name!r}]" for name in names if name.upper() not in known]
    return found


def _behind_sentinels(sentinel: object) -> Endpoint:
    given = _mapping("SENTINEL", sentinel)
    for key in given:
        if key not in _SENTINEL_KEYS:
            raise EndpointError(
                f"SENTINEL: there is no key {key!r}{nearest(str(key), _SENTINEL_KEYS)}"
            )
    options = {**given, **_options("CONNECTION_KWARGS", given)}
    there = _options("SENTINEL_KWARGS", given)
    service = str(given.get("MASTER_NAME") or "mymaster")
    login, sentinel_login = _login("SENTINEL: ", options), _login("SENTINEL_KWARGS: ", there)
    return Endpoint("sentinel", _instances(given), login, service, sentinel_login)


def _options(key: str, given: Mapping[str, object]) -> dict[str, object]:
    """A dictionary of redis-py's options, under the names of the settings."""
    found = _mapping(f"SENTINEL[{key!r}]", given.get(key) or {})
    return {str(name).upper(): value for name, value in found.items()}


def _instances(given: Mapping[str, object]) -> tuple[Address, ...]:
    instances: Any = given.get("INSTANCES", [("localhost", SENTINEL_PORT)])
    try:
        found = tuple((str(host), _number("port", port, SENTINEL_PORT)) for host, port in instances)
    except (TypeError, ValueError):
        found = ()
    if not found:
        raise EndpointError(
            f"SENTINEL['INSTANCES'] is {instances!r}; it must be a list of (host, port)"
        )
    return found


def _login(prefix: str, given: Mapping[str, object]) -> Login:
    username, password = _text(given.get("USERNAME")), _text(given.get("PASSWORD"))
    name = _text(given.get("CLIENT_NAME"))
    db = _number(f"{prefix}DB", given.get("DB"), 0)
    tls = _tls(prefix, given) if _flag(f"{prefix}SSL", given.get("SSL")) else None
    return Login(username, password, db, tls, name)


def _tls(prefix: str, given: Mapping[str, object]) -> Tls:
    words = {
        field: text
        for key, field in _TLS_KEYS.items()
        if field not in {"cert_reqs", "check_hostname"} and (text := _text(given.get(key)))
    }
    checks = given.get("SSL_CHECK_HOSTNAME")
    return Tls(
        **words,
        cert_reqs=_requirement(prefix, given.get("SSL_CERT_REQS", "required")),
        check_hostname=checks is None or _flag(f"{prefix}SSL_CHECK_HOSTNAME", checks),
    )


def _requirement(prefix: str, value: object) -> str:
    if isinstance(value, int):  # an `ssl.VerifyMode`
        value = {number: name for name, number in CERT_REQS.items()}.get(int(value), value)
    text = str("required" if value is None else value).lower()
    if text not in CERT_REQS:
        raise EndpointError(f"{prefix}SSL_CERT_REQS is {value!r}; use none, optional, or required")
    return text


def _flag(key: str, value: object) -> bool:
    found = (_YES | _NO).get(str(value or "").strip().lower())
    if found is None:
        raise EndpointError(f"{key} is {value!r}; use true or false")
    return found


def _number(key: str, value: object, default: int) -> int:
    if value is None or value == "":
        return default
    try:
        return int(str(value))
    except ValueError:
        raise EndpointError(f"{key} is {value!r}; it must be a number") from None


def _mapping(key: str, value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise EndpointError(f"{key} is {value!r}; it must be a dictionary")
    return value


def _text(value: object) -> str | None:
    if value is None or value == "":
        return None
    return value.decode() if isinstance(value, bytes) else str(value)
