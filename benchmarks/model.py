"""How many jobs the servers of a larger Cluster would allow: a model, from what three cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Self

from benchmarks.records import Record

PRIMARIES = (1, 3, 6, 12, 24)
_MEASURED = 3
"""How many primaries the measured Cluster had."""
WORDS = """\
A model, not a measurement: how many jobs a second the servers' processors would allow. One server
alone allows 1 s / the server seconds of a job. N primaries allow N / (the server seconds of a job
on the Cluster x the excess), where the excess is what the busiest primary had of all, over an even
share. The server seconds of a job on the Cluster are those alone x how many times that it was (or
1, if it was less); each figure is the median of all runs above. It takes for granted that the
namespaces spread as evenly over N primaries as over three, that each primary has a processor of
its own, and that clients, workers and the network keep up.
"""


@dataclass(frozen=True)
class Model:
    """What a job costs.

    Attributes:
        alone: On one server, seconds.
        times: How many times that on a Cluster, all primaries together.
        excess: How many times an even share the busiest primary has.
    """

    alone: float
    times: float
    excess: float

    @classmethod
    def of(cls, records: Iterable[Record]) -> Self | None:
        """That of the records of the measure `cluster`; None if nothing was measured."""
        runs = [run for one in records for run in one.runs]
        if not runs:
            return None
        alone, times, busiest = (
            median(run[key] for run in runs)
            for key in ("alone_us", "times_alone", "busiest_percent")
        )
        return cls(alone / 1e6, max(1.0, times), busiest / 100 * _MEASURED)

    def jobs_per_s(self, primaries: int) -> float:
        """As many as the processors of so many primaries allow."""
        if primaries == 1:
            return 1 / self.alone
        return primaries / (self.alone * self.times * self.excess)
