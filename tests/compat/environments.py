"""Environments of their own, under .venvs/: RQ itself, and its tools without it."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".venvs"

RQ = ("rq==3.0.0",)
TOOLS = ("rq-dashboard==0.9.0", "rq-exporter==3.1.0", "django-rq==4.2.0")
"""Installed without what they require, which is RQ."""
BESIDE = (
    # What the tools require but for RQ; setuptools is in each environment.
    *("flask>=3", "arrow", "redis-sentinel-url", "six", "prometheus-client>=0.21"),
    *("django>=5,<6", "redis>=5"),
    # What Workhorse requires; it is found by way of PYTHONPATH.
    *("click>=8.1", "cronsim>=2.6", "hiredis>=3"),
)


def rq() -> str:
    """The Python that has RQ itself."""
    return _made("compat-rq", RQ, ())


def tools() -> str:
    """The Python that has the tools, and nothing that is called `rq`."""
    return _made("compat-tools", BESIDE, TOOLS)


def _made(name: str, requirements: tuple[str, ...], alone: tuple[str, ...]) -> str:
    folder = FOLDER / name
    python, stamp = folder / "bin" / "python", folder / ".ready"
    wanted = "\n".join((sys.version, *requirements, *alone))
    with _locked(name):
        if not stamp.exists() or stamp.read_text() != wanted:
            _run(sys.executable, "-m", "venv", "--clear", str(folder))
            pip = (str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check")
            _run(*pip, *requirements)
            if alone:
                _run(*pip, "--no-deps", *alone)
            stamp.write_text(wanted)
    return str(python)


@contextmanager
def _locked(name: str) -> Iterator[None]:
    """Tests may run side by side: one of them makes the environment."""
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}"
