"""What the scripts promise, in plain Python: one namespace as dicts and lists.

Every method is one script, named and ordered like it, without its bounds of 200 and more, which
a model of a few jobs does not reach. Keys that expire carry the time when they do.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from tests.support.scripts import LEASE, TTL, YEAR, New, Settled, likeness
from tests.support.snapshot import Snapshot

INF = math.inf
REGISTRIES = {
    "queued": "queue",
    "started": "started",
    "scheduled": "scheduled",
    "finished": "finished",
    "failed": "failed",
    "canceled": "canceled",
}
TRIMMED = {"x": "finished", "f": "failed", "c": "canceled"}
ENDED = {"finished", "failed", "canceled"}


class Refused(Exception):  # noqa: N818 - an answer of a script
    """What a script says when it refuses."""


@dataclass
class Key:
    """The content of a key, and when it expires."""

    content: Any
    expires: float = INF


@dataclass
class World:
    """One namespace."""

    now: int
    jobs: dict[str, Key] = field(default_factory=dict)
    runs: dict[str, Key] = field(default_factory=dict)
    gone: dict[str, Key] = field(default_factory=dict)
    bells: dict[str, Key] = field(default_factory=dict)
    hashes: dict[str, Key] = field(default_factory=dict)
    """worker: the workers' hashes"""
    machine: Key = field(default_factory=lambda: Key({}))
    workers: dict[str, float] = field(default_factory=dict)
    agenda: dict[str, float] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    forgotten: set[str] = field(default_factory=set)
    """ended jobs that are in no registry"""
    queue: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    sets: dict[tuple[str, str], dict[str, float]] = field(default_factory=lambda: defaultdict(dict))
    """(registry, queue): the sorted sets"""

    def snapshot(self) -> Snapshot:
        seen = Snapshot()

        def show(name: str, key: Key) -> None:
            if key.content:
                (seen.kept if key.expires == INF else seen.expiring)[name] = key.content

        for prefix, keys in (
            *(("job", self.jobs), ("runs", self.runs), ("ex", self.gone)),
            *(("bell", self.bells), ("worker", self.hashes)),
        ):
            for name, key in keys.items():
                show(f"{prefix}:{name}", key)
        show("machine:machine", self.machine)
        for name, ids in self.queue.items():
            show(f"queue:{name}", Key(ids))
        for (registry, name), scores in self.sets.items():
            show(f"{registry}:{name}", Key(scores))
        for name, content in (
            *(("agenda", self.agenda), ("workers", self.workers), ("queues", self.names)),
        ):
            show(name, Key(content))
        return seen

    def pass_time(self, ms: int) -> list[str]:
        """The server's expiry; returns the keys that are gone."""
        self.now += ms
        dead = []
        for prefix, keys in (
            *(("job", self.jobs), ("runs", self.runs), ("ex", self.gone)),
            *(("bell", self.bells), ("worker", self.hashes)),
        ):
            for name in [name for name, key in keys.items() if key.expires <= self.now]:
                del keys[name]
                self.forgotten -= {name} if prefix == "job" else set()
                dead.append(f"{prefix}:{name}")
        if self.machine.expires <= self.now:
            self.machine = Key({})
            dead.append("machine:machine")
        return dead

    # Steps that scripts share

    def fields(self, job_id: str) -> dict[str, str]:
        return self.jobs[job_id].content if job_id in self.jobs else {}

    def set(self, job_id: str, **fields: object) -> None:
        self.jobs[job_id].content.update({name: str(value) for name, value in fields.items()})

    def drop(self, job_id: str, *names: str) -> None:
        for name in names:
            self.jobs[job_id].content.pop(name, None)

    def add(self, job_id: str, name: str, amount: int) -> None:
        self.set(job_id, **{name: int(self.fields(job_id).get(name, 0)) + amount})

    def expire(self, job_id: str, at: float) -> None:
        self.jobs[job_id].expires = at
        if job_id in self.runs:
            self.runs[job_id].expires = at

    def ring(self, queue: str) -> None:
        self.bells.setdefault(queue, Key(["1"], self.now + 10_000))

    def push(self, queue: str, ids: list[str], *, front: bool) -> None:
        if not ids:
            return
        was_empty = not self.queue[queue]
        self.queue[queue][:0] = ids[::-1] if front else []
        self.queue[queue] += [] if front else ids
        if was_empty:
            self.names.add(queue)
            self.ring(queue)

    def ready(self, job_id: str, *, front: bool) -> None:
        fields = self.fields(job_id)
        if "ttl" in fields:
            self.expire(job_id, self.now + int(fields["ttl"]) * 1000)
        self.push(fields["origin"], [job_id], front=front)

    def not_later_than(self, entry: str, at: float) -> None:
        self.agenda[entry] = min(at, self.agenda.get(entry, INF))

    def look_again(self, kind: str, registry: str, queue: str, soonest: float = 0) -> None:
        first = min(self.sets[registry, queue].values(), default=INF)
        if first == INF:
            self.agenda.pop(f"{kind}:{queue}", None)
        else:
            self.agenda[f"{kind}:{queue}"] = max(first, soonest)

    def schedule(self, queue: str, job_id: str, due: int) -> None:
        first = min(self.agenda.values(), default=INF)
        self.sets["scheduled", queue][job_id] = due
        self.names.add(queue)
        self.not_later_than(f"s:{queue}", due)
        if due < first:
            self.ring(queue)

    def displace(self, job_id: str) -> None:
        fields = self.fields(job_id)
        queue = fields["origin"]
        if fields["status"] == "queued":
            if job_id in self.queue[queue]:
                self.queue[queue].remove(job_id)
        else:
            self.sets[fields["status"], queue].pop(job_id, None)

    def erase(self, job_id: str) -> None:
        self.forgotten.discard(job_id)
        self.jobs.pop(job_id, None)
        self.runs.pop(job_id, None)

    def keep(self, job_id: str, status: str, ttl: int) -> None:
        queue = self.fields(job_id)["origin"]
        at = INF if ttl < 0 else self.now + ttl
        self.sets[status, queue][job_id] = at
        self.expire(job_id, at)
        if ttl >= 0:
            kind = next(kind for kind, name in TRIMMED.items() if name == status)
            self.not_later_than(f"{kind}:{queue}", at)
        if ttl == 0:
            self.erase(job_id)

    def remember_run(self, job_id: str, kind: str, ended: object, exc: str) -> None:
        fields = self.fields(job_id)
        run = {
            "type": kind,
            "attempt": int(fields["attempt"]),
            "started_at": int(fields["started_at"]),
            "ended_at": int(str(ended)),
            "worker": fields["token"].rpartition(":")[0],
            "exc": exc,
        }
        key = self.runs.setdefault(job_id, Key([]))
        key.content = [*key.content, run][-10:]

    # Scripts

    def enqueue(self, queue: str, jobs: list[New]) -> list[int]:
        stored: list[str] = []
        answer = [self.now]
        for index, new in enumerate(jobs):
            fresh = self._verdict(new)
            if any(new.id == other.id for other in jobs[:index]):
                raise Refused(f"DUPLICATE {new.id}")
            stored += [new.id] * fresh
            answer.append(int(fresh))
        for _, group in groupby(jobs, likeness):
            self._store(queue, [new for new in group if new.id in stored])
        return answer

    def _store(self, queue: str, jobs: list[New]) -> None:
        back: list[str] = []
        front: list[str] = []
        for new in jobs:
            if new.mode != "new":
                if new.id in self.jobs:
                    self.displace(new.id)
                self.erase(new.id)
                self.gone.pop(new.id, None)
            later = new.place in {"at", "in"}
            self.jobs[new.id] = Key({})
            status = {"at": "scheduled", "in": "scheduled", "mine": "started"}
            self.set(new.id, status=status.get(new.place, "queued"), origin=queue)
            self.set(new.id, created_at=self.now)
            self.set(new.id, **dict(zip(map(str, new.fields[::2]), new.fields[1::2], strict=True)))
            if new.nonce:
                self.set(new.id, nonce=new.nonce)
            if later:
                when = int(new.when)
                self.schedule(queue, new.id, when if new.place == "at" else self.now + when)
            elif new.place == "mine":
                self.sets["started", queue][new.id] = self.now + int(new.when)
                self.names.add(queue)
                self.not_later_than(f"l:{queue}", self.now + int(new.when))
            else:
                (front if new.place == "front" else back).append(new.id)
                if new.ttl:
                    self.expire(new.id, self.now + int(new.ttl))
        self.push(queue, back, front=False)
        self.push(queue, front, front=True)

    def _verdict(self, new: New) -> bool:
        fields = self.fields(new.id)
        tombstone = self.gone[new.id].content.split() if new.id in self.gone else []
        if new.mode == "new":
            return not fields and not tombstone
        if not fields:
            return new.nonce not in tombstone
        if fields.get("nonce") == new.nonce:
            return False
        if new.mode == "unique" or fields["status"] == "started":
            raise Refused(f"DUPLICATE {new.id} {fields['status']}")
        return True

    def exchange(
        self,
        worker: str,
        number: int,
        queues: list[str],
        want: int,
        outcomes: list[Settled],
        *,
        woken: bool,
    ) -> tuple[list[str], list[str]]:
        last = self.hashes[worker].content if worker in self.hashes else {}
        token = f"{worker}:{number}"
        if int(last.get("number", 0)) > number:
            raise Refused(f"STALE {number}")
        if last.get("number") == str(number):
            taken = [
                job_id
                for job_id in last["taken"].split()
                if self.fields(job_id).get("token") == token
                and self.fields(job_id)["status"] == "started"
            ]
            for job_id in taken:
                started = self.sets["started", self.fields(job_id)["origin"]]
                started[job_id] = max(started[job_id], self.now + LEASE)
            refused = last["refused"].split()
        else:
            refused = [outcome.id for outcome in outcomes if not self._settle(outcome)]
            falling = self._housekeeping(queues if want else [])
            taken = self._take(queues, want, token, falling)
            for queue in falling:
                self._promote(queue)
            if taken or outcomes:
                key = self.hashes.setdefault(worker, Key({}))
                key.content |= {"number": str(number), "taken": " ".join(taken)}
                key.content["refused"] = " ".join(refused)
                if "identity" not in key.content:
                    key.expires = self.now + 60_000
        for queue in queues if woken else ():
            if self.queue[queue]:
                self.ring(queue)
        return taken, refused

    def _take(self, queues: list[str], want: int, token: str, falling: list[str]) -> list[str]:
        taken: list[str] = []
        for queue in queues:
            room = want - len(taken)
            waiting = [("queued", job_id) for job_id in self.queue[queue][:room]]
            if queue in falling and len(waiting) < room:
                alive = sum(self._is_live(job_id, "queued", queue) for _, job_id in waiting)
                due = self._due("scheduled", queue)[: room - alive]
                waiting += [("scheduled", job_id) for job_id in due]
            for status, job_id in waiting:
                fields = self.fields(job_id)
                live = self._is_live(job_id, status, queue)
                crashed = live and "crashes" in fields
                if crashed and taken:
                    return taken
                if status == "queued":
                    self.queue[queue].pop(0)
                else:
                    del self.sets["scheduled", queue][job_id]
                if not live:
                    continue
                if status == "scheduled":
                    self.set(job_id, enqueued_at=self.now)
                    self.drop(job_id, "front")
                attempt = int(fields.get("attempt", 0)) + 1
                self.set(job_id, status="started", started_at=self.now, token=token)
                self.set(job_id, attempt=attempt)
                self.expire(job_id, INF)
                self.sets["started", queue][job_id] = self.now + LEASE
                self.not_later_than(f"l:{queue}", self.now + LEASE)
                taken.append(job_id)
                if crashed:
                    return taken
        return taken

    def _is_live(self, job_id: str, status: str, queue: str) -> bool:
        fields = self.fields(job_id)
        return fields.get("status") == status and fields["origin"] == queue

    def _settle(self, one: Settled) -> bool:
        fields = self.fields(one.id)
        if fields.get("status") != "started" or fields["token"] != one.token:
            return False
        if one.kind == "release":
            self._release(one.id, crashed=False)
        elif one.kind == "retry":
            self._retry(one)
        else:
            self._end(one.id, one.kind, str(one.what), one.wait, one.ran)
        return True

    def _end(self, job_id: str, kind: str, what: str, ttl: int, ran: int) -> None:
        status = "finished" if kind == "finish" else "failed"
        fields = self.fields(job_id)
        del self.sets["started", fields["origin"]][job_id]
        if ttl == 0:
            words = [str(self.now), "" if kind == "finish" else status, fields.get("nonce", "")]
            self.gone[job_id] = Key(" ".join(filter(None, words)), self.now + 500_000)
            self.erase(job_id)
            return
        self.set(job_id, status=status, ended_at=self.now, started_at=self.now - ran)
        if kind == "fail":
            self.set(job_id, exc_info=what)
        else:
            if int(fields["attempt"]) > 1:
                self.drop(job_id, "exc_info")
            if what:
                self.set(job_id, result=what)
        self.keep(job_id, status, ttl)

    def _retry(self, one: Settled) -> None:
        queue = self.fields(one.id)["origin"]
        del self.sets["started", queue][one.id]
        self.set(one.id, started_at=self.now - one.ran)
        self.remember_run(one.id, "retried", self.now, str(one.what))
        self.add(one.id, "retries", 1)
        self.set(one.id, ended_at=self.now, exc_info=one.what)
        if one.wait:
            self.set(one.id, status="scheduled", **({"front": 1} if one.at_front else {}))
            self.schedule(queue, one.id, self.now + one.wait)
        else:
            self.set(one.id, status="queued", enqueued_at=self.now)
            self.ready(one.id, front=bool(one.at_front))

    def _release(self, job_id: str, *, crashed: bool) -> None:
        del self.sets["started", self.fields(job_id)["origin"]][job_id]
        self.set(job_id, status="queued")
        self.add(job_id, *(("crashes", 1) if crashed else ("attempt", -1)))
        self.drop(job_id, "token", "started_at")
        self.ready(job_id, front=True)

    def _abandon(self, job_id: str) -> None:
        fields = self.fields(job_id)
        crashes = int(fields.get("crashes", 0))
        if fields.get("on_crash") != "fail" and crashes < 3:
            self._release(job_id, crashed=True)
            return
        self.add(job_id, "crashes", 1)
        why = "workhorse.exceptions.AbandonedJobError: the worker that ran the job vanished"
        why += f", for the {crashes + 1}. time"
        if fields.get("on_crash") == "fail":
            why += "; its on_crash policy is to fail at once"
        ran = self.now - int(fields.get("started_at", self.now))
        self._end(job_id, "fail", why, int(fields.get("failure_ttl", YEAR // 1000)) * 1000, ran)

    def _housekeeping(self, queues: list[str]) -> list[str]:
        """Do what is due; returns from which of these queues jobs have fallen due."""
        falling = []
        due = sorted((at, entry) for entry, at in self.agenda.items() if at <= self.now)
        for _, entry in due[:8]:
            kind, _, queue = entry.partition(":")
            if kind == "s" and queue in queues:
                falling.append(queue)
            elif kind == "s":
                self._promote(queue)
            elif kind == "l":
                for job_id in self._due("started", queue)[::-1]:
                    self._abandon(job_id)
                self.look_again("l", "started", queue)
            else:
                registry = TRIMMED[kind]
                for job_id in self._due(registry, queue):
                    del self.sets[registry, queue][job_id]
                self.look_again(kind, registry, queue, self.now + 5000)
        return falling

    def _promote(self, queue: str) -> None:
        for job_id in self._due("scheduled", queue):
            del self.sets["scheduled", queue][job_id]
            self.set(job_id, status="queued", enqueued_at=self.now)
            front = "front" in self.fields(job_id)
            self.drop(job_id, "front")
            self.ready(job_id, front=front)
        self.look_again("s", "scheduled", queue)

    def _due(self, registry: str, queue: str) -> list[str]:
        scores = self.sets[registry, queue].items()
        return [job_id for at, job_id in sorted((at, who) for who, at in scores) if at <= self.now]

    def extend(
        self, worker: str, identity: str, leases: list[tuple[str, str, str]]
    ) -> tuple[int, list[str], dict[str, str]]:
        lost = []
        for job_id, queue, token in leases:
            fields = self.fields(job_id)
            if fields.get("status") == "started" and fields["token"] == token:
                started = self.sets["started", queue]
                started[job_id] = max(started[job_id], self.now + LEASE)
            else:
                lost.append(job_id)
        if worker not in self.hashes or self.hashes[worker].content.get("identity") != identity:
            return 0, lost, {}
        self.hashes[worker].content |= {"last_heartbeat": str(self.now), "state": "busy"}
        return 1, lost, self._beat(worker, identity)

    def _beat(self, worker: str, identity: str) -> dict[str, str]:
        self.hashes[worker].expires = self.workers[worker] = self.now + TTL
        self.machine.content[worker] = identity
        self.machine.expires = self.now + TTL
        return {name: who for name, who in self.machine.content.items() if name != worker}

    def register(self, worker: str, identity: str) -> dict[str, str]:
        known = self.hashes[worker].content if worker in self.hashes else {}
        holder = known.get("identity")
        if holder and holder != identity:
            if self.workers.get(worker, 0) > self.now:
                raise Refused(f"DUPLICATE {worker}")
            known = {}
        self.hashes[worker] = Key(
            known
            | {"identity": identity, "machine": "machine", "birth": str(self.now), "queues": "p\nq"}
            | {"last_heartbeat": str(self.now)}
        )
        neighbours = self._beat(worker, identity)
        day_ago = self.now - 86_400_000
        self.workers = {name: at for name, at in self.workers.items() if at > day_ago}
        return neighbours

    def unregister(self, worker: str, identity: str) -> int:
        if worker not in self.hashes or self.hashes[worker].content.get("identity") != identity:
            return 0
        del self.hashes[worker]
        self.workers.pop(worker, None)
        self.machine.content.pop(worker, None)
        for queue in "pq":
            if self.queue[queue]:
                self.ring(queue)
        return 1

    def takeover(self, worker: str, identity: str) -> int:
        moved = 0
        known = self.hashes[worker].content if worker in self.hashes else {}
        if known.get("identity") == identity:
            for queue in "pq":
                scores = self.sets["started", queue].items()
                for _, job_id in sorted(((at, who) for who, at in scores), reverse=True):
                    if self.fields(job_id)["token"].rpartition(":")[0] == worker:
                        self._abandon(job_id)
                        moved += 1
            del self.hashes[worker]
            self.workers.pop(worker, None)
        if self.machine.content.get(worker) == identity:
            del self.machine.content[worker]
        return moved

    def cancel(self, job_id: str, nonce: str, ttl: int) -> None:
        fields = self.fields(job_id)
        if not fields:
            raise Refused(f"NOJOB {job_id}")
        if fields["status"] == "canceled" and fields["canceled_by"] == nonce:
            return
        if fields["status"] not in {"queued", "scheduled"}:
            raise Refused(f"STATUS {fields['status']}")
        self.displace(job_id)
        self.set(job_id, status="canceled", ended_at=self.now, canceled_by=nonce)
        self.keep(job_id, "canceled", ttl)

    def delete(self, job_id: str) -> int:
        there = job_id in self.jobs or job_id in self.runs or job_id in self.gone
        if job_id in self.jobs:
            self.displace(job_id)
        self.erase(job_id)
        self.gone.pop(job_id, None)
        return int(there)

    def requeue(self, job_id: str, nonce: str, *, front: bool) -> int | str:
        fields = self.fields(job_id)
        if not fields:
            return "none"
        if fields.get("requeued_by") == nonce:
            return 1
        if fields["status"] not in ENDED:
            return fields["status"]
        if fields["status"] != "canceled":
            exc = fields.get("exc_info", "")
            self.remember_run(job_id, fields["status"], fields["ended_at"], exc)
        self.displace(job_id)
        self.drop(job_id, "result", "exc_info", "started_at", "ended_at", "token", "retries")
        self.drop(job_id, "crashes", "front", "canceled_by")
        self.set(job_id, status="queued", enqueued_at=self.now, requeued_by=nonce)
        self.expire(job_id, INF)
        self.forgotten.discard(job_id)
        self.ready(job_id, front=front)
        return 1

    def forget(self, job_id: str) -> None:
        fields = self.fields(job_id)
        if not fields:
            raise Refused(f"NOJOB {job_id}")
        if fields["status"] not in ENDED:
            raise Refused(f"STATUS {fields['status']}")
        self.displace(job_id)
        self.forgotten.add(job_id)

    def amend(self, job_id: str, value: str) -> None:
        if job_id not in self.jobs:
            raise Refused(f"NOJOB {job_id}")
        self.set(job_id, meta=value)
        if not value:
            self.drop(job_id, "meta")

    def empty(self, queue: str, at_most: int) -> int:
        ids = self.queue[queue][:at_most]
        del self.queue[queue][:at_most]
        for job_id in ids:
            fields = self.fields(job_id)
            if fields.get("status") == "queued" and fields["origin"] == queue:
                self.erase(job_id)
        return len(ids)

    def drop_name(self, queue: str) -> int:
        if self.queue[queue] or queue not in self.names:
            if not self.queue[queue]:
                self.bells.pop(queue, None)
            return 0
        self.bells.pop(queue, None)
        self.names.remove(queue)
        return 1
