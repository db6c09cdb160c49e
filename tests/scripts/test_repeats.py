"""A job that finished and does so again: when, and what is left of the run before."""

import json

import pytest

from tests.support.scripts import LEASE, NOW, New, Settled, job
from tests.support.snapshot import Snapshot


def again(scripts, number, *, wait=0, ran=5, time=NOW, what=""):
    """Take job `a` at its time, and say after `ran` ms that it finished and repeats."""
    assert scripts.exchange(number, want=1, time=time).ids == ["a"]
    settled = Settled("repeat", "a", f"w:{number}", what, wait, ran=ran)
    assert scripts.exchange(number + 1, settled, time=time + ran).refused == []


def due(seen):
    return seen()["scheduled:q"]["a"]


def test_a_job_that_repeats_later_is_scheduled_with_its_result(scripts, seen):
    scripts.enqueue(New("a"))
    again(scripts, 1, wait=1000, what="r")
    scripts.command("DEL", scripts.keys.worker("w"), scripts.keys.bell("q"))
    now = seen()
    (run,) = now.kept.pop("runs:a")
    assert json.loads(run) == {
        "type": "finished",
        "attempt": 1,
        "started_at": NOW,
        "ended_at": NOW + 5,
        "worker": "w",
        "exc": "",
    }
    assert now == Snapshot(
        kept={
            "job:a": job(
                "scheduled",
                attempt=1,
                repeats=1,
                started_at=NOW,
                ended_at=NOW + 5,
                due=NOW + 1000,
                result="r",
            ),
            "scheduled:q": {"a": NOW + 1000},
            "queues": {"q"},
            "agenda": {"s:q": NOW + 1000, "l:q": NOW + LEASE},
        }
    )


def test_a_job_that_repeats_at_once_is_ready(scripts, seen):
    scripts.enqueue(New("a"), New("b"))
    again(scripts, 1)
    assert seen()["queue:q"] == ["b", "a"]
    assert seen()["job:a"]["status"] == "queued"
    assert "token" not in seen()["job:a"]


def test_intervals_do_not_drift(scripts, seen):
    scripts.enqueue(New("a"))
    for turn in range(6):
        # Each is taken a little late, and takes its time.
        again(scripts, 2 * turn + 1, wait=1000, ran=300, time=NOW + turn * 1000 + 40 * bool(turn))
        assert due(seen) == NOW + (turn + 1) * 1000


def test_a_run_that_takes_longer_than_the_interval_is_followed_at_once(scripts, seen):
    scripts.enqueue(New("a"))
    again(scripts, 1, wait=1000, ran=2500)
    assert seen()["queue:q"] == ["a"]
    again(scripts, 3, wait=1000, ran=10, time=NOW + 2500)
    assert due(seen) == NOW + 3500


def test_the_next_run_begins_with_new_retries(scripts, seen):
    scripts.enqueue(New("a"))
    scripts.exchange(1, want=1)
    scripts.exchange(2, Settled("retry", "a", "w:1", "boom"))
    again(scripts, 3)
    assert not {"retries", "exc_info"} & {*seen()["job:a"]}


def test_a_repeat_that_arrives_twice_counts_once(scripts, seen):
    scripts.enqueue(New("a"))
    scripts.exchange(1, want=1)
    for _ in range(2):
        scripts.exchange(2, Settled("repeat", "a", "w:1", "", 1000))
        assert seen()["job:a"]["repeats"] == "1"
        assert len(seen()["runs:a"]) == 1


def test_a_stale_repeat_is_refused(scripts, seen):
    scripts.enqueue(New("a"))
    scripts.exchange(1, want=1)
    assert scripts.exchange(2, Settled("repeat", "a", "w:0", "", 1000)).refused == ["a"]
    assert seen()["job:a"]["status"] == "started"


@pytest.mark.parametrize("at", [0, 1, 2])
def test_dependents_go_after_the_first_run_that_finishes_behind_their_enqueue(scripts, seen, at):
    scripts.enqueue(New("a"))
    for turn in range(3):
        if turn == at:
            scripts.enqueue(New("c", place="wait", fields=("parents", "!a")), queue="p")
            assert seen()["deferred:p"] == {"c": NOW}
        again(scripts, 2 * turn + 1)
        assert ("queue:p" in seen().kept) == (turn >= at)


def test_a_group_counts_a_job_that_repeats_when_it_has_done_all(scripts, seen):
    scripts.enqueue(New("a", fields=("group_id", "g", "after", 1)))
    again(scripts, 1)
    assert seen()["group:g"]["open"] == "1"
    scripts.exchange(3, want=1)
    scripts.exchange(4, Settled("finish", "a", "w:3", "", 0, again="1"))
    assert seen()["group:g"]["open"] == "0"
