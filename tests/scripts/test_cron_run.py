"""An entry runs by hand."""

from __future__ import annotations

from tests.support.recurring_scripts import BELL, DUE, kept
from tests.support.scripts import NOW, job
from tests.support.snapshot import Snapshot


def stored(job_id: str = "a", at: int = DUE) -> dict[str, str]:
    return job(created_at=at, func="f") if job_id else {}


def test_a_run_by_hand_is_stored_once_and_changes_nothing_else(put, scripts, seen):
    put()
    words = (NOW, "e", "r1", "q", "new", "", "back", "", "", 1, 1, "func", "h", "f")
    assert scripts.call("cron_run", *words) == 1
    expected = kept() | {"job:h": stored(at=NOW), "queue:q": ["h"], "queues": {"q"}}
    expected["fired:e"] = [f"- {NOW} h"]
    assert seen() == Snapshot(kept=expected, expiring=BELL)
    assert scripts.call("cron_run", *words) == 1
    assert seen() == Snapshot(kept=expected, expiring=BELL)


def test_what_is_not_there_is_not_changed(scripts, seen):
    assert scripts.call("cron_run", NOW, "e", "r", "q") == 0
    assert seen() == Snapshot()
