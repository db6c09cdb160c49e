"""`rq` is us for whoever imports it, and only where that was asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.compat import inventory
from workhorse.compat import standin

INSTALLED = "import workhorse.compat.rq; workhorse.compat.rq.install()\n"


def python(code: str, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=cwd,
    )


def said(code: str) -> str:
    done = python(code)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_nothing_is_rq_before_it_is_asked_for():
    assert "No module named 'rq'" in python("import workhorse.compat.rq, rq").stderr


def test_every_module_is_the_same_under_both_names():
    names = [name.removeprefix(standin.OURS) for name in inventory.modules(standin.OURS)]
    assert ".worker.worker_classes" in names
    code = f"""{INSTALLED}
from importlib import import_module
for name in {names}:
    if "." in name:
        assert import_module("rq" + name) is import_module("{standin.OURS}" + name), name
        assert import_module("rq" + name).__spec__.name == "{standin.OURS}" + name
import rq.job, rq
assert rq is workhorse.compat.rq and rq.job.Job is workhorse.compat.rq.job.Job
from rq import Queue
from rq.worker import Worker
assert issubclass(Worker, rq.worker.base.BaseWorker)
"""
    assert said(code) == ""


def test_what_is_not_there_is_not_found():
    assert "No module named 'rq.nothing'" in python(INSTALLED + "import rq.nothing").stderr


@pytest.mark.parametrize(
    "ask",
    [
        "from importlib.metadata import version; print(version('rq'))",
        "import rq; print(rq.VERSION, end=''); assert rq.__version__ == rq.version.VERSION",
    ],
)
def test_the_version_is_that_of_the_rq_it_stands_for(ask):
    assert said(INSTALLED + ask) == standin.VERSION == "3.0.0"


def test_the_distribution_is_called_as_its_version():
    (folder,) = standin.DISTRIBUTION.iterdir()
    assert folder.name == f"{standin.NAME}-{standin.VERSION}.dist-info"


def test_rq_itself_is_not_replaced_behind_the_back_of_a_program(tmp_path):
    (tmp_path / "rq.py").write_text("")
    done = python(f"import rq\n{INSTALLED}", cwd=tmp_path)
    assert "rq was imported before, from" in done.stderr
    assert "call install() first of all" in done.stderr


def test_it_goes_before_an_rq_that_is_installed(tmp_path):
    (tmp_path / "rq.py").write_text("raise SystemExit('the other one')")
    code = f"{INSTALLED}import rq; print(rq.__name__)"
    assert python(code, cwd=tmp_path).stdout.strip() == standin.OURS


def test_it_can_be_taken_away_again():
    code = f"{INSTALLED}import rq.job\nfrom workhorse.compat import standin; standin.uninstall()\n"
    assert "No module named 'rq'" in python(code + "import rq").stderr


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """`python -m workhorse.compat.rq ...`."""
    return subprocess.run(
        [sys.executable, "-m", standin.OURS, *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=cwd,
    )


def test_a_program_is_run_as_python_would(tmp_path):
    (tmp_path / "beside.py").write_text("WORD = 'beside'")
    program = tmp_path / "program.py"
    program.write_text(
        "import beside, rq, sys; print(__name__, rq.__name__, beside.WORD, sys.argv)"
    )
    done = run("program.py", "a", "-b", cwd=tmp_path)
    assert done.stdout.strip() == f"__main__ {standin.OURS} beside ['program.py', 'a', '-b']"
    (tmp_path / "inside").mkdir()
    done = run("../program.py", cwd=tmp_path / "inside")
    assert "beside" in done.stdout
    done = run("-m", "program", "x", cwd=tmp_path)
    assert done.stdout.startswith(f"__main__ {standin.OURS} beside")


def test_an_installed_command_is_run(tmp_path):
    done = run("rq", "--version", cwd=tmp_path)
    assert done.stdout.strip() == "rq, version 3.0.0"
    assert run("rqworker", "--help", cwd=tmp_path).stdout.startswith("Usage: rqworker")
    assert run("-m", "rq.cli", "worker", "--help", cwd=tmp_path).stdout.startswith(
        "Usage: rq worker"
    )


def test_what_is_no_program_is_told(tmp_path):
    assert "no file and no installed command 'nobody'" in run("nobody", cwd=tmp_path).stderr
    assert "usage: python -m workhorse.compat.rq" in run(cwd=tmp_path).stderr
