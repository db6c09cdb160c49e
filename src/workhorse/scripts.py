"""The Lua scripts: read from `lua/`, with their includes and their named arguments.

A script's header comment is its contract. The names under KEYS and ARGV, up to a line that
begins with `...`, become Lua locals, so that each is written once.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).with_name("lua")
_INCLUDE = re.compile(r"^-- @include (lib/\w+)$", re.MULTILINE)
_LAZY = re.compile(r"^-- @lazy (lib/(\w+))$", re.MULTILINE)
_SELDOM = re.compile(r"^-- @seldom (lib/(\w+))$", re.MULTILINE)
_ANY = re.compile(r"^-- @(?:include|lazy|seldom) (lib/\w+)$", re.MULTILINE)
_CHUNK = re.compile(r"\n(?=\S)(?!end\b|else)")
_DEFINITION = re.compile(
    r"local (?:function (?=\w)|(?=queues =|workers =|suspensions =|groups =|crons =))(\w+)"
)
_DEFINED = re.compile(r"^ *local (?:function )?(\w+)", re.MULTILINE)
_ONE_LINE = re.compile(r"^local function (\w+)\((\w+)\) return (.+) end$", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z_]\w*")
_ARGUMENT = re.compile(r"--(?: (?P<kind>KEYS|ARGV))? {2,8}(?P<name>\w+|\.\.\.)\s+\w+")


class Script:
    """One transition, ready to be sent.

    Attributes:
        name: Its file's name without the ending.
        text: The complete source.
        sha: What the server knows it by, hexadecimal.
    """

    __slots__ = ("name", "sha", "text")

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


@cache
def load(name: str) -> Script:
    """The script `lua/<name>.lua`, assembled; the same object each time."""
    return Script(name, assemble(source(name)))


def source(name: str) -> str:
    """The file `lua/<name>.lua` as it is."""
    return (_FOLDER / f"{name}.lua").read_text("utf-8")


def assemble(text: str) -> str:
    """A script's source with its arguments named and its includes in place, each once."""
    seldom: set[str] = set()
    code = _with_includes(text, set(), seldom)
    if seldom:
        code = re.sub(rf"\b({'|'.join(seldom)})\(", r"seldom('\1', ", code)
    return shake(write_out("\n".join([*locals_of(text), *_seldom(seldom), code])))


def _with_includes(text: str, included: set[str], seldom: set[str]) -> str:
    """The code of a file and of all that it includes; adds the names of what is needed seldom."""

    def include(match: re.Match[str]) -> str:
        if match[1] in included:
            return ""
        included.add(match[1])
        return _with_includes(source(match[1]), included, seldom)

    def postpone(match: re.Match[str]) -> str:
        if match[1] in included:
            return ""
        included.add(match[1])
        code = f"{_with_includes(source(match[1]), set(), seldom)}\n{match[2]}()"
        body = shake(write_out(code))
        return f"local function {match[2]}(...)\n  {_indented(body, match[2])}\nend"

    def put_aside(match: re.Match[str]) -> str:
        seldom.add(match[2])
        return ""

    return code_of(_INCLUDE.sub(include, _LAZY.sub(postpone, _SELDOM.sub(put_aside, text))))


def _seldom(names: set[str]) -> list[str]:
    """One function for all that is needed seldom: it makes them at the first call of a run."""
    if not names:
        return []
    text = "\n".join(f"-- @include lib/{name}" for name in sorted(names))
    body = write_out(code_of(_with_all(text, set())))
    table = ", ".join(f"{name} = {name}" for name in sorted(names))
    lines = [*body.splitlines(), f"made = {{{table}}}"]
    return [
        "local made",
        "local function seldom(name, ...)",
        "  if not made then",
        *(f"    {line}" for line in lines),
        "  end",
        "  return made[name](...)",
        "end",
    ]


def _with_all(text: str, included: set[str]) -> str:
    """The same with whatever a file asks for in whichever way put in place, each once."""

    def include(match: re.Match[str]) -> str:
        if match[1] in included:
            return ""
        included.add(match[1])
        return _with_all(source(match[1]), included)

    return _ANY.sub(include, text)


def _indented(body: str, name: str) -> str:
    """What a lazy function does: make itself and all that it needs, and call that."""
    lines = body.removesuffix(f"\n{name}()").splitlines()
    return "\n  ".join([*lines, f"return {name}(...)"])


def write_out(code: str) -> str:
    """The code with functions of one line, such as those of keys, written out where they are used.

    The server makes every function of a script anew for each call, and calls are not for nothing.
    """
    functions = {name: (parameter, result) for name, parameter, result in _ONE_LINE.findall(code)}
    if not functions:
        return code
    call = _calls_of(tuple(functions))

    def written_out(found: re.Match[str]) -> str:
        parameter, result = functions[found[1]]
        quoted_or_it = rf"('[^']*')|\b{parameter}\b"
        return f"({re.sub(quoted_or_it, lambda word: word[1] or found[2], result)})"

    while (written := call.sub(written_out, code)) != code:  # again: for a call within a call
        code = written
    return code


@cache
def _calls_of(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<!function )\b({'|'.join(names)})\(([^()]*)\)")


def shake(code: str) -> str:
    """The code without functions and key names that nothing in it uses.

    To make a function costs the server more than most of the commands that it wraps.
    """
    chunks = [(chunk, _free_words(chunk)) for chunk in _CHUNK.split(code)]
    while True:
        words = Counter(word for _, free in chunks for word in free)
        used = [c for c in chunks if not (m := _DEFINITION.match(c[0])) or words[m[1]]]
        if len(used) == len(chunks):
            return "\n".join(chunk for chunk, _ in chunks)
        chunks = used


def _free_words(chunk: str) -> set[str]:
    """The words that a chunk has from outside: those that it does not define."""
    return set(_WORD.findall(chunk)) - set(_DEFINED.findall(chunk))


def locals_of(text: str) -> list[str]:
    """`local name = KEYS[1]` and so on, one for each name in the header."""
    lines = []
    kind, number = "", 0
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        match = _ARGUMENT.match(line)
        if match is None:
            if kind and line.strip() == "--":
                break
            continue
        if match["kind"]:
            kind, number = match["kind"], 0
        if not kind:
            continue
        if match["name"] == "...":
            break
        number += 1
        lines.append(f"local {match['name']} = {kind}[{number}]")
    return lines


def code_of(text: str) -> str:
    """The lines that do something; comments need not travel."""
    return "\n".join(
        line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("--")
    )
