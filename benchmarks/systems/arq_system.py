"""Arq: its command with its defaults, and looking for jobs more often."""

from __future__ import annotations

from benchmarks.systems.system import System, Variant, script_worker


def _variant(jobs: int, poll_delay: float) -> Variant:
    env = {"BENCHMARK_CONCURRENCY": str(jobs), "BENCHMARK_POLL_DELAY": str(poll_delay)}
    worker = script_worker("arq", "benchmarks.systems.arq_client.WorkerSettings")
    return Variant(worker, flavour="a", slots=jobs, env=env)


ARQ = System(
    name="arq",
    distribution="arq",
    requirements=("arq==0.28.0",),
    client="benchmarks.systems.arq_client",
    ways=("one", "async"),
    can=("results", "later", "waited"),
    variants={"default": _variant(10, 0.5), "c100 poll 10 ms": _variant(100, 0.01)},
    best="c100 poll 10 ms",
    slow=True,
)
