"""One state machine drives all scripts against `World`, and looks at every key after each step."""

from __future__ import annotations

import itertools
import json
import math
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

from tests.model.world import ENDED, REGISTRIES, TRIMMED, Refused, World
from tests.support.scripts import LEASE, NOW, YEAR, New, Scripts, Settled
from tests.support.snapshot import Snapshot, snapshot
from workhorse.connection import Connection
from workhorse.exceptions import ServerError
from workhorse.testing import purge

settings.register_profile("model", max_examples=200, stateful_step_count=40)
settings.register_profile("model-deep", max_examples=3000, stateful_step_count=60)
PROFILE = os.environ.get("WORKHORSE_MODEL", "model")

WORKERS = ("v", "w")
QUEUES = st.sampled_from([["q"], ["p"], ["q", "p"], ["p", "q"]])
PICK = st.integers(0, 50)
"""Which of the ids, leases or calls that there are: modulo their number."""

_namespaces = itertools.count(1)

OPTIONS: st.SearchStrategy[dict[str, str | int]] = st.fixed_dictionaries(
    {},
    optional={
        "ttl": st.just(60),
        "on_crash": st.just("fail"),
        "failure_ttl": st.sampled_from([0, 300]),
    },
)
PLACE = st.sampled_from(
    [
        *(("back", ""), ("back", ""), ("front", "")),
        *(("at", NOW + 1000), ("in", 0), ("in", 20_000), ("mine", LEASE)),
    ]
)
CALL = st.lists(
    st.tuples(st.sampled_from(["new", "replace", "replace", "unique"]), PICK, PLACE, OPTIONS),
    min_size=1,
    max_size=3,
)
OUTCOME = st.tuples(
    PICK,
    st.sampled_from(["finish", "finish", "fail", "retry", "retry", "release"]),
    st.sampled_from(["", "what"]),
    st.sampled_from([0, 0, 60_000, -1]),
    st.sampled_from(["", "1"]),
)


