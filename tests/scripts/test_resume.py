from tests.support.scripts import NOW, New
from tests.support.snapshot import Snapshot


def test_what_is_resumed_is_served_and_a_worker_is_woken(scripts, seen):
    scripts.enqueue(New("a"))
    scripts.call("suspend", NOW, -1, "q")
    scripts.command("DEL", scripts.keys.bell("q"))
    assert scripts.call("resume", NOW, "q") == 1
    assert "bell:q" in seen().expiring
    assert scripts.exchange(1, want=1).ids == ["a"]


def test_nothing_of_a_suspension_is_left(scripts, seen):
    scripts.call("suspend", NOW, 700, "q")
    scripts.call("resume", NOW, "q")
    assert seen() == Snapshot()


def test_other_suspensions_go_on(scripts, seen):
    scripts.call("suspend", NOW, 700, "q", "other")
    scripts.call("suspend", NOW, -1, "*")
    assert scripts.call("resume", NOW, "q") == 1
    assert seen().kept == {
        "suspended": {"other": str(NOW + 700), "*": "0"},
        "agenda": {"p:": -1, "r:": NOW + 700},
    }


def test_what_is_not_suspended_is_not_resumed(scripts, seen):
    assert scripts.call("resume", NOW, "q") == 0
    assert seen() == Snapshot()


def test_the_end_of_the_suspension_of_all_wakes_a_worker_for_each_queue(scripts, seen):
    scripts.enqueue(New("a"))
    scripts.enqueue(New("b"), queue="other")
    scripts.call("suspend", NOW, -1, "*")
    scripts.command("DEL", scripts.keys.bell("q"), scripts.keys.bell("other"))
    assert scripts.call("resume", NOW, "*") == 1
    assert {"bell:q", "bell:other"} <= {*seen().expiring}
