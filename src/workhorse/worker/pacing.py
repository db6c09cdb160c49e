"""How long functions take, and so how many jobs a horse may be given ahead of time."""

from __future__ import annotations

AHEAD = 0.010
"""How much work a horse is given ahead, seconds: enough to hide the hand-over."""
MOST_AHEAD = 400
"""How many jobs a horse is given ahead at most."""
UNKNOWN = 0.020
"""What a function is taken to need until it has run once: too long to put a job behind it."""
REMEMBERED = 10_000
"""How many functions are remembered."""


class Pace:
    """Smoothed durations by function name, and over all of them, seconds."""

    __slots__ = ("_known", "average")

    def __init__(self) -> None:
        self._known: dict[str, float] = {}
        self.average = UNKNOWN

    def expect(self, function: str) -> float:
        """How long the next run of a function will probably take."""
        return self._known.get(function, UNKNOWN)

    def learn(self, function: str, seconds: float) -> None:
        """Take note of one run. Slower is believed at once, faster by and by."""
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

    def depth(self) -> int:
        """How many jobs of average length make `AHEAD`: 1 for slow ones, hundreds for fast ones."""
        return max(1, min(MOST_AHEAD, int(AHEAD / max(self.average, 1e-6))))
