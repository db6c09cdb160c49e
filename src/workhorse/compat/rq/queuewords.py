"""Where the jobs of RQ's `Queue` are, in its words."""

from __future__ import annotations

from workhorse import queue
from workhorse.compat.clients import client_of
from workhorse.compat.rq import registry
from workhorse.compat.rq.utils import get_version
from workhorse.drivers import run
from workhorse.ops import workers


class QueueWords(queue.Queue):
    """A part of `workhorse.compat.rq.queue.Queue`: it asks, and changes nothing."""

    def __str__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    # The registries

    @property
    def started_job_registry(self) -> registry.StartedJobRegistry:
        """The jobs that run."""
        return registry.StartedJobRegistry(queue=self)

    @property
    def finished_job_registry(self) -> registry.FinishedJobRegistry:
        """The jobs that have finished and are still kept."""
        return registry.FinishedJobRegistry(queue=self)

    @property
    def failed_job_registry(self) -> registry.FailedJobRegistry:
        """The jobs that failed for good."""
        return registry.FailedJobRegistry(queue=self)

    @property
    def deferred_job_registry(self) -> registry.DeferredJobRegistry:
        """The jobs that wait for other jobs."""
        return registry.DeferredJobRegistry(queue=self)

    @property
    def ready_job_registry(self) -> registry.ReadyJobRegistry:
        """Nothing, ever."""
        return registry.ReadyJobRegistry(queue=self)

    @property
    def scheduled_job_registry(self) -> registry.ScheduledJobRegistry:
        """The jobs that wait for their time."""
        return registry.ScheduledJobRegistry(queue=self)

    @property
    def canceled_job_registry(self) -> registry.CanceledJobRegistry:
        """The jobs that were canceled."""
        return registry.CanceledJobRegistry(queue=self)

    @property
    def scheduler_pid(self) -> int | None:
        """The process of a worker that looks after what is due in this queue; None without one."""
        for record in run(self._way, workers.alive(self._keys)):
            if self.name in record.queues:
                return record.pid
        return None

    @property
    def redis_server_version(self) -> tuple[int, int, int]:
        """The version of the server."""
        return self.get_redis_server_version()

    def get_redis_server_version(self) -> tuple[int, int, int]:
        """The version of the server."""
        return get_version(client_of(self.source))
