"""A queue that is filled, and workers that empty it: what several measures share."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass

from benchmarks.lab import Lab, all_ran, check_runs, missing_results
from benchmarks.measures.measure import Figures, Subject
from benchmarks.processes import Client, Worker
from benchmarks.slots import Slots
from benchmarks.workloads import WORKLOADS

TIMEOUT = 45.0
_SETTLING = 0.15
"""After the last job's end, for what the worker still has to tell the server, seconds."""


@dataclass(frozen=True)
class Order:
    """What to drain.

    Attributes:
        count: How many jobs.
        work: Of which kind.
        workers: How many workers, each a program of its own.
    """

    count: int
    work: str = "noop"
    workers: int = 1


def drain(lab: Lab, subject: Subject, order: Order) -> Figures:
    """Fill the queue, let workers empty it, and see that all is right."""
    count, system = order.count, subject.system
    slots = lab.fresh(count)
    empty = lab.server.reading()
    with lab.client(system, subject.how) as client:
        fill(client, subject, order)
        before = lab.server.reading()
        with contextlib.ExitStack() as stack:
            workers = [
                stack.enter_context(lab.worker(system, subject.how)) for _ in range(order.workers)
            ]
            wait(workers, slots)
            after = lab.server.reading()
            check_runs(slots)
            missing = 0
            if "results" in system.can:
                missing = missing_results(client, count, order.work)
    return {
        "jobs_per_s": rate_of(slots, middle=order.workers > 1),
        "worker_us": sum(worker.cpu for worker in workers) / count * 1e6,
        "bytes_per_job": (after.memory - empty.memory) / count,
        "results_missing": missing,
        "startup_ms": (min(slots.begun) - workers[0].started) / 1e6,
        **after.per_job(before, count),
    }


def fill(client: Client, subject: Subject, order: Order, start: int = 0) -> Figures:
    """Enqueue the jobs, the fastest way that there is."""
    workload, ways = WORKLOADS[order.work], subject.system.ways
    way = "many" if "many" in ways else "async" if "async" in ways else "one"
    if workload.retried:
        way = "retried"
    if workload.chained:
        way = "chain"
    return client.ask(
        "enqueue",
        way=way,
        count=order.count,
        flavour=subject.how.flavour,
        work=order.work,
        start=start,
    )


def rate_of(slots: Slots, *, middle: bool = False) -> float:
    """Jobs per second from the start of the first to the end of the last.

    Args:
        slots: Of jobs that have all ended.
        middle: Leave out the first and the last eighth: several workers do not begin as one.
    """
    if not middle:
        return (slots.count - 1) / (max(slots.ended) - min(slots.begun)) * 1e9
    ends = sorted(slots.ended)
    first, last = slots.count // 8, slots.count - 1 - slots.count // 8
    return (last - first) / max(ends[last] - ends[first], 1) * 1e9


def wait(workers: list[Worker], slots: Slots) -> None:
    """Wait until all have run and the workers have told the server; look at what they used."""
    workers[0].wait(lambda: all_ran(slots), TIMEOUT)
    time.sleep(_SETTLING)
    for worker in workers:
        worker.look()
