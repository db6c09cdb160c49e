"""Jobs that wait for others, share limits and belong to groups: what holds after any step.

A machine of its own, which looks at what must be true and predicts no keys: `test_scripts` does
that for jobs without bonds.
"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.support.scripts import LEASE, NOW, New, Scripts, Settled
from tests.support.snapshot import Snapshot, snapshot
from workhorse.connection import Connection
from workhorse.exceptions import ServerError
from workhorse.testing import purge

settings.register_profile("bonds", max_examples=100, stateful_step_count=40)
settings.register_profile("bonds-deep", max_examples=4000, stateful_step_count=60)
PROFILE = {"model-deep": "bonds-deep"}.get(os.environ.get("WORKHORSE_MODEL", ""), "bonds")

QUEUES = ("p", "q")
ENDED = {"finished", "failed", "stopped", "canceled"}
WORDS = {*ENDED, "died", "deleted", "expired", "released", "gone"}
"""How the agenda says that a job has ended."""
COUNTERS = ("finished", "failed", "stopped", "canceled", "deleted")
MOST = {"one": 1, "two": 2}
KEPT = 60_000
"""How long what has ended is kept, ms."""
GONE = 600_000
"""A pause after which nothing of what has ended is left, ms."""
YEARS = 40_000_000_000
"""Longer than a failed job is kept, ms."""
PICK = st.integers(0, 50)

_namespaces = itertools.count(1)

CALL = st.fixed_dictionaries(
    {"place": st.sampled_from(["back", "back", "front", "in", "mine"])},
    optional={
        "id": st.sampled_from("abcd"),
        "parents": st.lists(PICK, min_size=1, max_size=3),
        "on_parent": st.sampled_from(["cancel", "run", "wait", "any"]),
        "limit": st.sampled_from([*MOST]),
        "group": st.just("g"),
        "ttl": st.just(60),
        "front": st.just(1),
        "on_crash": st.just("fail"),
        "failure_ttl": st.sampled_from([0, 60]),
    },
)
OUTCOME = st.tuples(
    PICK,
    st.sampled_from(["finish", "finish", "fail", "fail", "stop", "retry", "repeat", "release"]),
    st.sampled_from([0, KEPT]),
)


class Machine(RuleBasedStateMachine):
    def __init__(self, url: str) -> None:
        super().__init__()
        name = f"bonds-{os.getpid()}-{next(_namespaces)}"
        self.connection = Connection(url, name)
        self.scripts = Scripts(self.connection)
        self.now = NOW
        self.count = itertools.count(1)
        self.number = 0
        self.ids: list[str] = []
        self.leases: list[tuple[str, str, str]] = []
        self.joined = 0
        """how many jobs were ever stored for group `g`"""
        self.seen = Snapshot()
        self.every: dict[str, Any] = {}
        self.agenda: dict[str, float] = {}
        self.sound = True

    def teardown(self) -> None:
        try:
            if self.sound:
                self.drain()
        finally:
            purge(self.connection)
            self.connection.close()

    def fields(self, job_id: str) -> dict[str, str]:
        found: dict[str, str] = self.seen.get(f"job:{job_id}", {})
        return found

    def pick(self, pick: int) -> str:
        return self.ids[-1 - pick % len(self.ids)]

    # Steps

    @rule(queue=st.sampled_from(QUEUES), calls=st.lists(CALL, min_size=1, max_size=3))
    def enqueue(self, queue: str, calls: list[dict[str, Any]]) -> None:
        jobs = [self.new(call) for call in calls]
        try:
            answer = self.scripts.enqueue(*jobs, queue=queue, time=self.now)
        except ServerError as error:
            assert error.code in {"DUPLICATE", "CYCLE", "NOPARENT"}  # noqa: PT017 - it may raise
            assert snapshot(self.connection) == self.seen
            return
        assert all(answer[1:])
        self.ids = list(dict.fromkeys([*self.ids, *(job.id for job in jobs)]))
        self.joined += sum("group_id" in job.fields for job in jobs)
        for job in jobs:
            if job.place == "mine":
                token = str(job.fields[job.fields.index("token") + 1])
                self.leases.append((job.id, queue, token.rstrip("+")))
        self.twice(lambda: self.scripts.enqueue(*jobs, queue=queue, time=self.now))

    def new(self, call: dict[str, Any]) -> New:
        number = next(self.count)
        names = ("on_crash", "failure_ttl")
        words: dict[str, Any] = {name: call[name] for name in names if name in call}
        place, when = call["place"], {"in": 20_000, "mine": LEASE}.get(call["place"], "")
        if "limit" in call and place != "mine":
            words |= {"rate_limit": f"{MOST[call['limit']]} {call['limit']}", "after": 1}
        if "group" in call:
            words |= {"group_id": "g", "after": 1}
        if "ttl" in call and "after" in words and place != "mine":
            words["ttl"] = call["ttl"]
        parents = [self.pick(pick) for pick in call.get("parents", ())] if self.ids else []
        if parents and place != "mine":
            when = when if place == "in" else ""
            place = "wait"
            words["parents"] = " ".join(f"!{parent}" for parent in dict.fromkeys(parents))
            words |= {name: call[name] for name in ("on_parent", "front") if name in call}
        if place == "mine":
            words |= {"token": f"x{number}:1" + "+" * ("after" in words), "attempt": 1}
        flat = tuple(itertools.chain.from_iterable(words.items()))
        ttl = words.get("ttl", 0) * 1000 or ""
        mode, nonce = ("replace", f"e{number}") if "id" in call else ("new", "")
        return New(call.get("id", f"n{number}"), mode, nonce, place, when, ttl, flat)

    def twice(self, call: Any) -> None:
        """What is sent again changes nothing."""
        before = snapshot(self.connection)
        call()
        assert snapshot(self.connection) == before

    @rule(want=st.integers(0, 4), outcomes=st.lists(OUTCOME, max_size=3))
    def exchange(self, want: int, outcomes: list[tuple[int, str, int]]) -> None:
        settled = []
        for pick, kind, wait in outcomes:
            if self.leases:
                job_id, queue, token = self.leases[-1 - pick % len(self.leases)]
                again = "1" if int(self.fields(job_id).get("attempt", 0)) > 1 else ""
                settled.append(Settled(kind, job_id, token, "", wait, queue, 5, "", again))
        self.trade(want, settled)

    def trade(self, want: int, settled: list[Settled]) -> list[Any]:
        self.number += 1
        answer = self.scripts.exchange(
            self.number, *settled, want=want, queues=QUEUES, time=self.now
        )
        token = f"w:{self.number}"
        taken = [(job.id, job.queue, token) for job in answer.jobs]
        self.leases += taken
        return taken

    @precondition(lambda self: self.ids)
    @rule(pick=PICK, release=st.sampled_from(["", "1"]))
    def cancel(self, pick: int, release: str) -> None:
        job_id, nonce = self.pick(pick), f"c{next(self.count)}"

        def call() -> None:
            self.scripts.cancel(job_id, nonce, ttl=KEPT, release=release, time=self.now)

        if self.fields(job_id).get("status") in {"queued", "scheduled", "deferred", "rate_limited"}:
            call()
            self.twice(call)
        else:
            with pytest.raises(ServerError, match=r"NOJOB|STATUS"):
                call()

    @precondition(lambda self: self.ids)
    @rule(pick=PICK)
    def delete(self, pick: int) -> None:
        job_id = self.pick(pick)
        self.scripts.delete(job_id, self.now)
        self.twice(lambda: self.scripts.delete(job_id, self.now))

    @precondition(lambda self: self.ids)
    @rule(pick=PICK, front=st.sampled_from([0, 1]))
    def requeue(self, pick: int, front: int) -> None:
        job_id, nonce = self.pick(pick), f"r{next(self.count)}"

        def call() -> Any:
            return self.scripts.requeue(job_id, nonce=nonce, at_front=front, time=self.now)

        was_ended = self.fields(job_id).get("status") in ENDED
        assert (call() == [1]) == was_ended
        self.twice(call)

    @rule(queue=st.sampled_from(QUEUES), at_most=st.sampled_from([1, 1000]))
    def empty(self, queue: str, at_most: int) -> None:
        deleted = self.scripts.call("empty", self.now, queue, at_most)
        if deleted < at_most:
            assert not self.scripts.command("EXISTS", self.connection.keys.queue(queue))

    @rule(held=st.booleans())
    def hold(self, held: bool) -> None:
        """Somebody adds to the group, or ceases to."""
        if "group:g" in {*self.seen.kept, *self.seen.expiring}:
            self.scripts.call("group_hold", self.now, "g", "h", KEPT if held else 0)

    @rule(ms=st.sampled_from([1, 5000, LEASE, KEPT + 1, GONE]))
    def pass_time(self, ms: int) -> None:
        """The server's clock is not ours, so what expires is deleted by hand."""
        self.now += ms
        for job_id in self.ids:
            fields = self.fields(job_id)
            if fields.get("status") in ENDED and self.every[home_of(fields)][job_id] <= self.now:
                self.expire("job", job_id)
                self.expire("runs", job_id)
            if f"ex:{job_id}" in self.every and ms == GONE:
                self.expire("ex", job_id)

    def expire(self, kind: str, name: str) -> None:
        self.scripts.command("DEL", f"{self.connection.keys.prefix}{kind}:{name}")

    # What holds after each step

    @invariant()
    def look(self) -> None:
        self.sound = False
        self.seen = snapshot(self.connection)
        self.every = {**self.seen.kept, **self.seen.expiring}
        self.agenda = self.every.get("agenda", {})
        self.check_places()
        self.check_waiting()
        self.check_limits()
        self.check_group()
        self.check_leftovers()
        self.sound = True

    def check_places(self) -> None:
        places: dict[str, Counter[str]] = {}
        kinds = ("queue", "started", "scheduled", "deferred", "limited")
        for key, content in self.every.items():
            if key.partition(":")[0] in {*kinds, "finished", "failed", "canceled"}:
                for job_id in content:
                    places.setdefault(job_id, Counter())[key] += 1
        for job_id in self.ids:
            fields = self.fields(job_id)
            found = places.pop(job_id, Counter())
            if fields:
                assert found[home_of(fields)] == 1, (job_id, fields, found)
                del found[home_of(fields)]
            # Registries of what has ended forget what expired by and by.
            late = [key for key in found if key.partition(":")[0] in kinds]
            assert not late, (job_id, fields, found)
            for key in found:
                assert self.every[key][job_id] <= self.now
        assert not places

    def check_waiting(self) -> None:
        for job_id in self.ids:
            fields = self.fields(job_id)
            waits = self.every.get(f"waits:{job_id}", set())
            assert bool(waits) == (fields.get("status") == "deferred"), (job_id, fields, waits)
            for parent in waits:
                theirs = self.fields(parent)
                status = theirs.get("status", "")
                told = any(f"d:{how}:{parent}" in self.agenda for how in WORDS)
                if status in ENDED or not status:
                    patient = job_id in self.every.get(f"patients:{parent}", ())
                    assert told or (patient and f"w:{parent}" in self.agenda), (job_id, parent)
                else:
                    lists = ("dependents", "patients")
                    assert any(job_id in self.every.get(f"{key}:{parent}", ()) for key in lists)
                    assert theirs.get("after") or f"w:{parent}" in self.agenda, (job_id, theirs)
        for job_id in self.ids:
            fields = self.fields(job_id)
            if fields.get("status") == "started":
                assert fields["token"].endswith("+") == ("after" in fields), (job_id, fields)
            if "after" in fields and fields["status"] not in ENDED:
                assert f"job:{job_id}" in self.seen.kept, "its end is noticed"

    def check_limits(self) -> None:
        for key, most in MOST.items():
            slots = self.every.get(f"slots:{key}", set())
            line = self.every.get(f"limited:{key}", {})
            holders = {
                job_id
                for job_id in self.ids
                if self.fields(job_id).get("rate_limit") == f"{most} {key}"
                and self.fields(job_id)["status"] in {"queued", "started"}
            }
            assert slots == holders
            assert len(slots) <= most
            assert not line or len(slots) == most, "nobody stands in line for a free slot"
            assert (key in self.every.get("limits", {})) == bool(slots or line)

    def check_group(self) -> None:
        group = self.every.get("group:g")
        if group is None:
            assert not self.joined
            return
        mine = [i for i in self.ids if self.fields(i).get("group_id") == "g"]
        still_open = [i for i in mine if self.fields(i)["status"] not in ENDED]
        assert int(group["open"]) == len(still_open)
        counted = {name: int(group.get(name, 0)) for name in COUNTERS}
        assert len(still_open) + sum(counted.values()) == self.joined, (group, self.joined)
        ended = Counter(self.fields(i)["status"] for i in mine)
        assert all(counted[name] >= ended[name] for name in ENDED)
        assert set(mine) <= self.every.get("members:g", set())
        held = any(at > self.now for at in self.every.get("holds:g", {}).values())
        if still_open:
            assert "ended_at" not in group
        elif not held and "g:g" not in self.agenda:
            assert "ended_at" in group
        assert ("group:g" in self.seen.kept) == ("ended_at" not in group)

    def check_leftovers(self) -> None:
        known = {"agenda", "queues", "groups", "group", "members", "slots", "limited", "limits"}
        known |= {"queue", "started", "scheduled", "deferred", "finished", "failed", "canceled"}
        for key in self.seen.kept:
            kind, _, name = key.partition(":")
            if kind == "runs":
                assert f"job:{name}" in self.seen.kept
            elif kind == "job":
                # A year is for ever, to a job that failed with its parent.
                assert self.seen.kept[key]["status"] not in ENDED
            elif kind == "dependents":
                told = any(f"d:{how}:{name}" in self.agenda for how in WORDS)
                assert told or self.fields(name).get("status", "finished") not in ENDED
            elif kind == "patients":
                told = any(f"d:{how}:{name}" in self.agenda for how in WORDS)
                is_open = self.fields(name).get("status", "finished") not in ENDED
                assert told or is_open or f"w:{name}" in self.agenda
            elif kind != "waits":
                assert kind in known, key

    def drain(self) -> None:
        """Whatever happened, a worker that goes on brings every job to its end."""
        for pause in (GONE, YEARS):  # some wait as long as those are kept that failed
            self.pass_time(pause)
            for _ in range(200):
                taken = self.trade(9, [])
                held = [Settled("finish", i, token, "", 0, queue) for i, queue, token in taken]
                self.trade(0, held)
                self.look()
                self.pass_time(5000)
                if not held and not self.open_jobs():
                    break
        assert not self.open_jobs()
        self.pass_time(YEARS)
        for _ in range(20):
            self.trade(0, [])
            self.look()
            self.pass_time(5000)
        rest = {key.partition(":")[0] for key in self.seen.kept}
        assert rest <= {"agenda", "queues", "groups"}, self.seen.kept
        assert not {entry for entry in self.agenda if entry[0] in "dwslg"}, self.agenda

    def open_jobs(self) -> list[str]:
        return [i for i in self.ids if self.fields(i).get("status", "finished") not in ENDED]


def home_of(fields: dict[str, str]) -> str:
    """The key that a job stands in, by its status."""
    status = fields["status"]
    if status == "rate_limited":
        return f"limited:{fields['rate_limit'].split()[1]}"
    return f"{ {'queued': 'queue', 'stopped': 'failed'}.get(status, status) }:{fields['origin']}"


def test_no_order_of_calls_leaves_a_job_waiting_for_ever(url):
    run_state_machine_as_test(
        lambda: Machine(url),  # type: ignore[arg-type]  # all that it does is to call it
        settings=settings(
            settings.get_profile(PROFILE),
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
