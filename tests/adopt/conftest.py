"""A server of its own for each test: RQ's keys are not in a namespace of ours."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.fleet import VERSIONS, Fleet
from workhorse.adopt.adopter import Adopter, Wanted
from workhorse.adopt.keys import RqKeys
from workhorse.adopt.report import Report
from workhorse.adopt.shape import Shaper
from workhorse.connection import Connection
from workhorse.drivers import run
from workhorse.effects import Flow, command

Adopt = Callable[..., Report]


@pytest.fixture(params=VERSIONS)
def fleet(request: pytest.FixtureRequest, connection: Connection) -> Iterator[Fleet]:
    """RQ, on the server that tests share; nothing of it stays there."""
    yield Fleet(request.param, connection.url)
    leave_nothing(connection)


def leave_nothing(connection: Connection) -> None:
    ask(
        connection,
        "EVAL",
        "for _, k in ipairs(redis.call('KEYS', 'rq:*')) do redis.call('DEL', k) end",
        0,
    )


def ask(connection: Connection, *words: Any) -> Any:
    """The answer to one command."""

    def asked() -> Flow[Any]:
        return (yield command(*words))

    return run(connection, asked())


def theirs(connection: Connection) -> set[str]:
    """The keys that RQ has, those of its workers and the list of queues aside."""
    found = {key.decode() for key in ask(connection, "KEYS", "rq:*")}
    aside = ("rq:queues", "rq:worker", "rq:clean_", "rq:group", "rq:rl")
    return {key for key in found if not key.startswith(aside)}


@pytest.fixture
def adopt(connection: Connection) -> Adopt:
    """Adopt what RQ has; takes what `Wanted` and `Shaper` do."""

    def call(
        *queues: str,
        dry_run: bool = False,
        serializer: str | None = None,
        allow: tuple[str, ...] = (),
    ) -> Report:
        shaper = Shaper(connection.namespace, serializer, allow)
        adopter = Adopter(connection.keys, RqKeys(), shaper, Wanted(queues, dry_run))
        return run(connection, adopter.adopt())

    return call


@pytest.fixture
def adopting(connection: Connection) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start `workhorse adopt` as a process; what is left of them is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith("WORKHORSE")
        }
        server = {"WORKHORSE_URL": connection.url, "WORKHORSE_NAMESPACE": connection.namespace}
        process = subprocess.Popen(
            [sys.executable, "-m", "workhorse", "adopt", *words],
            env={**kept, **server},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def rq_worker(fleet: Fleet) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start a worker of RQ; what is left of them is killed."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*queues: str, kind: str = "SimpleWorker") -> subprocess.Popen[bytes]:
        names = list(queues) or ["q"]
        process = fleet.start(
            f"rq.{kind}([queue(n) for n in {names!r}], connection=r).work(logging_level='ERROR')"
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
