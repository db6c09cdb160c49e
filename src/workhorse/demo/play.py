"""What the demo does: enqueue, watch, gather. It prints nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from workhorse.demo import jobs
from workhorse.demo.stage import Stage
from workhorse.demo.texts import Totals
from workhorse.drivers import run
from workhorse.job import Job
from workhorse.ops.queues import QueueCounts, overview
from workhorse.options import EnqueueData
from workhorse.policies import Retry
from workhorse.queue import Queue

PATIENCE = 120.0
"""How long the demo waits for its jobs, seconds."""
KEPT_FOR = 500
"""How long what the jobs leave behind is kept, if the demo does not sweep it, seconds."""

_GLANCE = 0.05
_FETCHED_AT_ONCE = 200


class DemoFailed(Exception):  # noqa: N818 - reads as a sentence
    """The demo could not be played to its end; the text says why."""


@dataclass(frozen=True)
class Trouble:
    """A kind of job that does not simply work."""

    what: str
    function: Callable[[], object]
    timeout: float | None = None
    retry: Retry | None = None


TROUBLES = (
    Trouble("fail twice, then work", jobs.work_at_the_third_try, retry=Retry(3, [0.1, 0.2])),
    Trouble("never work", jobs.never_work, retry=Retry(2, 0.1)),
    Trouble("hang in C code", jobs.hang, timeout=1),
    Trouble("kill its own horse", jobs.kill_own_horse),
)


@dataclass(frozen=True)
class Cast:
    """The jobs of the demo, once they are enqueued."""

    count: list[Job]
    rank: list[Job]
    troubles: list[Job]

    @property
    def size(self) -> dict[str, int]:
        """How many jobs each queue got."""
        return {"count": len(self.count) + len(self.troubles), "rank": len(self.rank)}


def enqueue(stage: Stage, texts: Sequence[Path]) -> Cast:
    """Put everything into the two queues."""
    count = Queue("count", stage.connection)
    rank = Queue("rank", stage.connection)
    troubles = count.enqueue_many(
        [
            EnqueueData(
                trouble.function,
                timeout=trouble.timeout,
                retry=trouble.retry,
                failure_ttl=KEPT_FOR,
                result_ttl=KEPT_FOR,
                description=trouble.function.__name__.replace("_", " "),
            )
            for trouble in TROUBLES
        ]
    )
    return Cast(
        count=count.enqueue_many([_for_text(jobs.count_words, path) for path in texts]),
        rank=rank.enqueue_many([_for_text(jobs.rank_names, path) for path in texts]),
        troubles=troubles,
    )


def watch(stage: Stage, cast: Cast) -> Iterator[list[QueueCounts]]:
    """Look at the queues again and again, until all jobs have ended.

    Raises:
        DemoFailed: The worker has ended, or it takes too long.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        counts = run(stage.connection, overview(stage.connection.keys, list(cast.size)))
        yield counts
        if all(ended(queue) >= cast.size[queue.name] for queue in counts):
            return
        if stage.worker.poll() is not None:
            raise DemoFailed(
                f"the worker ended with status {stage.worker.returncode}:\n{_tail(stage.log)}"
            )
        if time.monotonic() > deadline:
            raise DemoFailed(f"not done after {PATIENCE:g} s; the worker says:\n{_tail(stage.log)}")
        time.sleep(_GLANCE)


def ended(queue: QueueCounts) -> int:
    """How many of its jobs have come to an end."""
    return queue.finished + queue.failed


def gather(stage: Stage, cast: Cast) -> Totals:
    """Read all results, and add them up."""
    totals = Totals()
    for job in _fetched(stage, cast.count):
        totals.add_words(job.return_value())
    for job in _fetched(stage, cast.rank):
        totals.add_names(job.return_value())
    return totals


def _fetched(stage: Stage, sent: Sequence[Job]) -> Iterator[Job]:
    for start in range(0, len(sent), _FETCHED_AT_ONCE):
        ids = [job.id for job in sent[start : start + _FETCHED_AT_ONCE]]
        for job_id, job in zip(ids, Job.fetch_many(ids, stage.connection), strict=True):
            if job is None or job.return_value() is None:
                status = "gone" if job is None else job.get_status()
                raise DemoFailed(f"job {job_id} has no result: it is {status}")
            yield job


def _for_text(function: Callable[[str], object], path: Path) -> EnqueueData:
    what = function.__name__.replace("_", " ")
    return EnqueueData(
        function,
        (str(path),),
        result_ttl=KEPT_FOR,
        failure_ttl=KEPT_FOR,
        description=f"{what} of {'/'.join(path.parts[-2:])}",
    )


def _tail(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").splitlines()
    return "\n".join(f"  {line}" for line in lines[-8:]) or "  (nothing)"
