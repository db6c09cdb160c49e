"""The files that the style tests look at, each read and parsed once."""

import ast
import io
import subprocess
import tokenize
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("src", "tests", "benchmarks", ".ci")


@dataclass(frozen=True)
class Source:
    """One file: its path from the root of the tree, and what it says."""

    path: str
    text: str

    @property
    def name(self) -> str:
        return Path(self.path).stem

    @property
    def in_package(self) -> bool:
        return self.path.startswith("src/workhorse/")

    @property
    def module(self) -> str:
        """Its path within the package, such as `ops/claim.py`."""
        return self.path.removeprefix("src/workhorse/")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @cached_property
    def comments(self) -> dict[int, str]:
        """Line number -> comment."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}

    @cached_property
    def strings(self) -> list[ast.Constant]:
        """Its string literals, also those within f-strings, without docstrings."""
        said = {
            id(node.value)
            for node in self.nodes
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        return [
            node
            for node in self.nodes
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in said
        ]


@cache
def sources(pattern: str) -> tuple[Source, ...]:
    """The files of our folders whose name matches *pattern*, such as `*.py`."""
    return tuple(
        Source(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob(pattern))
        if "__pycache__" not in path.parts
    )


def python() -> tuple[Source, ...]:
    return sources("*.py")


def lua() -> tuple[Source, ...]:
    return sources("*.lua")


@cache
def tracked() -> tuple[Source, ...]:
    """Every text file that git would commit; without git, every file of our folders."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            check=True,
            capture_output=True,
        ).stdout.decode()
    except (OSError, subprocess.CalledProcessError):
        return sources("*.*")
    found = []
    for path in filter(None, listed.split("\0")):
        try:
            found.append(Source(path, (ROOT / path).read_text("utf-8")))
        except (UnicodeDecodeError, FileNotFoundError):
            continue  # not text, or just deleted
    return tuple(found)
