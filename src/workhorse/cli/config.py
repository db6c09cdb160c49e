"""Config modules: a module of the user's whose names in capitals are settings, as with RQ.

It is the user's code, so a process of its own imports it and hands over plain values; what it
brings in (all of an application, often) never gets into a supervisor. Settings become the
defaults of the command's options: the command line and the environment go before them.
"""

from __future__ import annotations

import difflib
import marshal
import os
import pickle
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from workhorse.cli.notes import WORKERS, note
from workhorse.endpoints.logins import EndpointError
from workhorse.endpoints.settings import KEYS as SERVER_KEYS
from workhorse.endpoints.settings import endpoint_of, needless

WORKER_KEYS = ("QUEUES", "NAME", "SENTRY_DSN", "DICT_CONFIG")
KEYS = (*SERVER_KEYS, *WORKER_KEYS)
"""The keys that RQ has; ours are called as the variables of the environment."""
OURS = "WORKHORSE_"
NEAR = 0.82
"""How like a known key must an unknown one be to be a mistake, and not the application's own."""

_SERVER, _LOGGING = "workhorse.server", "workhorse.logging"

_READER = """
import importlib, marshal, os, pickle, sys
number, name, folders, ours = sys.argv[1:]
keys = ours.split()
sys.path[:] = marshal.loads(bytes.fromhex(folders))
try:
    module = importlib.import_module(name)
except BaseException as error:
    import traceback
    missing = (error.name or "") if isinstance(error, ModuleNotFoundError) else ""
    answer = ("cannot", missing, traceback.format_exc(limit=-3))
else:
    words = [word for word in vars(module) if not word.startswith("_")]
    values = {}
    for word in words:
        if word in keys or word.startswith(keys[-1]):
            try:
                values[word] = pickle.dumps(getattr(module, word))
            except Exception as error:
                values[word] = str(error)
    answer = ("read", words, values)
with open(int(number), "wb") as out:
    out.write(pickle.dumps(answer))
os._exit(0)
"""


class Settings(NamedTuple):
    """What a config module says.

    Attributes:
        module: Its name.
        names: All names in it.
        values: Key -> value, of the keys that could be ours.
        logging: DICT_CONFIG, pickled: it may name classes that only some processes should import.
    """

    module: str
    names: list[str]
    values: dict[str, Any]
    logging: bytes | None


def load(ctx: click.Context, module: str, path: Sequence[str]) -> None:
    """Make the settings of a config module the defaults of a command.

    Raises:
        click.UsageError: It cannot be imported, or a key or a value in it is wrong.
    """
    found = read(module, path)
    check(found)
    try:
        server = endpoint_of(found.values)
    except EndpointError as error:
        raise click.UsageError(f"{module}: {error}", ctx) from None
    if server is not None:
        ctx.meta[_SERVER] = server
    for key in needless(found.values):
        note(ctx, f"{key} of {module} is not needed: the connections are our own")
    defaults = {}
    if ctx.command.name in WORKERS:
        ctx.meta[_LOGGING] = found.logging
        defaults = {
            key.lower(): found.values[key]
            for key in ("QUEUES", "NAME", "SENTRY_DSN")
            if found.values.get(key)
        }
    ctx.default_map = {**(ctx.default_map or {}), **defaults, **_options(ctx, found)}


def server_in(ctx: click.Context) -> Any:  # noqa: ANN401 - what `connect` takes
    """The server that a config module named, unless RQ_REDIS_URL goes before it, as in RQ."""
    found = ctx.meta.get(_SERVER)
    return found and (os.environ.get("RQ_REDIS_URL") or found)


def logging_in(ctx: click.Context) -> bytes | None:
    """DICT_CONFIG of a config module, pickled; None without one."""
    found: bytes | None = ctx.meta.get(_LOGGING)
    return found


def read(module: str, path: Sequence[str]) -> Settings:
    """Import a config module in a process of its own.

    Args:
        module: Its dotted name.
        path: Folders to look in, before Python's own path.

    Raises:
        click.UsageError: It cannot be imported; the text says why, or what could be meant.
    """
    if module.endswith(".py") or os.sep in module:
        name = module.removesuffix(".py").strip("./").replace(os.sep, ".")
        raise click.UsageError(f"--config takes the name of a module: did you mean {name!r}?")
    folders = [str(Path(folder).absolute()) for folder in path]
    what, first, second = _asked(module, folders)
    if what == "cannot":
        raise click.UsageError(_why_not(module, first, second, folders))
    values = {}
    for key, value in second.items():
        if isinstance(value, str):
            raise click.UsageError(f"{module}: {key} cannot leave its module: {value}")
        values[key] = value if key == "DICT_CONFIG" else pickle.loads(value)  # noqa: S301 - the user's own module wrote it just now
    return Settings(module, first, values, values.pop("DICT_CONFIG", None))


