"""Cron entries through both drivers: definitions, firing, policies, and a year of many workers."""

import random
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from tests.support import jobs
from tests.support.faults import Faulty
from tests.support.snapshot import snapshot
from workhorse.calls import Shaper
from workhorse.codec import Codec
from workhorse.drivers import run
from workhorse.effects import command
from workhorse.envelopes import codec_for
from workhorse.exceptions import BadSchedule, NoSuchCronError, RefusedPayload
from workhorse.names import cron_job_id
from workhorse.ops import control, cron
from workhorse.ops.cron import CronEntry, Firing
from workhorse.options import EnqueueData
from workhorse.queue import Queue
from workhorse.serializers import resolve_serializer
from workhorse.timetable import crontab, every


class Came(NamedTuple):
    """What came of a look at an entry."""

    job_ids: list[str]
    due: int | None


NOON = 2_000_000_000_000 - 2_000_000_000_000 % 86_400_000 + 43_200_000
MINUTE = 60_000
HOUR = 60 * MINUTE
CODEC = codec_for()


def entry(connection, name="tidy", table=None, codec=CODEC, *, queue="q", args=(1,), **more):
    policies = {word: more.pop(word) for word in ("missed", "overlap", "source") if word in more}
    shaper = Shaper(connection.namespace, queue, codec)
    call = EnqueueData(jobs.give, args, {}, job_id=cron_job_id(name), **more)
    return CronEntry(name, table or every(60), queue, shaper.spec(call), **policies)


@pytest.fixture
def put(perform, connection):
    """Stores an entry at noon."""

    def store(*words, now=NOON, **more):
        return perform(cron.put(connection.keys, entry(connection, *words, **more), now))

    return store


@pytest.fixture
def fire(perform, keys):
    """Looks at the entry at so many ms after noon."""

    def look(after, name="tidy", codec=CODEC):
        fired = perform(cron.fire(keys, codec, name, NOON + after))
        assert fired.now == NOON + after
        return Came(fired.job_ids, fired.due)

    return look


@pytest.fixture
def found(perform, keys):
    return lambda name="tidy": perform(cron.find(keys, name))


def waiting(connection):
    return Queue("q", connection).get_job_ids()


# Definitions


def test_an_entry_is_read_as_it_was_stored(put, found):
    assert put("tidy", crontab("@daily", "Asia/Tokyo"), missed="all", overlap="skip") == "new"
    record = found()
    assert record.timetable == crontab("@daily", "Asia/Tokyo")
    assert (record.queue, record.missed, record.overlap) == ("q", "all", "skip")
    assert record.func == "tests.support.jobs.give"
    assert record.description == "tests.support.jobs.give(1)"
    assert record.due == NOON + 3 * HOUR, "midnight in Tokyo"
    assert not record.paused
    assert record.last is None


def test_the_same_definition_again_changes_nothing(put, connection):
    put()
    before = snapshot(connection)
    assert put(now=NOON + 5) == "same"
    assert snapshot(connection) == before


def test_another_call_keeps_the_next_time(put, found):
    put()
    assert put(args=(2,), now=NOON + 30_000) == "changed"
    assert found().due == NOON + MINUTE


def test_another_timetable_begins_anew(put, found):
    put()
    assert put("tidy", every(10), now=NOON + 30_000) == "changed"
    assert found().due == NOON + 40_000


def test_a_pause_outlives_a_new_definition(put, found, perform, keys, fire):
    put()
    perform(cron.pause(keys, "tidy"))
    put("tidy", every(10))
    assert found().paused
    assert fire(HOUR).job_ids == []


def test_what_is_not_there_cannot_be_found_paused_or_run(perform, keys, fire):
    for flow in (
        cron.find(keys, "x"),
        cron.pause(keys, "x"),
        cron.resume(keys, "x"),
        cron.run_now(keys, CODEC, "x"),
    ):
        with pytest.raises(NoSuchCronError, match="no cron entry 'x'"):
            perform(flow)
    assert perform(cron.remove(keys, "x")) is False
    assert perform(cron.find_all(keys)) == []


def test_all_entries_are_found_by_name(put, perform, keys):
    put("b")
    put("a.b c")
    assert [record.name for record in perform(cron.find_all(keys))] == ["a.b c", "b"]


