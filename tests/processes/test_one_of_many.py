"""One of many jobs in a horse overstays, or kills it: that one fails, and all others finish."""

from __future__ import annotations

import re
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.processes.test_many_at_once import LOOPS, many, path_for, results
from tests.support import jobs
from tests.support.workers import WorkerProcess, Workers, eventually, kill
from workhorse.connection import Connection
from workhorse.job import Job
from workhorse.queue import Queue

MEBIBYTE = 1024 * 1024
TIMED_OUT = r"JobTimeoutException: the job ran longer than its timeout of 0\.4 s"
KILLED = TIMED_OUT + ", and its work horse was killed"


@pytest.fixture(params=LOOPS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    return path_for(request.param, tmp_path)


@pytest.fixture
def queue(connection: Connection) -> Queue:
    return Queue(connection=connection)


class Siblings:
    """Jobs that share a horse with a bad one; each writes a line when it begins, and naps."""

    def __init__(
        self,
        queue: Queue,
        folder: Path,
        function: Any = jobs.async_book,
        number: int = 49,
        nap: float = 0.7,
    ) -> None:
        self._ledger = folder / "ledger"
        half = number // 2
        calls = [(str(self._ledger), n, nap) for n in range(number)]
        self._queue, self._function, self._rest = queue, function, calls[half:]
        self.made = many(queue, function, *calls[:half])

    def come(self) -> None:
        """The other half, behind the bad one."""
        self.made += many(self._queue, self._function, *self._rest)

    def check(self, *, runs: int, within: float = 15.0) -> None:
        """All have finished, and none has begun more often than that."""
        assert results(self.made, within) == list(range(len(self.made)))
        ran = Counter(self._ledger.read_text("ascii").split())
        assert max(ran.values()) <= runs, ran


def among_many(
    workers: Workers, queue: Queue, folder: Path, *call: Any, path: list[str], **options: Any
) -> tuple[Job, Siblings, WorkerProcess]:
    """A bad job in the middle of 50 coroutines.

    Their nap must be longer than what the bad one takes until it does harm, but those that it
    makes suspects take it once more, each in a horse of its own.
    """
    siblings = Siblings(queue, folder, nap=options.pop("nap", 0.7))
    timeout = options.pop("job_timeout", 0.4)
    bad = queue.enqueue(*call, job_timeout=timeout)
    siblings.come()
    return bad, siblings, workers.start(path=path, **options)


# Time


@pytest.mark.parametrize(
    ("call", "said", "runs"),
    [
        ((jobs.async_nap, 30), TIMED_OUT, 1),
        ((jobs.async_call, "nap", 30), TIMED_OUT, 1),
        ((jobs.async_call_in_child, "nap", 30), TIMED_OUT, 1),
        ((jobs.async_call, "hang"), TIMED_OUT, 1),
        ((jobs.async_hang,), TIMED_OUT, 1),
        ((jobs.async_swallow,), KILLED, 2),
        ((jobs.async_call, "hang_swallowing"), KILLED, 2),
        ((jobs.async_call, "hang_with_gil"), KILLED, 2),
        ((jobs.async_call_in_child, "hang_with_gil"), KILLED, 2),
    ],
)
def test_of_many_coroutines_the_one_that_overstays_fails(
    workers: Workers, queue: Queue, tmp_path: Path, path: list[str], call: Any, said: str, runs: int
):
    bad, siblings, worker = among_many(workers, queue, tmp_path, *call, path=path)
    siblings.check(runs=runs)
    assert bad.wait(5) == "failed"
    assert re.search(said, bad.exc_info or ""), bad.exc_info
    assert worker.process.poll() is None


def test_one_that_goes_on_for_a_moment_after_its_timeout_may_finish(
    workers: Workers, queue: Queue, tmp_path: Path, path: list[str]
):
    bad, siblings, _ = among_many(
        workers, queue, tmp_path, jobs.async_swallow_and_return, 0.2, path=path
    )
    siblings.check(runs=1)
    assert results([bad]) == ["went on"]


def test_a_job_whose_time_is_up_while_another_blocks_is_not_to_blame(
    workers: Workers, queue: Queue, path: list[str]
):
    worker = workers.start(path=path)
    results(many(queue, jobs.async_nap, (0.0,)))
    quick = many(queue, jobs.async_nap, (0.2,), (0.3,), timeout=1.0)
    slow = many(queue, jobs.async_nap, (30,), timeout=1.0)
    blocking = many(queue, jobs.async_call, ("nap", 3.0), timeout=20)
    waiting = many(queue, jobs.async_nap, (0.1,), timeout=1.0)
    assert results([*quick, *waiting, *blocking]) == [0.2, 0.3, 0.1, 3.0]
    assert slow[0].wait(5) == "failed"
    assert "its timeout of 1 s" in (slow[0].exc_info or "")
    log = worker.log
    assert "killed" not in log
    assert log.count("holds up the event loop of its horse") == 1
    (said,) = re.findall(r".*holds up the event loop.*", log)
    assert f"async_call ({blocking[0].id})" in said
    assert re.search(r"tests/support/jobs\.py:\d+; all others", said)


def test_what_blocks_in_its_first_step_keeps_nobody_from_beginning_in_time(
    workers: Workers, queue: Queue, path: list[str]
):
    workers.start(path=path)
    results(many(queue, jobs.async_nap, (0.0,)))
    results(many(queue, jobs.async_call, ("nap", 0.0), timeout=20))
    bad = many(queue, jobs.async_call, ("nap", 2.0), timeout=20)
    made = many(queue, jobs.async_nap, *[(0.05,)] * 30, timeout=0.5)
    assert results([*made, *bad]) == [0.05] * 30 + [2.0]


def test_a_callback_that_hangs_costs_no_other_job_its_life(
    workers: Workers, queue: Queue, tmp_path: Path, path: list[str]
):
    bad, siblings, _ = among_many(
        workers, queue, tmp_path, jobs.async_call_back, "hang_with_gil", path=path, nap=0.3
    )
    siblings.check(runs=4, within=60)
    assert bad.wait(20) == "failed"


def test_a_callback_may_hang_before_its_horse_can_say_who_has_begun(
    workers: Workers, queue: Queue, tmp_path: Path
):
    # With uvloop callbacks that are due come before what the horse does in between.
    workers.start(path=path_for("uvloop", tmp_path))
    results(many(queue, jobs.async_nap, (0.0,)))
    known = many(queue, jobs.async_call_back_early, ("give", 1), timeout=0.1)
    assert known[0].wait(10) == "failed"
    first, last = ([Queue.prepare_data(jobs.async_nap, (0.3,))] * 10 for _ in range(2))
    bad = Queue.prepare_data(jobs.async_call_back_early, ("hang_with_gil",), timeout=0.2)
    made = queue.enqueue_many([*first, bad, *last])
    assert made.pop(10).wait(60) == "failed"
    assert results(made) == [0.3] * 20


def test_a_job_without_timeout_runs_on(workers: Workers, queue: Queue, path: list[str]):
    workers.start(path=path)
    made = many(queue, jobs.async_nap, *[(1.5,)] * 5, timeout=-1)
    short = many(queue, jobs.async_nap, *[(1.5,)] * 5, timeout=0.05)
    assert results(made) == [1.5] * 5
    assert {job.wait(5) for job in short} == {"failed"}


@pytest.mark.parametrize(
    ("call", "said", "runs"),
    [
        ((jobs.nap, 30), KILLED, 2),
        ((jobs.hang,), TIMED_OUT, 1),
        ((jobs.hang_with_gil,), KILLED, 2),
        ((jobs.hang_swallowing,), KILLED, 2),
        ((jobs.async_nap, 30), TIMED_OUT, 1),
    ],
)
def test_of_many_functions_on_threads_the_one_that_overstays_fails(
    workers: Workers, queue: Queue, tmp_path: Path, call: Any, said: str, runs: int
):
    siblings = Siblings(queue, tmp_path, jobs.book_first, 9)
    bad = queue.enqueue(*call, job_timeout=0.4)
    siblings.come()
    workers.start(isolation="thread", concurrency=10)
    siblings.check(runs=runs)
    assert bad.wait(5) == "failed"
    assert re.search(said, bad.exc_info or ""), bad.exc_info


# Death


@pytest.mark.parametrize(
    ("call", "said", "runs"),
    [
        ((jobs.async_call, "segfault"), "signal 11", 2),
        ((jobs.async_call, "exit_hard", 3), "exited with status 3", 2),
        ((jobs.async_call, "kill_itself"), "signal 9", 2),
        ((jobs.async_call_in_child, "segfault"), "signal 11", 2),
        ((jobs.async_call_back, "segfault"), "signal 11", 4),
        ((jobs.async_exit,), "SystemExit", 1),
        ((jobs.async_close_reports,), "WorkHorseDied", 4),
        ((jobs.async_nonsense,), "WorkHorseDied", 4),
    ],
)
@pytest.mark.parametrize("horses", [1, 2])
def test_of_many_coroutines_the_one_that_kills_the_horse_fails(
    workers: Workers,
    queue: Queue,
    tmp_path: Path,
    path: list[str],
    call: Any,
    said: str,
    runs: int,
    horses: int,
):
    bad, siblings, worker = among_many(
        workers, queue, tmp_path, *call, path=path, job_timeout=60, horses=horses, nap=0.3
    )
    siblings.check(runs=runs, within=60)
    assert bad.wait(20) == "failed"
    assert re.search(said, bad.exc_info or ""), bad.exc_info
    assert worker.process.poll() is None
    assert worker.stop() == 0


def test_a_horse_that_somebody_kills_costs_no_job(
    workers: Workers, queue: Queue, tmp_path: Path, path: list[str]
):
    # They sleep when it is killed: one whose step it was would be taken for a suicide.
    begun = str(tmp_path / "begun")
    made = many(queue, jobs.async_book, *((begun, n, 0.6) for n in range(50)))
    worker = workers.start(path=path)
    for times in (1, 2):
        eventually(lambda times=times: has_lines(tmp_path / "begun", 50 * times))  # type: ignore[misc]  # bound early
        kill(worker.horses[0], signal.SIGKILL)
    assert sorted(results(made, 20)) == list(range(50))


def has_lines(path: Path, number: int) -> bool:
    return path.exists() and path.read_text("ascii").count("\n") >= number


@pytest.mark.parametrize("strike", ["stable", "supervisor"])
def test_the_death_of_those_above_loses_none_of_many(
    workers: Workers, queue: Queue, tmp_path: Path, strike: str
):
    made = many(queue, jobs.async_book_when_told, *((str(tmp_path), n) for n in range(150)))
    worker = workers.start(horses=2)
    eventually(lambda: has_lines(tmp_path / "begun", 150))
    if strike == "stable":
        kill(worker.stable, signal.SIGKILL)
    else:
        worker.kill()
        eventually(worker.has_gone, within=2)
        workers.start(horses=2)
    jobs.append(str(tmp_path / "go"), "now")
    assert sorted(results(made)) == list(range(150))


def test_a_horse_that_takes_too_much_memory_costs_only_who_took_it(
    workers: Workers, queue: Queue, tmp_path: Path, path: list[str]
):
    bad, siblings, _ = among_many(
        workers,
        queue,
        tmp_path,
        jobs.async_devour,
        4000,
        path=path,
        job_timeout=60,
        max_horse_memory=150 * MEBIBYTE,
        nap=0.5,
    )
    siblings.check(runs=4, within=60)
    assert bad.wait(20) == "failed"
    assert "--max-horse-memory" in (bad.exc_info or "")


def test_of_many_on_threads_each_suspect_runs_alone(workers: Workers, queue: Queue, tmp_path: Path):
    siblings = Siblings(queue, tmp_path, jobs.book_first, 9)
    bad = queue.enqueue(jobs.call_later, "segfault")
    siblings.come()
    later = many(queue, jobs.give, *((n,) for n in range(20)))
    worker = workers.start(isolation="thread", concurrency=10)
    siblings.check(runs=3, within=60)
    assert bad.wait(20) == "failed"
    assert "signal 11" in (bad.exc_info or "")
    assert results(later) == list(range(20))
    assert worker.stop() == 0


def test_poison_for_every_horse_never_stops_the_worker(
    workers: Workers, queue: Queue, tmp_path: Path
):
    """Four that kill every horse, on threads, with slow ones beside them."""
    slow = many(queue, jobs.book_first, *((str(tmp_path / "ledger"), n, 1.0) for n in range(6)))
    bad = many(queue, jobs.call_later, *[("segfault",)] * 4)
    more = many(queue, jobs.nap, *[(0.2,)] * 20)
    workers.start(isolation="thread", concurrency=5, horses=2)
    assert [job.wait(60) for job in bad] == ["failed"] * 4
    assert results(slow, 60) == list(range(6))
    assert results(more, 60) == [0.2] * 20


# What a job makes


def test_a_fork_that_a_job_forgets_is_no_second_horse(
    workers: Workers, queue: Queue, tmp_path: Path, path: list[str]
):
    siblings = Siblings(queue, tmp_path)
    made = many(queue, jobs.async_fork, *[(str(tmp_path / "forks"),)] * 3)
    siblings.come()
    worker = workers.start(path=path)
    siblings.check(runs=1)
    pids = results(made)
    assert [int(line) for line in (tmp_path / "forks").read_text().split()] == pids
    assert len(set(pids)) == 1
    assert eventually(lambda: len(worker.tree()) == 3)


def test_a_fork_that_a_thread_forgets_is_no_second_horse(
    workers: Workers, queue: Queue, tmp_path: Path
):
    worker = workers.start(isolation="thread", concurrency=5)
    made = many(queue, jobs.threads_fork, *[(str(tmp_path / "forks"),)] * 5)
    made += many(queue, jobs.give, *[(None,)] * 10, result_ttl=60)
    assert len(set(results(made)[:5])) == 1
    assert eventually(lambda: len(worker.tree()) == 3)


# The end


def begun_and_told_to_stop(
    workers: Workers,
    queue: Queue,
    folder: Path,
    act: Callable[[WorkerProcess], None],
    **options: Any,
) -> tuple[list[Job], WorkerProcess]:
    made = many(queue, jobs.async_book_when_told, *((str(folder), n) for n in range(70)))
    worker = workers.start(concurrency=50, **options)
    eventually(lambda: has_lines(folder / "begun", 50))
    began = time.monotonic()
    worker.signal(signal.SIGTERM)
    eventually(lambda: "stopping: finishing" in worker.log)
    act(worker)
    assert time.monotonic() - began < 15
    return made, worker


def check_order(queue: Queue, made: list[Job]) -> None:
    """What had begun is at the head of the queue, the rest in its old order behind."""
    places = {job.id: n for n, job in enumerate(made)}
    now = [places[job_id] for job_id in queue.get_job_ids()]
    assert sorted(now[:50]) == list(range(50))
    assert now[50:] == list(range(50, 70))


def test_a_stopping_worker_finishes_all_that_run(workers: Workers, queue: Queue, tmp_path: Path):
    made, worker = begun_and_told_to_stop(
        workers, queue, tmp_path, lambda _: jobs.append(str(tmp_path / "go"), "now")
    )
    assert worker.ended() == 0
    assert [job.get_status() for job in made] == ["finished"] * 50 + ["queued"] * 20


def test_told_twice_it_returns_all_that_run(workers: Workers, queue: Queue, tmp_path: Path):
    def again(worker: WorkerProcess) -> None:
        def is_heard() -> bool:
            worker.signal(signal.SIGTERM)
            return "stopping at once" in worker.log

        eventually(is_heard, within=5)

    made, worker = begun_and_told_to_stop(workers, queue, tmp_path, again)
    assert worker.ended() == 0
    assert [job.get_status() for job in made] == ["queued"] * 70
    check_order(queue, made)


def test_after_its_grace_it_returns_all_that_run(workers: Workers, queue: Queue, tmp_path: Path):
    made, worker = begun_and_told_to_stop(workers, queue, tmp_path, lambda _: None, grace=0.5)
    assert worker.ended(3) == 0
    check_order(queue, made)
