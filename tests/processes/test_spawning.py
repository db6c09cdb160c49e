"""Each job in an interpreter of its own: fresh, started ahead, and looked after like a fork."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import jobs
from tests.support.workers import Workers, children, eventually, kill
from workhorse.command import send_stop_job_command
from workhorse.connection import Connection
from workhorse.queue import Queue


@pytest.fixture
def queue(connection: Connection) -> Queue:
    return Queue(connection=connection)


def test_each_job_has_an_interpreter_of_its_own_that_knows_nothing_of_the_others(
    workers: Workers, queue: Queue
):
    worker = workers.start(isolation="spawn")
    many = [queue.enqueue(jobs.leave_and_look, n) for n in range(4)]
    assert [job.wait(30) for job in many] == ["finished"] * 4
    seen = [job.result for job in many]
    assert [left for left, *_ in seen] == [1] * 4
    assert len({pid for _, pid, *_ in seen}) == 4
    assert all(spawned for *_, spawned, _ in seen)
    assert {sockets for *_, sockets in seen} == {2}, "it has what is another's"
    assert "no horse" not in worker.log


def test_the_next_interpreter_is_started_ahead(workers: Workers, queue: Queue, tmp_path: Path):
    worker = workers.start(isolation="spawn")
    eventually(lambda: len(worker.horses) == 2)
    queue.enqueue(jobs.book_when_told, str(tmp_path))
    eventually((tmp_path / "begun").exists)
    eventually(lambda: len(worker.horses) == 2)  # one runs, one waits
    (tmp_path / "go").touch()


def test_what_jobs_bring_in_later_interpreters_have_imported_before_their_job(
    workers: Workers, queue: Queue, tmp_path: Path
):
    (tmp_path / "heavy_module.py").write_text(
        "import os\n"
        f"with open({str(tmp_path / 'imported')!r}, 'a') as file: print(os.getpid(), file=file)\n"
        "def f(): return os.getpid()\n",
        "utf-8",
    )
    worker = workers.start(isolation="spawn", path=[str(tmp_path)])
    first = queue.enqueue("heavy_module.f")
    assert first.wait(30) == "finished", first.exc_info

    def waiting_ones_have_it() -> bool:
        pids = {int(pid) for pid in (tmp_path / "imported").read_text("ascii").split()}
        return bool(pids & set(children(worker.stable)))

    for _ in range(2):  # those that were started before the first job ended have it not
        queue.enqueue(jobs.give, 1).wait(30)
    eventually(waiting_ones_have_it)


def test_an_interpreter_that_dies_at_its_start_costs_no_job(
    workers: Workers, queue: Queue, tmp_path: Path
):
    (tmp_path / "moody_module.py").write_text(
        "import os\n"
        f"if os.path.exists({str(tmp_path / 'bad')!r}): os._exit(3)\n"
        "def f(): return 1\n",
        "utf-8",
    )
    worker = workers.start(isolation="spawn", path=[str(tmp_path)])
    assert queue.enqueue("moody_module.f").wait(30) == "finished"
    (tmp_path / "bad").touch()
    for number in range(4):
        job = queue.enqueue(jobs.give, number)
        assert job.wait(30) == "finished"
        assert job.result == number
    assert "the interpreter died at its start" in worker.log


@pytest.mark.parametrize(
    ("poison", "says"),
    [(jobs.segfault, "signal 11"), (jobs.kill_itself, "signal 9"), (jobs.hang_masked, "timeout")],
)
def test_poison_fails_only_the_job_that_took_it(
    workers: Workers, queue: Queue, poison: Callable[[], None], says: str
):
    workers.start(isolation="spawn")
    bad = queue.enqueue(poison, job_timeout=1)
    good = queue.enqueue(jobs.give, 1)
    assert (bad.wait(30), good.wait(30)) == ("failed", "finished")
    assert says in (bad.exc_info or "")


def test_a_job_is_stopped_from_afar(workers: Workers, queue: Queue, tmp_path: Path):
    workers.start(isolation="spawn")
    job = queue.enqueue(jobs.book_when_told, str(tmp_path))
    eventually((tmp_path / "begun").exists)
    send_stop_job_command(queue.connection, job.id)
    assert job.get_status() == "stopped"


def test_a_stable_that_is_killed_is_followed_by_another(
    workers: Workers, queue: Queue, tmp_path: Path
):
    worker = workers.start(isolation="spawn")
    assert queue.enqueue(jobs.give, 1).wait(30) == "finished"  # before, it would end the worker
    stable = worker.stable
    kill(stable, signal.SIGKILL)
    eventually(lambda: worker.stable != stable)
    assert queue.enqueue(jobs.give, 1).wait(30) == "finished"
