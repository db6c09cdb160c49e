import functools
import math
import sys
from typing import Any

import pytest

from tests.support import shop
from workhorse.callables import reference, resolve
from workhorse.exceptions import NotImportable

HERE = "tests.support.shop"

BY_NAME: list[tuple[Any, str]] = [
    (shop.add, f"{HERE}.add"),
    (shop.add_later, f"{HERE}.add_later"),
    (shop.decorated, f"{HERE}.decorated"),
    (shop.cached, f"{HERE}.cached"),
    (shop.User.shout, f"{HERE}.User.shout"),
    (shop.User.greet, f"{HERE}.User.greet"),
    (shop.User.load, f"{HERE}.User.load"),
    (len, "builtins.len"),
    (math.sqrt, "math.sqrt"),
    (str.upper, "builtins.str.upper"),
    (dict.fromkeys, "builtins.dict.fromkeys"),
]


@pytest.mark.parametrize(("function", "name"), BY_NAME, ids=[name for _, name in BY_NAME])
def test_a_function_has_a_name_that_leads_back_to_it(function, name):
    found = reference(function)
    assert found == (name, None, function)
    assert resolve(name) == function
    assert reference(function) == found


def test_a_decorated_function_is_found_through_its_wrapper():
    inner = reference(shop.decorated.__wrapped__)  # type: ignore[attr-defined]  # of functools.wraps
    assert inner.name == f"{HERE}.decorated"


def test_a_bound_method_travels_with_its_instance():
    user = shop.User("ann")
    assert reference(user.greet) == (f"{HERE}.User.greet", user, user.greet)
    assert reference("abc".upper)[:2] == ("builtins.str.upper", "abc")


def test_a_callable_object_is_its_class_and_itself():
    found = reference(shop.greeter)
    assert found.name == f"{HERE}.Greeter.__call__"
    assert found.instance is shop.greeter
    assert resolve(found.name) is shop.Greeter.__call__


def test_a_name_is_taken_as_it_is():
    assert reference("no.such.function") == ("no.such.function", None, None)


@pytest.mark.parametrize(
    "name", ["", ".", "a..b", "a.b()", "a b", "1a", "a.b\n", "x" * 1000, "a:b"]
)
def test_what_is_no_dotted_name_is_refused(name):
    with pytest.raises(NotImportable, match="not the name of a function"):
        reference(name)


class Local:
    def method(self) -> None:
        pass


def in_main() -> None:
    pass


in_main.__module__ = "__main__"
REFUSED: list[tuple[Any, str]] = [
    (shop.nameless, "lambda has none"),
    (shop.nesting(), r"nested is nested in nesting\(\)|nested in nesting"),
    (shop.original, "another object"),
    (shop.User, "User is a class"),
    (functools.partial(shop.add, 1), r"enqueue\(f"),
    (in_main, "main module"),
    (None, "NoneType is no function"),
    (5, "int is no function"),
    (b"os.system", "bytes is no function"),
    (shop, "module is no function"),
]


@pytest.mark.parametrize(("function", "advice"), REFUSED, ids=lambda x: str(x)[:20])
def test_what_has_no_name_is_refused_with_advice(function, advice):
    with pytest.raises(NotImportable, match=advice):
        reference(function)


def test_a_coroutine_was_called_too_early():
    coroutine = shop.add_later(1)
    with pytest.raises(NotImportable, match="was called already"):
        reference(coroutine)  # type: ignore[arg-type]  # a mistake
    coroutine.close()


def test_a_method_of_a_nested_class_is_refused():
    class Nested:
        def method(self) -> None:
            pass

        def __call__(self) -> None:
            pass

    for function in (Nested().method, Nested(), Nested.method):
        with pytest.raises(NotImportable, match="nested in"):
            reference(function)


def test_a_module_that_is_not_imported_is_named(monkeypatch):
    monkeypatch.setattr(Local, "__module__", "gone.away")
    assert "gone.away" not in sys.modules
    with pytest.raises(NotImportable, match=r"gone\.away"):
        reference(Local().method)


def test_a_method_that_its_instance_hides_is_refused():
    user = shop.User("ann")
    method = user.greet
    user.greet = lambda word="": word  # type: ignore[method-assign]  # a mistake
    with pytest.raises(NotImportable, match="not the method"):
        reference(method)


def test_a_private_method_is_refused():
    class Fake:
        pass

    def __private(self: object) -> None:
        pass

    with pytest.raises(NotImportable):
        reference(__private.__get__(Fake()))
