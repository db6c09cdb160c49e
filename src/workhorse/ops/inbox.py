"""What lies in a worker's inbox, and what it answers: both sides must write and read it alike.

A message is a nonce and a sealed command. The seal binds all that the command says, how long it is
of use, and for which process of which worker it is; with a secret it is a signature, so that nobody
can forge a command, send it elsewhere, or keep it for later.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from workhorse.codec import Codec
from workhorse.effects import Call, Flow, command
from workhorse.exceptions import DeserializationError
from workhorse.keys import Keys
from workhorse.scripts import load

SHUTDOWN: Final = "shutdown"
KILL_HORSE: Final = "kill-horse"
STOP_JOB: Final = "stop-job"
KEPT: Final = 60_000
"""How long an answer is kept, ms: longer than a client is out of touch."""
LARGEST: Final = 4096
"""A larger message is none of ours, bytes."""
_NONCE: Final = 32


class Command(NamedTuple):
    """What a worker is told.

    Attributes:
        what: `shutdown`, `kill-horse` or `stop-job`.
        job_id: The job to stop, or ''.
        token: Its execution.
        by: Who says so, for people.
    """

    what: str
    job_id: str = ""
    token: str = ""
    by: str = ""


class Answer(NamedTuple):
    """What a worker says of a command.

    Attributes:
        done: Whether it did it.
        said: Why it did not, or ''.
        jobs: The jobs that were concerned, and how each ended: `stop`, `finish`, `fail`, ...;
            `lost` if it was not the worker's any more.
    """

    done: bool
    said: str = ""
    jobs: Mapping[str, str] = MappingProxyType({})


class Unfit(Exception):  # noqa: N818 - reads as a sentence
    """What lay in the inbox is no command that this worker obeys.

    Attributes:
        nonce: Who is to be answered; '' if that cannot be told.
        why: What is wrong with it.
    """

    def __init__(self, nonce: str, why: str) -> None:
        super().__init__(nonce, why)
        self.nonce = nonce
        self.why = why


class Address(NamedTuple):
    """Whom a command is for.

    Attributes:
        namespace: Where it works.
        worker: Its name.
        process: Names the process that bears the name.
    """

    namespace: str
    worker: str
    process: str


def sealed(codec: Codec, to: Address, what: Command, nonce: str, until: int) -> bytes:
    """A command as it lies in the inbox.

    Args:
        codec: Signs it, with JSON.
        to: Whom it is for.
        what: The command.
        nonce: 32 hexadecimal digits, by chance: names this command.
        until: When it lapses, ms since 1970 by the server's clock.
    """
    # Without a secret nothing vouches for the context, so the process stands in the command, too.
    words = [*what, to.process, until]
    return nonce.encode() + codec.seal(words, _context(to, nonce), path="command")


def opened(codec: Codec, to: Address, raw: bytes, now: int) -> Command:
    """What lay in the inbox, checked; `nonce_of` says its nonce.

    Args:
        codec: Checks the signature.
        to: Who looks into its inbox.
        raw: What lay there.
        now: The server's time, ms since 1970.

    Raises:
        Unfit: It is none, or not meant for this process, or not signed as it must be, or late.
    """
    nonce = nonce_of(raw)
    if not nonce or len(raw) > LARGEST:
        raise Unfit("", "it is no command of a Workhorse")
    try:
        words = codec.open(raw[_NONCE:], _context(to, nonce))
    except DeserializationError:
        signed = "signed as WORKHORSE_SECRET wants it" if codec.signs else "without a signature"
        raise Unfit(nonce, f"the command is not {signed}, or was changed") from None
    try:
        what, job_id, token, by, process, until = words
        late = now > until
        found = Command(*(_word(text) for text in (what, job_id, token, by)))
    except (TypeError, ValueError):
        raise Unfit(nonce, "the command cannot be read: is its sender a newer one?") from None
    if process != to.process:
        raise Unfit(nonce, "the command is for another process of this name")
    if late:
        raise Unfit(nonce, "the command came too late")
    return found


def nonce_of(raw: bytes) -> str:
    """The nonce of what lay in an inbox, or ''."""
    head = raw[:_NONCE]
    fits = len(head) == _NONCE and all(digit in b"0123456789abcdef" for digit in head)
    return head.decode() if fits else ""


def answer(keys: Keys, nonce: str, said: Answer) -> Flow[None]:
    """Say what became of a command."""
    text = json.dumps([said.done, said.said, dict(said.jobs)], separators=(",", ":"))
    yield Call(load("answer"), [keys.agenda, nonce, text, KEPT])


def answer_of(raw: bytes) -> Answer | None:
    """What a worker wrote; None if that is no answer."""
    try:
        done, said, jobs = json.loads(raw)
        return Answer(bool(done), str(said), {str(one): str(jobs[one]) for one in jobs})
    except (ValueError, TypeError, KeyError):
        return None


def server_time() -> Flow[int]:
    """The server's time, ms since 1970."""
    clock = yield command("TIME")
    return milliseconds(clock)


def milliseconds(clock: list[bytes]) -> int:
    """What TIME answers as ms since 1970."""
    seconds, micros = clock
    return int(seconds) * 1000 + int(micros) // 1000


def _context(to: Address, nonce: str) -> list[str]:
    return ["command", *to, nonce]


def _word(text: object) -> str:
    if not isinstance(text, str):
        raise TypeError(text)
    return text
