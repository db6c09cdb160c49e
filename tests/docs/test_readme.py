"""What the README and the pages in docs/ tell the reader to do works, as it is printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Block, Reader, blocks, matches
from workhorse.connection import Connection
from workhorse.embedded.private import PrivateServer
from workhorse.testing import purge

PAGES = ["README.md", *sorted(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md"))]
LINKED = [*PAGES, "CONTRIBUTING.md", *(f"docs/design/{p.name}" for p in ROOT.glob("docs/design/*"))]


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_a_reader_who_does_what_the_page_says_sees_what_it_says(
    page: str, server: PrivateServer, tmp_path: Path
):
    connection = Connection(server.url)
    purge(connection)  # the page shows counts
    try:
        with Reader(tmp_path, {"WORKHORSE_URL": server.url}) as reader:
            reader.follow(page)
    finally:
        purge(connection)
        connection.close()


def test_the_first_program_is_among_what_is_run():
    marks = [block.mark for block in blocks("README.md")]
    assert {"file: tasks.py", "file: main.py", "run in the background", "run"} <= {*marks}
    assert [b.language for b in blocks("README.md")].count("python") > 10


@pytest.mark.parametrize("page", LINKED)
def test_links_lead_somewhere(page: str):
    text = re.sub(r"(?ms)^```.*?^```$", "", (ROOT / page).read_text("utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        other = (ROOT / page).parent / name if name else ROOT / page
        assert other.exists(), f"{page}: {target}"
        assert not anchor or anchor in _anchors(other), f"{page}: {target}"


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_dots_stand_for_any_lines():
    assert matches("a\nb\nc\n", "a\n...\nc\n")
    assert matches("a\nc\n", "a\n...\nc\n")
    assert not matches("a\nb\nd\n", "a\n...\nc\n")
    assert not matches("ab\n", "a\n")


def test_a_wrong_page_is_found_out(tmp_path: Path):
    reader = Reader(tmp_path, {})
    with pytest.raises(AssertionError, match="echo one"):
        reader._type(Block("console", "run", "$ echo one\ntwo\n"))
    with pytest.raises(AssertionError):
        reader._run([Block("python", "", "print(1)  # 2\n")])
    with pytest.raises(AssertionError, match="boom"):
        reader._run([Block("python", "", "raise ValueError('boom')\n")])
