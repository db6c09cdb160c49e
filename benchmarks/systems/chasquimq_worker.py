"""A worker of ChasquiMQ, as its documentation writes one."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import chasquimq

from benchmarks import jobs

_JOBS = {job.__name__: job for job in jobs.ASYNC}


async def work(job: Any) -> Any:
    """Run one job."""
    return await _JOBS[job.name](*job.data)


async def main() -> None:
    """Work until killed."""
    url = os.environ["BENCHMARK_URL"]
    async with chasquimq.Worker("benchmark", work, redis_url=url, store_results=True) as worker:
        await worker.run()


if __name__ == "__main__":
    asyncio.run(main())
