import datetime as dt
import ipaddress
import threading
import zoneinfo
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import shop
from workhorse.exceptions import DeserializationError, NotSerializable, RefusedPayload
from workhorse.serializers import ARGUMENTS, Values

HERE = "tests.support.shop"
plain = Values()
shopping = Values([f"{HERE}.*"])

zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]).map(zoneinfo.ZoneInfo)
paths = st.text(st.characters(exclude_characters="\x00"), max_size=20)
hashable = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.complex_numbers(allow_nan=False)
    | st.decimals(allow_nan=False)
    | st.fractions()
    | st.uuids()
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.datetimes()
    | st.datetimes(timezones=zones)
    | st.datetimes(timezones=st.just(dt.UTC))
    | st.ip_addresses()
    | paths.map(PurePosixPath)
    | paths.map(PureWindowsPath)
    | st.sampled_from([range(3), range(9, 1, -2), ipaddress.ip_network("10.0.0.0/8")])
    | st.frozensets(st.integers())
)
values = st.recursive(
    hashable | st.binary().map(bytearray) | st.sets(hashable),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(hashable, inner)
        | st.dictionaries(hashable, inner).map(OrderedDict)
        | st.lists(inner).map(lambda some: deque(some, 5))
        | st.lists(hashable).map(Counter)
        | st.dictionaries(st.text(), inner).map(lambda some: defaultdict(list, some))
    ),
    max_leaves=15,
)


def shape(value: object) -> object:
    """The types all the way down: `True == 1 == 1.0`, and a deque's maxlen is not compared."""
    if isinstance(value, dict):
        return type(value), [(shape(k), shape(v)) for k, v in value.items()]
    if isinstance(value, list | tuple | deque):
        return type(value), getattr(value, "maxlen", None), [shape(part) for part in value]
    return type(value)


@given(values)
def test_plain_values_come_back_exactly(value):
    back = plain.loads(plain.dumps(value))
    assert back == value
    assert shape(back) == shape(value)


@given(st.lists(st.text() | st.integers()), st.dictionaries(st.text(), values))
def test_a_call_comes_back_exactly(args, kwargs):
    call = (None, tuple(args), kwargs)
    assert plain.loads(plain.dumps(call, path=ARGUMENTS)) == call


def test_what_contains_itself_comes_back_so():
    loop: list[Any] = [OrderedDict(), deque()]
    loop[0]["me"] = loop
    loop[1].append(loop)
    back: Any = plain.loads(plain.dumps(loop))
    assert back[0]["me"] is back
    assert back[1][0] is back


def test_identity_within_a_value_is_kept():
    one = Decimal("1.10")
    back: Any = plain.loads(plain.dumps([one, one, Decimal("1.10")]))
    assert back[0] is back[1]
    assert str(back[2]) == "1.10"


def test_not_a_number_and_the_path_of_this_system_come_back():
    back: Any = plain.loads(plain.dumps([float("nan"), Path("/tmp/x")]))  # noqa: S108 - not opened
    assert back[0] != back[0]
    assert type(back[1]) is type(Path())


def test_builtin_exceptions_are_plain():
    back: Any = plain.loads(plain.dumps([ValueError("a", 1), KeyError("k")]))
    assert [type(one) for one in back] == [ValueError, KeyError]
    assert back[0].args == ("a", 1)


def test_defaultdicts_keep_their_factory():
    factories: list[Any] = [list, int, dict, Counter, None]
    for factory in factories:
        back: Any = plain.loads(plain.dumps(defaultdict(factory, {1: 2})))
        assert back.default_factory is factory
    back = shopping.loads(shopping.dumps(defaultdict(shop.Greeter)))
    assert back.default_factory is shop.Greeter


INSTANCES: list[Any] = [
    shop.User("ann", ["x"], shop.User("bob")),
    shop.User.Address("Rome"),
    shop.Money(5, "EUR"),
    shop.Point(1, 2),
    shop.Color.RED,
    shop.Size.LARGE,
    shop.Right.READ,
    shop.Right.READ | shop.Right.WRITE,
    {shop.Color.RED: [shop.Size.SMALL]},
]


@pytest.mark.parametrize("value", INSTANCES, ids=lambda value: type(value).__name__)
def test_instances_of_allowed_classes_come_back(value):
    back = shopping.loads(shopping.dumps(value))
    assert back == value
    assert type(back) is type(value)


def test_instances_without_equality_come_back():
    slotted: Any = shopping.loads(shopping.dumps(shop.Slotted(1, [2])))
    assert (slotted.a, slotted.b) == (1, [2])
    model: Any = shopping.loads(shopping.dumps(shop.ModelLike(a=1)))
    assert vars(model) == {"a": 1, "__fields_set__": {"a"}}
    reducing: Any = shopping.loads(shopping.dumps(shop.Reducing("p")))
    assert reducing.path == "p"
    error: Any = shopping.loads(shopping.dumps(shop.OutOfStock("tea", 0)))
    assert (type(error), error.item, error.left) == (shop.OutOfStock, "tea", 0)


def test_subclasses_of_containers_come_back_with_their_attributes():
    tags = shop.Tags(["a"])
    tags.owner = "ann"
    back: Any = shopping.loads(shopping.dumps([tags, shop.Prices(x=1)]))
    assert (type(back[0]), back[0], back[0].owner) == (shop.Tags, ["a"], "ann")
    assert (type(back[1]), back[1]) == (shop.Prices, {"x": 1})


