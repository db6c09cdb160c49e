"""RQ goes on while its jobs are taken over: nothing is lost, and nothing runs twice."""

from __future__ import annotations

import json
import signal
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from tests.adopt.conftest import ask, theirs
from tests.support import rqjobs
from tests.support.servers import wait_for
from workhorse.job import Job
from workhorse.queue import Queue
from workhorse.states import JobStatus
from workhorse.worker import SimpleWorker


def ran(folder: Path) -> Counter[str]:
    """How often each job ran."""
    file = folder / "ran"
    return Counter(file.read_text().splitlines() if file.exists() else [])


def test_a_job_that_a_worker_of_rq_runs_is_left_to_it_and_its_dependents_with_it(
    fleet, adopt, connection, rq_worker, tmp_path
):
    fleet.run(f"""
p = queue().enqueue(jobs.hold, {str(tmp_path)!r}, "p", job_id="p")
queue().enqueue(jobs.add, 1, job_id="d", depends_on=p)
""")
    rq_worker()
    wait_for((tmp_path / "p").exists)
    report = adopt()
    assert report.total == 0
    assert report.left["p"].why == "a worker of RQ has it"
    assert report.left["d"].why == "it waits for job 'p', which is still at RQ"
    rqjobs.let_go(str(tmp_path), "p")
    wait_for(lambda: ask(connection, "HGET", "rq:job:d", "status") == b"finished")
    assert adopt().moved == {"finished": 2}


def test_rq_does_not_run_a_job_whose_other_parent_has_been_moved(
    fleet, adopt, connection, rq_worker, tmp_path
):
    fleet.run(f"""
a = queue().enqueue(jobs.hold, {str(tmp_path)!r}, "a", job_id="a")
""")
    rq_worker()
    wait_for((tmp_path / "a").exists)
    fleet.run(f"""
b = queue("slow").enqueue(jobs.mark, {str(tmp_path)!r}, "b", job_id="b")
queue().enqueue(jobs.mark, {str(tmp_path)!r}, "d", job_id="d", depends_on=["a", b])
""")
    assert adopt().moved == {"queued": 1}
    rqjobs.let_go(str(tmp_path), "a")
    wait_for(lambda: ask(connection, "HGET", "rq:job:a", "status") == b"finished")
    wait_for(lambda: ask(connection, "ZSCORE", "rq:finished:q", "a"))
    assert ask(connection, "HGET", "rq:job:d", "status") == b"deferred"
    assert adopt().moved == {"finished": 1, "deferred": 1}
    assert Job.fetch("d", connection).get_status() is JobStatus.DEFERRED
    SimpleWorker(["slow", "q"], connection=connection).work(burst=True)
    assert list(ran(tmp_path)) == ["b", "d"]


def test_a_job_whose_worker_died_is_delivered_again_here_once_its_lease_is_over(
    fleet, adopt, connection, rq_worker, tmp_path
):
    fleet.run(f'queue().enqueue(jobs.hold, {str(tmp_path)!r}, "j", job_id="j")')
    worker = rq_worker()
    wait_for((tmp_path / "j").exists)
    worker.kill()
    assert adopt().left.keys() == {"j"}
    name = ask(connection, "HGET", "rq:job:j", "worker_name").decode()
    ask(connection, "DEL", f"rq:worker:{name}")
    assert adopt().left.keys() == {"j"}
    (member,) = ask(connection, "ZRANGE", "rq:wip:q", 0, -1)
    ask(connection, "ZADD", "rq:wip:q", 1, member)
    report = adopt()
    assert report.moved == {"started": 1}
    assert Queue("q", connection).job_ids == ["j"]
    assert ask(connection, "HGET", connection.keys.job("j"), "crashes") == b"1"
    assert {key for key in theirs(connection) if ":j" in key} == set()


@pytest.mark.parametrize("adopters", [1, 2])
def test_each_job_runs_once_while_workers_of_both_and_adopters_are_at_work(
    fleet, connection, adopting, rq_worker, tmp_path, adopters
):
    folder = str(tmp_path)
    fleet.run(f"""
def data(name):
    return Queue.prepare_data(jobs.mark, ({folder!r}, name), job_id=name)
queue().enqueue_many([data(f"j{{n}}") for n in range(600)])
for n in range(40):
    parents = [f"j{{n}}", f"j{{599 - n}}"]
    queue().enqueue(jobs.mark, {folder!r}, f"d{{n}}", job_id=f"d{{n}}", depends_on=parents)
""")
    rq_worker()
    wait_for(lambda: len(ran(tmp_path)) > 5)
    processes = [adopting("--json") for _ in range(adopters)]
    for process in processes:
        process.communicate(timeout=60)

    def all_ran() -> bool:
        again = adopting("--json")
        again.communicate(timeout=60)
        SimpleWorker(["q"], connection=connection).work(burst=True)
        return len(ran(tmp_path)) == 640

    wait_for(all_ran, 60)
    assert set(ran(tmp_path).values()) == {1}


def test_what_is_enqueued_later_is_forwarded_from_new_queues_as_well(
    fleet, connection, adopting, tmp_path
):
    fleet.run('queue().enqueue(jobs.add, 1, job_id="first")')
    follower = adopting("--follow", "--json")
    wait_for(lambda: ask(connection, "EXISTS", connection.keys.job("first")))
    wait_for(lambda: "blmove" in ask(connection, "CLIENT", "LIST").decode())
    fleet.run("""
q = queue()
for n in range(300):
    q.enqueue(jobs.add, n, job_id=f"j{n}")
p = queue("new").enqueue(jobs.add, 1, job_id="p")
queue("new").enqueue(jobs.add, 2, job_id="d", depends_on=p)
queue("new").enqueue_in(datetime.timedelta(1), jobs.add, 2, job_id="s")
""")
    wait_for(lambda: len(theirs(connection)) == 0)
    assert Queue("q", connection).job_ids == ["first", *(f"j{n}" for n in range(300))]
    assert Job.fetch("d", connection).get_status() is JobStatus.DEFERRED
    assert Job.fetch("s", connection).get_status() is JobStatus.SCHEDULED
    follower.send_signal(signal.SIGTERM)
    told, _ = follower.communicate(timeout=20)
    assert follower.returncode == 0
    assert json.loads(told)["total"] == 304


def test_a_job_that_must_stay_does_not_keep_others_from_being_forwarded(
    fleet, connection, adopting
):
    fleet.run('queue().enqueue(jobs.echo, jobs.Order(1, []), job_id="stays")')
    follower = adopting("--follow", "--json")
    wait_for(lambda: "blmove" in ask(connection, "CLIENT", "LIST").decode())
    fleet.run('queue().enqueue(jobs.add, 1, job_id="goes")')
    wait_for(lambda: ask(connection, "EXISTS", connection.keys.job("goes")))
    follower.send_signal(signal.SIGINT)
    told, _ = follower.communicate(timeout=20)
    assert [left["id"] for left in json.loads(told)["left"]] == ["stays"]


def test_a_follower_that_is_killed_while_jobs_come_loses_none(fleet, connection, adopting):
    producer = fleet.start("""
q = queue()
for n in range(1500):
    q.enqueue(jobs.add, n, job_id=f"j{n}")
""")
    ours = Queue("q", connection)
    for n in range(1, 5):
        follower = adopting("--follow")
        wait_for(partial(lambda least: ours.count > least, n * 200))
        follower.kill()
        follower.wait()
    producer.wait()
    adopting("--json").communicate(timeout=60)
    assert sorted(ours.job_ids) == sorted(f"j{n}" for n in range(1500))
    assert theirs(connection) == set()
