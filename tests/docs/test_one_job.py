"""docs/design/one-job.md is true: a real job passes through what it says, in that order."""

from __future__ import annotations

import json
import os
import re
from importlib import import_module
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.docs.passage import Passed, Recorder, read
from tests.support import jobs
from tests.support.monitor import Monitor
from tests.support.workers import workers_of
from workhorse.connection import Connection
from workhorse.embedded.private import PrivateServer
from workhorse.queue import Queue
from workhorse.scripts import load

PAGE = (ROOT / "docs/design/one-job.md").read_text("utf-8")
CHAIN = re.search(r"^    (queue -> .+)$", PAGE, re.MULTILINE)
STEPS = re.findall(r"^\d+\. `([^`]+)`", PAGE, re.MULTILINE)
THE_FUNCTION = "tests/support/jobs.py:add"
SCRIPTS = {step for step in STEPS if step.endswith(".lua")}


def stations() -> list[str]:
    """The files of the line that sums it all up."""
    assert CHAIN
    words = re.split(r" -> | \| ", CHAIN[1])
    return [word if word.endswith((".lua", "()")) else f"{word}.py" for word in words]


def test_the_steps_are_numbered_without_a_gap():
    numbers = [int(number) for number in re.findall(r"^(\d+)\. `", PAGE, re.MULTILINE)]
    assert numbers == list(range(1, len(STEPS) + 1))


def test_the_line_on_top_sums_up_the_steps():
    files = iter(step.partition(":")[0] for step in STEPS)
    for station in stations():
        assert station in files, f"{station} is not among the steps, or not in this order"


@pytest.mark.parametrize("step", dict.fromkeys(STEPS))
def test_what_a_step_names_is_there(step: str):
    file, _, function = step.partition(":")
    if file == "f()":
        return
    assert (ROOT / "src/workhorse" / file).is_file()
    if not file.endswith(".lua"):
        found = import_module(f"workhorse.{file.removesuffix('.py').replace('/', '.')}")
        for name in function.split("."):
            found = getattr(found, name)
        assert callable(found)


@pytest.mark.parametrize("named", sorted(set(re.findall(r"`([\w/]+(?:\.(?:py|lua)|/))", PAGE))))
def test_every_file_that_the_page_names_is_there(named: str):
    if not named.startswith("src/"):
        assert (ROOT / "src/workhorse" / named).exists()


def test_a_real_job_passes_through_these_steps_and_no_others(
    own_server: PrivateServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    connection = Connection(own_server.url)
    queue = Queue(connection=connection)
    with workers_of(connection, tmp_path) as workers:
        workers.start(max_jobs=1)
        queue.enqueue(jobs.add, 0, 0).wait(20)  # the server has learnt the scripts
    recorded = str(tmp_path / "passed")
    places = [f"workhorse/{step}" for step in STEPS if ":" in step] + [THE_FUNCTION]
    record_in_children(tmp_path, monkeypatch, recorded, places)
    ours = Recorder(recorded, places)
    with Monitor(connection) as monitor, workers_of(connection, tmp_path) as workers:
        ours.start()
        job = queue.enqueue(jobs.add, 1, 2)
        ours.stop()
        worker = workers.start(max_jobs=1, wait=False)
        assert worker.ended() == 0  # nobody waits for the job: who does is told a small result
        ours.start()
        value = job.return_value()
        ours.stop()
    connection.close()
    assert value == 3
    passed = [*of_the_job(recorded, os.getpid()), *of_the_server(monitor)]
    assert [step for _, _, step in sorted(passed)] == STEPS


def record_in_children(
    folder: Path, monkeypatch: pytest.MonkeyPatch, recorded: str, places: list[str]
) -> None:
    """Have every Python that is started from now on record what it passes through."""
    (folder / "sitecustomize.py").write_text(
        f"from tests.docs.passage import Recorder\n"
        f"Recorder({recorded!r}, {json.dumps(places)}).start()\n",
        "utf-8",
    )
    path = os.pathsep.join(filter(None, [str(folder), str(ROOT), os.environ.get("PYTHONPATH")]))
    monkeypatch.setenv("PYTHONPATH", path)


def of_the_job(recorded: str, us: int) -> list[Passed]:
    """What the processes that had the job passed through: not the stable, which practises."""
    passed = list(read(recorded))
    horse = {one.process for one in passed if one.place == THE_FUNCTION}
    supervisor = {one.process for one in passed if one.place.endswith(":Supervisor.run")}
    assert len(horse) == len(supervisor) == 1
    return [
        one._replace(place="f()" if one.place == THE_FUNCTION else one.place.partition("/")[2])
        for one in passed
        if one.process in {us, *horse, *supervisor}
    ]


def of_the_server(monitor: Monitor) -> list[Passed]:
    """Which of the page's scripts the server ran."""
    known = {load(Path(step).stem).sha: step for step in SCRIPTS}
    return [
        Passed(asked.at, 0, known[asked.words[1]])
        for asked in monitor.asked
        if asked.name == "EVALSHA" and asked.words[1] in known
    ]
