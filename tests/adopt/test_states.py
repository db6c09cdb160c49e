"""Jobs of real RQ, in every state that they can have, become ours in the same state."""

from __future__ import annotations

import pytest

from tests.adopt.conftest import ask, theirs
from tests.support.fleet import VERSIONS
from workhorse.job import Job
from workhorse.policies import Repeat, Retry
from workhorse.queue import Queue
from workhorse.registry import (
    CanceledJobRegistry,
    DeferredJobRegistry,
    FailedJobRegistry,
    FinishedJobRegistry,
    ScheduledJobRegistry,
)
from workhorse.states import JobStatus
from workhorse.webhook import Webhook
from workhorse.worker import SimpleWorker


def field(connection, job_id, name):
    """A field of a job's hash."""
    return ask(connection, "HGET", connection.keys.job(job_id), name).decode()


only_rq_3 = pytest.mark.parametrize("fleet", VERSIONS[1:], indirect=True)


def test_a_queued_job_is_queued_here_with_all_that_it_had(fleet, adopt, connection):
    then = fleet.run("""
job = queue().enqueue(jobs.add, 1, b=2, job_id="j", description="add them", job_timeout=77,
    result_ttl=99, failure_ttl=88, meta={"a": [1]}, retry=Retry(3, [1, 5]))
say([job.created_at.isoformat(), job.enqueued_at.isoformat()])
""")
    report = adopt()
    job = Job.fetch("j", connection)
    assert report.moved == {"queued": 1}
    assert job.get_status() is JobStatus.QUEUED
    assert job.get_position() == 0
    assert (job.func_name, job.args, job.kwargs) == ("tests.support.rqjobs.add", (1,), {"b": 2})
    assert (job.description, job.timeout) == ("add them", 77)
    assert (job.result_ttl, job.failure_ttl) == (99, 88)
    assert job.meta == {"a": [1]}
    # RQ waits 1, 1, 5 s: where there are too few pauses it repeats the first.
    assert Retry.from_text(field(connection, "j", "retry")) == Retry(3, [1, 1, 5])
    assert [f"{when:%FT%T.%f}"[:23] for when in (job.created_at, job.enqueued_at) if when] == [
        moment[:23] for moment in then
    ]
    assert theirs(connection) == set()


def test_queued_jobs_keep_their_order_and_run(fleet, adopt, connection, tmp_path):
    fleet.run(f"""
for n in range(250):
    queue().enqueue(jobs.note, {str(tmp_path)!r}, "ran", job_id=f"j{{n}}", at_front=n == 249)
""")
    adopt()
    queue = Queue("q", connection)
    assert queue.job_ids == ["j249", *(f"j{n}" for n in range(249))]
    SimpleWorker(["q"], connection=connection).work(burst=True)
    assert len((tmp_path / "ran").read_text().splitlines()) == 250


def test_jobs_go_to_the_tail_of_a_queue_that_has_some(fleet, adopt, connection):
    Queue("q", connection).enqueue("tests.support.rqjobs.add", 1, job_id="ours")
    fleet.run('queue().enqueue(jobs.add, 1, job_id="theirs")')
    adopt()
    assert Queue("q", connection).job_ids == ["ours", "theirs"]


def test_a_job_that_may_wait_for_a_while_has_what_is_left_of_it(fleet, adopt, connection):
    fleet.run('queue().enqueue(jobs.add, 1, job_id="j", ttl=100)')
    ask(connection, "PEXPIRE", "rq:job:j", 40_000)
    adopt()
    assert 30_000 < ask(connection, "PTTL", connection.keys.job("j")) <= 40_000
    assert Job.fetch("j", connection).ttl == 100


def test_an_entry_whose_job_has_expired_is_dropped(fleet, adopt, connection):
    fleet.run('queue().enqueue(jobs.add, 1, job_id="j")')
    ask(connection, "DEL", "rq:job:j")
    report = adopt()
    assert (report.total, report.expired, report.left) == (0, 1, {})
    assert theirs(connection) == set()


def test_a_scheduled_job_is_due_when_it_was(fleet, adopt, connection):
    due = fleet.run("""
job = queue().enqueue_in(datetime.timedelta(hours=5), jobs.add, 1, job_id="j")
say(r.zscore("rq:scheduled:q", "j"))
""")
    report = adopt()
    registry = ScheduledJobRegistry("q", connection)
    assert report.moved == {"scheduled": 1}
    assert registry.get_scheduled_time("j").timestamp() == due
    assert Job.fetch("j", connection).get_status() is JobStatus.SCHEDULED
    assert theirs(connection) == set()


