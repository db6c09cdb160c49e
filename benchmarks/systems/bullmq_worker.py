"""A worker of BullMQ's Python port, as its documentation writes one."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any

import bullmq

from benchmarks import jobs

_JOBS = {job.__name__: job for job in jobs.ASYNC}


async def work(job: Any, _token: str) -> Any:
    """Run one job."""
    return await _JOBS[job.name](*job.data)


async def main(concurrency: int) -> None:
    """Work until told to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    options = {"connection": os.environ["BENCHMARK_URL"], "concurrency": concurrency}
    worker = bullmq.Worker("benchmark", work, options)
    await stop.wait()
    await worker.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
