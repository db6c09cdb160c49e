"""Commands as a client gives them, to a worker that a test plays."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from workhorse.connection import Connection
from workhorse.drivers import run
from workhorse.envelopes import codec_for
from workhorse.exceptions import (
    CommandNotAcknowledged,
    CommandRefused,
    InvalidJobOperation,
    NoSuchJobError,
    NoSuchWorkerError,
)
from workhorse.ops import commands, inbox
from workhorse.ops.enqueue import enqueue
from workhorse.ops.inbox import SHUTDOWN, STOP_JOB, Address, Answer, Command
from workhorse.ops.workers import Identity, register
from workhorse.records import CallSpec

ME = Identity("w", "", "17.4")
NONCE = "0123456789abcdef" * 2


@pytest.fixture
def worker(connection: Connection) -> None:
    run(connection, register(connection.keys, ME, 60_000, {"queues": "default"}))


@pytest.fixture
def started(perform, keys, player, worker):
    perform(enqueue(keys, "default", [CallSpec("a", ("func", "f"))]))
    return player.take()


def tell(keys, what, *, worker="w", timeout=10.0):
    return commands.tell(keys, codec_for("json"), worker, what, NONCE, timeout)


def stop(keys, job_id="a", **options):
    return commands.stop(keys, codec_for("json"), job_id, NONCE, by="ada", **options)


@contextmanager
def answering(
    connection: Connection, reply: Callable[[Command], Answer]
) -> Iterator[list[Command]]:
    """A worker that answers one command; what that was."""
    got: list[Command] = []

    def work() -> None:
        with connection.borrow() as link:
            _, raw = link.call(("BLPOP", connection.keys.inbox("w"), 10), timeout=15)
        to = Address(connection.namespace, "w", ME.process)
        got.append(inbox.opened(codec_for("json"), to, raw, run(connection, inbox.server_time())))
        run(connection, inbox.answer(connection.keys, inbox.nonce_of(raw), reply(got[0])))

    thread = threading.Thread(target=work)
    thread.start()
    yield got
    thread.join()


@pytest.mark.usefixtures("worker")
def test_a_command_reaches_the_worker_and_its_answer_comes_back(perform, keys, connection):
    with answering(connection, lambda _: Answer(done=True, jobs={"x": "fail"})) as got:
        said = perform(tell(keys, Command(SHUTDOWN, by="ada")))
    assert said == Answer(done=True, jobs={"x": "fail"})
    assert got == [Command(SHUTDOWN, by="ada")]


@pytest.mark.usefixtures("worker")
def test_a_worker_that_refuses_says_why(perform, keys, connection):
    with (
        answering(connection, lambda _: Answer(done=False, said="no")),
        pytest.raises(CommandRefused, match="worker 'w' did not do it: no") as caught,
    ):
        perform(tell(keys, Command(SHUTDOWN)))
    assert (caught.value.worker, caught.value.why) == ("w", "no")


@pytest.mark.usefixtures("worker")
def test_an_answer_that_is_late_is_not_waited_for(perform, keys):
    with pytest.raises(CommandNotAcknowledged, match=r"within 0\.1 s: it has not taken") as caught:
        perform(tell(keys, Command(SHUTDOWN), timeout=0.1))
    assert not caught.value.taken


@pytest.mark.usefixtures("worker")
def test_it_is_told_whether_the_worker_has_taken_the_command(perform, keys, connection):
    def take() -> None:
        with connection.borrow() as link:
            link.call(("BLPOP", keys.inbox("w"), 10), timeout=15)

    thread = threading.Thread(target=take)
    thread.start()
    with pytest.raises(CommandNotAcknowledged, match="it has got the command") as caught:
        perform(tell(keys, Command(SHUTDOWN), timeout=0.5))
    thread.join()
    assert caught.value.taken
    assert isinstance(caught.value, TimeoutError)


def test_a_worker_that_is_not_there_is_an_error(perform, keys):
    with pytest.raises(NoSuchWorkerError, match="no live worker is called 'w'") as caught:
        perform(tell(keys, Command(SHUTDOWN)))
    assert caught.value.name == "w"


@pytest.mark.usefixtures("worker")
def test_a_worker_that_has_not_beaten_is_not_there(perform, keys, connection):
    with connection.borrow() as link:
        link.call(("ZADD", keys.workers, 1, "w"))
    with pytest.raises(NoSuchWorkerError, match="it has vanished"):
        perform(tell(keys, Command(SHUTDOWN)))


def test_the_job_that_runs_is_named_with_its_execution(perform, keys, connection, started):
    with answering(connection, lambda what: Answer(done=True, jobs={what.job_id: "stop"})) as got:
        perform(stop(keys))
    assert got == [Command(STOP_JOB, "a", started.token, "ada")]


@pytest.mark.parametrize(
    ("end", "why"),
    [
        ("finish", "it finished before that"),
        ("fail", "it failed before that"),
        ("retry", "to be retried: cancel it"),
        ("release", "it went back to its queue before that: cancel it"),
        ("lost", "its worker does not have it any more"),
    ],
)
def test_a_job_that_ended_before_is_told_how(perform, keys, connection, started, end, why):
    with (
        answering(connection, lambda what: Answer(done=False, jobs={what.job_id: end})),
        pytest.raises(InvalidJobOperation, match=f"job 'a' was not stopped: .*{why}"),
    ):
        perform(stop(keys))


def test_a_job_that_is_lost_because_it_has_ended_is_told_so(
    perform, keys, connection, player, started
):
    def reply(what: Command) -> Answer:
        player.fail(started)
        return Answer(done=False, jobs={what.job_id: "lost"})

    with (
        answering(connection, reply),
        pytest.raises(InvalidJobOperation, match="was not stopped: it is failed by now"),
    ):
        perform(stop(keys))


def test_only_the_execution_that_is_meant_is_stopped(perform, keys, started):
    with pytest.raises(InvalidJobOperation, match="is at execution 1 by now, not at 2"):
        perform(stop(keys, attempt=2))


def test_a_job_that_does_not_exist_is_not_stopped(perform, keys):
    with pytest.raises(NoSuchJobError):
        perform(stop(keys))


def test_a_job_that_waits_is_not_stopped_but_can_be_canceled(perform, keys):
    perform(enqueue(keys, "default", [CallSpec("a", ("func", "f"))]))
    with pytest.raises(InvalidJobOperation, match=r"'a' is queued; .*: cancel it instead"):
        perform(stop(keys))


def test_a_job_whose_worker_has_vanished_is_explained(perform, keys, player):
    perform(enqueue(keys, "default", [CallSpec("a", ("func", "f"))]))
    player.take()
    with pytest.raises(NoSuchWorkerError, match="it vanished with the job"):
        perform(stop(keys))


def test_a_job_that_its_producer_runs_is_explained(perform, keys, connection, player):
    perform(enqueue(keys, "default", [CallSpec("a", ("func", "f"))]))
    player.take()
    with connection.borrow() as link:
        link.call(("HSET", keys.job("a"), "token", "here.17.abcd:1"))
    with pytest.raises(NoSuchWorkerError, match="takes no commands"):
        perform(stop(keys))
