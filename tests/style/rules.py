"""The rules of the house that no tool knows: each takes a file and yields what is wrong."""

import ast
import re
from collections.abc import Callable, Iterator

from tests.style.sources import ROOT, Source

Rule = Callable[[Source], Iterator[str]]

VAGUE_MODULES = {"utils", "common", "helpers", "manager", "base", "data", "info"}
VAGUE_VERBS = ("handle_", "process_", "do_")

RQS_NAMES = "src/workhorse/compat/rq/"
"""Its modules and methods have the names that RQ gave them."""

SLEEPERS = {"tests/support/jobs.py"}
"""Job bodies that take time because that is what they are for."""

PARTS_OF_KEYS = set(
    re.findall(r'(?:\}|\+ ")(\w+):', (ROOT / "src/workhorse/keys.py").read_text("utf-8"))
)
"""What stands after the prefix in the keys of `keys.py`, such as `queue`."""


def names_say_what(source: Source) -> Iterator[str]:
    """STYLE: one thing, one word."""
    if source.path.startswith(RQS_NAMES):
        return
    for word in (source.name, *source.path.split("/")[:-1]):
        if word in VAGUE_MODULES:
            yield f"{source.path}: {word!r} says nothing about what is in there"
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.lstrip(
            "_"
        ).startswith(VAGUE_VERBS):
            yield f"{source.path}:{node.lineno}: {node.name}: say what it does"


def exemptions_say_why(source: Source) -> Iterator[str]:
    """`# noqa: E501 - why`, `# type: ignore[code]  # why`, `# pragma: no cover - why`."""
    if not re.search("noqa|type: ignore|no cover", source.text):
        return
    for line, comment in source.comments.items():
        if re.search(r"\bnoqa\b", comment) and not re.search(
            r"noqa: ?[A-Z]+\d+(, ?[A-Z]+\d+)* - \w", comment
        ):
            yield f"{source.path}:{line}: say why: '# noqa: CODE - reason'"
        if re.search(r"\btype: ?ignore", comment) and not re.search(
            r"type: ignore\[[\w, -]+\]  # \w", comment
        ):
            yield f"{source.path}:{line}: say why: '# type: ignore[code]  # reason'"
        if "no cover" in comment and not re.search(r"no cover - \w", comment):
            yield f"{source.path}:{line}: say why: '# pragma: no cover - reason'"


def tests_wait_for_things(source: Source) -> Iterator[str]:
    """A test waits for the thing, with a deadline, and never for the clock."""
    if not source.path.startswith("tests/") or source.path in SLEEPERS:
        return
    for node in source.nodes:
        if isinstance(node, ast.Call) and name_of(node.func) == "sleep":
            yield f"{source.path}:{node.lineno}: wait for the thing, not for the clock"


def keys_are_written_once(source: Source) -> Iterator[str]:
    """Keys are made in `keys.py`."""
    if not source.in_package or source.module == "keys.py":
        return
    for string in source.strings:
        text = str(string.value)
        kind = re.search(r"(?:^|[:}])(\w+):$", text)
        if "{wh}" in text or (kind and kind[1] in PARTS_OF_KEYS):
            yield f"{source.path}:{string.lineno}: {text!r} looks like a key; make it in keys.py"
    for node in source.nodes:
        if isinstance(node, ast.JoinedStr | ast.BinOp) and any(
            isinstance(part, ast.Attribute) and part.attr in {"prefix", "job_prefix"}
            for part in ast.walk(node)
        ):
            yield f"{source.path}:{node.lineno}: builds a key from a prefix; make it in keys.py"


def redis_is_not_imported(source: Source) -> Iterator[str]:
    """The client of the server is our own; nor is another one imported by name."""
    if not source.in_package:
        return
    for node in source.nodes:
        if isinstance(node, ast.stmt | ast.expr) and any(
            name.split(".")[0] in {"redis", "valkey"} for name in imported(node)
        ):
            yield f"{source.path}:{node.lineno}: links.py is the client of the server"


