"""ArdiQ, as its command starts it."""

from __future__ import annotations

from benchmarks.systems.system import System, Variant, script_worker

_WORKER = script_worker("ardiq", "run", "benchmarks.systems.ardiq_client:app")

ARDIQ = System(
    name="ardiq",
    distribution="ardiq",
    requirements=("ardiq==1.2.0",),
    client="benchmarks.systems.ardiq_client",
    ways=("one", "async", "many"),
    can=("results", "later", "waited"),
    variants={"default": Variant(_WORKER, flavour="a", slots=100)},
    python=(3, 12),
    note="A Rust core; one process, no isolation.",
)
