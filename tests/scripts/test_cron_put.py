"""Entries are defined, and defined again."""

from __future__ import annotations

from tests.support.recurring_scripts import BELL, DUE, entry, kept
from tests.support.snapshot import Snapshot


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
