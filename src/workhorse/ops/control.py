"""What a client may do to a job that exists."""

from __future__ import annotations

from collections.abc import Sequence

from workhorse.defaults import DEFAULT_FAILURE_TTL
from workhorse.effects import Call, Flow, Word
from workhorse.exceptions import InvalidJobOperation, NoSuchJobError, ServerError
from workhorse.keys import Keys
from workhorse.scripts import load


def cancel(keys: Keys, job_id: str, nonce: str, *, release: bool = False) -> Flow[None]:
    """Take a job that has not begun out of its queue; it is kept for a year as canceled.

    Args:
        keys: The namespace's keys.
        job_id: The job.
        nonce: Names this call, so that a repeat of it is known.
        release: Whether the jobs that wait for it may run.

    Raises:
        NoSuchJobError: There is no such job.
        InvalidJobOperation: It runs, has ended, or is canceled already.
    """
    words: list[Word] = [
        keys.agenda,
        "",
        job_id,
        DEFAULT_FAILURE_TTL * 1000,
        nonce,
        "1" if release else "",
    ]
    try:
        yield Call(load("cancel"), words)
    except ServerError as error:
        advice = "only a job that waits can be canceled"
        raise _explained(error, job_id, advice) from None


def delete(keys: Keys, job_id: str) -> Flow[bool]:
    """Forget a job, whatever its status; whether there was one."""
    there = yield Call(load("delete"), [keys.agenda, "", job_id])
    return bool(there)


def requeue(
    keys: Keys, job_ids: Sequence[str], nonce: str, *, at_front: bool = False
) -> Flow[list[str]]:
    """Run ended jobs once more.

    Returns:
        Per job `queued` if it was requeued, `none` if it does not exist, else `not <status>`.
    """
    answers: list[str] = []
    for start in range(0, len(job_ids), 500):
        some = job_ids[start : start + 500]
        words: list[Word] = [keys.agenda, "", int(at_front), nonce, *some]
        replies = yield Call(load("requeue"), words)
        answers += [_requeued(reply) for reply in replies]
    return answers


def requeue_one(keys: Keys, job_id: str, nonce: str, *, at_front: bool = False) -> Flow[None]:
    """Run one ended job once more.

    Raises:
        NoSuchJobError: There is no such job.
        InvalidJobOperation: It has not ended.
    """
    (answer,) = yield from requeue(keys, [job_id], nonce, at_front=at_front)
    if answer == "none":
        raise NoSuchJobError(job_id)
    if answer != "queued":
        status = answer.removeprefix("not ")
        message = f"job {job_id!r} is {status}; only a job that has ended can be requeued"
        raise InvalidJobOperation(message)


def amend(keys: Keys, job_id: str, field: str, value: bytes | str) -> Flow[None]:
    """Replace the job's `meta` (sealed) or `description`.

    Raises:
        NoSuchJobError: There is no such job; it is not brought back as a stump.
    """
    try:
        yield Call(load("amend"), [keys.agenda, job_id, field, value])
    except ServerError as error:
        raise _explained(error, job_id, "") from None


def forget(keys: Keys, job_id: str) -> Flow[None]:
    """Take an ended job out of its registry; it still expires when it would have.

    Raises:
        NoSuchJobError: There is no such job.
        InvalidJobOperation: It has not ended: cancel or delete it instead.
    """
    try:
        yield Call(load("forget"), [keys.agenda, job_id])
    except ServerError as error:
        advice = "cancel it, or remove it with delete_job=True"
        raise _explained(error, job_id, advice) from None


def _requeued(reply: int | bytes) -> str:
    if isinstance(reply, int):
        return "queued"
    word = reply.decode()
    return word if word == "none" else f"not {word}"


def _explained(error: ServerError, job_id: str, advice: str) -> Exception:
    if error.code == "NOJOB":
        return NoSuchJobError(job_id)
    if error.code == "STATUS":
        status = str(error).split(" ", 1)[1]
        return InvalidJobOperation(f"job {job_id!r} is {status}; {advice}")
    return error
