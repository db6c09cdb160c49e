"""RQ's options under RQ's names: what has a meaning has it, the rest is said not to be needed."""

import logging
import re
from importlib import import_module

import click
import pytest
from click.testing import CliRunner

from workhorse.cli import cli
from workhorse.cli.app import COMMANDS
from workhorse.queue import Queue

SHARED = (
    *("--url", "--config", "--worker-class", "--job-class", "--queue-class"),
    *("--connection-class", "--path", "--serializer"),
)
RQ = {
    "worker": (
        *("--burst", "--logging_level", "--log-format", "--date-format", "--name"),
        *("--results-ttl", "--worker-ttl", "--maintenance-interval", "--job-monitoring-interval"),
        *("--disable-job-desc-logging", "--verbose", "--quiet", "--pid", "--max-jobs"),
        *("--max-idle-time", "--with-scheduler", "--dequeue-strategy"),
        *("--exception-handler", "--disable-default-exception-handler"),
        *("-b", "-v", "-q", "-s", "-ds", "-d"),
    ),
    "worker-pool": (
        *("--burst", "--logging-level", "--verbose", "--quiet", "--log-format", "--date-format"),
        *("--exception-handler", "--num-workers", "-b", "-l", "-v", "-q", "-n"),
    ),
    "enqueue": (
        *("--queue", "--timeout", "--result-ttl", "--ttl", "--failure-ttl", "--description"),
        *("--depends-on", "--job-id", "--at-front", "--retry-max", "--retry-interval"),
        *("--schedule-in", "--schedule-at", "--quiet", "-q"),
    ),
    "info": (
        *("--interval", "--raw", "--only-queues", "--only-workers", "--by-queue"),
        *("-i", "-r", "-Q", "-W", "-R"),
    ),
    "empty": ("--all", "-a"),
    "requeue": ("--queue", "--all", "-a"),
}


@pytest.fixture
def told(monkeypatch):
    """What `workhorse worker` would tell its worker."""
    seen: dict[str, object] = {}

    class Recorder:
        connection = None

        def __init__(self, *_words, **options):
            seen.update(options)

        def work(self, **options):
            seen.update(options)

    monkeypatch.setattr(import_module("workhorse.worker.facade"), "Worker", Recorder)
    monkeypatch.setattr("workhorse.cli.logs.set_up", lambda *words: seen.update(log=words))
    return seen


def run(*words, **environment):
    return CliRunner().invoke(cli, [*words, "-u", "redis://nowhere"], env=environment)


@pytest.mark.parametrize("name", RQ)
def test_every_option_of_rqs_is_there(name):
    command = import_module(f"workhorse.cli.{COMMANDS[name][0]}").command
    ours = {flag for option in command.params for flag in option.opts}
    assert ours >= {*RQ[name], *SHARED, "-u", "-c", "-w", "-j", "-P", "-S"}


@pytest.mark.parametrize("name", RQ)
def test_no_two_options_share_a_flag(name):
    command = import_module(f"workhorse.cli.{COMMANDS[name][0]}").command
    flags = [flag for option in command.params for flag in option.opts]
    assert len(flags) == len(set(flags))


