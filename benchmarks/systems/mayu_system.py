"""Mayu: its command, in processes and in threads."""

from __future__ import annotations

from benchmarks.systems.system import System, Variant, script_worker


def _variant(*words: str, slots: int, survives: bool = False) -> Variant:
    worker = script_worker("mayu", "worker", "benchmarks.systems.mayu_client:app", *words)
    return Variant(worker, slots=slots, survives=survives)


MAYU = System(
    name="mayu",
    distribution="mayu",
    requirements=("mayu==0.2.5",),
    client="benchmarks.systems.mayu_client",
    works=("noop", "compute", "nap", "1 KB", "1 MB", "retry", "chain", "mixed"),
    can=("results", "later", "waited"),
    variants={
        "1 process": _variant("--processes", "1", slots=1, survives=True),
        "2 processes": _variant("--processes", "2", slots=2, survives=True),
        "thread8": _variant("--mode", "thread", "--threads", "8", slots=8),
        "thread100": _variant("--mode", "thread", "--threads", "100", slots=100),
    },
    best="thread8",
    sleeper="thread100",
    pair="2 processes",
    python=(3, 13),
    note="A Rust core; in threads there is no isolation.",
)
