"""The small functions of RQ that programs and tools call."""

from __future__ import annotations

import builtins
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from enum import Enum
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from workhorse.callables import import_object, reference
from workhorse.compat.standin import NAME, OURS
from workhorse.exceptions import NotImportable
from workhorse.schedules import seconds

if TYPE_CHECKING:
    from workhorse.compat.rq.job import Job
    from workhorse.compat.rq.queue import Queue
    from workhorse.compat.rq.worker import BaseWorker

T = TypeVar("T")

_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"

NOT_JSON_SERIALIZABLE = "<not JSON serializable>"


class Platform(Enum):
    """The kinds of systems."""

    WINDOWS = "windows"
    MAC = "mac"
    LINUX = "linux"
    OTHERS = "others"


def get_platform() -> Platform:
    """The kind of this one."""
    known = {"win": Platform.WINDOWS, "darwin": Platform.MAC, "linux": Platform.LINUX}
    said = sys.platform.lower()
    return next((kind for head, kind in known.items() if said.startswith(head)), Platform.OTHERS)


def import_attribute(name: str) -> Any:
    """What a dotted name means; a name under `rq` means ours, installed as that or not.

    Raises:
        ValueError: There is no such thing.
    """
    if name == NAME or name.startswith(f"{NAME}."):
        name = OURS + name.removeprefix(NAME)
    try:
        return import_object(name)
    except NotImportable as error:
        if hasattr(builtins, name):
            return getattr(builtins, name)
        raise ValueError(f"Invalid attribute name: {name} ({error})") from error


def import_job_class(name: str | type[Job]) -> type[Job]:
    """A class of jobs, by its dotted name."""
    from workhorse.compat.rq.job import Job

    return _class(name, Job)


def import_queue_class(name: str | type[Queue]) -> type[Queue]:
    """A class of queues, by its dotted name."""
    from workhorse.compat.rq.queue import Queue

    return _class(name, Queue)


def import_worker_class(name: str | type[BaseWorker]) -> type[BaseWorker]:
    """A class of workers, by its dotted name."""
    from workhorse.compat.rq.worker import BaseWorker

    return _class(name, BaseWorker)


def backend_class(holder: object, default_name: str, override: Any = None) -> Any:
    """The class that is meant: *override*, by itself or by name, else that of the holder."""
    if override is None:
        return getattr(holder, default_name)
    return import_attribute(override) if isinstance(override, str) else override


def resolve_function_reference(func: Any) -> tuple[Any, str]:
    """The object whose method it is, or None, and the dotted name of a function."""
    name, instance, _ = reference(func)
    return instance, name


def parse_timeout(timeout: float | str | None) -> int | None:
    """A duration in seconds: a number, '90', '90s', '3m', '1h' or '2d'.

    Raises:
        TimeoutFormatError: It cannot be read.
    """
    return None if timeout is None else int(seconds(timeout, what="timeout"))


def get_call_string(
    func_name: str | None,
    args: Iterable[Any],
    kwargs: dict[Any, Any],
    max_length: int | None = None,
) -> str | None:
    """A call as one line for people; arguments longer than *max_length* are cut."""
    if func_name is None:
        return None
    named = sorted(
        f"{word}={truncate_long_string(repr(v), max_length)}" for word, v in kwargs.items()
    )
    shown = [truncate_long_string(repr(arg), max_length) for arg in args]
    return f"{func_name}({', '.join([*shown, *named])})"


def truncate_long_string(data: str, max_length: int | None = None) -> str:
    """The text, cut."""
    return data if max_length is None or len(data) <= max_length else data[:max_length] + "..."


def get_version(connection: Any) -> tuple[int, int, int]:
    """The version of the server."""
    told = str(connection.info("server")["redis_version"]).split(".")
    major, minor, patch = (int(part) for part in (*told, "0", "0")[:3])
    return major, minor, patch


def now() -> datetime:
    """The time, aware UTC."""
    return datetime.now(UTC)


def current_timestamp() -> int:
    """The time, seconds since 1970."""
    return int(time.time())


def utcformat(dt: datetime) -> str:
    """A time as RQ writes it."""
    return dt.astimezone(UTC).strftime(_FORMAT)