def check(found: Settings) -> None:
    """Refuse a key that is nearly one of ours, and a module that has none.

    An application's own settings may stand beside them.

    Raises:
        click.UsageError: As said; the text says what could be meant.
    """
    for name in found.names:
        if name in KEYS or not name.isupper() or name.startswith((OURS, "RQ_")):
            continue
        near = difflib.get_close_matches(name, KEYS, 3, NEAR)
        if near:
            meant = next((key for key in near if key.startswith(name)), near[0])
            raise click.UsageError(
                f"{found.module}: there is no key {name!r}; did you mean {meant!r}?"
            )
    if not found.values and not found.logging:
        raise click.UsageError(
            f"{found.module} has no setting for Workhorse; there are {', '.join(KEYS)}, and "
            f"{OURS}<OPTION>, all in capitals"
        )


def _asked(module: str, folders: list[str]) -> tuple[str, Any, Any]:
    reading, writing = os.pipe()
    search = marshal.dumps([*folders, *map(os.fspath, sys.path)]).hex()
    with open(reading, "rb") as answers:  # noqa: PTH123 - a descriptor has no path
        reader = subprocess.Popen(  # noqa: S603 - our own interpreter and program
            [
                *(sys.executable, "-c", _READER, str(writing), module, search),
                " ".join((*KEYS, OURS)),
            ],
            pass_fds=[writing],
            stdin=subprocess.DEVNULL,
            stdout=2,  # what it prints is no output of the command
        )
        os.close(writing)
        raw = answers.read()
        code = reader.wait()
    if not raw:
        return "cannot", "", f"its process ended with status {code}"
    answer: tuple[str, Any, Any] = pickle.loads(raw)  # noqa: S301 - written by the program above
    return answer


def _why_not(module: str, missing: str, text: str, folders: list[str]) -> str:
    if not missing or not (module == missing or module.startswith(f"{missing}.")):
        return f"the config module {module} cannot be imported:\n{text.rstrip()}"
    near = difflib.get_close_matches(module, _modules_near(module, folders), 1)
    hint = f"did you mean {near[0]!r}?" if near else "--path says where to look"
    return f"there is no module {missing!r} in {', '.join(folders)}; {hint}"


def _modules_near(module: str, folders: Iterable[str]) -> list[str]:
    """The modules that lie where this one was looked for, by their dotted names."""
    package = module.rpartition(".")[0]
    found = []
    for folder in folders:
        place = Path(folder, *package.split(".")) if package else Path(folder)
        files = [f for f in place.glob("*") if f.suffix == ".py" or (f / "__init__.py").exists()]
        found += [f"{package}.{file.stem}" if package else file.stem for file in files]
    return found


def _options(ctx: click.Context, found: Settings) -> dict[str, Any]:
    """The settings that are called as the command's variables of the environment."""
    by_variable = _variables(ctx.command.params, ctx.auto_envvar_prefix)
    ours = {key: value for key, value in found.values.items() if key.startswith(OURS)}
    unknown = [key for key in ours if key not in by_variable]
    if unknown:
        _refuse_unknown(ctx, found.module, unknown)
    defaults = {}
    for key, value in ours.items():
        param = by_variable.get(key)
        if param is not None and param.name and value is not None:
            many = isinstance(value, str) and (param.nargs != 1 or getattr(param, "multiple", None))
            defaults[param.name] = param.type.split_envvar_value(value) if many else value
    return defaults


def _variables(
    params: Iterable[click.Parameter], prefix: str | None
) -> Mapping[str, click.Parameter]:
    found = {f"{prefix}_{param.name}".upper(): param for param in params}
    for param in params:
        named = [param.envvar] if isinstance(param.envvar, str) else param.envvar or ()
        found.update(dict.fromkeys(named, param))
    return found


def _refuse_unknown(ctx: click.Context, module: str, unknown: list[str]) -> None:
    """Other commands' settings may stand in the same module; what no command knows may not."""
    from workhorse.cli.app import COMMANDS, cli  # noqa: PLC0415 - imports this, by way of a command

    known: set[str] = set()
    for name in COMMANDS:
        other = cli.get_command(ctx, name)
        if other is not None:
            context = other.make_context(name, [], parent=ctx.find_root(), resilient_parsing=True)
            known.update(_variables(other.params, context.auto_envvar_prefix))
    for key in unknown:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1, 0.5)
            hint = f"did you mean {near[0]!r}?" if near else "'workhorse worker --help' lists them"
            raise click.UsageError(f"{module}: there is no option for {key!r}; {hint}", ctx)
