"""`Result`: one run of a job, and what came of it."""

from __future__ import annotations

from workhorse import result
from workhorse.drivers import run
from workhorse.job import Job


class Result(result.Result):
    """What came of one run; `Job.results()` and `latest_result()` are the way to it."""

    __slots__ = ()

    @classmethod
    def all(cls, job: Job, serializer: object = None) -> list[result.Result]:
        """The runs of a job that are remembered, newest first."""
        del serializer
        return run(job._way, job._results())

    @classmethod
    def count(cls, job: Job) -> int:
        """How many there are."""
        return len(cls.all(job))

    @classmethod
    def fetch(cls, job: Job, serializer: object = None) -> result.Result | None:
        """The newest run of a job, or None."""
        return cls.fetch_latest(job, serializer)

    @classmethod
    def fetch_latest(
        cls, job: Job, serializer: object = None, timeout: int = 0
    ) -> result.Result | None:
        """The newest run of a job, waiting up to *timeout* seconds for it to end; or None."""
        del serializer
        return job.latest_result(timeout)


__all__ = ["Result"]
