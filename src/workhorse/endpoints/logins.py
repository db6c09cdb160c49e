"""The parts of an endpoint: addresses, logins, and TLS options."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import unquote

from workhorse.exceptions import WorkhorseError

if TYPE_CHECKING:
    import ssl

Address = tuple[str, int] | str
"""A host and a port, or the path of a unix socket."""

Kind = Literal["single", "sentinel", "cluster"]

PORT = 6379
SENTINEL_PORT = 26379

CERT_REQS = {"none": 0, "optional": 1, "required": 2}
"""The names of `ssl.VerifyMode`; `ssl` itself is imported where it is needed, it takes long."""


class EndpointError(WorkhorseError, ValueError):
    """A URL or a client object does not say how to reach a server."""


@dataclass(frozen=True, slots=True)
class Tls:
    """How to encrypt and whom to trust; the fields are the `ssl_*` options of a URL."""

    ca_certs: str | None = None
    certfile: str | None = None
    keyfile: str | None = None
    cert_reqs: str = "required"
    check_hostname: bool = True
    ca_data: str | None = None

    def context(self) -> ssl.SSLContext:
        """What `ssl` needs for a connection."""
        import ssl  # noqa: PLC0415 - most connections need none of it

        context = ssl.create_default_context(cafile=self.ca_certs, cadata=self.ca_data)
        context.check_hostname = self.check_hostname and self.cert_reqs != "none"
        context.verify_mode = ssl.VerifyMode(CERT_REQS[self.cert_reqs])
        if self.certfile:
            context.load_cert_chain(self.certfile, self.keyfile)
        return context


@dataclass(frozen=True, slots=True)
class Login:
    """What is said on a new connection before the first command.

    Attributes:
        credentials: Called for each new connection; returns (password,) or (user, password).
            Goes before `username` and `password`.
        client_name: Shown by CLIENT LIST.
    """

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    db: int = 0
    tls: Tls | None = None
    client_name: str | None = None
    credentials: Callable[[], Sequence[str]] | None = field(default=None, repr=False)


NOBODY = Login()
"""No password, database 0, no TLS."""


class Target(NamedTuple):
    """Whom to reach and how: the fields of an `Endpoint`."""

    kind: Kind
    addresses: tuple[Address, ...]
    login: Login = NOBODY
    service: str | None = None
    sentinel_login: Login = NOBODY


def address_text(address: Address) -> str:
    """`host:port`, with brackets around an IPv6 host, or the socket's path."""
    if isinstance(address, str):
        return address
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse_address(text: str, default_port: int = PORT) -> tuple[str, int]:
    """The host and port of `host:port`, `host`, `[::1]:port`, or `::1:port` (a MOVED reply).

    Raises:
        EndpointError: The port is no number from 1 to 65535.
    """
    if text.startswith("[") and text.endswith("]"):
        return text[1:-1], default_port
    host, colon, port_text = text.rpartition(":")
    if not colon:
        return unquote(text) or "localhost", default_port
    if not (port_text.isdecimal() and 0 < int(port_text) < 65536):  # noqa: PLR2004 - the largest port
        raise EndpointError(f"{text!r}: the part after ':' is a port from 1 to 65535")
    return unquote(host.strip("[]")) or "localhost", int(port_text)
