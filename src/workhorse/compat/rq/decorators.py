"""The `job` decorator with RQ's parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

from workhorse.compat.rq.job import Job, Retry
from workhorse.compat.rq.queue import Queue
from workhorse.compat.rq.utils import import_queue_class
from workhorse.decorators import JobFunction


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
        self._queue = queue
        self._connection = connection
        self._class = import_queue_class(queue_class or self.queue_class)
        self._depends_on = depends_on
        self._at_front = at_front
        self._options = {
            **{"timeout": timeout, "result_ttl": result_ttl, "ttl": ttl, "meta": meta},
            **{"description": description, "failure_ttl": failure_ttl, "retry": retry},
            **{"on_failure": on_failure, "on_success": on_success, "on_stopped": on_stopped},
            "webhooks": webhooks,
        }

    def __call__(self, f: Callable[..., Any]) -> JobFunction[..., Any]:
        """The function, with both methods."""

        @wraps(f)
        def delay(*args: Any, **kwargs: Any) -> Job:
            queue = self._queue
            if isinstance(queue, str):
                queue = self._class(queue, connection=self._connection)
            return queue.enqueue_call(
                f,
                args=args,
                depends_on=kwargs.pop("depends_on", self._depends_on),
                job_id=kwargs.pop("job_id", None),
                at_front=kwargs.pop("at_front", self._at_front),
                kwargs=kwargs,
                **self._options,
            )

        decorated: Any = f
        decorated.delay = decorated.enqueue = delay
        found: JobFunction[..., Any] = decorated
        return found


__all__ = ["job"]
