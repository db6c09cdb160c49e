"""What real RQ has pickled is read without being unpickled, and comes out as it went in."""

from __future__ import annotations

import pickle
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest

from tests.adopt.conftest import ask, theirs
from tests.support import rqjobs
from workhorse.adopt import pickles
from workhorse.adopt.values import Maker
from workhorse.exceptions import DeserializationError, RefusedPayload
from workhorse.job import Job
from workhorse.queue import Queue
from workhorse.serializers.classes import AllowedClasses
from workhorse.worker import SimpleWorker

NOTHING_ALLOWED = AllowedClasses()

VALUES = """
import collections, decimal, fractions, ipaddress, pathlib, uuid, zoneinfo
from datetime import UTC, date, datetime, time, timedelta, timezone
shared = [1]
VALUES = [
    None, True, 1, -(2**70), 1.5, 1j, "text", "\\N{SNOWMAN}" * 300, b"bytes", bytearray(b"x"),
    (), (1,), (1, 2, 3, 4), [], [1, [2]], {}, {"a": {1: 2}}, set(), {1, 2}, frozenset({3}),
    range(1, 9, 2), slice(1, None, 2), date(2024, 2, 29), time(1, 2, 3, tzinfo=UTC),
    datetime(2024, 2, 29, 12, tzinfo=timezone(timedelta(hours=5), "there")), timedelta(1, 2, 3),
    datetime(2024, 7, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
    decimal.Decimal("1.10"), fractions.Fraction(-1, 3), uuid.UUID(int=2**90),
    pathlib.PurePosixPath("a/b"),
    pathlib.Path("/x"), ipaddress.ip_address("10.0.0.1"), ipaddress.ip_network("fe80::/64"),
    collections.OrderedDict(b=1, a=2), collections.Counter("abca"), collections.deque([1, 2], 5),
    collections.deque([3]), collections.defaultdict(list, a=[1]), ValueError("a", 1),
    [shared, shared],
]
"""


def values() -> list[Any]:
    names: dict[str, Any] = {}
    exec(VALUES, names)  # noqa: S102 - the same text that the producer runs
    found: list[Any] = names["VALUES"]
    return found


def same(found: object, value: object) -> bool:
    if isinstance(value, BaseException):
        return type(found) is type(value) and repr(found) == repr(value)
    return type(found) is type(value) and found == value


@pytest.mark.parametrize("protocol", [3, 4, 5])
@pytest.mark.parametrize("value", values(), ids=lambda value: f"{value!r:.20}")
def test_a_plain_value_comes_out_as_it_went_in(value, protocol):
    raw = pickle.dumps(value, protocol)
    assert same(Maker(NOTHING_ALLOWED).make(pickles.read(raw)), value)


def test_what_a_pickle_names_twice_stays_one():
    shared: list[Any] = [1]
    shared.append(shared)
    found = Maker(NOTHING_ALLOWED).make(pickles.read(pickle.dumps([shared, shared])))
    assert found[0] is found[1]
    assert found[0][1] is found[0]


def test_values_of_real_rq_arrive_as_they_were(fleet, adopt, connection):
    fleet.run(VALUES + 'queue().enqueue(jobs.echo, *VALUES, key=VALUES, job_id="j")\nwork()')
    adopt()
    job = Job.fetch("j", connection)
    for found, value in zip(job.args, values(), strict=True):
        assert same(found, value)
    args, kwargs = job.return_value()
    assert all(map(same, args, values()))
    assert all(map(same, kwargs["key"], values()))


def test_a_class_must_be_allowed_by_name(fleet, adopt, connection):
    fleet.run("""
queue().enqueue(jobs.echo, jobs.Order(1, ["x"]), jobs.Colour.RED, job_id="j")
queue().enqueue(jobs.Order(40, ["x"]).total, 1, job_id="method")
""")
    left = adopt().left
    assert "--allow-class 'tests.support.rqjobs.Order'" in left["j"].why
    assert left.keys() == {"j", "method"}
    assert Queue("q", connection).count == 0
    adopt(allow=("tests.support.*",))
    worker = SimpleWorker(["q"], connection=connection, allow_classes=["tests.support.*"])
    worker.work(burst=True)
    fetched = Job.fetch("j", connection, allow=["tests.support.*"])
    assert fetched.return_value() == ((rqjobs.Order(1, ["x"]), rqjobs.Colour.RED), {})
    assert Job.fetch("method", connection).return_value() == 42


