"""The layers that docs/design/001 draws are those that import-linter enforces."""

import re
import tomllib

from tests.style.sources import ROOT

PAGE = ROOT / "docs/design/001-the-core.md"


def drawn_layers() -> list[set[str]]:
    """The table of the page, top first: `    4 I/O      embedded, links, ...`."""
    rows = re.findall(r"^    \d \S+ +(.+)$", PAGE.read_text("utf-8"), re.MULTILINE)
    return [set(re.findall(r"\w+", re.sub(r"\(.*?\)", "", row))) for row in rows]


def enforced_layers() -> list[set[str]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = next(contract for contract in contracts if contract["id"] == "layers")
    return [set(re.findall(r"\w+", row)) for row in layers["layers"]]


def test_the_layers_are_those_of_the_design():
    assert drawn_layers() == enforced_layers()


def test_there_are_layers():
    assert [len(layer) > 0 for layer in drawn_layers()] == [True] * 8
