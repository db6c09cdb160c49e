"""The pytest plugin: a real server for tests, private and thrown away.

pytest loads this in every environment that Workhorse is installed in, so it imports nothing of
Workhorse before a fixture is used.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from workhorse.connection import Connection
    from workhorse.embedded.private import PrivateServer
    from workhorse.queue import Queue

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def workhorse_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateServer]:
    """A private server for the whole session; each process of pytest-xdist has its own."""
    from workhorse.testing import start_private  # noqa: PLC0415 - see above

    server = start_private(tmp_path_factory.mktemp("workhorse"))
    yield server
    server.kill()


@pytest.fixture
def workhorse_connection(
    workhorse_server: PrivateServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Connection]:
    """A connection with an empty namespace of its own.

    While the test lasts, WORKHORSE_URL and WORKHORSE_NAMESPACE name it too, so that code which
    leaves the connection out, and workers that the test starts, meet there.
    """
    from workhorse.connection import Connection  # noqa: PLC0415 - see above
    from workhorse.testing import purge  # noqa: PLC0415 - see above

    namespace = f"test-{os.getpid()}-{next(_numbers)}"
    monkeypatch.setenv("WORKHORSE_URL", workhorse_server.url)
    monkeypatch.setenv("WORKHORSE_NAMESPACE", namespace)
    connection = Connection(workhorse_server.url, namespace)
    yield connection
    purge(connection)
    connection.close()


@pytest.fixture
def workhorse_queue(workhorse_connection: Connection) -> Queue:
    """The queue `default` in that namespace."""
    from workhorse.queue import Queue  # noqa: PLC0415 - see above

    return Queue(connection=workhorse_connection)


@pytest.fixture
def workhorse_drain(workhorse_connection: Connection) -> Callable[..., bool]:
    """Runs all jobs that are ready, here and now: `workhorse_drain("default", "low")`."""
    from workhorse.queue import Queue  # noqa: PLC0415 - see above
    from workhorse.testing import drain  # noqa: PLC0415 - see above

    def run(*queues: Queue | str, **options: object) -> bool:
        given = [
            Queue(queue, workhorse_connection) if isinstance(queue, str) else queue
            for queue in queues or ("default",)
        ]
        return drain(*given, **options)

    return run
