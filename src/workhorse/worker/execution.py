"""One run of one job, from its bytes to its report: the only place where user code is called."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import Context, copy_context
from time import perf_counter_ns
from types import CoroutineType
from typing import TYPE_CHECKING, Any, TypeGuard

from workhorse import current
from workhorse.callables.importing import allowed, resolve
from workhorse.current import running
from workhorse.defaults import DEFAULT_TIMEOUT
from workhorse.envelopes import Bearer, open_call, seal_result
from workhorse.exceptions import (
    DeserializationError,
    FunctionNotAllowed,
    JobTimeoutException,
    NotSerializable,
    PayloadTooLarge,
    WorkhorseError,
    exception_names,
)
from workhorse.ops.reports import MAX_TRACEBACK, Report
from workhorse.sources import Source
from workhorse.worker.handoff import HandedJob
from workhorse.worker.timeouts import GRACE, deadline, says

if TYPE_CHECKING:
    from workhorse.job import Job
    from workhorse.policies import Retry
    from workhorse.worker.coroutines import Loop

CO_COROUTINE = 0x80
"""The flag of `async def` in a code object, as in `inspect`, which takes long to import."""
_Call = tuple[Callable[..., Any], Sequence[Any], Mapping[str, Any]]


class Kit:
    """What a process needs to run jobs.

    Args:
        source: Opens arguments, seals results; its connection is for jobs that ask for one.
        allow: Patterns of the functions that may run; none: all.
        concurrency: How many jobs may run at a time in this process, where they can.
        threads: Whether those may be any, and not just coroutines.

    Attributes:
        seen: Functions and modules that jobs have brought in, not yet told to the stable.
    """

    __slots__ = (
        *("_coroutines", "_loop", "_resolved", "allow", "codec", "concurrency", "namespace"),
        *("seen", "source", "threads"),
    )

    def __init__(
        self,
        source: Source,
        allow: tuple[str, ...] = (),
        *,
        concurrency: int = 1,
        threads: bool = False,
    ) -> None:
        self.source = source
        self.allow = allow
        self.concurrency = concurrency
        self.threads = threads
        self.codec = source.codec
        self.namespace = source.namespace
        self.seen: set[str] = set()
        self._resolved: dict[str, Callable[..., Any]] = {}
        self._coroutines: set[object] = set()
        self._loop: Loop | None = None

    def function(self, name: str) -> Callable[..., Any]:
        """The function of that name, imported once.

        Raises:
            FunctionNotAllowed: No pattern allows it; then it is not imported either.
            NotImportable: There is none.
        """
        found = self._resolved.get(name)
        if found is None:
            self.check(name)
            found = resolve(name)
            self.check(name, found)
            self._resolved[name] = found
            self.seen.add(name)
        return found

    def check(self, name: str, function: object = None) -> None:
        """Refuse what this worker does not allow: by its name, then by where it really is from.

        Raises:
            FunctionNotAllowed: None of the patterns names it.
        """
        if self.allow and not allowed(name, self.allow, function):
            patterns = ", ".join(self.allow)
            raise FunctionNotAllowed(f"{name} is not among what this worker allows: {patterns}")

    def is_coroutine(self, run: Run) -> bool:
        """Whether calling a run's function makes a coroutine, as far as can be seen."""
        code = getattr(run.function, "__code__", None)
        return (code is not None and bool(code.co_flags & CO_COROUTINE)) or (
            bool(self._coroutines) and run.function in self._coroutines
        )

    def learn_coroutine(self, run: Run) -> None:
        """Calling the function has made one, which could not be seen."""
        if isinstance(run.function, Hashable):
            self._coroutines.add(run.function)

    def cancel(self) -> bool:
        """Cancel the coroutine that `loop` runs; False: it runs none. Another thread may ask."""
        return self._loop is not None and self._loop.cancel()

    @property
    def loop(self) -> Loop:
        """Where `async def` jobs of this process run."""
        if self._loop is None:
            from workhorse.worker.coroutines import Loop  # noqa: PLC0415 - see its docstring

            self._loop = Loop()
        return self._loop


class Run:
    """One run of one job, whose function and arguments are at hand.

    Attributes:
        job: What was handed over.
        function: What to call.
        began: When it did, ns by `perf_counter`.
        seconds: How long it may run; negative: without limit.
        context: The context variables of this run; what it sets in there no other job sees.
    """

    __slots__ = (
        *("_handle", "_kit", "args", "bearer", "began", "context", "function", "job", "kwargs"),
        "seconds",
    )

    def __init__(self, job: HandedJob, kit: Kit, bearer: Bearer, call: _Call) -> None:
        self.job = job
        self.bearer = bearer
        self.function, self.args, self.kwargs = call
        self.began = 0
        self.seconds = float(job.fields.get(b"timeout", DEFAULT_TIMEOUT))
        self._kit = kit
        self._handle: Job | None = None
        self.context: Context | None = None

    def handle(self) -> Job:
        """What `get_current_job` returns; its connection is opened when it is used."""
        if self._handle is None:
            self._handle = _handle(self.job, self._kit)
        return self._handle

    def call(self) -> Any:  # noqa: ANN401 - what a job returns is its own affair
        """Call the function in a context of its own; its value or a coroutine."""
        self.context = copy_context()
        return self.context.run(self.here)

    def here(self) -> Any:  # noqa: ANN401 - as above
        """Call the function, as the current job, in the context in which this is called."""
        running.set(self.handle)
        self.began = self.began or perf_counter_ns()
        return self.function(*self.args, **self.kwargs)

    def whole(self) -> Report:
        """Run it to its end in this thread, within its time."""
        self.began = perf_counter_ns()  # before its time begins: it must have had all of it
        try:
            with deadline(self.seconds):
                value = self.call()
            if type(value) is CoroutineType:
                # One that blocks is not reached by its cancellation.
                with deadline(self.seconds + GRACE / 2 if self.seconds >= 0 else -1):
                    value = self._kit.loop.run(value, self.seconds, self.context)
        except JobTimeoutException as error:
            return self.failed(
                JobTimeoutException(says(self.seconds)).with_traceback(error.__traceback__)
            )
        except BaseException as error:  # noqa: BLE001 - what user code raises is the job's failure
            return self.failed(error)
        return self.ended(value)

    def ended(self, value: object) -> Report:
        """The report on a run that returned this."""
        ran = _since(self.began)
        if value is None:
            return Report("finished", b"", ran)
        if _is_retry(value):
            return Report("again", ran=ran, policy=value.to_text())
        return _sealed(value, self.bearer, self._kit, ran)

    def failed(self, error: BaseException) -> Report:
        """The report on a run that raised this."""
        return _failed(error, self.began)


