"""What a worker is told: bursts, limits, queues in order, modules to preload, and who works."""

from __future__ import annotations

import contextlib
import signal
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support import jobs, shop
from tests.support.workers import Workers, eventually, kill
from workhorse.connection import Connection
from workhorse.drivers import run
from workhorse.envelopes import Arguments, Bearer, codec_for, seal_call
from workhorse.exceptions import NoSuchJobError
from workhorse.job import Job
from workhorse.ops.enqueue import enqueue
from workhorse.queue import Queue
from workhorse.records import CallSpec
from workhorse.worker import Worker

ISOLATIONS = ("warm", "fork", "spawn", "inline")
SOON = 10.0


@pytest.fixture
def queue(connection: Connection) -> Queue:
    return Queue(connection=connection)


def order(*finished: Job) -> list[str]:
    """The ids in the order in which they were run."""
    for job in finished:
        job.refresh()
    ran = [(job.started_at, job.id) for job in finished if job.started_at]
    return [job_id for _, job_id in sorted(ran)]


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_a_burst_ends_when_the_queues_are_empty(workers: Workers, queue: Queue, isolation: str):
    some = 5 if isolation == "spawn" else 30  # an interpreter for each takes its time
    made = [queue.enqueue(jobs.give, n) for n in range(some)]
    made.append(queue.enqueue(jobs.fall, retry=1))
    worker = workers.start(isolation=isolation, burst=True, wait=False)
    assert worker.ended() == 0
    assert [job.get_status() for job in made] == ["finished"] * some + ["failed"]
    eventually(
        lambda: worker.tree() == [], within=5
    )  # an interpreter that starts takes a moment to die


def test_a_burst_on_an_empty_queue_ends_at_once(workers: Workers):
    began = time.monotonic()
    assert workers.start(burst=True, wait=False).ended() == 0
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("isolation", ISOLATIONS)
@pytest.mark.parametrize("horses", [1, 3])
def test_a_worker_stops_after_max_jobs(workers: Workers, queue: Queue, isolation: str, horses: int):
    made = [queue.enqueue(jobs.give, n) for n in range(10)]
    worker = workers.start(isolation=isolation, max_jobs=4, horses=horses, wait=False)
    assert worker.ended() == 0
    assert [job.get_status() for job in made] == ["finished"] * 4 + ["queued"] * 6


@pytest.mark.parametrize("isolation", ["warm", "inline"])
def test_a_worker_stops_when_it_was_idle_for_too_long(
    workers: Workers, queue: Queue, isolation: str
):
    worker = workers.start(isolation=isolation, max_idle_time=0.5)
    job = queue.enqueue(jobs.nap, 0.8)
    began = time.monotonic()
    assert worker.ended(5) == 0
    assert job.is_finished
    assert 1.2 < time.monotonic() - began < 4


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_earlier_queues_come_first(workers: Workers, connection: Connection, isolation: str):
    low, high = Queue("low", connection), Queue("high", connection)
    later = [low.enqueue(jobs.nap, 0.03) for _ in range(3)]
    first = [high.enqueue(jobs.nap, 0.03) for _ in range(3)]
    workers.start(isolation=isolation, queues=["high", "low"], burst=True, wait=False).ended()
    assert order(*later, *first) == [job.id for job in (*first, *later)]


@pytest.mark.parametrize("strategy", ["round_robin", "random"])
def test_a_strategy_gives_every_queue_its_turn(
    workers: Workers, connection: Connection, strategy: str
):
    queues = [Queue(name, connection) for name in ("one", "two")]
    made = [queue.enqueue(jobs.nap, 0.025) for queue in queues for _ in range(8)]
    workers.start(queues=["one", "two"], burst=True, dequeue_strategy=strategy, wait=False).ended()
    ran = order(*made)
    assert sorted(ran) == sorted(job.id for job in made)
    ones = {job.id for job in made[:8]}
    assert any(job_id not in ones for job_id in ran[:7])


def test_a_job_at_the_front_runs_first(workers: Workers, queue: Queue):
    later = queue.enqueue(jobs.nap, 0.03)
    first = queue.enqueue(jobs.nap, 0.03, at_front=True)
    workers.start(burst=True, wait=False).ended()
    assert order(later, first) == [first.id, later.id]


def test_preloaded_modules_are_imported_before_horses_are_forked(workers: Workers, queue: Queue):
    workers.start(preload=["tests.support.jobs"], isolation="fork")
    made = [queue.enqueue(jobs.is_preloaded) for _ in range(5)]
    assert all(job.wait(SOON) == "finished" and job.result for job in made)


def test_a_module_that_cannot_be_preloaded_ends_the_worker_with_its_traceback(workers: Workers):
    worker = workers.start(preload=["tests.support.not_there"], wait=False)
    assert worker.ended() == 1
    assert "No module named 'tests.support.not_there'" in worker.log


