"""The worker's log."""

import io
import json
import logging
import sys

import pytest

from workhorse.cli.ink import Ink
from workhorse.cli.logs import ForFiles, ForPeople, JsonLines


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def record(level=logging.INFO, message="job %s", args=("a\x1b[2J",), **extra):
    made = logging.LogRecord("workhorse.worker", level, __file__, 1, message, args, None)
    made.__dict__.update(extra)
    return made


@pytest.fixture
def people(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    return ForPeople(Ink(Terminal()))


def test_people_see_a_time_and_a_message(people):
    time, text = people.format(record()).split(" ", 1)
    assert len(time) == len("12:00:00")
    assert text == "job a\\x1b[2J"


def test_people_see_the_level_only_if_it_is_unusual(people):
    assert " WARNING job" in people.format(record(logging.WARNING))


def test_files_get_the_date_the_level_and_the_logger():
    line = ForFiles().format(record())
    assert line.endswith(" INFO workhorse.worker: job a\\x1b[2J")
    assert line[4] == "-"


def test_json_lines_are_printable_and_say_the_same():
    message = "ä\u009b31m\x7f\u202e\udcff\n"
    line = JsonLines().format(record(message="%s", args=(message,)))
    assert line.isprintable()
    assert "ä" in line
    assert json.loads(line)["message"] == message


def test_json_lines_carry_the_facts():
    line = JsonLines("w").format(record(job_id="1", queue="q", duration_ms=1.5, other="x"))
    found = json.loads(line)
    assert found.pop("ts").endswith("Z")
    assert found == {
        "level": "info",
        "logger": "workhorse.worker",
        "message": "job a\x1b[2J",
        "job_id": "1",
        "queue": "q",
        "duration_ms": 1.5,
        "worker": "w",
    }
    assert "\x1b" not in line


def test_a_traceback_is_told(people):
    try:
        raise ValueError("why")
    except ValueError:
        failed = record()
        failed.exc_info = sys.exc_info()
    assert "ValueError: why" in people.format(failed)
    assert "ValueError: why" in json.loads(JsonLines().format(failed))["traceback"]
