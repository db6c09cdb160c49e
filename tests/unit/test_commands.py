"""The desk: each command is checked, carried out once, and answered when it is done."""

from __future__ import annotations

import json
from typing import Any

import pytest

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
    answer_of,
    opened,
    sealed,
)
from workhorse.ops.leases import Lease
from workhorse.ops.reports import Report
from workhorse.ops.settle import Outcome, release, settle
from workhorse.serializers import resolve_serializer
from workhorse.worker.commands import REMEMBERED, Desk, Execution, Hands

NOW = 2_000_000_000_000
ME = Address("wh", "w", "17.4")
NONCE = "0" * 32
SECRETS = ("a secret of sixteen characters", "another secret of as many")
STOP = Command(STOP_JOB, "a", "w:1", "ada")


class Worker:
    """What a desk makes a worker do, and what it answers."""

    def __init__(self) -> None:
        self.done: list[Any] = []
        self.answers: list[tuple[str, Answer]] = []
        self.runs: list[Lease] = []
        self.held: set[Execution] | None = set()
        self.stops: dict[Execution, str] = {}
        hands = Hands(lambda: self.done.append("down"), self.kill, self.stop, lambda: self.held)
        self.desk = Desk(ME, self.stops, hands, lambda *said: self.answers.append(said))

    def kill(self, why: str) -> list[Lease]:
        self.done.append(why)
        return self.runs

    def stop(self, *asked: str) -> None:
        self.done.append(asked)

    def told(self, what: Command, nonce: str = NONCE) -> None:
        self.desk.take(message(what, nonce), NOW)


@pytest.fixture
def worker() -> Worker:
    return Worker()


def message(what: Command, nonce: str = NONCE, to: Address = ME, until: int = NOW) -> bytes:
    return sealed(codec_for("json"), to, what, nonce, until)


def lease(job_id: str = "a", **fields: str) -> Lease:
    raw = {name.encode(): value.encode() for name, value in fields.items()}
    return Lease(job_id, "q", "w:1", 1, raw)


def ends(job_id: str, kind: str, run: str = "w:1") -> Outcome:
    return Outcome(kind, job_id, "q", run, "", 0, 0, "")


# Obeying


def test_a_shutdown_is_answered_before_it_begins(worker: Worker):
    worker.told(Command(SHUTDOWN))
    assert (worker.done, worker.answers) == (["down"], [(NONCE, Answer(done=True))])


def test_a_stop_is_answered_when_the_server_knows(worker: Worker):
    worker.held = {("a", "w:1")}
    worker.told(STOP)
    assert worker.done == [("a", "w:1", "stopped by ada")]
    worker.desk.settled([ends("b", "finish")], ())
    assert (worker.answers, worker.desk.waits) == ([], True)
    worker.desk.settled([ends("a", "stop")], ())
    assert worker.answers == [(NONCE, Answer(done=True, jobs={"a": "stop"}))]
    assert (worker.stops, worker.desk.waits) == ({}, False)


@pytest.mark.parametrize("end", ["finish", "fail", "retry", "release"])
def test_a_job_that_ended_otherwise_was_not_stopped(worker: Worker, end: str):
    worker.held = {("a", "w:1")}
    worker.told(STOP)
    worker.desk.settled([ends("a", end)], ())
    ((_, said),) = worker.answers
    assert (said.done, said.jobs) == (False, {"a": end})


def test_an_end_that_came_too_late_is_told(worker: Worker):
    worker.held = {("a", "w:1")}
    worker.told(STOP)
    worker.desk.settled([ends("a", "stop")], ["a"])
    assert worker.answers[0][1].jobs == {"a": "lost"}


def test_a_job_that_is_not_there_is_lost(worker: Worker):
    worker.told(STOP)
    assert worker.answers[0][1].jobs == {"a": "lost"}
    assert not worker.stops


def test_a_job_that_an_exchange_may_bring_is_waited_for(worker: Worker):
    worker.held = None
    worker.told(STOP)
    assert worker.answers == []
    worker.held = {("a", "w:1")}
    worker.desk.settled((), ())
    assert worker.answers == []
    worker.held = set()
    worker.desk.settled((), ())
    assert worker.answers[0][1].jobs == {"a": "lost"}


