"""Programs of RQ that speak to Sentry: it hears of failed jobs as before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.envelopes import dsn_of, events
from tests.support.receivers import receiving
from tests.support.workers import ROOT

PROGRAM = """
import sys
import sentry_sdk
from redis import Redis
from rq import Queue, SimpleWorker, Worker
from rq.worker_pool import WorkerPool
from tests.compat import chores

if __name__ == "__main__":
    dsn, url, kind = sys.argv[1:]
    {init}
    redis = Redis.from_url(url)
    queue = Queue("told", connection=redis)
    queue.enqueue(chores.fail, "oh", job_id=f"told-by-{{kind}}")
    if kind == "WorkerPool":
        WorkerPool([queue], connection=redis).start(burst=True)
    else:
        {{"Worker": Worker, "SimpleWorker": SimpleWorker}}[kind]([queue]).work(burst=True)
"""
INIT = "sentry_sdk.init(dsn, environment='the-test')"


def ran(folder: Path, init: str, *words: str) -> None:
    program = folder / "program.py"
    program.write_text(PROGRAM.format(init=init), "utf-8")
    subprocess.run(
        [sys.executable, "-m", "workhorse.compat.rq", str(program), *words],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=60,
    )


@pytest.mark.parametrize("kind", ["Worker", "SimpleWorker", "WorkerPool"])
def test_a_program_that_speaks_to_sentry_tells_it_of_failed_jobs(url, tmp_path, kind):
    with receiving() as receiver:
        ran(tmp_path, INIT, dsn_of(receiver), url, kind)
        (event,) = events(receiver)
    (raised,) = event["exception"]["values"]
    assert (raised["type"], raised["value"]) == ("ValueError", "oh")
    assert event["tags"]["job_id"] == f"told-by-{kind}"
    assert event["environment"] == "the-test"


def test_a_program_that_does_not_tells_nobody(url, tmp_path):
    with receiving() as receiver:
        ran(tmp_path, "pass", dsn_of(receiver), url, "Worker")
        assert events(receiver) == []
