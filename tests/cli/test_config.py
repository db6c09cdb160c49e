"""Config modules: RQ's keys and ours, and what is said of a wrong one."""

import json
import subprocess
import sys
from importlib import import_module

import pytest
from click.testing import CliRunner

from tests.cli.conftest import clean_environment
from workhorse.cli import cli
from workhorse.queue import Queue


@pytest.fixture
def runner(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("WORKHORSE_URL", "WORKHORSE_NAMESPACE", "REDIS_URL", "RQ_REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    return CliRunner()


@pytest.fixture
def told(monkeypatch):
    """What `workhorse worker` would tell its worker."""
    seen: dict[str, object] = {}

    class Recorder:
        def __init__(self, queues, name, connection, **options):
            self.connection = connection
            seen.update(options, queues=queues, name=name, connection=connection)

        def work(self, **options):
            seen.update(options)

    monkeypatch.setattr(import_module("workhorse.worker.facade"), "Worker", Recorder)
    monkeypatch.setattr("workhorse.cli.logs.set_up", lambda *words: seen.update(log=words))
    return seen


@pytest.fixture
def module(tmp_path):
    """Writes a module of settings."""

    def write(text, name="settings"):
        (tmp_path / f"{name}.py").write_text(text, "utf-8")

    return write


def refused(runner, *words):
    ran = runner.invoke(cli, words)
    assert ran.exit_code == 2, ran.output
    assert "Traceback" not in ran.stderr.splitlines()[0]
    return ran.stderr


def test_its_settings_reach_the_worker(runner, told, module):
    module(
        """
        REDIS_HOST, REDIS_PORT, REDIS_DB = "here", 7000, "2"
        QUEUES = ["high", "low"]
        NAME = "me"
        WORKHORSE_HORSES = 3
        WORKHORSE_ALLOW = "a.* b.*"
        WORKHORSE_PRELOAD = ["x", "y"]
        WORKHORSE_MAX_HORSE_MEMORY = "1GB"
        WORKHORSE_BURST = True
        WORKHORSE_LEASE = 30
        WORKHORSE_NAMESPACE = "other"
        WORKHORSE_INFO_INTERVAL = 5  # for another command
        DEBUG = True                 # the application's own
        """.replace("\n        ", "\n")
    )
    ran = runner.invoke(cli, ["worker", "-c", "settings"], catch_exceptions=False)
    assert ran.exit_code == 0, ran.stderr
    connection = told["connection"]
    assert (connection.url, connection.namespace) == ("redis://here:7000/2", "other")
    assert (told["queues"], told["name"]) == (("high", "low"), "me")
    assert (told["horses"], told["lease"], told["burst"]) == ("3", 30, True)
    assert (told["allow"], told["preload"]) == (("a.*", "b.*"), ("x", "y"))
    assert told["max_horse_memory"] == 10**9


def test_the_command_line_goes_before_the_environment_and_that_before_the_module(
    runner, told, module
):
    module("QUEUES = ['module']\nNAME = 'module'\nWORKHORSE_HORSES = 1\nREDIS_URL = 'redis://m'\n")
    environment = {
        "WORKHORSE_CONFIG": "settings",
        "WORKHORSE_NAME": "environment",
        "WORKHORSE_HORSES": "2",
        "REDIS_URL": "redis://environment",
    }
    ran = runner.invoke(cli, ["worker", "-n", "3"], env=environment, catch_exceptions=False)
    assert ran.exit_code == 0, ran.stderr
    assert (told["horses"], told["name"], told["queues"]) == ("3", "environment", ("module",))
    assert told["connection"].url == "redis://m:6379"


@pytest.mark.parametrize("variable", ["WORKHORSE_URL", "RQ_REDIS_URL"])
def test_a_url_that_was_meant_for_the_command_goes_before_the_module(
    runner, told, module, variable
):
    module("REDIS_URL = 'redis://module'\n")
    environment = {"RQ_CONFIG": "settings", variable: "redis://variable"}
    runner.invoke(cli, ["worker"], env=environment, catch_exceptions=False)
    assert told["connection"].url == "redis://variable:6379"


def test_it_is_found_in_the_folders_of_path(runner, told, tmp_path):
    folder = tmp_path / "else" / "where"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "far.py").write_text("REDIS_URL = 'redis://far'\n", "utf-8")
    words = ["worker", "-c", "where.far", "-P", "else"]
    assert runner.invoke(cli, words, catch_exceptions=False).exit_code == 0
    assert told["connection"].url == "redis://far:6379"
    assert "did you mean 'where.far'?" in refused(
        runner, "info", "-c", "where.fair", "-P", str(tmp_path / "else")
    )


def test_sentinels_are_found_and_what_they_do_not_need_is_told(runner, told, module, caplog):
    module("SENTINEL = {'INSTANCES': [('s', 1)], 'MASTER_NAME': 'm', 'SOCKET_TIMEOUT': 1}\n")
    with caplog.at_level("INFO", "workhorse"):
        runner.invoke(cli, ["worker", "-c", "settings"], catch_exceptions=False)
    assert told["connection"].url == "sentinel://s:1/m"
    assert "SENTINEL['SOCKET_TIMEOUT'] of settings is not needed" in caplog.text


def test_what_it_imports_stays_out_of_the_process_that_becomes_the_supervisor(runner, told, module):
    module("BIG = 1\nprint('hello')\n", "a_whole_application")
    module("import a_whole_application\nfrom a_whole_application import BIG\nQUEUES = ['q']\n")
    ran = runner.invoke(cli, ["worker", "-c", "settings", "-u", "redis://h"])
    assert told["queues"] == ("q",)
    assert not {"settings", "a_whole_application"} & sys.modules.keys()
    assert "hello" not in ran.stdout


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("QUEUE = ['x']", "settings: there is no key 'QUEUE'; did you mean 'QUEUES'?"),
        ("REDIS_PASS = 'x'", "there is no key 'REDIS_PASS'; did you mean 'REDIS_PASSWORD'?"),
        ("SENTINELS = {}", "did you mean 'SENTINEL'?"),
        (
            "WORKHORSE_HORSE = 2",
            "no option for 'WORKHORSE_HORSE'; did you mean 'WORKHORSE_HORSES'?",
        ),
        ("redis_url = 'redis://h'", "settings has no setting for Workhorse; there are REDIS_URL"),
        ("REDIS_URL = 'rdis://h'", "settings: REDIS_URL: 'rdis' is not the URL of a server"),
        ("REDIS_PORT = 'many'", "settings: REDIS_PORT is 'many'; it must be a number"),
        ("QUEUES = ['a,b']", "a,b"),
        ("WORKHORSE_HORSES = 'many'", "give a number from 1, or 'auto'"),
        ("WORKHORSE_NAME = lambda: 1", "settings: WORKHORSE_NAME cannot leave its module"),
        ("import not_there_at_all", "No module named 'not_there_at_all'"),
        ("1 / 0", "the config module settings cannot be imported:"),
        ("raise SystemExit('no')", "SystemExit: no"),
        ("import os; os._exit(3)", "its process ended with status 3"),
    ],
)
def test_what_is_wrong_in_it_is_said(runner, module, text, says):
    module(text + "\n")
    assert says in refused(runner, "worker", "-c", "settings")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("setings", "there is no module 'setings' in"),
        ("setings", "did you mean 'settings'?"),
        ("quite.other", "--path says where to look"),
        ("settings.py", "takes the name of a module: did you mean 'settings'?"),
        ("./folder/settings.py", "did you mean 'folder.settings'?"),
    ],
)
def test_a_module_that_is_not_there_is_said(runner, module, name, says):
    module("QUEUES = ['q']\n")
    assert says in refused(runner, "info", "-c", name)


