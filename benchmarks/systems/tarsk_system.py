"""Tarsk with Redis: its command, one child process."""

from __future__ import annotations

from benchmarks.systems.system import System, Variant, script_worker


def _variant(children: int, *words: str, slots: int = 100) -> Variant:
    worker = script_worker(
        "tarsk", "worker", "--app", "benchmarks.systems.tarsk_client:app", "--broker", "{url}",
        "--children", str(children), *words,
    )  # fmt: skip
    return Variant(worker, slots=children * slots, survives=True, narrow=slots == 1)


TARSK = System(
    name="tarsk",
    distribution="tarsk-redis",
    requirements=("tarsk-redis==0.2.1",),
    client="benchmarks.systems.tarsk_client",
    works=("noop", "compute", "nap", "1 KB", "1 MB", "retry", "chain", "mixed"),
    can=("results", "later", "waited"),
    variants={
        "1 child": _variant(1),
        "2 children": _variant(2),
        "2 children, 1 slot": _variant(2, "--slots", "1", slots=1),
    },
    pair="2 children, 1 slot",
    python=(3, 12),
    note="A Rust core.",
)
