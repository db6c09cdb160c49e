"""Groups, as programs make them and wait for them."""

from __future__ import annotations

import threading

import pytest

from tests.support import jobs
from tests.support.player import Player
from workhorse import Group
from workhorse.connection import Connection
from workhorse.exceptions import DuplicateGroupError, NoSuchGroupError, NoSuchJobError
from workhorse.group import GroupProgress
from workhorse.job import Job
from workhorse.queue import Queue

ADD = "tests.support.shop.add"


@pytest.fixture
def q(client):
    return client.queue()


@pytest.fixture
def group(client):
    return client.group("g")


def calls(queue, number, **options):
    return [queue.prepare_data(ADD, (n,), **options) for n in range(number)]


def test_a_group_that_was_made_is_found(client, group):
    assert client.fetch_group("g") == group
    assert client.all_groups() == [group]
    assert client.progress(group) == GroupProgress()
    assert repr(group).endswith("Group('g')")


def test_a_group_without_a_name_gets_one(client):
    one, two = client.group(), client.group()
    assert one.name != two.name
    assert client.all_groups() == [one, two]


def test_two_groups_of_one_name_are_an_error(client, group):
    with pytest.raises(DuplicateGroupError, match="there is a group 'g' already"):
        client.group("g")


def test_a_group_that_is_not_there_is_an_error(client, q):
    with pytest.raises(NoSuchGroupError, match="no group 'g'"):
        client.fetch_group("g")
    gone = client.group("h")
    assert client.delete(gone)
    assert not client.delete(gone)
    for ask in (client.progress, client.wait):
        with pytest.raises(NoSuchGroupError):
            ask(gone)
    with pytest.raises(NoSuchGroupError):
        client.enqueue_many(gone, q, calls(q, 1))


def test_a_group_is_counted_as_it_goes(client, q, group, player):
    sent = client.enqueue_many(group, q, calls(q, 4))
    assert client.progress(group) == GroupProgress(4)
    assert client.progress(group).open == 4
    player.finish(player.take(), 1)
    player.fail(player.take())
    client.cancel(sent[2])
    assert client.delete_job(group, sent[3])
    wanted = GroupProgress(4, finished=1, failed=1, canceled=1, deleted=1, is_complete=True)
    assert client.progress(group) == wanted
    assert client.wait(group, 1) == wanted
    assert [job.id for job in client.get_jobs(group)] == [job.id for job in sent[:3]]
    assert client.job_ids(group) == [job.id for job in sent[:3]]
    assert sent[0].group_id == "g"


def test_jobs_may_be_enqueued_into_a_group_one_by_one(client, q, player):
    job = client.enqueue(q, ADD, 1, group_id="made-by-its-jobs")
    (group,) = client.all_groups()
    assert group.name == "made-by-its-jobs"
    assert client.job_ids(group) == [job.id]
    player.finish(player.take())
    assert client.progress(group).is_complete


def test_a_group_may_span_queues(client, q, group):
    client.enqueue_many(group, q, calls(q, 2))
    other = client.queue("other")
    client.enqueue_many(group, other, calls(other, 3))
    assert client.progress(group).total == 5


def test_waiting_ends_with_the_last_job(client, q, group, connection):
    client.enqueue_many(group, q, calls(q, 3))
    own = Connection(connection.url, connection.namespace)
    player = Player(own)
    leases = [player.take() for _ in range(3)]

    def finish_all():
        for lease in leases:
            player.finish(lease)

    last = threading.Timer(0.1, finish_all)
    last.start()
    assert client.wait(group, 10).finished == 3
    last.join()
    own.close()


def test_waiting_ends_when_the_time_is_up(client, q, group):
    client.enqueue_many(group, q, calls(q, 1))
    with pytest.raises(TimeoutError, match=r"group 'g' is not complete after 0\.05 s"):
        client.wait(group, 0.05)


def test_an_empty_group_is_complete_once_it_was_filled_with_nothing(client, q, group):
    assert not client.progress(group).is_complete
    assert client.enqueue_many(group, q, []) == []
    assert client.progress(group).is_complete


def test_a_group_is_canceled_as_a_whole_but_for_what_runs(client, q, group, player, connection):
    sent = client.enqueue_many(group, q, calls(q, 3))
    lease = player.take()
    assert client.cancel(group) == 2
    assert client.cancel(group) == 0
    assert [str(Job.fetch(job.id, connection).get_status()) for job in sent] == [
        "started",
        "canceled",
        "canceled",
    ]
    player.finish(lease)
    assert client.progress(group).is_complete


def test_a_group_that_jobs_are_added_to_is_not_complete(client, q, group, player):
    enter, leave = (
        ("__aenter__", "__aexit__") if client.kind == "asyncio" else ("__enter__", "__exit__")
    )
    getattr(client, enter)(group)
    client.enqueue(q, ADD, 1, group_id=group.name)
    player.finish(player.take())
    assert not client.progress(group).is_complete
    client.enqueue(q, ADD, 2, group_id=group.name)
    player.finish(player.take())
    getattr(client, leave)(group, None, None, None)
    assert client.progress(group).is_complete
    assert client.progress(group).finished == 2