def test_a_finished_job_has_its_result_and_expires_when_it_would_have(fleet, adopt, connection):
    fleet.run("""
queue().enqueue(jobs.add, 20, 22, job_id="j", meta={"x": 1})
queue().enqueue(jobs.echo, 1, job_id="forever", result_ttl=-1)
work()
""")
    ask(connection, "PEXPIRE", "rq:job:j", 123_000)
    report = adopt()
    job = Job.fetch("j", connection)
    assert report.moved == {"finished": 2}
    assert job.get_status() is JobStatus.FINISHED
    assert job.return_value() == 42
    assert job.started_at and job.ended_at and job.started_at <= job.ended_at  # noqa: PT018 - for mypy
    assert job.worker_name
    assert 100_000 < ask(connection, "PTTL", job.key) <= 123_000
    assert ask(connection, "PTTL", connection.keys.job("forever")) == -1
    assert Job.fetch("forever", connection).return_value() == ((1,), {})
    assert sorted(FinishedJobRegistry("q", connection).get_job_ids()) == ["forever", "j"]
    assert theirs(connection) == set()


def test_a_failed_job_has_its_traceback_and_can_be_requeued(fleet, adopt, connection):
    fleet.run("""
queue().enqueue(jobs.boom, "what a pity", job_id="j")
work()
""")
    report = adopt()
    job = Job.fetch("j", connection)
    assert report.moved == {"failed": 1}
    assert "ValueError: what a pity" in (job.exc_info or "")
    assert FailedJobRegistry("q", connection).get_job_ids() == ["j"]
    assert 31_000_000_000 < ask(connection, "PTTL", job.key) <= 31_536_000_000
    assert theirs(connection) == set()
    job.requeue()
    SimpleWorker(["q"], connection=connection).work(burst=True)
    assert job.get_status() is JobStatus.FAILED
    assert len(job.results()) == 2


def test_a_job_that_failed_before_has_the_retries_that_are_left(fleet, adopt, connection, tmp_path):
    fleet.run(f"""
queue().enqueue(jobs.note_and_fail, {str(tmp_path)!r}, "ran", job_id="j", retry=Retry(3))
work(max_jobs=2)
""")
    adopt()
    job = Job.fetch("j", connection)
    assert job.get_status() is JobStatus.QUEUED
    SimpleWorker(["q"], connection=connection).work(burst=True)
    assert job.get_status(refresh=True) is JobStatus.FAILED
    assert len((tmp_path / "ran").read_text().splitlines()) == 4


def test_a_job_that_asked_for_retries_has_its_history(fleet, adopt, connection):
    fleet.run("""
queue().enqueue(jobs.ask_for_another, job_id="j")
work(max_jobs=2)
""")
    adopt()
    job = Job.fetch("j", connection)
    assert [result.type.name for result in job.results()] == ["RETRIED", "RETRIED"]
    assert field(connection, "j", "retries") == "2"


def test_a_retry_that_is_due_later_is_scheduled(fleet, adopt, connection):
    fleet.run("""
queue().enqueue(jobs.boom, job_id="j", retry=Retry(2, [600, 700]))
work()
""")
    report = adopt()
    assert report.moved == {"scheduled": 1}
    assert Job.fetch("j", connection).get_status() is JobStatus.SCHEDULED
    assert Retry.from_text(field(connection, "j", "retry")) == Retry(1, 700)


def test_a_job_that_repeats_goes_on_to(fleet, adopt, connection):
    fleet.run("""
from rq import Repeat
queue().enqueue(jobs.add, 1, job_id="j", repeat=Repeat(3, [600, 700, 800]))
work()
""")
    report = adopt()
    assert report.moved == {"scheduled": 1}
    # RQ 3 drops the pauses that are over; RQ 2 goes through them from the end.
    pauses = [700, 800] if fleet.version[0] == "3" else [600, 700, 800]
    assert Repeat.from_text(field(connection, "j", "repeat")) == Repeat(2, pauses)


def test_a_stopped_job_is_stopped(fleet, adopt, connection):
    fleet.run("""
queue().enqueue(jobs.boom, job_id="j")
work()
Job.fetch("j", connection=r).set_status("stopped")
""")
    report = adopt()
    assert report.moved == {"stopped": 1}
    assert Job.fetch("j", connection).get_status() is JobStatus.STOPPED
    assert FailedJobRegistry("q", connection).get_job_ids() == ["j"]


def test_a_canceled_job_is_canceled_and_kept_for_a_year(fleet, adopt, connection):
    fleet.run('queue().enqueue(jobs.add, 1, job_id="j").cancel()')
    report = adopt()
    assert report.moved == {"canceled": 1}
    assert CanceledJobRegistry("q", connection).get_job_ids() == ["j"]
    assert ask(connection, "PTTL", connection.keys.job("j")) > 31_000_000_000
    assert theirs(connection) == set()


