"""What a measure is: what it is done to, what it does, and what comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any, Protocol

from benchmarks.lab import Lab
from benchmarks.systems.system import System, Variant

LONG_ENOUGH = 0.2
"""A try that took so long tells the speed well enough, seconds."""

Figures = Mapping[str, Any]
"""Metric's key -> number; and lists for plots."""


@dataclass(frozen=True)
class Subject:
    """One system in one of its variants.

    Attributes:
        variant: A variant of the worker, or a way of enqueueing.
        what: What else tells it from others of this measure, such as the kind of work.
        against: What it is compared with in the baseline's system.
    """

    system: System
    variant: str
    what: str = ""
    against: str = ""

    @property
    def name(self) -> str:
        """System, variant, and what else tells it apart."""
        return " ".join(filter(None, (self.system.name, self.variant, self.what)))

    @property
    def key(self) -> str:
        """Variant, and what else tells it apart."""
        return " ".join(filter(None, (self.variant, self.what)))

    @property
    def how(self) -> Variant:
        """The worker."""
        return self.system.variants[self.variant]


@dataclass(frozen=True)
class Metric:
    """One column of the report.

    Attributes:
        key: Its name among the figures.
        title: Its name in the report.
        higher_is_better: Or lower.
        digits: Behind the point.
        ratio: Whether to compare it with the baseline, and to tell which rows lose.
        group: Only rows whose `what` is the same are compared.
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

    @property
    def turns(self) -> int:
        """How many runs a peer has at most."""

    @property
    def our_turns(self) -> int:
        """How many runs Workhorse has at most."""

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


def each_variant(systems: Sequence[System]) -> Iterator[Subject]:
    """Every variant of every system's worker."""
    for system in systems:
        for name, variant in system.variants.items():
            yield Subject(system, name, against=variant.against)


def each_best(systems: Sequence[System], purpose: str = "best") -> Iterator[Subject]:
    """One variant of each system; of the system to beat against, all variants of Workhorse."""
    for system in systems:
        name = system.chosen(purpose)
        yield Subject(system, name, against=system.variants[name].against)


def each_default_and_best(systems: Sequence[System]) -> Iterator[Subject]:
    """The default of each system, and its best for no-ops where that is another one."""
    for system in systems:
        for name in dict.fromkeys((next(iter(system.variants)), system.chosen("best"))):
            yield Subject(system, name, against=system.variants[name].against)


def percentiles(what: str, values: Sequence[float]) -> dict[str, float]:
    """Two figures, *what*_p50 and *what*_p99."""
    cuts = quantiles(values, n=100, method="inclusive")
    return {f"{what}_p50": cuts[49], f"{what}_p99": cuts[98]}
