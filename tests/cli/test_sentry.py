"""`--sentry-dsn` and SENTRY_DSN, on the command line and in a config module."""

from __future__ import annotations

import logging

import click
import pytest

from tests.support.envelopes import dsn_of, events
from tests.support.receivers import receiving
from workhorse.cli import sentry
from workhorse.queue import Queue

FALLS = "tests.support.jobs.fall"


@pytest.fixture
def failing(connection):
    return Queue("default", connection).enqueue(FALLS, "ouch")


@pytest.fixture
def receiver():
    with receiving() as receiver:
        yield receiver


@pytest.mark.parametrize("way", ["option", "SENTRY_DSN", "RQ_SENTRY_DSN", "config"])
def test_a_worker_tells_sentry_of_failed_jobs(workhorse, failing, receiver, tmp_path, way):
    dsn = dsn_of(receiver)
    words, variables = [], {}
    if way == "option":
        words = ["--sentry-dsn", dsn]
    elif way == "config":
        (tmp_path / "settings_of_mine.py").write_text(f"SENTRY_DSN = {dsn!r}\n", "utf-8")
        words = ["-c", "settings_of_mine", "-P", str(tmp_path), "-P", "."]
    else:
        variables = {way: dsn}
    ran = workhorse("worker", "--burst", *words, **variables)
    assert ran.returncode == 0, ran.stderr
    (event,) = events(receiver)
    assert event["tags"]["job_id"] == failing.id


def test_the_workers_of_a_pool_tell_it_too(workhorse, failing, receiver):
    ran = workhorse("worker-pool", "--burst", "--sentry-dsn", dsn_of(receiver))
    assert ran.returncode == 0, ran.stderr
    assert len(events(receiver)) == 1


@pytest.mark.parametrize("dsn", ["x", "https://sentry.example/1", "https://key@", "key@host/1"])
def test_what_is_no_dsn_is_wrong_usage(workhorse, dsn):
    ran = workhorse("worker", "--burst", "--sentry-dsn", dsn)
    assert ran.returncode == 2
    assert "--sentry-dsn: give a DSN such as https://KEY@sentry.example/PROJECT" in ran.stderr


@pytest.fixture
def not_installed(monkeypatch):
    monkeypatch.setattr(sentry, "find_spec", lambda _name: None)


@pytest.mark.usefixtures("not_installed")
def test_the_option_without_sentry_sdk_says_how_to_install_it():
    with pytest.raises(click.UsageError, match=r"pip install 'workhorse\[sentry\]'"):
        sentry.watched("https://key@sentry.example/1", (), (), None)


@pytest.mark.usefixtures("not_installed")
def test_the_variable_without_sentry_sdk_is_a_warning(monkeypatch, caplog):
    monkeypatch.setenv("SENTRY_DSN", "https://key@sentry.example/1")
    with caplog.at_level(logging.WARNING, "workhorse.worker"):
        told = sentry.watched(None, ("a",), ("m.f",), None)
    assert told == {
        "preload": ("a",),
        "exception_handlers": ("m.f",),
        "work_horse_killed_handler": (),
    }
    assert "SENTRY_DSN is set, but nobody will be told of failed jobs" in caplog.text


def test_handlers_of_the_user_are_called_as_well(monkeypatch):
    monkeypatch.setenv("SENTRY_DSN", "")  # to be put back: it is set for the horses
    told = sentry.watched("https://key@sentry.example/1", ("a",), ("m.f",), "m.g")
    assert told == {
        "preload": ("workhorse.integrations.sentried", "a"),
        "exception_handlers": ("workhorse.integrations.sentry.report", "m.f"),
        "work_horse_killed_handler": ("workhorse.integrations.sentry.mourn", "m.g"),
    }
