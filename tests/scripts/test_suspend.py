import pytest

from tests.support.scripts import NOW, New, Settled
from tests.support.snapshot import Snapshot


@pytest.mark.parametrize(
    ("duration", "over", "agenda"), [(-1, "0", {}), (700, str(NOW + 700), {"r:": NOW + 700})]
)
def test_a_suspension_stands_first_in_the_agenda(scripts, seen, duration, over, agenda):
    assert scripts.call("suspend", NOW, duration, "q") == 1
    assert seen() == Snapshot(kept={"suspended": {"q": over}, "agenda": {"p:": -1, **agenda}})


def test_a_suspended_queue_is_passed_over(scripts):
    scripts.enqueue(New("a"))
    scripts.enqueue(New("b"), queue="other")
    scripts.call("suspend", NOW, -1, "q")
    answer = scripts.exchange(1, want=5, queues=("q", "other"))
    assert answer.ids == ["b"]
    assert scripts.news == [b"suspended", b"q"]


def test_a_suspension_of_all_holds_for_every_queue(scripts):
    scripts.enqueue(New("a"))
    scripts.call("suspend", NOW, -1, "*")
    answer = scripts.exchange(1, want=5)
    assert (answer.ids, answer.left, answer.due) == ([], 0, -1)


def test_outcomes_are_taken_while_all_is_suspended(scripts):
    scripts.enqueue(New("a"))
    scripts.exchange(1, want=1)
    scripts.call("suspend", NOW, -1, "*")
    assert scripts.exchange(2, Settled("finish", "a", "w:1"), want=1).refused == []


def test_a_worker_that_is_woken_by_a_suspended_queue_wakes_no_other(scripts, seen):
    scripts.enqueue(New("a"))
    scripts.call("suspend", NOW, -1, "q")
    scripts.command("DEL", scripts.keys.bell("q"))
    scripts.exchange(1, want=5)
    assert "bell:q" not in seen().expiring


def test_the_next_due_thing_is_told_while_a_queue_is_suspended(scripts):
    scripts.call("suspend", NOW, -1, "q")
    scripts.enqueue(New("a", place="in", when=700))
    assert scripts.exchange(1, want=5).due == 700


def test_a_job_that_is_due_first_rings_while_a_queue_is_suspended(scripts, seen):
    scripts.call("suspend", NOW, -1, "other")
    scripts.enqueue(New("a", place="in", when=700))
    assert "bell:q" in seen().expiring


def test_a_suspension_ends_by_itself(scripts, seen):
    scripts.enqueue(New("a"))
    scripts.call("suspend", NOW, 700, "q")
    assert scripts.exchange(1, want=1, time=NOW + 699).ids == []
    scripts.exchange(2, want=1, time=NOW + 700)
    assert scripts.exchange(3, want=1, time=NOW + 700).ids == ["a"]
    assert "suspended" not in seen().kept
    assert not {"p:", "r:"} & {*seen().kept["agenda"]}
