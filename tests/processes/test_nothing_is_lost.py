"""Whatever dies, every job runs, and none runs twice that did not have to."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import jobs
from tests.support.snapshot import snapshot
from tests.support.workers import (
    WorkerProcess,
    Workers,
    eventually,
    kill,
    workers_of,
)
from workhorse.connection import Connection
from workhorse.embedded.private import PrivateServer
from workhorse.job import Job
from workhorse.queue import Queue
from workhorse.records import JobRecord

JOBS = 500
FAULTS = 5
IN_HAND = 6
"""How many jobs of 2 ms a horse has in hand at most: 10 ms of work, and what it reports."""
SEEDS = [int(seed) for seed in os.environ.get("WORKHORSE_TEST_SEEDS", "1").split(",")]
"""More of them find more: WORKHORSE_TEST_SEEDS=1,2,3."""


class Run:
    """Jobs that each write their number into a ledger.

    Args:
        connection: Where they are enqueued.
        folder: Where the ledger is.
        seed: Decides when the faults strike.
        total: How many there are.
        function: What runs; it is given the ledger, a number, and seconds.
        seconds: How long each takes at least.

    Attributes:
        moments: How many lines the ledger has when the faults strike.
    """

    def __init__(
        self,
        connection: Connection,
        folder: Path,
        seed: int,
        total: int = JOBS,
        function: Callable[..., Any] = jobs.book,
        seconds: float = 0.002,
    ) -> None:
        self.connection = connection
        self.queue = Queue(connection=connection)
        self.chance = random.Random(seed)
        self.moments = sorted(self.chance.sample(range(10, total - total // 12), FAULTS))
        self._total = total
        self._ledger = folder / "ledger"
        data = [Queue.prepare_data(function, (str(self._ledger), n, seconds)) for n in range(total)]
        self._jobs = self.queue.enqueue_many(data)

    def __iter__(self) -> Iterator[int]:
        """Each fault's number, when its moment has come."""
        for number, moment in enumerate(self.moments):
            eventually(lambda moment=moment: len(self.lines()) >= moment)  # type: ignore[misc]  # bound early
            yield number

    def lines(self) -> list[str]:
        return self._ledger.read_text("ascii").split() if self._ledger.exists() else []

    def check(self, *, within: float, twice: int = 0, victims: int = 0) -> None:
        """Everything has run, statuses are true, and nothing else is left."""
        eventually(self._is_over, within)
        counted = Counter(self.lines())
        records = [
            job.record for job in Job.fetch_many([j.id for j in self._jobs], self.connection) if job
        ]
        assert len(records) == self._total
        failed = [record for record in records if record.status == "failed"]
        assert {record.status for record in records} <= {"finished", "failed"}
        assert len(failed) <= victims
        for record in failed:
            assert re.search(
                "horse died(: signal 9| together with its stable)", record.exc_info or ""
            )
        lost = [job.id for n, job in enumerate(self._jobs) if not counted[str(n)]]
        assert {record.id for record in failed}.issuperset(lost)
        assert sum(counted.values()) - len(counted) <= twice
        self._check_places({record.id for record in failed})

    def records(self) -> list[JobRecord]:
        found = Job.fetch_many([job.id for job in self._jobs], self.connection)
        return [job.record for job in found if job is not None]

    def _is_over(self) -> bool:
        return self.queue.is_empty() and not self.queue.started_job_registry.count

    def _check_places(self, failed: set[str]) -> None:
        ids = {job.id for job in self._jobs}
        assert set(self.queue.failed_job_registry.get_job_ids()) == failed
        assert set(self.queue.finished_job_registry.get_job_ids()) == ids - failed
        assert self.queue.scheduled_job_registry.count == 0

    def check_that_nothing_is_left(self) -> None:
        """Once the workers have gone and the jobs are deleted."""
        for job in self._jobs:
            job.delete()
        left = snapshot(self.connection)
        assert set(left.kept) <= {"queues", "agenda", "workers"}
        keys = self.connection.keys
        # What a machine that is gone leaves until it expires, and bells that nobody hears.
        known = (keys.bell(""), keys.machine(""), keys.gone(""), keys.worker(""), keys.resting(""))
        assert [key for key in left.expiring if not (keys.prefix + key).startswith(known)] == []


@pytest.fixture(params=SEEDS)
def journey(request: pytest.FixtureRequest, connection: Connection, tmp_path: Path) -> Run:
    return Run(connection, tmp_path, request.param)


def test_a_killed_worker_loses_nothing(workers: Workers, journey: Run):
    """The default lease is 15 s, but on the same machine nobody waits for it."""
    horses = 2
    worker = workers.start(horses=horses)
    for _ in journey:
        worker.kill_tree()
        worker = workers.start(horses=horses)
    journey.check(within=5, twice=FAULTS * horses * IN_HAND)
    assert worker.stop() == 0
    journey.check_that_nothing_is_left()


def test_a_killed_supervisor_loses_nothing_and_leaves_no_horses(workers: Workers, journey: Run):
    worker = workers.start(horses=2, name="ada")
    for _ in journey:
        worker.kill()
        eventually(worker.has_gone, within=1)
        worker = workers.start(horses=2, name="ada")
    journey.check(within=5, twice=FAULTS * 2 * IN_HAND)


def test_killed_machines_lose_nothing(workers: Workers, journey: Run):
    """Three workers that know of each other's deaths by their leases alone."""

    def start(number: int) -> WorkerProcess:
        return workers.start(machine=f"machine-{number}", lease=1)

    fleet = [start(number) for number in range(3)]
    for number in journey:
        victim = journey.chance.randrange(3)
        fleet[victim].kill_tree()
        if number % 2:
            fleet[victim] = start(10 + number)
        else:
            fleet.append(start(10 + number))
    journey.check(within=1 + 2, twice=FAULTS * IN_HAND)
    for worker in fleet:
        if worker.process.poll() is None:
            assert worker.stop() == 0
    journey.check_that_nothing_is_left()


