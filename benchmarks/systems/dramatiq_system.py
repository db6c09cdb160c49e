"""Dramatiq, with its Redis broker and result backend."""

from __future__ import annotations

from benchmarks.systems.system import System, Variant, script_worker

_DEFAULT_THREADS = 8


def _variant(threads: int, **env: str) -> Variant:
    worker = script_worker(
        "dramatiq", "benchmarks.systems.dramatiq_client", "--processes", "1",
        "--threads", str(threads),
    )  # fmt: skip
    return Variant(worker, slots=threads, env=env, narrow=threads != _DEFAULT_THREADS)


DRAMATIQ = System(
    name="Dramatiq",
    distribution="dramatiq",
    requirements=("dramatiq[redis]==2.2.1",),
    client="benchmarks.systems.dramatiq_client",
    works=("noop", "compute", "nap", "1 KB", "1 MB", "retry", "chain", "mixed"),
    can=("results", "later", "waited"),
    variants={
        "p1t8": _variant(8),
        "p1t8 prefetch": _variant(8, dramatiq_queue_prefetch="64"),
        "p1t100": _variant(100),
        "p1t2": _variant(2),
    },
    best="p1t8 prefetch",
    sleeper="p1t100",
    pair="p1t2",
)