def test_with_the_pickle_serializer_nothing_is_opened_and_all_of_it_runs(
    fleet, adopt, connection, tmp_path
):
    fleet.run("""
meta = {"o": jobs.Order(2, [])}
queue().enqueue(jobs.echo, jobs.Order(1, ["x"]), key={"a": 1}, job_id="j", meta=meta)
queue().enqueue(jobs.Order(40, ["x"]).total, 1, job_id="method")
queue().enqueue(jobs.echo, jobs.Order(7, []), job_id="done")
work(max_jobs=1)
""")
    adopt(serializer="pickle")
    assert theirs(connection) == set()
    worker = SimpleWorker(["q"], connection=connection, serializer="pickle")
    worker.work(burst=True)
    job = Job.fetch("j", connection, serializer="pickle")
    assert job.return_value() == ((rqjobs.Order(1, ["x"]),), {"key": {"a": 1}})
    assert job.meta == {"o": rqjobs.Order(2, [])}
    assert Job.fetch("method", connection, serializer="pickle").return_value() == 42


def test_jobs_of_the_json_serializer_are_read(fleet, adopt, connection):
    fleet.run("""
q = queue(serializer=rq.serializers.JSONSerializer)
q.enqueue(jobs.add, 1, b=41, job_id="j", meta={"a": [1]})
""")
    adopt()
    SimpleWorker(["q"], connection=connection).work(burst=True)
    job = Job.fetch("j", connection)
    assert (job.return_value(), job.meta) == (42, {"a": [1]})


class Evil:
    """Leaves a mark where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = str(mark)

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (self.mark, "w"))


@pytest.mark.parametrize("serializer", [None, "pickle"])
def test_a_hostile_pickle_runs_nothing_in_the_adopter(connection, adopt, tmp_path, serializer):
    mark = tmp_path / "mark"
    call = pickle.dumps(("tests.support.rqjobs.echo", None, (Evil(mark),), {}))
    key = "rq:job:evil"
    fields = ("data", zlib.compress(call), "origin", "q", "status", "queued")
    ask(connection, "HSET", key, *fields, "created_at", "2024-01-01T00:00:00Z")
    ask(connection, "SADD", "rq:queues", "rq:queue:q")
    ask(connection, "RPUSH", "rq:queue:q", "evil")
    try:
        report = adopt(serializer=serializer)
        assert not mark.exists()
        assert report.total == (1 if serializer else 0)
    finally:
        ask(connection, "DEL", key, "rq:queue:q", "rq:queues")


HOSTILE = {
    "an attribute of a class": b"\x80\x04cbuiltins\nobject\n}\x8c\x01xK\x01sb.",
    "a far memo slot": b"\x80\x04Nr\xff\xff\xff\x7f.",
    "a long lie": b"\x80\x05\x96\xff\xff\xff\xff\xff\xff\x00\x00x.",
    "an extension": b"\x80\x02\x82\x01.",
    "something outside": b"\x80\x02K\x01Q.",
    "a dropped call": b"\x80\x02cos\ngetpid\n)R0N.",
    "a class": b"\x80\x02cos\nsystem\n.",
    "an attribute": b"\x80\x02cbuiltins\ngetattr\ncos\npath\n\x8c\x04join\x86R.",
    "a called function": b"\x80\x02cos\nsystem\n\x8c\x04true\x85R.",
    "a fraction without end": b"\x80\x04cfractions\nFraction\n\x8c\x0b1e999999999\x85R.",
    "no pickle": b"\x80\x05garbage",
    "no JSON": b"[1, 2",
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_what_no_value_needs_is_refused(raw):
    with pytest.raises(DeserializationError):
        Maker(AllowedClasses(["os.*", "builtins.*"])).make(pickles.read(raw))


def test_reading_a_pickle_imports_nothing():
    raw = pickle.dumps(rqjobs.Order(1, []))
    code = (
        "import sys; from workhorse.adopt import pickles; "
        f"made = pickles.read({raw!r}); "
        "print(type(made).qualname, 'tests.support.rqjobs' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["Order", "False"]


def test_a_class_that_is_not_what_its_name_says_is_refused():
    raw = pickle.dumps(rqjobs.Order(1, []))
    with pytest.raises(RefusedPayload, match="not allowed"):
        Maker(AllowedClasses(["tests.support.other.*"])).make(pickles.read(raw))
