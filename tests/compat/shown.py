"""How RQ's things look as text, and how they compare. It runs by RQ itself, and by us as `rq`.

What RQ gives no text of its own (`<... object at 0x...>`) is not compared.
"""

import json
import os
import pickle
import sys
import warnings
import zlib
from datetime import UTC, datetime, timedelta

import click
from click.testing import CliRunner
from redis import Redis
from rq import Callback, Queue, RateLimit, Repeat, Retry, SimpleWorker, Webhook, Worker, utils
from rq import exceptions as exceptions_of_rq
from rq import registry as registries_of_rq
from rq.cli import helpers
from rq.connections import get_connection_kwargs
from rq.cron import CronJob, CronScheduler
from rq.executions import Execution
from rq.group import Group
from rq.job import Dependency, Job, JobStatus
from rq.local import LocalStack
from rq.results import Result
from rq.scheduler import SchedulerStatus
from rq.worker import DequeueStrategy, WorkerStatus
from rq.worker_pool import WorkerPool

from tests.compat import chores

SAID: dict[str, object] = {}


def say(what, *values):
    """Note what was seen; times and chance are taken out by who calls this."""
    SAID[what] = json.loads(json.dumps(values, default=repr))


def texts(thing):
    return [str(thing), repr(thing), f"{thing}", f"{thing!s:>3}"]


def words(redis):
    kinds = (JobStatus, WorkerStatus, DequeueStrategy, SchedulerStatus, Result.Type)
    for kind in (*kinds, WorkerPool.Status):
        for one in kind:
            if one.name not in {"STOPPING", "IMPAIRED"}:  # RQ's workers cannot say so
                say(f"{kind.__qualname__}.{one.name}", texts(one), one.value)
    say("words", json.dumps([JobStatus.QUEUED]), {JobStatus.FINISHED: 1}.get("finished"))
    for policy in (Retry(3), Retry(2, [1, 2]), Retry(1, 5, enqueue_at_front=True)):
        say(f"policy {policy.max}", texts(policy), policy.max, policy.intervals)
    for policy in (Repeat(2), Repeat(3, [1, 2])):
        say(f"policy {policy.times} times", texts(policy), policy == Repeat(2))
    for thing in (
        RateLimit("k", 2),
        Dependency(["a"]),
        Callback(chores.add),
        Worker(["q"], "w", connection=redis),
    ):
        say(type(thing).__name__, texts(thing))
    hook = Webhook("http://example.com/x", "finished")
    say("hook", hook == Webhook("http://example.com/x", "finished"), hook.to_dict())


def places(redis):
    queue, other = Queue("a", connection=redis), Queue("b", connection=redis)
    say("queue", texts(queue), texts(Queue(connection=redis)))
    say("queues", sorted([other, queue]) == [queue, other], queue == Queue("a", connection=redis))
    say("queue is", bool(queue), len(queue), list(queue) == [queue], hash(queue) == hash("a"))
    for name in registries_of_rq.__dict__:
        kind = getattr(registries_of_rq, name)
        if name.endswith("JobRegistry") and isinstance(kind, type):
            one = kind("a", redis)
            say(name, texts(one), one == kind(queue=queue), len(one), "nobody" in one)
    say("group", texts(Group(redis, "g")), Group(redis, "g").name)
    first, same = (Worker([queue], "w", connection=redis) for _ in range(2))
    say("workers", texts(first), first == same, len({first, same}))
    say("unborn", first.get_state(), first.name, first.queue_names(), first.queue_keys() != [])
    told = SimpleWorker(
        [queue], "told", connection=redis, default_result_ttl=60, log_job_description=False
    )
    say("told", told.default_result_ttl, told.log_job_description, told.maintenance_interval)
    say(
        "told more",
        told.job_monitoring_interval,
        told.disable_default_exception_handler,
        told.worker_ttl,
    )
    say("pool", texts(WorkerPool([queue], redis, num_workers=2)))
    say("execution", texts(Execution("1", "j", redis)), Execution("1", "j", redis).composite_key)
    say("scheduler", texts(CronScheduler(redis, name="s")) and CronScheduler(redis, name="s").name)
    entry = CronJob("q", func=chores.add, args=(1, 2), interval=60)
    say(
        "entry",
        texts(entry),
        {k: v for k, v in entry.to_dict().items() if k != "next_enqueue_time"},
    )


def jobs(redis):
    queue = Queue("jobs", connection=redis)
    made = Job.create(chores.add, (1, 2), connection=redis, id="made", origin="jobs", timeout=9)
    say("made", texts(made), texts(Job("unknown", connection=redis)))
    say("made as dict", dictionary(made))
    options = {
        "meta": {"a": 1},
        "result_ttl": 60,
        "failure_ttl": 70,
        "ttl": 80,
        "job_timeout": 90,
        "retry": Retry(2, [1, 2]),
        "on_success": Callback(chores.told_success, timeout=5),
        "on_failure": chores.told_failure,
        "description": "two numbers",
    }
    full = queue.enqueue(chores.add, 1, b=2, job_id="full", **options)
    say("full", str(full), repr(full).split(", datetime")[0][:26], dictionary(full))
    say("without", dictionary(full, include_meta=False, include_result=False))
    say(
        "of another kind",
        full == "full",
        full == Job("full", connection=redis),
        hash(full) == hash("full"),
    )
    plain = queue.enqueue(chores.nothing, job_id="plain")
    after = queue.enqueue(chores.nothing, job_id="after", depends_on=[plain, full])
    say("after", str(after), dictionary(Job.fetch("after", redis)))
    say("soon", dictionary(queue.enqueue_in(timedelta(hours=1), chores.nothing, job_id="soon")))
    hooks = [Webhook("http://127.0.0.1:1/x", "failed")]
    told = queue.enqueue(chores.nothing, job_id="hooked", webhooks=hooks)
    say("hooked", dictionary(Job.fetch("hooked", redis)), told.webhooks == hooks)
    queue.enqueue(chores.fail, job_id="bad")
    SimpleWorker([queue], connection=redis).work(burst=True)
    for name in ("full", "plain", "after", "bad"):
        job = Job.fetch(name, redis)
        say(f"{name} when it has ended", str(job), dictionary(job, include_result=False))
        (result,) = job.results()
        say(f"{name}'s result", repr(result).split("type=")[1], result == job.latest_result())
        say(f"{name}'s result is", bool(result), isinstance(result, Result), str(result.type))
        say(
            f"{name}'s result has",
            result.connection is redis,
            result.serializer.loads(pickle.dumps(1)),
        )
    say("a result", texts(Result("j", Result.Type.FAILED, redis, id="1-0", exc_string="oh"))[1])