def test_another_execution_of_the_job_is_another_matter(worker: Worker):
    worker.held = {("a", "w:1")}
    worker.told(STOP)
    worker.desk.settled([ends("a", "finish", "w:2")], ())
    assert worker.answers == []
    assert worker.desk.stopped(Lease("a", "q", "w:2", 2, {})) is None


def test_two_who_stop_the_same_job_are_both_answered(worker: Worker):
    worker.held = {("a", "w:1")}
    worker.told(STOP, "1" * 32)
    worker.told(STOP, "2" * 32)
    worker.desk.settled([ends("a", "stop")], ())
    assert [nonce[0] for nonce, _ in worker.answers] == ["1", "2"]


def test_a_killed_horse_is_answered_when_all_its_jobs_have_ended(worker: Worker):
    worker.runs = [lease("a"), lease("b")]
    worker.held = {("a", "w:1"), ("b", "w:1")}
    worker.told(Command(KILL_HORSE, by="ada"))
    assert worker.done == ["workhorse.exceptions.WorkHorseDied: the work horse was killed by ada"]
    worker.desk.settled([ends("b", "retry")], ())
    assert worker.answers == []
    worker.desk.settled([ends("a", "fail")], ())
    assert worker.answers == [(NONCE, Answer(done=True, jobs={"a": "fail", "b": "retry"}))]


def test_who_has_no_horse_to_kill_says_so(worker: Worker):
    worker.told(Command(KILL_HORSE))
    assert worker.answers == [(NONCE, Answer(done=False, said="no job runs in it now"))]


def test_an_unknown_command_is_answered(worker: Worker):
    worker.told(Command("dance\n"))
    assert worker.answers == [(NONCE, Answer(done=False, said="it knows no command 'dance?'"))]
    assert worker.done == []


# Once


def test_a_command_that_comes_twice_is_carried_out_once_and_answered_twice(worker: Worker):
    worker.told(Command(SHUTDOWN))
    worker.told(Command(SHUTDOWN))
    assert worker.done == ["down"]
    assert worker.answers == [(NONCE, Answer(done=True))] * 2


def test_a_command_that_comes_again_before_it_is_done_changes_nothing(worker: Worker):
    worker.held = {("a", "w:1")}
    worker.told(STOP)
    worker.told(STOP)
    assert (len(worker.done), worker.answers) == (1, [])


def test_commands_of_long_ago_are_forgotten(worker: Worker):
    for number in range(REMEMBERED + 1):
        worker.told(Command(SHUTDOWN), f"{number:032x}")
    worker.told(Command(SHUTDOWN), f"{1:032x}")
    assert len(worker.done) == REMEMBERED + 1
    worker.told(Command(SHUTDOWN), f"{0:032x}")
    assert len(worker.done) == REMEMBERED + 2


# What becomes of a job that is to end


@pytest.fixture
def stopping(worker: Worker) -> Worker:
    worker.held = {("a", "w:1")}
    worker.told(STOP)
    return worker


TEXT = "workhorse.exceptions.JobStopped: stopped by ada"


def test_one_that_did_not_begin_is_stopped(stopping: Worker):
    outcome = stopping.desk.stopped(lease(failure_ttl="5"))
    assert outcome == Outcome("stop", "a", "q", "w:1", TEXT.encode(), 5000, 0, "")


def test_one_that_failed_is_stopped_and_tells_both(stopping: Worker):
    outcome = stopping.desk.stopped(lease(), Report("failed", b"Traceback", 3000))
    assert outcome is not None
    assert (outcome.kind, outcome.what, outcome.ran) == (
        "stop",
        f"{TEXT}\n\nTraceback".encode(),
        3,
    )


def test_one_whose_horse_was_killed_says_so_once(stopping: Worker):
    text = f"{TEXT}, and its work horse was killed".encode()
    outcome = stopping.desk.stopped(lease(), Report("failed", text))
    assert outcome is not None
    assert outcome.what == text


@pytest.mark.parametrize("kind", ["again", "refused", "failed"])
def test_one_that_wants_to_be_retried_is_stopped(stopping: Worker, kind: str):
    outcome = stopping.desk.stopped(lease(), Report(kind, policy='{"max": 3}'))
    assert outcome is not None
    assert outcome.kind == "stop"


def test_one_that_finished_has_finished(stopping: Worker):
    assert stopping.desk.stopped(lease(), Report("finished", b"1")) is None


