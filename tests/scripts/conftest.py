"""A script's test seeds a state, calls once, and compares all keys of the namespace."""

import pytest

from tests.support.recurring_scripts import DUE, EVERY
from tests.support.scripts import Scripts
from tests.support.snapshot import Snapshot, snapshot
from workhorse.connection import Connection


@pytest.fixture
def scripts(connection: Connection) -> Scripts:
    return Scripts(connection)


@pytest.fixture
def seen(connection: Connection):
    """Call it for all that the namespace holds now."""

    def look() -> Snapshot:
        return snapshot(connection)

    return look


@pytest.fixture
def put(scripts):
    """Stores a cron entry that is due at `DUE`."""

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
