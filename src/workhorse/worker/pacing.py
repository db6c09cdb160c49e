"""How long functions take, and so how many jobs a horse may be given ahead of time."""

from __future__ import annotations

AHEAD = 0.010
"""How much work a horse is given ahead, seconds: enough to hide the hand-over."""
BESIDE = 2 * AHEAD
"""The same for each of the jobs that it runs together: many end at once, and as many begin."""
MOST_AHEAD = 400
"""How many jobs a horse is given ahead at most."""
UNKNOWN = 0.020
"""What a function is taken to need until it has run once: too long to put a job behind it."""
REMEMBERED = 10_000
"""How many functions are remembered."""


class Pace:
    """How long functions take, smoothed, and which of them run beside others; by their names.

    Args:
        lanes: How many jobs a horse runs at a time of those that can.
        threads: Whether all can.
        least: How long a run takes at least, seconds, with what it takes to have a horse for it.

    Attributes:
        average: Over all functions, seconds.
    """

    __slots__ = ("_known", "_least", "_share", "_threads", "_together", "average", "lanes")

    def __init__(self, lanes: int = 1, *, threads: bool = False, least: float = 0.0) -> None:
        self.lanes = lanes
        self.average = UNKNOWN
        self._known: dict[str, float] = {}
        self._together: set[str] = set()
        self._share = 1.0 if threads else 0.0
        self._threads = threads
        self._least = least

    def expect(self, function: str) -> float:
        """How long the next run of a function will probably take."""
        return self._known.get(function, UNKNOWN)

    def learn(self, function: str, seconds: float, way: str = "alone") -> None:
        """Take note of one run. Slower is believed at once, faster by and by.

        Args:
            function: Its name.
            seconds: How long it took.
            way: How it ran: `alone`, as `coroutine` or on a `thread`.
        """
        if way == "coroutine" or self._together:
            self.learn_kind(function, together=way == "coroutine")
        elif not self._threads:
            self._share -= self._share * 0.1
        seconds = max(seconds, self._least)
        known = self._known.get(function)
        if known is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[function] = seconds
        elif seconds > known:
            self._known[function] = (known + seconds) / 2
        else:
            self._known[function] = known + (seconds - known) * 0.2
        self.average += (seconds - self.average) * 0.1

    def is_together(self, function: str) -> bool:
        """Whether a function's runs may run beside others."""
        return self._threads or function in self._together

    def is_unknown(self, function: str) -> bool:
        """Whether nothing is known of a function."""
        return function not in self._known and not self.is_together(function)

    def learn_plain(self, function: str) -> None:
        """Take note that a function's runs do not run beside others."""
        self.learn_kind(function, together=False)
        self._known.setdefault(function, UNKNOWN)

    def learn_kind(self, function: str, *, together: bool) -> None:
        """Take note of how one run ran."""
        if self._threads:
            return
        self._share += (together - self._share) * 0.1
        if not together:
            self._together.discard(function)
        elif function not in self._together:
            if len(self._together) >= REMEMBERED:
                self._together.clear()
            self._together.add(function)

    def mostly_together(self) -> bool:
        """Whether the next job is probably one that runs beside others."""
        return self._share >= 0.5  # noqa: PLR2004 - more than half

    def depth(self) -> int:
        """How many jobs a horse should hold: `AHEAD` of average ones, hundreds if they are fast.

        Of those that run together, one for each lane, and `BESIDE` ahead for each.
        """
        lanes = self.lanes if self.mostly_together() else 0
        ahead = int((lanes * BESIDE if lanes else AHEAD) / max(self.average, 1e-6))
        return max(1, lanes + min(MOST_AHEAD, ahead))
