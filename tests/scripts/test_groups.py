"""A group counts its jobs, whatever becomes of them, and is complete when none is open."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.support.scripts import LEASE, NOW, New, Settled, job
from tests.support.snapshot import Snapshot

WEEK = 604_800_000
COUNTERS = ("open", "finished", "failed", "stopped", "canceled", "deleted")


def member(job_id, *, mode="new", nonce="", place="back", when="", **fields):
    words = {"group_id": "g", "after": 1, **fields}
    ttl = fields.get("ttl", 0) * 1000 or ""
    flat = tuple(word for pair in words.items() for word in pair)
    return New(job_id, mode, nonce, place, when, ttl, flat)


def packed(*words):
    return "".join(f"{len(word)}:{word}" for word in words)


def group(seen):
    """The counters that are not 0."""
    found = seen().get("group:g", {})
    return {name: int(found[name]) for name in COUNTERS if int(found.get(name, 0))}


def is_complete(seen):
    return "ended_at" in seen()["group:g"]


@pytest.fixture
def called(scripts):
    """Group `g` leaves the call `g-complete`, and is kept for 5 s."""
    call = packed("g-complete", "done", "func", "m.f", "data", "d")
    scripts.call("group_open", NOW, "g", "n", 5000, call)


def test_the_first_job_makes_a_group(scripts, seen):
    scripts.enqueue(member("a"), member("b"))
    words: dict[str, Any] = {"group_id": "g", "after": 1}
    assert seen() == Snapshot(
        kept={
            "job:a": job(**words),
            "job:b": job(**words),
            "queue:q": ["a", "b"],
            "queues": {"q"},
            "group:g": {"created_at": str(NOW), "open": "2"},
            "members:g": {"a", "b"},
            "groups": {"g": NOW},
        },
        expiring={"bell:q": ["1"]},
    )


def test_a_repeated_enqueue_counts_nothing_twice(scripts, seen):
    call = (member("a"), member("b", mode="replace", nonce="n"))
    scripts.enqueue(*call)
    before = seen()
    scripts.enqueue(*call)
    assert seen() == before


def test_the_last_job_completes_its_group(scripts, seen):
    scripts.enqueue(member("a"), member("b"))
    scripts.exchange(1, want=2)
    scripts.exchange(2, Settled("finish", "a", "w:1", "", 0))
    assert group(seen) == {"open": 1, "finished": 1}
    assert not is_complete(seen)
    scripts.exchange(3, Settled("finish", "b", "w:1", "", 0), time=NOW + 7)
    now = seen()
    assert now.expiring["group:g"] == {
        "created_at": str(NOW),
        "open": "0",
        "finished": "2",
        "ended_at": str(NOW + 7),
    }
    assert now.expiring["members:g"] == {"a", "b"}
    assert WEEK - 5000 < scripts.command("PTTL", scripts.keys.group("g")) <= WEEK


def test_a_repeated_exchange_counts_nothing_twice(scripts, seen):
    scripts.enqueue(member("a"), member("b"))
    scripts.exchange(1, want=1)
    for _ in range(2):
        scripts.exchange(2, Settled("finish", "a", "w:1", "", 0))
        assert group(seen) == {"open": 1, "finished": 1}


ENDS = {
    "finish": "finished",
    "fail": "failed",
    "stop": "stopped",
    "died": "failed",
    "stopped, died": "stopped",
    "cancel": "canceled",
    "release": "canceled",
    "delete": "deleted",
    "empty": "deleted",
    "abandon": "failed",
    "expire": "deleted",
    "doom": "failed",
    "doom, canceled": "canceled",
}


@pytest.mark.parametrize("how", ENDS)
def test_each_end_is_counted_as_what_it_was(scripts, seen, how):
    with_ends: dict[str, dict[str, Any]] = {"abandon": {"on_crash": "fail"}, "expire": {"ttl": 5}}
    more = with_ends.get(how, {})
    if how.startswith("doom"):
        scripts.enqueue(New("p"))
        scripts.exchange(1, want=1)
        scripts.exchange(2, Settled("fail", "p", "w:1", "boom", 9000))
        policy = {"on_parent": "cancel"} if "canceled" in how else {}
        scripts.enqueue(member("a", place="wait", parents="p", **policy))
    else:
        scripts.enqueue(member("a", **more))
    if how in {"cancel", "release"}:
        scripts.cancel("a", release="1" if how == "release" else "")
    elif how == "delete":
        scripts.delete("a")
    elif how == "empty":
        scripts.call("empty", NOW, "q", 5)
    elif how == "abandon":
        scripts.exchange(1, want=1)
        scripts.exchange(2, time=NOW + LEASE)
    elif how == "expire":
        scripts.exchange(1, want=1, time=NOW + 5000)
    elif not how.startswith("doom"):
        scripts.exchange(1, want=1)
        kind = "fail" if how == "died" else how.partition(",")[0].removesuffix("ped")
        horseless = "1" if "died" in how else ""
        scripts.exchange(2, Settled(kind, "a", "w:1", "boom", 9000, at_front=horseless))
    assert group(seen) == {ENDS[how]: 1}
    assert is_complete(seen)
    assert seen().get("members:g", set()) == (set() if ENDS[how] == "deleted" else {"a"})


def test_what_goes_on_is_open(scripts, seen):
    scripts.enqueue(member("a"), member("b"), member("c"), member("d", place="in", when=9000))
    scripts.exchange(1, want=3)
    scripts.exchange(
        2,
        Settled("retry", "a", "w:1", "boom"),
        Settled("repeat", "b", "w:1"),
        Settled("release", "c", "w:1"),
    )
    assert group(seen) == {"open": 4}


@pytest.mark.parametrize("kind", ["finish", "fail", "stop"])
def test_a_job_that_is_requeued_is_open_again(scripts, seen, kind):
    scripts.enqueue(member("a"))
    scripts.exchange(1, want=1)
    scripts.exchange(2, Settled(kind, "a", "w:1", "boom", 9000))
    assert "group:g" in seen().expiring
    for _ in range(2):
        scripts.requeue("a")
        assert group(seen) == {"open": 1}
        assert not is_complete(seen)
        assert {"group:g", "members:g"} <= {*seen().kept}
    scripts.exchange(3, want=1)
    scripts.exchange(4, Settled("finish", "a", "w:3", "", 0))
    assert group(seen) == {"finished": 1}
    assert is_complete(seen)


@pytest.mark.parametrize("kind", ["finish", "fail"])
def test_a_job_deleted_after_its_end_stays_counted_as_it_ended(scripts, seen, kind):
    scripts.enqueue(member("a"), member("b"))
    scripts.exchange(1, want=1)
    scripts.exchange(2, Settled(kind, "a", "w:1", "boom", 9000))
    scripts.delete("a")
    assert group(seen) == {"open": 1, "finished" if kind == "finish" else "failed": 1}
    assert seen()["members:g"] == {"b"}
    assert not is_complete(seen)


def test_a_job_in_place_of_one_that_had_ended_is_counted_beside_it(scripts, seen):
    scripts.enqueue(member("a", mode="replace", nonce="n"), member("b"))
    scripts.exchange(1, want=1)
    scripts.exchange(2, Settled("finish", "a", "w:1", "", 9000))
    scripts.enqueue(member("a", mode="replace", nonce="m"))
    assert group(seen) == {"open": 2, "finished": 1}
    assert seen()["members:g"] == {"a", "b"}


def test_a_job_in_place_of_one_that_waited_keeps_the_group_open(scripts, seen, called):
    scripts.enqueue(member("a", mode="replace", nonce="n"))
    scripts.enqueue(member("a", mode="replace", nonce="m"))
    assert group(seen) == {"open": 1, "deleted": 1}
    assert not is_complete(seen)
    assert "job:g-complete" not in seen().kept


def test_a_group_whose_last_job_is_replaced_by_a_strangers_is_complete(scripts, seen, called):
    scripts.enqueue(member("a", mode="replace", nonce="n"))
    scripts.enqueue(New("a", "replace", "m"))
    assert group(seen) == {"deleted": 1}
    assert is_complete(seen)


def test_a_job_that_comes_late_opens_its_group_and_keeps_it(scripts, seen, called):
    scripts.enqueue(member("a"))
    scripts.delete("a")
    assert "group:g" in seen().expiring
    scripts.enqueue(member("b"))
    assert {"group:g", "members:g"} <= {*seen().kept}
    assert not is_complete(seen)


# The call


def test_a_complete_group_makes_its_call(scripts, seen, called):
    scripts.enqueue(member("a"))
    scripts.exchange(1, want=1)
    scripts.exchange(2, Settled("finish", "a", "w:1", "", 0), time=NOW + 7)
    now = seen()
    assert now.kept["job:g-complete"] == {
        "status": "queued",
        "origin": "done",
        "created_at": str(NOW + 7),
        "func": "m.f",
        "data": "d",
    }
    assert now.kept["queue:done"] == ["g-complete"]
    assert now.kept["queues"] == {"q", "done"}
    assert now.expiring["bell:done"] == ["1"]
    assert now.expiring["group:g"]["called"] == str(NOW + 7)
    assert scripts.command("PTTL", scripts.keys.group("g")) <= 5000


def test_the_call_is_made_once(scripts, seen, called):
    scripts.enqueue(member("a"), member("b"))
    number = iter(range(1, 100))
    made: Counter[str] = Counter()

    def finish_all():
        while ids := scripts.exchange(at := next(number), want=9, queues=("q", "done")).ids:
            made.update(ids)
            for job_id in ids:
                queue = "done" if job_id == "g-complete" else "q"
                settled = Settled("finish", job_id, f"w:{at}", "", 9000, queue)
                scripts.exchange(next(number), settled)

    finish_all()
    scripts.requeue("a")
    scripts.enqueue(member("c"))
    finish_all()
    assert made == {"a": 2, "b": 1, "c": 1, "g-complete": 1}


def test_a_group_that_is_kept_for_ever_does_not_expire(scripts, seen):
    scripts.call("group_open", NOW, "g", "n", -1, "")
    scripts.enqueue(member("a"))
    scripts.delete("a")
    assert is_complete(seen)
    assert "group:g" in seen().kept


def test_garbage_in_a_group_stops_nobody(scripts, seen):
    scripts.enqueue(member("a"))
    scripts.command("HSET", scripts.keys.group("g"), "call", "garbage", "ttl", "garbage")
    scripts.exchange(1, want=1)
    assert scripts.exchange(2, Settled("finish", "a", "w:1", "", 0)).refused == []
    assert is_complete(seen)


def test_a_foreign_key_in_place_of_a_group_stops_nobody(scripts):
    scripts.enqueue(member("a"), member("b"))
    scripts.command("HSET", scripts.keys.group("g"), "open", "garbage")
    scripts.exchange(1, want=2)
    assert scripts.exchange(2, Settled("finish", "a", "w:1", "", 0)).refused == []
    scripts.command("SET", scripts.keys.group("g"), "foreign")
    assert scripts.exchange(3, Settled("finish", "b", "w:1", "", 0)).refused == []


# The list of groups


def test_names_of_groups_that_jobs_have_made_leave_the_list(scripts, seen):
    for number in range(40):
        scripts.enqueue(New(f"j{number}", fields=("group_id", f"g{number}", "after", 1)))
        scripts.command("DEL", scripts.keys.group(f"g{number}"))
    assert len(seen()["groups"]) <= 3


def test_a_look_tells_how_far_groups_are_and_changes_nothing(scripts, seen, called):
    jobs = [member(name) for name in "abc"]
    scripts.enqueue(*jobs, member("x", group_id="h"), time=NOW + 1)
    scripts.exchange(1, want=1)
    scripts.exchange(2, Settled("finish", "a", "w:1", "", 0))
    scripts.cancel("b")
    before = seen()
    rows = [[b"h", 1, 0, 0, 0, 0, 0, 0], [b"g", 1, 1, 0, 0, 1, 0, 0]]
    assert scripts.call("groups", NOW + 2, 0, 9) == [2, *rows]
    assert scripts.call("groups", NOW + 2, 1, 1) == [2, rows[1]]
    assert scripts.call("groups", NOW + 2, 0, 0) == [2]
    assert seen() == before


def test_a_look_tells_that_a_group_is_complete_unless_somebody_adds_to_it(scripts):
    scripts.enqueue(member("a"))
    scripts.exchange(1, want=1)
    scripts.exchange(2, Settled("finish", "a", "w:1", "", 0))
    assert scripts.call("groups", NOW, 0, 9) == [1, [b"g", 0, 1, 0, 0, 0, 0, 1]]
    scripts.call("group_hold", NOW, "g", "me", 1000)
    assert scripts.call("groups", NOW, 0, 9) == [1, [b"g", 0, 1, 0, 0, 0, 0, 0]]


def test_a_look_passes_over_groups_that_are_gone_and_over_garbage(scripts):
    scripts.enqueue(member("a"), member("b", group_id="h"), member("c", group_id="i"))
    scripts.command("DEL", scripts.keys.group("g"))
    scripts.command("HSET", scripts.keys.group("h"), "open", "many")
    scripts.command("DEL", scripts.keys.group("i"))
    scripts.command("SET", scripts.keys.group("i"), "no hash")
    assert scripts.call("groups", NOW, 0, 9) == [3, [b"h", 0, 0, 0, 0, 0, 0, 0]]
