from tests.support.scripts import LEASE, NOW, TTL, New
from tests.support.snapshot import Snapshot


def test_leases_and_the_worker_live_on(scripts, seen):
    scripts.register()
    scripts.enqueue(New("a"), New("b"))
    scripts.exchange(1, want=2)
    before = seen()
    assert scripts.extend(("a", "w:1"), time=NOW + 5000) == (1, [], [])
    before.kept["started:q"]["a"] = NOW + 5000 + LEASE
    before.kept["workers"]["w"] = NOW + 5000 + TTL
    before.expiring["worker:w"] |= {"last_heartbeat": str(NOW + 5000), "state": "busy"}
    assert seen() == before


def test_the_agenda_looks_too_early_and_sets_itself_right(scripts, seen):
    scripts.enqueue(New("a"))
    scripts.exchange(1, want=1)
    scripts.extend(("a", "w:1"), time=NOW + 5000)
    assert seen()["agenda"] == {"l:q": NOW + LEASE}
    assert scripts.exchange(2, time=NOW + LEASE).due == 5000
    assert seen()["agenda"] == {"l:q": NOW + 5000 + LEASE}
    assert seen()["job:a"]["status"] == "started"


def test_a_stale_token_extends_nothing_and_is_told(scripts, seen):
    scripts.register()
    scripts.enqueue(New("a"), New("b"))
    scripts.exchange(1, want=1)
    leases = seen()["started:q"]
    stale = (("a", "w:2"), ("b", "w:1"), ("c", "w:1"))
    assert scripts.extend(*stale, time=NOW + 5000) == (1, ["a", "b", "c"], [])
    assert seen()["started:q"] == leases


def test_a_heartbeat_that_arrives_late_shortens_no_lease(scripts, seen):
    scripts.enqueue(New("a"))
    scripts.exchange(1, want=1)
    scripts.extend(("a", "w:1"), time=NOW - 5000)
    assert seen()["started:q"] == {"a": NOW + LEASE}


def test_a_worker_that_was_forgotten_keeps_its_jobs_and_must_register_again(scripts, seen):
    scripts.enqueue(New("a"))
    scripts.exchange(1, want=1)
    before = seen()
    assert scripts.extend(("a", "w:1"), time=NOW + 5000) == (0, [], [])
    before.kept["started:q"]["a"] = NOW + 5000 + LEASE
    assert seen() == before


def test_a_name_that_another_process_bears_now_is_not_touched(scripts, seen):
    scripts.register(identity="2")
    before = seen()
    assert scripts.extend(time=NOW + 5000) == (0, [], [])
    assert seen() == before


def test_a_heartbeat_of_nobody_leaves_nothing(scripts, seen):
    assert scripts.extend() == (0, [], [])
    assert seen() == Snapshot()


def test_neighbours_are_named(scripts):
    scripts.register("v", "7")
    scripts.register()
    assert scripts.extend()[2] == [b"v", b"7"]
