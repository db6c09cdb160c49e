"""SAQ: its command with its defaults, and with more jobs at a time on uvloop."""

from __future__ import annotations

from benchmarks.systems.system import System, Variant, script_worker


def _variant(concurrency: int, *, uvloop: bool = False) -> Variant:
    env = {"BENCHMARK_CONCURRENCY": str(concurrency), "BENCHMARK_UVLOOP": str(int(uvloop))}
    worker = script_worker("saq", "benchmarks.systems.saq_client.settings")
    return Variant(
        worker, flavour="a", slots=concurrency, env=env, narrow=concurrency > 30, promises=False
    )


SAQ = System(
    name="SAQ",
    distribution="saq",
    requirements=("saq[redis,hiredis]==0.26.4", "typing_extensions", "uvloop"),
    client="benchmarks.systems.saq_client",
    ways=("one", "async"),
    can=("results", "later", "waited"),
    variants={"c10": _variant(10), "c30 uvloop": _variant(30, uvloop=True), "c100": _variant(100)},
    best="c30 uvloop",
    sleeper="c100",
    note=(
        "A job whose worker died is not run again unless it was given retries. When its worker "
        "starts on a full queue, its sweep aborts a job or two that were just taken (!)."
    ),
)
