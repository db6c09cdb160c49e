"""What RQ's programs may say here, in detail: where ours is another thing under RQ's word."""

from __future__ import annotations

import json
import logging
import signal
import threading
from datetime import UTC, datetime, timedelta

import pytest
import redis

import workhorse
from tests.compat import chores
from tests.support.player import Player
from workhorse.compat import clients
from workhorse.compat.rq import Queue, SimpleWorker, Worker
from workhorse.compat.rq import local as locals_of_rq
from workhorse.compat.rq.connections import parse_connection
from workhorse.compat.rq.cron import CronScheduler, get_cron_job_ids
from workhorse.compat.rq.cron_job_registry import get_names
from workhorse.compat.rq.exceptions import InvalidJobOperation, SchedulerNotFound
from workhorse.compat.rq.executions import Execution
from workhorse.compat.rq.job import Job, Retry
from workhorse.compat.rq.logutils import ColorizingStreamHandler, setup_loghandlers
from workhorse.compat.rq.rate_limit import RateLimit, RateLimitRegistry
from workhorse.compat.rq.scheduler import RQScheduler
from workhorse.compat.rq.serializers import (
    DefaultSerializer,
    JSONSerializer,
    chosen,
    resolve_serializer,
)
from workhorse.compat.rq.timeouts import (
    JobTimeoutException,
    TimerDeathPenalty,
    UnixSignalDeathPenalty,
)
from workhorse.compat.rq.utils import import_attribute, import_job_class, parse_names, utcparse
from workhorse.compat.rq.worker import HerokuWorker, RandomWorker, SpawnWorker, WorkerStatus
from workhorse.compat.rq.worker.words import told
from workhorse.connection import Connection
from workhorse.drivers import run
from workhorse.envelopes import codec_for
from workhorse.exceptions import ConnectionLost
from workhorse.ops.workers import Identity, register
from workhorse.webhook import Webhook


@pytest.fixture
def queue(connection: Connection) -> Queue:
    return Queue("default", connection=connection)


@pytest.fixture
def player(connection: Connection) -> Player:
    return Player(connection, codec_for("pickle"))


# Connections


def test_a_client_is_given_back_and_one_is_made_where_none_was_given(url):
    client = redis.Redis.from_url(url)
    assert Queue("a", connection=client).connection is client
    assert Queue("a", connection=client).failed_job_registry.connection is client
    assert Queue("a", connection=url).connection.ping()


def test_a_server_that_is_gone_is_an_error_of_redis_too(own_server):
    client = redis.Redis.from_url(own_server.url)
    queue = Queue("a", connection=client)
    assert queue.count == 0
    own_server.kill()
    clients.way_to(client).patience = 0
    with pytest.raises(redis.ConnectionError) as caught:
        queue.enqueue(chores.add, 1, 2)
    assert isinstance(caught.value, ConnectionLost)


def test_rqs_key_prefix_is_the_namespace_unless_ours_is_named(monkeypatch):
    monkeypatch.delenv("WORKHORSE_NAMESPACE", raising=False)
    monkeypatch.setenv("RQ_KEY_PREFIX", "{staging}")
    assert clients.namespace() == "staging"
    monkeypatch.setenv("WORKHORSE_NAMESPACE", "own")
    assert clients.namespace() == "own"


def test_what_a_client_is_made_of_is_told():
    client = redis.Redis(host="h", port=1)
    kind, connections, options = parse_connection(client)
    assert (kind, connections, options["host"]) == (redis.Redis, redis.Connection, "h")


# Queues and jobs


def test_what_needs_an_answer_cannot_be_part_of_a_pipeline(url):
    client = redis.Redis.from_url(url)
    with client.pipeline() as pipeline, pytest.raises(NotImplementedError, match="leave pipeline"):
        Queue("a", connection=client, is_async=False).enqueue(chores.add, 1, 2, pipeline=pipeline)


