"""`RateLimit`: how many jobs that name one key may be in queues or run at a time.

Who has a slot and who stands in line is for reading: the scripts that move jobs see to that.
"""

from __future__ import annotations

from typing import Any, Self

from workhorse.compat.clients import RQSource, client_of, namespace, way_to
from workhorse.compat.rq.job import Job
from workhorse.dependency import RateLimit
from workhorse.drivers import run
from workhorse.effects import Flow
from workhorse.keys import Keys
from workhorse.ops import limits


class RateLimitRegistry:
    """The jobs that have slots of one limit, and those that stand in line for one."""

    rl_keys_key = Keys(namespace()).limits

    def __init__(self, key: str, connection: object) -> None:
        self.key = key
        self._source = RQSource(connection)

    @classmethod
    def all(cls, connection: object) -> list[Self]:
        """The limits that jobs have slots of or stand in line for, the newest first."""
        way = way_to(connection)
        return [cls(limit.key, connection) for limit in run(way, limits.in_use(way.keys))]

    @classmethod
    def from_job(cls, job: Job) -> Self:
        """The limit of a job."""
        assert job.rate_limit_key, "the job has no rate limit"  # noqa: S101 - as RQ does
        return cls(job.rate_limit_key, job.connection)

    @property
    def connection(self) -> Any:
        """The program's redis client."""
        return client_of(self._source)

    @property
    def concurrency(self) -> int:
        """How many jobs may have slots; 0 if none has or wants one."""
        return self._asked(limits.concurrency(self._keys, self.key))

    @property
    def allowed_key(self) -> str:
        """The key of those that have slots, a set."""
        return self._keys.slots(self.key)

    @property
    def rate_limited_key(self) -> str:
        """The key of those that stand in line, a sorted set."""
        return self._keys.limited(self.key)

    def get_allowed_job_ids(self) -> list[str]:
        """The ids of the jobs that have slots, sorted: the oldest first, if ids were made up."""
        return self._asked(limits.holders(self._keys, self.key))

    def get_rate_limited_job_ids(self) -> list[str]:
        """The ids of the jobs that stand in line, the next one first."""
        return self._asked(limits.line(self._keys, self.key))

    def get_allowed_job_count(self) -> int:
        """How many jobs have slots."""
        return len(self.get_allowed_job_ids())

    def get_rate_limited_job_count(self) -> int:
        """How many jobs stand in line."""
        return len(self.get_rate_limited_job_ids())

    @property
    def _keys(self) -> Keys:
        return self._source.connection.keys

    def _asked(self, flow: Flow[Any]) -> Any:
        return run(self._source.connection, flow)


__all__ = ["RateLimit", "RateLimitRegistry"]
