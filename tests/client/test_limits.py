"""Jobs that share a limit, as programs enqueue and see them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from workhorse import RateLimit
from workhorse.exceptions import InvalidJobOperation
from workhorse.job import Job
from workhorse.limits import LimitUse

ADD = "tests.support.shop.add"
LIMIT = RateLimit("door", 2)


@pytest.fixture
def q(client):
    return client.queue()


def statuses(connection, *jobs):
    return [str(Job.fetch(job.id, connection).get_status()) for job in jobs]


def test_no_more_than_the_limit_are_ready(client, q, connection, player):
    jobs = [client.enqueue(q, ADD, n, rate_limit=LIMIT) for n in range(4)]
    waiting = "rate_limited"
    assert statuses(connection, *jobs) == ["queued", "queued", waiting, waiting]
    assert jobs[0].rate_limit == LIMIT
    first = player.take()
    player.finish(first)
    assert statuses(connection, *jobs[1:]) == ["queued", "queued", waiting]
    assert client.get_job_ids(q) == [job.id for job in jobs[1:3]]


def test_many_at_once_keep_the_limit(client, q):
    data = [q.prepare_data(ADD, (n,), rate_limit=LIMIT) for n in range(600)]
    jobs = client.enqueue_many(q, data)
    assert client.get_job_ids(q) == [job.id for job in jobs[:2]]


def test_a_job_in_line_can_be_canceled_and_requeued_and_deleted(client, q, connection):
    jobs = [client.enqueue(q, ADD, n, rate_limit=LIMIT) for n in range(4)]
    client.cancel(jobs[2])
    client.requeue(jobs[2])
    assert statuses(connection, jobs[2]) == ["rate_limited"]
    with pytest.raises(InvalidJobOperation, match="is rate_limited"):
        client.requeue(jobs[2])
    client.delete(jobs[3])
    client.delete(jobs[0])
    assert statuses(connection, jobs[2]) == ["queued"]


def test_a_limit_and_a_dependency_hold_both(client, q, connection, player):
    parent = client.enqueue(q, ADD, 1)
    child = client.enqueue(q, ADD, 2, depends_on=parent, rate_limit=RateLimit("one", 1))
    other = client.enqueue(q, ADD, 3, rate_limit=RateLimit("one", 1))
    assert statuses(connection, child, other) == ["deferred", "queued"]
    player.finish(player.take())
    assert statuses(connection, child) == ["rate_limited"]
    player.finish(player.take())
    assert statuses(connection, child) == ["queued"]


def test_an_emptied_queue_has_no_jobs_left(client, q):
    for number in range(5):
        client.enqueue(q, ADD, number, rate_limit=LIMIT)
    assert client.empty(q) == 5
    assert client.count(q) == 0


@pytest.mark.parametrize("given", ["door", 3, ("door", 3), {"key": "door"}])
def test_what_is_no_limit_is_an_error(client, q, given):
    with pytest.raises(TypeError, match=r"give RateLimit\(key, concurrency\)"):
        client.enqueue(q, ADD, 1, rate_limit=given)


def test_a_queue_that_runs_its_jobs_itself_keeps_no_limit_and_says_so(client):
    here = client.queue("here", is_async=False)
    with pytest.raises(ValueError, match="runs its jobs at once and keeps no limit"):
        client.enqueue(here, ADD, 1, rate_limit=LIMIT)
    later = client.enqueue_in(here, timedelta(hours=1), ADD, 1, rate_limit=LIMIT)
    assert later.rate_limit == LIMIT


def test_the_limits_in_use_are_told(client, q, connection, player):
    assert client.limits_in_use() == []
    for number in range(4):
        client.enqueue(q, ADD, number, rate_limit=LIMIT)
    client.enqueue(q, ADD, 1, rate_limit=RateLimit("hall", 7))
    assert client.limits_in_use() == [LimitUse("hall", 7, 1, 0), LimitUse("door", 2, 2, 2)]
    for _ in range(5):
        player.finish(player.take())
    assert client.limits_in_use() == []


def test_more_limits_than_one_look_tells_of_are_told_all(client, q, monkeypatch):
    monkeypatch.setattr("workhorse.ops.limits.PAGE", 3)
    keys = [f"k{number}" for number in range(7)]
    for key in keys:
        client.enqueue(q, ADD, 1, rate_limit=RateLimit(key, 1))
    assert [limit.key for limit in client.limits_in_use()] == keys[::-1]
