"""The demo, played to its end in a process of its own."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import clean_environment
from tests.support.servers import wait_for
from workhorse.cli import screen
from workhorse.connection import Connection
from workhorse.demo import stage
from workhorse.demo.texts import in_one_loop, texts_in
from workhorse.job import Job


@pytest.fixture
def folder(tmp_path):
    """Forty small texts, and what is to be left out."""
    texts = tmp_path / "texts"
    texts.mkdir()
    for number in range(40):
        words = "sleep furious\nideas green " * (number + 1)
        (texts / f"{number:02}.txt").write_text(words, "utf-8")
    (texts / "picture").write_bytes(b"\x89PNG\0\0")
    (texts / "empty").touch()
    (texts / ".hidden").write_text("hidden", "utf-8")
    return texts


def play(*words, **more):
    return subprocess.run(
        [sys.executable, "-m", "workhorse", "demo", *map(str, words)],
        env=clean_environment(**more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


def test_the_texts_of_a_folder_are_found(folder):
    assert len(texts_in(folder)) == 40


def test_the_totals_are_right(folder):
    totals = in_one_loop(texts_in(folder))
    assert (totals.words, totals.lines) == (4 * 820, 820)
    assert totals.names == {"sleep": 820, "furious": 820, "ideas": 820, "green": 820}


def test_the_demo_agrees_and_leaves_nothing_behind(folder, tmp_path):
    ran = play(folder, TMPDIR=str(tmp_path))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "3,280 words in 820 lines" in ran.stdout
    assert "The totals agree" in ran.stdout
    for text in ("worked at try 3", "nothing to be done", "longer than its timeout", "SIGKILL"):
        assert text in " ".join(ran.stdout.split())
    assert "\x1b" not in ran.stdout
    assert not list(tmp_path.glob("workhorse-*"))


def test_the_demo_plays_on_a_given_server_and_sweeps_it(folder, server):
    ran = play(folder, WORKHORSE_URL=server.url)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    namespace = re.search(r"--namespace (demo-\w+)", ran.stdout)
    assert namespace
    left = subprocess.run(
        [sys.executable, "-m", "workhorse", "info", "-Q", "--namespace", namespace[1]],
        env=clean_environment(WORKHORSE_URL=server.url),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "No queues yet" in left.stdout


def test_a_password_is_among_the_words_of_no_process(tmp_path, monkeypatch):
    started = []

    def pretend(words, **options):
        started.append((words, options["env"]))
        return subprocess.CompletedProcess(words, 0, stdout="", stderr="")

    monkeypatch.setattr(subprocess, "run", pretend)
    monkeypatch.setattr(subprocess, "Popen", pretend)
    connection = Connection("redis://:hidden@localhost:1")
    worker = stage._hire(connection, tmp_path / "log")
    here = stage.Stage(connection, "", "", worker, tmp_path / "log")
    screen._page(here, Job("a", connection), colour=False)
    assert len(started) == 2
    for words, environment in started:
        assert "hidden" not in " ".join(words)
        assert environment["WORKHORSE_URL"] == connection.url


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -9)]
)
def test_a_demo_that_is_stopped_leaves_no_process(folder, tmp_path, number, status):
    process = subprocess.Popen(
        [sys.executable, "-m", "workhorse", "demo", str(folder)],
        env=clean_environment(TMPDIR=str(tmp_path)),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    shown = ""
    while "enqueued in" not in shown:  # by then there are a server and a worker
        shown += process.stdout.readline()
    worker = int(re.findall(r"pid (\d+)", shown)[0])
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == status
    wait_for(lambda: not is_alive(worker))
    if number != signal.SIGKILL:
        assert not list(tmp_path.glob("workhorse-*"))


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text("ascii")


@pytest.mark.slow
def test_the_demo_plays_on_the_standard_library():
    ran = play(COLUMNS="80")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert max(map(len, ran.stdout.splitlines())) <= 100


def test_a_folder_without_texts_exits_with_1(tmp_path: Path):
    ran = play(tmp_path)
    assert ran.returncode == 1
    assert "there are no text files" in ran.stderr
