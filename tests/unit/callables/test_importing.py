import os
import sys

import pytest

from tests.support import shop
from workhorse.callables import allowed, home, import_object, resolve
from workhorse.exceptions import NotImportable

HERE = "tests.support.shop"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (f"{HERE}.add", shop.add),
        (f"{HERE}.User.shout", shop.User.shout),
        (f"{HERE}.User.Address", shop.User.Address),
        (f"{HERE}.greeter", shop.greeter),
        ("len", len),
        ("builtins.len", len),
        ("str.upper", str.upper),
        (
            "xml.etree.ElementTree.fromstring",
            __import__("xml.etree.ElementTree").etree.ElementTree.fromstring,
        ),
    ],
)
def test_a_name_leads_to_its_object(name, expected):
    assert resolve(name) == expected


def test_a_module_is_an_object_but_cannot_be_called():
    assert import_object(HERE) is sys.modules[HERE]
    with pytest.raises(NotImportable, match="is a module and cannot be called"):
        resolve(HERE)
    with pytest.raises(NotImportable, match="is a int and cannot be called"):
        resolve(f"{HERE}.number")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nosuch.module.f", "there is no module 'nosuch'"),
        ("nosuch", "no module or builtin 'nosuch'"),
        (f"{HERE}.ad", "did you mean 'add'"),
        (f"{HERE}.User.shot", "did you mean 'shout'"),
        ("tests.support.nosuch.f", "nosuch"),
        ("a b", "not the name"),
        ("a." * 300 + "b", "not the name"),
    ],
)
def test_what_is_not_there_is_named(name, text):
    with pytest.raises(NotImportable, match=text):
        resolve(name)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("wh_broken")]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("import nosuch_dependency", "exists, but it needs 'nosuch_dependency'"),
        ("from os import nosuch", "exists, but importing it raised ImportError"),
        ("1/0", "exists, but importing it raised ZeroDivisionError"),
        ("def", "exists, but importing it raised SyntaxError"),
        ("raise SystemExit(3)", "exists, but importing it raised SystemExit"),
    ],
)
def test_a_module_that_fails_at_import_is_told_from_one_that_is_missing(folder, source, text):
    (folder / "wh_broken.py").write_text(source)
    with pytest.raises(NotImportable, match=text):
        resolve("wh_broken.f")


def test_nothing_stale_is_found_after_the_module_changed(monkeypatch):
    assert resolve(f"{HERE}.add") is shop.add
    monkeypatch.setattr(shop, "add", len)
    assert resolve(f"{HERE}.add") is len


@pytest.mark.parametrize(
    "name",
    [
        f"{HERE}.os.system",
        f"{HERE}.subprocess.run",
        f"{HERE}.subprocess.os.system",
        f"{HERE}.add.__globals__.clear",
        f"{HERE}.User.__subclasses__",
        f"{HERE}.__builtins__.eval",
        f"{HERE}.User.__init__.__globals__.get",
        "os.sys.exit",
    ],
)
def test_a_name_does_not_lead_through_what_a_module_imported(name):
    with pytest.raises(NotImportable):
        resolve(name)


def test_patterns_are_those_of_a_shell():
    assert allowed("myapp.tasks.send", ["other.*", "myapp.tasks.*"])
    assert not allowed("myapp.models.send", ["myapp.tasks.*"])
    assert not allowed("xmyapp.tasks.send", ["myapp.tasks.*"])
    assert not allowed("myapp.Tasks.send", ["myapp.tasks.*"])
    assert not allowed("a", [])


def test_what_a_module_imported_is_not_allowed_with_it():
    patterns = [f"{HERE}.*"]
    for name in ("system", "table.clear", "datetime.now"):
        found = resolve(f"{HERE}.{name}")
        assert not allowed(f"{HERE}.{name}", patterns, found)
    for name in ("add", "decorated", "cached", "greeter", "User.greet", "User.load", "User.shout"):
        found = resolve(f"{HERE}.{name}")
        assert allowed(f"{HERE}.{name}", patterns, found)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (len, "builtins.len"),
        (shop.add, f"{HERE}.add"),
        (os.system, "posix.system"),
        (shop.greeter, f"{HERE}.Greeter"),
        ({}.clear, "builtins.dict.clear"),
        (shop.User.load, f"{HERE}.User.load"),
    ],
)
def test_a_function_says_where_it_was_defined(function, name):
    assert home(function) == name
