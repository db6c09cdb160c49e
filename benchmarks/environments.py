"""An environment for each system, so that none gets the other's requirements."""

from __future__ import annotations

import compileall
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.systems.system import System

ROOT = Path(__file__).resolve().parents[1]

_NEWEST = 20
"""No minor version of Python 3 is above this yet."""
_QUIETLY = ("--disable-pip-version-check", "--no-input")


class NotInstalled(Exception):  # noqa: N818 - it says what is the matter
    """A system that cannot be installed here; the text says why."""


def interpreter(system: System) -> str:
    """The Python that has the system installed; its environment is made if it is not there.

    Raises:
        NotInstalled: It cannot be made.
    """
    if not system.requirements:
        # As pip does it for the others: without it a worker would compile itself at each start.
        compileall.compile_dir(ROOT / "src", quiet=1)
        return sys.executable
    folder = ROOT / ".venvs" / system.distribution
    python, stamp = folder / "bin" / "python", folder / ".ready"
    maker = _python(system.python)
    wanted = "\n".join((maker, *system.requirements))
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"Installing {' '.join(system.requirements)} into .venvs/{folder.name}", flush=True)
        _run(maker, "-m", "venv", "--clear", str(folder))
        _run(str(python), "-m", "pip", "install", "-qq", *_QUIETLY, *system.requirements)
        stamp.write_text(wanted)
    return str(python)


def version(system: System, python: str) -> str:
    """The version that is installed."""
    code = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))"
    return _told(python, "-c", code, system.distribution)


def python_version(python: str) -> str:
    """The version of an interpreter."""
    return _told(python, "-c", "import platform; print(platform.python_version())")


def understands(system: System, python: str, variant: str) -> bool:
    """Whether the installed command knows what a variant of its worker needs."""
    needs = system.variants[variant].needs
    if not needs:
        return True
    words = system.variants[variant].worker(python, "redis://localhost")
    told = _told(*words[: words.index("--url")], "--help")
    return all(word in told for word in needs)


def _python(oldest: tuple[int, int]) -> str:
    """This Python, or the oldest one there is that is new enough.

    Raises:
        NotInstalled: There is none.
    """
    if sys.version_info >= oldest:
        return sys.executable
    # Those who keep several versions often keep them side by side.
    siblings = Path(sys.base_prefix).parent
    for minor in range(oldest[1], _NEWEST):
        name = f"python3.{minor}"
        for found in (*sorted(siblings.glob(f"*/bin/{name}")), shutil.which(name)):
            if found is not None and _works(str(found)):
                return str(found)
    raise NotInstalled(f"needs Python {oldest[0]}.{oldest[1]} or later, and there is none here")


def _works(python: str) -> bool:
    return subprocess.run([python, "-c", ""], check=False, capture_output=True).returncode == 0


def _told(*words: str) -> str:
    done = subprocess.run(words, check=False, capture_output=True, text=True, cwd=ROOT)
    return done.stdout.strip()


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip() or "no word").splitlines()[-1]
        raise NotInstalled(f"{Path(command[0]).name} {' '.join(command[1:3])} failed: {last}")
