"""What a measure is: what it is done to, what it does, and what comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from benchmarks.lab import Lab
from benchmarks.systems.system import System

LONG_ENOUGH = 0.2
"""A try that took so long tells the speed well enough, seconds."""

Figures = Mapping[str, float]


@dataclass(frozen=True)
class Subject:
    """One system in one of its variants.

    Attributes:
        variant: A way of enqueueing or a variant of the worker.
        against: What it is compared with in the baseline's system.
    """

    system: System
    variant: str
    against: str

    @property
    def name(self) -> str:
        """System and variant."""
        return f"{self.system.name} {self.variant}"


@dataclass(frozen=True)
class Metric:
    """One column of the report.

    Attributes:
        key: Its name among the figures.
        title: Its name in the report.
        higher_is_better: Or lower.
        digits: Behind the point.
        ratio: Whether to compare it with the baseline.
    """

    key: str
    title: str
    higher_is_better: bool = False
    digits: int = 0
    ratio: bool = False


class Measure(Protocol):
    """Something that can be measured."""

    @property
    def name(self) -> str:
        """On the command line."""

    @property
    def title(self) -> str:
        """In the report."""

    @property
    def metrics(self) -> Sequence[Metric]:
        """What comes out, the most important first."""

    def subjects(self, systems: Sequence[System]) -> Iterator[Subject]:
        """What it can be done to."""

    def size(self, lab: Lab, subject: Subject, seconds: float) -> int:
        """How many jobs to use, so that one run takes about so long."""

    def run(self, lab: Lab, subject: Subject, count: int) -> Figures:
        """One run."""


def jobs_for(seconds: float, rate: Callable[[int], float], bounds: tuple[int, int]) -> int:
    """How many jobs take about so many seconds, found out by trying with more and more.

    Args:
        seconds: How long they are to take.
        rate: Tries with so many jobs; jobs per second.
        bounds: The fewest, and the most.
    """
    fewest, most = bounds
    count = fewest
    while True:
        found = rate(count)
        if count >= most or count / found >= LONG_ENOUGH:
            return round(max(fewest, min(most, found * seconds)))
        count = min(most, count * 10)