def test_who_has_a_slot_and_who_stands_in_line_is_told(url):
    client = redis.Redis.from_url(url)
    queue = Queue("limited", connection=client)
    limit = RateLimit("one-at-a-time", 1)
    jobs = [queue.enqueue(chores.nothing, job_id=one, rate_limit=limit) for one in "abc"]
    try:
        (found,) = [one for one in RateLimitRegistry.all(client) if one.key == limit.key]
        assert RateLimitRegistry.from_job(jobs[0]).key == limit.key
        assert (found.concurrency, found.connection) == (1, client)
        assert (found.get_allowed_job_ids(), found.get_allowed_job_count()) == (["a"], 1)
        assert found.get_rate_limited_job_ids() == ["b", "c"]
        assert found.get_rate_limited_job_count() == 2
        assert client.exists(found.allowed_key, found.rate_limited_key) == 2
        assert client.zscore(found.rl_keys_key, limit.key)
    finally:
        for job in jobs:
            job.delete()
    assert RateLimitRegistry("one-at-a-time", client).concurrency == 0
    assert RateLimitRegistry("one-at-a-time", client).get_allowed_job_ids() == []


def test_a_worker_that_starts_has_rqs_word_too():
    assert told("starting") == WorkerStatus.STARTED


def test_each_queue_gives_the_jobs_that_it_runs_handles_of_its_own(url, connection):
    theirs = Queue("theirs", connection=redis.Redis.from_url(url), is_async=False)
    ours = workhorse.Queue("ours", connection, is_async=False)
    for _ in range(2):
        assert theirs.enqueue(chores.whose_handle).return_value() == "workhorse.compat.rq.job"
        assert ours.enqueue(chores.whose_handle).return_value() == "workhorse.job"


def test_a_worker_without_horses_gives_their_handles_for_as_long_as_it_works(url, connection):
    queue = Queue("theirs", connection=redis.Redis.from_url(url))
    ours = workhorse.Queue("ours", connection, is_async=False)
    for _ in range(2):
        job = queue.enqueue(chores.whose_handle)
        assert SimpleWorker([queue]).work(burst=True)
        assert job.return_value() == "workhorse.compat.rq.job"
        assert ours.enqueue(chores.whose_handle).return_value() == "workhorse.job"


def test_a_job_is_moved_within_a_pipeline(url, connection):
    client = redis.Redis.from_url(url)
    queue = Queue("moving", connection=client)
    try:
        job = queue.enqueue_in(timedelta(hours=1), chores.add, 1, 2)
        with client.pipeline() as pipeline:  # as django-rq does
            queue.enqueue_job(job, pipeline=pipeline)
            queue.scheduled_job_registry.remove(job, pipeline=pipeline)
            assert job.get_status() == "scheduled"
            pipeline.execute()
        assert queue.job_ids == [job.id]
        with client.pipeline() as pipeline:
            job.delete(pipeline=pipeline)
            pipeline.execute()
        assert queue.is_empty()
    finally:
        queue.delete()


def test_a_queue_refuses_parameters_that_it_does_not_have(connection):
    with pytest.raises(TypeError, match="no parameter defualt_timeout"):
        Queue("a", connection=connection, defualt_timeout=5)


def test_the_arguments_of_a_function_may_be_called_as_options_of_ours(queue):
    job = queue.enqueue("m.f", on_crash=1, group_id=2)
    assert job.kwargs == {"on_crash": 1, "group_id": 2}


def test_a_stored_job_is_enqueued_again_and_one_that_runs_is_not(queue, player):
    job = queue.enqueue(chores.add, 1, 2)
    assert queue.enqueue_job(job).id == job.id
    assert queue.job_ids == [job.id]
    lease = player.take()
    with pytest.raises(InvalidJobOperation):
        queue.enqueue_job(job)
    player.finish(lease, 3)
    queue.enqueue_job(job)
    assert queue.job_ids == [job.id]
    with pytest.raises(InvalidJobOperation, match="belongs to the queue 'default'"):
        Queue("other", connection=queue.source.connection).enqueue_job(job)


def test_a_job_that_was_created_is_scheduled_once(queue):
    job = queue.create_job(chores.add, (1, 2), meta={"a": 1}, retry=Retry(3, [1, 2], True))
    assert job.get_status(refresh=False) == "queued"
    when = datetime(2090, 1, 1, tzinfo=UTC)
    queue.schedule_job(job, when)
    assert queue.scheduled_job_registry.get_scheduled_time(job) == when
    assert (job.retries_left, job.retry_intervals, job.enqueue_at_front_on_retry) == (
        *(3, [1, 2]),
        True,
    )
    with pytest.raises(InvalidJobOperation, match="stored already"):
        queue.schedule_job(job, when)


