import pytest

from tests.support.scripts import NOW, New, job
from tests.support.snapshot import Snapshot
from workhorse.exceptions import ServerError


def promote(scripts, job_id="a", *, nonce="p", at_front=0, time=NOW):
    return scripts.call("promote", time, job_id, at_front, nonce)


def test_a_scheduled_job_goes_to_its_queue(scripts, seen):
    scripts.enqueue(New("a", place="in", when=700))
    scripts.command("DEL", scripts.keys.bell("q"))
    assert promote(scripts, time=NOW + 5) == 1
    assert seen() == Snapshot(
        kept={
            "job:a": job(enqueued_at=NOW + 5, requeued_by="p"),
            "queue:q": ["a"],
            "queues": {"q"},
            "agenda": {"s:q": NOW + 700},
        },
        expiring={"bell:q": ["1"]},
    )


def test_a_deferred_job_goes_to_its_queue_without_the_others(scripts, seen):
    scripts.enqueue(New("parent"))
    scripts.enqueue(New("a", place="wait", fields=("parents", "parent")))
    assert promote(scripts) == 1
    now = seen()
    assert now.kept["queue:q"] == ["parent", "a"]
    assert now.kept["job:a"]["status"] == "queued"
    assert {"deferred:q", "waits:a"}.isdisjoint(now.kept)


def test_what_was_promoted_is_not_enqueued_again_when_the_other_ends(scripts, seen):
    scripts.enqueue(New("parent"))
    scripts.enqueue(New("a", place="wait", fields=("parents", "parent")))
    promote(scripts)
    scripts.cancel("parent")
    assert seen().kept["queue:q"] == ["a"]


def test_it_can_go_to_the_head(scripts, seen):
    scripts.enqueue(New("b"))
    scripts.enqueue(New("a", place="in", when=700))
    promote(scripts, at_front=1)
    assert seen().kept["queue:q"] == ["a", "b"]


def test_a_repeated_promotion_changes_nothing(scripts, seen):
    scripts.enqueue(New("a", place="in", when=700))
    promote(scripts)
    before = seen()
    assert promote(scripts, time=NOW + 9) == 1
    assert seen() == before


def test_a_job_that_is_ready_or_gone_is_not_promoted(scripts, seen):
    scripts.enqueue(New("b"))
    before = seen()
    with pytest.raises(ServerError, match=r"^STATUS queued$"):
        promote(scripts, "b")
    with pytest.raises(ServerError, match=r"^NOJOB a$"):
        promote(scripts)
    assert seen() == before
