"""What a program writes down of its cron entries: with the decorator `cron`, or `register`.

Both only remember the entry in this process; `Cron.load`, `workhorse cron load` and
`workhorse worker --cron` import the module and store what it has written down.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, Unpack, cast

from workhorse import calls
from workhorse.callables import reference
from workhorse.exceptions import WorkhorseError
from workhorse.names import check_cron_name, check_queue_name
from workhorse.options import CallOptions, Duration, EnqueueData, options_of
from workhorse.timetable import MISSED, OVERLAP, Missed, Overlap, Timetable, timetable_of

F = TypeVar("F", bound=Callable[..., Any])

CARRIED = frozenset(
    (
        *("timeout", "result_ttl", "ttl", "failure_ttl", "description", "at_front", "meta"),
        *("retry", "on_crash", "repeat", "rate_limit"),
        *("on_success", "on_failure", "on_stopped", "webhooks"),
    )
)
"""The options of a call that an entry can have; the others are about one job."""


class CronOptions(CallOptions, total=False):
    """The options of an entry beside those of its calls; `register` explains them."""

    name: str
    tz: str | tzinfo | None
    seconds: bool
    missed: Missed
    overlap: Overlap
    job_timeout: Duration | None


class Definition(NamedTuple):
    """One entry as a program has written it down."""

    name: str
    timetable: Timetable
    queue: str
    call: EnqueueData
    missed: Missed
    overlap: Overlap


_written: list[Definition] = []
_sources: dict[str, list[Definition]] = {}
"""The module that was loaded -> what was written down when it was."""


def register(  # noqa: PLR0913 - RQ's signature
    func: Callable[..., Any] | str,
    queue_name: str = "default",
    args: Sequence[Any] | None = None,
    kwargs: Mapping[str, Any] | None = None,
    interval: Duration | None = None,
    cron: str | None = None,
    **options: Unpack[CronOptions],
) -> Definition:
    """Write an entry down: a call that recurs. Nothing is asked of a server.

    Args:
        func: The function, or its dotted name.
        queue_name: Where its jobs go.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        interval: How long from one occurrence to the next; this or *cron*. The first one is an
            interval after the entry was stored, and each later one an interval after that.
        cron: A cron expression, such as '*/5 * * * *' or '@daily'.
        **options: `name`: what the entry is called; default: the function's dotted name.
            `tz`: the timezone of the expression, such as 'Europe/Berlin'; default: UTC.
            `seconds`: the expression has six fields, the first of them the second.
            `missed`: of occurrences at whose time no worker was alive, fire the latest ('once',
            the default), 'all', or none ('skip').
            `overlap`: while the job of the one before has not ended, fire all the same ('allow',
            the default), not at all ('skip'), or when it has ended ('queue').
            And as in `Queue.enqueue`: `job_timeout`, `result_ttl`, `ttl`, `failure_ttl`, `meta`,
            `description`, `retry`, `on_crash`, `at_front`, `repeat`, `rate_limit`.

    Raises:
        BadSchedule: It is not said when, or that makes no sense.
        ValueError: The name, or another option, makes no sense.
        TypeError: There is no such option.
        NotImportable: It is a lambda or nested.
    """
    definition = define(func, queue_name, args, kwargs, interval, cron, **options)
    _written.append(definition)
    return definition


def cron(
    expression: str | None = None,
    *,
    queue: str = "default",
    args: Sequence[Any] | None = None,
    kwargs: Mapping[str, Any] | None = None,
    interval: Duration | None = None,
    **options: Unpack[CronOptions],
) -> Callable[[F], F]:
    """A decorator: `@cron("*/5 * * * *", tz="Europe/Berlin")`, or `@cron(interval="30s")`.

    The function stays what it is. The arguments and errors are those of `register`.
    """

    def decorate(function: F) -> F:
        register(function, queue, args, kwargs, interval, expression, **options)
        return function

    return decorate


def define(  # noqa: PLR0913 - as `register`
    func: Callable[..., Any] | str,
    queue_name: str = "default",
    args: Sequence[Any] | None = None,
    kwargs: Mapping[str, Any] | None = None,
    interval: Duration | None = None,
    cron: str | None = None,
    **options: Unpack[CronOptions],
) -> Definition:
    """The entry that `register` would write down, checked as far as that is possible here."""
    if "<" in getattr(func, "__qualname__", ""):
        reference(func)  # raises: a lambda and a nested function have no name to import
    given = cast("dict[str, Any]", dict(options))
    name = given.pop("name", None) or _name_of(func)
    when = timetable_of(cron, interval, given.pop("tz", None), seconds=given.pop("seconds", False))
    missed = _one_of("missed", given.pop("missed", "once"), MISSED)
    overlap = _one_of("overlap", given.pop("overlap", "allow"), OVERLAP)
    if "job_timeout" in given:
        given["timeout"] = given.pop("job_timeout")
    given = {option: value for option, value in given.items() if value is not None}
    for option in given:
        if option not in CARRIED:
            raise TypeError(f"a cron entry has no option {option!r}{_meant(option)}")
    call = calls.prepare(func, args, kwargs, given)
    options_of(call)  # raises early if they make no sense
    return Definition(
        check_cron_name(name),
        when,
        check_queue_name(queue_name),
        call,
        cast("Missed", missed),
        cast("Overlap", overlap),
    )


def written_by(module: str) -> tuple[str, list[Definition]]:
    """Import a module, and say what it is called and which entries it has written down.

    To it belongs what the modules that it imports have written down, unless another one was
    loaded before to which that belongs.

    Args:
        module: Its dotted name, or the path of a file; that is imported under its name, and its
            folder put on `sys.path`, for workers must find its functions under that name, too.

    Raises:
        ValueError: Two different entries have the same name, or it is not where it says.
        ImportError: It cannot be imported.
    """
    if module.endswith(".py") or "/" in module:
        module = _at_hand(Path(module))
    try:
        import_module(module)
    except (ImportError, WorkhorseError):
        raise
    except (Exception, SystemExit) as error:
        raise ImportError(
            f"importing {module} raised {type(error).__name__}: {error!s:.300}", name=module
        ) from error
    found = _sources.setdefault(module, [])
    known = [id(one) for definitions in _sources.values() for one in definitions]
    found += [one for one in _written if id(one) not in known]
    entries: dict[str, Definition] = {}
    for one in found:
        if _likeness(entries.setdefault(one.name, one)) != _likeness(one):
            raise ValueError(
                f"two different cron entries are called {one.name!r}; give one of them a name="
            )
        entries[one.name] = one
    return module, list(entries.values())


def _likeness(one: Definition) -> Definition:
    """What two entries have in common that are the same; a module may have been loaded anew."""
    func = one.call.func
    return one._replace(call=one.call._replace(func=getattr(func, "__qualname__", func)))


def _at_hand(file: Path) -> str:
    """Make a file importable; its module's name."""
    if not file.is_file():
        raise ImportError(f"there is no file {str(file)!r}")
    folder = str(file.parent.absolute())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    loaded = sys.modules.get(file.stem)
    if loaded is not None and Path(getattr(loaded, "__file__", None) or "") != file.absolute():
        raise ImportError(f"{file.name}: there is another module {file.stem!r}; rename the file")
    return file.stem


def _name_of(func: object) -> str:
    if isinstance(func, str):
        return func
    try:
        return f"{func.__module__}.{func.__qualname__}"  # type: ignore[attr-defined]  # asked for
    except AttributeError:
        raise ValueError(f"{func!r:.100}: give the entry a name=") from None


def _one_of(what: str, given: object, known: tuple[str, ...]) -> str:
    if given not in known:
        raise ValueError(f"{what}={given!r:.100}: give one of {', '.join(map(repr, known))}")
    return str(given)


def _meant(option: str) -> str:
    known = [*CARRIED, "job_timeout", "name", "tz", "seconds", "missed", "overlap"]
    if option in CallOptions.__annotations__:
        return ", which is about one job; a function that it calls can enqueue others"
    near = get_close_matches(option, known, 1)
    return f"; did you mean {near[0]}=?" if near else ""