def prepare(job: HandedJob, kit: Kit) -> Run | Report:
    """Open a job's arguments and find its function; or say why that cannot be. Never raises."""
    bearer = Bearer(kit.namespace, job.queue, job.id)
    began = perf_counter_ns()
    try:
        return Run(job, kit, bearer, _opened(job, bearer, kit))
    except (DeserializationError, FunctionNotAllowed) as error:
        return Report("refused", _said(error), names=exception_names(type(error)))
    except BaseException as error:  # noqa: BLE001 - a module's import may raise anything
        return _failed(error, began)


def execute(job: HandedJob, kit: Kit) -> Report:
    """Run a job and say how it went; never raises."""
    run = prepare(job, kit)
    return run if isinstance(run, Report) else run.whole()


def _opened(job: HandedJob, bearer: Bearer, kit: Kit) -> _Call:
    name = job.fields.get(b"func", b"").decode("utf-8", "replace")
    # The signature comes first: a name that nobody vouches for is not even imported.
    data = job.fields.get(b"data", b"")
    args, kwargs, instance = open_call(kit.codec, bearer, name, job.fields, data)
    if instance is None:
        return kit.function(name), args, kwargs
    kit.check(name)
    method = getattr(instance, name.rpartition(".")[2])
    # The payload chose the object: it is its own class that must be allowed, not the name's.
    kit.check(name, method)
    return method, args, kwargs


def _handle(job: HandedJob, kit: Kit) -> Job:
    """What `get_current_job` returns; its connection is opened when it is used."""
    from dataclasses import replace  # noqa: PLC0415 - the client's side; few jobs ask for it

    from workhorse.job import Job  # noqa: PLC0415 - likewise
    from workhorse.records import job_record  # noqa: PLC0415 - likewise
    from workhorse.states import JobStatus  # noqa: PLC0415 - likewise

    flat = [word for pair in job.fields.items() for word in pair]
    record = replace(
        job_record(job.id, flat), status=JobStatus.STARTED, token=job.token, attempt=job.attempt
    )
    made: Job = (current.make_handle or Job)(job.id, kit.source)
    return made.seen(record)


def _is_retry(value: object) -> TypeGuard[Retry]:
    # Not imported for this: who has made one has imported its class.
    policies = sys.modules.get("workhorse.policies")
    return policies is not None and isinstance(value, policies.Retry)


def _sealed(value: object, bearer: Bearer, kit: Kit, ran: int) -> Report:
    try:
        sealed = seal_result(kit.codec, bearer, value)
    except (NotSerializable, PayloadTooLarge) as error:
        text = f"The job ran to its end, but what it returned cannot be stored.\n{_line(error)}"
        return Report("failed", text.encode(), ran, exception_names(type(error)))
    except BaseException as error:  # noqa: BLE001 - a value's own code runs when it is encoded
        return Report("failed", _said(error), ran, exception_names(type(error)))
    return Report("finished", sealed, ran)


def _failed(error: BaseException, began: int) -> Report:
    return Report("failed", _traceback(error), _since(began), exception_names(type(error)))


def _since(began: int) -> int:
    return (perf_counter_ns() - began) // 1000


def _line(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}: {error}"


def _said(error: BaseException) -> bytes:
    if isinstance(error, WorkhorseError):
        return _line(error).encode("utf-8", "backslashreplace")
    return _traceback(error)


def _traceback(error: BaseException) -> bytes:
    """The traceback from the user's first frame on; our own frames tell the user nothing."""
    first = error.__traceback__
    while (
        first is not None
        and first.tb_next is not None
        and _is_ours(first.tb_frame.f_code.co_filename)
    ):
        first = first.tb_next
    try:
        with _shallow():
            lines = traceback.format_exception(type(error), error, first)
        text = "".join(lines)
    except BaseException as second:  # noqa: BLE001 - an exception may be unable to say what it is
        text = (
            f"{type(error).__name__}, and its traceback cannot be shown: {type(second).__name__}\n"
        )
    return text.encode("utf-8", "backslashreplace")[-MAX_TRACEBACK:]


def _is_ours(filename: str) -> bool:
    return "/workhorse/worker/" in filename or filename.endswith(("/asyncio/runners.py",))


@contextmanager
def _shallow() -> Iterator[None]:
    # A job that died of RecursionError leaves little room to format its traceback in.
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit + 200)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
