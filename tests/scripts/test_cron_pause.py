"""A paused entry is never due."""

from __future__ import annotations

from math import inf

from tests.support.recurring_scripts import BELL, entry
from tests.support.snapshot import Snapshot


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


def test_what_is_not_there_is_not_changed(scripts, seen):
    assert scripts.call("cron_pause", "e") == 0
    assert seen() == Snapshot()
