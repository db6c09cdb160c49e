"""The order of things: sizes first, then turns in which each subject has one run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from benchmarks.lab import Lab
from benchmarks.machine import Neighbours
from benchmarks.measures.measure import Figures, Measure, Subject
from benchmarks.processes import ProgramFailed
from benchmarks.records import Record
from benchmarks.systems.catalogue import OURS
from benchmarks.systems.system import System


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

    def prepare(self, lab: Lab, seconds: float) -> None:
        """Find out how many jobs take about so long."""
        try:
            self.jobs = self.measure.size(lab, self.subject, seconds)
        except Exception as error:  # noqa: BLE001 - one subject's trouble is not the others'
            self.failure = _said(error)

    def run(self, lab: Lab) -> None:
        """Run once more, unless a run has failed."""
        if self.failure:
            return
        neighbours = Neighbours(lab.server.pid)
        try:
            figures = self.measure.run(lab, self.subject, self.jobs)
        except Exception as error:  # noqa: BLE001 - one subject's trouble is not the others'
            self.failure = _said(error)
        else:
            self.runs.append(figures)
            self.neighbours.append(neighbours.cores())

    def record(self) -> Record:
        """What is kept of it."""
        return Record(
            measure=self.measure.name,
            system=self.subject.system.name,
            variant=self.subject.variant,
            what=self.subject.what,
            against=self.subject.against,
            jobs=self.jobs,
            runs=[dict(run) for run in self.runs],
            neighbours=self.neighbours,
            failure=self.failure,
            when=date.today().isoformat(),  # noqa: DTZ011 - the day where it was measured
        )


def _said(error: Exception) -> str:
    text = str(error) if isinstance(error, ProgramFailed) else repr(error)
    # Where files are on this machine tells a reader of the page nothing.
    return re.sub(r"/(?:[\w.+-]+/)+", "", text)


def turns_of(measure: Measure, subject: Subject) -> int:
    """How many runs a subject has at most."""
    return measure.our_turns if subject.system.name == OURS.name else measure.turns


@dataclass(frozen=True)
class Plan:
    """What to measure, and how thoroughly.

    Attributes:
        measures: What is measured.
        systems: What it is done to.
        variants: System's name -> the variants that its installed version knows.
        turns: How many runs each subject has at most.
        seconds: How long each is to take.
        wanted: Whether a subject of a measure is still to be measured.
    """

    measures: Sequence[Measure]
    systems: Sequence[System]
    variants: dict[str, set[str]]
    turns: int
    seconds: float
    wanted: Callable[[Measure, Subject], bool]

    def carry_out(self, lab: Lab, tell: Callable[[str], None]) -> Iterator[list[Record]]:
        """Measure everything; what came out of each measure.

        The subjects take turns (A B C, A B C): what changes on the machine meanwhile
        changes it for all of them.
        """
        for measure in self.measures:
            series = [Series(measure, one) for one in self._subjects(measure)]
            for one in series:
                tell(f"{measure.name}: {one.subject.name}: how many jobs?")
                one.prepare(lab, self.seconds)
            for turn in range(1, self.turns + 1):
                for one in series:
                    if turn > turns_of(measure, one.subject):
                        continue
                    tell(f"{measure.name}: {one.subject.name}: {turn}")
                    one.run(lab)
            yield [one.record() for one in series]

    def _subjects(self, measure: Measure) -> Iterator[Subject]:
        for one in measure.subjects(self.systems):
            if one.variant in self.variants[one.system.name] and self.wanted(measure, one):
                yield one
