"""`Cron` and `AsyncCron`, the decorator, and modules with entries."""

import asyncio
import importlib
import inspect
import sys
import textwrap
from datetime import UTC, datetime, timedelta

import pytest

from tests.support import jobs
from workhorse.cron import AsyncCron, Cron, Definition, Loaded, cron
from workhorse.cronentries import define, written_by
from workhorse.drivers import run
from workhorse.exceptions import (
    BadArguments,
    BadSchedule,
    NoSuchCronError,
    NotImportable,
    NotSerializable,
)
from workhorse.ops import cron as ops
from workhorse.queue import Queue
from workhorse.timetable import crontab


@pytest.fixture(params=["sync", "asyncio"])
def play(request, connection):
    """Entries, and what awaits what has to be awaited."""
    if request.param == "sync":
        yield Cron(connection), lambda found: found
        return
    with asyncio.Runner() as runner:

        def awaited(found):
            return runner.run(found) if inspect.iscoroutine(found) else found

        yield AsyncCron(connection), awaited
        runner.run(connection.aclose())


def test_an_entry_is_stored_and_found(play):
    entries, done = play
    entry = done(
        entries.register(jobs.give, "low", (1,), cron="0 3 * * *", tz="Asia/Tokyo", overlap="queue")
    )
    assert (entry.name, entry.func_name) == ("tests.support.jobs.give",) * 2
    assert (entry.cron, entry.tz, entry.interval) == ("0 3 * * *", "Asia/Tokyo", None)
    assert (entry.queue_name, entry.description) == ("low", "tests.support.jobs.give(1)")
    assert entry.policies == ("once", "queue")
    assert (entry.is_paused, entry.last, entry.source) == (False, None, None)
    assert entry.next_due.astimezone(UTC).hour == 18
    assert datetime.now(UTC) < entry.next_due < datetime.now(UTC) + timedelta(days=1, seconds=5)
    assert [one.name for one in done(entries.all())] == [entry.name]
    assert done(entries.exists(entry.name))
    assert "give" in repr(entry)


def test_an_entry_of_an_interval_is_due_after_it(play):
    entries, done = play
    entry = done(entries.register(jobs.give, interval=timedelta(minutes=5), name="x y"))
    assert (entry.cron, entry.tz, entry.interval) == (None, None, 300)
    left = entry.next_due - datetime.now(UTC)
    assert timedelta(minutes=4) < left <= timedelta(minutes=5)


def test_an_entry_is_run_paused_resumed_and_removed(play, connection):
    entries, done = play
    done(entries.register(jobs.give, "q", (7,), interval=60, name="e"))
    entry = done(entries.get("e"))
    job = done(entry.run())
    assert Queue("q", connection).job_ids == [job.id]
    done(entry.pause())
    assert (entry.is_paused, entry.next_due) == (True, None)
    assert done(entries.get("e")).is_paused
    done(entry.resume())
    assert entry.next_due is not None
    assert entry.last.job_id == job.id
    (firing,) = done(entry.history())
    assert (firing.job_id, firing.due) == (job.id, None)
    assert firing.fired_at <= datetime.now(UTC)
    assert done(entry.history(0)) == []
    assert done(entry.remove()) is True
    assert done(entry.remove()) is False
    assert done(entries.remove("e")) is False
    with pytest.raises(NoSuchCronError):
        done(entry.refresh())


