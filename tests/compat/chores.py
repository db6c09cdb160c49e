"""Functions for jobs; nothing here needs more than Python, for RQ's tools have no pytest."""

from __future__ import annotations

import threading
from pathlib import Path


def add(a: int, b: int) -> int:
    return a + b


def nothing() -> None:
    return None


def fail(text: str = "no luck") -> None:
    raise ValueError(text)


def stay(until: str) -> str:
    """Run until a file is there."""
    never = threading.Event()
    while not Path(until).exists():
        never.wait(0.01)
    return "gone"


def who_am_i() -> list[object]:
    """Asked by way of `rq`, whatever that is."""
    from rq import get_current_job  # noqa: PLC0415 - whatever that is where the job runs

    job = get_current_job()
    job.meta["step"] = 1
    job.save_meta()
    get_current_job().meta["other"] = 2
    get_current_job().save_meta()
    return [job.id, job.origin, list(job.args), job.connection.ping()]


def retry_once(name: str) -> str:
    """Fails at its first run."""
    if not Path(name).exists():
        Path(name).touch()
        raise OSError("not yet")
    return "at last"


def ask_for_retry() -> object:
    from rq import Retry  # noqa: PLC0415 - likewise

    return Retry(max=1)


def told_success(job, connection, result) -> None:
    connection.rpush("said", f"{job.id} finished {result}")


def told_failure(job, connection, kind, value, traceback) -> None:
    connection.rpush("said", f"{job.id} failed {kind.__name__} {value}")


def django_apps() -> list[str]:
    """What Django has, if it is set up."""
    from django.apps import apps  # noqa: PLC0415 - only one environment has it

    return sorted(app.label for app in apps.get_app_configs())


def whose_handle() -> str:
    """The class of the handle that this job is given, asked by Workhorse's own name."""
    from workhorse import get_current_job  # noqa: PLC0415 - only where Workhorse is

    return type(get_current_job()).__module__