def test_other_commands_take_the_server_from_it_and_not_the_queues(
    workhorse, environment, connection, tmp_path
):
    for name in ("one", "two"):
        Queue(name, connection).enqueue("a.f")
    (tmp_path / "mine.py").write_text(
        f"REDIS_URL = {connection.url!r}\nWORKHORSE_NAMESPACE = {connection.namespace!r}\n"
        "QUEUES = ['one']\n",
        "utf-8",
    )
    ran = subprocess.run(
        [sys.executable, "-m", "workhorse", "info", "--json", "-c", "mine", "-P", str(tmp_path)],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert [queue["name"] for queue in json.loads(ran.stdout)["queues"]] == ["one", "two"]
    ran = workhorse("empty", "-c", "mine", "-P", str(tmp_path))
    assert ran.returncode == 2
    assert "name queues, or give --all" in ran.stderr


def test_dict_config_is_obeyed_by_the_worker_and_by_the_jobs(workhorse, connection, tmp_path):
    (tmp_path / "logging_of_mine.py").write_text(
        """
import logging

class Loud(logging.Formatter):
    def format(self, record):
        return f"LOUD {record.name} {record.getMessage()}"

DICT_CONFIG = {
    "version": 1,
    "formatters": {"loud": {"()": Loud}},
    "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "loud"}},
    "loggers": {
        "rq.worker": {"handlers": ["out"], "level": "INFO"},
        "myjobs": {"handlers": ["out"], "level": "INFO"},
    },
}
""",
        "utf-8",
    )
    (tmp_path / "logging_jobs.py").write_text(
        "import logging\ndef f():\n    logging.getLogger('myjobs').info('from a job')\n", "utf-8"
    )
    Queue(connection=connection).enqueue("logging_jobs.f")
    ran = workhorse("worker", "-b", "-c", "logging_of_mine", "-P", str(tmp_path), "--name", "w")
    assert ran.returncode == 0, ran.stderr
    assert "LOUD workhorse.worker worker w listens on default" in ran.stderr
    assert "LOUD myjobs from a job" in ran.stderr
    assert all(line.startswith("LOUD ") for line in ran.stderr.splitlines())


def test_a_dict_config_that_logging_refuses_is_an_error(workhorse, tmp_path):
    (tmp_path / "bad.py").write_text("DICT_CONFIG = {'version': 7}\n", "utf-8")
    ran = workhorse("worker", "-b", "-c", "bad", "-P", str(tmp_path))
    assert ran.returncode == 2
    assert "DICT_CONFIG: Unsupported version: 7" in ran.stderr