def package_is_not_imported(source: Source) -> Iterator[str]:
    """A module imports what it uses from where it is defined, not by way of `__init__`."""
    if not source.in_package:
        return
    for node in source.nodes:
        if isinstance(node, ast.ImportFrom) and node.module == "workhorse":
            for alias in node.names:
                if alias.name != "__version__" and not is_module(alias.name):
                    yield (
                        f"{source.path}:{node.lineno}: import {alias.name} from its own module; "
                        f"workhorse/__init__.py is for users"
                    )


def is_module(name: str) -> bool:
    package = ROOT / "src/workhorse"
    return (package / f"{name}.py").exists() or (package / name).is_dir()


def lua_is_in_files(source: Source) -> Iterator[str]:
    """Scripts are files under `lua/`; only `scripts.py` puts them together."""
    if not source.in_package or source.module == "scripts.py":
        return
    for string in source.strings:
        if re.search(r"redis\.p?call\(|\b(KEYS|ARGV)\[", str(string.value)):
            yield f"{source.path}:{string.lineno}: Lua in a string; make it a file under lua/"
    for node in source.nodes:
        if isinstance(node, ast.Call) and name_of(node.func) == "Script":
            yield f"{source.path}:{node.lineno}: scripts.load() makes scripts"


def imported(node: ast.AST) -> list[str]:
    """The modules that one statement or call imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    if isinstance(node, ast.Call) and name_of(node.func) in {"import_module", "__import__"}:
        return [str(word.value) for word in node.args if isinstance(word, ast.Constant)]
    return []


def name_of(function: ast.expr) -> str:
    """The last part of the name that a call uses."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def lua_header(text: str) -> list[str]:
    """The comment lines at the top of a Lua file."""
    lines = text.splitlines()
    end = next((i for i, line in enumerate(lines) if not line.startswith("--")), len(lines))
    return lines[:end]


def lua_says_its_contract(source: Source) -> Iterator[str]:
    """A script's header names keys, arguments and answer; a shared step says what it is."""
    header = lua_header(source.text)
    if not header or not re.match(r"-- [A-Z]", header[0]):
        yield f"{source.path}: begins with a comment that says what it does"
    if "/lib/" in source.path:
        return
    for part in ("KEYS", "ARGV", "Returns"):
        if not any(line.startswith(f"-- {part} ") for line in header):
            yield f"{source.path}: its header has no line '-- {part} ...'"


def lua_keys_are_written_once(source: Source) -> Iterator[str]:
    """In Lua keys are made in `lib/keys.lua`."""
    if source.path.endswith("lua/lib/keys.lua"):
        return
    for number, line in enumerate(source.text.splitlines(), 1):
        code = line.split("--")[0]
        for kind in re.findall(r"""['"](\w+):['"]""", code):
            if kind in PARTS_OF_KEYS:
                yield f"{source.path}:{number}: makes a key of {kind!r}; lib/keys.lua does"


def nothing_names_a_machine(source: Source) -> Iterator[str]:
    """The tree is at home on every machine: no paths of one, no names of a workplace."""
    somewhere = r"(?<![\w.~}*-])/(?:root|work|opt|home/\w+|Users/\w+)/\w"
    workplace = r"\bf[a]rm\b|py[e]nv|ind[e]x-url|pypi\.org|pytho[n]hosted|deb\.debian|npm[j]s"
    for number, line in enumerate(source.text.splitlines(), 1):
        if found := re.search(f"{somewhere}|{workplace}", line):
            yield f"{source.path}:{number}: {found[0]!r} is known on one machine only"


PYTHON_RULES: tuple[Rule, ...] = (
    names_say_what,
    exemptions_say_why,
    tests_wait_for_things,
    keys_are_written_once,
    redis_is_not_imported,
    package_is_not_imported,
    lua_is_in_files,
)
LUA_RULES: tuple[Rule, ...] = (lua_says_its_contract, lua_keys_are_written_once)
