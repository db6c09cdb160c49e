"""What has to be reached. The report says which figures miss it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A figure that must be so many times better than the baseline's, or at most so large."""

    ratio: float | None = None
    at_most: float | None = None

    def met(self, value: float, ratio: float | None) -> bool:
        """Whether a figure and its ratio reach it."""
        if self.at_most is not None:
            return value <= self.at_most
        return ratio is not None and self.ratio is not None and ratio >= self.ratio

    def __str__(self) -> str:
        return f"<= {self.at_most:g}" if self.at_most is not None else f">= {self.ratio:g}x"


TARGETS = {
    ("enqueue", "Workhorse one"): Target(ratio=4),
    ("enqueue", "Workhorse many"): Target(ratio=4),
    ("drain", "Workhorse warm"): Target(ratio=100),
    ("drain", "Workhorse fork"): Target(ratio=8),
    ("drain", "Workhorse inline"): Target(ratio=30),
    ("latency", "Workhorse warm"): Target(at_most=1.5),
}
"""Measure and subject -> what its first metric must reach, on two processors."""
