import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import shop
from workhorse.exceptions import NotImportable, NotSerializable
from workhorse.serializers import (
    ARGUMENTS,
    Json,
    Pickle,
    Serializer,
    Values,
    Wrapped,
    by_code,
    resolve_serializer,
)

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(documents)
def test_json_keeps_what_json_has(value):
    assert Json().loads(Json().dumps(value)) == value


def test_json_makes_lists_of_tuples():
    assert Json().loads(Json().dumps({"a": (1, 2)})) == {"a": [1, 2]}


@pytest.mark.parametrize(
    ("call", "path"),
    [
        ((None, (1, {"x": {1}}), {}), "args[1]['x']"),
        ((None, (), {"user": [b"x"]}), "user[0]"),
        ((None, (), {"user": {(1, 2): 3}}), "user"),
        ((object(), (), {}), "instance"),
    ],
)
def test_json_names_what_it_has_not(call, path):
    with pytest.raises(NotSerializable) as caught:
        Json().dumps(call, path=ARGUMENTS)
    assert caught.value.path == path


def test_json_refuses_what_contains_itself():
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(NotSerializable):
        Json().dumps(loop)


def test_pickle_keeps_nearly_everything():
    value = [shop.User("ann"), shop.add, int]
    assert Pickle().loads(Pickle().dumps(value)) == value


def test_pickle_names_what_it_cannot():
    call: Any = (None, (shop.User("ann", [shop.nameless]),), {})  # type: ignore[list-item]  # on purpose
    with pytest.raises(NotSerializable) as caught:
        Pickle().dumps(call, path=ARGUMENTS)
    assert caught.value.path == "args[0].tags[0]"


class Reversing:
    """RQ's serializers are classes with static methods."""

    @staticmethod
    def dumps(value: Any) -> str:
        return json.dumps(value)[::-1]

    @staticmethod
    def loads(data: bytes) -> Any:
        return json.loads(data.decode()[::-1])


class Wrong:
    def dumps(self, value: Any) -> Any:
        return value

    def loads(self, data: bytes) -> Any:
        return data


@pytest.mark.parametrize("chosen", [Reversing, Reversing(), json, pickle])
def test_an_object_with_dumps_and_loads_is_a_serializer(chosen):
    serializer = resolve_serializer(chosen)
    assert serializer.code == b"x"
    assert serializer.loads(serializer.dumps([1, {"a": None}])) == [1, {"a": None}]


@pytest.mark.parametrize(
    "name", ["json.JSONDecoder", "tests.support.shop", "tests.support.shop.add"]
)
def test_a_named_object_without_dumps_is_refused(name):
    with pytest.raises(TypeError, match=r"has no dumps\(\) and loads\(\)"):
        resolve_serializer(name)


def test_a_serializer_may_be_named():
    assert isinstance(resolve_serializer(None), Values)
    assert isinstance(resolve_serializer("values"), Values)
    assert isinstance(resolve_serializer("json"), Json)
    assert isinstance(resolve_serializer("pickle"), Pickle)
    assert isinstance(resolve_serializer("xmlrpc.client"), Wrapped)
    assert isinstance(resolve_serializer("workhorse.serializers.Json"), Json)
    with pytest.raises(ValueError, match="did you mean 'json'"):
        resolve_serializer("jsn")
    with pytest.raises(NotImportable):
        resolve_serializer("nosuch.thing")


def test_a_serializer_of_ours_is_taken_as_it_is():
    for mine in (Values(["a.*"]), Json(), Pickle(), Wrapped(json)):
        assert resolve_serializer(mine) is mine


def test_the_allowed_classes_reach_values():
    serializer: Serializer = resolve_serializer(None, ["tests.support.shop.*"])
    assert serializer.loads(serializer.dumps(shop.Point(1, 2))) == shop.Point(1, 2)


def test_a_serializer_that_gives_no_bytes_is_named():
    with pytest.raises(NotSerializable, match=r"Wrong\.dumps\(\) gave a int, not bytes"):
        resolve_serializer(Wrong()).dumps(1)


def test_codes_lead_back_to_serializers():
    for kind in (Values, Json, Pickle):
        assert isinstance(by_code(kind.code), kind)
    with pytest.raises(ValueError, match="no serializer has the code"):
        by_code(b"x")
