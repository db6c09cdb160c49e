"""What is due of an entry is fired once."""

from __future__ import annotations

from math import inf

import pytest

from tests.support.recurring_scripts import BELL, DUE, entry, kept
from tests.support.scripts import NOW, New, job
from tests.support.snapshot import Snapshot


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
