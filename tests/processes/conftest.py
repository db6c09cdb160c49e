"""Fixtures of the tests with real processes."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.workers import Workers, workers_of
from workhorse.connection import Connection
from workhorse.embedded.private import PrivateServer
from workhorse.testing import purge

collect_ignore_glob = [] if sys.platform.startswith("linux") else ["*"]  # they look into /proc

_numbers = itertools.count(1)


@pytest.fixture
def workers(connection: Connection, tmp_path: Path) -> Iterator[Workers]:
    """Starts workers in a namespace of the test's own."""
    with workers_of(connection, tmp_path) as workers:
        yield workers


@pytest.fixture(scope="module")
def stall(server: PrivateServer) -> Iterator[Connection]:
    """A connection with a namespace that lasts as long as the module, for a worker that does."""
    # As short as the default one: the memory that keys take is measured.
    connection = Connection(server.url, f"s{next(_numbers)}")
    yield connection
    purge(connection)
    connection.close()
