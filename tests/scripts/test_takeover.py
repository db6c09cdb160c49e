import pytest

from tests.support.scripts import LEASE, NOW, New, job
from tests.support.snapshot import Snapshot


@pytest.fixture
def dead(scripts):
    """Worker `w` has taken a, b and c; d waits; no bell."""
    scripts.register()
    scripts.enqueue(*map(New, "abcd"))
    scripts.exchange(1, want=3)
    scripts.command("DEL", scripts.keys.bell("q"))


def test_the_jobs_of_the_dead_go_to_the_head_in_their_order(scripts, seen, dead):
    assert scripts.takeover() == 3
    assert seen() == Snapshot(
        kept={
            **{f"job:{job_id}": job(attempt=1, crashes=1) for job_id in "abc"},
            "job:d": job(),
            "queue:q": ["a", "b", "c", "d"],
            "agenda": {"l:q": NOW + LEASE},
            "queues": {"q"},
        }
    )


def test_a_repeated_takeover_changes_nothing(scripts, seen, dead):
    scripts.takeover()
    before = seen()
    assert scripts.takeover() == 0
    assert seen() == before


def test_an_empty_queue_rings(scripts, seen, dead):
    scripts.delete("d")
    scripts.takeover()
    assert seen()["bell:q"] == ["1"]


def test_a_bounded_takeover_can_be_continued_by_anybody(scripts, seen, dead):
    assert scripts.takeover(at_most=2) == 2
    assert {*seen()["started:q"]} == {"a"}
    assert seen()["machine:machine"] == {"w": "1"}
    assert scripts.takeover(at_most=2) == 1
    assert {*seen().expiring} == set()
    assert seen()["queue:q"] == ["a", "b", "c", "d"]


def test_a_new_process_of_that_name_is_left_alone(scripts, seen, dead):
    before = seen()
    assert scripts.takeover(identity="0") == 0
    assert seen() == before


def test_a_worker_that_the_server_has_forgotten_leaves_its_machine(scripts, seen):
    scripts.register()
    scripts.command("DEL", scripts.keys.worker("w"))
    assert scripts.takeover() == 0
    assert "machine:machine" not in seen().expiring


@pytest.mark.parametrize("name", ["v", "w:2", "w2"])
def test_the_jobs_of_others_stay(scripts, seen, dead, name):
    scripts.exchange(7, want=1, worker=name)
    scripts.takeover()
    assert {*seen()["started:q"]} == {"d"}


def test_a_job_that_must_not_run_twice_fails(scripts, seen):
    scripts.register()
    scripts.enqueue(New("a", fields=("on_crash", "fail")))
    scripts.exchange(1, want=1)
    assert scripts.takeover() == 1
    assert seen()["job:a"]["status"] == "failed"
