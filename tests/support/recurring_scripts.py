"""A cron entry as the scripts know it, for the tests of each of them."""

from __future__ import annotations

from tests.support.scripts import NOW

EVERY = '{"interval": 60000}'
DUE = NOW + 60_000


def entry(due: int | str = DUE, **more: object) -> dict[str, str]:
    known = {"revision": "r1", "timetable": EVERY, "due": due, "queue": "q", "missed": "once"}
    return {name: str(value) for name, value in {**known, **more}.items() if value != ""}


def kept(due: int = DUE, **more: object) -> dict[str, object]:
    return {"cron:e": entry(due), "crons": {"e": due}, "agenda": {"t:": due}, **more}


BELL = {"bell:q": ["1"]}
