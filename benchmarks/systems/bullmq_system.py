"""BullMQ's Python port; it has no command, so its worker is a program of ours."""

from __future__ import annotations

from benchmarks.systems.system import System, Variant, module_worker


def _variant(concurrency: int) -> Variant:
    worker = module_worker("benchmarks.systems.bullmq_worker", str(concurrency))
    return Variant(worker, flavour="a", slots=concurrency)


BULLMQ = System(
    name="BullMQ",
    distribution="bullmq",
    requirements=("bullmq==3.4.4",),
    client="benchmarks.systems.bullmq_client",
    ways=("one", "async", "many"),
    variants={"c1": _variant(1), "c100": _variant(100)},
    best="c100",
    note="The Python port; results can be read, not waited for.",
)
