"""One run of one job, from its bytes to its report: the only place where user code is called."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Hashable, Iterator, Mapping, Sequence
from contextvars import Context, copy_context
from functools import partial
from time import perf_counter_ns
from types import CoroutineType
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from workhorse import current
from workhorse.callables.importing import allowed, resolve
from workhorse.current import running
from workhorse.defaults import CALLBACK_TIMEOUT, DEFAULT_TIMEOUT, callback_parts
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
from workhorse.ops.reports import Report
from workhorse.sources import Source
from workhorse.worker.handoff import HandedJob
from workhorse.worker.timeouts import GRACE, deadline, says
from workhorse.worker.tracebacks import traceback_of

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
        handlers: The names of the worker's exception handlers.
        killed: The names of its handlers for horses that were killed.
        seen: Functions and modules that jobs have brought in, not yet told to the stable.
    """

    __slots__ = (
        *("_coroutines", "_loop", "_resolved", "allow", "codec", "concurrency", "namespace"),
        *("handlers", "killed", "seen", "source", "threads"),
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
        self.handlers: tuple[str, ...] = ()
        self.killed: tuple[str, ...] = ()
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
        hooked: Whether something may come after it; see `hooks`.
        hooks: What does, once it has begun to.
        value: What the function returned; only if it is hooked.
        error: What it raised; likewise.
        role: What of the job this run is: `job`, or the name of a callback.
        before: How the job had ended when this callback began.
        way: How the job ran beside others, if it did; see `handoff.Ended`.
        refused: Whether it is no run at all: the job was refused, and handlers are to hear of it.
    """

    # Most runs have none of these; so each costs nothing until it is set.
    began = 0
    context: Context | None = None
    hooks: Generator[Run, Report, Report] | None = None
    value: object = None
    error: BaseException | None = None
    role = "job"
    before = b""
    way = ""
    refused = False
    _handle: Job | None = None

    def __init__(self, job: HandedJob, kit: Kit, bearer: Bearer, call: _Call) -> None:
        self.job = job
        self.bearer = bearer
        self.function, self.args, self.kwargs = call
        self._kit = kit
        fields = job.fields
        try:
            self.seconds = float(fields.get(b"timeout", DEFAULT_TIMEOUT))
        except ValueError:
            raise DeserializationError(f"job {job.id!r}: its timeout is no number") from None
        self.hooked = b"on_success" in fields or b"on_failure" in fields or bool(kit.handlers)

    def callback(self, role: str, text: bytes, *given: object) -> Run:
        """A callback of the same job as a run, in what this one has left of its context.

        Args:
            role: Which.
            text: Its name and timeout, as the job has them.
            *given: What it is called with, after the job and the connection.
        """
        name, seconds = callback_parts(text.decode("utf-8", "replace"))
        return self._later(role, seconds, partial(self._kit.function, name), given, wired=True)

    def handlers(self, *given: object) -> Iterator[Run]:
        """The worker's exception handlers as runs like callbacks'; called with the job and that."""
        for name in self._kit.handlers:
            # The operator has named it: what jobs may call does not hold for it.
            yield self._later(f"handler {name}", CALLBACK_TIMEOUT, partial(resolve, name), given)

    def _later(
        self,
        role: str,
        seconds: float,
        find: Callable[[], Callable[..., Any]],
        given: tuple[object, ...],
        *,
        wired: bool = False,
    ) -> Run:
        call: _Call
        try:
            job = self.handle()
            call = find(), (job, job.connection, *given) if wired else (job, *given), {}
        except BaseException as error:  # noqa: BLE001 - a module's import may raise anything
            call = _raiser(error), (), {}
        run = Run(self.job, self._kit, self.bearer, call)
        run.role, run.seconds, run.hooked, run.hooks = role, seconds, True, self.hooks
        run.context = None if self.context is None else self.context.copy()
        run._handle = self._handle
        return run

    def handle(self) -> Job:
        """What `get_current_job` returns; its connection is opened when it is used."""
        if self._handle is None:
            self._handle = _handle(self.job, self._kit)
        return self._handle

    def call(self) -> Any:  # noqa: ANN401 - what a job returns is its own affair
        """Call the function in a context of its own; its value or a coroutine."""
        context = self.context
        if context is None:  # an empty one is false
            context = self.context = copy_context()
        return context.run(self.here)

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
        ran = since(self.began)
        if self.hooked:
            self.value = value
        if value is None or self.role != "job":
            return Report("finished", b"", ran)
        if _is_retry(value):
            return Report("again", ran=ran, policy=value.to_text())
        try:
            return Report("finished", seal_result(self._kit.codec, self.bearer, value), ran)
        except BaseException as error:  # noqa: BLE001 - a value's own code runs when it is encoded
            if self.hooked:
                self.error = error
            return _unstored(error, ran)

    def failed(self, error: BaseException) -> Report:
        """The report on a run that raised this."""
        if self.hooked:
            self.error = error
        return _refusal(error) if self.refused else _failed(error, self.began)


def prepare(job: HandedJob, kit: Kit) -> Run | Report:
    """Open a job's arguments and find its function; or say why that cannot be. Never raises."""
    bearer = Bearer(kit.namespace, job.queue, job.id)
    began = perf_counter_ns()
    try:
        if job.after is not None:
            return _farewell(job, kit, bearer)
        return Run(job, kit, bearer, _opened(job, bearer, kit))
    except (DeserializationError, FunctionNotAllowed) as error:
        if not kit.handlers:
            return _refusal(error)
        run = _stillborn(job, kit, bearer, error)
        run.refused = True
        return run
    except BaseException as error:  # noqa: BLE001 - a module's import may raise anything
        if b"on_failure" in job.fields or kit.handlers:
            return _stillborn(job, kit, bearer, error)
        return _failed(error, began)


def _stillborn(job: HandedJob, kit: Kit, bearer: Bearer, error: BaseException) -> Run:
    """A run that only fails, for what comes after that."""
    fields = {name: value for name, value in job.fields.items() if name != b"timeout"}
    return Run(job._replace(fields=fields), kit, bearer, (_raiser(error), (), {}))


def _refusal(error: BaseException) -> Report:
    return Report("refused", _said(error), names=exception_names(type(error)))


def _farewell(job: HandedJob, kit: Kit, bearer: Bearer) -> Run:
    """What tells the handlers of the horse that died of a job, which does not run again."""
    from workhorse.worker.epilogues import farewell  # noqa: PLC0415 - only where one died

    *after, why = job.after or (None,)
    job = job._replace(fields={**job.fields, b"exc_info": cast("bytes", why)})
    run = Run(job, kit, bearer, (farewell(kit.killed, after), (), {}))
    run.args = (run.handle(),)
    run.role, run.seconds, run.hooked = "farewell", CALLBACK_TIMEOUT, False
    return run


def _raiser(error: BaseException) -> Callable[..., Any]:
    def fail(*_args: object) -> None:
        raise error

    return fail


def _opened(job: HandedJob, bearer: Bearer, kit: Kit) -> _Call:
    name = job.fields.get(b"func", b"").decode("utf-8", "replace")
    # The signature comes first: a name that nobody vouches for is not even imported.
    data = job.fields.get(b"data", b"")
    args, kwargs, instance = open_call(kit.codec, bearer, name, job.fields, data)
    if b"follows" in job.fields:
        from workhorse.worker.sequels import Sequel  # noqa: PLC0415 - few jobs follow another

        return Sequel(job, kit.source, kit.function(name), args), (), {}
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
        job_record(job.id, flat),
        status=JobStatus.STARTED,
        origin=job.queue,  # a queue that runs its own jobs has not read it anywhere
        token=job.token,
        attempt=job.attempt,
    )
    made: Job = (current.make_handle or Job)(job.id, kit.source)
    return made.seen(record)


def _is_retry(value: object) -> TypeGuard[Retry]:
    # Not imported for this: who has made one has imported its class.
    policies = sys.modules.get("workhorse.policies")
    return policies is not None and isinstance(value, policies.Retry)


def _unstored(error: BaseException, ran: int) -> Report:
    said = _said(error)
    if isinstance(error, NotSerializable | PayloadTooLarge):
        text = f"The job ran to its end, but what it returned cannot be stored.\n{_line(error)}"
        said = text.encode()
    return Report("failed", said, ran, exception_names(type(error)))


def _failed(error: BaseException, began: int) -> Report:
    return Report("failed", traceback_of(error), since(began), exception_names(type(error)))


def since(began: int) -> int:
    """How long ago that was, microseconds."""
    return (perf_counter_ns() - began) // 1000


def _line(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}: {error}"


def _said(error: BaseException) -> bytes:
    if isinstance(error, WorkhorseError):
        return _line(error).encode("utf-8", "backslashreplace")
    return traceback_of(error)
