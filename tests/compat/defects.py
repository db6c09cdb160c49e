"""RQ's defects, and the tests that show that we have none of them."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

_HEAD = """
## Defects of RQ that are not here

Each was seen in RQ 3.0.0 by experiment. The tests that are named show what happens here.

| RQ 3.0.0 | here | shown by |
|---|---|---|
"""


def known() -> list[dict[str, Any]]:
    """The defects."""
    found: list[dict[str, Any]] = tomllib.loads((HERE / "defects.toml").read_text("utf-8"))[
        "defect"
    ]
    return found


def missing() -> Iterator[str]:
    """The tests that are named and are not there."""
    for defect in known():
        for test in defect["tests"]:
            path, _, name = test.partition("::")
            file = ROOT / path
            if not file.exists() or name not in functions(file):
                yield test


def functions(file: Path) -> set[str]:
    """The functions that a file defines."""
    tree = ast.parse(file.read_text("utf-8"))
    return {
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def as_text() -> str:
    """The table."""
    rows = [
        f"| {one['rq']} | {one['here']} | {'<br>'.join(map(_shown, one['tests']))} |\n"
        for one in known()
    ]
    return _HEAD + "".join(rows)


def _shown(test: str) -> str:
    path, _, name = test.partition("::")
    return f"`{Path(path).stem}`: {name.removeprefix('test_').replace('_', ' ')}"
