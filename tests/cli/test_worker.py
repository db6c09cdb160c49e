"""`workhorse worker` as a process."""

import json
import signal
import subprocess
import sys

import pytest

from workhorse.queue import Queue


@pytest.fixture
def queue(connection):
    return Queue("default", connection)


def test_burst_runs_what_is_there_and_exits_with_0(workhorse, queue):
    jobs = [queue.enqueue("math.sqrt", number) for number in range(5)]
    ran = workhorse("worker", "--burst", "--horses", "2")
    assert ran.returncode == 0, ran.stderr
    assert [job.return_value() for job in jobs] == [number**0.5 for number in range(5)]


def test_the_log_is_json_if_it_is_told_to_be(workhorse, queue):
    job = queue.enqueue("math.sqrt", 4)
    ran = workhorse("worker", "-b", "--log-format", "json", "--name", "w")
    lines = [json.loads(line) for line in ran.stderr.splitlines()]
    assert all({"ts", "level", "logger", "message", "worker"} <= line.keys() for line in lines)
    (done,) = [line for line in lines if line.get("outcome")]
    assert (done["job_id"], done["queue"], done["function"]) == (job.id, "default", "math.sqrt")
    assert (done["attempt"], done["worker"]) == (1, "w")


def test_jobs_are_found_in_the_folder(workhorse, queue, tmp_path):
    (tmp_path / "tasks_of_mine.py").write_text("def f():\n    return 'here'\n", "utf-8")
    job = queue.enqueue("tasks_of_mine.f")
    workhorse("worker", "-b", "--path", str(tmp_path))
    assert job.return_value() == "here"


def test_functions_that_are_not_allowed_fail(workhorse, queue):
    job = queue.enqueue("math.sqrt", 4)
    workhorse("worker", "-b", "--allow", "mine.*")
    assert "FunctionNotAllowed" in job.exc_info


@pytest.mark.parametrize("isolation", ["warm", "inline"])
def test_a_module_that_cannot_be_preloaded_exits_with_1(workhorse, isolation):
    ran = workhorse("worker", "--preload", "no_such_module", "-q", "--isolation", isolation)
    assert ran.returncode == 1
    assert "workhorse: cannot preload no_such_module" in ran.stderr


def test_a_name_that_is_taken_exits_with_1(workhorse, worker, queue):
    queue.enqueue("math.sqrt", 4).wait(30)  # by then the worker is known
    ran = workhorse("worker", "--name", "w", "--burst")
    assert ran.returncode == 1
    assert "a live worker is called 'w' already" in ran.stderr


def test_the_pid_is_written_and_removed(environment, queue, tmp_path):
    file = tmp_path / "pid"
    process = subprocess.Popen(
        [sys.executable, "-m", "workhorse", "worker", "-q", "--pid", str(file)], env=environment
    )
    queue.enqueue("math.sqrt", 4).wait(30)
    assert int(file.read_text("ascii")) == process.pid
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    assert not file.exists()
