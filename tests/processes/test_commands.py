"""Workers are told to stop jobs, kill horses and shut down: they do it at once, and say so."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.processes.test_many_at_once import LOOPS, many, path_for, results
from tests.processes.test_one_of_many import Siblings
from tests.support import jobs
from tests.support.servers import ask
from tests.support.workers import WorkerProcess, Workers, eventually, workers_of
from workhorse.aio import AsyncQueue
from workhorse.command import (
    asend_stop_job_command,
    send_kill_horse_command,
    send_shutdown_command,
    send_stop_execution_command,
    send_stop_job_command,
)
from workhorse.connection import Connection
from workhorse.embedded.private import PrivateServer
from workhorse.exceptions import (
    CommandNotAcknowledged,
    CommandRefused,
    InvalidJobOperation,
    NoSuchWorkerError,
)
from workhorse.job import Job
from workhorse.policies import Retry
from workhorse.queue import Queue
from workhorse.worker.settings import ISOLATIONS

AT_ONCE = 1.0
"""A stop that takes as long has waited for something, seconds."""
STOPPED = "workhorse.exceptions.JobStopped: stopped by a command from "
KILLED = "workhorse.exceptions.WorkHorseDied: the work horse was killed by a command from "


@pytest.fixture(params=ISOLATIONS)
def isolation(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def queue(connection: Connection) -> Queue:
    return Queue(connection=connection)


@pytest.fixture
def background() -> Iterator[Callable[..., Future[Any]]]:
    """Calls something in a thread."""
    with ThreadPoolExecutor() as pool:
        yield pool.submit


def begun(folder: Path, times: int = 1) -> None:
    """Wait until jobs that write when they begin have begun so many times."""
    eventually(lambda: len(lines(folder / "begun")) >= times)


def lines(path: Path) -> list[str]:
    return path.read_text("ascii").split() if path.exists() else []


def let_go(folder: Path) -> None:
    (folder / "go").touch()


def freeze(worker: WorkerProcess) -> None:
    """Stop all threads of the supervisor, and of nobody else."""
    worker.signal(signal.SIGSTOP)
    tasks = Path(f"/proc/{worker.pid}/task")
    eventually(lambda: all(") T " in (one / "stat").read_text() for one in tasks.iterdir()))


def check_stopped(job: Job) -> None:
    assert job.wait(1) == "stopped"
    assert job.is_stopped
    assert (job.exc_info or "").startswith(STOPPED), job.exc_info
    queue = Queue(job.origin, job.connection)
    assert job in queue.failed_job_registry
    assert job not in queue.started_job_registry
    assert job.id not in queue.job_ids


# Stop a job


@pytest.mark.parametrize("function", [jobs.book_when_told, jobs.async_book_when_told])
def test_a_job_that_runs_is_stopped_at_once_and_not_retried(
    workers: Workers, queue: Queue, tmp_path: Path, isolation: str, function: Any
):
    worker = workers.start(isolation=isolation)
    job = queue.enqueue(function, str(tmp_path), retry=Retry(max=3), job_timeout=-1)
    begun(tmp_path)
    began = time.monotonic()
    job.stop()
    assert time.monotonic() - began < AT_ONCE
    check_stopped(job)
    let_go(tmp_path)
    assert queue.enqueue(jobs.give, 1).wait(10) == "finished"
    assert len(lines(tmp_path / "begun")) == 1
    assert lines(tmp_path / "ledger") == []
    assert worker.stop() == 0


def test_what_was_behind_the_stopped_job_runs_once(
    workers: Workers, queue: Queue, tmp_path: Path, isolation: str
):
    workers.start(isolation=isolation)
    number = 5 if isolation == "spawn" else 50
    for _ in range(number // 2):  # they are quick: others will be handed over ahead of time
        queue.enqueue(jobs.book, str(tmp_path / "warm"), 0, 0).wait(10)
    job = queue.enqueue(jobs.book_when_told, str(tmp_path))
    rest = many(queue, jobs.book, *((str(tmp_path / "ran"), n, 0) for n in range(number)))
    begun(tmp_path)
    job.stop()
    assert results(rest, 20) == list(range(number))
    assert sorted(map(int, lines(tmp_path / "ran"))) == list(range(number))
    check_stopped(job)


def test_a_job_that_waits_behind_a_long_one_inline_is_stopped_at_once(
    workers: Workers, queue: Queue, tmp_path: Path
):
    workers.start(isolation="inline")
    results(many(queue, jobs.give, *((n,) for n in range(300))))
    long, *rest = many(
        queue, jobs.book_when_told, (str(tmp_path), "first"), (str(tmp_path), "second")
    )
    begun(tmp_path)
    eventually(lambda: rest[0].is_started)
    began = time.monotonic()
    rest[0].stop()
    assert time.monotonic() - began < AT_ONCE
    check_stopped(rest[0])
    let_go(tmp_path)
    assert results([long]) == ["first"]
    assert lines(tmp_path / "ledger") == ["first"]


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize(
    "call", [("async_nap", 30), ("async_call_in_child", "nap", 30), ("hang",), ("nap", 30)]
)
def test_of_many_coroutines_only_that_one_is_stopped(
    workers: Workers, queue: Queue, tmp_path: Path, loop: str, call: Any
):
    siblings = Siblings(queue, tmp_path)
    job = queue.enqueue(jobs.async_begin, str(tmp_path), *call)
    siblings.come()
    worker = workers.start(path=path_for(loop, tmp_path))
    begun(tmp_path)
    (horse,) = worker.horses
    job.stop()
    check_stopped(job)
    siblings.check(runs=1)
    assert worker.horses == [horse]


def test_of_many_on_threads_only_that_one_is_stopped(
    workers: Workers, queue: Queue, tmp_path: Path
):
    siblings = Siblings(queue, tmp_path, jobs.book_first, 9)
    job = queue.enqueue(jobs.begin, str(tmp_path), "hang")
    siblings.come()
    worker = workers.start(isolation="thread", concurrency=10)
    begun(tmp_path)
    (horse,) = worker.horses
    job.stop()
    check_stopped(job)
    siblings.check(runs=1)
    assert worker.horses == [horse]


@pytest.mark.parametrize(
    ("isolation", "call"),
    [
        ("thread", (jobs.begin, "hang_swallowing")),
        ("thread", (jobs.begin, "nap", 30)),
        ("warm", (jobs.async_begin, "async_swallow")),
        ("warm", (jobs.async_begin, "hang_with_gil")),
    ],
)
def test_a_job_that_does_not_let_itself_be_stopped_ends_with_its_horse(
    workers: Workers, queue: Queue, tmp_path: Path, isolation: str, call: Any
):
    function = jobs.book_first if isolation == "thread" else jobs.async_book
    siblings = Siblings(queue, tmp_path, function, 9)
    job = queue.enqueue(call[0], str(tmp_path), *call[1:], job_timeout=-1)
    siblings.come()
    workers.start(isolation=isolation, concurrency=20)
    begun(tmp_path)
    job.stop()
    check_stopped(job)
    assert "and its work horse was killed" in (job.exc_info or "")
    siblings.check(runs=2)


def test_a_job_that_catches_being_stopped_inline_is_told_again(
    workers: Workers, queue: Queue, tmp_path: Path
):
    workers.start(isolation="inline")
    job = queue.enqueue(jobs.begin, str(tmp_path), "catch_stop_once", 30)
    begun(tmp_path)
    job.stop()
    check_stopped(job)


def test_a_job_that_fails_because_it_is_stopped_is_not_retried(
    workers: Workers, queue: Queue, tmp_path: Path
):
    workers.start()
    siblings = Siblings(queue, tmp_path)
    job = queue.enqueue(
        jobs.async_begin, str(tmp_path), "async_fail_if_cancelled", retry=Retry(max=3)
    )
    siblings.come()
    begun(tmp_path)
    job.stop()
    check_stopped(job)
    assert "ValueError: cancelled" in (job.exc_info or "")
    siblings.check(runs=1)


def test_a_job_that_ends_meanwhile_wins(
    workers: Workers, queue: Queue, tmp_path: Path, background: Callable[..., Future[Any]]
):
    worker = workers.start()
    job = queue.enqueue(jobs.book_when_told, str(tmp_path))
    begun(tmp_path)
    freeze(worker)  # the supervisor alone: its horse goes on
    stopping = background(job.stop)
    eventually(lambda: has_command(queue.connection))
    let_go(tmp_path)
    eventually(lambda: lines(tmp_path / "ledger"))
    worker.signal(signal.SIGCONT)
    with pytest.raises(
        InvalidJobOperation, match=r"was not stopped: it (finished before|is finished by)"
    ):
        stopping.result(10)
    assert job.result == "ran"
    assert job.is_finished


def has_command(connection: Connection) -> bool:
    """Whether anybody has been told anything; a frozen worker may have got it."""
    with connection.borrow() as link:
        return bool(link.call(("KEYS", connection.keys.answer("*").replace("{", "[{]"))))


def test_stop_and_end_at_the_same_moment_leave_one_outcome(
    workers: Workers, queue: Queue, isolation: str
):
    workers.start(isolation=isolation)
    queue.enqueue(jobs.nap, 0.0).wait(10)
    for number in range(4 if isolation == "spawn" else 20):
        job = queue.enqueue(jobs.nap, 0.02 + number / 1000, result_ttl=60)
        eventually(lambda job=job: not job.is_queued)  # type: ignore[misc]  # of this turn
        try:
            job.stop()
            told = "stopped"
        except InvalidJobOperation:
            told = "finished"
        assert job.wait(5) == told


def test_a_job_that_does_not_run_is_not_stopped(workers: Workers, queue: Queue):
    job = queue.enqueue(jobs.give, 1, result_ttl=60)
    with pytest.raises(InvalidJobOperation, match=r"is queued; only a job that runs .*: cancel it"):
        job.stop()
    workers.start()
    job.wait(10)
    with pytest.raises(InvalidJobOperation, match="is finished; only a job that runs"):
        job.stop()


def test_an_execution_is_stopped_and_no_later_one(workers: Workers, queue: Queue, tmp_path: Path):
    workers.start()
    job = queue.enqueue(jobs.book_when_told, str(tmp_path))
    begun(tmp_path)
    (execution,) = job.get_executions()
    assert (execution.id, execution.job_id) == ("1", job.id)
    with pytest.raises(InvalidJobOperation, match="at execution 1 by now, not at 2"):
        send_stop_execution_command(queue.connection, job.id, "2")
    send_stop_execution_command(queue.connection, job.id, execution.id)
    check_stopped(job)
    assert job.get_executions() == []
    job.requeue()
    begun(tmp_path, 2)
    with pytest.raises(InvalidJobOperation, match="at execution 2 by now, not at 1"):
        send_stop_execution_command(queue.connection, job.id, execution.id)
    let_go(tmp_path)
    assert job.wait(10) == "finished"


def test_fifty_jobs_are_stopped_at_once(workers: Workers, queue: Queue, isolation: str):
    number = 8 if isolation == "spawn" else 50
    workers.start(isolation=isolation, horses=1 if isolation == "inline" else 4, concurrency=50)
    function = jobs.nap if isolation in {"fork", "spawn", "inline"} else jobs.async_nap
    made = many(queue, function, *[(30.0,)] * number, timeout=-1)
    most = {"inline": 1, "fork": 4, "spawn": 4}.get(isolation, number)

    async def stop_all() -> None:
        waiting = set(made)
        while waiting:
            there = {job for job in waiting if job.get_status() == "started"}
            stops = [asend_stop_job_command(queue.connection, job.id, timeout=30) for job in there]
            # One may have gone back to its queue, where others need not wait behind it.
            for end in await asyncio.gather(*stops, return_exceptions=True):
                assert not isinstance(end, BaseException) or isinstance(end, InvalidJobOperation), (
                    end
                )
            waiting -= {job for job in waiting if job.get_status() == "stopped"}
        await queue.connection.aclose()

    eventually(lambda: sum(job.is_started for job in made) >= most)
    asyncio.run(stop_all())
    assert [job.get_status() for job in made] == ["stopped"] * number
    assert queue.enqueue(jobs.give, 1).wait(10) == "finished"
    assert queue.started_job_registry.count == 0


def test_jobs_that_are_stopped_at_random_end_once_and_as_was_told(
    workers: Workers, queue: Queue, tmp_path: Path, isolation: str
):
    number = {"spawn": 16, "fork": 200}.get(isolation, 400)
    for _ in range(2):
        workers.start(isolation=isolation, horses=1 if isolation == "inline" else 2, concurrency=8)
    ledger = str(tmp_path / "ledger")
    chance = random.Random(isolation)
    functions = (jobs.book, jobs.book_later)
    pauses = [chance.choice((0.0, 0.001, 0.02)) for _ in range(number)]
    made: list[Job] = []
    for half, function in enumerate(functions):
        calls = [(ledger, n, pauses[n]) for n in range(half, number, 2)]
        made += many(queue, function, *calls, result_ttl=60)
    victims = {job.id for job in chance.sample(made, number // 4)}
    told: dict[str, str] = {}
    while (waiting := queue.started_job_registry.get_job_ids()) or queue.count:
        for job_id in victims.intersection(waiting):
            try:
                send_stop_job_command(queue.connection, job_id)
                told[job_id] = "stopped"
            except InvalidJobOperation as error:
                told.setdefault(job_id, str(error))
    ends = {job.id: job.wait(10) for job in made}
    failed = [job.latest_result() for job in made if ends[job.id] == "failed"]
    assert not failed, [(one.job_id, told.get(one.job_id), one.exc_string) for one in failed if one]
    assert set(ends.values()) <= {"finished", "stopped"}
    assert {one for one, end in ends.items() if end == "stopped"} == {
        one for one, said in told.items() if said == "stopped"
    }
    finished = sum(end == "finished" for end in ends.values())
    ran = Counter(lines(tmp_path / "ledger"))
    assert max(ran.values()) == 1
    assert finished <= len(ran) <= number
    assert queue.finished_job_registry.count == finished
    assert queue.failed_job_registry.count == number - finished


def test_many_who_stop_the_same_job_are_all_told_so(
    workers: Workers, queue: Queue, isolation: str, background: Callable[..., Future[Any]]
):
    workers.start(isolation=isolation)
    job = queue.enqueue(jobs.async_nap, 30)
    eventually(lambda: job.is_started)
    stops = [background(send_stop_job_command, queue.connection, job.id) for _ in range(20)]
    late = [error for stop in stops if (error := stop.exception(20)) is not None]
    assert len(late) < 20
    assert [re.sub(r"'.*'", "", str(error)) for error in late] == [
        "job  is stopped; only a job that runs can be stopped"
    ] * len(late)
    check_stopped(job)


def test_a_job_is_stopped_while_its_worker_is_flooded(
    workers: Workers, queue: Queue, tmp_path: Path
):
    workers.start(horses=2)
    job = queue.enqueue(jobs.book_when_told, str(tmp_path))
    begun(tmp_path)
    flood = many(queue, jobs.book, *((str(tmp_path / "ran"), n, 0.0005) for n in range(3000)))
    eventually(lambda: lines(tmp_path / "ran"))
    began = time.monotonic()
    job.stop()
    assert time.monotonic() - began < AT_ONCE
    check_stopped(job)
    flood[-1].wait(30)
    eventually(lambda: len(lines(tmp_path / "ran")) == 3000)


def test_asyncio_stops_jobs_too(workers: Workers, connection: Connection):
    workers.start()

    async def play() -> None:
        job = await AsyncQueue(connection=connection).enqueue(jobs.nap, 30)
        while not await job.is_started():
            await asyncio.wait([asyncio.create_task(job.get_status())])
        assert [one.id for one in await job.get_executions()] == ["1"]
        await job.stop()
        assert await job.is_stopped()
        with pytest.raises(InvalidJobOperation):
            await job.stop()
        await connection.aclose()

    asyncio.run(play())


# Shut down


def test_an_idle_worker_shuts_down_at_once(workers: Workers, queue: Queue, isolation: str):
    worker = workers.start(isolation=isolation)
    queue.enqueue(jobs.give, 1).wait(10)
    began = time.monotonic()
    send_shutdown_command(queue.connection, worker.name)
    assert time.monotonic() - began < AT_ONCE
    assert worker.ended(5) == 0


def test_a_busy_worker_shuts_down_when_its_job_has_ended(
    workers: Workers, queue: Queue, tmp_path: Path, isolation: str
):
    worker = workers.start(isolation=isolation, concurrency=1)
    job = queue.enqueue(jobs.book_when_told, str(tmp_path))
    rest = many(queue, jobs.give, (1,), (2,))
    begun(tmp_path)
    began = time.monotonic()
    send_shutdown_command(queue.connection, worker.name)
    send_shutdown_command(queue.connection, worker.name)  # which is no second signal
    assert time.monotonic() - began < AT_ONCE
    assert worker.process.poll() is None
    let_go(tmp_path)
    assert worker.ended() == 0
    assert job.result == "ran"
    assert [one.get_status() for one in rest] == ["queued"] * 2
    with pytest.raises(NoSuchWorkerError, match=f"no live worker is called '{worker.name}'"):
        send_shutdown_command(queue.connection, worker.name)


def test_a_worker_that_is_stopping_stops_the_job_that_it_waits_for(
    workers: Workers, queue: Queue, tmp_path: Path, isolation: str
):
    worker = workers.start(isolation=isolation)
    job = queue.enqueue(jobs.book_when_told, str(tmp_path))
    begun(tmp_path)
    send_shutdown_command(queue.connection, worker.name)
    job.stop()
    check_stopped(job)
    assert worker.ended(5) == 0


# Kill horses


def test_a_killed_horse_fails_its_job(
    workers: Workers, queue: Queue, tmp_path: Path, isolation: str
):
    worker = workers.start(isolation=isolation)
    with pytest.raises(CommandRefused, match="no job runs in it now"):
        send_kill_horse_command(queue.connection, worker.name)
    job = queue.enqueue(jobs.book_when_told, str(tmp_path))
    begun(tmp_path)
    rest = many(queue, jobs.give, (1,), (2,))
    if isolation == "thread":  # they run beside it, and would end with it
        results(rest)
    told = send_kill_horse_command(queue.connection, worker.name)
    assert told.jobs[job.id] == "fail"
    assert job.is_failed
    assert (job.exc_info or "").startswith(KILLED), job.exc_info
    assert results(rest) == [1, 2]


def test_the_jobs_of_a_killed_horse_are_retried_if_they_say_so(
    workers: Workers, queue: Queue, tmp_path: Path, isolation: str
):
    worker = workers.start(isolation=isolation)
    job = queue.enqueue(jobs.book_when_told, str(tmp_path), retry=Retry(max=1))
    begun(tmp_path)
    assert send_kill_horse_command(queue.connection, worker.name).jobs == {job.id: "retry"}
    begun(tmp_path, 2)
    let_go(tmp_path)
    assert job.wait(10) == "finished"


def test_all_that_run_in_killed_horses_end_with_them(
    workers: Workers, queue: Queue, tmp_path: Path
):
    worker = workers.start(horses=2, concurrency=10)
    made = many(queue, jobs.async_book_when_told, *[(str(tmp_path),)] * 20)
    begun(tmp_path, 20)
    told = send_kill_horse_command(queue.connection, worker.name)
    assert told.jobs == {job.id: "fail" for job in made}
    assert [job.get_status() for job in made] == ["failed"] * 20
    assert queue.enqueue(jobs.give, 1).wait(10) == "finished"


# Trouble


def test_a_worker_that_never_was_gets_no_command(connection: Connection):
    with pytest.raises(NoSuchWorkerError, match="no live worker is called 'nobody'"):
        send_shutdown_command(connection, "nobody")


def test_a_frozen_worker_does_not_acknowledge_and_forgets(
    workers: Workers, queue: Queue, tmp_path: Path, isolation: str
):
    worker = workers.start(isolation=isolation)
    job = queue.enqueue(jobs.book_when_told, str(tmp_path))
    begun(tmp_path)
    freeze(worker)
    with pytest.raises(CommandNotAcknowledged, match=r"has not answered within 0\.3 s: it has"):
        job.stop(timeout=0.3)
    worker.signal(signal.SIGCONT)
    let_go(tmp_path)
    assert job.wait(10) == "finished"


def test_the_death_of_a_worker_is_no_acknowledgement(
    workers: Workers, queue: Queue, tmp_path: Path, background: Callable[..., Future[Any]]
):
    worker = workers.start()
    job = queue.enqueue(jobs.book_when_told, str(tmp_path))
    begun(tmp_path)
    freeze(worker)
    stopping = background(job.stop, 2)
    eventually(lambda: has_command(queue.connection))
    worker.kill_tree()
    with pytest.raises((CommandNotAcknowledged, NoSuchWorkerError)):
        stopping.result(10)
    let_go(tmp_path)
    workers.start()  # it finds that its neighbour is gone
    assert job.wait(10) == "finished"


def test_the_job_of_a_worker_that_was_taken_over_is_not_stopped_but_explained(
    workers: Workers, queue: Queue, tmp_path: Path
):
    worker = workers.start()
    job = queue.enqueue(jobs.book_when_told, str(tmp_path))
    begun(tmp_path)
    worker.kill_tree()
    with queue.connection.borrow() as link:  # it is forgotten
        link.call(("DEL", queue.connection.keys.worker(worker.name)))
    with pytest.raises(NoSuchWorkerError, match="it vanished with the job"):
        job.stop()


def test_commands_arrive_when_connections_were_cut(
    own_server: PrivateServer, tmp_path: Path, isolation: str
):
    connection = Connection(own_server.url, "cut")
    queue = Queue(connection=connection)
    with workers_of(connection, tmp_path) as workers:
        worker = workers.start(isolation=isolation)
        job = queue.enqueue(jobs.book_when_told, str(tmp_path))
        begun(tmp_path)
        for _ in range(3):
            ask(own_server.address, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            # It lapses so soon that the worker may say that it came too late.
            with contextlib.suppress(CommandNotAcknowledged, CommandRefused):
                job.stop(timeout=0.01)
        with contextlib.suppress(InvalidJobOperation):
            job.stop()
        check_stopped(job)
        ask(own_server.address, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        send_shutdown_command(connection, worker.name)
        assert worker.ended() == 0
    connection.close()


@pytest.mark.slow
def test_a_command_that_was_lost_on_its_way_is_sent_again(
    workers: Workers, queue: Queue, tmp_path: Path, background: Callable[..., Future[Any]]
):
    worker = workers.start()
    job = queue.enqueue(jobs.book_when_told, str(tmp_path))
    begun(tmp_path)
    freeze(worker)
    with queue.connection.borrow() as link:  # as if it were waited for there no more
        link.call(("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"))
    stopping = background(job.stop, 20)
    eventually(lambda: has_command(queue.connection))
    with queue.connection.borrow() as link:
        assert link.call(("DEL", queue.connection.keys.inbox(worker.name)))
    worker.signal(signal.SIGCONT)
    stopping.result(20)
    check_stopped(job)


# Trust


SECRET = "a secret of sixteen characters"


@pytest.mark.parametrize("theirs", ["", "another secret of as many"])
def test_a_command_that_is_not_signed_with_the_secret_is_refused(
    workers: Workers,
    queue: Queue,
    tmp_path: Path,
    isolation: str,
    theirs: str,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("WORKHORSE_SECRET", SECRET)
    worker = workers.start(isolation=isolation)
    job = queue_with_secret(queue).enqueue(jobs.book_when_told, str(tmp_path))
    begun(tmp_path)
    monkeypatch.setenv("WORKHORSE_SECRET", theirs)
    with pytest.raises(CommandRefused, match="is not signed as WORKHORSE_SECRET wants it"):
        job.stop()
    with pytest.raises(CommandRefused, match="is not signed as WORKHORSE_SECRET wants it"):
        send_shutdown_command(queue.connection, worker.name)
    assert "a command was refused: the command is not signed" in worker.log
    assert job.is_started
    monkeypatch.setenv("WORKHORSE_SECRET", SECRET)
    job.stop()
    check_stopped(job)


def queue_with_secret(queue: Queue) -> Queue:
    """The queue with a codec of the secret that is set now."""
    return Queue(connection=queue.connection)
