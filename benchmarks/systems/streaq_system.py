"""StreaQ, as its command starts it."""

from __future__ import annotations

from benchmarks.systems.system import System, Variant, script_worker


def _variant(concurrency: int) -> Variant:
    worker = script_worker("streaq", "run", "benchmarks.systems.streaq_client:worker")
    env = {"BENCHMARK_CONCURRENCY": str(concurrency)}
    return Variant(worker, flavour="a", slots=concurrency, env=env, narrow=concurrency > 16)


STREAQ = System(
    name="streaQ",
    distribution="streaq",
    requirements=("streaq==7.2.0",),
    client="benchmarks.systems.streaq_client",
    ways=("one", "async", "many"),
    works=("noop", "compute", "nap", "1 KB", "1 MB", "retry", "chain"),
    can=("results", "later", "waited"),
    variants={"c16": _variant(16), "c100": _variant(100)},
    sleeper="c100",
)
