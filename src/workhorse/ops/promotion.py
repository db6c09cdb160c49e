"""Let a job run before its time, or without the jobs that it waits for."""

from __future__ import annotations

from workhorse.effects import Call, Flow
from workhorse.exceptions import InvalidJobOperation, NoSuchJobError, ServerError
from workhorse.keys import Keys
from workhorse.scripts import load


def promote(keys: Keys, job_id: str, nonce: str, *, at_front: bool = False) -> Flow[None]:
    """Put a job that is scheduled or deferred into its queue now.

    Args:
        keys: The namespace's keys.
        job_id: The job.
        nonce: Names this call, so that a repeat of it is known.
        at_front: Whether it goes to the head of the queue.

    Raises:
        NoSuchJobError: There is no such job.
        InvalidJobOperation: It is neither scheduled nor deferred.
    """
    try:
        yield Call(load("promote"), [keys.agenda, "", job_id, int(at_front), nonce])
    except ServerError as error:
        if error.code == "NOJOB":
            raise NoSuchJobError(job_id) from None
        if error.code != "STATUS":
            raise
        status = error.text.split(" ", 1)[1]
        raise InvalidJobOperation(
            f"job {job_id!r} is {status}; only a job that is scheduled or deferred can be promoted"
        ) from None