@pytest.mark.parametrize(
    ("name", "isolation", "strategy"),
    [
        ("Worker", "warm", "default"),
        ("rq.Worker", "warm", "default"),
        ("rq.worker.SimpleWorker", "inline", "default"),
        ("workhorse.SpawnWorker", "spawn", "default"),
        ("rq.worker.HerokuWorker", "warm", "default"),
        ("rq.worker.RoundRobinWorker", "warm", "round_robin"),
        ("workhorse.worker.RandomWorker", "warm", "random"),
    ],
)
def test_a_worker_class_stands_for_what_it_does(told, name, isolation, strategy):
    assert run("worker", "-w", name).exit_code == 0
    assert (told["isolation"], told["dequeue_strategy"]) == (isolation, strategy)
    assert run("worker", RQ_WORKER_CLASS=name).exit_code == 0
    assert told["isolation"] == isolation


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["-w", "SpawnWorkr"], "did you mean 'SpawnWorker'?"),
        (["-w", "myapp.Mine"], "the supervisor imports no code of yours: start it from a program"),
        (["-w", "SimpleWorker", "--isolation", "fork"], "means --isolation inline, not fork"),
        (["-j", "myapp.Job"], "'myapp.Job' cannot be used: a job of our own makes its handles"),
        (["--queue-class", "myapp.Line"], "cannot be used: a worker reads queues itself"),
        (["--connection-class", "redis.cluster.RedisCluster"], "cluster://host:6379"),
        (["--connection-class", "fakeredis.FakeStrictRedis"], "see workhorse.testing"),
        (["--connection-class", "myapp.Client"], "--url says where the server is"),
        (["-n", "a-name"], "what a worker is called is --name"),
        (["--log-format", "%(nothing"], "'%(nothing'"),
        (["--log-format", "xml"], "use text, json, or a template"),
    ],
)
def test_what_a_worker_cannot_be_is_refused_with_the_reason(told, words, says):
    ran = run("worker", *words)
    assert ran.exit_code == 2
    assert says in ran.stderr
    assert "isolation" not in told


def test_rqs_own_classes_are_accepted_without_a_word(told, caplog):
    words = ["-j", "rq.job.Job", "--queue-class", "rq.Queue", "--connection-class", "redis.Redis"]
    with caplog.at_level(logging.INFO, "workhorse"):
        assert run("worker", *words).exit_code == 0
    assert caplog.text == ""


def test_what_is_not_needed_is_said_once_in_the_log(told, caplog):
    words = ["--worker-ttl", "9", "--maintenance-interval", "9", "-s"]
    words += ["--job-monitoring-interval", "9"]
    with caplog.at_level(logging.INFO, "workhorse"):
        ran = run("worker", *words)
    assert ran.exit_code == 0, ran.stderr
    said = re.findall(r"(--[\w-]+) is not needed: ", caplog.text)
    assert sorted(said) == sorted(
        ["--worker-ttl", "--maintenance-interval", "--job-monitoring-interval", "--with-scheduler"]
    )


def test_a_template_and_a_date_format_are_the_logs(workhorse, connection):
    Queue(connection=connection).enqueue("math.sqrt", 4)
    words = ("--log-format", "%(asctime)s|%(name)s|%(message)s", "--date-format", "at %Y")
    ran = workhorse("worker", "-b", "--name", "w", *words)
    assert ran.returncode == 0, ran.stderr
    for line in ran.stderr.splitlines():
        assert re.match(r"at \d{4}\|workhorse[.\w]*\|", line), line


def test_other_commands_only_mention_what_changes_nothing(workhorse):
    ran = workhorse("info", "-w", "myapp.Mine", "-j", "myapp.Job", "-S", "json")
    assert ran.returncode == 0
    assert "--worker-class myapp.Mine changes nothing here" in ran.stderr
    assert "--job-class myapp.Job changes nothing here" in ran.stderr
    assert "--serializer is not needed: nothing is decoded here" in ran.stderr


def test_info_has_rqs_raw_lines(workhorse, connection):
    Queue("one", connection).enqueue("a.f")
    Queue("two", connection).enqueue("a.f")
    assert workhorse("info", "--raw").stdout.splitlines() == ["queue one 1", "queue two 1"]
    assert workhorse("info", "-r", "-W").stdout.strip() == ""


def test_hidden_options_are_hidden_and_no_others():
    command = import_module("workhorse.cli.worker").command
    hidden = {
        max(p.opts, key=len) for p in command.params if isinstance(p, click.Option) and p.hidden
    }
    assert hidden == {
        *("--worker-class", "--job-class", "--queue-class", "--connection-class"),
        *("--worker-ttl", "--maintenance-interval", "--job-monitoring-interval"),
        "--with-scheduler",
    }
