"""The basic end-to-end run on every kind of server that a URL can name."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import jobs
from tests.support.servers import Cluster, SentinelGroup, binaries, free_port
from tests.support.tls import NEEDS_TLS, tls_server
from tests.support.workers import workers_of
from workhorse.aio import AsyncQueue
from workhorse.connection import Connection
from workhorse.embedded.private import start_private
from workhorse.policies import Retry
from workhorse.queue import Queue

KINDS = ("unix", "tcp", "sentinel", "cluster")
CASES = [
    pytest.param(
        (kind, path),
        id=f"{kind}-{name}",
        marks=[pytest.mark.system_server] if name == "system" else [],
    )
    for name, path in binaries()
    for kind in KINDS
]
TLS = pytest.param(("tls", None), id="tls-system", marks=NEEDS_TLS)


@pytest.fixture(params=[*CASES, TLS])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a server of some kind."""
    kind, binary = request.param
    if kind in {"unix", "tcp"}:
        server = start_private(tmp_path, binary=binary, port=free_port() if kind == "tcp" else None)
        yield server.url
        server.kill()
    elif kind == "tls":
        with tls_server(tmp_path) as (port, certificate):
            yield f"rediss://localhost:{port}?ssl_ca_certs={certificate}"
    else:
        group = (SentinelGroup if kind == "sentinel" else Cluster)(tmp_path, binary)
        yield group.url
        group.stop()


def test_jobs_run_end_to_end(anywhere: str, tmp_path: Path):
    connection = Connection(anywhere, "e2e", patience=20)
    queue = Queue(connection=connection)
    with workers_of(connection, tmp_path) as workers:
        workers.start()
        done = queue.enqueue(jobs.add, 1, 2)
        failing = queue.enqueue(jobs.fall)
        runs = tmp_path / "runs"
        again = queue.enqueue(jobs.fail_until, str(runs), 2, retry=Retry(3, interval=0.05))
        later = queue.enqueue_in(0.1, jobs.add, 3, 4)
        many = queue.enqueue_many([Queue.prepare_data(jobs.add, (i, i)) for i in range(50)])
        for job in (done, failing, again, later, *many):
            job.wait(20)
        assert (done.return_value(), later.return_value()) == (3, 7)
        assert "on purpose" in (failing.exc_info or "")
        assert failing.id in queue.failed_job_registry
        assert again.is_finished
        assert [job.return_value() for job in many] == [2 * i for i in range(50)]
        assert asyncio.run(from_asyncio(connection)) == 9
        failing.requeue()
        assert str(failing.wait(20)) == "failed"
    connection.close()


async def from_asyncio(connection: Connection) -> object:
    """The same by way of asyncio."""
    return await (await AsyncQueue(connection=connection).enqueue(jobs.add, 4, 5))
