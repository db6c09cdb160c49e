"""What a job waits for, and what it shares: `Dependency` and `RateLimit`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from workhorse.names import check_job_id

OnParent = Literal["fail", "cancel", "wait", "run"]
"""What becomes of a job if one that it waits for fails: it fails too, is canceled, waits until the
other is requeued and finishes, or runs nevertheless."""

_KEY = re.compile(r"[\x21-\x7e]{1,128}")


class Dependency:
    """The jobs that another one waits for, and what it does if one of them fails.

    Attributes:
        jobs: Ids, or handles of jobs; they may be in any queue of the namespace.
        on_failure: `fail` (default): the waiting job fails as well; `cancel`: it is canceled;
            `wait`: it waits until somebody requeues the other one; `run`: it runs.
        enqueue_at_front: Whether it goes to the head of its queue when it is its turn.

    Args:
        jobs: A job, an id, or several.
        allow_failure: The same as `on_failure="run"`.
        enqueue_at_front: As above.
        on_failure: As above.

    Raises:
        ValueError: There is no job among *jobs*, an id is none, or the policy is unknown.
        TypeError: *jobs* holds something else.
    """

    __slots__ = ("enqueue_at_front", "jobs", "on_failure")

    def __init__(
        self,
        jobs: Any,  # noqa: ANN401 - a job, an id, or an iterable of them
        allow_failure: bool = False,  # noqa: FBT001, FBT002 - as in RQ
        enqueue_at_front: bool = False,  # noqa: FBT001, FBT002 - as in RQ
        *,
        on_failure: OnParent | None = None,
    ) -> None:
        self.jobs = tuple(_each(jobs))
        if not self.jobs:
            raise ValueError("Dependency([]): give at least one job, or leave depends_on out")
        if on_failure not in (None, "fail", "cancel", "wait", "run"):
            raise ValueError(
                f"Dependency(on_failure={on_failure!r:.100}): give 'fail', 'cancel', 'wait' "
                f"or 'run'"
            )
        if allow_failure and on_failure not in (None, "run"):
            raise ValueError(
                f"Dependency(allow_failure=True, on_failure={on_failure!r}): choose one of them"
            )
        self.on_failure: OnParent | None = "run" if allow_failure else on_failure
        self.enqueue_at_front = bool(enqueue_at_front)

    @property
    def allow_failure(self) -> bool:
        """Whether the job runs if one that it waits for fails."""
        return self.on_failure == "run"

    @property
    def dependencies(self) -> tuple[Any, ...]:
        """The same as `jobs`."""
        return self.jobs

    def __repr__(self) -> str:
        ids = ", ".join(id_of(job) for job in self.jobs[:5])
        return f"Dependency([{ids}{', ...' if len(self.jobs) > 5 else ''}])"  # noqa: PLR2004 - a few


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How many jobs that name the same key may be in queues or run at a time.

    Those above it wait in line, first come first served, over all queues of the namespace.

    Attributes:
        key: What the limit is called: 1 to 128 printable ASCII characters without spaces.
        concurrency: How many, from 1.
    """

    key: str
    concurrency: int

    def __post_init__(self) -> None:
        key: object = self.key
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise ValueError(
                f"RateLimit(key={self.key!r:.200}): use 1 to 128 printable ASCII characters "
                f"without spaces"
            )
        count: object = self.concurrency
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise ValueError(f"RateLimit(concurrency={count!r:.100}): give a whole number from 1")

    def to_text(self) -> str:
        """`<concurrency> <key>`, as a job's hash has it."""
        return f"{self.concurrency} {self.key}"

    @staticmethod
    def from_text(text: str) -> RateLimit:
        """The limit that `to_text` wrote.

        Raises:
            ValueError: No `to_text` wrote this.
        """
        count, _, key = text.partition(" ")
        return RateLimit(key, int(count))


def dependency_of(given: Any) -> Dependency | None:  # noqa: ANN401 - what users may give
    """What `depends_on` says, as one: a job, an id, a `Dependency`, or a list of those.

    Raises:
        ValueError: Two of them have different policies.
        TypeError: It holds something else.
    """
    if given is None:
        return None
    if isinstance(given, Iterator):
        # What a call depends on is looked at more than once, and an iterator is empty then.
        raise TypeError("depends_on is an iterator, which can be read only once: give a list")
    parts = list(given) if isinstance(given, list | tuple | set | frozenset) else [given]
    if not parts:
        return None
    several = [part if isinstance(part, Dependency) else Dependency(part) for part in parts]
    if len(several) == 1:
        return several[0]
    policies = {one.on_failure for one in several if one.on_failure is not None}
    if len(policies) > 1:
        raise ValueError(
            f"depends_on names {' and '.join(sorted(policies))} for failed jobs: choose one"
        )
    at_front = any(one.enqueue_at_front for one in several)
    jobs = [job for one in several for job in one.jobs]
    return Dependency(jobs, enqueue_at_front=at_front, on_failure=next(iter(policies), None))


def id_of(job: Any) -> str:  # noqa: ANN401 - an id or a handle
    """The id of a job that is given as such, or as a handle.

    Raises:
        ValueError: No job can have this id.
        TypeError: It is neither.
    """
    if isinstance(job, str):
        return check_job_id(job)
    found = getattr(job, "id", None)
    if not isinstance(found, str):
        raise TypeError(f"{job!r:.100} is no job: give a job or the id of one")
    return check_job_id(found)


def _each(jobs: Any) -> Iterable[Any]:  # noqa: ANN401 - as above
    several = [jobs] if isinstance(jobs, str) or hasattr(jobs, "id") else jobs
    if not isinstance(several, Iterable):
        raise TypeError(f"{jobs!r:.100} is no job: give a job, the id of one, or several")
    return {id_of(job): job for job in several}.values()
