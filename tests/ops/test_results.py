import pytest

from workhorse.exceptions import NoSuchJobError
from workhorse.ops import results
from workhorse.ops.enqueue import enqueue
from workhorse.ops.reports import Report
from workhorse.records import CallSpec
from workhorse.states import JobStatus


@pytest.fixture
def lease(perform, keys, player):
    perform(enqueue(keys, "default", [CallSpec("a", ("func", "f", "retry", '{"max":3}'))]))
    return player.take()


def test_a_finished_job_has_its_result(perform, keys, player, lease):
    player.settle(lease, Report("finished", b"sealed", ran=3000))
    record = perform(results.fetch(keys, "a"))
    assert (record.status, record.result) == (JobStatus.FINISHED, b"sealed")
    assert record.ended_at - record.started_at == 3
    assert 490 < perform(results.remaining_ttl(keys, "a")) <= 500


def test_a_job_without_a_result_leaves_a_tombstone(perform, keys, player, lease):
    player.finish(lease)
    assert perform(results.status(keys, "a")) is JobStatus.FINISHED
    assert perform(results.wait(keys, "a", 5)).status is JobStatus.FINISHED
    status, at = perform(results.tombstone(keys, "a"))
    assert (status, at > 0) == (JobStatus.FINISHED, True)
    with pytest.raises(NoSuchJobError, match="returned None"):
        perform(results.fetch(keys, "a"))


def test_waiting_ends_when_the_time_is_up(perform, keys, lease):
    assert perform(results.wait(keys, lease.id, 0.01)) is None


def test_a_retried_run_is_in_the_history(perform, keys, player, lease):
    player.fail(lease, "first")
    (run,) = perform(results.history(keys, "a"))
    assert (run.type, run.attempt, run.worker_name, run.exc_string) == ("retried", 1, "w", "first")


def test_many_are_fetched_together(perform, keys, lease):
    records = perform(results.fetch_many(keys, [lease.id, "none"]))
    assert [record and record.status for record in records] == [JobStatus.STARTED, None]
    assert perform(results.fetch_many(keys, [])) == []
