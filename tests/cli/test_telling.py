"""`workhorse stop`, `kill-horse` and `shutdown`, to real workers."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.servers import wait_for
from workhorse.queue import Queue
from workhorse.worker import Worker


@pytest.fixture
def queue(connection):
    return Queue("default", connection)


@pytest.fixture
def running(queue, worker):
    """A job that runs for long."""
    job = queue.enqueue("time.sleep", 60)
    wait_for(lambda: job.is_started)
    return job


def test_stop_ends_jobs_and_says_how_many(workhorse, running):
    ran = workhorse("stop", running.id)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "1 job stopped\n", "")
    assert running.is_stopped


def test_stop_tells_what_it_could_not_do(workhorse, queue, running):
    waiting = queue.enqueue("a.f")
    ran = workhorse("stop", running.id, waiting.id, "none")
    assert (ran.returncode, ran.stdout) == (1, "1 job stopped\n")
    assert f"{waiting.id}: job '{waiting.id}' is queued; only a job that runs" in ran.stderr
    assert "none: no job 'none'" in ran.stderr


def test_stop_as_json(workhorse, running):
    ran = workhorse("stop", running.id, "none", "--json")
    told = json.loads(ran.stdout)
    assert (ran.returncode, told["stopped"], list(told["refused"])) == (1, [running.id], ["none"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["stop"], "Missing argument 'IDS...'"),
        (["stop", "a:b"], "'a:b'"),
        (["stop", "a", "--timeout", "0"], "give a time over 0"),
        (["kill-horse"], "Missing argument 'WORKERS...'"),
        (["shutdown"], "name workers, or give --all"),
        (["shutdown", "w", "--all"], "name workers, or give --all"),
    ],
)
def test_wrong_usage_exits_with_2(workhorse, words, said):
    ran = workhorse(*words)
    assert ran.returncode == 2
    assert said in ran.stderr


def test_kill_horse_fails_the_job_that_runs(workhorse, running):
    ran = workhorse("kill-horse", "w")
    assert (ran.returncode, ran.stdout) == (0, "w: 1 job ended\n")
    assert running.is_failed
    ran = workhorse("kill-horse", "w", "nobody", "--json")
    told = json.loads(ran.stdout)
    assert (ran.returncode, told["killed"]) == (1, {})
    assert "no job runs in it now" in told["refused"]["w"]
    assert "no live worker is called 'nobody'" in told["refused"]["nobody"]


@pytest.mark.parametrize("which", [["w"], ["--all"]])
def test_shutdown_ends_workers(workhorse, worker, connection, which):
    wait_for(lambda: Worker.count(connection))
    ran = workhorse("shutdown", *which)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "1 worker stopping\n", "")
    assert worker.wait(10) == 0


def test_shutdown_of_nobody_is_nothing_to_do(workhorse):
    ran = workhorse("shutdown", "--all", "--json")
    assert (ran.returncode, json.loads(ran.stdout)) == (0, {"stopping": [], "refused": {}})


def test_a_server_out_of_reach_exits_with_69(workhorse, tmp_path):
    told = [["stop", "a"], ["kill-horse", "w"], ["shutdown", "w"], ["shutdown", "--all"]]
    nowhere = ("--url", f"unix://{tmp_path}/none")
    with ThreadPoolExecutor() as side_by_side:  # for each tries for a while
        ran = list(side_by_side.map(lambda words: workhorse(*words, *nowhere), told))
    assert [each.returncode for each in ran] == [69] * 4
