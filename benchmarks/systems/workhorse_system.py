"""Workhorse: one worker, as its command starts it."""

from __future__ import annotations

from benchmarks.systems.system import System, Variant, module_worker

_WORKS = ("noop", "compute", "nap", "1 KB", "1 MB", "retry", "chain", "mixed")


def _variant(
    isolation: str, *words: str, against: str = "Worker", horses: int = 1, **how: object
) -> Variant:
    options = ("--isolation", isolation, *words)
    if isolation != "inline":
        options += ("--horses", str(horses))
    worker = module_worker("workhorse", "worker", "--url", "{url}", *options)
    return Variant(worker, against=against, **{"slots": horses, **how})  # type: ignore[arg-type]  # its own names


_CONCURRENT = ("--concurrency",)
_NO_EXTRA = {"WORKHORSE_LOOP": "asyncio"}
"""As it is installed without extras; where it is developed, uvloop is installed, too."""

WORKHORSE = System(
    name="Workhorse",
    distribution="workhorse",
    requirements=(),
    client="benchmarks.systems.workhorse_client",
    ways=("one", "many", "async"),
    works=_WORKS,
    can=("results", "later", "waited"),
    sleeper="warm async c100",
    pair="warm 2 horses",
    variants={
        "warm": _variant("warm", survives=True),
        "warm 2 horses": _variant("warm", horses=2, survives=True),
        "warm 4 horses": _variant("warm", horses=4, survives=True),
        "warm async c100": _variant(
            "warm",
            "--concurrency",
            "100",
            flavour="a",
            slots=100,
            needs=_CONCURRENT,
            survives=True,
            env=_NO_EXTRA,
        ),
        "warm async c1000": _variant(
            "warm",
            "--concurrency",
            "1000",
            flavour="a",
            slots=1000,
            needs=_CONCURRENT,
            survives=True,
            env=_NO_EXTRA,
        ),
        "thread": _variant("thread", needs=("thread",), against="SimpleWorker", slots=8),
        "fork": _variant("fork", survives=True),
        "inline": _variant("inline", against="SimpleWorker"),
    },
)