def test_other_jobs_are_let_be(stopping: Worker):
    assert stopping.desk.stopped(lease("b")) is None
    assert stopping.desk.stopped(lease("b"), Report("failed")) is None


def test_a_stopped_job_is_kept_as_long_as_a_failed_one(stopping: Worker):
    report = Report("failed", b"no")
    failed, stopped = settle(lease(), report, chance=0.5), stopping.desk.stopped(lease(), report)
    assert stopped is not None
    assert stopped.wait == failed.wait
    assert release(lease()).kind == "release"


# Trust


@pytest.mark.parametrize(
    ("to", "until", "why"),
    [
        (Address("wh", "w", "17.5"), NOW, "for another process"),
        (ME, NOW - 1, "came too late"),
    ],
)
def test_a_command_that_does_not_fit_is_refused_and_answered(
    worker: Worker, to: Address, until: int, why: str, caplog: pytest.LogCaptureFixture
):
    worker.desk.take(message(Command(SHUTDOWN), to=to, until=until), NOW)
    ((nonce, said),) = worker.answers
    assert (nonce, said.done, worker.done) == (NONCE, False, [])
    assert why in said.said
    assert why in caplog.text


@pytest.mark.parametrize("raw", [b"", b"hello", b"z" * 64, NONCE.encode() + b"x" * 5000])
def test_what_is_no_command_is_refused_and_not_answered(worker: Worker, raw: bytes):
    worker.desk.take(raw, NOW)
    assert (worker.answers, worker.done) == ([], [])


@pytest.mark.parametrize("body", ["[]", '{"a": 1}', "[1, 2, 3, 4, 5, 6]", "not JSON", "null"])
def test_what_cannot_be_read_is_refused_and_answered(worker: Worker, body: str):
    worker.desk.take(NONCE.encode() + b"\x01\x00j" + body.encode(), NOW)
    assert [said.done for _, said in worker.answers] == [False]


def json_codec(*secrets: str) -> Codec:
    return Codec(resolve_serializer("json"), secrets)


def test_a_signed_command_is_obeyed_by_who_has_the_secret():
    raw = sealed(json_codec(SECRETS[0]), ME, STOP, NONCE, NOW)
    assert opened(json_codec(*reversed(SECRETS)), ME, raw, NOW) == STOP


@pytest.mark.parametrize(
    ("sender", "reader"), [((), SECRETS), (SECRETS[:1], ()), (SECRETS[:1], SECRETS[1:])]
)
def test_a_command_that_is_signed_otherwise_is_not_read(sender: Any, reader: Any):
    raw = sealed(json_codec(*sender), ME, STOP, NONCE, NOW)
    with pytest.raises(Unfit, match=r"signed as WORKHORSE_SECRET|without a signature"):
        opened(json_codec(*reader), ME, raw, NOW)


@pytest.mark.parametrize(
    ("to", "nonce"),
    [
        (Address("other", "w", "17.4"), NONCE),
        (Address("wh", "v", "17.4"), NONCE),
        (Address("wh", "w", "17.5"), NONCE),
        (ME, "1" * 32),
    ],
    ids=["namespace", "worker", "process", "nonce"],
)
def test_a_signed_command_cannot_be_moved(to: Address, nonce: str):
    codec = json_codec(SECRETS[0])
    raw = nonce.encode() + sealed(codec, ME, STOP, NONCE, NOW)[32:]
    with pytest.raises(Unfit):
        opened(codec, to, raw, NOW)


def test_no_bit_of_a_signed_command_can_be_changed():
    codec = json_codec(SECRETS[0])
    raw = sealed(codec, ME, STOP, NONCE, NOW)
    for at in range(len(raw)):
        for bit in range(8):
            forged = bytearray(raw)
            forged[at] ^= 1 << bit
            with pytest.raises(Unfit):
                opened(codec, ME, bytes(forged), NOW)


@pytest.mark.parametrize("raw", [b"", b"1", b"[1, 2]", b"[true, 1, 2]", b"\xff", b'{"done": 1}'])
def test_what_is_no_answer_is_none(raw: bytes):
    assert answer_of(raw) is None


def test_an_answer_is_read_as_it_was_written():
    raw = json.dumps([True, "why", {"a": "stop"}]).encode()
    assert answer_of(raw) == Answer(done=True, said="why", jobs={"a": "stop"})