def test_the_with_statement_holds_a_group(connection, player):
    group = Group.create(connection)
    queue = Queue(connection=connection)
    with group as same:
        assert same is group
        queue.enqueue(ADD, 1, group_id=group.name)
        player.finish(player.take())
        assert not group.progress.is_complete
    assert group.progress.is_complete


def test_jobs_that_are_refused_leave_a_group_open_to_completion(client, q, group, player):
    client.enqueue_many(group, q, calls(q, 1))
    with pytest.raises(NoSuchJobError):
        client.enqueue_many(group, q, calls(q, 1, depends_on="never"))
    with pytest.raises(TypeError, match="retry"):
        client.enqueue_many(group, q, calls(q, 1, retry="x"))
    player.finish(player.take())
    assert client.progress(group).is_complete


# The call that follows


def test_a_function_is_called_with_the_groups_name(client, q, player):
    group = client.group("g", on_complete=ADD, queue="after")
    client.enqueue_many(group, q, calls(q, 2))
    player.finish(player.take())
    assert client.count(client.queue("after")) == 0
    player.finish(player.take())
    (job,) = client.get_jobs(client.queue("after"))
    assert (job.id, job.args, job.func_name) == ("g-complete", ("g",), ADD)
    assert client.progress(group).total == 2


def test_a_call_with_options_is_made_as_it_was_prepared(client, q, player):
    call = q.prepare_data(ADD, (1,), {"b": 2}, timeout=7, result_ttl=9, meta={"k": 1})
    group = client.group("g", on_complete=call)
    client.enqueue_many(group, q, calls(q, 1))
    player.finish(player.take())
    (job,) = client.get_jobs(q)
    assert (job.args, job.kwargs, job.timeout, job.result_ttl) == ((1,), {"b": 2}, 7, 9)
    assert job.meta == {"k": 1}


def test_groups_with_long_names_leave_calls_of_their_own(client, q, player):
    names = ["x" * 127 + end for end in "ab"]
    for name in names:
        group = client.group(name, on_complete=ADD)
        client.enqueue_many(group, q, calls(q, 1))
    taken = [player.take() for _ in names]
    for lease in taken:
        player.finish(lease)
    assert [job.args for job in client.get_jobs(q)] == [(name,) for name in names]


@pytest.mark.parametrize(
    "option",
    [{"depends_on": "a"}, {"group_id": "h"}, {"ttl": 5}],
)
def test_a_call_that_could_not_be_made_at_once_is_an_error(client, q, option):
    (name,) = option
    with pytest.raises(ValueError, match=f"on_complete has {name}="):
        client.group("g", on_complete=q.prepare_data(ADD, (1,), **option))
    assert client.all_groups() == []


def test_a_call_that_does_not_fit_is_an_error_at_once(client, q):
    with pytest.raises(TypeError):
        client.group("g", on_complete=q.prepare_data(jobs.give, (1, 2, 3)))
    with pytest.raises(ValueError, match="lambda"):
        client.group("g", on_complete=lambda name: name)
    assert client.all_groups() == []


# Bad input


@pytest.mark.parametrize("name", ["", "a b", "a:b", "ä", "x" * 129, 7])
def test_a_name_that_no_group_can_have_is_an_error(client, q, name):
    with pytest.raises(ValueError, match="use 1 to 128 letters"):
        client.group(name)
    with pytest.raises(ValueError, match="use 1 to 128 letters"):
        client.enqueue(q, ADD, 1, group_id=name)


@pytest.mark.parametrize("ttl", [0, -5, "-5s"])
def test_a_group_must_be_kept_for_a_while(client, ttl):
    with pytest.raises(ValueError, match="ttl="):
        client.group("g", ttl=ttl)


def test_a_group_is_kept_as_long_as_it_was_told(client, q, player, connection):
    for name, ttl in (("short", "90s"), ("always", -1)):
        group = client.group(name, ttl=ttl)
        client.enqueue_many(group, q, calls(q, 1))
        player.finish(player.take())
    with connection.borrow() as link:
        kept = [link.call(("TTL", connection.keys.group(n))) for n in ("short", "always")]
    assert 85 < kept[0] <= 90
    assert kept[1] == -1


def test_a_queue_elsewhere_is_an_error(client, group, connection):
    other = Connection(connection.url, f"{connection.namespace}-other")
    queue = Queue(connection=other)
    with pytest.raises(ValueError, match=r"and group 'g' in .*: use one"):
        client.enqueue_many(group, queue, calls(queue, 1))
    other.close()


def test_jobs_that_run_where_they_are_enqueued_are_counted(client, group):
    here = client.queue("here", is_async=False)
    client.enqueue_many(group, here, calls(here, 2))
    assert client.progress(group) == GroupProgress(2, finished=2, is_complete=True)
