"""Where RQ's defects would show in RQ's own words, and nothing else shows yet that they do not."""

import time
from datetime import timedelta

import pytest
import redis

from tests.compat import chores, defects
from tests.support.player import Player
from tests.support.snapshot import snapshot
from tests.support.workers import workers_of
from workhorse.compat.rq import Queue, Worker
from workhorse.compat.rq.exceptions import DuplicateJobError, NoSuchJobError
from workhorse.compat.rq.job import Job
from workhorse.compat.rq.registry import StartedJobRegistry, clean_registries
from workhorse.connection import Connection
from workhorse.envelopes import codec_for
from workhorse.ops.claim import Terms


@pytest.fixture
def queue(connection: Connection) -> Queue:
    return Queue("default", connection=connection)


@pytest.fixture
def player(connection: Connection) -> Player:
    return Player(connection, codec_for("pickle"))


@pytest.fixture
def mayfly(player: Player) -> Player:
    """A player whose leases run out at once."""
    player.terms = Terms("mayfly", 1, 3)
    return player


def test_each_defect_has_a_test_that_is_there():
    assert list(defects.missing()) == []
    assert all(defect["tests"] for defect in defects.known())


def test_reading_changes_nothing_also_when_leases_have_run_out(queue, mayfly, connection):
    job = queue.enqueue(chores.add, 1, 2)
    mayfly.take()
    before = snapshot(connection)
    registry = StartedJobRegistry(queue=queue)
    assert (registry.count, registry.get_job_ids(), job in registry) == (1, [job.id], True)
    assert len(queue.failed_job_registry) == 0
    registry.cleanup()
    clean_registries(queue)
    assert Worker.all(connection) == []
    assert job.is_started
    assert snapshot(connection) == before


def test_a_job_whose_worker_died_is_looked_at_and_deleted(queue, mayfly):
    job = queue.enqueue(chores.add, 1, 2)
    mayfly.take()
    (execution,) = job.get_executions()
    assert (execution.id, execution.job_id) == ("1", job.id)
    job.delete()
    assert job.get_executions() == []
    assert queue.started_job_registry.count == 0


def test_a_scheduled_job_waits_for_its_parent_too(queue, player):
    parent = queue.enqueue(chores.add, 1, 2)
    child = queue.enqueue_in(timedelta(0), chores.add, 3, 4, depends_on=parent)
    later = queue.enqueue_in(timedelta(hours=1), chores.add, 3, 4, depends_on=parent)
    assert (child.is_deferred, later.is_deferred) == (True, True)
    player.finish(player.take(), 3)
    assert (child.is_queued, later.is_scheduled) == (True, True)


def test_a_parent_that_never_was_is_an_error(queue):
    with pytest.raises(NoSuchJobError):
        queue.enqueue(chores.add, 1, 2, depends_on="nobody")
    assert queue.is_empty()


def test_a_job_id_that_is_used_twice_runs_once(queue, player):
    queue.enqueue(chores.add, 1, 1, job_id="same")
    queue.enqueue(chores.add, 2, 2, job_id="same")
    assert queue.job_ids == ["same"]
    player.take()
    with pytest.raises(DuplicateJobError):
        queue.enqueue(chores.add, 3, 3, job_id="same")


def test_waiting_for_a_result_ends_in_time_with_any_client(url, connection):
    client = redis.Redis.from_url(url, socket_timeout=0.1)
    job = Queue("nobody-serves-it", connection=client).enqueue(chores.add, 1, 2)
    began = time.monotonic()
    try:
        assert job.latest_result(timeout=1) is None
    finally:
        job.delete()
    assert 0.9 < time.monotonic() - began < 5


@pytest.mark.slow
def test_no_dependent_waits_for_anything_but_its_parent(queue, connection, tmp_path):
    with workers_of(connection, tmp_path) as workers:
        for _ in range(4):
            workers.start(serializer="pickle", default_result_ttl=500)
        parents = [queue.enqueue(chores.add, n, 1) for n in range(300)]
        children = [queue.enqueue(chores.add, n, 2, depends_on=p) for n, p in enumerate(parents)]
        assert [Job.wait(child, 30) for child in children] == ["finished"] * 300
        assert [child.return_value() for child in children] == [n + 2 for n in range(300)]
    assert queue.deferred_job_registry.count == 0