def test_a_module_with_very_much_to_say_cannot_be_preloaded_either(
    workers: Workers, tmp_path: Path
):
    (tmp_path / "wordy.py").write_text("raise ValueError('\\x00' * 500_000)")
    worker = workers.start(preload=["wordy"], path=[str(tmp_path)], wait=False)
    assert worker.ended() == 1
    assert "cannot preload wordy" in worker.log


def test_modules_of_jobs_are_there_in_later_horses(workers: Workers, queue: Queue):
    workers.start(isolation="fork")
    assert queue.enqueue(jobs.give, 1).wait(SOON) == "finished"

    def is_preloaded() -> bool:
        job = queue.enqueue(jobs.is_preloaded)
        assert job.wait(SOON) == "finished"
        found: bool = job.result
        return found

    eventually(is_preloaded, within=5)


def test_the_next_stable_gets_to_know_the_modules_of_jobs_as_well(workers: Workers, queue: Queue):
    """Else each horse that is forked for one job would import them anew."""
    worker = workers.start(isolation="fork")

    def is_preloaded() -> bool:
        job = queue.enqueue(jobs.is_preloaded)
        return job.wait(SOON) == "finished" and bool(job.result)

    eventually(is_preloaded, within=5)
    eventually(is_preloaded, within=5)  # by a horse that was asked for after they were there
    before = worker.stable
    kill(before, signal.SIGKILL)
    eventually(lambda: worker.stable != before)
    eventually(is_preloaded, within=5)


def test_what_a_job_needed_of_us_is_there_in_later_horses(workers: Workers, queue: Queue):
    workers.start(isolation="fork")

    def is_there() -> bool:
        job = queue.enqueue(jobs.has_loaded, "workhorse.serializers.exact")
        assert job.wait(SOON) == "finished"
        found: bool = job.result
        return found

    assert not is_there()
    assert queue.enqueue(jobs.give, Decimal(1)).wait(SOON) == "finished"
    eventually(is_there, within=5)


def test_workers_are_known_while_they_live(workers: Workers, connection: Connection):
    ada = workers.start(name="ada", queues=["a", "b"])
    bob = workers.start(name="bob", queues=["b"], isolation="inline")
    assert [info.name for info in Worker.all(connection)] == ["ada", "bob"]
    assert [info.name for info in Worker.all(connection, "a")] == ["ada"]
    assert Worker.count(connection, Queue("b", connection)) == 2
    found = Worker.find_by_name("ada", connection)
    assert found is not None
    assert (found.pid, found.queue_names(), found.get_state()) == (ada.pid, ["a", "b"], "idle")
    job = Queue("a", connection).enqueue(jobs.nap, 1.5)
    eventually(lambda: busy("ada", connection) == job.id, within=3)
    assert bob.stop(1) == 0  # an idle one goes at once
    assert ada.stop() == 0
    assert Worker.count(connection) == 0


def busy(name: str, connection: Connection) -> str | None:
    found = Worker.find_by_name(name, connection)
    assert found is not None
    return found.get_current_job_id() if found.get_state() == "busy" else None


def test_a_job_that_waits_longer_than_its_ttl_never_runs(
    workers: Workers, queue: Queue, tmp_path: Path
):
    late = queue.enqueue(jobs.append, str(tmp_path / "ledger"), "late", ttl=1)
    kept = queue.enqueue(jobs.append, str(tmp_path / "ledger"), "kept", ttl=60, result_ttl=60)
    eventually(lambda: is_gone(late), within=3)
    workers.start(burst=True, wait=False).ended()
    assert (tmp_path / "ledger").read_text() == "kept\n"
    assert kept.is_finished
    assert kept.get_ttl() == 60


def is_gone(job: Job) -> bool:
    with contextlib.suppress(NoSuchJobError):
        job.get_status()
        return False
    return True


def test_scheduled_jobs_run_without_a_scheduler_in_a_worker_of_another_queue(
    workers: Workers, connection: Connection
):
    """Any worker of the namespace promotes; one of the queue runs."""
    queue = Queue("later", connection)
    workers.start(queues=["other"])
    workers.start(queues=["later", "other"])
    due = [queue.enqueue_in(wait, jobs.give, 1) for wait in (0.5, 0.2, 0.8)]
    assert [job.wait(SOON) for job in due] == ["finished"] * 3
    assert order(*due) == [due[1].id, due[0].id, due[2].id]
    for job, wait in zip(due, (0.5, 0.2, 0.8), strict=True):
        assert job.started_at is not None
        assert job.created_at is not None
        assert wait <= (job.started_at - job.created_at).total_seconds() < wait + 10


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_methods_and_callable_objects_run_with_their_state(
    workers: Workers, connection: Connection, isolation: str
):
    allow = ["tests.support.jobs.Account"]
    queue = Queue(connection=connection, allow=allow)
    workers.start(isolation=isolation, allow_classes=allow)
    account = jobs.Account(100)
    deposit = queue.enqueue(account.deposit, 10)
    call = queue.enqueue(account, 10)
    assert deposit.wait(SOON) == call.wait(SOON) == "finished", deposit.exc_info
    assert (deposit.result, call.result) == (110, 120)


