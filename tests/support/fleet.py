"""RQ itself, real: environments with its releases, and programs that run there."""

from __future__ import annotations

import json
import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.environments import CannotBeMade, made

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = ("2.12.0", "3.0.0")

_PRELUDE = """
import json, os, sys, datetime, time
import redis, rq
from rq import Queue, Retry, SimpleWorker, Callback
from rq.job import Job, Dependency
from tests.support import rqjobs as jobs
r = redis.Redis.from_url(os.environ["RQ_URL"])
prefix = os.environ.get("RQ_KEY_PREFIX", "rq")
def queue(name="q", **options):
    return Queue(name, connection=r, **options)
def work(*names, **options):
    worker = SimpleWorker([queue(name) for name in names or ("q",)], connection=r)
    worker.work(burst=True, logging_level="ERROR", **options)
def say(what):
    print("SAID " + json.dumps(what))
"""


def rq_python(version: str) -> str:
    """The Python that has this release of RQ; its environment is made if it is not there.

    Skips the test if it cannot be made, and says why.
    """
    python, why = _found(version)
    if why:
        pytest.skip(f"no environment with rq {version} can be made here: {why}")
    return python


@cache
def _found(version: str) -> tuple[str, str]:
    """The Python, and why there is none or ''."""
    try:
        return release(version), ""
    except CannotBeMade as error:
        return "", str(error).splitlines()[-1]


def release(version: str) -> str:
    """The Python that has this release of RQ, or an error that says why it cannot be made."""
    return made(f"rq-{version}", (f"rq=={version}",))


class Fleet:
    """Programs that use one release of RQ on one server.

    Attributes:
        version: The release.
        url: The server.
        prefix: RQ_KEY_PREFIX, which only RQ 3 obeys.
    """

    def __init__(self, version: str, url: str, prefix: str = "rq") -> None:
        self.version = version
        self.url = url
        self.prefix = prefix
        self._python = rq_python(version)

    def run(self, code: str, timeout: float = 60) -> Any:
        """Run a program to its end; what it has said with `say`, or None."""
        ran = subprocess.run(
            self.words(code),
            env=self.environ(),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr[-3000:]
        said = [line[5:] for line in ran.stdout.splitlines() if line.startswith("SAID ")]
        return json.loads(said[-1]) if said else None

    def start(self, code: str) -> subprocess.Popen[bytes]:
        """Start a program that goes on; it is the test's to end."""
        return subprocess.Popen(
            self.words(code),
            env=self.environ(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def words(self, code: str) -> list[str]:
        """A program as a command."""
        return [self._python, "-W", "ignore", "-c", _PRELUDE + code]

    def environ(self) -> dict[str, str]:
        """Its environment."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("RQ_", "REDIS_"))
        }
        return {**kept, "PYTHONPATH": str(ROOT), "RQ_URL": self.url, "RQ_KEY_PREFIX": self.prefix}
