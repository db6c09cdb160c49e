from datetime import timedelta

import pytest

from tests.support import tasks
from workhorse.exceptions import InvalidJobOperation, NoSuchJobError
from workhorse.registry import FailedJobRegistry, FinishedJobRegistry, StartedJobRegistry


@pytest.fixture
def failed(queue, player):
    job = queue.enqueue(tasks.add, 1)
    player.fail(player.take())
    return job


def test_a_registry_is_found_by_name_or_by_queue(queue, connection, failed):
    by_name = FailedJobRegistry("default", connection)
    assert by_name == FailedJobRegistry(queue=queue) == queue.failed_job_registry
    assert by_name != FinishedJobRegistry("default", connection)
    assert by_name.get_job_ids() == [failed.id]
    assert hash(by_name) == hash(queue.failed_job_registry)


def test_a_registry_counts_and_contains(queue, failed):
    registry = queue.failed_job_registry
    assert (registry.count, len(registry), registry.get_job_count(cleanup=False)) == (1, 1, 1)
    assert failed in registry
    assert failed.id in registry
    assert "other" not in registry
    assert repr(registry) == "<FailedJobRegistry of 'default': failed>"


def test_every_state_has_its_registry(queue, player):
    jobs = [queue.enqueue(tasks.add, number) for number in range(4)]
    player.finish(player.take(), 1)
    player.fail(player.take())
    player.take()
    jobs[3].cancel()
    jobs.append(queue.enqueue_in(60, tasks.add, 1))
    found = [
        queue.finished_job_registry.get_job_ids(),
        queue.failed_job_registry.get_job_ids(),
        queue.started_job_registry.get_job_ids(),
        queue.canceled_job_registry.get_job_ids(),
        queue.scheduled_job_registry.get_job_ids(),
    ]
    assert found == [[job.id] for job in jobs]
    assert queue.deferred_job_registry.count == 0


def test_ids_come_in_both_orders_and_in_slices(queue):
    jobs = [queue.enqueue_in(60 + number, tasks.add, 1).id for number in range(3)]
    registry = queue.scheduled_job_registry
    assert registry.get_job_ids(desc=True) == jobs[::-1]
    assert registry.get_job_ids(1, 2) == jobs[1:]


def test_a_job_expires_when_its_registry_says(queue, failed):
    failed.refresh()
    registry = queue.failed_job_registry
    assert registry.get_expiration_time(failed) - failed.ended_at == timedelta(days=365)


def test_a_job_that_is_kept_for_ever_never_expires(queue, player):
    job = queue.enqueue(tasks.add, 1, result_ttl=-1)
    player.finish(player.take(), 1)
    assert queue.finished_job_registry.get_expiration_time(job) is None
    assert job.get_ttl() is None


def test_a_job_is_requeued_from_its_registry(queue, failed):
    later = queue.enqueue(tasks.add, 2)
    assert queue.failed_job_registry.requeue(failed.id, at_front=True) == failed
    assert queue.job_ids == [failed.id, later.id]
    assert queue.failed_job_registry.count == 0


def test_a_removed_job_stays_until_it_expires(queue, failed):
    queue.failed_job_registry.remove(failed)
    assert (queue.failed_job_registry.count, failed.is_failed) == (0, True)


def test_a_removed_job_may_be_deleted(queue, failed):
    queue.failed_job_registry.remove(failed, delete_job=True)
    assert not failed.exists(failed.id, queue.connection)


def test_only_members_are_removed(queue, failed):
    with pytest.raises(NoSuchJobError, match="not in the finished registry"):
        queue.finished_job_registry.remove(failed, delete_job=True)
    assert failed.is_failed


def test_a_running_job_is_not_removed(queue, player, connection):
    job = queue.enqueue(tasks.add, 1)
    player.take()
    with pytest.raises(InvalidJobOperation, match="is started"):
        StartedJobRegistry("default", connection).remove(job)
