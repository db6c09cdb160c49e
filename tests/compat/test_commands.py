"""The command `rq`, with RQ's words."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.compat.town import AS_RQ, ROOT
from tests.support.servers import wait_for
from workhorse.compat.rq import Queue
from workhorse.compat.rq.cron import CronScheduler
from workhorse.compat.rq.job import Job

pytestmark = pytest.mark.slow

Rq = Callable[..., str]


@pytest.fixture
def surroundings(own_server):
    path = os.pathsep.join((str(ROOT / "src"), str(ROOT)))
    return {**os.environ, "RQ_REDIS_URL": own_server.url, "PYTHONPATH": path}


@pytest.fixture
def rq(surroundings, tmp_path) -> Rq:
    """Runs the command; its output."""

    def call(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, *AS_RQ, "rq", *words],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            env=surroundings,
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return call


@pytest.fixture
def queue(own_server) -> Queue:
    return Queue("default", connection=own_server.url)


def test_a_day_of_a_queue(rq, queue, own_server):
    rq("enqueue", "-q", "default", "--job-id", "sum", "tests.compat.chores.add", ":1", "b:=2")
    rq("enqueue", "--job-id", "bad", "--retry-max", "1", "tests.compat.chores.fail", "oh")
    rq("enqueue", "--job-id", "later", "--schedule-in", "1h", "tests.compat.chores.nothing")
    assert "default" in rq("info", "--raw", "-W") + rq("info", "--raw", "-Q")
    rq("worker", "-b", "-n", "ada", "--worker-ttl", "420", "-s", "--logging_level", "INFO")
    job = Job.fetch("sum", own_server.url)
    assert (job.return_value(), job.worker_name, job.result_ttl) == (3, "ada", None)
    assert Job.fetch("bad", own_server.url).is_failed
    rq("requeue", "--queue", "default", "bad")
    assert queue.job_ids == ["bad"]
    rq("worker-pool", "-n", "2", "-b", "default")
    assert queue.failed_job_registry.get_job_ids() == ["bad"]
    rq("requeue", "--queue", "default", "--all", "-S", "json")
    rq("suspend", "--duration", "60")
    rq("resume")
    rq("empty", "--all")
    assert queue.is_empty()


def test_cron_stores_a_file_and_stays(surroundings, own_server, tmp_path):
    (tmp_path / "recurring.py").write_text(
        "from rq import cron\n"
        "from tests.compat.chores import add\n"
        "cron.register(add, 'default', args=(1, 2), cron='*/5 * * * *', name='often')\n"
    )
    words = [sys.executable, *AS_RQ, "rq", "cron", "recurring.py"]
    with subprocess.Popen(words, env=surroundings, cwd=tmp_path) as process:
        (found,) = wait_for(lambda: CronScheduler.all(own_server.url))
        (entry,) = found.get_jobs()
        assert (entry.name, entry.cron, entry.args) == ("often", "*/5 * * * *", (1, 2))
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