VARY = {"created_at", "enqueued_at", "started_at", "ended_at", "last_heartbeat"}


def dictionary(job, **options):
    """What `to_dict` says, without what changes from run to run."""
    told = job.to_dict(**options)
    for name in VARY & set(told):
        if told[name] and name != "last_heartbeat":
            at = datetime.strptime(told[name], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
            told[name] = abs(datetime.now(UTC) - at) < timedelta(minutes=1)
    del told["last_heartbeat"], told["worker_name"]  # RQ's job beats by itself
    if told["data"]:
        told["data"] = bool(zlib.decompress(told["data"]))
    if "meta" in told:
        told["meta"] = pickle.loads(told["meta"])
    return dict(sorted(told.items()))


def errors():
    made = {
        name: kind("what is wrong")
        for name, kind in vars(exceptions_of_rq).items()
        if isinstance(kind, type) and name != "ShutDownImminentException"
    }
    for name, error in made.items():
        say(f"error {name}", "what is wrong" in str(error), isinstance(error, Exception))
    for kind in (exceptions_of_rq.NoSuchJobError, exceptions_of_rq.NoSuchGroupError):
        say(f"{kind.__name__} alone", isinstance(kind(), Exception))


def locals_():
    stack = LocalStack()
    say("proxy", repr(stack()), repr(stack.top))
    stack.push([1])
    say("proxy of a list", texts(stack()), len(stack()), stack() == [1], list(stack()))


def small_words(redis):
    say("platform", utils.get_platform().name, utils.safe_json_dumps({1}))
    say("missing", utils.missing_keys(redis, ["nobody's", *redis.keys("*")[:1]]))
    paths = ("a/b.py", "a.b", "/a/b.py", "a/b")
    say("paths", [utils.normalize_config_path(path) for path in paths])
    say("pauses", [Retry.get_interval(count, [1, 2]) for count in range(3)])
    say("more pauses", [Repeat.get_interval(count, [1, 2]) for count in range(3)])
    job = Job.create(chores.nothing, connection=redis, retry=Retry(2, [3, 4]))
    say("next", job.get_retry_interval(), job.should_enqueue_at_front())


def commands(redis):
    say("marks", [helpers.pad("a", 3), helpers.get_scale(21), helpers.get_scale(5000)])
    say("states", [helpers.state_symbol(one) for one in ("busy", "idle", "suspended", "?")])
    say("colours", helpers.red("a"), helpers.green("b"), helpers.yellow("c", bold=True))
    words = ["text", ":[1, 2]", "%(1, 2)", "a=text", "b:=3", "c%={4}"]
    say("arguments", helpers.parse_function_args(words), helpers.parse_function_arg("k:=1", 1))
    say("when", helpers.parse_schedule(None, "2090-01-01T00:00:00"), helpers.parse_schedule(*NONE))
    for settings in ({"REDIS_URL": "redis://h:1/2"}, {"REDIS_HOST": "h", "REDIS_SSL": "no"}):
        made = helpers.get_redis_from_config(settings)
        options = get_connection_kwargs(made)
        say(f"from {min(settings)}", [options[word] for word in ("host", "port", "db")])

    @click.command()
    @click.argument("queues", nargs=-1)
    @click.option("--by-queue", is_flag=True)
    @click.option("--raw", is_flag=True)
    @helpers.pass_cli_config
    def look(config, queues, raw, by_queue, **options):
        found = [config.queue_class(name, connection=config.connection) for name in queues]
        classes = (config.queue_class, config.worker_class, config.connection)
        helpers.refresh(0, helpers.show_both, found, raw, by_queue, *classes)
        click.echo(f"{sorted(options)} {config.job_class.__name__} {config.url is not None}")

    for flags in ([], ["--raw"], ["--by-queue"]):
        words = ["-u", os.environ["REDIS_URL"], *flags, "jobs", "empty"]
        done = CliRunner().invoke(look, words)
        lines = [line for line in done.output.splitlines() if "Updated" not in line]
        say(f"look {flags}", done.exit_code, lines if not done.exit_code else lines[:1])


NONE = (None, None)


def main():
    warnings.simplefilter("ignore")
    redis = Redis.from_url(os.environ["REDIS_URL"])
    words(redis)
    places(redis)
    jobs(redis)
    errors()
    locals_()
    small_words(redis)
    commands(redis)
    json.dump(SAID, sys.stdout, sort_keys=True)


if __name__ == "__main__":
    main()
