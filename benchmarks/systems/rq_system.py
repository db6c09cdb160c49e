"""RQ: its workers as its command starts them."""

from __future__ import annotations

from benchmarks.systems.system import System, Variant, module_worker


def _variant(name: str, worker_class: str, **how: bool) -> Variant:
    worker = module_worker(
        "rq.cli", "worker", "--url", "{url}", "--with-scheduler",
        "--worker-class", worker_class,
    )  # fmt: skip
    return Variant(worker, against=name, survives=how.get("survives", False), promises=False)


RQ = System(
    name="RQ",
    distribution="rq",
    requirements=("rq==3.0.0",),
    client="benchmarks.systems.rq_client",
    ways=("one", "many"),
    works=("noop", "compute", "nap", "1 KB", "1 MB", "retry", "chain", "mixed"),
    can=("results", "later", "waited"),
    variants={
        "Worker": _variant("Worker", "rq.worker.Worker", survives=True),
        "SimpleWorker": _variant("SimpleWorker", "rq.worker.SimpleWorker"),
    },
    best="SimpleWorker",
    slow=True,
)
