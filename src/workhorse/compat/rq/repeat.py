"""`Repeat`: a job that has finished runs again."""

from __future__ import annotations

from collections.abc import Sequence

from workhorse import policies
from workhorse.compat.rq.jobpolicies import whole
from workhorse.policies import Interval


class Repeat(policies.Repeat):
    """How often a job that has finished runs again, and after how long."""

    def __init__(self, times: int, interval: Interval | Sequence[Interval] = 0) -> None:
        """See `workhorse.Repeat`; the pauses count from when the job was due."""
        super().__init__(times, interval)

    @property
    def intervals(self) -> list[float]:
        """The pauses, seconds."""
        return [whole(pause) for pause in self.interval]

    @classmethod
    def get_interval(cls, count: int, intervals: Sequence[float]) -> float:
        """The pause after so many repeats, seconds; the last one repeats."""
        return intervals[min(count, len(intervals) - 1)]

    def __repr__(self) -> str:
        return f"Repeat(times={self.times}, intervals={self.intervals!r})"


__all__ = ["Repeat"]
