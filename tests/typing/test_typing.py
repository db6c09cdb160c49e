"""What users write must type-check, or must not: mypy says about each case what it expects.

A case is a file in `cases/`. A line that mypy must object to ends in `# E: part of the
message`, such as `# E: arg-type`; a `reveal_type` in `# R: the type`. A line without one
must pass.
"""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.style.sources import ROOT

CASES = Path(__file__).parent / "cases"
REPORT = re.compile(r"^(?P<path>[^:]+):(?P<line>\d+): (?P<kind>error|note): (?P<text>.*)$")
REVEALED = re.compile(r'Revealed type is "(.*)"')

Findings = dict[int, list[str]]


@cache
def findings() -> dict[str, Findings]:
    """What mypy says: file name -> line -> `E: message  [code]` or `R: type`."""
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--no-pretty",
            "--hide-error-context",
            *CASES.glob("*.py"),
        ],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert ran.returncode in {0, 1}, ran.stdout + ran.stderr
    found: dict[str, Findings] = {}
    for match in filter(None, map(REPORT.match, ran.stdout.splitlines())):
        text = f"E: {match['text']}"
        if match["kind"] == "note":
            revealed = REVEALED.fullmatch(match["text"])
            if revealed is None:
                continue
            text = f"R: {revealed[1]}"
        lines = found.setdefault(Path(match["path"]).name, {})
        lines.setdefault(int(match["line"]), []).append(text)
    return found


def expectations(text: str) -> dict[int, str]:
    """Line -> what is expected of it."""
    marks = ((n, re.search(r"#\s*([ER]: .+)$", line)) for n, line in enumerate(text.split("\n"), 1))
    return {number: mark[1] for number, mark in marks if mark}


def differences(expected: dict[int, str], found: Findings) -> list[str]:
    """Where mypy says something else than it should."""
    wrong = []
    for line in sorted({*expected, *found}):
        said = found.get(line, [])
        kind, _, part = expected.get(line, "").partition(": ")
        fits = [text for text in said if kind and text.startswith(kind) and part in text]
        if len(fits) != len(said) or not said:
            wrong.append(f"line {line}: expected {expected.get(line)!r}, mypy says {said}")
    return wrong


@pytest.mark.parametrize("case", sorted(CASES.glob("*.py")), ids=lambda case: case.stem)
def test_mypy_says_what_is_expected(case):
    assert not differences(expectations(case.read_text("utf-8")), findings().get(case.name, {}))


@pytest.mark.parametrize(
    ("expected", "found", "agree"),
    [
        ({}, {}, True),
        ({1: "E: arg-type"}, {1: ["E: Argument 1 ...  [arg-type]"]}, True),
        ({1: "E: arg-type"}, {}, False),
        ({}, {1: ["E: Argument 1 ...  [arg-type]"]}, False),
        ({1: "E: arg-type"}, {1: ["E: ...  [call-arg]"]}, False),
        ({1: "R: int"}, {1: ["E: int is not ...  [misc]"]}, False),
    ],
)
def test_a_difference_is_found(expected, found, agree):
    assert (differences(expected, found) == []) is agree
