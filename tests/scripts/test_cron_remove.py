"""An entry is forgotten."""

from __future__ import annotations

from tests.support.recurring_scripts import DUE
from tests.support.snapshot import Snapshot


def test_a_removed_entry_leaves_nothing(put, fire, scripts, seen):
    put()
    fire((DUE, "a"))
    scripts.delete("a")
    scripts.command("DEL", scripts.keys.bell("q"))
    assert scripts.call("cron_remove", "e") == 1
    assert seen() == Snapshot(kept={"queues": {"q"}})
    assert scripts.call("cron_remove", "e") == 0


def test_what_is_not_there_is_not_changed(scripts, seen):
    assert scripts.call("cron_remove", "e") == 0
    assert seen() == Snapshot()
