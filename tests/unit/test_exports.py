"""`import workhorse` costs nothing, and hands out what it names."""

import ast
import subprocess
import sys
from importlib import import_module

import pytest

import workhorse
from tests.style.sources import ROOT
from workhorse import exceptions

HEAVY = {"asyncio", "click", "hiredis", "json", "redis", "socket", "valkey"}


def test_importing_the_package_loads_nothing_else():
    code = "import sys, workhorse; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-I", "-c", code], check=True, capture_output=True, text=True
    )
    loaded = set(ran.stdout.split())
    assert not loaded & HEAVY
    assert {name for name in loaded if name.startswith("workhorse")} == {"workhorse"}


@pytest.mark.parametrize("name", workhorse.__all__)
def test_every_name_is_there(name):
    assert getattr(workhorse, name) is not None


def test_every_exception_is_exported():
    errors = {
        name
        for name, value in vars(exceptions).items()
        if isinstance(value, type) and issubclass(value, BaseException)
    }
    assert errors <= set(workhorse.__all__)


def test_type_checkers_see_the_same_names():
    tree = ast.parse((ROOT / "src/workhorse/__init__.py").read_text("utf-8"))
    declared = {
        alias.name: node.module
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert set(declared) == set(workhorse.__all__) - {"__version__"}
    for name, module in declared.items():
        assert f"workhorse.{workhorse._ELSEWHERE.get(name, 'exceptions')}" == module


@pytest.mark.parametrize("name", ["Queu", "utils"])
def test_an_unknown_name_is_an_attribute_error(name):
    with pytest.raises(AttributeError, match=f"'workhorse' has no attribute '{name}'"):
        getattr(workhorse, name)


def test_job_stays_the_module():
    module = import_module("workhorse.job")
    assert workhorse.job is module
