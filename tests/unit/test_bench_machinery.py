import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("benchmarks.records", reason="a source distribution has no benchmarks")

from benchmarks import environments
from benchmarks.environments import NotInstalled
from benchmarks.family import Family
from benchmarks.lab import all_ran, check_runs
from benchmarks.measures.catalogue import MEASURES
from benchmarks.measures.draining import rate_of
from benchmarks.measures.fairness import _free_times, _overlap
from benchmarks.measures.measure import jobs_for, percentiles
from benchmarks.processes import ProgramFailed, Worker
from benchmarks.slots import Slots
from benchmarks.systems.catalogue import SYSTEMS
from benchmarks.systems.system import System
from benchmarks.workloads import WORKLOADS
from tests.support.workers import eventually


@pytest.fixture
def slots(tmp_path):
    return Slots.create(tmp_path / "slots", 4)


def known_slots(*times) -> Any:
    """Slots whose times are known."""
    begun, ended = zip(*times, strict=True)
    return SimpleNamespace(begun=begun, ended=ended, count=len(times))


def run(slots, *indices):
    for index in indices:
        slots.begin(index)
        slots.end(index)


def test_slots_tell_who_ran_and_how_often(slots):
    run(slots, 0, 2, 2)
    assert slots.runs == bytes([1, 0, 2, 0])
    assert slots.has_ended(0)
    assert not slots.has_ended(1)
    assert slots.begun[0] <= slots.ended[0]
    assert slots.begun[3] == 0


def test_only_the_first_try_is_the_first(slots):
    assert slots.is_first_try(1)
    assert not slots.is_first_try(1)
    assert slots.is_first_try(2)
    assert slots.runs == bytes(4)


def test_jobs_that_did_not_run_once_are_found(slots):
    run(slots, 0, 1)
    check_runs(slots, 2)
    assert all_ran(slots, 2)
    with pytest.raises(ProgramFailed, match="2 did not run and 0 ran repeatedly"):
        check_runs(slots)
    run(slots, 2, 3, 3)
    with pytest.raises(ProgramFailed, match="0 did not run and 1 ran repeatedly"):
        check_runs(slots)


def test_a_rate_goes_from_the_first_start_to_the_last_end():
    assert rate_of(known_slots((0, 10), (10, 20), (20, 1_000))) == pytest.approx(2e6)


def test_the_rate_of_several_workers_leaves_out_start_and_end():
    late = known_slots(*((0, 100 * number) for number in range(1, 16)), (0, 10**9))
    assert rate_of(late, middle=True) == pytest.approx(1e7)


def test_a_job_is_held_up_only_while_a_place_is_free():
    both_busy_from_10_to_20 = known_slots((0, 20), (10, 30), (40, 50))
    free = _free_times(both_busy_from_10_to_20)
    assert _overlap(free, 12, 18) == 0
    assert _overlap(free, 5, 25) == 10
    assert _overlap(free, 30, 40) == 10


def test_sizes_are_found_by_trying_with_more_and_more():
    tried = []

    def rate(count):
        tried.append(count)
        return 1_000.0

    assert jobs_for(2.0, rate, (10, 100_000)) == 2_000
    assert tried == [10, 100, 1_000]


def test_sizes_have_bounds():
    assert jobs_for(2.0, lambda _: 1e9, (10, 500)) == 500
    assert jobs_for(2.0, lambda _: 1.0, (10, 500)) == 10


def test_percentiles_are_two_figures():
    assert percentiles("late", list(range(101))) == {"late_p50": 50, "late_p99": 99}


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_kind_of_work_knows_a_right_result(name):
    work = WORKLOADS[name]
    index, *payload = work.args(7)
    assert index == 7
    assert work.is_right(7, payload[0] if payload else 7)
    assert not work.is_right(7, None)
    assert [len(text) for text in payload] == ([work.payload] if work.payload else [])


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda one: one.name)
def test_every_system_is_described_to_the_end(system):
    for purpose in ("best", "sleeper", "pair"):
        assert system.chosen(purpose) in system.variants
    for variant in system.variants.values():
        words = variant.worker("/venv/bin/python", "redis://localhost:1")
        assert words[0] == "/venv/bin/python"
        assert "{url}" not in " ".join(words)
        assert set(variant.works or ()) <= set(WORKLOADS)
    assert set(system.works) <= set(WORKLOADS)
    assert set(system.ways) <= {"one", "many", "async"}
    assert all("==" in word for word in system.requirements[:1])


@pytest.mark.parametrize("measure", MEASURES, ids=lambda one: one.name)
def test_no_subject_of_a_measure_is_measured_twice(measure):
    keys = [(one.system.name, one.variant, one.what) for one in measure.subjects(SYSTEMS)]
    assert keys
    assert len(keys) == len(set(keys))
    assert all(one.variant in one.system.variants for one in measure.subjects(SYSTEMS))


def test_a_system_that_needs_a_newer_python_than_there_is_says_so():
    future = System("future", "future", ("future==1",), "", {}, python=(3, 99))
    with pytest.raises(NotInstalled, match=r"needs Python 3\.99"):
        environments.interpreter(future)


def test_our_own_system_runs_on_this_interpreter():
    assert environments.interpreter(System("us", "us", (), "", {})) == sys.executable


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_a_family_has_members_memory_and_processor_time():
    family = Family(os.getpid())
    assert os.getpid() in family.members()
    assert family.memory() > 1_000_000
    assert family.cpu() >= 0
    assert family.fine_cpu() > 0


def test_a_family_that_is_gone_has_nothing():
    nobody = Family(2**22 + 1)
    assert nobody.members() == []
    assert nobody.cpu() == nobody.memory() == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_a_worker_that_is_killed_leaves_no_child_behind(tmp_path):
    child = "import signal; signal.pause()"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with Worker([sys.executable, "-c", code], dict(os.environ), tmp_path / "log") as worker:
        worker.wait(lambda: len(worker.family.members()) > 1, 20)
        children = worker.family.members()[1:]
    assert children
    assert worker.cpu > 0
    eventually(lambda: not any(map(is_alive, children)))


def is_alive(pid):
    """Whether a process is there and not only waiting to be buried."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
