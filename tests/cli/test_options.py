"""Parsing, help and environment, in this process: nothing here reaches a server."""

import re
import subprocess
import sys
from importlib import import_module

import click
import pytest
from click.testing import CliRunner

from tests.style.sources import ROOT
from workhorse.cli import cli
from workhorse.cli.app import COMMANDS
from workhorse.cli.options import duration, horses, size


@pytest.fixture
def runner(monkeypatch):
    for name in ("WORKHORSE_URL", "WORKHORSE_NAMESPACE"):
        monkeypatch.delenv(name, raising=False)
    return CliRunner()


@pytest.fixture
def told(monkeypatch):
    """What `workhorse worker` would tell its worker."""
    seen: dict[str, object] = {}

    class Recorder:
        connection = None

        def __init__(self, queues, name, connection, **options):
            seen.update(options, queues=queues, name=name, server=str(connection))

        def work(self, **options):
            seen.update(options)

    monkeypatch.setattr(import_module("workhorse.worker.facade"), "Worker", Recorder)
    monkeypatch.setattr("workhorse.cli.logs.set_up", lambda *words: seen.update(log=words))
    return seen


def test_help_imports_only_click():
    code = "import sys; from workhorse.cli import main; sys.argv[1:] = ['--help']\n"
    code += "try: main()\nfinally: print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = set(ran.stdout.splitlines()[-1].split())
    assert "click" in loaded
    assert not loaded & {"asyncio", "hiredis", "logging", "socket", "workhorse.connection"}


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_explains_itself(runner, name):
    ran = runner.invoke(cli, [name, "--help"])
    assert ran.exit_code == 0
    assert f"Usage: cli {name}" in ran.output


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_the_command_says(name):
    module, text = COMMANDS[name]
    command = import_module(f"workhorse.cli.{module}").command
    assert command.short_help == text


@pytest.mark.parametrize("name", COMMANDS)
def test_each_option_is_in_the_documentation(name):
    page = (ROOT / "docs/cli.md").read_text("utf-8")
    command = import_module(f"workhorse.cli.{COMMANDS[name][0]}").command
    parts = command.commands.values() if isinstance(command, click.Group) else [command]
    for part in parts:
        for option in part.params:
            if isinstance(option, click.Option):
                assert f"`{max(option.opts, key=len)}" in page, option.opts


def test_the_exit_codes_are_in_the_help(runner):
    ran = runner.invoke(cli, ["--help"])
    assert re.findall(r"^ +(\d+) ", ran.output, re.MULTILINE) == ["0", "1", "2", "69", "130"]


def test_an_unknown_command_suggests_one(runner):
    ran = runner.invoke(cli, ["wroker"])
    assert ran.exit_code == 2
    assert "did you mean 'worker'?" in ran.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["worker", "--horses", "0"],
        ["worker", "--horses", "many"],
        ["worker", "--isolation", "threads"],
        ["worker", "--max-horse-memory", "much"],
        ["worker", "--lease", "soon"],
        ["worker", "a,b"],
        ["enqueue"],
        ["enqueue", "f", "--schedule-at", "tomorrow"],
        ["enqueue", "f", "--retry-max", "-1"],
        ["info", "--namespace", "{x}"],
        ["info", "-u", "rdis://host"],
        ["job", "-u", "redis://host", "no id!"],
        ["requeue"],
        ["requeue", "--all", "x"],
        ["empty"],
        ["empty", "--all", "x"],
        ["completion", "tcsh"],
        ["demo", "no/such/folder"],
    ],
)
def test_wrong_usage_exits_with_2_and_a_sentence(runner, words):
    ran = runner.invoke(cli, words)
    assert ran.exit_code == 2
    assert ran.stderr.startswith("workhorse: ")
    assert "Traceback" not in ran.stderr


def test_options_reach_the_worker(runner, told):
    words = "worker high low -n 3 --concurrency 7 --isolation fork -b --max-jobs 5 --name w"
    words += " --max-idle-time 1m --date-format %H --exception-handler m.f"
    words += " --exception-handler m.g -d --work-horse-killed-handler m.h"
    words += " --lease 30 --grace 1h --preload a --preload b -P src --allow x.* --allow-class y.*"
    words += " -S json --max-horse-jobs 9 --max-horse-memory 2MiB --max-crashes 0 --results-ttl 1d"
    words += " -ds random --log-format json -v --disable-job-desc-logging -u redis://nowhere"
    ran = runner.invoke(cli, words.split(), catch_exceptions=False)
    assert ran.exit_code == 0, ran.stderr
    path = told.pop("path")
    assert told.pop("server") == "redis://nowhere:6379"
    assert [folder.rpartition("/")[2] for folder in path] == ["src"]
    assert path[0].startswith("/")
    assert told == {
        "queues": ("high", "low"),
        "name": "w",
        "default_result_ttl": 86_400,
        "isolation": "fork",
        "horses": "3",
        "concurrency": 7,
        "lease": 30,
        "grace": 3600,
        "max_crashes": 0,
        "max_horse_jobs": 9,
        "max_horse_memory": 2 * 1024 * 1024,
        "preload": ("a", "b"),
        "serializer": "json",
        "allow": ("x.*",),
        "allow_classes": ("y.*",),
        "log_job_description": False,
        "burst": True,
        "max_jobs": 5,
        "max_idle_time": 60,
        "dequeue_strategy": "random",
        "dict_config": None,
        "exception_handlers": ("m.f", "m.g"),
        "disable_default_exception_handler": True,
        "work_horse_killed_handler": ("m.h",),
        "log": ("DEBUG", "json", "w", "%H"),
    }


def test_the_worker_reads_the_environment(runner, told):
    environment = {
        "WORKHORSE_URL": "redis://nowhere",
        "WORKHORSE_QUEUES": "high low",
        "WORKHORSE_HORSES": "auto",
        "WORKHORSE_BURST": "1",
        "WORKHORSE_ALLOW": "a.* b.*",
        "WORKHORSE_MAX_HORSE_MEMORY": "1GB",
        "WORKHORSE_LOG_LEVEL": "error",
    }
    ran = runner.invoke(cli, ["worker"], env=environment, catch_exceptions=False)
    assert ran.exit_code == 0, ran.stderr
    assert told["queues"] == ("high", "low")
    assert told["horses"] == "auto"
    assert told["burst"] is True
    assert told["allow"] == ("a.*", "b.*")
    assert told["max_horse_memory"] == 10**9
    assert told["log"][0] == "ERROR"


def test_the_worker_has_defaults(runner, told):
    assert runner.invoke(cli, ["worker", "-u", "redis://nowhere"]).exit_code == 0
    assert told["queues"] == ("default",)
    assert told["isolation"] == "warm"
    assert told["horses"] == "1"
    assert told["lease"] == 15
    assert told["name"]
    assert told["log"] == ("INFO", "text", told["name"], None)


@pytest.mark.parametrize(
    ("text", "value"),
    [("5", 5), ("2.5", 2.5), ("90s", 90), ("3m", 180), ("1h", 3600), ("2d", 172_800), ("-1", -1)],
)
def test_a_duration_is_read(text, value):
    assert duration(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("500MB", 500_000_000), ("2GiB", 2 << 30), ("1.5k", 1500), ("3 mb", 3_000_000)],
)
def test_a_size_is_read(text, value):
    assert size(text) == value


@pytest.mark.parametrize(("text", "value"), [("4", "4"), (" AUTO ", "auto")])
def test_a_number_of_horses_is_read(text, value):
    assert horses(text) == value
