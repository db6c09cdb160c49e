"""Workhorse under the name `rq`: for programs and tools that import that.

    import rq, rq.job, rq.worker.base      ->  workhorse.compat.rq, workhorse.compat.rq.job, ...
    importlib.metadata.version("rq")       ->  the version of RQ whose names these are

A finder at the head of `sys.meta_path` hands out our modules under both names: each is loaded
once, so that `rq.Queue is workhorse.compat.rq.Queue`.
"""

from __future__ import annotations

import importlib.metadata
import logging
import runpy
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import InspectLoader, Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from workhorse.compat import sentries

NAME = "rq"
OURS = "workhorse.compat.rq"
VERSION = "3.0.0"
"""The release of RQ whose names, parameters and defaults these are."""

DISTRIBUTION = Path(__file__).with_name("distribution")
"""On `sys.path`, it makes `importlib.metadata` and `pkg_resources` find a distribution `rq`."""


def install() -> None:
    """Be `rq` for whatever imports it from now on, in this process and in work horses.

    Raises:
        RuntimeError: RQ itself was imported before.
    """
    if is_installed():
        return
    theirs = sys.modules.get(NAME)
    if theirs is not None:
        raise RuntimeError(
            f"rq was imported before, from {theirs.__file__}; call install() first of all"
        )
    sys.meta_path.insert(0, _Finder())
    sys.path.insert(1, str(DISTRIBUTION))  # the first is the program's own folder
    # Programs say how RQ is to log; what we have to say goes the same way.
    logging.getLogger("workhorse").parent = logging.getLogger("rq.worker")


def uninstall() -> None:
    """Be `rq` no more for what is imported from now on."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Finder)]
    sys.path[:] = [folder for folder in sys.path if folder != str(DISTRIBUTION)]
    for name in [name for name in sys.modules if name.partition(".")[0] == NAME]:
        del sys.modules[name]
    logging.getLogger("workhorse").parent = logging.getLogger()


def is_installed() -> bool:
    """Whether this process has us as `rq`."""
    return any(isinstance(finder, _Finder) for finder in sys.meta_path)


def preloads() -> tuple[str, ...]:
    """What work horses import first, so that they are like this process."""
    first = "workhorse.compat.installed" if is_installed() else "workhorse.compat.handles"
    django = sys.modules.get("django.apps")
    is_ready = django is not None and django.apps.ready
    # Django's settings may set up Sentry by themselves: they go before.
    wanted = {"workhorse.compat.djangos": is_ready, sentries.PRELOADED: sentries.is_told()}
    return (first, *(module for module, is_wanted in wanted.items() if is_wanted))


def run_program(words: Sequence[str]) -> None:
    """Run a Python program that finds us as `rq`, as `python` would: it is `__main__`.

    Args:
        words: The program and its arguments: `file.py ...`, `-m module ...`, or the name of an
            installed command, such as `rq worker high` or `rq-dashboard`.

    Raises:
        SystemExit: There is no such program.
    """
    install()
    what, *rest = words
    if what == "-m" and rest:
        sys.argv = rest
        sys.path.insert(0, "")
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        return
    sys.argv = list(words)
    if Path(what).exists():
        sys.path.insert(0, str(Path(what).resolve().parent))
        runpy.run_path(what, run_name="__main__")
        return
    for script in importlib.metadata.entry_points(group="console_scripts", name=what):
        sys.modules["__main__"] = ModuleType("__main__")  # programs look there for their name
        sys.exit(script.load()())
    raise SystemExit(
        f"there is no file and no installed command {what!r}; say 'file.py', '-m module', or a "
        f"command such as 'rq worker'"
    )


class _Finder(MetaPathFinder):
    """Finds our modules under RQ's names."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] != NAME:
            return None
        ours = OURS + fullname.removeprefix(NAME)
        found = find_spec(ours)
        if found is None:
            return None
        package = found.submodule_search_locations is not None
        return ModuleSpec(fullname, _Alias(ours), origin=found.origin, is_package=package)


class _Alias(Loader):
    """Loads one of our modules, by its own name."""

    def __init__(self, ours: str) -> None:
        self._ours = ours
        self._own: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(self._ours)
        self._own = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # It has run already; all that there is to do is to undo what the import has changed.
        module.__spec__ = self._own

    def get_code(self, fullname: str) -> object:
        """The code of a module that is run by `-m`."""
        found = find_spec(OURS + fullname.removeprefix(NAME))
        assert found is not None  # noqa: S101 - for mypy: it was found before
        assert isinstance(found.loader, InspectLoader)  # noqa: S101 - for mypy: a file has code
        return found.loader.get_code(found.name)
