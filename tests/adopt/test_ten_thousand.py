"""10,000 jobs of two releases of RQ, in all states, and an adopter that is killed ten times."""

from __future__ import annotations

import json
from collections import Counter
from functools import partial

import pytest

from tests.adopt.conftest import ask, leave_nothing, theirs
from tests.support.fleet import VERSIONS, Fleet
from tests.support.servers import wait_for
from workhorse.drivers import run
from workhorse.effects import Batch, Flow, command
from workhorse.envelopes import Bearer, codec_for, open_call, open_result
from workhorse.queue import Queue
from workhorse.records import JobRecord, job_record
from workhorse.worker import SimpleWorker

KILLS = 10
FILL = """
from rq.results import Result
from rq.job import JobStatus
TAG, FOLDER = %r, %r
q, side = queue(), queue("side")
def ids(kind, count):
    return [f"{TAG}-{kind}-{n}" for n in range(count)]
def made(one):
    args, meta = (FOLDER, one), {"me": one}
    return Job.create(jobs.mark, args, id=one, origin="q", connection=r, meta=meta)
def data(job_id, **more):
    meta = {"me": job_id}
    return Queue.prepare_data(jobs.mark, (FOLDER, job_id), job_id=job_id, meta=meta, **more)
# what RQ has run itself
busy = queue("busy")
busy.enqueue_many([data(one) for one in ids("done", 150)])
for one in ids("broke", 150):
    busy.enqueue(jobs.boom, one, job_id=one)
work("busy")
# what is waiting
for name in (q, side):
    waiting = ids(f"queued-{name.name}", 900)
    name.enqueue_many([data(one, retry=Retry(2, [1, 5])) for one in waiting])
with r.pipeline() as pipe:
    for one in ids("scheduled", 700):
        then = datetime.datetime(2099, 1, 1, tzinfo=datetime.UTC)
        q.schedule_job(made(one), then, pipeline=pipe)
    pipe.execute()
for n, one in enumerate(ids("child", 300)):
    side.enqueue(jobs.mark, FOLDER, one, job_id=one, meta={"me": one},
        depends_on=[f"{TAG}-queued-q-{n}", f"{TAG}-queued-side-{n}"])
for n, one in enumerate(ids("grandchild", 200)):
    q.enqueue(jobs.mark, FOLDER, one, job_id=one, meta={"me": one}, depends_on=[f"{TAG}-child-{n}"])
# what has ended, by RQ's own means
with r.pipeline() as pipe:
    for kind, count in (("finished", 700), ("failed", 600), ("canceled", 400)):
        for one in ids(kind, count):
            job = made(one)
            job.set_status(JobStatus(kind), pipeline=pipe)
            job.ended_at = rq.utils.now()
            job.save(pipeline=pipe)
            if kind == "finished":
                Result.create(job, Result.Type.SUCCESSFUL, 9000, return_value=one, pipeline=pipe)
                q.finished_job_registry.add(job, 9000, pipeline=pipe)
                job.cleanup(9000, pipeline=pipe)
            elif kind == "failed":
                Result.create_failure(job, 9000, f"ValueError: {one}", pipeline=pipe)
                q.failed_job_registry.add(job, 9000, pipeline=pipe)
                job.cleanup(9000, pipeline=pipe)
            else:
                q.canceled_job_registry.add(job, pipeline=pipe)
    pipe.execute()
keys = {key.decode() for key in r.scan_iter("rq:job:%s-*") if key.count(b":") == 2}
say(sorted(key.split(":")[2] for key in keys))
"""
STATES = {
    "done": "finished",
    "finished": "finished",
    "broke": "failed",
    "failed": "failed",
    "queued": "queued",
    "scheduled": "scheduled",
    "child": "deferred",
    "grandchild": "deferred",
    "canceled": "canceled",
}


def records(connection) -> dict[str, JobRecord]:
    """All jobs that we have."""

    def read() -> Flow[dict[str, JobRecord]]:
        found = yield command("KEYS", connection.keys.job("*"))
        ids = [key.decode().removeprefix(connection.keys.job("")) for key in found]
        flat = yield Batch([command("HGETALL", connection.keys.job(one)) for one in ids])
        return {one: job_record(one, words) for one, words in zip(ids, flat, strict=True)}

    return run(connection, read())


@pytest.mark.slow
def test_ten_thousand_jobs_in_all_states_arrive_though_the_adopter_is_killed_ten_times(
    connection, adopting, tmp_path
):
    expected: list[str] = []
    try:
        for version in VERSIONS:
            tag = f"v{version[0]}"
            expected += Fleet(version, connection.url).run(FILL % (tag, str(tmp_path), tag))
        assert len(expected) == 10_000
        ran_there = Counter((tmp_path / "ran").read_text().splitlines())

        def arrived(least: int) -> bool:
            return len(ask(connection, "KEYS", connection.keys.job("*"))) >= least

        for kill in range(1, KILLS + 1):
            process = adopting("--json")
            wait_for(partial(arrived, kill * 900))
            assert process.poll() is None, "it was at work"
            process.kill()
            process.wait()
        process = adopting("--json")
        told, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert json.loads(told)["left"] == []
        assert theirs(connection) == set()
        compare(connection, expected, str(tmp_path))

        worker = SimpleWorker(["q", "side"], connection=connection)
        worker.work(burst=True)
        ran = Counter((tmp_path / "ran").read_text().splitlines()) - ran_there
        to_run = [one for one in expected if kind_of(one) in {"queued", "child", "grandchild"}]
        assert ran == Counter(to_run)
    finally:
        leave_nothing(connection)


def kind_of(job_id: str) -> str:
    return job_id.split("-")[1]


def compare(connection, expected: list[str], folder: str) -> None:
    """Each job is there once, in its state, in one place, with its data."""
    found = records(connection)
    assert sorted(found) == sorted(expected)
    assert {one: str(job.status) for one, job in found.items()} == {
        one: STATES[kind_of(one)] for one in expected
    }
    places: Counter[str] = Counter()
    for name in ("q", "side", "busy"):
        places.update(Queue(name, connection).job_ids)
        for kind in ("finished", "failed", "scheduled", "deferred", "canceled"):
            key = getattr(connection.keys, kind)(name)
            places.update(one.decode() for one in ask(connection, "ZRANGE", key, 0, -1))
    assert places == Counter(expected)
    queued = [one for one in Queue("side", connection).job_ids if one.startswith("v3")]
    assert queued == [f"v3-queued-side-{n}" for n in range(900)]
    codec = codec_for()
    for one, job in found.items():
        bearer = Bearer(connection.namespace, job.origin, one)
        call = open_call(codec, bearer, job.func, job.signed, job.data)
        if kind_of(one) == "broke":
            assert call.args == (one,)
            assert job.exc_info is not None
            assert job.exc_info.endswith(f"ValueError: {one}\n")
            continue
        assert call.args == (folder, one)
        if job.status == "finished":
            assert open_result(codec, bearer, job.result) == one
        if job.status == "failed":
            assert job.exc_info == f"ValueError: {one}"
