"""Twenty real workers make up for a year with both changes to daylight saving, while some die.

No server can be told what time it is. But an entry can have been put a year ago, with all its
occurrences to be made up for: then the workers fight for each of them.
"""

from __future__ import annotations

import random
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from tests.support import jobs
from tests.support.workers import Workers, eventually
from workhorse.calls import Shaper
from workhorse.connection import Connection
from workhorse.drivers import run
from workhorse.envelopes import codec_for
from workhorse.names import cron_job_id
from workhorse.ops import cron
from workhorse.ops.cron import CronEntry
from workhorse.options import EnqueueData
from workhorse.queue import Queue
from workhorse.registry import FinishedJobRegistry
from workhorse.timetable import Timetable, crontab

BERLIN = ZoneInfo("Europe/Berlin")
BEGIN = round(datetime(2025, 1, 1, tzinfo=BERLIN).timestamp() * 1000)
END = round(datetime(2026, 1, 1, tzinfo=BERLIN).timestamp() * 1000)
DAILY, HOURLY = "30 2 * * *", "0 * * * *"
IN_A_YEAR = {DAILY: 365, HOURLY: 365 * 24}
ISOLATIONS = ("warm", *["inline"] * 4)
"""One of five has horses; twenty with horses would be sixty processes."""


def put(connection: Connection, name: str, table: Timetable) -> list[str]:
    """An entry that was put when the year began; the ids of the jobs of that year."""
    shaper = Shaper(connection.namespace, "default", codec_for(None))
    call = EnqueueData(jobs.give, (name,), {}, job_id=cron_job_id(name), result_ttl=3600)
    entry = CronEntry(name, table, "default", shaper.spec(call), missed="all")
    run(connection, cron.put(connection.keys, entry, BEGIN - 1))
    expected: list[str] = []
    for tick in table.following(BEGIN - 1):
        if tick >= END:
            return expected
        expected.append(f"cron-{name}-{tick}")
    raise AssertionError("it ends")


def has_run(registry: FinishedJobRegistry, least: int) -> bool:
    return registry.count >= least


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_twenty_workers_of_which_some_are_killed_fire_a_year_once(
    connection: Connection, workers: Workers
):
    chance = random.Random(4)
    staff = [
        workers.start(wait=False, isolation=ISOLATIONS[n % 5], lease=2, max_crashes=100)
        for n in range(20)
    ]
    for one in staff:
        one.registered()
    entries = {"daily": DAILY, "hourly": HOURLY}
    expected = {
        name: put(connection, name, crontab(expression, "Europe/Berlin"))
        for name, expression in entries.items()
    }
    assert {name: len(ids) for name, ids in expected.items()} == {
        name: IN_A_YEAR[expression] for name, expression in entries.items()
    }
    registry = Queue(connection=connection).finished_job_registry
    for part in range(1, 9):
        # While they are at it, not before and not after.
        eventually(partial(has_run, registry, part * 500), within=120)
        staff.pop(chance.randrange(len(staff))).kill_tree()
        staff.append(workers.start(wait=False, isolation=ISOLATIONS[part % 5], lease=2))
    wanted = {job_id for ids in expected.values() for job_id in ids}
    eventually(lambda: wanted <= set(registry.get_job_ids()), within=120)
    for name, ids in expected.items():
        history = run(connection, cron.history(connection.keys, name))
        told = [one.job_id for one in reversed(history)]
        assert len(told) == len(set(told)), "each is fired once"
        assert told == sorted(told, key=lambda job_id: int(job_id.rpartition("-")[2]))
        year = [job_id for job_id in told if job_id in wanted]
        assert year == ids[len(ids) - len(year) :], "none is left out, and none comes too early"
    # They go on with the year after it, so the queue may hold jobs of that.
    assert Queue(connection=connection).failed_job_registry.count == 0
