"""The order of things: sizes first, then turns in which each subject has one run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

from benchmarks.lab import Lab
from benchmarks.machine import Neighbours
from benchmarks.measures.measure import Figures, Measure, Subject
from benchmarks.processes import ProgramFailed
from benchmarks.systems.system import System


class Spread(NamedTuple):
    """What several runs gave."""

    median: float
    least: float
    most: float


@dataclass
class Series:
    """The runs of one subject of a measure.

    Attributes:
        jobs: How many in each run.
        runs: What each gave.
        neighbours: How many processors other programs used during each.
        failure: Why there are no more runs, if so.
    """

    measure: Measure
    subject: Subject
    jobs: int = 0
    runs: list[Figures] = field(default_factory=list)
    neighbours: list[float] = field(default_factory=list)
    failure: str = ""

    def spread(self, key: str) -> Spread | None:
        """One metric over the runs; None if there is none."""
        values = [run[key] for run in self.runs]
        return Spread(median(values), min(values), max(values)) if values else None

    def prepare(self, lab: Lab, seconds: float) -> None:
        """Find out how many jobs take about so long."""
        try:
            self.jobs = self.measure.size(lab, self.subject, seconds)
        except ProgramFailed as error:
            self.failure = str(error)

    def run(self, lab: Lab) -> None:
        """Run once more, unless a run has failed."""
        if self.failure:
            return
        neighbours = Neighbours(lab.server.pid)
        try:
            figures = self.measure.run(lab, self.subject, self.jobs)
        except ProgramFailed as error:
            self.failure = str(error)
        else:
            self.runs.append(figures)
            self.neighbours.append(neighbours.cores())


@dataclass(frozen=True)
class Plan:
    """What to measure, and how thoroughly."""

    measures: Sequence[Measure]
    systems: Sequence[System]
    turns: int
    seconds: float

    def carry_out(self, lab: Lab, tell: Callable[[str], None]) -> list[Series]:
        """Measure everything.

        The subjects take turns (A B C, A B C): what changes on the machine meanwhile
        changes it for all of them.
        """
        found = []
        for measure in self.measures:
            series = [Series(measure, one) for one in measure.subjects(self.systems)]
            for one in series:
                tell(f"{measure.name}: {one.subject.name}: how many jobs?")
                one.prepare(lab, self.seconds)
            for turn in range(1, self.turns + 1):
                for one in series:
                    tell(f"{measure.name}: {one.subject.name}: {turn} of {self.turns}")
                    one.run(lab)
            found += series
        return found
