"""The n-th call fails before or after it reached the server, for every n there is."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import math
import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.faults import Faulty, When
from tests.support.scripts import Scripts, Settled
from tests.support.snapshot import snapshot
from workhorse.drivers import arun, run
from workhorse.effects import Flow
from workhorse.exceptions import ConnectionLost
from workhorse.keys import Keys
from workhorse.ops.claim import Terms, exchange
from workhorse.ops.control import amend, cancel, delete, forget, requeue
from workhorse.ops.enqueue import enqueue
from workhorse.ops.inbox import Answer, answer
from workhorse.ops.queues import empty
from workhorse.ops.settle import Outcome
from workhorse.ops.workers import Identity, extend, register, takeover, unregister
from workhorse.records import CallSpec
from workhorse.testing import purge

Story = list[Callable[[Keys], Flow[Any]]]
LEASE = 15_000
TERMS = Terms("w", LEASE, 3)
WHO = Identity("w", "machine", "1")

_namespaces = itertools.count(1)


def ends(kind: str, job_id: str, number: int, ttl: int, what: str = "") -> Outcome:
    return Outcome(kind, job_id, "q", f"w:{number}", what, ttl, 5, "")


def trade(number: int, *outcomes: Outcome, want: int = 0) -> Callable[[Keys], Flow[Any]]:
    return lambda keys: exchange(keys, TERMS, number, ["q"], want, outcomes)


def store(*specs: CallSpec) -> Callable[[Keys], Flow[Any]]:
    return lambda keys: enqueue(keys, "q", specs)


STORY: Story = [
    lambda keys: register(keys, WHO, 60_000, {"queues": "q"}),
    store(CallSpec("a", ("func", "m.f")), CallSpec("b", (), mode="replace", nonce="b1")),
    store(CallSpec("c", (), mode="unique", nonce="c1"), CallSpec("d", (), at_front=True)),
    trade(1, want=3),
    lambda keys: extend(keys, WHO, 60_000, LEASE, {"state": "busy"}, [("a", "q", "w:1")]),
    # d is given back, a vanishes, b goes to the tail: c and d come next
    trade(2, *(ends(*o) for o in (("finish", "a", 1, 0), ("retry", "b", 1, 0, "boom"))), want=1),
    trade(3, ends("release", "d", 1, 0), want=0),
    trade(4, want=3),
    trade(5, ends("fail", "c", 2, 9_000_000, "boom"), ends("finish", "b", 4, -1, "result")),
    lambda keys: requeue(keys, ["c", "b"], "r1"),
    lambda keys: cancel(keys, "c", "x1"),
    lambda keys: amend(keys, "d", "meta", "new"),
    trade(6, ends("finish", "d", 4, -1), want=1),
    trade(7, ends("retry", "b", 6, 9_000_000, "boom")),
    lambda keys: forget(keys, "d"),
    store(CallSpec("e", ()), CallSpec("f", (), delay=9_000_000)),
    lambda keys: delete(keys, "e"),
    store(CallSpec("b", (), mode="replace", nonce="b2"), CallSpec("g", ())),
    lambda keys: empty(keys, "q"),
    store(CallSpec("h", ())),
    trade(8, want=1),
    lambda keys: takeover(keys, WHO, 3),
    lambda keys: register(keys, WHO, 60_000, {"queues": "q"}),
    trade(9, want=1),
    lambda keys: unregister(keys, WHO),
    lambda keys: answer(keys, "0" * 32, Answer(done=True)),
]
IDS = "abcdefgh"


def blocking(connection: Faulty, flows: Iterator[Flow[Any]]) -> None:
    for flow in flows:
        run(connection, flow)


def awaited(connection: Faulty, flows: Iterator[Flow[Any]]) -> None:
    async def play() -> None:
        for flow in flows:
            await arun(connection, flow)
        await connection.aclose()

    asyncio.run(play())


def faults(url: str, when: When, *, patience: float) -> Iterator[Faulty]:
    """A connection that loses its 1st call, then one that loses its 2nd, … until one loses none."""
    for number in itertools.count(1):
        name = f"faults-{os.getpid()}-{next(_namespaces)}"
        connection = Faulty(url, name, patience=patience)
        connection.at, connection.when = number, when
        yield connection
        purge(connection)
        connection.close()
        if not connection.struck:
            return


def state(connection: Faulty) -> Any:
    """What the namespace holds, whatever the time was."""
    seen = snapshot(connection)
    return timeless([seen.kept, seen.expiring])


def timeless(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: timeless(value) for name, value in content.items()}
    if isinstance(content, list):
        return [timeless(value) for value in content]
    if isinstance(content, float):
        return content if math.isinf(content) else 0
    return re.sub(r"\b\d{13}\b", "now", content) if isinstance(content, str) else content


@pytest.fixture(scope="module")
def undisturbed(server):
    connection = Faulty(server.url, f"faults-{os.getpid()}-0")
    blocking(connection, (step(connection.keys) for step in STORY))
    yield state(connection)
    purge(connection)
    connection.close()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("play", [blocking, awaited])
def test_a_call_that_the_driver_sends_again_changes_nothing_twice(url, undisturbed, play, when):
    for connection in faults(url, when, patience=5):
        with connection.borrow() as link:
            link.call(("SCRIPT", "FLUSH"))  # so that also loading a script fails
        play(connection, (step(connection.keys) for step in STORY))
        connection.at = 0  # no more
        assert state(connection) == undisturbed


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("play", [blocking, awaited])
def test_a_call_that_its_caller_repeats_changes_nothing_twice(url, undisturbed, play, when):
    for connection in faults(url, when, patience=0):
        for step in STORY:
            try:
                play(connection, iter([step(connection.keys)]))
            except ConnectionLost:
                play(connection, iter([step(connection.keys)]))
        connection.at = 0  # no more
        assert state(connection) == undisturbed


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("play", [blocking, awaited])
def test_whoever_dies_at_a_lost_call_costs_no_job(url, play, when):
    for connection in faults(url, when, patience=0):
        with contextlib.suppress(ConnectionLost):
            play(connection, (step(connection.keys) for step in STORY))
        connection.at = 0
        check_that_all_ends(connection)


def check_that_all_ends(connection: Faulty) -> None:
    """Another worker brings to an end what is there, and each job is in the one place it names."""
    scripts = Scripts(connection)
    seconds, _ = scripts.command("TIME")
    later = int(seconds) * 1000 + 10_000_000
    held: list[Settled] = []
    started: list[str] = []
    for number in itertools.count(1):
        answer = scripts.exchange(number, *held, want=9, worker="v", time=later)
        assert answer.refused == []
        held = [Settled("finish", job_id, f"v:{number}", wait=-1) for job_id in answer.ids]
        started += answer.ids
        if not held and not answer.left and answer.due != 0:
            break
    assert len(started) == len(set(started))
    seen = snapshot(connection)
    for key in ("queue:q", "started:q", "scheduled:q"):
        assert key not in seen.kept
    for job_id in IDS:
        fields = seen.get(f"job:{job_id}")
        registries = [
            key for key in ("finished:q", "failed:q", "canceled:q") if job_id in seen.get(key, ())
        ]
        assert len(registries) <= (fields is not None)
        if fields and registries:
            assert registries == [f"{fields['status']}:q"]
