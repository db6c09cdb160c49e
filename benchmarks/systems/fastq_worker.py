"""A worker of FastQ, as its documentation writes one."""

from __future__ import annotations

import json
import os
import sys
from typing import Any
from urllib.parse import urlsplit

import fastq

from benchmarks import jobs

_JOBS = {job.__name__: job for job in jobs.SYNC}


def work(job: dict[str, Any]) -> bool:
    """Run one job."""
    task, args = json.loads(job["payload"])
    _JOBS[task](*args)
    return True


if __name__ == "__main__":
    where = urlsplit(os.environ["BENCHMARK_URL"])
    queue = fastq.Queue("benchmark", where.hostname, where.port)
    fastq.Worker(queue, work, threads=int(sys.argv[1])).start()
