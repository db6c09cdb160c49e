"""Taskiq with its broker on Redis streams, one worker process."""

from __future__ import annotations

from benchmarks.systems.system import System, Variant, script_worker

_WORKER = script_worker(
    "taskiq", "worker", "benchmarks.systems.taskiq_client:broker", "--workers", "1"
)

TASKIQ = System(
    name="Taskiq",
    distribution="taskiq",
    requirements=("taskiq==0.13.0", "taskiq-redis==1.2.4"),
    client="benchmarks.systems.taskiq_client",
    ways=("one", "async"),
    can=("results", "waited"),
    variants={
        "stream": Variant(_WORKER, flavour="a", slots=100, survives=True),
        "stream sync": Variant(_WORKER, slots=100, survives=True),
    },
)
