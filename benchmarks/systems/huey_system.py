"""Huey, with threads as its consumer has them."""

from __future__ import annotations

from benchmarks.systems.system import System, Variant, script_worker


def _variant(workers: int, kind: str = "thread") -> Variant:
    worker = script_worker(
        "huey_consumer", "benchmarks.systems.huey_client.huey", "--workers", str(workers),
        "--worker-type", kind,
    )  # fmt: skip
    return Variant(
        worker, slots=workers, survives=kind == "process", narrow=workers > 2, promises=False
    )


HUEY = System(
    name="Huey",
    distribution="huey",
    requirements=("huey==3.5.4", "redis"),
    client="benchmarks.systems.huey_client",
    works=("noop", "compute", "nap", "1 KB", "1 MB", "retry", "chain", "mixed"),
    can=("results", "later", "waited"),
    variants={
        "thread1": _variant(1),
        "thread100": _variant(100),
        "process2": _variant(2, "process"),
    },
    sleeper="thread100",
    pair="process2",
    note="At most once: a job that was taken is lost when the worker dies.",
)
