"""The `job` decorator: a function that knows its queue."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ParamSpec, Protocol, TypeVar, Unpack, cast, overload

from workhorse import calls
from workhorse.job import Job
from workhorse.options import CallOptions, EnqueueData, options_of
from workhorse.queue import Queue

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

_OF_DELAY = frozenset(("at_front", "depends_on", "job_id"))
"""The options that RQ's `delay` keeps for itself."""


class JobFunction(Protocol[P, R_co]):
    """A decorated function: a call of it runs it here, `delay` and `enqueue` at a worker."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Run the function, here and now."""

    def delay(self, *args: P.args, **kwargs: P.kwargs) -> Job:
        """Enqueue a call with these arguments, and the decorator's options.

        As in RQ, `job_id` and `at_front` are options, unless the function has parameters of
        these names. For others there is `enqueue`.
        """

    def enqueue(self, *args: Any, **kwargs: Any) -> Job:  # noqa: ANN401 - arguments and options
        """`Queue.enqueue` with this function; what is not given comes from the decorator."""


@overload
def job(queue: Callable[P, R], /) -> JobFunction[P, R]: ...


@overload
def job(
    queue: Queue | str = "default",
    connection: object = None,
    *,
    serializer: object = None,
    allow: Iterable[str] = (),
    **options: Unpack[CallOptions],
) -> Callable[[Callable[P, R]], JobFunction[P, R]]: ...


def job(
    queue: Queue | str | Callable[..., Any] = "default",
    connection: object = None,
    *,
    serializer: object = None,
    allow: Iterable[str] = (),
    **options: Unpack[CallOptions],
) -> Any:
    """Give a function `delay()` and `enqueue()`: `@job`, or `@job("low", timeout="5m")`.

    The function stays what it is. Nothing is asked of a server before the first `delay`.

    Args:
        queue: A `Queue`, or the name of one.
        connection: As in `Queue`, where *queue* is a name.
        serializer: Likewise.
        allow: Likewise.
        **options: What holds for all calls: `timeout`, `result_ttl`, ... as in
            `Queue.enqueue_call`.

    Raises:
        ValueError: An option makes no sense.
        TypeError: There is no such option.
        NotImplementedError: An option of RQ that this version does not have.
    """
    if not isinstance(queue, Queue | str):
        return job()(queue)
    if isinstance(queue, str):
        queue = Queue(queue, connection, serializer=serializer, allow=allow)
    base = calls.prepare("", (), {}, options)
    options_of(base)  # raises here and not at the first call

    def decorate(function: Callable[P, R]) -> JobFunction[P, R]:
        return _with_queue(function, queue, base)

    return decorate


def _with_queue(function: Callable[P, R], queue: Queue, base: EnqueueData) -> JobFunction[P, R]:
    options = _OF_DELAY.difference(_parameters(function))

    def delay(*args: Any, **kwargs: Any) -> Job:  # noqa: ANN401 - as the function
        own = {name: kwargs.pop(name) for name in options.intersection(kwargs)}
        return enqueue(args=args, kwargs=kwargs, **own)

    def enqueue(*args: Any, **kwargs: Any) -> Job:  # noqa: ANN401 - as the function
        call = calls.parse(function, args, kwargs)
        return queue.enqueue_many((calls.filled(call, base),))[0]

    decorated = cast("Any", function)
    decorated.delay = delay
    decorated.enqueue = enqueue
    return cast("JobFunction[P, R]", function)


def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    code = getattr(function, "__code__", None)
    if code is None:
        return ()
    names: tuple[str, ...] = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return names
