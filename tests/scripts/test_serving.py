"""A job that is given straight to a worker that rests: lib/serve, in `enqueue` and its like."""

import contextlib

import pytest

from tests.support.scripts import LEASE, NOW, New, Settled, job
from workhorse.ops.claim import RESTED, RESTS, given


@pytest.fixture
def hears(scripts, connection):
    """Listens for what is given to the worker; called, it says what came next."""
    with contextlib.closing(connection.dedicated()) as link:
        link.subscribe(scripts.keys.served("w"))

        def heard():
            message = link.next_message(0.2)
            return None if message is None else given("w", message)

        yield heard


def rests(scripts, number=1):
    scripts.register("w")
    scripts.exchange(number, want=5, rests=RESTS)


def test_a_worker_that_gets_nothing_rests_and_says_under_which_number_it_may_be_given_a_job(
    scripts, seen
):
    rests(scripts)
    now = seen()
    assert now.expiring["resting:q"] == {"w"}
    assert now.expiring["worker:w"]["rests"] == f"2 {LEASE}"


def test_a_worker_that_gets_something_does_not_rest(scripts, seen):
    scripts.register("w")
    scripts.enqueue(New("a"))
    scripts.exchange(1, want=5, rests=RESTS)
    assert "resting:q" not in seen().expiring


def test_a_job_is_given_straight_to_a_worker_that_rests(scripts, seen, hears):
    rests(scripts)
    scripts.enqueue(New("a", fields=("func", "m.f")))
    number, lease = hears()
    assert (number, lease.id, lease.queue, lease.token, lease.attempt) == (2, "a", "q", "w:2", 1)
    assert lease.fields[b"func"] == b"m.f"
    now = seen()
    assert now.kept["job:a"] == job("started", func="m.f", started_at=NOW, token="w:2", attempt=1)
    assert now.kept["started:q"] == {"a": NOW + LEASE}
    assert now.kept["agenda"] == {"l:q": NOW + LEASE}
    assert not {"queue:q", "bell:q", "resting:q"} & {*now.kept, *now.expiring}
    assert "rests" not in now.expiring["worker:w"]


def test_what_was_given_is_settled_like_any_other(scripts, hears):
    rests(scripts)
    scripts.enqueue(New("a"))
    assert scripts.exchange(3, Settled("finish", "a", "w:2"), want=5).refused == []


def test_a_job_whose_end_has_consequences_is_given_with_its_mark(scripts, seen, hears):
    scripts.enqueue(New("p"), queue="other")
    scripts.exchange(1, want=1, queues=("other",), worker="v")
    parents = ("parents", "!p", "group_id", "g", "after", 1)
    scripts.enqueue(New("c", place="wait", fields=parents))
    rests(scripts)
    scripts.exchange(2, Settled("finish", "p", "v:1", "", 0, "other"), worker="v")
    assert hears()[1].id == "c"
    assert seen()["job:c"]["token"] == "w:2+"


def test_a_call_that_a_job_left_is_given_with_all_that_it_is_told(scripts, hears):
    words = ("died", "6", "a-died", "q", "func", "m.f", "data", "d")
    hooks = "".join(f"{len(word)}:{word}" for word in words)
    scripts.enqueue(New("a", fields=("hooks", hooks, "after", 1)), queue="other")
    scripts.exchange(1, want=1, queues=("other",), worker="v")
    rests(scripts)
    fails = Settled("fail", "a", "v:1", "boom", 9000, "other", at_front="1")
    scripts.exchange(2, fails, worker="v")
    _, lease = hears()
    assert lease.id == "a-died"
    assert (lease.fields[b"of"], lease.fields[b"of_exc_info"]) == (b"a", b"boom")


def test_only_one_job_is_given_and_the_next_rings(scripts, seen, hears):
    rests(scripts)
    scripts.enqueue(New("a"))
    scripts.enqueue(New("b"))
    assert hears()[1].id == "a"
    assert hears() is None
    assert seen().expiring["bell:q"] == ["1"]


def test_several_jobs_at_once_ring(scripts, seen, hears):
    rests(scripts)
    scripts.enqueue(New("a"), New("b"))
    assert hears() is None
    assert seen().expiring["bell:q"] == ["1"]


def test_nobody_is_given_a_job_who_does_not_listen(scripts, seen):
    rests(scripts)
    scripts.enqueue(New("a"))
    now = seen()
    assert (now.kept["queue:q"], now.expiring["bell:q"]) == (["a"], ["1"])


@pytest.mark.parametrize("after", ["exchange", "unregister", "death"])
def test_nobody_is_given_a_job_who_does_not_rest_any_more(scripts, seen, hears, after):
    rests(scripts)
    if after == "exchange":
        scripts.exchange(2, want=0, rests=RESTED)
    elif after == "unregister":
        scripts.unregister("w")
    else:
        scripts.takeover("w")
    scripts.enqueue(New("a"))
    assert hears() is None
    assert seen().kept["queue:q"] == ["a"]


def test_nobody_is_given_a_job_of_a_suspended_queue(scripts, seen, hears):
    rests(scripts)
    scripts.call("suspend", NOW, -1, "q")
    scripts.enqueue(New("a"))
    assert hears() is None
    assert seen().kept["queue:q"] == ["a"]


def test_a_job_whose_message_was_lost_comes_with_the_exchange_of_its_number(scripts, hears):
    rests(scripts)
    scripts.enqueue(New("a"))
    answer = scripts.exchange(2, want=5, rests=RESTED)
    assert answer.ids == ["a"]
    assert scripts.exchange(3, Settled("finish", "a", "w:2"), want=5).refused == []


def test_outcomes_under_a_number_that_was_given_away_are_not_taken(scripts, seen, hears):
    """The worker hands them in once more: it is told that its number was used before."""
    scripts.register("w")
    scripts.enqueue(New("a"))
    scripts.exchange(1, want=1)
    scripts.exchange(2, want=1, rests=RESTS)
    scripts.enqueue(New("b"))
    outcome = Settled("finish", "a", "w:1", "", -1)
    scripts.exchange(3, outcome, want=1, rests=RESTED)
    assert seen().kept["job:a"]["status"] == "started"
    assert scripts.exchange(4, outcome, want=1).refused == []
    assert seen().kept["job:a"]["status"] == "finished"


def test_a_job_that_crashed_a_worker_is_taken_in_the_usual_way(scripts, seen, hears):
    scripts.enqueue(New("a"))
    scripts.exchange(1, want=1, worker="other")
    rests(scripts)
    scripts.exchange(9, want=0, worker="third", time=NOW + LEASE)
    assert hears() is None
    assert seen().kept["queue:q"] == ["a"]
