"""Jobs that belong together: how far they are, and what follows when all have ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workhorse.effects import Batch, Call, Flow, Listen, Word, command
from workhorse.exceptions import DuplicateGroupError, NoSuchGroupError, ServerError
from workhorse.keys import Keys
from workhorse.ops.hooks import pack
from workhorse.records import CallSpec
from workhorse.scripts import load

HOLD = 3_600_000
"""How long whoever adds to a group may take before he counts as gone, ms."""


@dataclass(frozen=True, slots=True)
class GroupProgress:
    """How far a group is.

    Attributes:
        total: How many jobs it has had.
        finished: How many have finished.
        failed: How many failed for good.
        stopped: How many were stopped.
        canceled: How many were canceled.
        deleted: How many were deleted, or expired before they ran.
        is_complete: Whether all have ended, and nobody is adding to it.
    """

    total: int = 0
    finished: int = 0
    failed: int = 0
    stopped: int = 0
    canceled: int = 0
    deleted: int = 0
    is_complete: bool = False

    @property
    def ended(self) -> int:
        """How many have ended, in one way or another."""
        return self.finished + self.failed + self.stopped + self.canceled + self.deleted

    @property
    def open(self) -> int:
        """How many have not."""
        return self.total - self.ended


def open_group(  # noqa: PLR0913 - the words of one group
    keys: Keys, name: str, nonce: str, ttl: int, call: CallSpec | None, queue: str
) -> Flow[None]:
    """Make a group; *call* is put into *queue* when it is complete.

    Raises:
        DuplicateGroupError: There is one of that name.
    """
    packed = b"" if call is None else pack([call.id, queue, *call.fields])
    words: list[Word] = [keys.agenda, "", name, nonce, ttl, packed]
    try:
        yield Call(load("group_open"), words)
    except ServerError as error:
        if error.code == "DUPLICATE":
            raise DuplicateGroupError(name) from None
        raise


def hold(keys: Keys, name: str, holder: str, duration: int = HOLD) -> Flow[None]:
    """Keep a group from being complete while its jobs are added; 0 ms: they have been.

    Raises:
        NoSuchGroupError: There is none.
    """
    try:
        yield Call(load("group_hold"), [keys.agenda, "", name, holder, duration])
    except ServerError as error:
        if error.code == "NOGROUP":
            raise NoSuchGroupError(name) from None
        raise


def progress(keys: Keys, name: str) -> Flow[GroupProgress]:
    """How far a group is, in one round trip of two short reads.

    Raises:
        NoSuchGroupError: There is none.
    """
    fields = ("open", "finished", "failed", "stopped", "canceled", "deleted", "ended_at")
    there, found, held = yield Batch(
        [
            command("EXISTS", keys.group(name)),
            command("HMGET", keys.group(name), *fields),
            command("ZCARD", keys.holds(name)),
        ]
    )
    if not there:
        raise NoSuchGroupError(name)
    count: list[int] = [max(0, int(value or 0)) for value in found[:-1]]
    _, finished, failed, stopped, canceled, deleted = count
    is_complete = found[-1] is not None and not held
    return GroupProgress(sum(count), finished, failed, stopped, canceled, deleted, is_complete)


def overview(keys: Keys, start: int, most: int) -> Flow[tuple[int, dict[str, GroupProgress]]]:
    """How many groups are known, and how far those of a page are, the newest first.

    One that has expired may be counted still, but is not among them. Nothing is changed.
    """
    total, *rows = yield Call(load("groups"), [keys.agenda, "", start, most])
    return total, {name.decode("utf-8", "replace"): _as_told(*counts) for name, *counts in rows}


def _as_told(still_open: int, *ends_and_whole: int) -> GroupProgress:
    *ends, whole = ends_and_whole
    finished, failed, stopped, canceled, deleted = ends
    total = still_open + sum(ends)
    return GroupProgress(
        *(total, finished, failed, stopped, canceled, deleted), is_complete=whole == 1
    )


def wait(keys: Keys, name: str, timeout: float | None) -> Flow[GroupProgress | None]:
    """How far a group is once it is complete; None when the time (seconds) is up before.

    Raises:
        NoSuchGroupError: There is none.
    """

    def probe() -> Flow[GroupProgress | None]:
        found = yield from progress(keys, name)
        return found if found.is_complete else None

    done: GroupProgress | None = yield Listen(keys.group_done(name), probe, timeout)
    return done


def member_ids(keys: Keys, name: str) -> Flow[list[str]]:
    """The ids of a group's jobs, sorted: generated ones in the order in which they were made."""
    found = yield command("SMEMBERS", keys.members(name))
    return sorted(job_id.decode("utf-8", "replace") for job_id in found)


def names(keys: Keys) -> Flow[list[str]]:
    """The names of all groups that are there, the oldest first."""
    known: Sequence[bytes] = yield command("ZRANGE", keys.groups, 0, -1)
    found = [name.decode("utf-8", "replace") for name in known]
    if not found:
        return []
    there = yield Batch([command("EXISTS", keys.group(name)) for name in found])
    return [name for name, is_there in zip(found, there, strict=True) if is_there]


def delete(keys: Keys, name: str) -> Flow[bool]:
    """Forget a group, but not its jobs; whether there was one."""
    there = yield Call(load("group_delete"), [keys.agenda, name])
    return bool(there)
