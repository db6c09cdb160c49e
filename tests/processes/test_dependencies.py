"""Jobs that wait for others, in groups and under limits, while their workers are killed."""

from __future__ import annotations

import random
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.processes.test_nothing_is_lost import IN_HAND
from tests.support import jobs
from tests.support.snapshot import snapshot
from tests.support.workers import WorkerProcess, Workers, eventually, is_alive, kill
from workhorse import Group, RateLimit
from workhorse.connection import Connection
from workhorse.queue import Queue

PAIRS = 300
PARENTS = 10_000
KILLS = 4


@pytest.fixture
def queue(connection: Connection) -> Queue:
    return Queue(connection=connection)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


def lines(ledger: Path) -> list[str]:
    return ledger.read_text("ascii").splitlines() if ledger.exists() else []


def many(queue: Queue, function: Any, *each: tuple[Any, ...], **options: Any) -> list[Any]:
    """Enqueue a function with each of several arguments."""
    return queue.enqueue_many([queue.prepare_data(function, args, **options) for args in each])


def enqueue_pairs(queue: Queue, ledger: Path, seconds: float = 0.002) -> None:
    parents = many(queue, jobs.book, *((str(ledger), n, seconds) for n in range(PAIRS)))
    queue.enqueue_many(
        queue.prepare_data(jobs.book, (str(ledger), PAIRS + n, seconds), depends_on=parent)
        for n, parent in enumerate(parents)
    )


class Fleet:
    """Four workers, of which one after the other is killed with all of its processes."""

    def __init__(self, workers: Workers, **options: Any) -> None:
        self._workers = workers
        self._options = options
        self._chance = random.Random(1)
        self._all: list[WorkerProcess] = [workers.start(**options) for _ in range(4)]

    def kill_one(self) -> None:
        """As a machine dies: no neighbour sees the supervisor dead while its horses live."""
        at = self._chance.randrange(4)
        victim = self._all[at]
        tree = victim.tree()
        for pid in tree:
            kill(pid, signal.SIGSTOP)
        for pid in tree:
            if pid != victim.pid:
                kill(pid, signal.SIGKILL)
        eventually(lambda: not any(is_alive(pid) for pid in tree if pid != victim.pid))
        victim.clear()
        self._all[at] = self._workers.start(wait=False, **self._options)


def check_that_nothing_is_left(connection: Connection) -> None:
    kinds = {key.partition(":")[0] for key in snapshot(connection).kept}
    assert kinds <= {"queues", "agenda", "workers", "finished", "groups", "resting"}


def test_pairs_of_parent_and_dependent_run_exactly_once_each(
    workers: Workers, queue: Queue, ledger: Path
):
    for _ in range(4):
        workers.start()
    enqueue_pairs(queue, ledger, 0)
    eventually(lambda: len(lines(ledger)) >= 2 * PAIRS)
    ran = [int(line) for line in lines(ledger)]
    assert sorted(ran) == [*range(2 * PAIRS)]
    order = {number: at for at, number in enumerate(ran)}
    assert all(order[n] < order[PAIRS + n] for n in range(PAIRS))
    eventually(lambda: queue.finished_job_registry.count == 2 * PAIRS)
    check_that_nothing_is_left(queue.connection)


def test_pairs_are_not_lost_when_workers_are_killed(workers: Workers, queue: Queue, ledger: Path):
    fleet = Fleet(workers)
    enqueue_pairs(queue, ledger)
    for number in range(KILLS):
        eventually(lambda done=50 + 100 * number: len(lines(ledger)) >= done)  # type: ignore[misc]  # bound early
        fleet.kill_one()
    eventually(lambda: queue.finished_job_registry.count == 2 * PAIRS)
    ran = Counter(int(line) for line in lines(ledger))
    assert sorted(ran) == [*range(2 * PAIRS)]
    assert ran.total() - len(ran) <= KILLS * IN_HAND
    check_that_nothing_is_left(queue.connection)


@pytest.mark.parametrize("kills", [0, 3])
def test_a_diamond_of_many_parents_is_closed_exactly_once(
    workers: Workers, queue: Queue, ledger: Path, kills: int
):
    top = queue.enqueue(jobs.book, str(ledger), "top", 0)
    sides = many(queue, jobs.give, *[()] * PARENTS, depends_on=top, result_ttl=0)
    bottom = queue.enqueue(jobs.book, str(ledger), "bottom", 0, depends_on=sides)
    assert bottom.get_status() == "deferred"
    fleet = Fleet(workers)
    for number in range(kills):
        most = PARENTS - 1 - 2500 * number
        eventually(lambda most=most: top.is_finished and 0 < queue.count < most)  # type: ignore[misc]  # bound early
        fleet.kill_one()
    assert bottom.wait(20) == "finished"
    assert lines(ledger) == ["top", "bottom"]
    eventually(lambda: queue.finished_job_registry.count == 2)
    check_that_nothing_is_left(queue.connection)


def test_a_parent_that_dies_too_often_fails_its_dependents(
    workers: Workers, queue: Queue, ledger: Path
):
    workers.start()
    parent = queue.enqueue(jobs.kill_itself)
    child = queue.enqueue(jobs.book, str(ledger), 1, depends_on=parent)
    heir = queue.enqueue(jobs.book, str(ledger), 2, depends_on=child)
    assert heir.wait(20) == "failed"
    assert f"DependencyFailedError: job {child.id}, which it depends on, failed" in str(
        heir.exc_info
    )
    assert child.get_status() == "failed"
    assert lines(ledger) == []


@pytest.mark.parametrize("kills", [0, KILLS])
def test_a_limit_holds_in_a_flood(
    workers: Workers, queue: Queue, tmp_path: Path, ledger: Path, kills: int
):
    total, most = 150, 3
    fleet = Fleet(workers, horses=2)
    limit = RateLimit("door", most)
    args = [(str(tmp_path), most, n, 0.01) for n in range(total)]
    many(queue, jobs.hold_one, *args, rate_limit=limit, result_ttl=60)
    for number in range(kills):
        eventually(lambda done=20 + 30 * number: len(lines(ledger)) >= done)  # type: ignore[misc]  # bound early
        fleet.kill_one()
    eventually(lambda: queue.finished_job_registry.count == total)
    ran = Counter(lines(ledger))
    assert {*ran} == {str(n) for n in range(total)}
    assert ran.total() - total <= kills * most
    check_that_nothing_is_left(queue.connection)


def test_a_group_is_followed_by_its_call_once_though_workers_are_killed(
    workers: Workers, queue: Queue, ledger: Path
):
    total = 200
    fleet = Fleet(workers)
    call = queue.prepare_data(jobs.book, (str(ledger), "complete", 0))
    group = Group.create(queue.connection, "flock", on_complete=call)
    data = [queue.prepare_data(jobs.book, (str(ledger), n, 0.002)) for n in range(total)]
    group.enqueue_many(queue, data)
    for number in range(KILLS):
        eventually(lambda done=20 + 40 * number: len(lines(ledger)) >= done)  # type: ignore[misc]  # bound early
        fleet.kill_one()
    assert group.wait(20).finished == total
    eventually(lambda: "complete" in lines(ledger))
    assert lines(ledger)[-1] == "complete"
    assert Counter(lines(ledger))["complete"] == 1
