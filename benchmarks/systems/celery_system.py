"""Celery: its command's pools, results on Redis."""

from __future__ import annotations

from benchmarks.systems.system import System, Variant, module_worker


def _variant(pool: str, *words: str, slots: int = 1, survives: bool = False) -> Variant:
    worker = module_worker(
        "celery", "-A", "benchmarks.systems.celery_client", "worker",
        "--pool", pool, *words,
    )  # fmt: skip
    narrow = pool == "threads"
    return Variant(worker, slots=slots, survives=survives, narrow=narrow, promises=False)


CELERY = System(
    name="Celery",
    distribution="celery",
    requirements=("celery[redis]==5.7.0", "hiredis"),
    client="benchmarks.systems.celery_client",
    works=("noop", "compute", "nap", "1 KB", "1 MB", "retry", "chain", "mixed"),
    can=("results", "later", "waited"),
    variants={
        "prefork1": _variant("prefork", "--concurrency", "1", survives=True),
        "prefork2": _variant("prefork", "--concurrency", "2", slots=2, survives=True),
        "solo": _variant("solo"),
        "threads100": _variant("threads", "--concurrency", "100", slots=100),
    },
    best="prefork2",
    sleeper="threads100",
    pair="prefork2",
    slow=True,
)