def test_a_removed_entry_leaves_nothing(put, fire, perform, keys, connection):
    put()
    (job_id,) = fire(MINUTE).job_ids
    assert perform(cron.remove(keys, "tidy")) is True
    perform(control.delete(keys, job_id))
    left = snapshot(connection)
    assert set(left.kept) == {"queues"}
    assert set(left.expiring) == {"bell:q"}


def test_what_cannot_be_read_is_told_and_not_listed(put, perform, keys, connection, found):
    put()
    run(connection, _set(keys.cron("tidy"), "timetable", '{"cron": "x"}'))
    with pytest.raises(BadSchedule, match="cannot be read here"):
        found()
    assert perform(cron.find_all(keys)) == []


def _set(key, field, value):
    yield command("HSET", key, field, value)


# Firing


def test_an_occurrence_becomes_a_job(put, fire, connection, found):
    put(timeout=7, meta={"a": 1}, retry=2)
    fired = fire(MINUTE)
    assert fired == ([f"cron-tidy-{NOON + MINUTE}"], NOON + 2 * MINUTE)
    job = Queue("q", connection).jobs[0]
    assert (job.id, job.func_name, job.args) == (fired.job_ids[0], "tests.support.jobs.give", (1,))
    assert (job.timeout, job.meta, job.retries_left) == (7, {"a": 1}, 2)
    assert found().last == Firing(NOON + MINUTE, NOON + MINUTE, job.id)


def test_before_its_time_nothing_is_fired(put, fire, connection):
    put()
    assert fire(MINUTE - 1) == ([], NOON + MINUTE)
    assert waiting(connection) == []


def test_an_occurrence_is_fired_once(put, fire, connection):
    put()
    fire(MINUTE)
    assert fire(MINUTE) == ([], NOON + 2 * MINUTE)
    assert len(waiting(connection)) == 1


def test_who_has_read_the_entry_before_another_one_fired_it_fires_nothing(put, keys, connection):
    put()
    late = cron.fire(keys, CODEC, "tidy", NOON + MINUTE)
    replies = run(connection, _replies(next(late)))
    call = late.send(replies)
    run(connection, cron.fire(keys, CODEC, "tidy", NOON + MINUTE))
    assert run(connection, _replies(call)) is None
    assert len(waiting(connection)) == 1


def _replies(effect):
    return (yield effect)


def test_an_occurrence_of_an_older_definition_is_not_fired(put, keys, connection):
    put()
    late = cron.fire(keys, CODEC, "tidy", NOON + MINUTE)
    call = late.send(run(connection, _replies(next(late))))
    put(args=(2,))
    assert run(connection, _replies(call)) is None
    assert waiting(connection) == []


def test_an_entry_that_is_added_again_does_not_fire_an_occurrence_twice(
    put, fire, perform, keys, connection
):
    put("tidy", crontab("* * * * *"))
    fire(MINUTE)
    perform(cron.remove(keys, "tidy"))
    put("tidy", crontab("* * * * *"), now=NOON + MINUTE - 1)
    assert fire(MINUTE) == ([], NOON + 2 * MINUTE)
    assert len(waiting(connection)) == 1


@pytest.mark.parametrize(
    ("missed", "fired"),
    [("once", [3]), ("all", [1, 2, 3]), ("skip", [])],
)
def test_what_was_missed_is_made_up_for_as_wanted(put, fire, missed, fired):
    put("tidy", crontab("0 * * * *"), missed=missed)
    assert fire(3 * HOUR + 2 * MINUTE) == (
        [f"cron-tidy-{NOON + hours * HOUR}" for hours in fired],
        NOON + 4 * HOUR,
    )


def test_hundreds_that_were_missed_are_made_up_for(put, fire, connection, perform, keys):
    put("tidy", every(10), missed="all")
    assert len(fire(2_500_000).job_ids) == 250
    assert len(set(waiting(connection))) == 250
    assert len(perform(cron.history(keys, "tidy"))) == 250


