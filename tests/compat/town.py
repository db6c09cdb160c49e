"""A server with queues in all states, a worker that is busy, and RQ's tools that look at them."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import redis

from tests.compat import chores, environments
from tests.support.servers import free_port, port_of, wait_for
from workhorse.compat.rq import Queue
from workhorse.compat.rq.job import Job
from workhorse.compat.rq.worker import Worker
from workhorse.embedded.private import start_private

ROOT = Path(__file__).resolve().parents[2]
AS_RQ = ("-m", "workhorse.compat.rq")

COUNTS: Mapping[str, Mapping[str, int]] = {
    "default": {
        "queued": 3,
        "started": 0,
        "finished": 2,
        "failed": 2,
        "deferred": 1,
        "scheduled": 2,
        "canceled": 1,
    },
    "high": {
        "queued": 1,
        "started": 1,
        "finished": 0,
        "failed": 0,
        "deferred": 0,
        "scheduled": 0,
        "canceled": 0,
    },
}
"""What a town that was settled has in each state."""


class Site:
    """A tool that answers HTTP."""

    def __init__(self, port: int) -> None:
        self._port = port

    def ask(self, path: str, form: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Status and body of what a GET, or a POST of a form, is answered."""
        calling = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        with contextlib.closing(calling):
            if form is None:
                calling.request("GET", path)
            else:
                headers = {"Content-Type": "application/x-www-form-urlencoded"}
                calling.request("POST", path, urlencode(form, doseq=True), headers)
            answer = calling.getresponse()
            return answer.status, answer.read().decode()

    def page(self, path: str) -> str:
        """A page, which must be there."""
        status, body = self.ask(path)
        assert status == 200, f"{path}: {status}\n{body[:3000]}"
        return body

    def json(self, path: str) -> Any:
        """The same, read as JSON."""
        return json.loads(self.page(path))

    def post(self, path: str, **form: Any) -> str:
        """Do something; an answer that sends the caller elsewhere is as good as any."""
        status, body = self.ask(path, form)
        assert status in {200, 302}, f"{path}: {status}\n{body[:3000]}"
        return body


class Town:
    """One server, and processes around it.

    Attributes:
        client: A client of the server, as a program of RQ's has one.
        default: A queue.
        high: Another one.
    """

    def __init__(self, folder: Path, python: str) -> None:
        self.folder = folder
        self._python = python
        self._server = start_private(folder / "server", port=free_port())
        self.url = f"redis://127.0.0.1:{port_of(self._server)}/0"
        self.client = redis.Redis.from_url(self.url)
        self.default = Queue("default", connection=self.client)
        self.high = Queue("high", connection=self.client)
        self._running: list[subprocess.Popen[bytes]] = []

    def close(self) -> None:
        """End all that runs."""
        for process in self._running:
            process.kill()
            process.wait()
        self._server.kill()

    @property
    def surroundings(self) -> dict[str, str]:
        """The environment of its processes."""
        path = os.pathsep.join((str(ROOT / "src"), str(ROOT)))
        url = {"REDIS_URL": self.url, "RQ_REDIS_URL": self.url}
        return {**os.environ, **url, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}

    def run(self, *words: str) -> str:
        """What a program says that finds us as `rq`; it must end well."""
        done = subprocess.run(
            [self._python, *AS_RQ, *words],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            env=self.surroundings,
            cwd=self.folder,
        )
        assert done.returncode == 0, f"{' '.join(words)}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Such a program, running."""
        log = (self.folder / f"{len(self._running)}.log").open("wb")
        with log:
            process = subprocess.Popen(
                [self._python, *AS_RQ, *words],
                stdout=log,
                stderr=log,
                env=self.surroundings,
                cwd=self.folder,
            )
        self._running.append(process)
        return process

    def site(self, *words: str, ready: str = "/") -> Site:
        """A tool that listens on the port that stands for `PORT` in its words."""
        port = str(free_port())
        process = self.start(*(word.replace("PORT", port) for word in words))
        site = Site(int(port))

        def answers() -> bool:
            assert process.poll() is None, self.told()
            with contextlib.suppress(OSError):
                return site.ask(ready)[0] == 200
            return False

        wait_for(answers)
        return site

    def told(self) -> str:
        """What the processes have written."""
        return "\n".join(log.read_text()[-3000:] for log in sorted(self.folder.glob("*.log")))

    # Its people

    def settle(self) -> None:
        """Put jobs into all states; one runs, in the worker `alice`."""
        queue = self.default
        queue.enqueue(chores.add, 1, 2, job_id="sum", meta={"who": "me"})
        queue.enqueue(chores.nothing, job_id="none")
        queue.enqueue(chores.fail, "bad <b>luck</b>", job_id="bad")
        queue.enqueue(chores.fail, job_id="worse")
        self.run("rq", "worker", "--burst", "default")
        self.start("rq", "worker", "high", "default", "--name", "alice")
        running = self.high.enqueue(chores.stay, str(self.gate), job_id="busy", job_timeout=600)
        wait_for(lambda: running.is_started)
        wait_for(lambda: [one.get_current_job_id() for one in Worker.all(self.client)] == ["busy"])
        self.high.enqueue(chores.add, 1, 1, job_id="next")
        for name in ("first", "second", "third"):
            queue.enqueue(chores.add, 1, 1, job_id=name)
        queue.enqueue(chores.add, 2, 2, job_id="child", depends_on="first")
        for name in ("soon", "later"):
            queue.enqueue_in(timedelta(hours=1), chores.add, 3, 3, job_id=name)
        queue.enqueue(chores.add, 4, 4, job_id="never").cancel()

    @property
    def gate(self) -> Path:
        """The job that runs ends when this file is there."""
        return self.folder / "gate"

    def job(self, job_id: str) -> Job:
        """A job."""
        return Job.fetch(job_id, self.client)


@contextmanager
def settled(folder: Path, python: str | None = None) -> Iterator[Town]:
    """A town with jobs in all states."""
    town = Town(folder, python or environments.tools())
    try:
        town.settle()
        yield town
    finally:
        town.close()


HERE = sys.executable
"""The Python of the tests, which has Workhorse and no tools."""
