"""Tell a worker what to do, and learn whether it has done it.

A command lies in the worker's inbox until the worker takes it or its time is up; the worker
answers under the command's nonce. What happens in between may happen twice, and costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from workhorse.codec import Codec
from workhorse.effects import Batch, Call, Flow, Listen, Word, command
from workhorse.exceptions import (
    CommandNotAcknowledged,
    CommandRefused,
    InvalidJobOperation,
    NoSuchJobError,
    NoSuchWorkerError,
    ServerError,
)
from workhorse.keys import Keys
from workhorse.ops import results
from workhorse.ops.inbox import STOP_JOB, Address, Answer, Command, answer_of, milliseconds, sealed
from workhorse.scripts import load
from workhorse.states import JobStatus

WITHIN: Final = 10.0
"""How long to wait for an answer unless something says otherwise, seconds."""
_INSTEAD: Mapping[str, str] = MappingProxyType(
    {
        "finish": "it finished before that",
        "fail": "it failed before that",
        "retry": "it failed before that and is to be retried: cancel it",
        "repeat": "it finished before that and is to be repeated: cancel it",
        "release": "it went back to its queue before that: cancel it",
    }
)
_WAITING: Final = frozenset({"queued", "scheduled", "deferred", "rate_limited"})


def tell(  # noqa: PLR0913 - the words of one command
    keys: Keys, codec: Codec, worker: str, what: Command, nonce: str, timeout: float = WITHIN
) -> Flow[Answer]:
    """Have a live worker carry out a command, and wait until it says so.

    Args:
        keys: The namespace's.
        codec: Signs it, with JSON.
        worker: Its name.
        what: The command.
        nonce: 32 hexadecimal digits, by chance: names this command.
        timeout: How long to wait, seconds; the command lapses then.

    Raises:
        NoSuchWorkerError: There is no such worker alive.
        CommandRefused: It did not do it, and says why.
        CommandNotAcknowledged: It has not answered.
        InvalidJobOperation: The job does not run any more.
    """
    answer = yield from _answered(keys, codec, worker, what, nonce, timeout)
    if answer.done:
        return answer
    if what.job_id not in answer.jobs:
        raise CommandRefused(worker, answer.said)
    end = answer.jobs[what.job_id]
    why = _INSTEAD.get(end, "its worker does not have it any more")
    if end not in _INSTEAD:
        found = yield from results.find_status(keys, what.job_id)
        if found is JobStatus.STOPPED:
            return answer  # somebody else was quicker
        if found not in {None, JobStatus.STARTED}:
            advice = ": cancel it" if found in _WAITING else ""
            why = f"it is {found} by now{advice}"
    raise InvalidJobOperation(f"job {what.job_id!r} was not stopped: {why}")


def stop(  # noqa: PLR0913 - the words of one command
    keys: Keys,
    codec: Codec,
    job_id: str,
    nonce: str,
    *,
    by: str,
    timeout: float = WITHIN,
    attempt: int | None = None,
) -> Flow[Answer]:
    """Stop a job that runs, and wait until it has been stopped.

    Args:
        keys: The namespace's.
        codec: Signs it, with JSON.
        job_id: The job.
        nonce: Names this command, as in `tell`.
        by: Who wants it, for people.
        timeout: How long to wait, seconds.
        attempt: The number of the execution to stop; None: whichever runs.

    Raises:
        NoSuchJobError: There is no such job.
        InvalidJobOperation: It does not run, or ended by itself before it could be stopped.
        NoSuchWorkerError: Its worker is not alive.
        CommandRefused: The worker does not obey, and says why.
        CommandNotAcknowledged: The worker has not answered.
    """
    found = yield command("HMGET", keys.job(job_id), "status", "token", "attempt")
    status, token, run = (
        None if word is None else word.decode("utf-8", "replace") for word in found
    )
    if status is None:
        raise NoSuchJobError(job_id)
    if status != JobStatus.STARTED or token is None:
        raise _not_running(job_id, status)
    if attempt is not None and run != str(attempt):
        raise InvalidJobOperation(f"job {job_id!r} is at execution {run} by now, not at {attempt}")
    # A `+` at the end of a token is a mark for scripts.
    execution = token.removesuffix("+")
    worker = execution.rpartition(":")[0]
    what = Command(STOP_JOB, job_id, execution, by)
    try:
        return (yield from tell(keys, codec, worker, what, nonce, timeout))
    except NoSuchWorkerError:
        raise NoSuchWorkerError(worker, _gone(worker)) from None


def _answered(  # noqa: PLR0913 - as `tell`
    keys: Keys, codec: Codec, worker: str, what: Command, nonce: str, timeout: float
) -> Flow[Answer]:
    named = command("HGET", keys.worker(worker), "identity")
    process, clock = yield Batch([named, command("TIME")])
    if process is None:
        raise NoSuchWorkerError(worker)
    to = Address(keys.namespace, worker, process.decode("utf-8", "replace"))
    until = milliseconds(clock) + round(timeout * 1000)
    message = sealed(codec, to, what, nonce, until)
    words: list[Word] = [keys.agenda, "", worker, to.process, nonce, message, until]
    words += (what.job_id, what.token)
    taken = False

    def probe() -> Flow[Answer | None]:
        nonlocal taken
        reply = yield Call(load("command"), words)
        taken = reply == 0
        return None if isinstance(reply, int) else answer_of(reply)

    try:
        answer: Answer | None = yield Listen(keys.answer(nonce), probe, timeout, answer_of)
    except ServerError as error:
        raise _explained(error, worker, what.job_id) from None
    if answer is None:
        raise CommandNotAcknowledged(worker, timeout, taken)
    return answer


def _not_running(job_id: str, status: str) -> InvalidJobOperation:
    advice = ": cancel it instead" if status in _WAITING else ""
    return InvalidJobOperation(
        f"job {job_id!r} is {status}; only a job that runs can be stopped{advice}"
    )


def _explained(error: ServerError, worker: str, job_id: str) -> Exception:
    match error.code:
        case "GONE":
            return NoSuchWorkerError(worker, "it has vanished")
        case "NOJOB":
            return NoSuchJobError(job_id)
        case "STATUS":
            return _not_running(job_id, str(error).split(" ", 1)[1])
        case "LEASE":
            return InvalidJobOperation(f"job {job_id!r} has begun anew; stop it again")
        case "FULL":
            return CommandRefused(worker, "a thousand commands wait for it; is it frozen?")
    return error


def _gone(worker: str) -> str:
    if worker.startswith("here."):
        return "the job runs in the process that enqueued it, which takes no commands"
    return "it vanished with the job, which will soon be back in its queue: cancel it then"
