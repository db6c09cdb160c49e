"""BlitzQ: its command in both of its modes."""

from __future__ import annotations

from benchmarks.systems.system import System, Variant, script_worker


def _variant(mode: str) -> Variant:
    worker = script_worker("blitzq", "worker", "benchmarks.systems.blitzq_client:queue")
    env = {"BENCHMARK_MODE": mode}
    return Variant(worker, flavour="a", slots=100, env=env, promises=mode == "reliable")


BLITZQ = System(
    name="blitzq",
    distribution="blitzq",
    requirements=("blitzq==1.1.0",),
    client="benchmarks.systems.blitzq_client",
    ways=("one", "async", "many"),
    can=("results", "later", "waited"),
    variants={"reliable": _variant("reliable"), "fast": _variant("fast")},
    best="fast",
    sleeper="reliable",
    python=(3, 12),
    note="Its mode `fast` is at most once; one process, no isolation.",
)
