"""A paused entry is due again."""

from __future__ import annotations

from tests.support.recurring_scripts import BELL, DUE, kept
from tests.support.snapshot import Snapshot


def test_a_resumed_entry_is_due_as_it_is_told(put, scripts, seen):
    put()
    scripts.call("cron_pause", "e")
    assert scripts.call("cron_resume", "e", "r0", DUE + 9) == 0
    assert scripts.call("cron_resume", "e", "r1", DUE + 9) == 1
    assert seen() == Snapshot(kept=kept(DUE + 9), expiring=BELL)
    assert scripts.call("cron_resume", "e", "r1", DUE + 99) == 1
    assert seen() == Snapshot(kept=kept(DUE + 9), expiring=BELL)


def test_what_is_not_there_is_not_changed(scripts, seen):
    assert scripts.call("cron_resume", "e", "r", 5) == 0
    assert seen() == Snapshot()
