import contextlib
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.shop import OutOfStock
from workhorse.exceptions import exception_names
from workhorse.policies import LONGEST_DELAY, Retry


def pauses(retry, count, chance=0.5):
    return [retry.delay_after(done, chance=chance) for done in range(count)]


def test_retries_are_used_up_after_max():
    assert pauses(Retry(2), 4) == [0, 0, None, None]


def test_the_last_interval_repeats():
    assert pauses(Retry(4, [10, timedelta(minutes=1)]), 5) == [10, 60, 60, 60, None]


def test_backoff_multiplies_the_last_interval_up_to_the_cap():
    retry = Retry(6, [1, 10], backoff=2, max_interval=50)
    assert pauses(retry, 6) == [1, 10, 20, 40, 50, 50]


def test_backoff_without_a_cap_stops_at_a_year():
    assert Retry(10**6, 1, backoff=10).delay_after(5000, chance=0.5) == LONGEST_DELAY


def test_jitter_spreads_a_delay_either_way():
    retry = Retry(1, 100, jitter=0.1)
    assert retry.delay_after(0, chance=0) == 90
    assert retry.delay_after(0, chance=0.5) == 100
    assert retry.delay_after(0, chance=0.999999) == pytest.approx(110, abs=0.01)


def test_jitter_spreads_also_what_has_reached_the_cap():
    retry = Retry(9, 100, backoff=2, max_interval=100, jitter=0.5)
    assert retry.delay_after(5, chance=0.1) != retry.delay_after(5, chance=0.9)


NONSENSE: list[dict[str, Any]] = [
    {"max": 0},
    {"max": -1},
    {"max": 1.5},
    {"max": True},
    {"max": "3"},
    {"interval": -1},
    {"interval": []},
    {"interval": "5s"},
    {"interval": b"5"},
    {"interval": None},
    {"interval": [1, None]},
    {"interval": float("nan")},
    {"interval": float("inf")},
    {"interval": 1, "backoff": 0.5},
    {"interval": 1, "backoff": "2"},
    {"backoff": 2},
    {"max_interval": -1},
    {"jitter": 1.1},
    {"jitter": -0.1},
    {"on": []},
    {"on": 5},
    {"on": [5]},
    {"on": "not a name"},
    {"on": int},
    {"never": "x-y"},
]


@pytest.mark.parametrize("options", NONSENSE, ids=str)
def test_what_makes_no_sense_is_a_value_error(options):
    with pytest.raises(ValueError, match="Retry"):
        Retry(**{"max": 3, **options})


def applies(retry, kind):
    return retry.applies_to(exception_names(kind))


def test_all_errors_are_retried_unless_said_otherwise():
    assert applies(Retry(1), ZeroDivisionError)


def test_on_and_never_include_subclasses():
    retry = Retry(1, on=[OSError, "ArithmeticError"], never=ConnectionError)
    assert applies(retry, FileNotFoundError)
    assert applies(retry, ZeroDivisionError)
    assert not applies(retry, ConnectionResetError)
    assert not applies(retry, KeyError)


def test_exceptions_may_be_given_by_dotted_name():
    retry = Retry(1, on="tests.support.shop.OutOfStock")
    assert applies(retry, OutOfStock)
    assert retry == Retry(1, on=OutOfStock)
    assert not applies(retry, ValueError)


policies = st.builds(
    Retry,
    st.integers(1, 10**6),
    st.one_of(st.floats(0.001, 1e6), st.lists(st.integers(1, 10**6), min_size=1, max_size=5)),
    backoff=st.none() | st.floats(1, 100),
    max_interval=st.none() | st.floats(0, 1e6),
    jitter=st.floats(0, 1),
    on=st.none() | st.just([OSError, "a.B"]),
    never=st.none() | st.just(KeyError),
    enqueue_at_front=st.booleans(),
)


@given(policies)
def test_a_policy_survives_its_text(retry):
    assert Retry.from_text(retry.to_text()) == retry
    assert hash(Retry.from_text(retry.to_text())) == hash(retry)


@given(policies)
def test_a_policy_shows_how_to_make_it(retry):
    assert eval(repr(retry), {"Retry": Retry}) == retry  # noqa: S307 - of our own repr


@given(policies, st.integers(0, 10**6), st.floats(0, 1, exclude_max=True))
def test_a_delay_is_never_negative_nor_endless(retry, done, chance):
    delay = retry.delay_after(done, chance=chance)
    assert delay is None or 0 <= delay <= 2 * LONGEST_DELAY


def test_the_text_is_compact():
    assert Retry(3, [10, 30]).to_text() == '{"max":3,"interval":[10,30]}'


def test_a_policy_cannot_be_changed():
    with pytest.raises(AttributeError):
        Retry(3).max = 5  # type: ignore[misc]  # refused


GARBAGE = ["", "null", "[]", "3", '{"max":0}', '{"max":1,"x":2}', '{"max":1,"interval":{}}', "{"]
GARBAGE += ["[" * 100_000, '{"max":1e999}', '{"max":NaN}', '{"max":1,"interval":[1e999]}', "\x00"]
GARBAGE += ['{"max":1,"on":[{}]}', '{"max":1,"interval":"9"}', '{"interval":1}']


@pytest.mark.parametrize("text", GARBAGE, ids=lambda t: t[:30])
def test_garbage_is_a_value_error(text):
    with pytest.raises(ValueError, match="not the text of a Retry"):
        Retry.from_text(text)


@given(st.text())
def test_no_text_makes_reading_raise_anything_else(text):
    with contextlib.suppress(ValueError):
        Retry.from_text(text)
