"""Servers that nobody else uses, for tests that count what one is asked and what it holds."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.servers import binaries
from tests.support.workers import Workers, workers_of
from workhorse.connection import Connection
from workhorse.embedded.private import start_private

collect_ignore_glob = [] if sys.platform.startswith("linux") else ["*"]  # they look into /proc

SERVERS = [
    pytest.param(binary, id=name, marks=[pytest.mark.system_server] if name == "system" else [])
    for name, binary in binaries()
]


@pytest.fixture(params=SERVERS)
def quiet(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    """A connection to a fresh server, in the namespace that users have."""
    server = start_private(tmp_path / "server", binary=request.param)
    connection = Connection(server.url, "wh")
    yield connection
    connection.close()
    server.kill()


@pytest.fixture
def workers(quiet: Connection, tmp_path: Path) -> Iterator[Workers]:
    """Starts workers on that server."""
    with workers_of(quiet, tmp_path) as workers:
        yield workers