class Machine(RuleBasedStateMachine):
    def __init__(self, url: str) -> None:
        super().__init__()
        name = f"model-{os.getpid()}-{next(_namespaces)}"
        self.connection = Connection(url, name)
        self.scripts = Scripts(self.connection)
        self.world = World(NOW)
        self.count = itertools.count(1)
        self.ids: list[str] = []
        self.sent: tuple[str, list[New]] | None = None
        self.leases: list[tuple[str, str, str]] = []
        """(job id, queue, token) of all that was ever handed out"""
        self.numbers = dict.fromkeys(WORKERS, 0)
        self.identities = dict.fromkeys(WORKERS, "1")
        self.exchanges: dict[str, tuple[list[str], int, list[Settled], bool]] = {}
        self.stale: Counter[str] = Counter()
        """ids that expired while they were in a queue's list"""
        self.asleep: dict[str, set[str]] = {}
        """workers that block on the bells of these queues"""
        self.woken: dict[str, set[str]] = {}
        """workers that took a bell, and have not looked yet"""
        self.seen = Snapshot()
        self.sound = True

    def teardown(self) -> None:
        try:
            if self.sound:
                self.drain()
        finally:
            purge(self.connection)
            self.connection.close()

    # Steps

    @rule(queue=st.sampled_from("pq"), jobs=CALL)
    def enqueue(self, queue: str, jobs: list[Any]) -> None:
        call = []
        for mode, pick, (place, when), options in jobs:
            number = next(self.count)
            job_id = f"n{number}" if mode == "new" else "ab"[pick % 2]
            ttl = options.get("ttl", 0) * 1000 or ""
            words = tuple(itertools.chain.from_iterable(options.items()))
            if place == "mine":
                ttl, words = "", (*words, "token", f"x{number}:1", "attempt", 1)
            nonce = "" if mode == "new" else f"e{number}"
            call.append(New(job_id, mode, nonce, place, when, ttl, words))
        self.send(queue, call)

    @precondition(lambda self: self.sent)
    @rule()
    def enqueue_again(self) -> None:
        assert self.sent is not None
        self.send(*self.sent)

    def send(self, queue: str, call: list[New]) -> None:
        self.sent = queue, call
        self.ids = list(dict.fromkeys([*self.ids, *(new.id for new in call)]))
        answer = self.same(
            lambda: self.scripts.enqueue(*call, queue=queue, time=self.world.now),
            lambda: self.world.enqueue(queue, call),
        )
        for new, fresh in zip(call, (answer or [])[1:], strict=False):
            if fresh and new.place == "mine":
                self.leases.append((new.id, queue, str(new.fields[-3])))

    @rule(
        worker=st.sampled_from(WORKERS),
        queues=QUEUES,
        want=st.integers(0, 4),
        outcomes=st.lists(OUTCOME, max_size=3),
    )
    def exchange(self, worker: str, queues: list[str], want: int, outcomes: list[Any]) -> None:
        settled = []
        for pick, kind, what, wait, at_front in outcomes:
            if self.leases:
                job_id, queue, token = self.leases[-1 - pick % len(self.leases)]
                ms = max(wait, 0) if kind in {"retry", "release"} else wait
                ran_before = int(self.world.fields(job_id).get("attempt", 0)) > 1
                again = "1" if ran_before else ""
                settled.append(Settled(kind, job_id, token, what, ms, queue, 5, at_front, again))
        self.numbers[worker] += 1
        # Who took a bell looks at all the queues that it slept on.
        queues = [*queues, *sorted(self.woken.get(worker, set()) - {*queues})]
        self.exchanges[worker] = queues, want, settled, worker in self.woken
        before = self.seen
        taken = self.trade(worker, self.numbers[worker])
        for job_id in taken:
            fields = self.world.fields(job_id)
            lease = job_id, fields["origin"], fields["token"]
            assert lease not in self.leases
            self.leases.append(lease)
        if len(taken) > 1:
            assert not any("crashes" in before.get(f"job:{job_id}", {}) for job_id in taken)

    @rule(worker=st.sampled_from(WORKERS))
    def exchange_again(self, worker: str) -> None:
        if worker in self.exchanges:
            number = self.numbers[worker]
            remembered = self.seen.get(f"worker:{worker}", {}).get("number") == str(number)
            before = self.seen
            taken = self.trade(worker, number)
            if remembered:
                self.look()
                for key in {*before.kept, *self.seen.kept} - {"started:p", "started:q"}:
                    assert self.seen.get(key) == before.get(key)
            else:
                # The server has forgotten the worker since. Who asks again has had no answer, so
                # nobody holds what the first one handed out.
                token = f"{worker}:{number}"
                self.leases = [lease for lease in self.leases if lease[2] != token]
                self.leases += [(j, self.world.fields(j)["origin"], token) for j in taken]

    @rule(worker=st.sampled_from(WORKERS))
    def exchange_late(self, worker: str) -> None:
        if self.numbers[worker] > 1 and worker in self.exchanges:
            known = self.seen.get(f"worker:{worker}", {}).get("number")
            if known == str(self.numbers[worker]):
                self.trade(worker, self.numbers[worker] - 1)

    def trade(self, worker: str, number: int) -> list[str]:
        queues, want, settled, woken = self.exchanges[worker]
        if number == self.numbers[worker]:  # a late one is not the worker that looks
            self.asleep.pop(worker, None)
            if woken:
                self.woken.pop(worker, None)
        answer = None

        def real() -> tuple[list[str], list[str]]:
            nonlocal answer
            answer = self.scripts.exchange(
                number,
                *settled,
                want=want,
                queues=tuple(queues),
                worker=worker,
                woken=woken,
                time=self.world.now,
            )
            return answer.ids, answer.refused

        both = self.same(
            real, lambda: self.world.exchange(worker, number, queues, want, settled, woken=woken)
        )
        if answer is None:
            return []
        due = min(self.world.agenda.values(), default=self.world.now - 1)
        assert answer.due == (max(0, due - self.world.now) if self.world.agenda else -1)
        assert answer.left == any(self.world.queue[queue] for queue in queues)
        if not answer.jobs and want and not answer.left and worker not in self.woken:
            self.asleep[worker] = set(queues)
        return list(both[0])

    @rule(worker=st.sampled_from(WORKERS), picks=st.lists(PICK, max_size=3))
    def extend(self, worker: str, picks: list[int]) -> None:
        held = [self.leases[-1 - pick % len(self.leases)] for pick in picks if self.leases]
        identity = self.identities[worker]

        def real() -> tuple[int, list[str], dict[str, str]]:
            words: list[Any] = [self.world.now, worker, 60_000, LEASE, "machine", identity]
            flat = itertools.chain.from_iterable(held)
            known, lost, others = self.scripts.call("extend", *words, 2, "state", "busy", *flat)
            return known, [job_id.decode() for job_id in lost], paired(others)

        self.same(real, lambda: self.world.extend(worker, identity, held))

    @rule(worker=st.sampled_from(WORKERS), reborn=st.booleans())
    def register(self, worker: str, reborn: bool) -> None:
        if reborn:
            self.identities[worker] += "'"
        identity = self.identities[worker]
        words = (self.world.now, worker, 60_000, "machine", identity, "queues", "p\nq")
        self.same(
            lambda: paired(self.scripts.call("register", *words)),
            lambda: self.world.register(worker, identity),
        )

    @rule(worker=st.sampled_from(WORKERS))
    def unregister(self, worker: str) -> None:
        identity = self.identities[worker]
        gone = self.same(
            lambda: self.scripts.unregister(worker, identity),
            lambda: self.world.unregister(worker, identity),
        )
        if gone:
            self.asleep.pop(worker, None)
            self.woken.pop(worker, None)

    @rule(worker=st.sampled_from(WORKERS), zombie=st.booleans())
    def takeover(self, worker: str, zombie: bool) -> None:
        identity = self.identities[worker] + "'" * zombie
        self.same(
            lambda: self.scripts.takeover(worker, identity, time=self.world.now),
            lambda: self.world.takeover(worker, identity),
        )

    @precondition(lambda self: self.ids)
    @rule(pick=PICK, ttl=st.sampled_from([YEAR, 0, -1]), again=st.booleans())
    def cancel(self, pick: int, ttl: int, again: bool) -> None:
        job_id, nonce = self.ids[-1 - pick % len(self.ids)], f"c{next(self.count)}"
        for _ in range(1 + again):
            self.same(
                lambda: self.scripts.cancel(job_id, nonce, ttl=ttl, time=self.world.now) and None,
                lambda: self.world.cancel(job_id, nonce, ttl),
            )
            self.look()

    @precondition(lambda self: self.ids)
    @rule(pick=PICK)
    def delete(self, pick: int) -> None:
        job_id = self.ids[-1 - pick % len(self.ids)]
        self.same(lambda: self.scripts.delete(job_id), lambda: self.world.delete(job_id))

    @precondition(lambda self: self.ids)
    @rule(pick=PICK, front=st.booleans(), again=st.booleans())
    def requeue(self, pick: int, front: bool, again: bool) -> None:
        job_id, nonce = self.ids[-1 - pick % len(self.ids)], f"r{next(self.count)}"

        def real() -> int | str:
            time = self.world.now
            (said,) = self.scripts.requeue(job_id, nonce=nonce, at_front=int(front), time=time)
            return said if isinstance(said, int) else said.decode()

        for _ in range(1 + again):
            self.same(real, lambda: self.world.requeue(job_id, nonce, front=front))
            self.look()

    @precondition(lambda self: self.ids)
    @rule(pick=PICK)
    def forget(self, pick: int) -> None:
        job_id = self.ids[-1 - pick % len(self.ids)]
        self.same(
            lambda: self.scripts.call("forget", job_id) and None,
            lambda: self.world.forget(job_id),
        )

    @precondition(lambda self: self.ids)
    @rule(pick=PICK, value=st.sampled_from(["", "x"]))
    def amend(self, pick: int, value: str) -> None:
        job_id = self.ids[-1 - pick % len(self.ids)]
        self.same(
            lambda: self.scripts.call("amend", job_id, "meta", value) and None,
            lambda: self.world.amend(job_id, value),
        )

    @rule(queue=st.sampled_from("pq"), at_most=st.sampled_from([1, 1000]))
    def empty(self, queue: str, at_most: int) -> None:
        self.same(
            lambda: self.scripts.call("empty", self.world.now, queue, at_most),
            lambda: self.world.empty(queue, at_most),
        )

    @rule(queue=st.sampled_from("pq"))
    def drop(self, queue: str) -> None:
        self.same(lambda: self.scripts.call("drop", queue), lambda: self.world.drop_name(queue))

    @rule(ms=st.sampled_from([1, 500, 5000, LEASE, 61_000, 600_000]))
    def pass_time(self, ms: int) -> None:
        """The server's clock is not ours, so what expires is deleted by hand."""
        places = Counter(itertools.chain.from_iterable(self.world.queue.values()))
        dead = self.world.pass_time(ms)
        if dead:
            self.scripts.command("DEL", *(self.connection.keys.prefix + key for key in dead))
        for key in dead:
            job_id = key.removeprefix("job:")
            if job_id != key:
                self.stale[job_id] = places[job_id]
        if ms >= 5000:  # no block lasts longer
            self.woken |= self.asleep
            self.asleep = {}

    def same(self, real: Any, expected: Any) -> Any:
        """What both the server and the world answer, or None if both refuse."""
        try:
            wanted = expected()
        except Refused as refusal:
            code = " ".join(str(refusal).split()[:2])
            try:
                real()
            except ServerError as error:
                assert str(error).startswith(code)  # noqa: PT017 - either may raise
                return None
            raise AssertionError(f"not refused: {refusal}") from None
        assert real() == wanted
        return wanted

    # What holds after each step

    @invariant()
    def look(self) -> None:
        self.sound = False
        self.ring_bells()
        self.seen = snapshot(self.connection)
        for keys in (self.seen.kept, self.seen.expiring):
            for key, content in keys.items():
                if key.startswith("runs:"):
                    keys[key] = [{"exc": "", **json.loads(run)} for run in content]
        assert self.seen == self.world.snapshot()
        self.check_places()
        self.check_leftovers()
        self.check_agenda()
        self.check_counts()
        self.sound = True

    def ring_bells(self) -> None:
        """A worker that blocks takes a bell at once; jobs that wait have a worker on its way."""
        for worker, queues in list(self.asleep.items()):
            for queue in sorted(queues):
                if queue in self.world.bells:
                    assert self.scripts.command("LPOP", self.connection.keys.bell(queue)) == b"1"
                    del self.world.bells[queue]
                    self.woken[worker] = self.asleep.pop(worker)
                    break
        on_their_way = set().union(*self.woken.values()) if self.woken else set()
        for worker, queues in self.asleep.items():
            for queue in queues:
                assert not self.world.queue[queue] or queue in on_their_way, (worker, queue)

    def check_places(self) -> None:
        """A job is in the one place that its status names, and nothing else is anywhere."""
        found: dict[str, Counter[str]] = {}
        for key, content in {**self.seen.kept, **self.seen.expiring}.items():
            kind, _, _ = key.partition(":")
            if kind in REGISTRIES.values():
                now = self.world.now
                expired = {
                    name for name in content if kind in TRIMMED.values() and content[name] <= now
                }
                for job_id in content:
                    if job_id not in expired:
                        found.setdefault(job_id, Counter())[key] += 1
        for job_id in self.ids:
            fields = self.seen.get(f"job:{job_id}")
            places = found.pop(job_id, Counter())
            if fields and job_id not in self.world.forgotten:
                home = f"{REGISTRIES[fields['status']]}:{fields['origin']}"
                assert places[home] >= 1, (job_id, fields, places)
                places[home] -= 1
            lists = sum(places[key] for key in places if key.startswith("queue:"))
            assert lists <= self.stale[job_id], (job_id, fields, places)
            self.stale[job_id] = lists
            assert sum(places.values()) == lists, (job_id, fields, places)
            if fields and fields["status"] == "started":
                assert fields["token"]
                assert f"job:{job_id}" in self.seen.kept
        assert not found

    def check_leftovers(self) -> None:
        """What never expires has an owner that never expires."""
        for key, content in self.seen.kept.items():
            kind, _, name = key.partition(":")
            if kind == "runs":
                assert f"job:{name}" in self.seen.kept
            elif kind == "job":
                ended = content["status"] in ENDED
                if ended and name not in self.world.forgotten:
                    assert self.seen[f"{content['status']}:{content['origin']}"][name] == math.inf
                if content["status"] == "queued":
                    assert "ttl" not in content
            else:
                assert kind in {*REGISTRIES.values(), "agenda", "queues", "workers"}, key

    def check_agenda(self) -> None:
        """Nothing falls due unseen; old entries of registries may wait for five seconds."""
        agenda = self.seen.kept.get("agenda", {})
        for kind, registry in {"s": "scheduled", "l": "started", **TRIMMED}.items():
            for queue in "pq":
                scores = self.seen.kept.get(f"{registry}:{queue}", {}).values()
                first = min(scores, default=math.inf)
                if first < math.inf:
                    latest = max(first, self.world.now + 5000) if kind in TRIMMED else first
                    assert agenda[f"{kind}:{queue}"] <= latest

    def check_counts(self) -> None:
        rows = self.scripts.call("overview", self.world.now, "p", "q")
        for name, *counts, suspended in rows:
            assert not suspended
            queue = name.decode()
            lists = len(self.seen.kept.get(f"queue:{queue}", []))
            expected = [lists]
            for registry in ("started", "finished", "failed", "deferred", "scheduled", "canceled"):
                scores = self.seen.kept.get(f"{registry}:{queue}", {}).values()
                alive = -math.inf if registry in {"started", "scheduled"} else self.world.now
                expected.append(sum(score > alive for score in scores))
            assert counts == expected

    def drain(self) -> None:
        """Whatever happened, a worker that goes on brings every job to its end."""
        self.pass_time(600_000)
        self.identities["w"] += "'"
        held: list[Settled] = []
        for _ in range(100):
            self.numbers["w"] += 1
            self.exchanges["w"] = ["p", "q"], 4, held, True
            taken = self.trade("w", self.numbers["w"])
            tokens = [(job_id, self.world.fields(job_id)) for job_id in taken]
            held = [
                Settled("finish", job_id, fields["token"], queue=fields["origin"])
                for job_id, fields in tokens
            ]
            self.look()
            if not held and not any(self.world.queue.values()):
                if not any(entry.startswith("s") for entry in self.world.agenda):
                    break
                self.pass_time(20_000)
        alive = {job_id for job_id, job in self.world.jobs.items() if job.expires == math.inf}
        assert {self.world.fields(job_id)["status"] for job_id in alive} <= ENDED


def paired(flat: list[bytes]) -> dict[str, str]:
    words = [word.decode() for word in flat]
    return dict(zip(words[::2], words[1::2], strict=True))


@pytest.mark.slow
@pytest.mark.timeout(3600)  # for a look as deep as one likes
def test_no_order_of_calls_puts_a_job_into_no_place_or_two(url):
    run_state_machine_as_test(
        lambda: Machine(url),  # type: ignore[arg-type]  # all that it does is to call it
        settings=settings(
            settings.get_profile(PROFILE),
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
