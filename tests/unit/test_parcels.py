"""Messages between supervisor and horse, and what is too large for one."""

from __future__ import annotations

import errno
import os
import resource
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from workhorse.ops.leases import Lease
from workhorse.ops.reports import Report
from workhorse.worker.handoff import (
    BrokenReport,
    Note,
    Voice,
    job_message,
    note_message,
    read_job,
    read_message,
    report_message,
)
from workhorse.worker.parcels import LARGEST, RECEIVE, BadParcel, Parcel, channel, receive, send

Ends = tuple[socket.socket, socket.socket]
SIZES = (0, 1, 7_999, 8_000, 8_001, LARGEST - 1, LARGEST, LARGEST + 1, 3_000_000)


@pytest.fixture
def ends() -> Iterator[Ends]:
    sending, receiving = channel()
    with sending, receiving:
        receiving.setblocking(False)
        yield sending, receiving


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Iterator[None]:
    before = len(entries("/dev/fd"))
    yield
    assert len(entries("/dev/fd")) <= before


def passed_on(ends: Ends, parcel: Parcel) -> Parcel:
    sending, receiving = ends
    send(sending, *parcel)
    got = receive(receiving, most=10_000_000)
    assert got is not None
    return got


def ended(parcel: Parcel | None) -> tuple[str, Report, str]:
    assert parcel is not None
    said = read_message(*parcel)
    assert not isinstance(said, Note)
    return said


def entries(folder: str) -> set[str]:
    return {path.name for path in Path(folder).iterdir()}


def lease(**fields: bytes) -> Lease:
    hashed = {name.encode(): value for name, value in fields.items()}
    return Lease("some id", "default", "worker:1", 2, hashed)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("others", [{}, {"meta": 20_000}, {"func": 9_000, "x": 9_000}])
def test_a_job_of_any_size_arrives_as_it_was(ends: Ends, size: int, others: dict[str, int]):
    sent = lease(data=b"d" * size, **{name: b"o" * length for name, length in others.items()})
    job = read_job(*passed_on(ends, job_message(sent)))
    assert (job.id, job.queue, job.token, job.attempt) == ("some id", "default", "worker:1", 2)
    assert job.fields == sent.fields


@pytest.mark.parametrize("size", SIZES)
def test_a_report_of_any_size_arrives_as_it_was(ends: Ends, size: int):
    report = Report("failed", b"r" * size, 7, ("a.B", "c.D"), "policy")
    assert read_message(*passed_on(ends, report_message("some id", report, "thread"))) == (
        *("some id", report._replace(names=["a.B", "c.D"]), "thread"),
    )


@pytest.mark.parametrize("words", [["one"], ["name" * 20] * 1000])
def test_a_note_of_any_length_arrives_as_it_was(ends: Ends, words: list[str]):
    assert read_message(*passed_on(ends, note_message("begun", *words))) == ("begun", words)


def test_long_names_of_exceptions_are_cut(ends: Ends):
    report = Report("failed", b"", 0, ("é" * 100_000, "\udc80"))
    _, got, _ = ended(passed_on(ends, report_message("some id", report)))
    assert got.names == ["é" * 1000]


def test_what_is_taken_back_says_whose_it_is_and_leaves_nothing_open(ends: Ends):
    sending, receiving = ends
    for size in (10, 100_000):
        send(sending, *job_message(lease(data=b"d" * size, meta=b"m" * size)))
        message = receiving.recv(RECEIVE)
        assert read_job(message).id == "some id"


def test_who_closes_has_said_all(ends: Ends):
    sending, receiving = ends
    with pytest.raises(BlockingIOError):
        receive(receiving)
    sending.close()
    assert receive(receiving) is None


def test_nothing_but_a_file_of_memory_is_read_from_a_horse(ends: Ends, tmp_path):
    sending, receiving = ends
    reading, writing = os.pipe()
    (tmp_path / "file").write_bytes(b"x" * 100)
    memory = os.memfd_create("too large")
    os.ftruncate(memory, 2**40)
    file = os.open(tmp_path / "file", os.O_RDONLY)
    folder = os.open(tmp_path, os.O_RDONLY)
    for fd in (reading, writing, memory, file, folder):
        socket.send_fds(sending, [b"F"], [fd, fd, fd])
        os.close(fd)
        with pytest.raises(BadParcel):
            receive(receiving, most=1000)


def test_a_report_whose_file_is_shorter_than_it_says_is_broken(ends: Ends):
    message, beside = report_message("some id", Report("finished", b"r" * 100_000))
    for wrong in (beside[1:], beside + b"x", b""):
        with pytest.raises(BrokenReport):
            read_message(*passed_on(ends, (message, wrong)))


def test_without_memory_files_it_is_a_file_without_a_name(ends: Ends, monkeypatch):
    monkeypatch.delattr(os, "memfd_create")
    before = entries(tempfile.gettempdir())
    assert passed_on(ends, (b"m", b"x" * 100_000)) == (b"m", b"x" * 100_000)
    assert entries(tempfile.gettempdir()) <= before


def test_a_horse_that_has_no_room_for_its_result_says_so(ends: Ends):
    sending, receiving = ends
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        Voice(sending, set()).report("some id", Report("finished", b"r" * 100_000, 7))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    job_id, report, _ = ended(receive(receiving))
    assert (job_id, report.kind, report.ran) == ("some id", "failed", 7)
    assert os.strerror(errno.EMFILE).encode() in report.what
