"""Which server to use when none was named. DESIGN 7, in that order."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from workhorse.embedded import shared
from workhorse.endpoints.endpoint import Endpoint
from workhorse.endpoints.logins import NOBODY, EndpointError
from workhorse.endpoints.settings import endpoint_in
from workhorse.exceptions import NoServerError, ServerError
from workhorse.links.blocking import Link

_VARIABLES = ("WORKHORSE_URL", "REDIS_URL", "RQ_REDIS_URL")
_LOCAL = ("localhost", 6379)
_LOCAL_TIMEOUT = 0.05
_CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv")

_log = logging.getLogger("workhorse")
_told: set[str] = set()


class Choice(NamedTuple):
    """A server, and what to call when it cannot be reached."""

    endpoint: Endpoint
    revive: Callable[[], None] | None = None


def choose() -> Choice:
    """The server that the environment names, else one that runs here, else the embedded one.

    Raises:
        EndpointError: A variable's URL cannot be read.
        NoServerError: None was named, and none could be found or may be started.
    """
    for variable in _VARIABLES:
        url = os.environ.get(variable)
        if url:
            try:
                return Choice(Endpoint.from_url(url))
            except EndpointError as error:
                raise EndpointError(f"{variable}: {error}") from error
    named = endpoint_in(os.environ)
    if named is not None:
        return Choice(named)
    forbidden = why_not_embedded()
    if forbidden is None and shared.running() is not None:
        return _embedded()
    if _answers_locally():
        _tell(logging.INFO, "using the server on %s:%s; set WORKHORSE_URL to choose one", *_LOCAL)
        return Choice(Endpoint("single", (_LOCAL,)))
    if forbidden is None:
        return _embedded()
    raise NoServerError(
        f"no server was named: set WORKHORSE_URL, for example to redis://redis:6379. None answers "
        f"on {_LOCAL[0]}:{_LOCAL[1]}, and an embedded one is not started because {forbidden}"
    )


def why_not_embedded() -> str | None:
    """Why the embedded server is not chosen by itself, or None if it may be.

    In a container each process would silently get an empty server of its own.

    Raises:
        NoServerError: WORKHORSE_EMBEDDED has another value than always and never.
    """
    wish = os.environ.get("WORKHORSE_EMBEDDED", "")
    if wish not in {"", "always", "never"}:
        raise NoServerError(f"WORKHORSE_EMBEDDED={wish}: use always or never, or unset it")
    if wish == "never":
        return "WORKHORSE_EMBEDDED=never"
    in_container = "KUBERNETES_SERVICE_HOST" in os.environ or any(
        Path(mark).exists() for mark in _CONTAINER_MARKS
    )
    if in_container and wish != "always":
        return "this is a container (WORKHORSE_EMBEDDED=always starts one even so)"
    return None


def _embedded() -> Choice:
    home = shared.default_home()
    url = shared.ensure(home)
    _tell(
        logging.WARNING,
        "using the embedded server in %s, for this user on this machine only; "
        "set WORKHORSE_URL to use another",
        home,
    )
    return Choice(Endpoint.from_url(url), partial(shared.revive, home))


def _answers_locally() -> bool:
    with contextlib.suppress(ServerError):
        link = Link.open(_LOCAL, NOBODY, timeout=_LOCAL_TIMEOUT)
        with contextlib.closing(link):
            return bool(link.call(("PING",), _LOCAL_TIMEOUT) == b"PONG")
    return False


def _tell(level: int, message: str, *details: object) -> None:
    """Log it, once in this process."""
    if message not in _told:
        _told.add(message)
        _log.log(level, message, *details)
