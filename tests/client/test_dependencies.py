"""Jobs that wait for others, as programs enqueue and see them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support import decorated
from workhorse import Dependency
from workhorse.clock import new_id
from workhorse.exceptions import InvalidJobOperation, NoSuchJobError
from workhorse.job import Job
from workhorse.queue import Queue

ADD = "tests.support.shop.add"


@pytest.fixture
def q(client):
    return client.queue()


def statuses(connection, *jobs):
    return [str(Job.fetch(job.id, connection).get_status()) for job in jobs]


# What may be waited for


def test_a_job_waits_for_another(client, q, connection, player):
    parent = client.enqueue(q, ADD, 1)
    child = client.enqueue(q, ADD, 2, depends_on=parent)
    assert statuses(connection, parent, child) == ["queued", "deferred"]
    assert child.dependency_ids == [parent.id]
    assert client.dependent_ids(parent) == [child.id]
    player.finish(player.take(), 1)
    assert player.take().id == child.id


@pytest.mark.parametrize("given", ["handle", "id", "list", "Dependency", "mixed"])
def test_parents_are_given_as_handles_or_ids(client, q, given):
    one, two = client.enqueue(q, ADD, 1), client.enqueue(q, ADD, 2)
    depends_on = {
        "handle": one,
        "id": one.id,
        "list": [one, two.id],
        "Dependency": Dependency([one, two.id]),
        "mixed": [Dependency(one), two],
    }[given]
    child = client.enqueue(q, ADD, 3, depends_on=depends_on)
    wanted = [one.id] if given in {"handle", "id"} else [one.id, two.id]
    assert client.fetch(child.id).dependency_ids == wanted


def test_nothing_to_wait_for_is_no_dependency(client, q, connection):
    nothings: list[Any] = [None, [], ()]
    for nothing in nothings:
        job = client.enqueue(q, ADD, 1, depends_on=nothing)
        assert statuses(connection, job) == ["queued"]


def test_a_parent_may_be_in_any_queue(client, q, player):
    parent = client.enqueue(client.queue("other"), ADD, 1)
    child = client.enqueue(q, ADD, 2, depends_on=parent)
    player.finish(player.take("other"))
    assert player.take().id == child.id


def test_many_calls_may_wait_for_one(client, q, connection, player):
    parent = client.enqueue(q, ADD, 1)
    data = [q.prepare_data(ADD, (n,), depends_on=parent) for n in range(600)]
    children = client.enqueue_many(q, data)
    assert set(statuses(connection, *children[::50])) == {"deferred"}
    player.finish(player.take())
    player.claim(want=0)
    assert [job.id for job in children] == client.get_job_ids(q)


def test_calls_of_one_send_may_wait_for_each_other(client, q, connection):
    data = [
        q.prepare_data(ADD, (1,), job_id="first"),
        q.prepare_data(ADD, (2,), job_id="second", depends_on="first"),
        q.prepare_data(ADD, (3,), depends_on=["first", "second"]),
    ]
    jobs = client.enqueue_many(q, data)
    assert statuses(connection, *jobs) == ["queued", "deferred", "deferred"]


@pytest.mark.parametrize("way", ["at", "in"])
def test_a_job_that_is_due_later_waits_for_both(client, q, connection, player, way):
    parent = client.enqueue(q, ADD, 1)
    if way == "in":
        child = client.enqueue_in(q, timedelta(hours=1), ADD, 2, depends_on=parent)
    else:
        due = datetime.now(UTC) + timedelta(hours=1)
        child = client.enqueue_at(q, due, ADD, 2, depends_on=parent)
    assert statuses(connection, child) == ["deferred"]
    player.finish(player.take())
    assert statuses(connection, child) == ["scheduled"]
    assert player.claim() == []


def test_the_head_of_the_queue_is_for_those_that_wish_it(client, q, player):
    parent = client.enqueue(q, ADD, 1)
    client.enqueue(q, ADD, 2)
    child = client.enqueue(q, ADD, 3, depends_on=Dependency(parent, enqueue_at_front=True))
    player.finish(player.take())
    assert player.take().id == child.id


def test_the_decorator_takes_dependencies_as_well(connection, player):
    queue = Queue(connection=connection)
    parent = queue.enqueue(ADD, 1)
    job = queue.enqueue(decorated.plain, 1, depends_on=Dependency(parent, allow_failure=True))
    assert Job.fetch(job.id, connection).allow_dependency_failures
    player.fail(player.take())
    assert player.take().id == job.id


# What becomes of them


@pytest.mark.parametrize(
    ("policy", "fate"),
    [(None, "failed"), ("fail", "failed"), ("cancel", "canceled"), ("wait", "deferred")],
)
def test_a_failed_parent_and_its_dependents(client, q, connection, player, policy, fate):
    parent = client.enqueue(q, ADD, 1)
    child = client.enqueue(q, ADD, 2, depends_on=Dependency(parent, on_failure=policy))
    player.fail(player.take())
    assert statuses(connection, child) == [fate]
    if fate == "failed":
        said = client.fetch(child.id)
        said = said.exc_info if client.kind == "sync" else client.exc_info(said)
        assert f"DependencyFailedError: job {parent.id}, which it depends on, failed" in said
        assert child.id in Queue(connection=connection).failed_job_registry


def test_a_requeued_parent_lets_the_patient_go(client, q, connection, player):
    parent = client.enqueue(q, ADD, 1)
    child = client.enqueue(q, ADD, 2, depends_on=Dependency(parent, on_failure="wait"))
    player.fail(player.take())
    client.requeue(parent)
    player.finish(player.take())
    assert statuses(connection, child) == ["queued"]


@pytest.mark.parametrize(("release", "fate"), [(False, "failed"), (True, "queued")])
def test_a_canceled_parent_lets_its_dependents_go_if_it_is_told_to(
    client, q, connection, release, fate
):
    parent = client.enqueue(q, ADD, 1)
    child = client.enqueue(q, ADD, 2, depends_on=parent)
    client.cancel(parent, enqueue_dependents=release)
    assert statuses(connection, child) == [fate]


def test_dependents_can_be_deleted_with_their_parent(client, q, connection):
    parent = client.enqueue(q, ADD, 1)
    child = client.enqueue(q, ADD, 2, depends_on=parent)
    heir = client.enqueue(q, ADD, 3, depends_on=[child, parent])
    assert client.delete(parent, delete_dependents=True)
    assert not any(Job.exists(job.id, connection) for job in (parent, child, heir))


def test_a_job_that_waits_no_more_is_not_deleted_with_its_former_parent(client, q, connection):
    parent = client.enqueue(q, ADD, 1)
    child = client.enqueue(q, ADD, 2, job_id="child", depends_on=parent)
    client.enqueue(q, ADD, 2, job_id="child")
    assert client.dependent_ids(parent) == []
    client.delete(parent, delete_dependents=True)
    assert statuses(connection, child) == ["queued"]


def test_waiting_for_a_dependent_ends_when_its_parent_fails(client, q, player):
    parent = client.enqueue(q, ADD, 1)
    child = client.enqueue(q, ADD, 2, depends_on=parent)
    player.fail(player.take())
    assert client.wait(child, 5) == "failed"


# Parents that are not there


def test_a_parent_that_never_was_is_an_error(client, q):
    with pytest.raises(NoSuchJobError, match=r"^no job 'never': it cannot be waited for; enqueue"):
        client.enqueue(q, ADD, 1, depends_on="never")
    assert client.get_job_ids(q) == []


@pytest.mark.parametrize("named", [True, False])
def test_a_parent_that_never_was_is_an_error_for_many_as_well(client, q, named):
    more = {"job_id": "mine"} if named else {}
    with pytest.raises(NoSuchJobError, match="'never'"):
        client.enqueue_many(q, [q.prepare_data(ADD, (1,), depends_on="never", **more)])


def test_a_generated_id_that_is_new_and_unknown_is_an_error(client, q):
    with pytest.raises(NoSuchJobError):
        client.enqueue(q, ADD, 1, depends_on=new_id())


def test_an_id_that_is_older_than_what_is_remembered_counts_as_finished(client, q, connection):
    old = "01900000-0000-7000-8000-000000000000"
    job = client.enqueue(q, ADD, 1, depends_on=old)
    assert statuses(connection, job) == ["queued"]


def test_a_handle_whose_job_has_gone_counts_as_finished(client, q, connection, player):
    parent = client.enqueue(q, ADD, 1)
    player.finish(player.take())
    client.delete(parent)
    job = client.enqueue(q, ADD, 2, depends_on=parent)
    assert statuses(connection, job) == ["queued"]


def test_a_parent_whose_trace_says_that_it_failed_has_failed(client, q, connection, player):
    parent = client.enqueue(q, ADD, 1, failure_ttl=0)
    player.fail(player.take())
    job = client.enqueue(q, ADD, 2, depends_on=parent.id)
    assert statuses(connection, job) == ["failed"]


# Bad input


@pytest.mark.parametrize("given", [7, object(), [None], {"a": 1}.items(), b"a"])
def test_what_is_no_job_is_an_error(client, q, given):
    with pytest.raises(TypeError, match="is no job"):
        client.enqueue(q, ADD, 1, depends_on=given)


@pytest.mark.parametrize("given", ["", "a b", "a!", "ä", "x" * 129, ["fine", "a b"]])
def test_an_id_that_no_job_can_have_is_an_error(client, q, given):
    with pytest.raises(ValueError, match="use 1 to 128 letters"):
        client.enqueue(q, ADD, 1, depends_on=given)


def test_two_policies_are_an_error(client, q):
    one, two = client.enqueue(q, ADD, 1), client.enqueue(q, ADD, 2)
    both = [Dependency(one, allow_failure=True), Dependency(two, on_failure="wait")]
    with pytest.raises(ValueError, match="run and wait for failed jobs: choose one"):
        client.enqueue(q, ADD, 1, depends_on=both)


def test_a_job_that_waits_for_itself_is_an_error(client, q):
    with pytest.raises(ValueError, match="job 'a' depends on itself"):
        client.enqueue(q, ADD, 1, job_id="a", depends_on=["b", "a"])
    with pytest.raises(ValueError, match="job 'a' depends on itself"):
        client.enqueue_many(q, [q.prepare_data(ADD, (1,), job_id="a", depends_on="a")])


def test_a_circle_made_by_replacing_a_job_is_an_error(client, q, connection):
    first = client.enqueue(q, ADD, 1, job_id="a")
    second = client.enqueue(q, ADD, 2, job_id="b", depends_on=first)
    with pytest.raises(InvalidJobOperation, match="job 'a' cannot wait for job 'b', which waits"):
        client.enqueue(q, ADD, 1, job_id="a", depends_on=second)
    assert statuses(connection, first, second) == ["queued", "deferred"]


# Queues that run their jobs themselves


@pytest.fixture
def here(client):
    return client.queue("here", is_async=False)


def test_a_job_runs_at_once_if_its_parents_have_finished(client, here, connection):
    parent = client.enqueue(here, ADD, 1)
    child = client.enqueue(here, ADD, 2, depends_on=parent, result_ttl=60)
    assert statuses(connection, child) == ["finished"]
    assert client.return_value(child) == 4


def test_parents_that_have_left_a_trace_are_met(client, here):
    parent = client.enqueue(here, ADD, 1, result_ttl=0)
    child = client.enqueue(here, ADD, 2, depends_on=parent.id)
    assert client.return_value(child) == 4


@pytest.mark.parametrize("policy", ["fail", "cancel", "run"])
def test_a_job_whose_parent_has_failed_fares_as_it_wishes(
    client, here, q, connection, player, policy
):
    parent = client.enqueue(q, ADD, 1)
    player.fail(player.take())
    child = client.enqueue(here, ADD, 2, depends_on=Dependency(parent, on_failure=policy))
    fate = {"fail": "failed", "cancel": "canceled", "run": "finished"}[policy]
    assert statuses(connection, child) == [fate]


@pytest.mark.parametrize("failed", [True, False])
def test_a_job_that_would_have_to_wait_is_an_error(client, here, q, player, failed):
    parent = client.enqueue(q, ADD, 1)
    if failed:
        player.fail(player.take())
    what = "failed" if failed else "queued"
    with pytest.raises(InvalidJobOperation, match=f"which is {what}, and a queue with is_async=F"):
        client.enqueue(here, ADD, 2, depends_on=Dependency(parent, on_failure="wait"))
    assert client.get_job_ids(here) == []


def test_a_parent_that_never_was_is_an_error_here_too(client, here):
    with pytest.raises(NoSuchJobError, match="'never'"):
        client.enqueue(here, ADD, 2, depends_on="never")


def test_a_job_that_is_due_later_waits_here_too(client, here, q, connection):
    parent = client.enqueue(q, ADD, 1)
    child = client.enqueue_in(here, timedelta(hours=1), ADD, 2, depends_on=parent)
    assert statuses(connection, child) == ["deferred"]


def test_the_dependents_of_a_job_that_runs_here_are_told(client, here, q, connection):
    parent = client.enqueue(here, "tests.support.shop.missing", job_id="p", failure_ttl=60)
    assert statuses(connection, parent) == ["failed"]
    patient = Dependency(parent, on_failure="wait")
    child = client.enqueue(q, ADD, 2, depends_on=patient)
    client.enqueue(here, ADD, 2, job_id="p")
    assert statuses(connection, child) == ["queued"]
