import pytest

from tests.support.scripts import NOW, TTL
from tests.support.snapshot import Snapshot
from workhorse.exceptions import ServerError


def hash_of(identity="1", now=NOW):
    return {
        "identity": identity,
        "machine": "machine",
        "birth": str(now),
        "last_heartbeat": str(now),
        "queues": "q",
    }


def test_a_worker_is_known_until_its_ttl_is_over(scripts, seen):
    assert scripts.register() == []
    assert seen() == Snapshot(
        kept={"workers": {"w": NOW + TTL}},
        expiring={"worker:w": hash_of(), "machine:machine": {"w": "1"}},
    )


def test_a_repeated_registration_changes_nothing(scripts, seen):
    scripts.register()
    before = seen()
    assert scripts.register() == []
    assert seen() == before


def test_it_learns_of_its_neighbours(scripts):
    scripts.register("v", "7")
    assert scripts.register() == [b"v", b"7"]


def test_a_worker_without_a_machine_has_no_neighbours(scripts, seen):
    assert scripts.call("register", NOW, "w", TTL, "", "1") == []
    assert {*seen().expiring} == {"worker:w"}


def test_the_name_of_a_live_worker_is_taken(scripts, seen):
    scripts.register()
    before = seen()
    with pytest.raises(ServerError, match=r"^DUPLICATE w$"):
        scripts.register(identity="2", time=NOW + TTL - 1)
    assert seen() == before


def test_the_name_of_a_dead_worker_is_free_and_nothing_of_it_is_left(scripts, seen):
    scripts.register()
    scripts.command("HSET", scripts.keys.worker("w"), "number", 5)
    scripts.register(identity="2", time=NOW + TTL)
    assert seen().expiring["worker:w"] == hash_of("2", NOW + TTL)
    assert seen()["machine:machine"] == {"w": "2"}


def test_a_worker_that_was_forgotten_keeps_its_number(scripts, seen):
    scripts.command("HSET", scripts.keys.worker("w"), "number", 5)
    scripts.register()
    assert seen()["worker:w"]["number"] == "5"


def test_workers_that_are_gone_for_a_day_are_forgotten(scripts, seen):
    scripts.command("ZADD", scripts.keys.workers, NOW - 86_400_001, "old", NOW - 5, "recent")
    scripts.register()
    assert {*seen()["workers"]} == {"w", "recent"}