def test_friends_who_know_each_other_come_back():
    ann, bob = shop.User("ann"), shop.User("bob")
    ann.friend, bob.friend = bob, ann
    back: Any = shopping.loads(shopping.dumps(ann))
    assert back.friend.friend is back


def test_a_class_that_is_not_allowed_says_where_it_is_and_what_to_do():
    user = shop.User("ann")
    with pytest.raises(NotSerializable) as caught:
        plain.dumps((None, ({"user": user},), {}), path=ARGUMENTS)
    assert caught.value.path == "args[0]['user']"
    assert str(caught.value) == (
        "args[0]['user']: class tests.support.shop.User is not allowed; pass "
        "allow=['tests.support.shop.User'] to Queue(...) and start the worker with "
        "--allow-class 'tests.support.shop.User', or choose serializer='pickle'"
    )


class Outer:
    pass


class Nameless:
    __module__ = "__main__"


def iter_of_nothing() -> Iterator[None]:
    yield


def local_class() -> type:
    class Local:
        pass

    return Local


def lying_class() -> type:
    return type("User", (), {"__module__": HERE})


UNFIT: list[tuple[Any, str]] = [
    (shop.add, "add is a function"),
    (len, "len is a function"),
    (shop.nameless, "is a function"),
    (shop.User("a").greet, "is a function"),
    (int, "int is a class"),
    (shop.User, "User is a class"),
    (shop.Meta("X", (), {}), "X is a class"),
    (threading, "threading is a module"),
    (iter_of_nothing(), "cannot pickle 'generator'"),
    (threading.Lock(), "cannot pickle '_thread.lock'"),
    (local_class()(), "defined in a function"),
    (Nameless(), "main module"),
    (lying_class()(), "would not get its class"),
    (shop.ByFunction(), "call of system"),
    (shop.Explosive(), "boom"),
    (Outer(), "not allowed"),
    (iter([1]), "no plain value"),
    (defaultdict(lambda: 1), "default_factory"),
    (memoryview(b"x"), "cannot pickle"),
]


@pytest.mark.parametrize(("value", "reason"), UNFIT, ids=lambda x: str(type(x).__name__))
def test_what_cannot_be_sent_names_itself(value, reason):
    for path, call in (
        ("args[1][0]", (None, (1, [value]), {})),
        ("user", (None, (), {"a": 1, "user": value})),
        ("user['x']", (None, (), {"user": {"x": value}})),
        ("user.name", (None, (), {"user": shop.User(value)})),
        ("instance", (value, (), {})),
    ):
        with pytest.raises(NotSerializable, match=reason) as caught:
            shopping.dumps(call, path=ARGUMENTS)
        assert caught.value.path == path


def test_other_paths_are_told_as_well():
    for value, path in (
        ({(1, len): 1}, "a key of meta"),
        ({1, len}, "an element of meta"),
        (shop.Slotted(1, len), "meta.b"),
        (shop.Money(1, len), "meta.currency"),  # type: ignore[arg-type]  # on purpose
        (len, "meta"),
    ):
        with pytest.raises(NotSerializable) as caught:
            shopping.dumps(value, path="meta")
        assert caught.value.path.startswith(path)


def test_what_is_nested_too_deeply_is_refused():
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(NotSerializable, match="nested too deeply"):
        plain.dumps(deep)


def test_attributes_of_plain_containers_are_not_lost_silently():
    value = Counter("aab")
    value.note = "x"  # type: ignore[attr-defined]  # a user's own
    with pytest.raises(NotSerializable, match="attributes of its own"):
        plain.dumps(value)


def test_the_reader_decides_which_classes_it_makes():
    data = shopping.dumps(shop.User("ann"))
    with pytest.raises(RefusedPayload, match=r"--allow-class 'tests\.support\.shop\.User'"):
        plain.loads(data)
    with pytest.raises(RefusedPayload):
        Values([f"{HERE}.Money"]).loads(data)
    assert Values([f"{HERE}.User"]).loads(data) == shop.User("ann")


def test_a_class_that_went_away_is_named(monkeypatch):
    data = shopping.dumps(shop.Slotted(1, 2))
    monkeypatch.delattr(shop, "Slotted")
    with pytest.raises(RefusedPayload, match="not a class defined in"):
        shopping.loads(data)


def test_a_module_that_is_not_here_is_named():
    data = shopping.dumps(shop.Slotted(1, 2)).replace(b"tests.support.shop", b"tests.support.nope")
    with pytest.raises(DeserializationError, match="cannot be imported here: ModuleNotFoundError"):
        Values(["*"]).loads(data)


def test_a_registered_extension_code_is_not_used(monkeypatch):
    import copyreg  # noqa: PLC0415 - changed for this test alone

    copyreg.add_extension(HERE, "User", 0xF0)
    try:
        data = shopping.dumps(shop.User("ann"))
        assert shopping.loads(data) == shop.User("ann")
        with pytest.raises(RefusedPayload):
            shopping.loads(b"\x80\x05\x82\xf0.")
    finally:
        copyreg.remove_extension(HERE, "User", 0xF0)


@given(st.binary(max_size=200))
def test_a_uuid_has_its_sixteen_bytes(data):
    assert plain.loads(plain.dumps(UUID(int=len(data)))) == UUID(int=len(data))


def test_a_fraction_of_endless_numbers_is_refused_on_both_sides():
    with pytest.raises(NotSerializable, match="such long numbers"):
        plain.dumps(Fraction(2**200_000 + 1, 3))