def test_queues_are_found_by_their_keys():
    assert Queue.from_queue_key("{wh}:queue:low", "redis://localhost").name == "low"
    with pytest.raises(ValueError, match="Not a valid queue key"):
        Queue.from_queue_key("rq:queue:low", "redis://localhost")


def test_the_hash_of_a_job_is_read_with_its_serializer(queue, player):
    job = queue.enqueue(chores.add, 1, 2)
    player.finish(player.take(), {"a": 1})
    raw = queue.connection.hget(job.key, "result")
    assert job.serializer.loads(raw) == {"a": 1}
    assert job.serializer.loads(job.serializer.dumps([1])) == [1]


def test_a_registry_lets_go_what_has_ended_and_nothing_else(queue, player):
    first, second = queue.enqueue(chores.add, 1, 1), queue.enqueue(chores.add, 2, 2)
    started = queue.started_job_registry
    lease = player.take()
    assert started.get_job_and_execution_ids() == [(first.id, "1")]
    with pytest.raises(InvalidJobOperation):
        started.remove(first)
    player.fail(lease)
    failed = queue.failed_job_registry
    failed.remove(second)  # it is not in there
    failed.remove(first)
    assert (failed.count, first.is_failed, second.is_queued) == (0, True, True)
    with pytest.raises(InvalidJobOperation, match="is not in"):
        failed.requeue(first)


def test_what_runs_is_an_execution(queue, player):
    job = queue.enqueue(chores.add, 1, 1)
    with pytest.raises(ValueError, match="no execution"):
        Execution.fetch("1", job.id, queue.source)
    player.take()
    execution = Execution.fetch("1", job.id, queue.source)
    assert (execution.composite_key, execution.worker_name) == (f"{job.id}:1", "w")
    assert execution.job.is_started
    assert Execution.from_composite_key(f"{job.id}:1", queue.source) == execution
    assert Job.fetch(f"{job.id}:1", queue.source).id == job.id
    with pytest.raises(ValueError, match="not found"):
        Execution.fetch("1", "nobody", queue.source)


# Workers


def test_workers_say_what_the_server_knows_of_them(queue, connection):
    facts: dict[str, str | int] = {"queues": "default\nlow", "state": "busy", "pid": 7}
    facts |= {"working_ms": 1500, "failed": 2}
    run(connection, register(connection.keys, Identity("ada", "", ""), 60_000, facts))
    (ada,) = Worker.all(connection)
    assert isinstance(ada, Worker)
    assert (ada.name, ada.queue_names(), ada.get_state()) == ("ada", ["default", "low"], "busy")
    assert (ada.pid, ada.total_working_time, ada.failed_job_count) == (7, 1.5, 2)
    assert (Worker.count(queue=queue), queue.scheduler_pid) == (1, 7)
    assert Worker.count(queue=Queue("other", connection=connection)) == 0
    found = Worker.find_by_key(ada.key, connection)
    assert found is not None
    assert [one.name for one in found.queues] == ["default", "low"]
    assert found.get_current_job() is None
    assert Worker.find_by_key("{wh}:worker:nobody", connection) is None


def test_kinds_of_workers_are_ways_of_working(connection):
    def told(kind, **options):
        return kind("default", connection=connection, **options).settings()

    assert told(SpawnWorker).isolation == "spawn"
    assert told(HerokuWorker).grace == 6
    assert RandomWorker.strategy == "random"
    plain = told(Worker, worker_ttl=5, maintenance_interval=1, job_monitoring_interval=1)
    assert (plain.result_ttl, plain.serializer) == (500, "pickle")
    assert plain.preload[0] == "workhorse.compat.handles"


def test_who_overrides_what_nothing_calls_is_told():
    with pytest.warns(UserWarning, match="Mine.execute_job: nothing calls it here"):
        type("Mine", (Worker,), {"execute_job": None})


def test_every_job_goes_by_way_of_an_enqueue_job_that_was_wrapped(queue, monkeypatch):
    own = Queue.enqueue_job

    def wrapped(self, job, **kwargs):  # as tools that trace jobs do
        job.meta["trace"] = "t"
        return own(self, job, **kwargs)

    monkeypatch.setattr(Queue, "enqueue_job", wrapped)
    job = queue.enqueue(chores.add, 1, 2, at_front=True)
    assert Job.fetch(job.id, queue.source).meta == {"trace": "t"}
    assert queue.job_ids == [job.id]


