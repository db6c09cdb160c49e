"""How the tests of the command run it: as a process of its own, on the tests' server."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from workhorse.connection import Connection

Ran = subprocess.CompletedProcess[str]
Command = Callable[..., Ran]


OURS = ("WORKHORSE_", "REDIS_", "RQ_", "SENTRY_", "COLUMNS", "NO_COLOR", "FORCE_")


def clean_environment(**more: str) -> dict[str, str]:
    """Ours without what would change what the command does."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return {**kept, **more}


@pytest.fixture
def environment(connection: Connection) -> dict[str, str]:
    return clean_environment(WORKHORSE_URL=connection.url, WORKHORSE_NAMESPACE=connection.namespace)


@pytest.fixture
def workhorse(environment: dict[str, str]) -> Command:
    """Runs `workhorse` with some words in the test's namespace."""

    def call(*words: str, stdin: str = "", **more: str) -> Ran:
        return subprocess.run(
            [sys.executable, "-m", "workhorse", *words],
            env={**environment, **more},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return call


@pytest.fixture
def worker(environment: dict[str, str], tmp_path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker on `default`."""
    with (tmp_path / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "workhorse", "worker", "default", "--name", "w"],
            env=environment,
            stderr=log,
        )
    yield process
    process.terminate()
    assert process.wait(20) == 0
