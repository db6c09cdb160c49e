"""Fixtures that every test may use: a real server, and a namespace of its own on it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator

import pytest

from workhorse import current
from workhorse.connection import Connection
from workhorse.embedded.private import PrivateServer, start_private
from workhorse.testing import purge

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _our_own_handles(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs get our handles, although the tests of `compat` have brought RQ's into this process."""
    if "compat" not in request.path.parts:
        monkeypatch.setattr(current, "make_handle", None)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateServer]:
    """A private server for the whole session; tests must not stop it (see `own_server`)."""
    private = start_private(tmp_path_factory.mktemp("server"))
    yield private
    private.kill()


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateServer]:
    """A private server for one test, to be stopped, killed and restarted."""
    private = start_private(tmp_path_factory.mktemp("own"))
    yield private
    private.kill()


@pytest.fixture
def url(server: PrivateServer) -> str:
    """The URL of the session's server."""
    return server.url


@pytest.fixture
def connection(url: str) -> Iterator[Connection]:
    """A connection with a namespace of its own, which is deleted afterwards."""
    connection = Connection(url, f"test-{os.getpid()}-{next(_numbers)}")
    yield connection
    purge(connection)
    connection.close()
