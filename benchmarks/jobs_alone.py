"""How fast the work is without a job queue: processes that do nothing else."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks.environments import ROOT

_PROGRAM = """
import os, sys, time
os.environ["BENCHMARK_SLOTS"] = sys.argv[1]
from benchmarks.jobs import spin
input()
end, count = time.perf_counter() + float(sys.argv[2]), 0
while time.perf_counter() < end:
    spin()
    count += 1
print(count)
"""


def spins_per_second(processes: int, seconds: float) -> float:
    """How often so many processes together can do the work of `benchmarks.jobs.compute`."""
    slots = ROOT / "benchmarks" / "jobs.py"  # any file that can be mapped; none is written
    words = [sys.executable, "-c", _PROGRAM, str(slots), str(seconds)]
    running = [
        subprocess.Popen(words, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(processes)
    ]
    time.sleep(0.2)  # until they wait for a line
    for one in running:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    return sum(float(one.communicate()[0]) for one in running) / seconds