def test_a_module_is_loaded_and_loaded_again(play):
    entries, done = play
    names = ("tests.support.recurring.nightly", "heartbeat")
    assert done(entries.load("tests.support.recurring")) == Loaded(new=names)
    assert done(entries.load("tests.support.recurring")) == Loaded(same=names)
    entry = done(entries.get("heartbeat"))
    assert entry.source == "tests.support.recurring"
    assert (entry.queue_name, entry.interval, entry.policies) == ("low", 30, ("once", "skip"))


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module of an application; each call another one of the name."""
    monkeypatch.syspath_prepend(tmp_path)
    # Two of one size, written in the same second, would have the same bytecode.
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    written = []

    def write(name, text):
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(text))
        importlib.invalidate_caches()
        sys.modules.pop(name, None)
        written.append(name)
        return name

    yield write
    for name in written:
        sys.modules.pop(name, None)


def test_what_is_in_the_module_no_more_is_removed_if_that_is_wanted(play, module, monkeypatch):
    entries, done = play
    both = module("some_tasks", "from workhorse.cron import *\nregister('a.f', interval=9)\n")
    done(entries.register("x.f", interval=9, name="by hand"))
    done(entries.load(both))
    # As another process sees it, after a deployment.
    monkeypatch.setattr("workhorse.cronentries._sources", {})
    monkeypatch.setattr("workhorse.cronentries._written", [])
    module("some_tasks", "from workhorse.cron import *\nregister('b.f', interval=9)\n")
    assert done(entries.load("some_tasks")) == Loaded(new=("b.f",))
    assert done(entries.load("some_tasks", prune=True)) == Loaded(same=("b.f",), removed=("a.f",))
    assert [one.name for one in done(entries.all())] == ["b.f", "by hand"]


def test_a_file_is_loaded_by_its_path(play, tmp_path):
    entries, done = play
    file = tmp_path / "my_crontab.py"
    file.write_text("from workhorse.cron import cron\n@cron('@daily')\ndef f():\n    pass\n")
    try:
        assert done(entries.load(str(file))) == Loaded(new=("my_crontab.f",))
    finally:
        sys.path.remove(str(tmp_path))
        sys.modules.pop("my_crontab")


@pytest.mark.parametrize(
    ("text", "error", "told"),
    [
        (
            "register('a.f', interval=9)\nregister('a.f', interval=8)",
            ValueError,
            "two different cron entries are called 'a.f'; give one of them a name=",
        ),
        ("cron('* * *')(print)", BadSchedule, "has 3 fields"),
        ("cron('@daily')(lambda: 1)", NotImportable, "lambda"),
        ("import nowhere_at_all", ImportError, "nowhere_at_all"),
        ("1 / 0", ImportError, "importing bad_tasks raised ZeroDivisionError: division by zero"),
    ],
)
def test_a_module_that_makes_no_sense_stores_nothing(
    connection, module, monkeypatch, text, error, told
):
    monkeypatch.setattr("workhorse.cronentries._sources", {})
    monkeypatch.setattr("workhorse.cronentries._written", [])
    name = module("bad_tasks", f"from workhorse.cron import *\nregister('z.f', interval=7)\n{text}")
    with pytest.raises(error, match=told):
        Cron(connection).load(name)
    assert Cron(connection).all() == []


def test_a_file_that_is_not_there_is_told():
    with pytest.raises(ImportError, match=r"there is no file 'no/such\.py'"):
        written_by("no/such.py")


def test_the_decorator_leaves_the_function_as_it_is(monkeypatch):
    written: list[Definition] = []
    monkeypatch.setattr("workhorse.cronentries._written", written)
    assert cron("@hourly", queue="low")(jobs.give) is jobs.give
    assert jobs.give(3) == 3
    (one,) = written
    assert (one.queue, one.timetable) == ("low", crontab("@hourly"))
    assert one.name == "tests.support.jobs.give"


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"missed": "never"}, ValueError, "missed='never': give one of 'skip', 'once', 'all'"),
        ({"overlap": None}, ValueError, "overlap=None: give one of 'allow'"),
        ({"job_id": "a"}, TypeError, "has no option 'job_id', which is about one job"),
        ({"depends_on": "a"}, TypeError, "has no option 'depends_on', which is about one job"),
        ({"overlaps": "skip"}, TypeError, "has no option 'overlaps'; did you mean overlap=?"),
        ({"name": "a\nb"}, ValueError, "use 1 to 100 letters"),
        ({"name": "x" * 101}, ValueError, "use 1 to 100 letters"),
        ({"queue_name": "a,b"}, ValueError, "queue name"),
        ({"job_timeout": 0}, ValueError, "job_timeout=0"),
        ({"tz": "Mars"}, BadSchedule, "there is no timezone 'Mars'"),
    ],
)
def test_options_that_make_no_sense_are_refused_at_once(options, error, told):
    with pytest.raises(error, match=told):
        define("a.f", cron="@daily", **options)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ((jobs.give, "q", (1, 2, 3)), BadArguments),
        ((jobs.give, "q", (open,)), NotSerializable),
        ((lambda: 1,), NotImportable),
        (("no name",), NotImportable),
    ],
)
def test_a_call_that_cannot_work_is_refused_before_it_is_stored(play, call, error):
    entries, done = play
    with pytest.raises(error):
        done(entries.register(*call, interval=9, name="e"))
    assert done(entries.all()) == []


def test_names_that_cannot_be_ids_make_ids_that_differ(connection):
    entries = Cron(connection)
    ids = {entries.register("a.f", interval=9, name=name).run().id[:16] for name in ("a.b", "a-b")}
    assert len(ids) == 2


def test_an_entry_fires_with_the_options_of_its_job(connection):
    entries = Cron(connection)
    definition = define(
        jobs.give, "q", (1,), interval=1, name="o", job_timeout="3m", result_ttl=9, retry=4
    )
    assert definition.name == "o"
    entries.register(jobs.give, "q", (1,), interval=1, name="o", job_timeout="3m", retry=4)
    codec = Queue(connection=connection).source.codec
    later = run(connection, ops.find(connection.keys, "o")).due
    fired = run(connection, ops.fire(connection.keys, codec, "o", later))
    job = Queue("q", connection).fetch_job(fired.job_ids[0])
    assert job is not None
    assert (job.timeout, job.retries_left, job.args) == (180, 4, (1,))
