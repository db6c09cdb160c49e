"""Measure Workhorse side by side with its peers: `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.environments import interpreter, version
from benchmarks.lab import Lab
from benchmarks.machine import conditions
from benchmarks.measures.catalogue import MEASURES
from benchmarks.plan import Plan
from benchmarks.report import Report
from benchmarks.server import MeasuredServer
from benchmarks.systems.catalogue import BASELINE, SYSTEMS
from benchmarks.systems.system import System

FULL = (3, 1.5)
QUICK = (1, 0.4)
"""Turns, and seconds that a run is to take."""
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it


def main(words: Sequence[str] | None = None) -> int:
    """Measure what the command line asks for; the exit status."""
    options = _options(words)
    systems = [one for one in SYSTEMS if one.name in options.systems]
    pythons = {one.name: interpreter(one) for one in systems}
    turns, seconds = QUICK if options.quick else FULL
    plan = Plan(
        [one for one in MEASURES if one.name in options.measures],
        systems,
        options.turns or turns,
        seconds,
    )
    began = time.monotonic()
    where = _SHARED_MEMORY if _SHARED_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="workhorse-benchmark-", dir=where) as folder:
        server = MeasuredServer(Path(folder) / "server", over_tcp=not options.socket)
        try:
            series = plan.carry_out(Lab(server, Path(folder), pythons), _progress)
            facts = _facts(server, systems, pythons, plan, over_tcp=not options.socket)
        finally:
            server.stop()
            _progress("")
    facts["took"] = f"{time.monotonic() - began:.0f} s"
    report = Report(facts, series, BASELINE.name)
    print(report.text())
    if options.json:
        options.json.write_text(json.dumps(report.json(), indent=2) + "\n")
    return 1 if any(one.failure for one in series) else 0


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short run each, about 30 seconds")
    parser.add_argument("--turns", type=int, help="how many runs each has (3)")
    parser.add_argument("--socket", action="store_true", help="a unix socket instead of TCP")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every run's figures there")
    for what, known in (("measures", MEASURES), ("systems", SYSTEMS)):
        names = [one.name for one in known]
        parser.add_argument(f"--{what}", nargs="+", choices=names, default=names)
    return parser.parse_args(words)


def _facts(
    server: MeasuredServer,
    systems: Sequence[System],
    pythons: dict[str, str],
    plan: Plan,
    *,
    over_tcp: bool,
) -> dict[str, str]:
    way = "loopback TCP" if over_tcp else "unix socket"
    return {
        **conditions(),
        "server": f"{server.version}, {way}, no persistence",
        "systems": ", ".join(f"{one.name} {version(one, pythons[one.name])}" for one in systems),
        "runs": f"{plan.turns} of about {plan.seconds:g} s each, in turns",
    }


def _progress(text: str) -> None:
    """Show what is being done, where somebody looks on."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
