"""What the jobs of a run are: which function, with which arguments, and what it must return.

The client programs import this as well, so only the standard library is used.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True)
class Workload:
    """One kind of work.

    Attributes:
        task: The function's name; see `benchmarks.jobs`.
        payload: How many bytes an argument and the result have.
        retried: Whether a job fails once.
        chained: Whether every second job waits for the one before it.
    """

    task: str
    payload: int = 0
    retried: bool = False
    chained: bool = False

    def args(self, index: int) -> tuple[Any, ...]:
        """The arguments of one job."""
        return (index, _text(self.payload)) if self.payload else (index,)

    def is_right(self, index: int, result: object) -> bool:
        """Whether the job returned what it must."""
        return result == (_text(self.payload) if self.payload else index)


WORKLOADS = {
    "noop": Workload("noop"),
    "compute": Workload("compute"),
    "nap": Workload("nap"),
    "1 KB": Workload("echo", payload=1_000),
    "1 MB": Workload("echo", payload=1_000_000),
    "retry": Workload("flaky", retried=True),
    "chain": Workload("noop", chained=True),
    "mixed": Workload("mixed"),
    "crash": Workload("die"),
}


@cache
def _text(size: int) -> str:
    """So much text that does not compress well."""
    return random.Random(size).randbytes(size // 2).hex()
