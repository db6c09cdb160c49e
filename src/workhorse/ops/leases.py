"""The right to run a job, as a value that is passed on."""

from __future__ import annotations

from workhorse.defaults import CALLBACK_TIMEOUT, DEFAULT_TIMEOUT
from workhorse.effects import Flow, command
from workhorse.keys import Keys

LARGEST = 10**12
"""A larger number of seconds or runs is garbage: who writes to the keys may write anything."""


def whole(value: bytes | None) -> int | None:
    """A field as an integer, or None if it is absent or garbage."""
    if value is None:
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return int(number) if abs(number) <= LARGEST else None


class Lease:
    """The right to run one job until a time, and the job as it was when it was claimed.

    Attributes:
        id: The job.
        queue: Where it came from.
        token: Names this execution; every later write presents it.
        attempt: The number of the execution, from 1.
        fields: The job's hash, not decoded: the supervisor does not need to.
        function: The dotted name of the function.
        after: What is known of the death of the horse that ran it, if that is to be told to a
            handler; then the job itself is not to run. None: it is.
    """

    __slots__ = ("after", "attempt", "fields", "function", "id", "queue", "token")

    def __init__(
        self, job_id: str, queue: str, token: str, attempt: int, fields: dict[bytes, bytes]
    ) -> None:
        self.after: tuple[object, ...] | None = None
        self.id = job_id
        self.queue = queue
        self.token = token
        self.attempt = attempt
        self.fields = fields
        self.function = fields.get(b"func", b"?").decode("utf-8", "replace")

    @property
    def timeout(self) -> float:
        """Seconds the job may run; negative for no limit."""
        if self.after is not None:
            return CALLBACK_TIMEOUT
        text = self.fields.get(b"timeout")
        try:
            return DEFAULT_TIMEOUT if text is None else float(text)
        except ValueError:
            return DEFAULT_TIMEOUT  # the horse will fail it

    def whole(self, name: bytes) -> int | None:
        """A field as an integer, or None if it is absent or garbage."""
        return whole(self.fields.get(name))

    def text(self, name: bytes) -> str:
        """A field as text, or '' if it is absent."""
        return self.fields.get(name, b"").decode("utf-8", "replace")


def is_held(keys: Keys, lease: Lease) -> Flow[bool]:
    """Whether the job is still started under this lease: after a lost reply nobody knows."""
    status, token = yield command("HMGET", keys.job(lease.id), "status", "token")
    ours = lease.token.encode()
    return bool(status == b"started" and token in {ours, ours + b"+"})
