"""The scripts of cron entries: each is called on a seeded state, and all keys are compared."""

from __future__ import annotations

from math import inf

import pytest

from tests.support.scripts import NOW, New, job
from tests.support.snapshot import Snapshot

EVERY = '{"interval": 60000}'
DUE = NOW + 60_000


@pytest.fixture
def put(scripts):
    """Stores an entry that is due at `DUE`."""

    def call(
        name="e", revision="r1", timetable=EVERY, due=DUE, queue="q", fields=("missed", "once")
    ):
        return scripts.call("cron_put", name, revision, timetable, due, queue, *fields)

    return call


@pytest.fixture
def fire(scripts):
    """Fires occurrences of it: pairs of when each was due and its job's id."""

    def call(*ticks, due=DUE, upcoming: int | str = DUE + 60_000, revision="r1", overlap="allow"):
        words = ["e", revision, due, upcoming, overlap, "q"]
        for tick, job_id in ticks:
            place = "wait" if overlap == "queue" else "back"
            words += (tick, "new", "", place, "", "", 1, 1, "func", job_id, "f")
        return scripts.call("cron_fire", due, *words)

    return call


def entry(due: int | str = DUE, **more: object) -> dict[str, str]:
    known = {"revision": "r1", "timetable": EVERY, "due": due, "queue": "q", "missed": "once"}
    return {name: str(value) for name, value in {**known, **more}.items() if value != ""}


def kept(due: int = DUE, **more: object) -> dict[str, object]:
    return {"cron:e": entry(due), "crons": {"e": due}, "agenda": {"t:": due}, **more}


BELL = {"bell:q": ["1"]}


# Definitions


def test_an_entry_is_stored_and_a_worker_is_woken(put, seen):
    assert put() == b"new"
    assert seen() == Snapshot(kept=kept(), expiring=BELL)


def test_the_same_entry_again_changes_nothing(put, seen):
    put()
    assert put(due=DUE + 5, fields=("missed", "all")) == b"same"
    assert seen() == Snapshot(kept=kept(), expiring=BELL)


def test_another_definition_keeps_the_next_time_and_leaves_no_old_field(put, seen):
    put(fields=("missed", "once", "source", "m"))
    assert put(revision="r2", due=DUE + 5) == b"changed"
    expected = kept()
    expected["cron:e"] = entry(revision="r2")
    assert seen() == Snapshot(kept=expected, expiring=BELL)


def test_another_timetable_has_another_next_time(put, seen):
    put()
    assert put(revision="r2", timetable="{}", due=DUE - 5) == b"changed"
    assert seen()["cron:e"] == entry(DUE - 5, revision="r2", timetable="{}")
    assert seen()["crons"] == {"e": DUE - 5}
    assert seen()["agenda"] == {"t:": DUE - 5}


def test_a_paused_entry_is_never_due_and_stays_paused(put, scripts, seen):
    put()
    assert scripts.call("cron_pause", "e") == 1
    paused = {"cron:e": entry(paused=1), "crons": {"e": inf}}
    assert seen() == Snapshot(kept=paused, expiring=BELL)
    assert scripts.call("cron_pause", "e") == 1
    assert seen() == Snapshot(kept=paused, expiring=BELL)
    put(revision="r2")
    assert seen()["crons"] == {"e": inf}
    assert seen()["cron:e"]["paused"] == "1"


def test_a_resumed_entry_is_due_as_it_is_told(put, scripts, seen):
    put()
    scripts.call("cron_pause", "e")
    assert scripts.call("cron_resume", "e", "r0", DUE + 9) == 0
    assert scripts.call("cron_resume", "e", "r1", DUE + 9) == 1
    assert seen() == Snapshot(kept=kept(DUE + 9), expiring=BELL)
    assert scripts.call("cron_resume", "e", "r1", DUE + 99) == 1
    assert seen() == Snapshot(kept=kept(DUE + 9), expiring=BELL)


def test_a_removed_entry_leaves_nothing(put, fire, scripts, seen):
    put()
    fire((DUE, "a"))
    scripts.delete("a")
    scripts.command("DEL", scripts.keys.bell("q"))
    assert scripts.call("cron_remove", "e") == 1
    assert seen() == Snapshot(kept={"queues": {"q"}})
    assert scripts.call("cron_remove", "e") == 0


@pytest.mark.parametrize(
    "words", [("cron_pause", "e"), ("cron_resume", "e", "r", 5), ("cron_run", NOW, "e", "r", "q")]
)
def test_what_is_not_there_is_not_changed(scripts, seen, words):
    assert scripts.call(*words) == 0
    assert seen() == Snapshot()


# Firing


def stored(job_id: str = "a", at: int = DUE) -> dict[str, str]:
    return job(created_at=at, func="f") if job_id else {}


def test_an_occurrence_is_stored_and_the_next_time_set_in_one_step(put, fire, seen):
    put()
    assert fire((DUE, "a")) == [b"a"]
    expected = kept(DUE + 60_000)
    expected |= {"job:a": stored(), "queue:q": ["a"], "queues": {"q"}}
    expected["fired:e"] = [f"{DUE} {DUE} a"]
    assert seen() == Snapshot(kept=expected, expiring=BELL)


def test_who_comes_a_second_time_changes_nothing(put, fire, seen):
    put()
    fire((DUE, "a"))
    before = seen()
    assert fire((DUE, "a")) is None
    assert seen() == before


