import json

import pytest

from tests.support.scripts import LEASE, NOW, New, Settled, job
from tests.support.snapshot import Snapshot


@pytest.fixture
def failed(scripts):
    """Job `a` failed in exchange 2; no bell, no worker."""
    scripts.enqueue(New("a"))
    scripts.exchange(1, want=1)
    scripts.exchange(2, Settled("fail", "a", "w:1", "boom", 9000))
    scripts.command("DEL", scripts.keys.bell("q"), scripts.keys.worker("w"))


def test_a_failed_job_is_ready_again_and_its_run_is_history(scripts, seen, failed):
    assert scripts.requeue("a", time=NOW + 50) == [1]
    (run,) = seen().kept.pop("runs:a")
    assert json.loads(run) == {
        "type": "failed",
        "attempt": 1,
        "started_at": NOW - 5,
        "ended_at": NOW,
        "worker": "w",
        "exc": "boom",
    }
    now = seen()
    del now.kept["runs:a"]
    assert now == Snapshot(
        kept={
            "job:a": job(enqueued_at=NOW + 50, attempt=1, requeued_by="r"),
            "queue:q": ["a"],
            "agenda": {"l:q": NOW + LEASE, "f:q": NOW + 9000},
            "queues": {"q"},
        },
        expiring={"bell:q": ["1"]},
    )


def test_a_finished_job_loses_its_result(scripts, seen):
    scripts.enqueue(New("a"))
    scripts.exchange(1, want=1)
    scripts.exchange(2, Settled("finish", "a", "w:1", "r", 500))
    assert scripts.requeue("a") == [1]
    assert "result" not in seen()["job:a"]
    assert "finished:q" not in seen().kept
    assert json.loads(seen()["runs:a"][0])["type"] == "finished"


def test_retries_and_crashes_are_counted_anew(scripts, seen):
    scripts.enqueue(New("a"))
    scripts.exchange(1, want=1)
    scripts.exchange(2, Settled("retry", "a", "w:1", "boom"), want=1)
    scripts.exchange(3, want=1, time=NOW + LEASE)
    scripts.exchange(4, Settled("fail", "a", "w:3", "boom", 9000), time=NOW + LEASE)
    assert {"retries", "crashes"} <= {*seen()["job:a"]}
    scripts.requeue("a")
    assert not {"retries", "crashes"} & {*seen()["job:a"]}


@pytest.mark.parametrize("released", [False, True])
def test_a_canceled_job_had_no_run_to_remember(scripts, seen, released):
    scripts.enqueue(New("a"))
    if released:
        scripts.exchange(1, want=1)
        scripts.exchange(2, Settled("release", "a", "w:1"))
    scripts.cancel("a")
    assert scripts.requeue("a") == [1]
    assert not {"runs:a", "canceled:q"} & {*seen().kept, *seen().expiring}
    assert not {"ended_at", "canceled_by"} & {*seen()["job:a"]}


def test_a_wish_for_the_head_of_the_queue_ends_with_the_retry_it_was_for(scripts, seen):
    scripts.enqueue(New("a"))
    scripts.exchange(1, want=1)
    scripts.exchange(2, Settled("retry", "a", "w:1", "boom", 500, at_front="1"))
    scripts.cancel("a")
    scripts.requeue("a")
    assert "front" not in seen()["job:a"]


@pytest.mark.parametrize(("at_front", "order"), [(0, ["b", "a"]), (1, ["a", "b"])])
def test_a_requeued_job_goes_to_the_tail_or_the_head(scripts, seen, failed, at_front, order):
    scripts.enqueue(New("b"))
    scripts.requeue("a", at_front=at_front)
    assert seen()["queue:q"] == order


def test_a_waiting_ttl_begins_anew(scripts, seen):
    scripts.enqueue(New("a", ttl=5000, fields=("ttl", 5)))
    scripts.exchange(1, want=1)
    scripts.exchange(2, Settled("fail", "a", "w:1", "boom", 9000))
    scripts.requeue("a")
    assert {"job:a", "runs:a"} <= {*seen().expiring}


@pytest.mark.parametrize("ids", [("a",), ("a", "a")])
def test_a_repeated_requeue_changes_nothing(scripts, seen, failed, ids):
    assert scripts.requeue(*ids) == [1] * len(ids)
    before = seen()
    assert before["queue:q"] == ["a"]
    assert scripts.requeue(*ids, time=NOW + 5) == [1] * len(ids)
    assert seen() == before


def test_a_repeated_requeue_does_not_run_a_job_that_failed_again(scripts, seen, failed):
    scripts.requeue("a")
    scripts.exchange(3, want=1)
    scripts.exchange(4, Settled("fail", "a", "w:3", "boom", 9000))
    before = seen()
    assert scripts.requeue("a") == [1]
    assert seen() == before


def test_another_requeue_of_a_job_that_failed_again_counts(scripts, seen, failed):
    scripts.requeue("a")
    scripts.exchange(3, want=1)
    scripts.exchange(4, Settled("fail", "a", "w:3", "boom", 9000))
    assert scripts.requeue("a", nonce="s") == [1]
    assert seen()["queue:q"] == ["a"]
    assert len(seen()["runs:a"]) == 2


def test_jobs_that_have_not_ended_stay_as_they_are(scripts, seen):
    scripts.enqueue(New("a"), New("b"), New("c", place="in", when=5))
    scripts.exchange(1, want=1)
    before = seen()
    assert scripts.requeue("a", "b", "c", "d") == [b"started", b"queued", b"scheduled", b"none"]
    assert seen() == before
