"""`Adopter`: moves RQ's jobs, one after the other, each in one step of the server.

It remembers nothing that matters: where a job is, the server knows. So it may be killed at any
moment and started again, and several may be at work at once, beside workers of RQ that go on.
A pass looks at all places, parents before those that wait for them; what a pass has moved may let
others go, so there is another one, until a pass changes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from workhorse.adopt import places
from workhorse.adopt.keys import RqKeys
from workhorse.adopt.places import Entry, Place
from workhorse.adopt.report import Left, Report
from workhorse.adopt.rqjob import RqJob, Unreadable, fingerprint, rq_job
from workhorse.adopt.shape import Shaped, Shaper
from workhorse.effects import Batch, Call, Flow, Word
from workhorse.exceptions import ConnectionLost, ServerError, WorkhorseError
from workhorse.keys import Keys
from workhorse.scripts import load

AT_ONCE = 100
"""How many jobs are read, and then moved, per round trip."""
PASSES = 20
"""So often all is looked at, at most: producers that go on could keep us busy for ever."""

_LEFT = {
    "busy": "a worker of RQ has it",
    "waits": "it waits for job {0!r}, which is still at RQ",
    "here": "there is a job of that id here already, and it is {0}",
}
_GONE = frozenset(("moved", "stale", "gone"))
Progress = Callable[[int, int], object]
"""Told how many jobs have been looked at, and how many there are."""


@dataclass(frozen=True, slots=True)
class Found:
    """A job that is about to be moved, or an entry that has none.

    Attributes:
        entry: Where it is.
        queue: Its queue.
        words: What `adopt.lua` is told of it.
        job: The job; None if there is none any more.
    """

    entry: Entry
    queue: str
    words: list[Word]
    job: RqJob | None


class Wanted(NamedTuple):
    """What is to be moved.

    Attributes:
        queues: The jobs of these queues; none for all.
        dry_run: Change nothing, and report what would be done.
    """

    queues: tuple[str, ...] = ()
    dry_run: bool = False


class Adopter:
    """Moves what RQ has into a namespace of ours.

    Attributes:
        report: What has come of it so far.

    Args:
        keys: Of our namespace.
        rq: Of RQ.
        shaper: Makes ours of RQ's jobs.
        wanted: What is to be moved; default: all.
        progress: See `Progress`.

    Raises:
        WorkhorseError: RQ's keys cannot be told from ours.
    """

    def __init__(
        self,
        keys: Keys,
        rq: RqKeys,
        shaper: Shaper,
        wanted: Wanted | None = None,
        progress: Progress = lambda _done, _total: None,
    ) -> None:
        check_prefix(rq, keys.namespace, on_cluster=False)
        wanted = wanted or Wanted()
        self.report = Report(wanted.dry_run)
        self.rq = rq
        self._keys = keys
        self._shaper = shaper
        self._only = wanted.queues
        self._dry = "1" if wanted.dry_run else ""
        self._nonce = os.urandom(6).hex()
        self._progress = progress
        self._seen = self._total = 0
        self._dependents: dict[str, tuple[str, RqJob]] = {}

    def adopt(self) -> Flow[Report]:
        """Move all that can be moved, and what RQ has lost."""
        yield from self.look()
        yield from self._find_lost()
        if self._dry:
            self._let_wait()
        return self.report

    def look(self) -> Flow[int]:
        """Move all that lies in queues and registries; returns how many jobs were moved."""
        before = self.report.total
        self.report.left.clear()  # RQ may be done with some of them
        for number in range(PASSES):
            start = self.report.total
            there = yield from places.places(self.rq, (yield from self.queue_names()))
            if not number:
                self._total += sum((yield from places.lengths(there)))
            for place in there:
                yield from self.move_all(place)
            if self._dry or self.report.total == start or not self.report.left:
                break
        return self.report.total - before

    def queue_names(self) -> Flow[list[str]]:
        """The queues that are looked at."""
        names = yield from places.queue_names(self.rq)
        return [name for name in names if not self._only or name in self._only]

    def move_all(self, place: Place) -> Flow[int]:
        """Move the jobs of one place; returns how many entries stay there."""
        stay = 0
        while True:
            some = yield from places.entries(place, stay, AT_ONCE)
            if not some:
                return stay
            stay += yield from self._move(place, some)
            self._seen += len(some)
            self._progress(min(self._seen, self._total), self._total)

    def _find_lost(self) -> Flow[None]:
        """Move what is in no queue and no registry: RQ does not know of it any more."""
        cursor, nowhere = None, Place("lost", "", "")
        while cursor != 0:
            cursor, some = yield from places.scan(self.rq, cursor or 0)
            fresh = [entry for entry in some if entry.job_id not in self.report.left]
            for at in range(0, len(fresh), AT_ONCE):
                yield from self._move(nowhere, fresh[at : at + AT_ONCE])

    def _move(self, place: Place, some: Sequence[Entry]) -> Flow[int]:
        """Move some jobs; returns how many of them stay in their place."""
        read = yield from places.contents(self.rq, [entry.job_id for entry in some])
        found = []
        for entry, (flat, results) in zip(some, read, strict=True):
            one = self._prepared(place, entry, flat, results)
            if one is not None and (yield from self._may_leave(one)):
                found.append(one)
        answers = yield from self._answers([self._call(one) for one in found])
        for one, answer in zip(found, answers, strict=True):
            while answer == "again":
                (answer,) = yield from self._answers([self._call(one)])  # noqa: PLW2901 - it was no answer
            self._note(place, one, answer)
        gone = sum(answer in _GONE for answer in answers)
        return len(some) - (0 if self._dry else gone)

    def _prepared(
        self, place: Place, entry: Entry, flat: Sequence[bytes], results: Sequence[object]
    ) -> Found | None:
        """What to tell the script of a job; None if it is not moved."""
        queue, job = place.queue, None
        names, digest, shaped = b"", "", Shaped("", (), ())
        if flat:
            try:
                job = rq_job(entry.job_id, flat, results)
                assert job is not None  # noqa: S101 - for mypy: there is something in it
                queue = queue or job.text("origin")
                if self._only and queue not in self._only:
                    return None
                made = self._shaper.shape(job, queue, place.kind)
            except Unreadable as error:
                self._leave(entry.job_id, queue, job, str(error))
                return None
            if made is None:
                return None
            shaped, (names, digest) = made, fingerprint(flat)
        if not flat and place.kind == "lost":
            return None
        due = round(entry.score * 1000) if shaped.status == "scheduled" else ""
        words: list[Word] = [self._keys.agenda, "", self.rq.prefix, entry.job_id, self._nonce]
        words += (self._dry, place.kind, queue, entry.member, names, digest, shaped.status, due)
        words += (len(shaped.runs), *shaped.runs, *shaped.words)
        return Found(entry, queue, words, job)

    def _may_leave(self, one: Found) -> Flow[bool]:
        """Whether nobody in another queue waits for it, that is to stay."""
        if not self._only:
            return True
        other = yield from places.waiting_elsewhere(self.rq, one.entry.job_id, self._only)
        if other is None:
            return True
        why = f"a job of queue {other!r} waits for it: name that queue as well"
        self._leave(one.entry.job_id, one.queue, one.job, why)
        return False

    def _call(self, one: Found) -> Call:
        return Call(load("adopt"), one.words)

    def _answers(self, calls: Sequence[Call]) -> Flow[list[str]]:
        """What the script said of each job; together, or one by one if one of them fails."""
        try:
            replies = yield Batch(calls)
        except ConnectionLost:
            raise
        except ServerError as error:
            if "cluster" in str(error).lower():
                raise WorkhorseError(ON_CLUSTER) from error
            if len(calls) == 1:
                return [f"refused {error!s:.300}"]
            replies = []
            for call in calls:
                replies += (answer.encode() for answer in (yield from self._answers([call])))
        return [reply.decode("utf-8", "replace") for reply in replies]

    def _note(self, place: Place, one: Found, answer: str) -> None:
        word, _, rest = answer.partition(" ")
        job_id = one.entry.job_id
        if word == "moved":
            status = one.job.status if one.job else "queued"
            self.report.left.pop(job_id, None)
            self.report.moved[status] += 1
            self.report.queues[one.queue] += 1
        elif word == "gone":
            self.report.left.pop(job_id, None)
            self.report.expired += 1
        elif word in _LEFT:
            self._leave(job_id, one.queue, one.job, _LEFT[word].format(rest))
        elif word == "refused":
            self._leave(job_id, one.queue, one.job, f"the server refused: {rest}")
        if word == "moved" and self._dry and place.kind == "deferred" and one.job:
            self._dependents[job_id] = (one.queue, one.job)

    def _leave(self, job_id: str, queue: str, job: RqJob | None, why: str) -> None:
        status = job.status if job else "unknown"
        self.report.left[job_id] = Left(queue, status, why)

    def _let_wait(self) -> None:
        """Of a dry run: jobs whose parents would be left would be left as well."""
        left = self.report.left
        while True:
            stuck = {
                job_id: parent
                for job_id, (_, job) in self._dependents.items()
                for parent in job.parents
                if parent in left and left[parent].status != "finished" and job_id not in left
            }
            if not stuck:
                return
            for job_id, parent in stuck.items():
                queue, job = self._dependents[job_id]
                self.report.moved["deferred"] -= 1
                self.report.queues[queue] -= 1
                self._leave(job_id, queue, job, _LEFT["waits"].format(parent))


ON_CLUSTER = (
    "a job can be moved in one step only if RQ's keys and ours are on one node: on a Cluster, RQ's "
    "prefix must have --namespace as its hash tag: RQ_KEY_PREFIX={jobs}:rq goes with "
    "--namespace jobs"
)
"""Why adoption is refused on a Cluster."""


def check_prefix(rq: RqKeys, namespace: str, *, on_cluster: bool) -> None:
    """Find out whether the keys of both can be told apart, and reached in one step.

    Raises:
        WorkhorseError: They cannot.
    """
    if rq.job("x") == Keys(namespace).job("x"):
        raise WorkhorseError(
            f"RQ's keys would be called like those of namespace {namespace!r}: choose another "
            f"--namespace; or, on a Cluster, give RQ a longer prefix that has it as its hash tag"
        )
    if on_cluster and rq.hash_tag != namespace:
        raise WorkhorseError(ON_CLUSTER)
