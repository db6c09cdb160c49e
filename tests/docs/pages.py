"""The runnable blocks of a page of the documentation, and a reader who follows it to the letter.

A fenced block may have a mark before it, an HTML comment that no reader sees:

    file: NAME              the reader writes it into a file
    run                     the reader types its commands and sees what stands below each
    run in the background   the same in another terminal, where it goes on
    not run: REASON

Python blocks without a mark are one program, in their order; what it prints stands as comments
behind its calls of `print`. In what is to be seen, a line `...` stands for any lines.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from tests.support.servers import wait_for

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0

_BLOCK = re.compile(
    r"^(?:<!-- (?P<mark>[^\n]+) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_SAID = re.compile(r"^\s*print\(.*\) +# (.+)$")


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, its mark or '', and its text."""

    language: str
    mark: str
    text: str

    def commands(self) -> Iterator[tuple[str, str]]:
        """Each command of a console block, and what is to be seen."""
        for part in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield command, output

    def printed(self) -> str:
        """What a Python block is to print."""
        found = (_SAID.match(line) for line in self.text.splitlines())
        return " ".join(match[1] for match in found if match)


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page that is named by its path from the root of the tree."""
    text = (ROOT / page).read_text("utf-8")
    return [
        Block(match["language"], match["mark"] or "", match["text"])
        for match in _BLOCK.finditer(text)
    ]


def matches(seen: str, expected: str) -> bool:
    """Whether an output is what the page says, its `...` and the widths of columns aside."""
    parts = re.split(r"^\.\.\.\n", re.sub(" +", " ", expected), flags=re.MULTILINE)
    pattern = r"(?:.*\n)*".join(map(re.escape, parts))
    return re.fullmatch(pattern, re.sub(" +", " ", seen)) is not None


class Reader:
    """Follows a page in a folder of its own; a context manager that ends what runs on.

    Args:
        folder: Empty.
        environ: Beside what every process has.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self._environ = {**os.environ, "HOME": str(folder), "PATH": path, **environ}
        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._started:
            process.send_signal(signal.SIGINT)
        codes = [process.wait(PATIENCE) for process in self._started]
        assert codes == [0] * len(codes), "Ctrl+C ends it with 0"

    def follow(self, page: str) -> None:
        """Do all that a page says."""
        program: list[Block] = []
        for block in blocks(page):
            kind, _, name = block.mark.partition(": ")
            match block.language, kind:
                case "python", "":
                    program.append(block)
                case _, "file":
                    (self._folder / name).write_text(block.text, "utf-8")
                case "console", "run":
                    self._type(block)
                case "console", "run in the background":
                    self._start(block)
                case (("python" | "console"), "not run") if name:
                    pass
                case (("python" | "console"), _):
                    raise AssertionError(f"{page}: is it to be run?\n{block.text}")
        self._run(program)

    def _type(self, block: Block) -> None:
        for command, expected in block.commands():
            ran = subprocess.run(  # noqa: S602 - the reader types it into a shell
                command,
                shell=True,
                cwd=self._folder,
                env=self._environ,
                stdout=subprocess.PIPE,
                timeout=PATIENCE,
                check=False,
            )
            assert matches(ran.stdout.decode(), expected), f"$ {command}\n{ran.stdout.decode()}"

    def _start(self, block: Block) -> None:
        for command, expected in block.commands():
            assert not expected
            log = self._folder / f"terminal-{len(self._started)}.log"
            with log.open("wb") as out:
                process = subprocess.Popen(
                    command.split(), cwd=self._folder, env=self._environ, stdout=out, stderr=out
                )
            self._started.append(process)
            wait_for(partial(self._listens, process, log))

    @staticmethod
    def _listens(process: subprocess.Popen[bytes], log: Path) -> bool:
        said = log.read_text("utf-8")
        assert process.poll() is None, said
        return "listens on" in said

    def _run(self, program: list[Block]) -> None:
        if not program:
            return
        name = self._folder / "the_program_of_this_page.py"
        name.write_text("".join(block.text for block in program), "utf-8")
        ran = subprocess.run(
            [sys.executable, name],
            cwd=self._folder,
            env=self._environ,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr.decode()
        expected = " ".join(block.printed() for block in program)
        assert ran.stdout.decode().split() == expected.split()