def utcparse(string: str) -> datetime:
    """A time that RQ has written."""
    text = string if "." in string else string.replace("Z", ".0Z")
    return datetime.strptime(text, _FORMAT).replace(tzinfo=UTC)


def str_to_date(date_str: bytes | str) -> datetime:
    """A time that RQ has written."""
    if not date_str:
        raise ValueError("Empty string or bytestring provided")
    return utcparse(as_text(date_str))


def as_text(v: bytes | str) -> str:
    """Bytes as text; text as it is."""
    if isinstance(v, bytes):
        return v.decode("utf-8")
    if isinstance(v, str):
        return v
    raise ValueError(f"Unknown type {type(v)!r}")


def decode_redis_hash(h: dict[Any, Any], *, decode_values: bool = False) -> dict[str, Any]:
    """A hash as a client gives it, with its names as text, and its values too if wanted."""
    return {as_text(word): as_text(v) if decode_values else v for word, v in h.items()}


def safe_json_dumps(value: Any) -> str:
    """A value as JSON; `NOT_JSON_SERIALIZABLE` for one that is none."""
    try:
        return json.dumps(value)
    except (TypeError, ValueError):
        return NOT_JSON_SERIALIZABLE


def missing_keys(connection: Any, keys: Sequence[str]) -> list[str]:
    """Those of some keys that are not on the server."""
    pipeline = connection.pipeline(transaction=False)
    for key in keys:
        pipeline.exists(key)
    return [key for key, is_there in zip(keys, pipeline.execute(), strict=True) if not is_there]


def normalize_config_path(config_path: str) -> str:
    """The dotted name of a module that is given by its file, or by that."""
    if os.sep not in config_path and not config_path.endswith(".py"):
        return config_path
    return config_path.removesuffix(".py").removeprefix(os.sep).replace(os.sep, ".")


def validate_absolute_path(file_path: str) -> str:
    """The path of a file that is there.

    Raises:
        FileNotFoundError: It is not.
        IsADirectoryError: It is no file.
    """
    if not Path(file_path).exists():
        raise FileNotFoundError(f"Configuration file not found at '{file_path}'")
    if not Path(file_path).is_file():
        raise IsADirectoryError(
            f"Configuration path points to a directory, not a file: '{file_path}'"
        )
    return file_path


def compact(lst: Iterable[T | None]) -> list[T]:
    """All that is not None."""
    return [item for item in lst if item is not None]


def is_nonstring_iterable(obj: object) -> bool:
    """Whether it can be iterated over, and is no text."""
    return isinstance(obj, Iterable) and not isinstance(obj, str)


def ensure_job_list(obj: Any) -> list[Any]:
    """Several as a list, one as a list of one."""
    return list(obj) if is_nonstring_iterable(obj) else [obj]


def ceildiv(a: int, b: int) -> int:
    """A quotient, rounded up."""
    return ceil(a / b)


def split_list(a_list: Sequence[T], segment_size: int) -> Iterator[Sequence[T]]:
    """Pieces of a list."""
    for at in range(0, len(a_list), segment_size):
        yield a_list[at : at + segment_size]


def parse_names(queues_or_names: Iterable[str | Queue]) -> list[str]:
    """The names of queues that are given by name or as such."""
    return [one if isinstance(one, str) else one.name for one in queues_or_names]


def get_connection_from_queues(queues_or_names: Iterable[str | Queue]) -> Any:
    """The client of the first queue that is given as such, or None."""
    return next((one.connection for one in queues_or_names if not isinstance(one, str)), None)


def parse_composite_key(composite_key: str) -> tuple[str, str]:
    """The ids of a job and of its execution."""
    job_id, _, execution_id = composite_key.partition(":")
    return job_id, execution_id


def _class(given: Any, base: type[T]) -> type[T]:
    found = import_attribute(given) if isinstance(given, str) else given
    if not (isinstance(found, type) and issubclass(found, base)):
        raise ValueError(f"Invalid {base.__name__.lower()} class: {given}")  # noqa: TRY004 - as in RQ
    return found
