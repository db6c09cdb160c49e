"""What is kept of the measuring: in JSON, so that a report can be written again, or completed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

_DIGITS = 6


class Spread(NamedTuple):
    """What several runs gave."""

    median: float
    least: float
    most: float


@dataclass
class Record:
    """The runs of one subject of a measure, and the day; `plan.Series` says what each field is."""

    measure: str
    system: str
    variant: str
    what: str = ""
    against: str = ""
    jobs: int = 0
    runs: list[dict[str, Any]] = field(default_factory=list)
    neighbours: list[float] = field(default_factory=list)
    failure: str = ""
    when: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What it is of."""
        return self.measure, self.system, self.variant, self.what

    @property
    def name(self) -> str:
        """Of the subject."""
        return " ".join(filter(None, (self.system, self.variant, self.what)))

    def spread(self, metric: str) -> Spread | None:
        """One metric over the runs; None if there is none."""
        values = [run[metric] for run in self.runs if metric in run]
        return Spread(median(values), min(values), max(values)) if values else None

    def median(self, metric: str) -> float | None:
        """The median of one metric; None if there is none."""
        spread = self.spread(metric)
        return None if spread is None else spread.median

    def values(self, metric: str) -> list[float]:
        """A metric that is a list, from the last run that has it."""
        return next((list(run[metric]) for run in reversed(self.runs) if metric in run), [])


class Results:
    """All records, with what must be known to judge them.

    Attributes:
        conditions: Machine, server, versions.
        absent: System's name -> why it was not measured.
        versions: System's name -> its version and Python's.
    """

    def __init__(self) -> None:
        self.conditions: dict[str, str] = {}
        self.absent: dict[str, str] = {}
        self.versions: dict[str, str] = {}
        self._records: dict[tuple[str, str, str, str], Record] = {}

    @classmethod
    def load(cls, path: Path) -> Results:
        """Those of an earlier run; none if there was no such run."""
        results = cls()
        if path.exists():
            told = json.loads(path.read_text())
            results.conditions, results.absent = told["conditions"], told["absent"]
            results.versions = told["versions"]
            results.add(Record(**one) for one in told["records"])
        return results

    def save(self, path: Path) -> None:
        """Write them, in the order of the measures."""
        told = {
            "conditions": self.conditions,
            "absent": self.absent,
            "versions": self.versions,
            "records": [_rounded(asdict(one)) for one in self],
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = json.dumps(told, indent=1, ensure_ascii=False)
        path.write_text(lines + "\n")

    def add(self, records: Iterable[Record]) -> None:
        """Put records in the place of older ones of the same subjects."""
        for one in records:
            self._records[one.key] = one

    def get(self, measure: str, system: str, variant: str, what: str = "") -> Record | None:
        """The record of a subject; None if there is none."""
        return self._records.get((measure, system, variant, what))

    def of(self, measure: str) -> list[Record]:
        """The records of a measure."""
        return [one for one in self if one.measure == measure]

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records.values())

    def __contains__(self, key: object) -> bool:
        return key in self._records


def _rounded(value: Any) -> Any:
    """The same with fewer digits."""
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return value
