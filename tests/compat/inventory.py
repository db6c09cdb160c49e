"""What RQ has: run by the Python that has it, it writes all public names as JSON.

A name is public if it has no underscore in front, and belongs to the module that defines it, or
that hands it on in its `__all__`. Attributes of objects are those that `__init__` sets.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import pkgutil
import sys
import textwrap
import warnings
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any

NOISE = {"TYPE_CHECKING", "logger", "log", "ForkProcess"}
"""Names that are there for the module itself."""


def modules(package: str) -> list[str]:
    """The dotted names of all modules of a package."""
    root = importlib.import_module(package)
    found = pkgutil.walk_packages(root.__path__, f"{package}.")
    return [package, *sorted(one.name for one in found if not one.name.endswith("__main__"))]


def names_in(module: ModuleType) -> list[str]:
    """The public names that a module defines or hands on."""
    tree = ast.parse(Path(module.__file__ or "").read_text("utf-8"))
    found = set(getattr(module, "__all__", ()))
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            found |= {one.id for one in node.targets if isinstance(one, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
    public = {one for one in found if not one.startswith("_")} - NOISE
    known = vars(module)
    return sorted(one for one in public if one in known and owns(module, one))


def owns(module: ModuleType, name: str) -> bool:
    """Whether a name belongs to this module, and not to the one that it is imported from."""
    thing = vars(module)[name]
    if name in getattr(module, "__all__", ()) or not (
        inspect.isclass(thing) or inspect.isfunction(thing)
    ):
        return True  # a constant is assigned where it is found
    return thing.__module__ == module.__name__


def described(module: ModuleType, name: str) -> dict[str, Any]:
    """One name: its kind, its parameters, and its members."""
    thing = vars(module)[name]
    said: dict[str, Any] = {"name": name, "parameters": parameters(thing)}
    if inspect.isclass(thing) and thing.__module__ == module.__name__:
        said["members"] = members(thing)
    return said


def members(cls: type) -> list[dict[str, Any]]:
    """The public methods and attributes that a class has of itself."""
    found = [
        {"name": name, "parameters": parameters(getattr(cls, name))}
        for name in vars(cls)
        if not name.startswith("_") and not inspect.isclass(vars(cls)[name])
    ]
    known = {one["name"] for one in found}
    found += [{"name": one, "parameters": None} for one in attributes(cls) if one not in known]
    return sorted(found, key=lambda one: str(one["name"]))


def attributes(cls: type) -> set[str]:
    """The public attributes that `__init__` sets."""
    made = vars(cls).get("__init__")
    if made is None:
        return set()
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(made)))
    except (OSError, TypeError):
        return set()
    found = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }
    return {one for one in found if not one.startswith("_")} - NOISE


def parameters(thing: Any) -> list[list[str]] | None:
    """Name, kind and default of each parameter; None for what cannot be called."""
    if isinstance(thing, property) or not callable(thing) or isinstance(thing, type(Enum)):
        return None
    if inspect.isclass(thing) and issubclass(thing, BaseException):
        return None
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):
        return None
    return [
        [one.name, one.kind.name, shown(one.default)]
        for one in signature.parameters.values()
        if one.name not in {"self", "cls"}
    ]


def shown(default: Any) -> str:
    """A default value as text; '' for none."""
    if default is inspect.Parameter.empty:
        return ""
    if isinstance(default, Enum):
        return repr(default.value)
    return str(default.__name__) if inspect.isclass(default) else repr(default)


def commands(group: Any) -> dict[str, list[list[str]]]:
    """The commands of a click group: the flags of each option, and the names of arguments."""
    found = {}
    for name in group.list_commands(None):
        params = group.get_command(None, name).params
        found[name] = [sorted(one.opts) if one.opts[0].startswith("-") else [] for one in params]
        found[name] = [one for one in found[name] if one]
    return found


def main() -> None:
    """Write what RQ has."""
    warnings.simplefilter("ignore")
    told: dict[str, Any] = {"modules": {}}
    for name in modules("rq"):
        module = importlib.import_module(name)
        told["modules"][name] = [described(module, one) for one in names_in(module)]
    told["commands"] = commands(importlib.import_module("rq.cli").main)
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