def test_a_scheduler_has_nothing_to_do_and_can_be_stopped(connection):
    scheduler = RQScheduler(["default"], connection)
    assert scheduler.acquire_locks() == {"default"}
    scheduler.enqueue_scheduled_jobs()
    work = threading.Thread(target=scheduler.work)
    work.start()
    scheduler.stop()
    work.join(5)
    assert not work.is_alive()


# Cron


def test_cron_entries_are_those_of_the_server(queue, connection):
    scheduler = CronScheduler(connection)
    entry = scheduler.register(
        chores.add, "default", (1, 2), interval=60, name="often", meta={"b": 2}
    )
    assert CronScheduler.all(connection) == []
    job = entry.enqueue(connection)
    assert (queue.job_ids, get_cron_job_ids("often", connection)) == ([job.id], [job.id])
    assert get_names(connection) == ["often"]
    (known,) = CronScheduler.fetch("workhorse", connection).get_jobs()
    assert (known.name, known.func_name, known.args) == ("often", "tests.compat.chores.add", (1, 2))
    assert (known.interval, known.job_options["meta"]) == (60, {"b": 2})
    assert known.next_enqueue_time is not None
    with pytest.raises(SchedulerNotFound):
        CronScheduler.fetch("another", connection)


def test_the_jobs_of_a_cron_entry_have_its_webhooks(connection):
    hook = Webhook("http://example.com/", "failed")
    scheduler = CronScheduler(connection)
    entry = scheduler.register(chores.add, "q", (1, 2), interval=60, webhooks=[hook])
    assert entry.enqueue(connection).webhooks == [hook]


# The small things


def test_serializers_are_found_by_class_name_and_dotted_name():
    assert resolve_serializer() is DefaultSerializer
    assert resolve_serializer("rq.serializers.JSONSerializer") is JSONSerializer
    assert [chosen(one) for one in (None, "json", DefaultSerializer, JSONSerializer, json)] == [
        *("pickle", "json", "pickle", "json", json)
    ]
    with pytest.raises(NotImplementedError):
        resolve_serializer(object())


def test_names_under_rq_mean_ours():
    assert import_attribute("rq.Queue") is Queue
    assert import_job_class("rq.job.Job") is Job
    assert import_attribute("len") is len
    with pytest.raises(ValueError, match="Invalid attribute name"):
        import_attribute("nothing.like.this")
    with pytest.raises(ValueError, match="Invalid job class"):
        import_job_class("rq.Queue")
    assert parse_names([Queue("a", connection="redis://localhost"), "b"]) == ["a", "b"]
    assert utcparse("2026-01-02T03:04:05Z") == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_a_timeout_by_a_signal_lets_an_outer_one_go_on():
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(True))
    signal.setitimer(signal.ITIMER_REAL, 30)
    try:
        with pytest.raises(JobTimeoutException), UnixSignalDeathPenalty(0.05):
            threading.Event().wait(5)
        left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        assert 25 < left < 30
        assert rung == []
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_timeout_by_a_timer_reaches_a_thread():
    with pytest.raises(JobTimeoutException), TimerDeathPenalty(0.05):
        sum(iter(lambda: 1, 2))  # for ever
    with TimerDeathPenalty(5):
        pass


def test_values_of_a_local_are_the_threads_own():
    here, stack = locals_of_rq.Local(), locals_of_rq.LocalStack()
    here.word = "main"
    stack.push(1)
    seen = []
    other = threading.Thread(target=lambda: seen.append((hasattr(here, "word"), stack.top)))
    other.start()
    other.join()
    assert seen == [(False, None)]
    assert here("word").upper() == "MAIN"
    assert [stack.top, stack.pop(), stack.pop()] == [1, 1, None]
    locals_of_rq.release_local(here)
    assert not hasattr(here, "word")


def test_a_logger_gets_one_handler():
    logger = logging.getLogger("rq.of.a.test")
    logger.propagate = False
    setup_loghandlers("DEBUG", name=logger.name)
    setup_loghandlers(name=logger.name)
    (handler,) = logger.handlers
    assert isinstance(handler, ColorizingStreamHandler)
    assert logger.level == logging.DEBUG
