"""TaskTiger: its command, with a fork for each job and without."""

from __future__ import annotations

from urllib.parse import urlsplit

from benchmarks.systems.system import Command, System, Variant


def _worker(executor: str) -> Command:
    def command(python: str, url: str) -> list[str]:
        where = urlsplit(url)
        program = python.rpartition("/")[0] + "/tasktiger"
        return [
            python, program, "--host", str(where.hostname), "--port", str(where.port),
            "--executor", executor,
        ]  # fmt: skip

    return command


TASKTIGER = System(
    name="TaskTiger",
    distribution="tasktiger",
    requirements=("tasktiger==0.26.3",),
    client="benchmarks.systems.tasktiger_client",
    works=("noop", "compute", "nap", "1 KB", "1 MB", "retry"),
    can=("later",),
    variants={
        "fork": Variant(_worker("fork"), against="Worker", survives=True),
        "sync": Variant(_worker("sync"), against="SimpleWorker"),
    },
    best="sync",
    slow=True,
    note="It stores no results.",
)
