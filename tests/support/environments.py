"""Environments of their own for tests, under .venvs/; the first that wants one makes it."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / ".venvs"


class CannotBeMade(Exception):  # noqa: N818 - reads as a sentence
    """A command that makes an environment has failed."""


def made(name: str, requirements: tuple[str, ...], alone: tuple[str, ...] = ()) -> str:
    """The Python of the environment of that name.

    Args:
        name: What its folder is called.
        requirements: What is installed there, with what that requires.
        alone: What is installed without what it requires.

    Raises:
        CannotBeMade: It is not there, and cannot be made; says why.
    """
    folder = FOLDER / name
    python, stamp = folder / "bin" / "python", folder / ".ready"
    wanted = "\n".join((sys.version, *requirements, *alone))
    with _locked(name):
        if not stamp.exists() or stamp.read_text() != wanted:
            # By the pip that is here: to install one there takes longer than all the rest.
            _run(sys.executable, "-m", "venv", "--without-pip", "--clear", str(folder))
            _install(str(python), *requirements)
            if alone:
                _install(str(python), "--no-deps", *alone)
            stamp.write_text(wanted)
    return str(python)


def _install(python: str, *what: str) -> None:
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
    _run(*pip, "install", "-qq", "--no-input", *what)


@contextmanager
def _locked(name: str) -> Iterator[None]:
    """Tests may run side by side: one of them makes the environment."""
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise CannotBeMade(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