def test_a_paused_entry_goes_on_with_its_next_time(put, fire, perform, keys, found):
    put()
    perform(cron.pause(keys, "tidy"))
    assert fire(5 * MINUTE) == ([], None)
    perform(cron.resume(keys, "tidy", NOON + 5 * MINUTE + 7))
    assert found().due == NOON + 6 * MINUTE
    assert fire(6 * MINUTE).job_ids == [f"cron-tidy-{NOON + 6 * MINUTE}"]


def test_a_run_by_hand_leaves_the_timetable_alone(put, perform, keys, found, connection):
    put()
    spec = perform(cron.run_now(keys, CODEC, "tidy", NOON + 5))
    assert waiting(connection) == [spec.id]
    assert spec.id.startswith("cron-tidy-run")
    record = found()
    assert record.due == NOON + MINUTE
    assert record.last == Firing(None, NOON + 5, spec.id)


def test_the_history_is_bounded_and_newest_first(put, fire, perform, keys):
    put("tidy", every(1), missed="all")
    fire(1_200_000)
    lines = perform(cron.history(keys, "tidy"))
    assert len(lines) == 1000
    assert lines[0].due == NOON + 1_200_000
    assert perform(cron.history(keys, "tidy", 2)) == lines[:2]
    assert perform(cron.history(keys, "tidy", 0)) == []


@pytest.mark.parametrize("overlap", ["allow", "skip", "queue"])
def test_jobs_at_the_front_go_there(put, fire, connection, overlap):
    Queue("q", connection).enqueue(jobs.give, 1)
    put(at_front=True, overlap=overlap)
    (job_id,) = fire(MINUTE).job_ids
    assert waiting(connection)[0] == job_id


# Overlap


def test_by_default_jobs_of_an_entry_overlap(put, fire, connection):
    put()
    fire(MINUTE)
    fire(2 * MINUTE)
    assert len(waiting(connection)) == 2


@pytest.mark.parametrize("runs", [True, False])
def test_an_occurrence_is_skipped_while_the_job_before_has_not_ended(put, fire, player, runs):
    put(overlap="skip")
    fire(MINUTE)
    lease = player.take("q") if runs else None
    assert fire(2 * MINUTE) == ([], NOON + 3 * MINUTE)
    player.finish(lease or player.take("q"))
    assert len(fire(3 * MINUTE).job_ids) == 1


def test_an_occurrence_waits_for_the_end_of_the_job_before(put, fire, player, connection):
    put(overlap="queue")
    fire(MINUTE)
    lease = player.take("q")
    (second,) = fire(2 * MINUTE).job_ids
    assert waiting(connection) == []
    assert fire(3 * MINUTE).job_ids == [], "one waits already"
    player.finish(lease)
    assert waiting(connection) == [second]


@pytest.mark.parametrize("how", ["fail", "cancel", "delete"])
def test_an_occurrence_that_waits_runs_however_the_one_before_ends(
    put, fire, player, connection, perform, keys, how
):
    put(overlap="queue")
    (first,) = fire(MINUTE).job_ids
    lease = player.take("q") if how == "fail" else None
    (second,) = fire(2 * MINUTE).job_ids
    if lease:
        player.fail(lease)
    elif how == "cancel":
        perform(control.cancel(keys, first, "n"))
    else:
        perform(control.delete(keys, first))
    assert waiting(connection) == [second]


# Signatures


def signing(*secrets):
    return Codec(resolve_serializer(None), secrets or ["a secret of some length"])


def test_the_jobs_of_a_signed_entry_are_signed_for_themselves(put, fire, connection, player):
    put(codec=signing(), meta={"a": 1})
    fire(MINUTE, codec=signing())
    job = Queue("q", connection, serializer=signing()).jobs[0]
    assert job.args == (1,)
    assert job.meta == {"a": 1}


def test_a_worker_with_a_new_secret_fires_entries_of_the_old_one(put, fire, connection):
    put(codec=signing("the old secret, very old"))
    both = Codec(resolve_serializer(None), ["a new secret, brand new", "the old secret, very old"])
    fire(MINUTE, codec=both)
    new = signing("a new secret, brand new")
    assert Queue("q", connection, serializer=new).jobs[0].args == (1,)


