"""The machine, and what else happened on it while something was measured."""

from __future__ import annotations

import os
import platform
import resource
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from statistics import median

from benchmarks.family import cpu_of
from benchmarks.jobs_alone import spins_per_second


def conditions() -> dict[str, str]:
    """What a reader must know to judge the figures."""
    return {
        "date": date.today().isoformat(),  # noqa: DTZ011 - the day where it was measured
        "processors": f"{len(os.sched_getaffinity(0))} x {_model()}",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def _model() -> str:
    """What the processors call themselves."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def bare_speed() -> float:
    """How often a second all processors together can do the work of a job of 1 ms, just now."""
    return spins_per_second(len(os.sched_getaffinity(0)), 0.3)


def told_speeds(speeds: Sequence[float]) -> str:
    """What a reader must know of a machine that is not always equally fast."""
    return (
        f"all processors together did the work of a 1 ms job {min(speeds):,.0f} to "
        f"{max(speeds):,.0f} times a second (median {median(speeds):,.0f}), as seen between the "
        "measures"
    )


class Neighbours:
    """How much of the machine other programs used since this was made."""

    def __init__(self, server_pid: int) -> None:
        self._server = server_pid
        self._began = self._reading()

    def cores(self) -> float:
        """Processors that were busy with what is not ours, on average; 0 where it is not known."""
        now, busy, own = self._reading()
        began, busy_then, own_then = self._began
        return max(0.0, ((busy - busy_then) - (own - own_then)) / max(now - began, 1e-9))

    def _reading(self) -> tuple[float, float, float]:
        own = cpu_of(self._server)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
            usage = resource.getrusage(who)
            own += usage.ru_utime + usage.ru_stime
        return time.monotonic(), _busy(), own


_TICKS = os.sysconf("SC_CLK_TCK")


def _busy() -> float:
    """Seconds that all processors were busy since the machine started."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return 0.0
    user, nice, system, _idle, _iowait, irq, softirq = map(
        int, stat.read_text().split("\n", 1)[0].split()[1:8]
    )
    return (user + nice + system + irq + softirq) / _TICKS
