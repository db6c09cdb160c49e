"""The fixtures that users' tests get."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support import tasks
from workhorse.job import Job
from workhorse.queue import Queue
from workhorse.testing import purge


def test_a_queue_is_real_and_empty(workhorse_queue):
    assert workhorse_queue.count == 0
    job = workhorse_queue.enqueue(tasks.add, 1, b=2)
    assert Job.fetch(job.id, workhorse_queue.connection).is_queued


def test_drain_runs_what_is_ready_for_real(workhorse_queue, workhorse_drain):
    job = workhorse_queue.enqueue(tasks.add, 1, b=2)
    failing = workhorse_queue.enqueue(divmod, 1, 0)
    later = workhorse_queue.enqueue_in(60, tasks.add, 1, b=2)
    assert workhorse_drain()
    assert job.return_value() == 3
    assert failing.is_failed
    assert later.is_scheduled
    assert not workhorse_drain()


def test_code_that_leaves_the_connection_out_meets_the_test(workhorse_connection):
    Queue().enqueue(tasks.add, 1, b=2)
    assert Queue(connection=workhorse_connection).count == 1


def test_each_test_finds_nothing_of_others(workhorse_connection):
    Queue(connection=workhorse_connection).enqueue(tasks.add, 1, b=2)
    assert purge(workhorse_connection) > 0
    assert purge(workhorse_connection) == 0


def test_a_users_suite_gets_the_fixtures_by_installing_workhorse(tmp_path: Path):
    (tmp_path / "test_mine.py").write_text(
        "def test_it(workhorse_queue, workhorse_drain):\n"
        "    job = workhorse_queue.enqueue(divmod, 7, 2)\n"
        "    assert workhorse_drain() and job.return_value() == (3, 1)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