def test_callbacks_come_along(fleet, adopt, connection):
    fleet.run("""
queue().enqueue(jobs.add, 1, job_id="j", on_success=Callback(jobs.succeeded, timeout=7),
    on_failure=Callback(jobs.failed))
""")
    adopt()
    raw = ask(connection, "HMGET", connection.keys.job("j"), "on_success", "on_failure", "after")
    assert raw == [b"tests.support.rqjobs.succeeded 7", b"tests.support.rqjobs.failed", b"1"]


def test_webhooks_come_along(fleet, adopt, connection):
    fleet.run("""
hook = rq.Webhook("http://localhost:1/x", "finished", method="POST", headers={"A": "b"}, timeout=5)
queue().enqueue(jobs.add, 1, job_id="j", webhooks=[hook])
""")
    adopt()
    hooks = Webhook(
        "http://localhost:1/x", "finished", method="POST", headers={"A": "b"}, timeout=5
    )
    assert Job.fetch("j", connection).webhooks == [hooks]


@pytest.mark.parametrize("serializer", [None, "pickle"])
def test_what_is_moved_is_signed_if_there_is_a_secret(
    fleet, adopt, connection, monkeypatch, serializer
):
    monkeypatch.setenv("WORKHORSE_SECRET", "a secret that is long enough")
    fleet.run("""
queue().enqueue(jobs.add, 1, job_id="done", meta={"a": 1})
work()
queue().enqueue(jobs.add, 2, job_id="j", meta={"a": 2}, retry=Retry(2, 5), job_timeout=50,
    on_success=Callback(jobs.succeeded))
""")
    adopt(serializer=serializer)
    done = Job.fetch("done", connection, serializer=serializer)
    assert (done.return_value(), done.meta) == (1, {"a": 1})
    SimpleWorker(["q"], connection=connection, serializer=serializer).work(burst=True)
    job = Job.fetch("j", connection, serializer=serializer)
    assert (job.return_value(), job.meta) == (2, {"a": 2})


def test_a_group_comes_along(fleet, adopt, connection):
    fleet.run("""
from rq.group import Group
group = Group.create(r, "g")
group.enqueue_many(queue(), [Queue.prepare_data(jobs.add, (n,), job_id=f"j{n}") for n in range(3)])
work(max_jobs=1)
""")
    adopt()
    known = ask(connection, "HMGET", connection.keys.group("g"), "open", "finished")
    assert known == [b"2", b"1"]
    assert ask(connection, "SCARD", connection.keys.members("g")) == 3
    assert ask(connection, "SMEMBERS", "rq:group:g") == []
    SimpleWorker(["q"], connection=connection).work(burst=True)
    assert ask(connection, "HGET", connection.keys.group("g"), "open") == b"0"


@only_rq_3
def test_jobs_of_a_rate_limit_stand_in_line_here(fleet, adopt, connection):
    fleet.run("""
from rq import RateLimit
for n in range(4):
    queue().enqueue(jobs.add, n, job_id=f"j{n}", rate_limit=RateLimit("calls", 2))
""")
    report = adopt()
    assert report.moved == {"queued": 2, "rate_limited": 2}
    assert Queue("q", connection).job_ids == ["j0", "j1"]
    assert Job.fetch("j3", connection).get_status() is JobStatus.RATE_LIMITED
    SimpleWorker(["q"], connection=connection).work(burst=True)
    assert Job.fetch("j3", connection).return_value() == 3


@only_rq_3
def test_a_job_that_rq_forgot_between_two_places_is_queued(fleet, adopt, connection):
    fleet.run("""
queue().enqueue(jobs.add, 1, job_id="j")
job = Job.fetch("j", connection=r)
r.lrem("rq:queue:q", 1, "j")
r.zadd("rq:ready:q", {"j": time.time()})
job.set_status("ready_to_enqueue")
""")
    report = adopt()
    assert report.moved == {"ready_to_enqueue": 1}
    assert Queue("q", connection).job_ids == ["j"]


def test_what_rq_has_lost_is_found_again(fleet, adopt, connection):
    fleet.run("""
queue().enqueue(jobs.add, 1, job_id="popped")
r.lpop("rq:queue:q")                               # and its worker was killed here
queue().enqueue(jobs.boom, job_id="requeued")
work()
r.zrem("rq:failed:q", "requeued")                  # and whoever requeued it was killed here
queue().enqueue(jobs.add, 1, job_id="ran").set_status("started")
r.lpop("rq:queue:q")                               # and RQ forgot that somebody ran it
""")
    report = adopt()
    assert report.moved == {"queued": 1, "started": 1, "failed": 1}
    assert sorted(Queue("q", connection).job_ids) == ["popped", "ran"]
    assert FailedJobRegistry("q", connection).get_job_ids() == ["requeued"]
    assert theirs(connection) == set()


