"""What cannot be fired is looked at later."""

from __future__ import annotations

from tests.support.recurring_scripts import BELL, DUE, kept
from tests.support.scripts import NOW
from tests.support.snapshot import Snapshot


def test_an_entry_that_cannot_be_fired_is_put_off(put, scripts, seen):
    put()
    assert scripts.call("cron_delay", DUE, "e", "r0", 500) == 0
    assert seen()["crons"] == {"e": DUE}
    assert scripts.call("cron_delay", DUE, "e", "r1", 500) == 1
    expected = kept()
    expected |= {"crons": {"e": DUE + 500}, "agenda": {"t:": DUE + 500}}
    assert seen() == Snapshot(kept=expected, expiring=BELL)


def test_what_is_not_there_is_not_changed(scripts, seen):
    assert scripts.call("cron_delay", NOW, "e", "r", 5) == 0
    assert seen() == Snapshot()
