"""A worker whose server hangs, and which is told to stop: it ends in a time that is known."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support import jobs
from tests.support.workers import WorkerProcess, Workers, eventually
from workhorse.connection import Connection
from workhorse.embedded.private import PrivateServer
from workhorse.queue import Queue
from workhorse.worker.supervisor import DEBOUNCE

WAITS = 5
"""How long it tries to take its leave, seconds: docs/workers.md says so."""
AT_ONCE = 3
"""Half a second to say goodbye; the rest is for slow machines."""
ISOLATIONS = ("warm", "inline")


@pytest.fixture
def idle(own_server: PrivateServer, tmp_path: Path) -> Iterator[Workers]:
    connection = Connection(own_server.url, "frozen")
    workers = Workers(connection, tmp_path)
    try:
        yield workers
    finally:
        own_server.signal(signal.SIGCONT)
        workers.end()
        connection.close()


@pytest.fixture
def queue(own_server: PrivateServer) -> Queue:
    return Queue(connection=Connection(own_server.url, "frozen"))


def has_run_a_job(queue: Queue, worker: WorkerProcess) -> WorkerProcess:
    assert queue.enqueue(jobs.give, 1).wait(20) == "finished"
    # Idle is who waits for a bell, beside the one who waits for commands.
    link = queue.connection.dedicated()
    eventually(lambda: b"blocked_clients:2" in link.call(("INFO", "clients")))
    link.close()
    return worker


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_an_idle_worker_waits_a_little_to_take_its_leave_and_ends(
    own_server: PrivateServer, queue: Queue, idle: Workers, isolation: str
):
    worker = has_run_a_job(queue, idle.start(isolation=isolation))
    own_server.signal(signal.SIGSTOP)
    worker.signal(signal.SIGTERM)
    assert worker.ended(WAITS + AT_ONCE) == 0
    assert "forgets this worker in time" in worker.log


def test_a_worker_whose_question_is_not_answered_ends_as_well(
    own_server: PrivateServer, queue: Queue, idle: Workers
):
    worker = has_run_a_job(queue, idle.start())
    queue.enqueue_in(timedelta(seconds=0.5), jobs.give, 2)  # it asks for it when it is due
    own_server.signal(signal.SIGSTOP)
    began = time.monotonic()
    eventually(lambda: time.monotonic() - began > 1)
    worker.signal(signal.SIGTERM)
    assert worker.ended(WAITS + AT_ONCE) == 0


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_a_second_signal_ends_an_idle_worker_at_once(
    own_server: PrivateServer, queue: Queue, idle: Workers, isolation: str
):
    worker = has_run_a_job(queue, idle.start(isolation=isolation))
    own_server.signal(signal.SIGSTOP)
    began = time.monotonic()
    worker.signal(signal.SIGTERM)
    eventually(lambda: time.monotonic() - began > DEBOUNCE + 0.05)
    worker.signal(signal.SIGTERM)
    assert worker.ended(AT_ONCE) == 0


def test_what_has_ended_meanwhile_is_kept_until_the_server_answers(
    own_server: PrivateServer, queue: Queue, idle: Workers, tmp_path: Path
):
    worker = idle.start()
    job = queue.enqueue(jobs.book_when_told, str(tmp_path))
    eventually((tmp_path / "begun").exists)
    own_server.signal(signal.SIGSTOP)
    worker.signal(signal.SIGTERM)
    (tmp_path / "go").touch()
    began = time.monotonic()
    eventually(lambda: time.monotonic() - began > WAITS + 1)
    assert worker.process.poll() is None
    own_server.signal(signal.SIGCONT)
    assert worker.ended() == 0
    assert job.is_finished
