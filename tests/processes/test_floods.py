"""Things die in the middle of the batches of a flood of quick jobs; still nothing is lost."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.processes.test_nothing_is_lost import FAULTS, SEEDS, Run, cut_all
from tests.support import jobs
from tests.support.workers import Workers, kill
from workhorse.connection import Connection
from workhorse.worker.pacing import MOST_AHEAD

FLOOD = 8000
LANES = 100
IN_HAND = MOST_AHEAD + 2 * LANES
"""How many quick jobs a worker may have run, or begun, that the server does not know of yet."""

WAYS: dict[str, tuple[Any, dict[str, Any]]] = {
    "plain": (jobs.book, {}),
    "coroutines": (jobs.book_later, {}),
    "threads": (jobs.book, {"isolation": "thread"}),
    "inline": (jobs.book, {"isolation": "inline"}),
}
ISOLATED = [way for way in WAYS if way != "inline"]


def flood(connection: Connection, folder: Path, way: str, seed: int) -> tuple[Run, dict[str, Any]]:
    """The jobs, and the options of a worker for them."""
    function, options = WAYS[way]
    return Run(connection, folder, seed, FLOOD, function, 0), options


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("way", WAYS)
def test_a_worker_that_is_killed_loses_nothing(
    workers: Workers, connection: Connection, tmp_path: Path, way: str, seed: int
):
    run, options = flood(connection, tmp_path, way, seed)
    worker = workers.start(**options)
    for _ in run:
        worker.kill_tree()
        worker = workers.start(**options)
    run.check(within=20, twice=FAULTS * IN_HAND)
    assert worker.stop() == 0
    run.check_that_nothing_is_left()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("way", ISOLATED)
def test_a_horse_that_is_killed_takes_at_most_one_job_along(
    workers: Workers, connection: Connection, tmp_path: Path, way: str, seed: int
):
    """Plain jobs that had ended are not run again, though the server did not know of them yet."""
    run, options = flood(connection, tmp_path, way, seed)
    worker = workers.start(**options)
    for _ in run:
        kill(worker.horses[0], signal.SIGKILL)
    # The one that it died on may have written its line.
    run.check(within=20, victims=FAULTS, twice=0 if way == "plain" else FAULTS * LANES)
    assert worker.process.poll() is None


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("way", WAYS)
def test_a_worker_that_is_terminated_or_cut_off_repeats_nothing(
    workers: Workers, connection: Connection, tmp_path: Path, way: str, seed: int
):
    run, options = flood(connection, tmp_path, way, seed)
    worker = workers.start(**options)
    for number in run:
        if number % 2:
            worker.signal(signal.SIGTERM)
            assert worker.ended() == 0
            worker = workers.start(**options)
        else:
            cut_all(connection)
    run.check(within=20)
    assert worker.stop() == 0
    run.check_that_nothing_is_left()
