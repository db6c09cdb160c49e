"""An environment for each system, so that none gets the other's requirements."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.systems.system import System

ROOT = Path(__file__).resolve().parents[1]


def interpreter(system: System) -> str:
    """The Python that has the system installed; its environment is made if it is not there.

    Raises:
        SystemExit: It cannot be made.
    """
    if not system.requirements:
        return sys.executable
    folder = ROOT / ".venvs" / system.distribution
    python, stamp = folder / "bin" / "python", folder / ".ready"
    wanted = "\n".join((sys.version, *system.requirements))
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"Installing {' '.join(system.requirements)} into .venvs/{folder.name}", flush=True)
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        _run(str(python), "-m", "pip", "install", "-qq", *_QUIETLY, *system.requirements)
        stamp.write_text(wanted)
    return str(python)


def version(system: System, python: str) -> str:
    """The version that is installed."""
    code = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))"
    words = [python, "-c", code, system.distribution]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


_QUIETLY = ("--disable-pip-version-check", "--no-input")


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed with status {done.returncode}")
