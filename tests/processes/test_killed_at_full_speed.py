"""Kills in the middle of the benchmark's own batches: speed was bought with no guarantee.

At each fault all of a worker stands still for a moment. What is leased then is in its hands, and
nothing else may run twice.
"""

from __future__ import annotations

import random
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from benchmarks.slots import Slots
from benchmarks.workloads import WORKLOADS, Workload
from tests.processes.test_nothing_is_lost import SEEDS, cut_all
from tests.support.workers import WorkerProcess, Workers, eventually, kill
from workhorse.connection import Connection
from workhorse.job import Job
from workhorse.policies import Retry
from workhorse.queue import Queue

FAULTS = 3
DELAY = 0.5
"""When those fall due that are enqueued for later, seconds."""
BLAMED = re.compile("horse died(: signal 9| together with its stable)")


class Kind(NamedTuple):
    """A worker, and how much work it gets.

    Attributes:
        options: The worker's.
        jobs: How many there are of all kinds.
        mixed: How many of these are of the batch of which the fifty-first takes a second.
        lanes: How many run at a time, and may have ended and not said so.
        flavour: `a`: they are coroutines, but for those of that batch.
    """

    options: dict[str, Any]
    jobs: int
    mixed: int
    lanes: int = 1
    flavour: str = ""


KINDS = {
    "warm": Kind({}, 4000, 60),
    "two horses": Kind({"horses": 2}, 4000, 40, 2),
    "coroutines": Kind({"concurrency": 100}, 3000, 40, flavour="a"),
    "thread": Kind({"isolation": "thread", "concurrency": 8}, 1200, 40, 8),
    "inline": Kind({"isolation": "inline"}, 4000, 40),
    "fork": Kind({"isolation": "fork"}, 300, 40),
    "spawn": Kind({"isolation": "spawn", "horses": 2}, 32, 2, 2),
}
SHARES = {"noop": 0.5, "1 KB": 0.2, "retry": 0.1, "chain": 0.1, "later": 0.1}
"""How much of the others is of which batch; `later` are no-ops that fall due."""


