"""`workhorse cron`, and the option `--cron` of a worker."""

import json
import subprocess
import sys

import pytest

ENTRIES = """
from workhorse.cron import cron

@cron("@daily", tz="Europe/Berlin", queue="low")
def nightly():
    return "done"

@cron(interval="1h", name="hourly one")
def hourly():
    pass
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where an application's module lies, and where the command is called."""
    (tmp_path / "my_tasks.py").write_text(ENTRIES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def listed(workhorse):
    return {
        entry["name"]: entry for entry in json.loads(workhorse("cron", "list", "--json").stdout)
    }


@pytest.mark.parametrize(
    "words", [("load", "my_tasks"), ("my_tasks",), ("my_tasks.py",), ("./my_tasks.py",)]
)
def test_a_module_is_loaded(workhorse, folder, words):
    ran = workhorse("cron", *words)
    assert ran.returncode == 0, ran.stderr
    assert "2 new" in ran.stdout
    entries = listed(workhorse)
    assert entries["my_tasks.nightly"]["tz"] == "Europe/Berlin"
    assert entries["my_tasks.nightly"]["source"] == "my_tasks"
    assert entries["hourly one"]["interval"] == 3600
    shown = workhorse("cron", "list").stdout
    assert "@daily Europe/Berlin" in shown
    assert "every 1 h" in shown


def test_what_is_neither_a_command_nor_a_module_is_told(workhorse, folder):
    ran = workhorse("cron", "my_task")
    assert ran.returncode == 2
    assert "No such command 'my_task'" in ran.stderr


def test_if_one_entry_is_not_there_none_is_run(workhorse, folder):
    workhorse("cron", "load", "my_tasks")
    ran = workhorse("cron", "run", "hourly one", "nope")
    assert ran.returncode == 1
    assert "no cron entry 'nope'" in ran.stderr
    assert json.loads(workhorse("cron", "history", "hourly one", "--json").stdout) == []


def test_what_a_module_has_no_more_is_pruned(workhorse, folder):
    workhorse("cron", "load", "my_tasks")
    text = ENTRIES.replace("hourly one", "another")
    (folder / "my_tasks.py").write_text(text)
    ran = workhorse("cron", "load", "--prune", "my_tasks", "--json")
    assert json.loads(ran.stdout) == {
        "my_tasks": {
            "new": ["another"],
            "changed": [],
            "same": ["my_tasks.nightly"],
            "removed": ["hourly one"],
        }
    }


def test_an_entry_is_added_run_paused_resumed_and_removed(workhorse):
    added = workhorse(
        *("cron", "add", "math.sqrt", ":9", "--cron", "*/5 * * * *", "--name", "root", "-q", "low"),
        *("--tz", "Asia/Tokyo", "--overlap", "skip", "--missed", "all", "--timeout", "5", "--json"),
        *("--retry-max", "2"),
    )
    assert added.returncode == 0, added.stderr
    entry = json.loads(added.stdout)
    assert entry["description"] == "math.sqrt(9)"
    assert [entry[word] for word in ("queue", "missed", "overlap")] == ["low", "all", "skip"]
    job_id = json.loads(workhorse("cron", "run", "root", "--json").stdout)["root"]
    assert json.loads(workhorse("job", job_id, "--json").stdout)["timeout"] == 5
    (firing,) = json.loads(workhorse("cron", "history", "root", "--json").stdout)
    assert (firing["job_id"], firing["due"]) == (job_id, None)
    assert "by hand" in workhorse("cron", "history", "root").stdout
    assert "paused" in workhorse("cron", "pause", "root").stdout
    assert listed(workhorse)["root"]["paused"] is True
    assert "paused" not in workhorse("cron", "resume", "root").stdout
    assert "removed" in workhorse("cron", "remove", "root").stdout
    assert workhorse("cron", "remove", "root").returncode == 1
    assert "There are no cron entries" in workhorse("cron", "list").stdout


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("pause", "x"), 1, "no cron entry 'x'"),
        (("run", "x"), 1, "no cron entry 'x'"),
        (("history", "x"), 1, "no cron entry 'x'"),
        (("add", "math.sqrt"), 2, "give cron="),
        (("add", "math.sqrt", "--cron", "@dayly"), 2, "there is no '@dayly'"),
        (("add", "math.sqrt", "--cron", "@daily", "--tz", "Mars"), 2, "no timezone 'Mars'"),
        (("add", "math.sqrt", "--interval", "0.1"), 2, "from 1 second"),
        (("add", "math.sqrt", "--cron", "* * * * * *"), 2, "seconds=True"),
        (("load", "nowhere"), 2, "nowhere"),
        (("no/such/file.py",), 2, "there is no file"),
        (("lst",), 2, "lst"),
    ],
)
def test_what_goes_wrong_is_told(workhorse, words, code, told):
    ran = workhorse("cron", *words)
    assert ran.returncode == code
    assert told in ran.stderr
    assert "Traceback" not in ran.stderr


def begun(environment, *words):
    return subprocess.run(
        [sys.executable, "-m", "workhorse", "worker", "-b", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_worker_stores_entries_before_its_first_job(workhorse, environment, folder):
    ran = begun(environment, "--cron", "my_tasks", "low")
    assert ran.returncode == 0, ran.stderr
    assert set(listed(workhorse)) == {"my_tasks.nightly", "hourly one"}


def test_a_worker_whose_entries_cannot_be_read_does_not_begin(environment, folder):
    (folder / "my_tasks.py").write_text(ENTRIES.replace("@daily", "@dayly"))
    ran = begun(environment, "--cron", "my_tasks")
    assert ran.returncode == 1
    assert "there is no '@dayly'" in ran.stderr
    assert "cannot load the cron entries of my_tasks" in ran.stderr
    assert "listens on" not in ran.stderr
