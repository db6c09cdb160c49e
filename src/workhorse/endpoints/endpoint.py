"""Where the server is and how to log in.

An endpoint is a value. It opens nothing; `links` and `discovery` do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from workhorse.endpoints.clients import read_client
from workhorse.endpoints.logins import NOBODY, Address, Kind, Login, Target
from workhorse.endpoints.urls import format_url, parse_url


@dataclass(frozen=True, slots=True, repr=False)
class Endpoint:
    """A server, or a group of them, and how to log in.

    Attributes:
        kind: One server, the sentinels that know it, or some nodes of a Cluster.
        addresses: Of the server, the sentinels, or the nodes.
        login: How to log in at the server.
        service: The name under which the sentinels know the primary.
        sentinel_login: How to log in at the sentinels.
    """

    kind: Kind
    addresses: tuple[Address, ...]
    login: Login = NOBODY
    service: str | None = None
    sentinel_login: Login = NOBODY

    @classmethod
    def from_url(cls, url: str) -> Endpoint:
        """Read a URL.

        `redis://` `rediss://` `valkey://` `valkeys://` `unix://` name one server,
        `sentinel://host:port,host:port/service/db` the sentinels of one, and
        `cluster://host:port,host:port` nodes of a Cluster; `sentinels://` and `clusters://`,
        or `?ssl=1`, use TLS. User, password and path are percent-decoded.

        Raises:
            EndpointError: The URL cannot be read; the text says which part.
        """
        return cls(*parse_url(url))

    @classmethod
    def from_client(cls, client: object) -> Endpoint:
        """Read the address and the options of a redis or valkey client object.

        Sync and asyncio clients of redis-py and valkey-py are understood: plain, behind
        Sentinel, and for a Cluster. The client itself is not used.

        Raises:
            TypeError: It is something else; the text says what is accepted.
        """
        return cls(*read_client(client))

    @property
    def url(self) -> str:
        """A URL that `from_url` reads back to this endpoint, with its passwords.

        A `credentials` function does not fit into a URL and is left out.
        """
        return format_url(self._target())

    def named(self, client_name: str | None) -> Endpoint:
        """The same endpoint with another name for CLIENT LIST."""
        return replace(self, login=replace(self.login, client_name=client_name))

    def __str__(self) -> str:
        login, sentinel_login = _masked(self.login), _masked(self.sentinel_login)
        return format_url(self._target()._replace(login=login, sentinel_login=sentinel_login))

    def __repr__(self) -> str:
        return f"<Endpoint {self}>"

    def _target(self) -> Target:
        return Target(self.kind, self.addresses, self.login, self.service, self.sentinel_login)


def _masked(login: Login) -> Login:
    if login.tls is not None and login.tls.ca_data:
        login = replace(login, tls=replace(login.tls, ca_data="***"))  # no secret, but a page long
    return login if login.password is None else replace(login, password="***")  # noqa: S106 - a mask
