"""RQ's names beside ours: which are the same, which are better, which are left out.

`names.toml` has the judgements; that a name is the same needs none, for it is looked at.
"""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from tests.compat import environments, inventory
from workhorse.compat.rq.cli import main as command

HERE = Path(__file__).parent
OURS = "workhorse.compat.rq"
MISSING = object()


class Row(NamedTuple):
    """One name of RQ's.

    Attributes:
        where: The module, the class, or the command it belongs to.
        name: With its parameters, as RQ has them.
        verdict: `same`, `better` or `left out`.
        why: What is better, or why it is left out.
    """

    where: str
    name: str
    verdict: str
    why: str = ""


class Judgements:
    """What people have judged; each pattern must be of use."""

    def __init__(self) -> None:
        told = tomllib.loads((HERE / "names.toml").read_text("utf-8"))
        self._told = {
            pattern: (verdict, text)
            for verdict in ("same", "better", "left out")
            for text, patterns in told[verdict].items()
            for pattern in patterns
        }
        self.unused = set(self._told)

    def of(self, name: str, *, there: bool = True) -> tuple[str, str] | None:
        """The judgement of a name; the longest pattern that matches it has it.

        A pattern of what is left out says nothing of those among them that are there.
        """
        fitting = [
            one
            for one, (verdict, _) in self._told.items()
            if fnmatchcase(name, one)
            and ("(" in one) == ("(" in name)
            and ((verdict == "left out") != there or (there and "*" not in one))
        ]
        if not fitting:
            return None
        longest = max(fitting, key=len)
        self.unused.discard(longest)
        return self._told[longest]


class Comparison:
    """All rows, and what is wrong with them.

    Attributes:
        rows: In RQ's order.
        wrong: Sentences.
    """

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.wrong: list[str] = []
        self._judged = Judgements()
        theirs = inventory_of_rq()
        for module, things in theirs["modules"].items():
            for thing in things:
                self._look_at(module, thing)
        for name, options in theirs["commands"].items():
            self._look_at_command(name, options)
        self.wrong += [
            f"names.toml: nothing is called {one}" for one in sorted(self._judged.unused)
        ]

    def _look_at(self, module: str, thing: dict[str, Any]) -> None:
        full = f"{module}.{thing['name']}"
        ours = found(module, thing["name"])
        self._judge(module, full, thing, ours)
        for member in thing.get("members", ()):
            self._judge(full, f"{full}.{member['name']}", member, member_of(ours, member["name"]))

    def _judge(self, where: str, full: str, thing: dict[str, Any], ours: object) -> None:
        shown = thing["name"] + as_text(thing["parameters"])
        judged = self._judged.of(full, there=ours is not MISSING)
        if ours is MISSING:
            if judged is None:
                self.wrong.append(f"{full} is neither there nor left out for a reason")
                return
            self.rows.append(Row(where, shown, *judged))
            return
        if judged is not None and judged[0] == "left out":
            self.wrong.append(f"{full} is said to be left out, and is there")
        self.rows.append(Row(where, shown, *(judged or ("same",))))
        different = dict(differences(thing["parameters"], ours))
        for name, *_ in thing["parameters"] or ():
            one = f"{full}({name})"
            its = self._judged.of(one) or self._judged.of(one, there=False)
            if its is not None:
                self.rows.append(Row(where, f"{thing['name']}({name})", *its))
            elif name in different:
                self.wrong.append(f"{one}: {different[name]}")

    def _look_at_command(self, name: str, options: Sequence[Sequence[str]]) -> None:
        ours = inventory.commands(command)
        for flags in options:
            full = f"rq {name} {max(flags, key=len)}"
            known = any(set(flags) <= set(one) for one in ours.get(name, ()))
            judged = self._judged.of(full, there=known)
            if not known and judged is None:
                self.wrong.append(f"{full} is neither there nor left out for a reason")
            self.rows.append(Row(f"rq {name}", ", ".join(flags), *(judged or ("same",))))


@cache
def inventory_of_rq() -> dict[str, Any]:
    """What RQ has, as its own Python says."""
    done = subprocess.run(
        [environments.rq(), str(HERE / "inventory.py")], check=True, capture_output=True
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def found(module: str, name: str) -> object:
    """What we have under that name in that module."""
    try:
        ours = import_module(OURS + module.removeprefix("rq"))
    except ModuleNotFoundError:
        return MISSING
    return getattr(ours, name, MISSING)


def member_of(cls: object, name: str) -> object:
    """A member of a class, or an attribute that its objects have."""
    if cls is MISSING:
        return MISSING
    ours = inspect.getattr_static(cls, name, MISSING)
    if ours is not MISSING:
        return getattr(cls, name)
    for base in getattr(cls, "__mro__", ()):
        if name in getattr(base, "__annotations__", ()) or name in inventory.attributes(base):
            return None
    return MISSING


def differences(theirs: list[list[str]] | None, ours: object) -> Iterator[tuple[str, str]]:
    """The parameters of RQ's that ours does not take in the same way."""
    mine = inventory.parameters(ours)
    if theirs is None or mine is None:
        return
    known = {name: (kind, default) for name, kind, default in mine}
    takes_any = any(kind == "VAR_KEYWORD" for kind, _ in known.values())
    for name, kind, default in theirs:
        if name not in known:
            if not (takes_any and kind != "POSITIONAL_ONLY"):
                yield name, "is no parameter of ours"
        elif not (kind in (known[name][0], "POSITIONAL_ONLY") and default in ("", known[name][1])):
            yield name, f"is {kind} {default!r} in RQ, and {known[name]} here"


def as_text(parameters: list[list[str]] | None) -> str:
    """Parameters as they are written."""
    if parameters is None:
        return ""
    stars = {"VAR_POSITIONAL": "*", "VAR_KEYWORD": "**"}
    words = [
        f"{stars.get(kind, '')}{name}" + (f"={default}" if default else "")
        for name, kind, default in parameters
    ]
    return f"({', '.join(words)})"


def tables(rows: Sequence[Row]) -> Iterator[str]:
    """The rows as Markdown: those of one place in one table, and those of one verdict in a row."""
    for where in dict.fromkeys(row.where for row in rows):
        here = [row for row in rows if row.where == where]
        yield f"\n### `{where}`\n\n| | | |\n|---|---|---|\n"
        for verdict, why in dict.fromkeys((row.verdict, row.why) for row in here):
            names = [row.name for row in here if (row.verdict, row.why) == (verdict, why)]
            yield f"| {verdict} | {', '.join(map(code, names))} | {why} |\n"


def code(name: str) -> str:
    """A name in a cell of a table."""
    short = re.sub(r" at 0x[0-9a-f]+", "", name)
    return "`" + short.replace("|", "\\|") + "`"
