"""Docket, as its command starts it."""

from __future__ import annotations

from benchmarks.systems.system import System, Variant, script_worker


def _variant(concurrency: int) -> Variant:
    worker = script_worker(
        "docket", "worker", "--url", "{url}", "--concurrency", str(concurrency),
        "--tasks", "benchmarks.systems.docket_client:tasks",
    )  # fmt: skip
    return Variant(worker, flavour="a", slots=concurrency)


DOCKET = System(
    name="docket",
    distribution="pydocket",
    requirements=("pydocket==0.27.0",),
    client="benchmarks.systems.docket_client",
    ways=("one", "async", "many"),
    can=("results", "later", "waited"),
    variants={"c10": _variant(10), "c30": _variant(30)},
    best="c30",
    slow=True,
    note="With 100 jobs at a time its worker runs out of connections of its own making.",
)
