"""A program written for RQ. It runs by RQ itself and by Workhorse as `rq`, and says what it saw.

What it says must be the same: nothing is said that is different on purpose (docs/from-rq.md).
"""

import json
import os
import sys
import warnings
from datetime import UTC, datetime, timedelta

from redis import Redis
from rq import Callback, Queue, Repeat, Retry, Worker, cancel_job, requeue_job
from rq.decorators import job as job_decorator
from rq.group import Group
from rq.job import Dependency, Job, JobStatus, get_current_job
from rq.registry import (
    CanceledJobRegistry,
    DeferredJobRegistry,
    FailedJobRegistry,
    FinishedJobRegistry,
    ScheduledJobRegistry,
    StartedJobRegistry,
)
from rq.results import Result
from rq.serializers import JSONSerializer
from rq.suspension import is_suspended, resume, suspend
from rq.utils import get_call_string, import_attribute, parse_timeout

from tests.compat import chores

SAID: dict[str, object] = {}


def say(what, value):
    """Note what was seen, as JSON."""
    SAID[what] = json.loads(json.dumps(value, default=str))


def error_of(call, *args, **kwargs):
    """The name of what a call raises."""
    try:
        call(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        return next(
            (kind.__name__ for kind in type(error).__mro__ if kind.__name__ in KNOWN),
            type(error).__name__,
        )
    return None


KNOWN = {"ValueError", "InvalidJobOperation", "NoSuchJobError", "NoSuchGroupError"}


def facts(job):
    """What a job says of itself."""
    job.refresh()
    words = (
        "id",
        "origin",
        "func_name",
        "description",
        "timeout",
        "result_ttl",
        "failure_ttl",
        "ttl",
    )
    seen = {word: getattr(job, word) for word in words}
    seen["args"], seen["kwargs"], seen["meta"] = list(job.args), job.kwargs, job.meta
    seen["status"] = str(job.get_status().value)
    seen["times"] = [
        isinstance(at, datetime) and at.utcoffset() == timedelta(0)
        for at in (job.created_at, job.enqueued_at, job.started_at, job.ended_at)
    ]
    return seen


def enqueueing(queue, redis):
    job = queue.enqueue(chores.add, 1, b=2, job_id="sum", meta={"who": "me"}, job_timeout="2m")
    say("enqueued", facts(job))
    say(
        "client",
        [job.connection is redis, queue.connection is redis, queue.key.endswith("default")],
    )
    queue.enqueue_call(
        "tests.compat.chores.add", (1, 1), job_id="second", result_ttl=60, at_front=True
    )
    many = [Queue.prepare_data(chores.add, (n, n), job_id=f"many{n}") for n in range(3)]
    say("many", [one.id for one in queue.enqueue_many(many)])
    say("in line", [queue.job_ids, queue.count, len(queue), queue.is_empty(), job.get_position()])
    say("slices", [queue.get_job_ids(1, 2), [one.id for one in queue.get_jobs(0, 1)]])
    say("found", [queue.fetch_job("sum").id, queue.fetch_job("nobody")])
    say("refused", [
        error_of(queue.enqueue, chores.add, 1, 1, job_timeout=0),
        error_of(queue.enqueue, chores.add, 1, 1, ttl=0),
        error_of(queue.enqueue, chores.add, 1, 1, job_id="no spaces"),
        error_of(queue.enqueue, chores.add, 1, 1, unique=True),
        error_of(Retry, 0),
        error_of(Job.fetch, "nobody", redis),
    ])  # fmt: skip
    with redis.pipeline() as pipeline:
        later = queue.enqueue(chores.add, 5, 5, job_id="piped", pipeline=pipeline)
        say("before the pipeline", Job.exists("piped", redis))
        pipeline.execute()
    say("behind the pipeline", [Job.exists("piped", redis), later.is_queued])
    made = Job.create(chores.add, (6, 6), connection=redis, id="made", meta={"a": 1})
    say("made", [made.get_status(refresh=False).value, made.func_name, made.meta])
    queue.enqueue_job(made)
    say("made and enqueued", [made.is_queued, queue.job_ids[-1]])


def working(queue, redis):
    queue.enqueue(chores.fail, "oh", job_id="bad", failure_ttl=600)
    queue.enqueue(chores.nothing, job_id="none")
    queue.enqueue(chores.who_am_i, job_id="me")
    queue.enqueue(chores.retry_once, sys.argv[1], job_id="again", retry=Retry(max=2))
    queue.enqueue(chores.ask_for_retry, job_id="asking")
    queue.enqueue(chores.add, 1, 1, job_id="thrice", repeat=Repeat(times=2))
    queue.enqueue(chores.add, 2, 3, job_id="told", on_success=Callback(chores.told_success))
    queue.enqueue(chores.fail, "no", job_id="untold", on_failure=Callback(chores.told_failure))
    parent = queue.enqueue(chores.add, 4, 4, job_id="parent")
    child = queue.enqueue(chores.add, 5, 5, job_id="child", depends_on=[parent])
    say(
        "waiting",
        [child.is_deferred, child.dependency.id, parent.dependent_ids, child.dependency_ids],
    )
    queue.enqueue(
        chores.add, 6, 6, job_id="brave", depends_on=Dependency(["bad"], allow_failure=True)
    )
    say(
        "worker",
        [Worker([queue], connection=redis, name="w").work(burst=True), Worker.count(redis)],
    )
    jobs = {one: Job.fetch(one, redis) for one in (*queue_of_finished(), "bad", "untold", "asking")}
    say(
        "ended",
        {
            one: [job.get_status().value, job.return_value(), job.result_ttl]
            for one, job in jobs.items()
        },
    )
    say("said", [line.decode() for line in redis.lrange("said", 0, -1)])
    say("me", [Job.fetch("me", redis).return_value(), Job.fetch("me", redis).meta])
    bad = jobs["bad"]
    say(
        "bad",
        [
            bad.is_failed,
            bad.latest_result().type.name,
            "ValueError: oh" in bad.latest_result().exc_string,
        ],
    )
    say("results", [[one.type.name for one in jobs[name].results()] for name in ("sum", "bad")])
    say("counted", [Result.count(jobs["sum"]), Result.fetch_latest(jobs["sum"]).return_value])
    say("finished", facts(jobs["sum"]))
    kept = [redis.ttl(jobs[name].key) for name in ("sum", "second", "bad", "none")]
    say("kept", [(ttl + 5) // 10 * 10 for ttl in kept])


def queue_of_finished():
    return (
        "sum",
        "second",
        "many0",
        "piped",
        "made",
        "none",
        "again",
        "thrice",
        "told",
        "parent",
        "child",
        "brave",
    )


def registries(queue, redis):
    kinds = (StartedJobRegistry, FinishedJobRegistry, FailedJobRegistry, DeferredJobRegistry)
    say(
        "registries",
        {
            kind.__name__: [kind(queue=queue).count, kind("default", redis).get_job_count()]
            for kind in kinds
        },
    )
    failed = queue.failed_job_registry
    say("failed", [sorted(failed.get_job_ids()), "bad" in failed, "sum" in failed])
    say(
        "requeued",
        [failed.requeue("bad").id, queue.job_ids, requeue_job("untold", redis).is_queued],
    )
    say("not failed", [error_of(failed.requeue, "sum"), error_of(requeue_job, "nobody", redis)])
    soon = queue.enqueue_in(timedelta(hours=1), chores.add, 1, 1, job_id="soon")
    at = datetime(2090, 1, 1, tzinfo=UTC)
    queue.enqueue_at(at, chores.add, 1, 1, job_id="late")
    scheduled = ScheduledJobRegistry(queue=queue)
    say(
        "scheduled",
        [soon.is_scheduled, scheduled.get_job_ids(), scheduled.get_scheduled_time("late") == at],
    )
    cancel_job("bad", redis)
    say(
        "canceled",
        [
            Job.fetch("bad", redis).is_canceled,
            CanceledJobRegistry(queue=queue).get_job_ids(),
            queue.job_ids,
        ],
    )
    say("twice", error_of(Job.fetch("bad", redis).cancel))
    finished = FinishedJobRegistry(queue=queue)
    finished.remove("sum", delete_job=True)
    say("removed", [Job.exists("sum", redis), "sum" in finished])
    Job.fetch("soon", redis).delete()
    say(
        "deleted",
        [scheduled.get_job_ids(), error_of(soon.get_status), error_of(Job.fetch, "soon", redis)],
    )
    say("emptied", [queue.empty(), queue.job_ids])
    say("several", [one and one.id for one in Job.fetch_many(["child", "nobody"], redis)])


def others(queue, redis):
    group = Group.create(connection=redis, name="g")
    group.enqueue_many(
        queue, [Queue.prepare_data(chores.add, (n, 1), job_id=f"g{n}") for n in range(2)]
    )
    say(
        "group",
        [sorted(one.id for one in group.get_jobs()), [one.name for one in Group.all(redis)]],
    )
    say("no group", error_of(Group.fetch, "nobody", redis))
    plain = Queue("plain", connection=redis, serializer=JSONSerializer)
    plain.enqueue(chores.add, 1, 2, job_id="plain")
    Worker([plain], connection=redis, serializer=JSONSerializer).work(burst=True)
    say("plain", Job.fetch("plain", redis, serializer="json").return_value())

    delayed = job_decorator("decorated", connection=redis, timeout=5)(chores.add)
    say("decorated", [delayed.delay(1, 2, job_id="d").timeout, Queue("decorated", redis).job_ids])
    here = Queue("here", connection=redis, is_async=False).enqueue(chores.who_am_i)
    say("here", [here.get_status().value, here.return_value()[1:], here.get_meta()])
    suspend(redis)
    say("suspended", bool(is_suspended(redis)))
    resume(redis)
    say("resumed", bool(is_suspended(redis)))
    say("queues", sorted(one.name for one in Queue.all(connection=redis)))
    say(
        "words",
        [
            get_call_string("f", (1, "a"), {"b": 2}),
            parse_timeout("1h"),
            import_attribute("os.path.join") is os.path.join,
        ],
    )
    say("nothing runs here", get_current_job())
    say("statuses", [JobStatus.FINISHED == "finished", JobStatus("failed") is JobStatus.FAILED])


def main():
    warnings.simplefilter("ignore")
    redis = Redis.from_url(os.environ["REDIS_URL"])
    queue = Queue("default", connection=redis)
    for part in (enqueueing, working, registries, others):
        part(queue, redis)
    json.dump(SAID, sys.stdout, sort_keys=True)


if __name__ == "__main__":
    main()
