"""A program written for RQ says the same, whether RQ runs it or we do."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.compat import environments
from tests.compat.town import ROOT
from tests.support.servers import free_port, port_of
from workhorse.embedded.private import start_private

pytestmark = pytest.mark.slow

PROGRAM = ROOT / "tests/compat/program.py"
CHORES = ROOT / "tests/compat/chores.py"


def said_by(folder: Path, *words: str, path: str = "") -> dict[str, Any]:
    """What the program said, run by these words on a server of its own."""
    server = start_private(folder / "server", port=free_port())
    try:
        done = subprocess.run(
            [*words, str(folder / "flag")],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            cwd=folder,
            env={
                **os.environ,
                "REDIS_URL": f"redis://127.0.0.1:{port_of(server)}/0",
                "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), path or str(ROOT))),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
        )
    finally:
        server.kill()
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


@pytest.fixture(scope="module")
def by_rq(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return said_by(tmp_path_factory.mktemp("rq"), environments.rq(), str(PROGRAM))


def test_it_says_the_same_by_a_stand_in(by_rq, tmp_path):
    ours = said_by(tmp_path, environments.tools(), "-m", "workhorse.compat.rq", str(PROGRAM))
    assert ours == by_rq
    assert len(ours) > 40


def test_it_says_the_same_with_its_imports_changed(by_rq, tmp_path):
    for file in (PROGRAM, CHORES):
        text = file.read_text("utf-8").replace("from rq", "from workhorse.compat.rq")
        changed = tmp_path / "tests/compat" / file.name
        changed.parent.mkdir(parents=True, exist_ok=True)
        changed.write_text(text, "utf-8")
    program = tmp_path / "tests/compat/program.py"
    assert said_by(tmp_path, environments.tools(), str(program), path=str(tmp_path)) == by_rq
