import pytest

from tests.support.scripts import NOW, New, Settled
from tests.support.snapshot import Snapshot

LEFT_OVER = {"agenda", "queues", "bell:q", "worker:w"}


def make(scripts, status):
    """Job `a` with that status."""
    if status == "scheduled":
        scripts.enqueue(New("a", place="in", when=700))
        return
    scripts.enqueue(New("a"))
    if status == "canceled":
        scripts.cancel("a")
    elif status == "deferred":
        scripts.command("DEL", scripts.keys.queue("q"))
        scripts.command("HSET", scripts.keys.job("a"), "status", "deferred")
        scripts.command("ZADD", scripts.keys.deferred("q"), NOW, "a")
    elif status != "queued":
        scripts.exchange(1, want=1)
    if status in {"finished", "failed"}:
        scripts.exchange(
            2, Settled({"finished": "finish"}.get(status, "fail"), "a", "w:1", "x", 500)
        )


@pytest.mark.parametrize(
    "status", ["queued", "scheduled", "deferred", "started", "finished", "failed", "canceled"]
)
def test_a_deleted_job_leaves_no_trace_whatever_its_status(scripts, seen, status):
    make(scripts, status)
    assert seen()["job:a"]["status"] == status
    assert scripts.delete("a") == 1
    assert {*seen().kept, *seen().expiring} <= LEFT_OVER


def test_the_others_stay(scripts, seen):
    scripts.enqueue(*map(New, "abc"))
    scripts.delete("b")
    assert seen()["queue:q"] == ["a", "c"]
    assert {"job:a", "job:c"} <= {*seen().kept}


def test_a_history_goes_too(scripts, seen):
    scripts.enqueue(New("a"))
    scripts.exchange(1, want=1)
    scripts.exchange(2, Settled("retry", "a", "w:1", "boom"))
    scripts.delete("a")
    assert "runs:a" not in seen().kept


def test_a_tombstone_goes_too(scripts, seen):
    scripts.enqueue(New("a"))
    scripts.exchange(1, want=1)
    scripts.exchange(2, Settled("finish", "a", "w:1"))
    assert scripts.delete("a") == 1
    assert "ex:a" not in seen().expiring


def test_the_outcome_of_a_deleted_run_is_refused(scripts, seen):
    make(scripts, "started")
    scripts.delete("a")
    assert scripts.exchange(2, Settled("finish", "a", "w:1", "r", 500)).refused == ["a"]
    assert {*seen().kept, *seen().expiring} <= LEFT_OVER


def test_nothing_is_there_to_delete(scripts, seen):
    assert scripts.delete("a") == 0
    assert seen() == Snapshot()
