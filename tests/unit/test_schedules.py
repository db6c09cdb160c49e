from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.shop import Explosive
from workhorse.exceptions import TimeoutFormatError
from workhorse.records import as_datetime
from workhorse.schedules import delay_ms, due_ms, seconds


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, 5),
        (2.5, 2.5),
        (-1, -1),
        ("90", 90),
        ("-1", -1),
        ("90s", 90),
        ("3m", 180),
        ("1h", 3600),
        ("2d", 172_800),
        ("1.5H", 5400),
        (" 5 m ", 300),
        (timedelta(minutes=2), 120),
    ],
)
def test_a_duration_is_read_as_people_write_it(value, expected):
    assert seconds(value, what="ttl") == expected


UNREADABLE: list[Any] = [
    "",
    "h",
    "5 parsecs",
    "1h30m",
    "nan",
    "1e5",
    "\u0665",
    float("nan"),
    float("inf"),
    10**400,
    True,
    None,
    b"5",
    [5],
    "9" * 10_000,
    Explosive(),
]


@pytest.mark.parametrize("value", UNREADABLE, ids=lambda v: type(v).__name__)
def test_what_cannot_be_read_says_which_option_it_was(value):
    with pytest.raises(TimeoutFormatError, match=r"^result_ttl: cannot read"):
        seconds(value, what="result_ttl")


def test_an_aware_datetime_is_due_in_its_own_zone():
    zone = timezone(timedelta(hours=2))
    assert due_ms(datetime(1970, 1, 1, 2, 0, 1, tzinfo=zone)) == 1000


def test_a_naive_datetime_is_local_time():
    local = datetime(2026, 7, 1, 12, 0)  # noqa: DTZ001 - naive on purpose
    assert due_ms(local) == int(local.timestamp() * 1000)


def test_nothing_is_due_too_early():
    assert due_ms(datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC)) == 1
    assert delay_ms(timedelta(microseconds=1)) == 1


@given(st.integers(0, 4_000_000_000_000))
def test_milliseconds_survive_the_way_there_and_back(ms):
    moment = as_datetime(ms)
    assert moment is not None
    assert due_ms(moment) == ms


@given(st.integers(-(10**12), 10**12))
def test_a_delay_in_milliseconds_is_exact(ms):
    assert delay_ms(timedelta(milliseconds=ms)) == ms


def test_mixing_up_moment_and_delay_says_what_to_use():
    with pytest.raises(TypeError, match="enqueue_in"):
        due_ms(5)  # type: ignore[arg-type]  # a mistake
    with pytest.raises(TypeError, match="enqueue_at"):
        delay_ms(5)  # type: ignore[arg-type]  # a mistake
