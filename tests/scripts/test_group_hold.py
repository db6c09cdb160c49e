import pytest

from tests.support.scripts import NOW, New, Settled
from workhorse.exceptions import ServerError

HOUR = 3_600_000


@pytest.fixture
def group(scripts):
    """Group `g`, which nobody has added to."""
    scripts.call("group_open", NOW, "g", "n", 5000, "")


def hold(scripts, holder="h", duration=HOUR, *, time=NOW):
    return scripts.call("group_hold", time, "g", holder, duration)


def member(job_id, **more):
    fields = {"group_id": "g", "after": 1, **more}
    return New(job_id, fields=tuple(word for pair in fields.items() for word in pair))


def run(scripts, number, *ids, time=NOW):
    """Take the next jobs, and finish them."""
    taken = scripts.exchange(number, want=len(ids), time=time).ids
    assert taken == [*ids]
    settled = [Settled("finish", job_id, f"w:{number}", "", 60_000) for job_id in ids]
    scripts.exchange(number + 1, *settled, time=time)


def test_a_hold_is_known_and_looked_after(scripts, seen, group):
    before = seen()
    assert hold(scripts) == 1
    now = seen()
    assert now.expiring.pop("holds:g") == {"h": NOW + HOUR}
    assert now.kept.pop("agenda") == {"g:g": NOW + HOUR}
    assert now == before


def test_a_repeated_hold_changes_nothing(scripts, seen, group):
    hold(scripts)
    before = seen()
    hold(scripts)
    assert seen() == before


def test_a_group_that_is_held_does_not_complete(scripts, seen, group):
    hold(scripts)
    scripts.enqueue(member("a"))
    run(scripts, 1, "a")
    assert seen()["group:g"]["open"] == "0"
    assert "ended_at" not in seen()["group:g"]


def test_a_group_is_complete_when_the_last_hold_ends(scripts, seen, group):
    hold(scripts)
    hold(scripts, "i")
    hold(scripts, duration=0)
    assert "ended_at" not in seen()["group:g"]
    assert hold(scripts, "i", 0, time=NOW + 7) == 1
    now = seen()
    assert now.expiring["group:g"]["ended_at"] == str(NOW + 7)
    assert "holds:g" not in {*now.kept, *now.expiring}
    assert "agenda" not in now.kept


def test_the_end_of_a_hold_may_arrive_twice(scripts, seen, group):
    hold(scripts)
    hold(scripts, duration=0)
    before = seen()
    hold(scripts, duration=0, time=NOW + 9)
    assert seen() == before


def test_the_end_of_a_hold_leaves_a_group_with_open_jobs_open(scripts, seen, group):
    hold(scripts)
    scripts.enqueue(member("a"))
    hold(scripts, duration=0)
    assert "ended_at" not in seen()["group:g"]


def test_who_holds_a_group_and_died_holds_it_for_an_hour(scripts, seen, group):
    hold(scripts)
    scripts.enqueue(member("a"))
    run(scripts, 1, "a")
    scripts.exchange(3, time=NOW + HOUR - 1)
    assert "ended_at" not in seen()["group:g"]
    scripts.exchange(4, time=NOW + HOUR)
    assert seen()["group:g"]["ended_at"] == str(NOW + HOUR)
    assert "g:g" not in seen().get("agenda", {})


def test_a_second_hold_outlives_that_of_one_who_died(scripts, seen, group):
    hold(scripts)
    hold(scripts, "i", time=NOW + 1000)
    scripts.exchange(1, time=NOW + HOUR)
    assert seen()["agenda"] == {"g:g": NOW + 1000 + HOUR}
    assert "ended_at" not in seen()["group:g"]


def test_a_group_that_is_not_there_is_not_held(scripts, seen):
    before = seen()
    with pytest.raises(ServerError, match=r"^NOGROUP g$"):
        hold(scripts)
    assert seen() == before
