"""Many jobs at a time in one horse: coroutines, and functions on threads beside each other."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import jobs
from tests.support.monitor import Monitor
from tests.support.workers import WorkerProcess, Workers, eventually, workers_of
from workhorse.connection import Connection
from workhorse.job import Job
from workhorse.queue import Queue

SOON = 10.0
LOOPS = ("uvloop", "asyncio")


def path_for(loop: str, folder: Path) -> list[str]:
    """What has to be on the path for horses to have this event loop."""
    if loop == "uvloop":
        pytest.importorskip("uvloop")
        return []
    (folder / "uvloop.py").write_text("raise ImportError('hidden')")
    return [str(folder)]


@pytest.fixture(params=LOOPS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    return path_for(request.param, tmp_path)


@pytest.fixture(scope="module", params=LOOPS)
def worker(
    request: pytest.FixtureRequest, stall: Connection, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkerProcess]:
    """One worker with one horse, for tests that harm nobody."""
    folder = tmp_path_factory.mktemp("logs")
    with workers_of(stall, folder) as workers:
        yield workers.start(path=path_for(request.param, folder))


@pytest.fixture
def queue(connection: Connection) -> Queue:
    return Queue(connection=connection)


@pytest.fixture
def shared(stall: Connection, worker: WorkerProcess) -> Queue:
    return Queue(connection=stall)


def many(queue: Queue, function: Any, *calls: tuple[Any, ...], **options: Any) -> list[Job]:
    return queue.enqueue_many([Queue.prepare_data(function, call, **options) for call in calls])


def results(made: list[Job], within: float = SOON) -> list[Any]:
    """What jobs returned, all of which have finished within so many seconds."""
    end = time.monotonic() + within
    for job in made:
        assert job.wait(max(0.1, end - time.monotonic())) == "finished", job.exc_info
    return [job.return_value() for job in made]


# How many


@pytest.mark.parametrize(("concurrency", "horses"), [(100, 1), (7, 1), (20, 2)])
def test_never_more_coroutines_run_at_a_time_than_were_asked_for(
    workers: Workers, queue: Queue, path: list[str], concurrency: int, horses: int
):
    made = many(queue, jobs.async_crowd, *((n, 0.05) for n in range(300)))
    workers.start(concurrency=concurrency, horses=horses, path=path)
    found = results(made)
    pids = {pid for pid, _, _ in found}
    assert len(pids) == horses
    assert max(crowd for _, crowd, _ in found) == concurrency
    for one in pids:
        came = [before for pid, _, before in found if pid == one]
        if horses > 1:
            came.sort()  # what one horse is slow to take the other one gets, behind what it has
        assert came[:concurrency] == list(range(concurrency))


def test_never_more_functions_run_on_threads_than_were_asked_for(workers: Workers, queue: Queue):
    made = many(queue, jobs.crowd, *((n, 0.05) for n in range(60)))
    made += many(queue, jobs.async_crowd, *((n, 0.05) for n in range(60, 120)))
    workers.start(isolation="thread", concurrency=6)
    assert max(crowd for _, crowd, _ in results(made)) == 6


# What is whose


def several(isolation: str) -> int:
    """How many show that jobs do not touch each other: fewer if each has a process of its own."""
    return 5 if isolation == "fork" else 20


@pytest.mark.parametrize("isolation", ["warm", "thread", "fork", "inline"])
def test_each_coroutine_is_itself(workers: Workers, queue: Queue, path: list[str], isolation: str):
    workers.start(isolation=isolation, path=path)
    made = many(queue, jobs.async_who_am_i, *[(0.05,)] * several(isolation))
    for job, names in zip(made, results(made), strict=True):
        assert names == [job.id] * 3
        job.refresh()
        assert job.meta == {"mine": job.id}


@pytest.mark.parametrize("isolation", ["warm", "thread", "fork", "inline"])
def test_context_variables_stay_where_they_were_set(
    workers: Workers, queue: Queue, path: list[str], isolation: str
):
    workers.start(isolation=isolation, path=path)
    made = []
    number = several(isolation)
    for n in range(number):
        made += many(queue, jobs.context, (f"s{n}",))
        made += many(queue, jobs.async_context, (f"a{n}",), (f"b{n}",))
    expected = [["", name] for n in range(number) for name in (f"s{n}", f"a{n}", f"b{n}")]
    assert results(made) == expected
    assert results(many(queue, jobs.decorated_context, *[("",)] * 3)) == ["decorated"] * 3
    assert results(many(queue, jobs.context, ("x",))) == [["", "x"]]


# Kinds


def test_what_makes_a_coroutine_is_run_as_one(shared: Queue):
    made = many(shared, "tests.support.jobs.partial_add", *((n,) for n in range(20)))
    assert results(made) == [n + 1 for n in range(20)]


def test_a_plain_function_may_run_a_loop_of_its_own(shared: Queue):
    made = many(shared, jobs.async_nap, *[(0.1,)] * 5)
    made += many(shared, jobs.run_a_loop, *((n,) for n in range(5)))
    assert results(made) == [0.1] * 5 + list(range(5))
    assert results(many(shared, jobs.run_a_loop, (7,))) == [7]


def test_a_coroutine_may_run_programs(shared: Queue):
    made = many(shared, jobs.async_program, *((str(n),) for n in range(10)))
    assert results(made) == [f"{n} 0" for n in range(10)]
    assert results(many(shared, jobs.give, (1,))) == [1]
    assert results(many(shared, jobs.async_program, ("again",))) == ["again 0"]


def test_large_arguments_and_results_travel_beside_others(shared: Queue):
    slow = many(shared, jobs.async_nap, *[(1.0,)] * 20)
    large = bytes(300_000)
    made = many(shared, jobs.size_of, *[(large,)] * 3)
    made += many(shared, jobs.async_size_of, *[(large,)] * 3)
    much = many(shared, jobs.async_return_much, *[(1,)] * 3)
    assert results(made) == [300_000] * 6
    assert {len(value) for value in results(much)} == {1024 * 1024}
    assert results(slow) == [1.0] * 20


def test_what_a_job_leaves_running_goes_on(shared: Queue, tmp_path: Path):
    path = tmp_path / "ledger"

    def has_grown_to(lines: int) -> bool:
        return path.exists() and path.read_text().count("\n") >= lines

    results(many(shared, jobs.async_leave_running, (str(path),)))
    eventually(lambda: has_grown_to(10), within=5)
    results(many(shared, jobs.give, (1,), (2,)))
    lines = path.read_text().count("\n")
    eventually(lambda: has_grown_to(lines + 10), within=5)


# Beside each other


def test_quick_functions_wait_for_no_coroutine_and_no_coroutine_for_them(
    workers: Workers, queue: Queue, path: list[str]
):
    workers.start(path=path)
    results(many(queue, jobs.async_nap, (0.0,)))
    slow = many(queue, jobs.async_nap, *[(3.0,)] * 50)
    eventually(lambda: slow[-1].get_status() == "started", within=2)
    began = time.monotonic()
    for n in range(10):
        assert results(many(queue, jobs.give, (n,))) == [n]
    assert time.monotonic() - began < 1
    blocked = many(queue, jobs.nap, (2.0,))
    eventually(lambda: blocked[0].get_status() == "started", within=2)
    began = time.monotonic()
    for n in range(10):
        assert results(many(queue, jobs.async_give, (n,))) == [n]
    assert time.monotonic() - began < 1
    assert results([*slow, *blocked]) == [3.0] * 50 + [2.0]


def test_a_module_that_is_slow_to_come_costs_none_of_its_jobs(
    workers: Workers, queue: Queue, tmp_path: Path
):
    """The first of them seems to have begun, and is refused then: another has the thread."""
    text = "import time\ntime.sleep(0.3)\ndef give(value):\n    return value\n"
    (tmp_path / "slow_to_come.py").write_text(text)
    worker = workers.start(path=[str(tmp_path)])
    slow = many(queue, jobs.async_nap, (2.0,)) + many(queue, jobs.nap, (1.5,))
    eventually(lambda: {job.get_status() for job in slow} == {"started"})
    made = many(queue, "slow_to_come.give", *((n,) for n in range(3)))
    assert results([*made, *slow]) == [0, 1, 2, 2.0, 1.5]
    assert worker.stop() == 0


def test_who_stops_the_loop_stops_nobody(shared: Queue):
    naps = many(shared, jobs.async_nap, *((0.3,) for _ in range(3)))
    assert results([*naps, shared.enqueue(jobs.async_stop_the_loop, 0.1)]) == [0.3, 0.3, 0.3, 0.1]


def test_a_horse_that_was_deaf_for_a_moment_is_given_jobs_again(
    workers: Workers, queue: Queue, tmp_path: Path, path: list[str]
):
    workers.start(path=path)
    results(many(queue, jobs.give, (0,)) + many(queue, jobs.async_give, (0,)))
    ledger = tmp_path / "ledger"
    silent = many(queue, jobs.async_block_and_nap, (str(ledger), 0.3, 5.0), result_ttl=60)
    eventually(ledger.exists)
    made = many(queue, jobs.give, (1,)) + many(queue, jobs.async_give, (2,))
    assert results(made, within=1.5) == [1, 2]
    assert silent[0].get_status() == "started"


@pytest.mark.parametrize("isolation", ["fork", "inline"])
def test_one_at_a_time_coroutines_that_overstay_are_stopped_too(
    workers: Workers, queue: Queue, path: list[str], isolation: str
):
    workers.start(isolation=isolation, path=path)
    calls: list[tuple[Any, ...]] = [(jobs.async_nap, 30), (jobs.async_hang,), (jobs.async_swallow,)]
    for function, *args in (*calls, (jobs.async_call_in_child, "nap", 30)):
        bad = queue.enqueue(function, *args, job_timeout=0.3)
        good = queue.enqueue(jobs.async_add, 1, 2)
        assert bad.wait(5) == "failed"
        assert "its timeout of 0.3 s" in (bad.exc_info or "")
        assert results([good]) == [3]


# No more than there is to do


def exchanges(monitor: Monitor) -> int:
    return sum(1 for asked in monitor.asked if asked.name == "EVALSHA")


@pytest.mark.parametrize(
    "waiting",
    [
        [(jobs.async_nap, 0.8)] * 300,
        [(jobs.nap, 0.8)] * 3 + [(jobs.async_nap, 0.1)] * 100,
        [(jobs.async_give, n) for n in range(500)] + [(jobs.async_nap, 0.8)] * 200,
    ],
    ids=["all places taken", "a slow function in the way", "quick ones before"],
)
def test_what_has_no_place_yet_is_not_taken_and_given_back_in_circles(
    workers: Workers, queue: Queue, connection: Connection, waiting: list[Any]
):
    workers.start()
    results(many(queue, jobs.async_nap, (0.0,)) + many(queue, jobs.nap, (0.0,)))
    with Monitor(connection) as monitor:
        calls = [Queue.prepare_data(function, args) for function, *args in waiting]
        results(queue.enqueue_many(calls))
    assert exchanges(monitor) < 100


def test_an_idle_horse_sleeps(workers: Workers, queue: Queue, path: list[str]):
    """After coroutines have run, no timer rings on; nor for a task that one has left running."""
    worker = workers.start(path=path)
    results(many(queue, jobs.async_leave_waiting, *[()] * 3, result_ttl=60))
    results(many(queue, jobs.async_nap, *[(0.1,)] * 20))
    (pid,) = worker.horses

    def sleeps() -> bool:
        before = switches(pid)
        with pytest.raises(TimeoutError):
            many(Queue("nobody", queue.connection), jobs.give, ())[0].wait(1.0)
        return switches(pid) == before

    eventually(sleeps, within=5)


def switches(pid: int) -> int:
    """How often a process has given up the processor."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return sum(int(line.split()[1]) for line in status.splitlines() if "ctxt_switches" in line)


