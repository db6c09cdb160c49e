"""A function's arguments as words of a command line, in RQ's syntax.

    text            a string
    key=text        a keyword argument
    :json           a JSON value              key:=json
    %literal        a Python literal          key%=literal
    @file           (for the value) what is in that file

A word is a keyword argument only if what stands before the `=` can be the name of one, so that
a URL with a query is a string like any other.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Sequence
from pathlib import Path

import click

_KEYWORD = re.compile(r"([^\W\d]\w*)([:%]?)=(.*)", re.DOTALL)


def parse(words: Sequence[str]) -> tuple[tuple[object, ...], dict[str, object]]:
    """Positional and keyword arguments.

    Raises:
        click.BadParameter: A value cannot be read, or a keyword is given twice.
        click.FileError: A file cannot be read.
    """
    args: list[object] = []
    kwargs: dict[str, object] = {}
    for number, word in enumerate(words, 1):
        keyword, value = _argument(word, number)
        if not keyword:
            args.append(value)
        elif keyword in kwargs:
            raise click.BadParameter(f"{keyword}= is given twice")
        else:
            kwargs[keyword] = value
    return tuple(args), kwargs


def _argument(word: str, number: int) -> tuple[str, object]:
    match = _KEYWORD.fullmatch(word)
    if match:
        keyword, mode, text = match.groups()
        return keyword, _value(mode, text, f"{keyword}=")
    if word[:1] in {":", "%"}:
        return "", _value(word[0], word[1:], f"argument {number}")
    return "", _value("", word, f"argument {number}")


def _value(mode: str, text: str, what: str) -> object:
    if text.startswith("@"):
        text = _read(text[1:])
    if mode == ":":
        try:
            return json.loads(text)
        except ValueError as error:
            raise click.BadParameter(f"{what}: {text[:80]!r} is no JSON ({error})") from None
    if mode == "%":
        try:
            return ast.literal_eval(text.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            raise click.BadParameter(f"{what}: {text[:80]!r} is no Python literal") from None
    return text


def _read(name: str) -> str:
    try:
        return Path(name).read_text("utf-8")
    except OSError as error:
        raise click.FileError(name, error.strerror or str(error)) from None
    except UnicodeDecodeError:
        raise click.FileError(name, "it is not UTF-8 text") from None