class Batches:
    """Jobs of all kinds, enqueued one batch after the other.

    Args:
        connection: Where.
        slots: Where the jobs say that they have run.
        kind: For which worker.
    """

    def __init__(self, connection: Connection, slots: Slots, kind: Kind) -> None:
        self.connection = connection
        self.queue = Queue(connection=connection)
        self.in_hand: set[int] = set()
        self._slots = slots
        self._flavour = kind.flavour
        self._jobs: list[Job] = []
        self._works: list[Workload] = []
        self._enqueue("mixed", kind.mixed)
        for name, share in SHARES.items():
            # A chain has two links.
            self._enqueue(name, int(share * (kind.jobs - kind.mixed)) // 2 * 2)
        self._numbers = {job.id: number for number, job in enumerate(self._jobs)}

    def _enqueue(self, name: str, count: int) -> None:
        work, queue, start = WORKLOADS.get(name, WORKLOADS["noop"]), self.queue, len(self._jobs)
        task = self._function("" if name == "mixed" else self._flavour, work.task)
        numbers = range(start, start + count)
        if name == "chain":
            after = self._function(self._flavour, "after")
            for number in numbers[::2]:
                first = queue.enqueue(task, number)
                second = queue.enqueue(after, number + 1, number, depends_on=first)
                self._jobs += (first, second)
        elif name == "later":
            self._jobs += [queue.enqueue_in(DELAY, task, number) for number in numbers]
        else:
            retry = Retry(max=1) if work.retried else None
            self._jobs += queue.enqueue_many(
                Queue.prepare_data(task, work.args(number), retry=retry) for number in numbers
            )
        self._works += [work] * count

    def _function(self, flavour: str, task: str) -> str:
        return f"benchmarks.jobs.{flavour}{task}"

    def __iter__(self) -> Iterator[int]:
        """Each fault's number, when so many have ended that its time has come."""
        total, size = len(self._jobs), self._slots.count
        for fault in range(FAULTS):
            moment = total * (fault + 1) // (FAULTS + 2)
            eventually(lambda moment=moment: size - self._slots.runs.count(0) >= moment)  # type: ignore[misc]  # bound early
            yield fault

    def hold(self, worker: WorkerProcess) -> list[int]:
        """Have all of a worker stand still, and take note of what it has: its processes."""
        tree = worker.tree()
        for pid in tree:
            kill(pid, signal.SIGSTOP)
        ids = self.queue.started_job_registry.get_job_ids()
        self.in_hand.update(self._numbers[job_id] for job_id in ids)
        return tree

    def check(self, *, twice: int, blamed: int = 0) -> None:
        """All have run, those in hand perhaps twice; and every job is where it says that it is.

        Args:
            twice: How many of those in hand.
            blamed: How many may have failed because their horse died on them.
        """
        eventually(self._is_over)
        runs = self._slots.runs
        repeated = {number for number, count in enumerate(runs) if count > 1}
        assert repeated <= self.in_hand
        assert len(repeated) <= twice
        status = {job.id: job.get_status() for job in self._found() if job is not None}
        assert len(status) == len(self._jobs)
        by_status = {name: {id_ for id_, its in status.items() if its == name} for name in PLACES}
        assert sum(map(len, by_status.values())) == len(status)
        for name, place in PLACES.items():
            assert set(place(self.queue)) == by_status[name], name
        self._check_failures(by_status["failed"], by_status["deferred"], blamed)
        for number, job in enumerate(self._found()):
            if job is not None and job.id in by_status["finished"]:
                assert runs[number] >= 1
                assert self._works[number].is_right(number, job.return_value())

    def _check_failures(self, failed: set[str], deferred: set[str], blamed: int) -> None:
        assert len(failed) <= blamed
        for number in map(self._numbers.__getitem__, failed):
            job = self._jobs[number]
            # One that is to fail once, and was killed before it could, has had both of its tries.
            died = BLAMED.search(job.exc_info or "") or self._works[number].retried
            assert died, job.exc_info
        # Who comes after one that failed, waits.
        assert {self._numbers[job_id] - 1 for job_id in deferred} <= {
            self._numbers[job_id] for job_id in failed
        }

    def _found(self) -> list[Job | None]:
        return Job.fetch_many([job.id for job in self._jobs], self.connection)

    def _is_over(self) -> bool:
        # Counted in this order: the first only grow, and the last only shrinks.
        queue = self.queue
        ended = queue.finished_job_registry.count + queue.failed_job_registry.count
        return ended + queue.deferred_job_registry.count == len(self._jobs)


PLACES: dict[str, Callable[[Queue], list[str]]] = {
    "queued": lambda queue: queue.job_ids,
    "started": lambda queue: queue.started_job_registry.get_job_ids(),
    "scheduled": lambda queue: queue.scheduled_job_registry.get_job_ids(),
    "deferred": lambda queue: queue.deferred_job_registry.get_job_ids(),
    "failed": lambda queue: queue.failed_job_registry.get_job_ids(),
    "finished": lambda queue: queue.finished_job_registry.get_job_ids(),
}
"""Where the jobs of each status are."""


@pytest.fixture(params=SEEDS)
def chance(request: pytest.FixtureRequest) -> random.Random:
    return random.Random(request.param)


@pytest.fixture
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture
def batches(
    connection: Connection, tmp_path: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> Batches:
    monkeypatch.setenv("BENCHMARK_SLOTS", str(tmp_path / "slots"))
    return Batches(connection, Slots.create(tmp_path / "slots", kind.jobs), kind)


def each(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("kind", names, indirect=True)


WITH_HORSES = [name for name in KINDS if name != "inline"]


@each(*WITH_HORSES)
@pytest.mark.parametrize("victim", ["horse", "stable"])
def test_a_killed_horse_or_stable_costs_what_was_being_run(
    workers: Workers, batches: Batches, kind: Kind, chance: random.Random, victim: str
):
    worker = workers.start(**kind.options)
    for _ in batches:
        tree = batches.hold(worker)
        kill(chance.choice(worker.horses) if victim == "horse" else worker.stable, signal.SIGKILL)
        let_go(tree)
    batches.check(blamed=FAULTS, twice=FAULTS * kind.lanes)
    assert worker.stop() == 0


@each(*KINDS)
def test_a_killed_supervisor_costs_nothing(workers: Workers, batches: Batches, kind: Kind):
    worker = workers.start(**kind.options)
    for fault in batches:
        tree = batches.hold(worker)
        if fault % 2:
            worker.kill_tree()
        else:
            worker.kill()
            let_go(tree)
        eventually(worker.has_gone)
        worker = workers.start(**kind.options)
    batches.check(twice=len(batches.in_hand))
    assert worker.stop() == 0


@each(*KINDS)
def test_a_cut_connection_costs_nothing_and_repeats_nothing(
    workers: Workers, batches: Batches, kind: Kind
):
    worker = workers.start(**kind.options)
    for _ in batches:
        cut_all(batches.connection)
    batches.check(twice=0)
    assert worker.stop() == 0


def let_go(pids: list[int]) -> None:
    for pid in pids:
        kill(pid, signal.SIGCONT)
