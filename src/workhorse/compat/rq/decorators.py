"""The `job` decorator with RQ's parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

from workhorse.compat.rq.job import Job, Retry
from workhorse.compat.rq.queue import Queue
from workhorse.compat.rq.utils import import_queue_class
from workhorse.decorators import JobFunction

_OPTIONS = (
    *("timeout", "result_ttl", "ttl", "meta", "description", "failure_ttl", "retry"),
    *("on_success", "on_failure", "on_stopped", "webhooks"),
)


class job:
    """Give a function `delay()` and `enqueue()`, which put a call into a queue."""

    queue_class: type[Queue] = Queue

    def __init__(
        self,
        queue: Queue | str,
        connection: object,
        timeout: int | str | None = None,
        result_ttl: int | None = None,
        ttl: int | None = None,
        queue_class: str | type[Queue] | None = None,
        depends_on: Any = None,
        at_front: bool = False,
        meta: Mapping[str, Any] | None = None,
        description: str | None = None,
        failure_ttl: int | None = None,
        retry: Retry | None = None,
        on_failure: Any = None,
        on_success: Any = None,
        on_stopped: Any = None,
        webhooks: Sequence[Any] | None = None,
    ) -> None:
        self.queue, self.connection = queue, connection
        self.queue_class = import_queue_class(queue_class or self.queue_class)
        self.depends_on, self.at_front = depends_on, at_front
        self.timeout, self.meta, self.description = timeout, meta, description
        self.result_ttl, self.ttl, self.failure_ttl = result_ttl, ttl, failure_ttl
        self.retry, self.webhooks = retry, webhooks
        self.on_success, self.on_failure, self.on_stopped = on_success, on_failure, on_stopped

    def __call__(self, f: Callable[..., Any]) -> JobFunction[..., Any]:
        """The function, with both methods."""

        @wraps(f)
        def delay(*args: Any, **kwargs: Any) -> Job:
            queue = self.queue
            if isinstance(queue, str):
                queue = self.queue_class(queue, connection=self.connection)
            return queue.enqueue_call(
                f,
                args=args,
                depends_on=kwargs.pop("depends_on", self.depends_on),
                job_id=kwargs.pop("job_id", None),
                at_front=kwargs.pop("at_front", self.at_front),
                kwargs=kwargs,
                **{option: getattr(self, option) for option in _OPTIONS},
            )

        decorated: Any = f
        decorated.delay = decorated.enqueue = delay
        found: JobFunction[..., Any] = decorated
        return found


__all__ = ["job"]
