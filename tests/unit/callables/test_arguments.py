import inspect
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import shop
from workhorse.callables import check_arguments
from workhorse.exceptions import BadArguments


def none() -> None:
    pass


def three(a: int, b: int, c: int = 3) -> None:
    pass


FUNCTIONS: list[Any] = [
    none,
    three,
    shop.add,
    shop.everything,
    shop.only_named,
    shop.User("a").greet,
    shop.User.load,
    shop.User.shout,
    shop.greeter,
    shop.decorated,
]
names = st.sampled_from(["a", "b", "c", "d", "key", "word", "name", "x", "self"])


@given(
    st.sampled_from(FUNCTIONS),
    st.lists(st.integers(), max_size=4),
    st.dictionaries(names, st.integers(), max_size=3),
)
def test_arguments_are_refused_exactly_when_python_would(function, args, kwargs):
    try:
        inspect.signature(function, follow_wrapped=False).bind(*args, **kwargs)
    except TypeError:
        with pytest.raises(BadArguments):
            check_arguments(function, args, kwargs)
    else:
        check_arguments(function, args, kwargs)


def test_the_error_shows_the_signature_and_what_is_wrong():
    with pytest.raises(BadArguments, match=r"^three\(a: .* missing a required argument: 'b'"):
        check_arguments(three, (1,), {})


def test_a_wrapper_may_add_arguments():
    check_arguments(shop.decorated, (1,), {})


@pytest.mark.parametrize("function", [None, dict.fromkeys, print, min, shop.cached])
def test_what_has_no_signature_is_not_checked(function):
    check_arguments(function, (1, 2), {})
