import pytest

from tests.support.scripts import NOW, YEAR, New, Settled, job
from tests.support.snapshot import Snapshot
from workhorse.exceptions import ServerError

FOR_A_YEAR = {"canceled:q": {"a": NOW + YEAR}, "queues": {"q"}}


def test_a_queued_job_is_canceled_and_kept(scripts, seen):
    scripts.enqueue(New("a", ttl=5000, fields=("ttl", 5)), New("b"))
    assert scripts.cancel("a") == 1
    assert seen() == Snapshot(
        kept={"job:b": job(), "queue:q": ["b"], "agenda": {"c:q": NOW + YEAR}, **FOR_A_YEAR},
        expiring={
            "job:a": job("canceled", ttl=5, ended_at=NOW, canceled_by="c"),
            "bell:q": ["1"],
        },
    )


def test_a_scheduled_job_is_canceled_and_kept(scripts, seen):
    scripts.enqueue(New("a", place="in", when=700))
    assert scripts.cancel("a") == 1
    assert seen() == Snapshot(
        kept={"agenda": {"s:q": NOW + 700, "c:q": NOW + YEAR}, **FOR_A_YEAR},
        expiring={"job:a": job("canceled", ended_at=NOW, canceled_by="c"), "bell:q": ["1"]},
    )


def test_a_deferred_job_is_canceled(scripts, seen):
    scripts.enqueue(New("a"))
    scripts.command("DEL", scripts.keys.queue("q"))
    scripts.command("HSET", scripts.keys.job("a"), "status", "deferred")
    scripts.command("ZADD", scripts.keys.deferred("q"), NOW, "a")
    assert scripts.cancel("a") == 1
    assert "deferred:q" not in seen().kept


def test_a_canceled_job_can_be_kept_for_ever(scripts, seen):
    scripts.enqueue(New("a", ttl=5000, fields=("ttl", 5)))
    scripts.cancel("a", ttl=-1)
    assert seen().kept["canceled:q"] == {"a": float("inf")}
    assert "job:a" in seen().kept


def test_the_history_of_a_canceled_job_expires_with_it(scripts, seen):
    scripts.enqueue(New("a"))
    scripts.exchange(1, want=1)
    scripts.exchange(2, Settled("retry", "a", "w:1", "boom"))
    scripts.cancel("a")
    assert {"job:a", "runs:a"} <= {*seen().expiring}


def test_a_repeated_cancel_changes_nothing(scripts, seen):
    scripts.enqueue(New("a"))
    scripts.cancel("a")
    before = seen()
    assert scripts.cancel("a", time=NOW + 5) == 1
    assert seen() == before


def test_a_second_cancel_is_told_that_it_comes_too_late(scripts, seen):
    scripts.enqueue(New("a"))
    scripts.cancel("a")
    before = seen()
    with pytest.raises(ServerError, match=r"^STATUS canceled$"):
        scripts.cancel("a", nonce="d")
    assert seen() == before


def test_a_running_job_is_not_canceled(scripts, seen):
    scripts.enqueue(New("a"))
    scripts.exchange(1, want=1)
    before = seen()
    with pytest.raises(ServerError, match=r"^STATUS started$"):
        scripts.cancel("a")
    assert seen() == before


def test_a_job_that_does_not_exist_is_not_canceled(scripts, seen):
    with pytest.raises(ServerError, match=r"^NOJOB a$"):
        scripts.cancel("a")
    assert seen() == Snapshot()


def test_a_canceled_job_is_not_taken(scripts):
    scripts.enqueue(New("a"), New("b"))
    scripts.cancel("a")
    assert scripts.exchange(1, want=2).ids == ["b"]
