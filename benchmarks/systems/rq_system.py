"""RQ: its workers as its command starts them."""

from __future__ import annotations

from benchmarks.systems.system import Command, System, Variant


def _worker(*words: str) -> Command:
    def command(python: str, url: str) -> list[str]:
        return [python, "-m", "rq.cli", "worker", "--url", url, *words]

    return command


def _variant(name: str, worker_class: str) -> Variant:
    words = ("--worker-class", worker_class)
    return Variant(_worker(*words, "--burst"), _worker(*words), against=name)


RQ = System(
    name="RQ",
    distribution="rq",
    requirements=("rq==3.0.0",),
    client="benchmarks.systems.rq_client",
    ways=("one", "many"),
    variants={
        "Worker": _variant("Worker", "rq.worker.Worker"),
        "SimpleWorker": _variant("SimpleWorker", "rq.worker.SimpleWorker"),
    },
)
