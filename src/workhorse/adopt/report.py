"""What came of an adoption."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Left:
    """A job that stays at RQ.

    Attributes:
        queue: Its queue.
        status: Its status there.
        why: Why it stays, as a sentence.
    """

    queue: str
    status: str
    why: str


@dataclass(slots=True)
class Report:
    """What was moved, and what was left.

    Attributes:
        dry_run: Whether nothing was done.
        moved: How many jobs, by the status that they had at RQ.
        queues: How many jobs, by their queue.
        left: The jobs that stay, by their ids.
        expired: How many entries of queues and registries had no job any more.
    """

    dry_run: bool = False
    moved: Counter[str] = field(default_factory=Counter)
    queues: Counter[str] = field(default_factory=Counter)
    left: dict[str, Left] = field(default_factory=dict)
    expired: int = 0

    @property
    def total(self) -> int:
        """How many jobs were moved."""
        return self.moved.total()

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return {
            "dry_run": self.dry_run,
            "total": self.total,
            "moved": dict(sorted(self.moved.items())),
            "queues": dict(sorted(self.queues.items())),
            "expired": self.expired,
            "left": [
                {"id": job_id, "queue": one.queue, "status": one.status, "why": one.why}
                for job_id, one in self.left.items()
            ],
        }
