"""Jobs that harm their process: each fails with a sentence, and its neighbours notice nothing."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support import jobs
from tests.support.workers import (
    WorkerProcess,
    Workers,
    eventually,
    is_alive,
    workers_of,
)
from workhorse.connection import Connection
from workhorse.job import Job
from workhorse.queue import Queue
from workhorse.worker.mustering import LITTER, SPARES

TIMEOUT = 0.4
"""What poison gets that hangs; at a second more it is killed."""
HEALTHY = 10
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Poison:
    """One bad job, and what is to be read in its exc_info; None: it finishes."""

    call: tuple[Any, ...]
    said: str | None
    options: dict[str, Any] = field(default_factory=dict)


TIMED_OUT = r"JobTimeoutException: the job ran longer than its timeout of 0\.4 s"
KILLED = TIMED_OUT + ", and its work horse was killed"
POISON: dict[str, Poison] = {
    "segfault": Poison((jobs.segfault,), r"WorkHorseDied: work horse died: signal 11 \(SIGSEGV\)"),
    "exit 0": Poison((jobs.exit_hard, 0), r"WorkHorseDied: .* exited with status 0 before the job"),
    "exit 1": Poison((jobs.exit_hard, 1), r"WorkHorseDied: .* exited with status 1 before the job"),
    "sys.exit": Poison((jobs.exit_softly, 0), "SystemExit: 0"),
    "keyboard interrupt": Poison((jobs.interrupt,), "KeyboardInterrupt"),
    "kill itself": Poison((jobs.kill_itself,), r"WorkHorseDied: .*signal 9 \(SIGKILL\); somebody"),
    "stop itself": Poison((jobs.kill_itself, int(signal.SIGSTOP)), KILLED),
    "terminate itself": Poison((jobs.kill_itself, int(signal.SIGUSR1)), r"signal 10 \(SIGUSR1\)"),
    "devour memory": Poison(
        (jobs.devour, 4000), r"held [\d,]+ MiB of memory, more than", {"job_timeout": 60}
    ),
    "hang": Poison((jobs.hang,), TIMED_OUT),
    "hang in a regex": Poison((jobs.hang_in_regex,), TIMED_OUT),
    "hang with the GIL held": Poison((jobs.hang_with_gil,), KILLED),
    "hang with signals masked": Poison((jobs.hang_masked,), KILLED),
    "hang and swallow": Poison((jobs.hang_swallowing,), KILLED),
    "hang in a coroutine": Poison((jobs.async_hang,), TIMED_OUT),
    "swallow in a coroutine": Poison((jobs.async_swallow,), TIMED_OUT),
    "unserializable result": Poison(
        (jobs.return_lock,), "ran to its end, but what it returned cannot"
    ),
    "unreadable result": Poison(
        (jobs.return_unreadable,), "ran to its end, but what it returned cannot"
    ),
    "unpicklable exception": Poison((jobs.raise_unpicklable,), "Unpicklable: 1 without 2"),
    "speechless exception": Poison((jobs.raise_speechless,), "Speechless"),
    "large result": Poison(
        (jobs.return_much, 50), "return value take .* over the limit", {"job_timeout": 60}
    ),
    "large exception": Poison((jobs.raise_much, 5), "é", {"job_timeout": 60}),
    "close everything": Poison((jobs.close_everything,), "WorkHorseDied: .*closed"),
    "scribble everywhere": Poison((jobs.scribble_everywhere,), "WorkHorseDied: .*no report"),
    "report nonsense": Poison((jobs.report_nonsense,), "WorkHorseDied: .*no report"),
    "recurse": Poison((jobs.recurse,), "RecursionError"),
    "recurse in C": Poison((jobs.recurse_in_c,), "RecursionError|SIGSEGV", {"job_timeout": 60}),
    "out of memory": Poison((jobs.run_out_of_memory,), "MemoryError"),
    "flood": Poison((jobs.flood, 20), None, {"job_timeout": 10}),
    "spoil surroundings": Poison((jobs.spoil_surroundings,), None),
    "set an alarm": Poison((jobs.set_alarm,), None),
    "ignore children": Poison((jobs.ignore_children,), None),
    "fork and return": Poison((jobs.return_twice,), None),
}


HANGING = [name for name, poison in POISON.items() if (poison.said or "").startswith(TIMED_OUT)]


@pytest.fixture(scope="module", params=["warm", "fork"])
def worker(
    request: pytest.FixtureRequest, stall: Connection, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkerProcess]:
    """One worker with two horses that has to survive everything."""
    with workers_of(stall, tmp_path_factory.mktemp("logs")) as workers:
        yield workers.start(isolation=request.param, horses=2, max_horse_memory=300 * MEBIBYTE)


@pytest.fixture
def queue(stall: Connection) -> Queue:
    return Queue(connection=stall)


@pytest.mark.parametrize("name", [name for name in POISON if name not in HANGING])
def test_poison_hurts_nobody_else(worker: WorkerProcess, queue: Queue, name: str):
    poison = POISON[name]
    (function, *args), said = poison.call, poison.said
    before = [queue.enqueue(jobs.add, n, 1) for n in range(3)]
    began = time.monotonic()
    bad = queue.enqueue(function, *args, **{"job_timeout": TIMEOUT, **poison.options})
    healthy = [queue.enqueue(jobs.add, n, 1) for n in range(HEALTHY)]
    for n, job in enumerate([*before, *healthy]):
        assert job.wait(5) == "finished", job.exc_info
        assert job.return_value() == (n if n < 3 else n - 3) + 1
    assert time.monotonic() - began < 5
    assert bad.wait(60) == ("finished" if said is None else "failed"), bad.exc_info
    if said is not None:
        assert re.search(said, bad.exc_info or ""), bad.exc_info
        assert len(bad.exc_info or "") <= 70_000
    assert worker.process.poll() is None, worker.log
    assert queue.enqueue(jobs.add, 1, 1).wait(5) == "finished"


@pytest.mark.parametrize("isolation", ["warm", "fork", "spawn"])
def test_poison_that_hangs_is_stopped_in_time(
    workers: Workers, connection: Connection, isolation: str
):
    queue = Queue(connection=connection)
    worker = workers.start(isolation=isolation, horses=len(HANGING) + 2)
    assert queue.enqueue(jobs.give, 1).wait(5) == "finished"
    bad = {name: queue.enqueue(*POISON[name].call, job_timeout=TIMEOUT) for name in HANGING}
    healthy = [queue.enqueue(jobs.add, n, 1) for n in range(HEALTHY)]
    began = time.monotonic()
    assert {job.wait(10) for job in healthy} == {"finished"}
    assert time.monotonic() - began < 10
    for name, job in bad.items():
        assert job.wait(5) == "failed", name
        assert re.search(POISON[name].said or "", job.exc_info or ""), (name, job.exc_info)
        took = ran(job)
        late = 1.0 if "was killed" in (job.exc_info or "") else 0.0
        assert TIMEOUT + late <= took < TIMEOUT + late + 1, name
    assert worker.process.poll() is None


def ran(job: Job) -> float:
    """How long a job ran, seconds."""
    job.refresh()
    assert job.started_at
    assert job.ended_at
    return (job.ended_at - job.started_at).total_seconds()


def test_a_job_that_kills_the_stable_is_failed_and_another_stable_started(
    worker: WorkerProcess, queue: Queue
):
    stable = worker.stable
    bad = queue.enqueue(jobs.kill_its_parent)
    healthy = [queue.enqueue(jobs.add, n, 1) for n in range(HEALTHY)]
    for job in healthy:
        assert job.wait(10) == "finished", job.exc_info
    assert bad.wait(10) == "failed"
    assert "the work horse died together with its stable" in (bad.exc_info or "")
    assert not is_alive(stable)
    assert worker.stable != stable


def test_a_job_that_kills_the_stable_does_no_harm_to_a_job_beside_it(
    worker: WorkerProcess, queue: Queue, tmp_path: Path
):
    slow = queue.enqueue(jobs.book_when_told, str(tmp_path))
    eventually((tmp_path / "begun").exists)
    bad = queue.enqueue(jobs.kill_its_parent)
    (tmp_path / "go").touch()
    assert bad.wait(10) == "failed"
    assert slow.wait(10) == "finished", slow.exc_info


def test_what_a_job_has_started_dies_with_it(worker: WorkerProcess, queue: Queue, tmp_path: Path):
    ledger = tmp_path / "grandchild"
    bad = queue.enqueue(jobs.leave_grandchild, str(ledger), then_hang=True, job_timeout=TIMEOUT)
    assert bad.wait(10) == "failed"
    eventually(lambda: not is_alive(int(ledger.read_text())), within=2)


def test_a_warm_horse_starts_every_job_in_the_same_surroundings(
    stall: Connection, workers: Workers, connection: Connection
):
    queue = Queue(connection=connection)
    before = queue.enqueue(jobs.surroundings)
    queue.enqueue(jobs.spoil_surroundings)
    after = queue.enqueue(jobs.surroundings)
    late = queue.enqueue(jobs.hang, job_timeout=TIMEOUT)
    workers.start()
    assert before.wait(10) == after.wait(10) == "finished"
    assert after.return_value() == before.return_value()
    assert late.wait(5) == "failed"
    assert "and its work horse was killed" not in (late.exc_info or "")


def test_no_job_poisons_the_descriptors_of_the_worker(worker: WorkerProcess, queue: Queue):
    """After all of the above: nothing leaked in the supervisor, and only what is needed runs."""

    def open_files() -> int:
        return len(list(Path(f"/proc/{worker.pid}/fd").iterdir()))

    assert queue.enqueue(jobs.give, 1).wait(20) == "finished"  # it has all it needs by now
    before = open_files()
    for _ in range(20):
        queue.enqueue(jobs.exit_hard, 1)
    last = queue.enqueue(jobs.give, 1)
    assert last.wait(20) == "finished"
    # Supervisor and stable; in fork mode spares, which come by the litter.
    warm = "(warm)" in worker.log
    most = 0 if warm else SPARES + LITTER
    eventually(lambda: open_files() <= before + 3 + 3 * (0 if warm else LITTER), within=3)
    eventually(lambda: 2 <= len(worker.tree()) - 2 <= 2 + most, within=3)
