"""Completion in shells."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from workhorse.queue import Queue


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script(workhorse, shell):
    script = workhorse("completion", shell).stdout
    assert f"_WORKHORSE_COMPLETE={shell}_complete" in script


def complete(workhorse, words):
    ran = workhorse(
        _WORKHORSE_COMPLETE="bash_complete",
        COMP_WORDS=words,
        COMP_CWORD=str(len(words.split()) - (not words.endswith(" "))),
    )
    return [line.partition(",")[2] for line in ran.stdout.split("\n") if line]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("workhorse w", ["worker", "worker-pool"]),
        ("workhorse server st", ["status", "stop", "start"]),
        ("workhorse worker --iso", ["--isolation"]),
        ("workhorse worker --isolation f", ["fork"]),
    ],
)
def test_commands_and_options_are_completed(workhorse, words, found):
    assert sorted(complete(workhorse, words)) == sorted(found)


def test_names_of_queues_are_completed(workhorse, connection):
    for name in ("high", "low", "lower"):
        Queue(name, connection).enqueue("a.f")
    assert complete(workhorse, "workhorse worker lo") == ["low", "lower"]


def test_without_a_server_no_queue_is_completed(workhorse, tmp_path):
    def lost(*words, **more):
        return workhorse(*words, WORKHORSE_URL=f"unix://{tmp_path}/no.sock", **more)

    assert complete(lost, "workhorse worker lo") == []


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash here")
def test_the_script_works_in_bash(workhorse, environment, tmp_path):
    program = tmp_path / "workhorse"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m workhorse "$@"\n', "ascii")
    program.chmod(0o755)
    script = tmp_path / "completion"
    script.write_text(workhorse("completion", "bash").stdout, "utf-8")
    code = f"source {script}; COMP_WORDS=(workhorse wor); COMP_CWORD=1; "
    code += "_workhorse_completion workhorse; echo ${COMPREPLY[@]}"
    path = os.pathsep.join([str(Path(program).parent), environment["PATH"]])
    ran = subprocess.run(
        ["bash", "-c", code],
        env={**environment, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout.split() == ["worker", "worker-pool"], ran.stderr
