"""Server URLs: reading and writing them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote, urlencode

from workhorse.endpoints.logins import (
    CERT_REQS,
    PORT,
    SENTINEL_PORT,
    Address,
    EndpointError,
    Kind,
    Login,
    Target,
    Tls,
    address_text,
    parse_address,
)

_SCHEMES: Mapping[str, tuple[Kind, bool]] = {
    "redis": ("single", False),
    "rediss": ("single", True),
    "valkey": ("single", False),
    "valkeys": ("single", True),
    "unix": ("single", False),
    "sentinel": ("sentinel", False),
    "sentinels": ("sentinel", True),
    "redis+sentinel": ("sentinel", False),
    "rediss+sentinel": ("sentinel", True),
    "cluster": ("cluster", False),
    "clusters": ("cluster", True),
    "cluster+tls": ("cluster", True),
    "redis+cluster": ("cluster", False),
    "rediss+cluster": ("cluster", True),
}
_CANONICAL = {
    ("single", False): "redis",
    ("single", True): "rediss",
    ("sentinel", False): "sentinel",
    ("sentinel", True): "sentinels",
    ("cluster", False): "cluster",
    ("cluster", True): "clusters",
}
_TLS_OPTIONS = (
    "ssl_ca_certs",
    "ssl_certfile",
    "ssl_keyfile",
    "ssl_cert_reqs",
    "ssl_check_hostname",
    "ssl_ca_data",
)
_OPTIONS = (
    *("db", "username", "password", "client_name", "ssl", *_TLS_OPTIONS),
    *("sentinel_username", "sentinel_password"),
)
_YES = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def parse_url(url: str) -> Target:
    """What a URL names; see `Endpoint.from_url`.

    Raises:
        EndpointError: The URL cannot be read; the text says which part.
    """
    scheme, separator, rest = url.partition("://")
    kind, encrypted = _kind(scheme.lower() if separator else "", url)
    user_info, address_text, path, query = _parts(rest)
    options = _options(query)
    tls = _tls(options, wanted=encrypted or _flag(options, "ssl"))
    username, password = _credentials(user_info, options)
    addresses, service, path_db = _where(scheme.lower(), kind, address_text, path)
    db = _db(options.get("db", path_db))
    if kind == "cluster" and db:
        raise EndpointError("a Cluster has only database 0; use namespaces instead")
    login = Login(username, password, db, tls, options.get("client_name"))
    sentinel_login = Login(
        options.get("sentinel_username"), options.get("sentinel_password"), tls=tls
    )
    return Target(kind, addresses, login, service, sentinel_login)


def format_url(target: Target) -> str:
    """A URL that `parse_url` reads back to *target*, with its passwords."""
    login, sentinel_login = target.login, target.sentinel_login
    options: dict[str, str] = {}
    user = quote(login.username or "", safe="")
    secret = "" if login.password is None else ":" + quote(login.password, safe="*")
    at = "@" if user or secret else ""
    path = f"/{login.db}" if login.db else ""
    if isinstance(target.addresses[0], str):
        scheme, where, path = "unix", quote(target.addresses[0]), ""
        if login.db:
            options["db"] = str(login.db)
    else:
        scheme = _CANONICAL[target.kind, login.tls is not None]
        where = ",".join(address_text(address) for address in target.addresses)
        if target.service is not None:
            path = f"/{quote(target.service, safe='')}{path}"
    if login.client_name:
        options["client_name"] = login.client_name
    if sentinel_login.username:
        options["sentinel_username"] = sentinel_login.username
    if sentinel_login.password is not None:
        options["sentinel_password"] = sentinel_login.password
    options |= _tls_options(login.tls)
    tail = "?" + urlencode(options, safe="*/") if options else ""
    return f"{scheme}://{user}{secret}{at}{where}{path}{tail}"


def _kind(scheme: str, url: str) -> tuple[Kind, bool]:
    if scheme in _SCHEMES:
        return _SCHEMES[scheme]
    shown = scheme or url.rpartition("@")[2][:40]
    near = difflib.get_close_matches(scheme, _SCHEMES, 1)
    known = "use redis://host:port, unix:///path, or another of " + ", ".join(_SCHEMES)
    hint = f"did you mean {near[0]}://?" if near else known
    raise EndpointError(f"{shown!r} is not the URL of a server; {hint}")


def _parts(rest: str) -> tuple[str, str, str, str]:
    """User info, addresses, path and query. A password may hold any percent-encoded character."""
    body, _, query = rest.partition("?")
    authority, slash, path = body.partition("/")
    if ("@" in path or "@" in query) and "@" not in authority:
        raise EndpointError(
            "the server's URL has a '/' or '?' before its '@'; percent-encode them in a user or "
            "password as %2F and %3F"
        )
    user_info, _, address_text = authority.rpartition("@")
    return user_info, address_text, slash + path, query


def _options(query: str) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    for name in options:
        if name not in _OPTIONS:
            near = difflib.get_close_matches(name, _OPTIONS, 1, 0.4)
            hint = f"did you mean {near[0]!r}?" if near else "known are " + ", ".join(_OPTIONS)
            raise EndpointError(f"unknown option {name!r} in the server's URL; {hint}")
    return options


def _flag(options: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    text = options.get(name)
    if text is None:
        return default
    try:
        return _YES[text.lower()]
    except KeyError:
        raise EndpointError(f"{name}={text!r}: use true or false") from None


def _tls(options: Mapping[str, str], *, wanted: bool) -> Tls | None:
    if not wanted:
        for name in _TLS_OPTIONS:
            if name in options:
                raise EndpointError(f"{name} needs TLS; use rediss://, or add ssl=1")
        return None
    cert_reqs = options.get("ssl_cert_reqs", "required").lower()
    if cert_reqs not in CERT_REQS:
        raise EndpointError(f"ssl_cert_reqs={cert_reqs!r}: use none, optional, or required")
    return Tls(
        options.get("ssl_ca_certs"),
        options.get("ssl_certfile"),
        options.get("ssl_keyfile"),
        cert_reqs,
        _flag(options, "ssl_check_hostname", default=True),
        options.get("ssl_ca_data"),
    )


def _tls_options(tls: Tls | None) -> dict[str, str]:
    if tls is None:
        return {}
    options = {
        "ssl_ca_certs": tls.ca_certs,
        "ssl_ca_data": tls.ca_data,
        "ssl_certfile": tls.certfile,
        "ssl_keyfile": tls.keyfile,
        "ssl_cert_reqs": None if tls.cert_reqs == "required" else tls.cert_reqs,
        "ssl_check_hostname": None if tls.check_hostname else "false",
    }
    return {name: value for name, value in options.items() if value is not None}


def _credentials(user_info: str, options: Mapping[str, str]) -> tuple[str | None, str | None]:
    user, colon, password = user_info.partition(":")
    return (
        options.get("username") or unquote(user) or None,
        options.get("password") or (unquote(password) if colon else None),
    )


def _where(
    scheme: str, kind: Kind, hosts: str, path: str
) -> tuple[tuple[Address, ...], str | None, str]:
    """The addresses, the service, and the text of the database's number."""
    if scheme == "unix":
        return (_socket_path(hosts + path),), None, ""
    if kind == "sentinel":
        service, _, db = unquote(path.strip("/")).partition("/")
        if not service:
            raise EndpointError(
                "a sentinel URL ends in the name of the service: sentinel://host:port/mymaster"
            )
        return _addresses(hosts, SENTINEL_PORT), service, db
    addresses = _addresses(hosts, PORT)
    if kind == "single" and len(addresses) != 1:
        raise EndpointError(
            f"{scheme}:// takes one host; for several use sentinel:// or cluster://"
        )
    return addresses, None, path.strip("/")


def _addresses(text: str, default_port: int) -> tuple[Address, ...]:
    return tuple(parse_address(part.strip(), default_port) for part in text.split(","))


def _socket_path(text: str) -> str:
    path = unquote(text)
    if not path:
        raise EndpointError("a unix URL names the socket's path: unix:///run/valkey/valkey.sock")
    return path


def _db(text: str) -> int:
    if text and not text.isdecimal():
        raise EndpointError(f"database {text!r}: use a number, as in redis://localhost:6379/0")
    return int(text or 0)
