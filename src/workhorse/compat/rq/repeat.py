"""`Repeat`: a job that has finished runs again."""

from __future__ import annotations

from collections.abc import Sequence

from workhorse import policies
from workhorse.policies import Interval


class Repeat(policies.Repeat):
    """How often a job that has finished runs again, and after how long."""

    def __init__(self, times: int, interval: Interval | Sequence[Interval] = 0) -> None:
        """See `workhorse.Repeat`; the pauses count from when the job was due."""
        super().__init__(times, interval)

    @property
    def intervals(self) -> list[float]:
        """The pauses, seconds."""
        return list(self.interval)


__all__ = ["Repeat"]
