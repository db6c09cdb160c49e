"""Writes docs/rq.md: `python -m tests.compat.write`."""

from __future__ import annotations

from pathlib import Path

from tests.compat import defects
from tests.compat.comparing import Comparison, tables

PAGE = Path(__file__).resolve().parents[2] / "docs/rq.md"
HEAD = Path(__file__).with_name("page.md")


def page() -> str:
    """The page as it should be."""
    rows = Comparison().rows
    names = [row for row in rows if not row.where.startswith("rq ")]
    options = [row for row in rows if row.where.startswith("rq ")]
    parts = [
        HEAD.read_text("utf-8"),
        *tables(names),
        "\n## Options\n",
        *tables(options),
        defects.as_text(),
    ]
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