@pytest.mark.parametrize("wrong", [{"revision": "r0"}, {"due": DUE - 1}])
def test_who_has_read_another_entry_changes_nothing(put, fire, seen, wrong):
    put()
    before = seen()
    assert fire((DUE, "a"), **wrong) is None
    assert seen() == before


def test_a_paused_entry_is_not_fired(put, fire, scripts, seen):
    put()
    scripts.call("cron_pause", "e")
    before = seen()
    assert fire((DUE, "a")) is None
    assert seen() == before


def test_an_occurrence_may_be_passed_over(put, fire, seen):
    put()
    assert fire() == []
    assert seen() == Snapshot(kept=kept(DUE + 60_000), expiring=BELL)


def test_an_entry_may_be_due_no_more(put, fire, seen):
    put()
    fire((DUE, "a"), upcoming="")
    assert seen()["cron:e"] == entry("")
    assert seen()["crons"] == {"e": inf}
    assert "agenda" not in seen().kept


def test_several_occurrences_are_stored_in_order(put, fire, seen):
    put()
    assert fire((DUE, "a"), (DUE + 1, "b")) == [b"a", b"b"]
    assert seen()["queue:q"] == ["a", "b"]
    assert seen()["fired:e"] == [f"{DUE + 1} {DUE} b", f"{DUE} {DUE} a"]


@pytest.mark.parametrize("known", ["job", "ex"])
def test_a_job_that_is_known_is_not_stored_again(put, fire, scripts, seen, known):
    put()
    if known == "job":
        scripts.enqueue(New("a"))
    else:
        scripts.command("SET", scripts.keys.gone("a"), NOW)
    assert fire((DUE, "a")) == []
    assert "fired:e" not in seen().kept
    assert seen()["cron:e"] == entry(DUE + 60_000)


def test_an_occurrence_that_would_overlap_is_skipped(put, fire, seen):
    put()
    fire((DUE, "a"), overlap="skip")
    assert fire((DUE, "b"), due=DUE + 60_000, overlap="skip") == []
    assert seen()["queue:q"] == ["a"]


def test_one_occurrence_waits_for_the_job_before(put, fire, seen):
    put()
    assert fire((DUE, "a"), (DUE, "b"), (DUE, "c"), overlap="queue") == [b"a", b"b"]
    state = seen()
    assert state["queue:q"] == ["a"]
    assert state["deferred:q"] == {"b": DUE}
    assert state["job:b"] == job("deferred", created_at=DUE, func="f", parents="a", on_parent="any")
    assert state["dependents:a"] == ["b"]
    assert "job:c" not in state.kept


def test_a_run_by_hand_is_stored_once_and_changes_nothing_else(put, scripts, seen):
    put()
    words = (NOW, "e", "r1", "q", "new", "", "back", "", "", 1, 1, "func", "h", "f")
    assert scripts.call("cron_run", *words) == 1
    expected = kept() | {"job:h": stored(at=NOW), "queue:q": ["h"], "queues": {"q"}}
    expected["fired:e"] = [f"- {NOW} h"]
    assert seen() == Snapshot(kept=expected, expiring=BELL)
    assert scripts.call("cron_run", *words) == 1
    assert seen() == Snapshot(kept=expected, expiring=BELL)


# Who is told


def told(scripts, worker: str, after: int = 0) -> list[bytes]:
    """What an exchange tells a worker."""
    scripts.exchange(1, worker=worker, queues=(), woken=False, time=DUE + after)
    found: list[bytes] = scripts.news
    return found


def test_one_worker_is_told_that_an_entry_is_due(put, scripts, seen):
    put()
    assert told(scripts, "w") == [b"cron", b"e"]
    expected = kept()
    expected |= {"crons": {"e": DUE + 2000}, "agenda": {"t:": DUE + 2000}}
    assert seen() == Snapshot(kept=expected, expiring=BELL)
    assert told(scripts, "v", 1999) == []
    assert told(scripts, "v", 2000) == [b"cron", b"e"]


def test_twenty_entries_are_told_at_once(put, scripts):
    for number in range(25):
        put(name=f"e{number:02}")
    assert told(scripts, "w")[1::2] == [f"e{number:02}".encode() for number in range(20)]
    assert told(scripts, "v")[1::2] == [f"e{number:02}".encode() for number in range(20, 25)]


def test_an_exchange_says_when_an_entry_is_due(put, scripts):
    put()
    assert scripts.exchange(1).due == 60_000


def test_a_full_worker_asks_what_is_due(put, scripts, seen):
    put()
    assert scripts.call("cron_due", DUE - 1) == []
    assert seen() == Snapshot(kept=kept(), expiring=BELL)
    assert scripts.call("cron_due", DUE) == [b"cron", b"e"]
    assert seen()["crons"] == {"e": DUE + 2000}
    assert scripts.call("cron_due", DUE) == []


def test_a_heartbeat_says_when_an_entry_is_due(put, scripts):
    scripts.register()
    words = (NOW, "w", 60_000, 15_000, "machine", "1", 0)
    assert len(scripts.call("extend", *words)) == 3
    put()
    assert scripts.call("extend", *words)[3] == 60_000


def test_an_entry_that_cannot_be_fired_is_put_off(put, scripts, seen):
    put()
    assert scripts.call("cron_delay", DUE, "e", "r0", 500) == 0
    assert seen()["crons"] == {"e": DUE}
    assert scripts.call("cron_delay", DUE, "e", "r1", 500) == 1
    expected = kept()
    expected |= {"crons": {"e": DUE + 500}, "agenda": {"t:": DUE + 500}}
    assert seen() == Snapshot(kept=expected, expiring=BELL)
