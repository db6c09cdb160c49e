"""What a worker is told while it works: each command is checked, carried out once, and answered.

A command that ends jobs is answered when the server knows how they ended, not before. From the
moment at which a worker is told to stop a job, the job is stopped or it finishes: it does not fail
any more, is not retried, and does not go back to its queue.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final, NamedTuple

from workhorse.codec import Codec
from workhorse.envelopes import codec_for
from workhorse.ops.inbox import (
    KILL_HORSE,
    SHUTDOWN,
    STOP_JOB,
    Address,
    Answer,
    Command,
    Unfit,
    nonce_of,
    opened,
)
from workhorse.ops.leases import Lease
from workhorse.ops.reports import MAX_TRACEBACK, Report
from workhorse.ops.settle import Outcome, stopped
from workhorse.worker import obituary
from workhorse.worker.tally import one_line

log = logging.getLogger("workhorse.worker")

REMEMBERED: Final = 1000
"""How many commands a worker knows again."""

Execution = tuple[str, str]
"""A job's id and the token that it runs under."""


class Hands(NamedTuple):
    """What a worker can do about a command.

    Attributes:
        shut_down: Finish what runs, then end.
        kill: For a reason, kill whatever runs jobs; says which jobs end with it.
        stop: End a job (id, token) that is here for a reason; it is among the `stops` already.
        unsettled: What the server has not been told the end of; None: an exchange may bring more.
    """

    shut_down: Callable[[], None]
    kill: Callable[[str], list[Lease]]
    stop: Callable[[str, str, str], None]
    unsettled: Callable[[], Collection[Execution] | None]


class Desk:
    """Where a worker's commands are dealt with. It does no I/O.

    Args:
        to: This worker.
        stops: The executions that are to end, and who wants that; kept here, read elsewhere.
        hands: Do the work.
        reply: Called with a nonce and what to answer.
    """

    def __init__(
        self,
        to: Address,
        stops: dict[Execution, str],
        hands: Hands,
        reply: Callable[[str, Answer], None],
    ) -> None:
        self._to = to
        self._stops = stops
        self._hands = hands
        self._reply = reply
        self._codec: Codec | None = None
        self._known: dict[str, Answer | None] = {}
        # In a worker without horses, one thread takes commands and another settles.
        self._lock = threading.RLock()
        self._open: dict[str, _Open] = {}

    @property
    def waits(self) -> bool:
        """Whether somebody waits to hear how a job ended."""
        return bool(self._open)

    def take(self, raw: bytes, now: int) -> None:
        """Carry out what lay in the inbox; never raises.

        Args:
            raw: What it was.
            now: The server's time, ms since 1970.
        """
        try:
            self._take(raw, now)
        except Exception:
            log.exception("a command could not be carried out")

    def _take(self, raw: bytes, now: int) -> None:
        self._codec = self._codec or codec_for("json")
        try:
            command = opened(self._codec, self._to, raw, now)
        except Unfit as unfit:
            log.warning("a command was refused: %s", unfit.why)
            if unfit.nonce and unfit.nonce not in self._known:
                self._reply(unfit.nonce, Answer(done=False, said=unfit.why))
            return
        nonce = nonce_of(raw)
        if nonce not in self._known:
            self._remember(nonce)
            log.info("told by %s: %s %s", one_line(command.by), command.what, command.job_id)
            self._obey(nonce, command)
        elif (answer := self._known[nonce]) is not None:
            self._reply(nonce, answer)

    def stopped(self, lease: Lease, report: Report | None = None) -> Outcome | None:
        """The outcome of a job that was to end; None if it was not, or if it has finished.

        Args:
            lease: The job.
            report: How it ended; None: it did not begin, or is not to.
        """
        if not self._stops:
            return None
        why = self._stops.get((lease.id, lease.token))
        if why is None or (report is not None and report.kind == "finished"):
            return None
        text = obituary.stopped(why)
        if report is None:
            return stopped(lease, text)
        said = report.what.decode("utf-8", "replace")
        if said.startswith(text):
            text = said
        elif said:
            text = f"{text}\n\n{said[-MAX_TRACEBACK // 2 :]}"
        return stopped(lease, text, report.ran)

    def settled(self, outcomes: Iterable[Outcome], refused: Collection[str]) -> None:
        """The server has been told how some jobs ended, and did not take the ends of others."""
        with self._lock:
            if not self._open:
                return
            over = self._over(outcomes, refused)
        for nonce, task in over.items():
            self._answer(nonce, task.answer())

    def _over(self, outcomes: Iterable[Outcome], refused: Collection[str]) -> dict[str, _Open]:
        """The commands that can be answered now; their jobs are not to end any more."""
        ends = {
            (one.job_id, one.token): "lost" if one.job_id in refused else one.kind
            for one in outcomes
        }
        unsettled = self._hands.unsettled()
        for task in self._open.values():
            task.learn(ends, unsettled)
        over = {nonce: task for nonce, task in self._open.items() if task.is_over()}
        for nonce in over:
            del self._open[nonce]
        awaited = {one for task in self._open.values() for one in task.ends}
        for one in [one for one in self._stops if one not in awaited]:
            del self._stops[one]
        return over

    def _obey(self, nonce: str, command: Command) -> None:
        by = one_line(command.by, 200) or "somebody"
        if command.what == SHUTDOWN:
            self._answer(nonce, Answer(done=True))
            self._hands.shut_down()
        elif command.what == STOP_JOB:
            execution, why = (command.job_id, command.token), f"stopped by {by}"
            self._await(nonce, [execution], wanted="stop")
            self._stops[execution] = why
            self._hands.stop(*execution, why)
        elif command.what != KILL_HORSE:
            said = f"it knows no command {one_line(command.what, 50)!r}"
            self._answer(nonce, Answer(done=False, said=said))
        elif not self._kill(nonce, obituary.killed(by)):
            self._answer(nonce, Answer(done=False, said="no job runs in it now"))
        self.settled((), ())

    def _kill(self, nonce: str, why: str) -> bool:
        with self._lock:  # none of them is settled before it is awaited
            leases = self._hands.kill(why)
            if leases:
                self._await(nonce, [(one.id, one.token) for one in leases])
        return bool(leases)

    def _await(self, nonce: str, jobs: Sequence[Execution], wanted: str = "") -> None:
        with self._lock:
            self._open[nonce] = _Open(jobs, wanted)

    def _answer(self, nonce: str, answer: Answer) -> None:
        self._known[nonce] = answer
        self._reply(nonce, answer)

    def _remember(self, nonce: str) -> None:
        self._known[nonce] = None
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]


class _Open:
    """A command that is answered when some jobs have ended.

    Attributes:
        ends: How each has ended; '' until that is known.
    """

    def __init__(self, jobs: Sequence[Execution], wanted: str) -> None:
        self.ends: dict[Execution, str] = dict.fromkeys(jobs, "")
        self._wanted = wanted

    def learn(self, ends: dict[Execution, str], unsettled: Collection[Execution] | None) -> None:
        """Take note of how jobs ended; one that is nowhere any more is lost."""
        for one, end in self.ends.items():
            if end:
                continue
            if one in ends:
                self.ends[one] = ends[one]
            elif unsettled is not None and one not in unsettled:
                self.ends[one] = "lost"

    def is_over(self) -> bool:
        """Whether all have ended."""
        return "" not in self.ends.values()

    def answer(self) -> Answer:
        """What to say."""
        ends = {job_id: end for (job_id, _), end in self.ends.items()}
        done = not self._wanted or set(ends.values()) == {self._wanted}
        return Answer(done, "" if done else "it was too late", ends)