# The end


@pytest.mark.parametrize("isolation", ["warm", "thread"])
def test_a_worker_with_many_at_a_time_ends_when_it_is_told_to(
    workers: Workers, queue: Queue, isolation: str
):
    made = many(queue, jobs.async_nap, *[(0.1,)] * 300)
    assert workers.start(isolation=isolation, max_jobs=120, wait=False).ended(30) == 0
    left = [job.get_status() for job in made]
    assert left == ["finished"] * 120 + ["queued"] * 180
    worker = workers.start(isolation=isolation, burst=True, wait=False)
    assert worker.ended(30) == 0
    assert {job.get_status() for job in made} == {"finished"}
    worker = workers.start(isolation=isolation, max_idle_time=0.5)
    last = many(queue, jobs.async_nap, *[(1.5,)] * 10)
    assert worker.ended(6) == 0
    assert {job.get_status() for job in last} == {"finished"}


@pytest.mark.parametrize("isolation", ["warm", "thread"])
def test_a_horse_with_many_at_a_time_is_replaced_after_its_share(
    workers: Workers, queue: Queue, isolation: str
):
    made = many(queue, jobs.async_crowd, *((n, 0.05) for n in range(200)))
    workers.start(isolation=isolation, concurrency=10, max_horse_jobs=40)
    pids = [pid for pid, _, _ in results(made)]
    assert 4 <= len(set(pids)) <= 6
    assert max(pids.count(pid) for pid in set(pids)) <= 40 + 2 * 10