def test_a_job_that_was_made_and_never_enqueued_is_left(fleet, adopt, connection):
    fleet.run('Job.create(jobs.add, (1,), id="j", origin="q", connection=r).save()')
    report = adopt()
    assert report.left["j"].why == "it was made, and not enqueued"


def test_dependents_wait_here_and_run_after_their_parents(fleet, adopt, connection):
    fleet.run("""
q = queue()
a = q.enqueue(jobs.add, 1, job_id="a")
b = queue("other").enqueue(jobs.add, 2, job_id="b", depends_on=a)
q.enqueue(jobs.add, 3, job_id="c", depends_on=[a, b])
""")
    report = adopt()
    assert report.moved == {"queued": 1, "deferred": 2}
    assert DeferredJobRegistry("other", connection).get_job_ids() == ["b"]
    assert theirs(connection) == set()
    SimpleWorker(["q", "other"], connection=connection).work(burst=True)
    assert [Job.fetch(name, connection).return_value() for name in "abc"] == [1, 2, 3]


def test_a_dependent_of_a_failed_job_waits_for_it_to_be_requeued_as_it_did(
    fleet, adopt, connection
):
    fleet.run("""
p = queue().enqueue(jobs.boom, job_id="p")
queue().enqueue(jobs.add, 1, job_id="waits", depends_on=p)
queue().enqueue(jobs.add, 1, job_id="runs", depends_on=Dependency(p, allow_failure=True))
work(max_jobs=1)
""")
    adopt()
    assert Job.fetch("waits", connection).get_status() is JobStatus.DEFERRED
    assert Queue("q", connection).job_ids == ["runs"]


def test_a_dependent_that_is_enqueued_after_its_parent_was_moved_waits_here(
    fleet, adopt, connection
):
    fleet.run('queue().enqueue(jobs.add, 1, job_id="p")')
    adopt()
    fleet.run('queue().enqueue(jobs.add, 1, job_id="d", depends_on="p")')
    report = adopt()
    assert report.moved == {"queued": 1}
    assert Job.fetch("d", connection).get_status() is JobStatus.DEFERRED
    SimpleWorker(["q"], connection=connection).work(burst=True)
    assert Job.fetch("d", connection).get_status() is JobStatus.FINISHED


def test_a_job_takes_the_place_of_an_ended_one_of_its_id_and_waits_for_an_open_one(
    fleet, adopt, connection
):
    queue = Queue("q", connection)
    queue.enqueue("tests.support.rqjobs.add", 1, job_id="ended", result_ttl=100)
    SimpleWorker(["q"], connection=connection).work(burst=True)
    queue.enqueue("tests.support.rqjobs.add", 1, job_id="open")
    fleet.run("""
queue().enqueue(jobs.add, 1, job_id="ended")
queue().enqueue(jobs.add, 1, job_id="open")
""")
    report = adopt()
    assert report.moved == {"queued": 1}
    assert "here already, and it is queued" in report.left["open"].why
    assert queue.job_ids == ["open", "ended"]
    SimpleWorker(["q"], connection=connection).work(burst=True)
    assert adopt().moved == {"queued": 1}


def test_only_the_queues_that_were_named_are_moved(fleet, adopt, connection):
    fleet.run("""
queue("a").enqueue(jobs.add, 1, job_id="a")
b = queue("b").enqueue(jobs.add, 1, job_id="b")
p = queue("a").enqueue(jobs.add, 1, job_id="p")
queue("b").enqueue(jobs.add, 1, job_id="d", depends_on=p)
""")
    report = adopt("a")
    assert report.moved == {"queued": 1}
    assert "queue 'b' waits for it" in report.left["p"].why
    assert adopt().moved == {"queued": 2, "deferred": 1}


def test_a_dry_run_changes_nothing_and_says_the_same(fleet, adopt, connection):
    fleet.run("""
queue().enqueue(jobs.add, 1, job_id="a")
p = queue().enqueue(jobs.echo, jobs.Order(1, []), job_id="p")
d = queue().enqueue(jobs.add, 1, job_id="d", depends_on=p)
queue().enqueue(jobs.add, 1, job_id="e", depends_on=d)
queue().enqueue_in(datetime.timedelta(1), jobs.add, 1, job_id="s")
""")
    before = {key: ask(connection, "DUMP", key) for key in theirs(connection)}
    said = adopt(dry_run=True)
    assert {key: ask(connection, "DUMP", key) for key in theirs(connection)} == before
    assert ask(connection, "KEYS", connection.keys.pattern) == []
    done = adopt()
    assert +said.moved == done.moved == {"queued": 1, "scheduled": 1}
    assert said.left.keys() == done.left.keys() == {"p", "d", "e"}
    assert said.left["d"] == done.left["d"]