def test_only_allowed_functions_run(workers: Workers, queue: Queue):
    workers.start(allow=["tests.support.jobs.a*"])
    refused = queue.enqueue("os.getcwd", retry=3)
    fine = queue.enqueue(jobs.add, 1, 2)
    assert (fine.wait(SOON), refused.wait(SOON)) == ("finished", "failed")
    assert "FunctionNotAllowed: os.getcwd is not among" in (refused.exc_info or "")


def test_an_object_of_another_class_does_not_pass_under_an_allowed_name(
    workers: Workers, queue: Queue
):
    workers.start(allow=["tests.support.jobs.Account.*"], allow_classes=["tests.support.shop.*"])
    codec = codec_for(None, ["tests.support.shop.*"])
    bearer = Bearer(queue.connection.namespace, queue.name, "forged")
    name = "tests.support.jobs.Account.greet"
    data = seal_call(codec, bearer, name, {}, Arguments((), {}, shop.User("Ada")))
    spec = CallSpec("forged", ("func", name, "data", data))
    run(queue.connection, enqueue(queue.connection.keys, queue.name, [spec]))
    forged = Job("forged", queue.connection)
    assert forged.wait(SOON) == "failed"
    assert "FunctionNotAllowed" in (forged.exc_info or "")


def test_a_worker_whose_stable_cannot_start_ends_and_says_so(workers: Workers):
    worker = workers.start(wait=False, serializer="tests.support.no_such_module")
    assert worker.ended(SOON) != 0
    assert "stable cannot start" in worker.log


def test_settings_that_no_horse_could_use_are_refused_at_once(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
):
    with pytest.raises(ValueError, match="nosuch"):
        Worker(["default"], connection=connection, serializer="nosuch")
    monkeypatch.setenv("WORKHORSE_SECRET", "short")
    with pytest.raises(ValueError, match="WORKHORSE_SECRET"):
        Worker(["default"], connection=connection)


def test_jobs_of_several_horses_run_at_the_same_time(workers: Workers, queue: Queue):
    workers.start(horses=4)
    assert queue.enqueue(jobs.give, 1).wait(SOON) == "finished"
    made = [queue.enqueue(jobs.nap, 0.3) for _ in range(4)]
    began = time.monotonic()
    assert [job.wait(SOON) for job in made] == ["finished"] * 4
    assert time.monotonic() - began < 1.1


def test_a_slow_job_holds_up_none_behind_it(workers: Workers, queue: Queue):
    """Jobs that were handed over ahead of time are taken back from a horse that is held up."""
    workers.start(horses=2)
    for _ in range(200):
        last = queue.enqueue(jobs.nap, 0)
    last.wait(SOON)  # now a nap is known to be quick
    slow = queue.enqueue(jobs.nap, 30)
    quick = [queue.enqueue(jobs.nap, 0) for _ in range(50)]
    began = time.monotonic()
    assert {job.wait(SOON) for job in quick} == {"finished"}
    assert time.monotonic() - began < 3
    assert slow.get_status() == "started"


def test_a_warm_horse_is_replaced_after_so_many_jobs(workers: Workers, queue: Queue):
    workers.start(max_horse_jobs=3)
    made = [queue.enqueue(jobs.pid) for _ in range(9)]
    assert {job.wait(SOON) for job in made} == {"finished"}
    counted = [[job.result for job in made].count(job.result) for job in made]
    assert max(counted) <= 3


def test_each_job_has_a_process_of_its_own_in_a_fork_worker(workers: Workers, queue: Queue):
    workers.start(isolation="fork")
    made = [queue.enqueue(jobs.pid) for _ in range(6)]
    assert {job.wait(SOON) for job in made} == {"finished"}
    assert len({job.result for job in made}) == 6


def test_large_arguments_and_results_reach_a_job_and_come_back(workers: Workers, queue: Queue):
    workers.start()
    values: list[Any] = [bytes(range(256)) * 4 * 1024 * n for n in (0, 1, 3)]
    made = [queue.enqueue(jobs.give, value) for value in values]
    assert [job.wait(SOON) for job in made] == ["finished"] * 3, made[1].exc_info
    assert [job.result for job in made] == values
