"""Jobs that repeat, as programs enqueue and see them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from workhorse import Repeat
from workhorse.job import Job

ADD = "tests.support.shop.add"


@pytest.fixture
def q(client):
    return client.queue()


def status(connection, job):
    return str(Job.fetch(job.id, connection).get_status())


def test_a_job_runs_once_and_so_many_times_more(client, q, connection, player):
    job = client.enqueue(q, ADD, 1, repeat=Repeat(2), result_ttl=60)
    assert job.repeats_left == 2
    for left in (1, 0):
        player.finish(player.take(), left)
        assert status(connection, job) == "queued"
        assert client.fetch(job.id).repeats_left == left
    player.finish(player.take(), "last")
    assert status(connection, job) == "finished"
    assert client.return_value(client.fetch(job.id)) == "last"
    assert [each.return_value for each in client.results(job)][:1] == ["last"]


def test_a_number_is_a_repeat_without_pauses(client, q, connection, player):
    job = client.enqueue(q, ADD, 1, repeat=1)
    player.finish(player.take())
    assert status(connection, job) == "queued"


def test_a_pause_makes_it_scheduled(client, q, connection, player):
    job = client.enqueue(q, ADD, 1, repeat=Repeat(3, interval=[60, timedelta(hours=1)]))
    player.finish(player.take())
    assert status(connection, job) == "scheduled"
    assert player.claim() == []


def test_a_job_that_fails_does_not_repeat(client, q, connection, player):
    job = client.enqueue(q, ADD, 1, repeat=3)
    player.fail(player.take())
    assert status(connection, job) == "failed"


def test_retries_are_counted_for_each_run(client, q, connection, player):
    job = client.enqueue(q, ADD, 1, repeat=1, retry=1, result_ttl=60)
    for _ in range(2):
        player.fail(player.take())
        assert status(connection, job) == "queued"
        player.finish(player.take())
    assert status(connection, job) == "finished"


def test_a_job_that_repeats_can_be_canceled_between_its_runs(client, q, connection, player):
    job = client.enqueue(q, ADD, 1, repeat=Repeat(3, interval=60))
    player.finish(player.take())
    client.cancel(job)
    assert status(connection, job) == "canceled"


def test_a_job_that_runs_where_it_is_enqueued_leaves_the_repeats_to_workers(client, connection):
    here = client.queue("here", is_async=False)
    job = client.enqueue(here, ADD, 1, repeat=1)
    assert status(connection, job) == "queued"


@pytest.mark.parametrize("given", ["3", 1.5, True, [1]])
def test_what_is_no_repeat_is_an_error(client, q, given):
    with pytest.raises(TypeError, match=r"give Repeat\(\.\.\.\) or how many times"):
        client.enqueue(q, ADD, 1, repeat=given)


def test_a_negative_number_is_an_error(client, q):
    with pytest.raises(ValueError, match="give a whole number from 1"):
        client.enqueue(q, ADD, 1, repeat=-1)
