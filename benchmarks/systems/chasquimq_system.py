"""ChasquiMQ; it has no command, so its worker is a program of ours."""

from __future__ import annotations

from benchmarks.systems.system import System, Variant, module_worker

CHASQUIMQ = System(
    name="chasquimq",
    distribution="chasquimq",
    requirements=("chasquimq==1.3.0",),
    client="benchmarks.systems.chasquimq_client",
    ways=("one", "async", "many"),
    can=("results", "later", "waited"),
    variants={
        "c100": Variant(
            module_worker("benchmarks.systems.chasquimq_worker"), flavour="a", slots=100
        ),
    },
    doubtful="it needs Redis 8.6 (`XADD` with `IDMP`)",
    note="A Rust core; one process, no isolation.",
)
