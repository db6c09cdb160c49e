"""Measure Workhorse side by side with its peers: `python -m benchmarks --help`.

What is found out is kept in a file, measure by measure, and the page is written from that file:
a run that was cut off is completed with --resume, and a part of it is measured again with
--measures or --systems.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import environments, report
from benchmarks.environments import ROOT, NotInstalled
from benchmarks.family import become_reaper
from benchmarks.lab import Lab
from benchmarks.machine import bare_speed, conditions, told_speeds
from benchmarks.measures.catalogue import MEASURES
from benchmarks.measures.draining import Order, drain
from benchmarks.measures.measure import Subject
from benchmarks.plan import Plan
from benchmarks.plots import PLOTTER
from benchmarks.processes import ProgramFailed
from benchmarks.records import Results
from benchmarks.server import MeasuredServer
from benchmarks.serverprogram import server_program
from benchmarks.systems.catalogue import SYSTEMS
from benchmarks.systems.system import System

FULL = (3, 0.7)
QUICK = (1, 0.25)
"""Turns, and seconds that a run is to take."""
PAGE = ROOT / "docs" / "benchmarks.md"
KEPT = ROOT / "docs" / "benchmarks" / "results.json"
RATES = ROOT / ".venvs" / "rates.json"
KEPT_OF_QUICK = ROOT / ".venvs" / "quick.json"
_QUICK_SYSTEMS = ("Workhorse", "RQ", "Huey")
_QUICK_MEASURES = ("enqueue", "drain", "latency", "idle", "late")
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it


def main(words: Sequence[str] | None = None) -> int:
    """Measure what the command line asks for; the exit status."""
    options = _options(words)
    kept = options.json or (KEPT_OF_QUICK if options.quick else KEPT)
    whole = not (options.measures or options.systems or options.resume or options.report)
    results = Results() if whole else Results.load(kept)
    if not options.report:
        _measure(options, results, kept)
    print(report.text(results))
    if kept == KEPT:
        PAGE.write_text(report.page(results))
        _draw(kept)
    return 1 if any(one.failure for one in results) else 0


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick",
        action="store_true",
        help="one short run each, of few systems and measures unless named; writes no page",
    )
    parser.add_argument("--turns", type=int, help="how many runs each has (3)")
    parser.add_argument("--seconds", type=float, help="how long each is to take")
    parser.add_argument("--socket", action="store_true", help="a unix socket instead of TCP")
    parser.add_argument("--server", type=Path, help="the server's program; else Valkey 8")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures there")
    parser.add_argument("--resume", action="store_true", help="leave out what is there already")
    parser.add_argument("--report", action="store_true", help="measure nothing, write the page")
    for what, known in (("measures", MEASURES), ("systems", SYSTEMS)):
        names = [one.name for one in known]
        parser.add_argument(
            f"--{what}", nargs="+", choices=names, metavar="NAME", help=", ".join(names)
        )
    return parser.parse_args(words)


def _measure(options: argparse.Namespace, results: Results, kept: Path) -> None:
    """Measure what is asked for; what was found is kept after each measure."""
    turns, seconds = QUICK if options.quick else FULL
    measures = options.measures or (_QUICK_MEASURES if options.quick else ())
    wanted = options.systems or (_QUICK_SYSTEMS if options.quick else ())
    systems = [one for one in SYSTEMS if not wanted or one.name in wanted]
    pythons = _install(systems, results)
    become_reaper()
    where = _SHARED_MEMORY if _SHARED_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="workhorse-benchmark-", dir=where) as folder:
        program = options.server or server_program(Path(folder))
        server = MeasuredServer(
            Path(folder) / "server", over_tcp=not options.socket, binary=program
        )
        try:
            lab = Lab(server, Path(folder), pythons, options.quick, _known_rates())
            plan = Plan(
                [one for one in MEASURES if not measures or one.name in measures],
                [one for one in systems if one.name in pythons and _runs(lab, one, results)],
                {
                    one.name: {
                        name
                        for name in one.variants
                        if environments.understands(one, pythons[one.name], name)
                    }
                    for one in systems
                    if one.name in pythons
                },
                options.turns or turns,
                options.seconds or seconds,
                lambda measure, subject: (
                    not (options.resume and _is_known(results, measure.name, subject))
                ),
            )
            way = "unix socket" if options.socket else "loopback TCP"
            results.conditions |= {
                **conditions(),
                "server": f"{server.version}, {way}, no persistence",
                "runs": f"at most {plan.turns} of about {plan.seconds:g} s each, in turns",
            }
            _versions(results, systems, pythons)
            _carry_out(plan, lab, results, kept)
        finally:
            server.stop()
            _progress("")


def _carry_out(plan: Plan, lab: Lab, results: Results, kept: Path) -> None:
    began = last = time.monotonic()
    speeds = [bare_speed()]
    for records in plan.carry_out(lab, _progress):
        results.add(records)
        speeds.append(bare_speed())
        results.conditions["speed"] = told_speeds(speeds)
        now = time.monotonic()
        if records:
            print(f"{records[0].measure}: {now - last:.0f} s", file=sys.stderr)
        last = now
        results.save(kept)
        if not lab.quick:
            RATES.write_text(json.dumps(lab.rates, indent=1))
    results.conditions["took"] = f"{time.monotonic() - began:.0f} s"
    results.save(kept)


def _install(systems: Sequence[System], results: Results) -> dict[str, str]:
    """The interpreters of those that can be installed; the others are absent."""
    pythons = {}
    for one in systems:
        results.absent.pop(one.name, None)
        try:
            pythons[one.name] = environments.interpreter(one)
        except NotInstalled as error:
            results.absent[one.name] = str(error)
    return pythons


def _runs(lab: Lab, system: System, results: Results) -> bool:
    """Whether a system that may not run here does."""
    if not system.doubtful:
        return True
    _progress(f"{system.name}: does it run here?")
    subject = Subject(system, next(iter(system.variants)))
    try:
        drain(lab, subject, Order(10))
    except ProgramFailed as error:
        last = str(error).strip().splitlines()[-1]
        results.absent[system.name] = f"{system.doubtful}: {last}"
        return False
    return True


def _is_known(results: Results, measure: str, subject: Subject) -> bool:
    return (measure, subject.system.name, subject.variant, subject.what) in results


def _known_rates() -> dict[str, float]:
    """What an earlier run has found out: it saves trying how many jobs take how long."""
    rates: dict[str, float] = json.loads(RATES.read_text()) if RATES.exists() else {}
    return rates


def _versions(results: Results, systems: Sequence[System], pythons: dict[str, str]) -> None:
    for one in systems:
        if one.name in pythons:
            python = pythons[one.name]
            told = environments.version(one, python)
            results.versions[one.name] = f"{told}, Python {environments.python_version(python)}"
    said = (f"{name} {version}" for name, version in results.versions.items())
    results.conditions["systems"] = "; ".join(said)


def _draw(kept: Path) -> None:
    """Draw the plots, where Matplotlib can be had."""
    try:
        python = environments.interpreter(PLOTTER)
    except NotInstalled as error:
        print(f"No plots: {error}", file=sys.stderr)
        return
    words = [python, "-m", "benchmarks.plots", str(kept), str(kept.parent)]
    subprocess.run(words, check=True, cwd=ROOT)


def _progress(text: str) -> None:
    """Show what is being done, where somebody looks on."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
