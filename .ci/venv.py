"""Make .venv what pyproject.toml asks for; `make` runs this when the stamp is older.

It is read by whatever `python3` is, so its syntax stays that of Python 3.6: an old one must
get as far as the sentence that says what to do. Two of them at once take turns.
"""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".ready"
SOURCES = (ROOT / "pyproject.toml", Path(__file__).resolve())
OLDEST = (3, 11)


def check_python() -> None:
    """Stop with one sentence if this Python cannot make the environment."""
    if sys.version_info < OLDEST:
        have = ".".join(map(str, sys.version_info[:3]))
        sys.exit(
            f"Workhorse needs Python 3.11 or later, and {sys.executable} is {have}: "
            "name a newer one, as in 'make PYTHON=python3.12 test'."
        )
    try:
        import ensurepip  # noqa: F401, PLC0415 - asks whether it is there
        import venv  # noqa: F401, PLC0415 - likewise
    except ImportError as error:
        sys.exit(
            f"{sys.executable} has no module {error.name!r}, which makes virtual environments: "
            "install it (on Debian and Ubuntu: apt-get install python3-venv)."
        )


def is_ready() -> bool:
    """Tell whether another run of this script has done it already."""
    if not STAMP.exists():
        return False
    made = STAMP.stat().st_mtime_ns
    return all(source.stat().st_mtime_ns <= made for source in SOURCES)


def runs() -> bool:
    """Tell whether .venv has a Python that works and has pip."""
    if not PYTHON.exists():
        return False
    pip = [str(PYTHON), "-m", "pip", "--version"]
    return subprocess.run(pip, check=False, stdout=subprocess.DEVNULL).returncode == 0


def run(*command: str) -> None:
    """Run a command in the root of the tree, and stop with its status if it fails."""
    status = subprocess.run(command, check=False, cwd=str(ROOT)).returncode
    if status:
        sys.exit(f"Setting up .venv failed: {' '.join(command)} exited with {status}.")


def make() -> None:
    """Create or update the environment."""
    if not runs():
        print("Creating .venv", flush=True)
        run(sys.executable, "-m", "venv", "--clear", ".venv")
    print("Installing Workhorse and its tools into .venv", flush=True)
    newest = max(source.stat().st_mtime_ns for source in SOURCES)
    pip = [str(PYTHON), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    run(*pip, "--editable", ".[dev]")
    STAMP.touch()
    os.utime(str(STAMP), ns=(newest, newest))  # what is edited meanwhile is newer than the stamp


check_python()
with SOURCES[1].open() as lock:  # this very file: there is no lock file to ignore or to forget
    fcntl.flock(lock, fcntl.LOCK_EX)
    if not is_ready():
        make()