@pytest.mark.parametrize("field", ["job.data", "job.func", "job.timeout", "queue"])
def test_an_entry_that_was_tampered_with_is_not_fired(put, fire, connection, keys, field):
    put(codec=signing(), timeout=5)
    put("other", codec=signing(), args=(2,))
    stolen = run(connection, _get(keys.cron("other"), "job.data"))
    forged = {"job.data": stolen, "job.func": "os.system", "job.timeout": 9, "queue": "p"}
    run(connection, _set(keys.cron("tidy"), field, forged[field]))
    with pytest.raises(RefusedPayload, match="signature does not fit"):
        fire(MINUTE, codec=signing())
    assert waiting(connection) == []


def _get(key, field):
    return (yield command("HGET", key, field))


def test_a_worker_without_the_secret_fires_nothing(put, fire, connection):
    put(codec=signing())
    with pytest.raises(RefusedPayload, match="WORKHORSE_SECRET is not set here"):
        fire(MINUTE)
    put("plain")
    with pytest.raises(RefusedPayload, match="not signed"):
        fire(MINUTE, "plain", signing())


# Every fault


@pytest.mark.parametrize("when", ["before", "after"])
def test_no_fault_loses_an_occurrence_or_fires_it_twice(connection, url, when):
    keys = connection.keys
    run(connection, cron.put(keys, entry(connection), NOON))
    faulty = Faulty(url, connection.namespace)
    faulty.when, at, minutes = when, 0, 0
    while True:
        at, minutes = at + 1, minutes + 1
        faulty.at, faulty.struck = at, False
        run(faulty, cron.fire(keys, CODEC, "tidy", NOON + minutes * MINUTE))
        if not faulty.struck:
            break
    faulty.close()
    expected = [f"cron-tidy-{NOON + n * MINUTE}" for n in range(1, minutes + 1)]
    assert waiting(connection) == expected


# A year

BERLIN = ZoneInfo("Europe/Berlin")
BEGIN = round(datetime(2027, 1, 1, tzinfo=BERLIN).timestamp() * 1000)
END = round(datetime(2028, 1, 1, tzinfo=BERLIN).timestamp() * 1000)


class Stage:
    """Twenty workers that look at what is due, step by step, in any order; any may die."""

    def __init__(self, connection, seed):
        self.connection = connection
        self.keys = connection.keys
        self.chance = random.Random(seed)
        self.flows = []

    def look(self, now, name):
        """All workers have learnt that the entry is due, some a little early or late."""
        self.flows = [
            [cron.fire(self.keys, CODEC, name, now + self.chance.randrange(0, 50)), None]
            for _ in range(20)
        ]
        while self.flows:
            self._step(self.chance.choice(self.flows))

    def _step(self, worker):
        flow, reply = worker
        if len(self.flows) > 1 and self.chance.random() < 0.1:
            self.flows.remove(worker)  # killed, and one that was started in its place looks again
            return
        try:
            effect = flow.send(reply)
        except StopIteration:
            self.flows.remove(worker)
            return
        # Killed when its call is under way: nobody hears the reply.
        dies = len(self.flows) > 1 and self.chance.random() < 0.1
        worker[1] = run(self.connection, _replies(effect))
        if dies:
            self.flows.remove(worker)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("expression", ["30 2 * * *", "0 */12 * * *", "15 1 * * *"])
def test_twenty_workers_fire_each_occurrence_of_a_year_once(connection, expression):
    keys, table = connection.keys, crontab(expression, "Europe/Berlin")
    run(connection, cron.put(keys, entry(connection, "year", table), BEGIN))
    stage = Stage(connection, expression)
    expected = list(_until(table, END))
    for tick in expected:
        stage.look(tick, "year")
    ids = [f"cron-year-{tick}" for tick in expected]
    assert waiting(connection) == ids
    assert [firing.job_id for firing in run(connection, cron.history(keys, "year"))] == ids[
        :-1001:-1
    ]
    days = {datetime.fromtimestamp(tick / 1000, BERLIN).date() for tick in expected}
    assert len(days) == 365
    assert len(expected) == (365 if "*/12" not in expression else 365 * 2 - 1)


def _until(table, end):
    for tick in table.following(BEGIN):
        if tick > end - 1:
            return
        yield tick