def test_killed_horses_fail_only_the_jobs_they_die_on(workers: Workers, journey: Run):
    worker = workers.start(horses=2)
    for _ in journey:
        kill(journey.chance.choice(worker.horses), signal.SIGKILL)
    journey.check(within=5, victims=FAULTS)
    assert worker.process.poll() is None


def test_killed_stables_lose_nothing(workers: Workers, journey: Run):
    """But a job that ran alone is blamed."""
    worker = workers.start(horses=2)
    for _ in journey:
        kill(worker.stable, signal.SIGKILL)
    journey.check(within=10, victims=FAULTS, twice=FAULTS * IN_HAND)
    assert worker.process.poll() is None


def test_a_terminated_worker_loses_and_repeats_nothing(workers: Workers, journey: Run):
    worker = workers.start(horses=2)
    for number in journey:
        worker.signal(signal.SIGINT if number % 2 else signal.SIGTERM)
        assert worker.ended() == 0
        assert worker.tree() == []
        worker = workers.start(horses=2, isolation="fork" if number % 2 else "warm")
    journey.check(within=5)
    assert worker.stop() == 0
    journey.check_that_nothing_is_left()


def test_cut_connections_lose_and_repeat_nothing(
    workers: Workers, journey: Run, connection: Connection
):
    fleet = [workers.start(), workers.start(isolation="inline")]
    for _ in journey:
        for _ in range(3):
            cut_all(journey.connection)
    journey.check(within=5)
    for worker in fleet:
        assert worker.stop() == 0


def cut_all(connection: Connection) -> None:
    with connection.borrow() as link:
        own = link.call(("CLIENT", "ID"))
        for line in link.call(("CLIENT", "LIST")).decode().splitlines():
            number = int(line.partition(" ")[0].removeprefix("id="))
            if number != own:
                link.call(("CLIENT", "KILL", "ID", number))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_killed_server_loses_and_repeats_nothing(
    own_server: PrivateServer, tmp_path: Path, seed: int
):
    connection = Connection(own_server.url, "killed")
    with contextlib.closing(connection), workers_of(connection, tmp_path) as workers:
        journey = Run(connection, tmp_path, seed)
        fleet = [workers.start(), workers.start(isolation="inline")]
        for _ in journey:
            own_server.kill()
            own_server.start()
        journey.check(within=10)
        for worker in fleet:
            assert worker.stop() == 0
        journey.check_that_nothing_is_left()


def test_a_frozen_fleet_comes_back_to_others_results(workers: Workers, journey: Run):
    """Everything of a worker is frozen past its lease, like a machine that was suspended."""
    first = workers.start(lease=1, machine="frozen", horses=2)
    for number in journey:
        if number:
            break
        tree = first.tree()
        for pid in tree:
            kill(pid, signal.SIGSTOP)
        second = workers.start(lease=1, machine="awake", horses=2)
        journey.check(within=8, twice=2 * IN_HAND)
        before = journey.records()
        for pid in tree:
            kill(pid, signal.SIGCONT)
        eventually(lambda: "came too late" in first.log or "lease of job" in first.log)
    assert second.stop() == 0
    assert journey.queue.enqueue(jobs.give, 1).wait(5) == "finished"
    assert journey.records() == before


def test_a_worker_without_horses_keeps_all_that_it_has_while_a_job_outlasts_its_lease(
    workers: Workers, connection: Connection, tmp_path: Path
):
    """What has ended and was not told, and what it asked for before it began the slow one."""
    queue, ledger, slow = Queue(connection=connection), tmp_path / "ledger", {700, 1001}
    queue.enqueue_many(
        Queue.prepare_data(jobs.book, (str(ledger), n, 2.5 if n in slow else 0.0))
        for n in range(1500)
    )
    worker = workers.start(isolation="inline", lease=1, burst=True)
    eventually(lambda: ledger.exists() and len(ledger.read_text("ascii").split()) == min(slow))
    workers.start(queues=["other"], machine="other")  # gives back what nobody holds any more
    assert worker.ended(within=30) == 0
    counted = Counter(ledger.read_text("ascii").split())
    assert [number for number, runs in counted.items() if runs > 1] == []
    assert len(counted) == 1500
    assert "came too late" not in worker.log


def test_a_worker_without_horses_tells_how_quick_jobs_ended_before_it_begins_a_slow_one(
    workers: Workers, connection: Connection, tmp_path: Path
):
    queue = Queue(connection=connection)
    quick = queue.enqueue_many(Queue.prepare_data(jobs.give, (n,)) for n in range(50))
    queue.enqueue(jobs.book_when_told, str(tmp_path))
    workers.start(isolation="inline")
    assert [job.wait(5) for job in quick] == ["finished"] * 50
    assert not (tmp_path / "ledger").exists()
    (tmp_path / "go").touch()


def test_a_job_deleted_while_it_runs_leaves_nothing(
    workers: Workers, connection: Connection, tmp_path: Path
):
    queue = Queue(connection=connection)
    worker = workers.start()
    job = queue.enqueue(jobs.book_when_told, str(tmp_path), retry=3)
    eventually((tmp_path / "begun").exists)
    job.delete()
    (tmp_path / "go").touch()
    eventually(lambda: "came too late" in worker.log)
    assert queue.enqueue(jobs.give, 1, result_ttl=0).wait(5) == "finished"
    assert worker.stop() == 0
    assert set(snapshot(connection).kept) <= {"queues", "agenda", "workers"}
