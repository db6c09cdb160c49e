from tests.support.scripts import NOW, New, Settled, job
from tests.support.snapshot import Snapshot


def test_waiting_jobs_are_deleted_from_the_head_up_to_the_bound(scripts, seen):
    scripts.enqueue(*map(New, "abc"))
    assert scripts.call("empty", NOW, "q", 2) == 2
    assert seen() == Snapshot(
        kept={"job:c": job(), "queue:q": ["c"], "queues": {"q"}}, expiring={"bell:q": ["1"]}
    )
    assert scripts.call("empty", NOW, "q", 2) == 1
    assert scripts.call("empty", NOW, "q", 2) == 0


def test_histories_go_too(scripts, seen):
    scripts.enqueue(New("a"))
    scripts.exchange(1, want=1)
    scripts.exchange(2, Settled("retry", "a", "w:1", "boom"))
    scripts.call("empty", NOW, "q", 2)
    assert "runs:a" not in seen().kept


def test_a_job_that_expired_and_began_anew_elsewhere_stays(scripts, seen):
    scripts.enqueue(New("a", "replace", "n1"))
    scripts.command("DEL", scripts.keys.job("a"))
    scripts.enqueue(New("a", "replace", "n2"), queue="p")
    scripts.call("empty", NOW, "q", 2)
    assert seen()["job:a"]["origin"] == "p"


def test_a_job_that_is_no_hash_is_passed_over(scripts, seen):
    scripts.enqueue(*map(New, "abc"))
    scripts.command("SET", scripts.keys.job("a"), "garbage")
    assert scripts.call("empty", NOW, "q", 5) == 3
    assert seen() == Snapshot(
        kept={"job:a": "garbage", "queues": {"q"}}, expiring={"bell:q": ["1"]}
    )


def test_running_and_scheduled_jobs_stay(scripts, seen):
    scripts.enqueue(New("a"), New("b", place="in", when=5))
    scripts.exchange(1, want=1)
    before = seen()
    assert scripts.call("empty", NOW, "q", 2) == 0
    assert seen() == before
