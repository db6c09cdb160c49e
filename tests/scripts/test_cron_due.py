"""Who is told that an entry is due."""

from __future__ import annotations

from tests.support.recurring_scripts import BELL, DUE, kept
from tests.support.scripts import NOW
from tests.support.snapshot import Snapshot


def told(scripts, worker: str, after: int = 0) -> list[bytes]:
    """What an exchange tells a worker."""
    scripts.exchange(1, worker=worker, queues=(), woken=False, time=DUE + after)
    found: list[bytes] = scripts.news
    return found


def test_a_full_worker_asks_what_is_due(put, scripts, seen):
    put()
    assert scripts.call("cron_due", DUE - 1) == []
    assert seen() == Snapshot(kept=kept(), expiring=BELL)
    assert scripts.call("cron_due", DUE) == [b"cron", b"e"]
    assert seen()["crons"] == {"e": DUE + 2000}
    assert scripts.call("cron_due", DUE) == []


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


def test_a_heartbeat_says_when_an_entry_is_due(put, scripts):
    scripts.register()
    words = (NOW, "w", 60_000, 15_000, "machine", "1", 0)
    assert len(scripts.call("extend", *words)) == 3
    put()
    assert scripts.call("extend", *words)[3] == 60_000
