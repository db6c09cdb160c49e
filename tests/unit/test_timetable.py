"""When entries are due: expressions over changes of clocks, intervals, and what was missed."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest

from workhorse.exceptions import BadSchedule
from workhorse.timetable import AT_ONCE, Timetable, crontab, plan, resumed, timetable_of

HOUR = 3_600_000
DAY = 24 * HOUR


def ms(text: str, tz: str = "UTC") -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(tz)).timestamp() * 1000)


def shown(tick: int, tz: str = "UTC") -> str:
    return datetime.fromtimestamp(tick / 1000, ZoneInfo(tz)).strftime("%m-%d %H:%M %Z")


def due(expression: str, tz: str, since: str, until: str, *, seconds: bool = False) -> list[str]:
    """The occurrences in a span, as local time."""
    table = timetable_of(expression, tz=tz, seconds=seconds)
    found: list[str] = []
    for tick in table.following(ms(since, tz)):
        if tick > ms(until, tz):
            return found
        found.append(shown(tick, tz))
    return found


# Changes of clocks: the table of what users expect

NEW_YORK = "America/New_York"
SPRING = ("2027-03-13T12:00", "2027-03-15T12:00")
AUTUMN = ("2027-11-06T12:00", "2027-11-08T12:00")


def test_a_time_in_the_gap_of_spring_is_due_once_at_its_end():
    assert due("30 2 * * *", NEW_YORK, *SPRING) == ["03-14 03:00 EDT", "03-15 02:30 EDT"]


def test_a_time_in_the_overlap_of_autumn_is_due_once():
    assert due("30 1 * * *", NEW_YORK, *AUTUMN) == ["11-07 01:30 EDT", "11-08 01:30 EST"]


def test_a_time_in_the_overlap_is_not_due_again_for_one_who_comes_in_its_second_pass():
    second_pass = ms("2027-11-07T06:10")  # 01:10 EST
    tick = crontab("30 1 * * *", NEW_YORK).after(second_pass)
    assert tick is not None
    assert shown(tick, NEW_YORK) == "11-08 01:30 EST"


def test_hours_go_on_through_both_changes():
    assert due("0 * * * *", NEW_YORK, "2027-03-14T00:30", "2027-03-14T04:00") == [
        "03-14 01:00 EST",
        "03-14 03:00 EDT",
        "03-14 04:00 EDT",
    ]
    assert due("0 * * * *", NEW_YORK, "2027-11-07T00:30", "2027-11-07T02:00") == [
        "11-07 01:00 EDT",
        "11-07 01:00 EST",
        "11-07 02:00 EST",
    ]


def test_quarters_of_an_hour_go_on_where_clocks_change_by_half_an_hour():
    ticks = list(islice(crontab("*/15 * * * *", "Australia/Lord_Howe").following(0), 4 * 24 * 400))
    assert {b - a for a, b in pairwise(ticks)} == {15 * 60_000}


@pytest.mark.parametrize("tz", ["Australia/Lord_Howe", NEW_YORK, "Africa/Casablanca", "UTC"])
@pytest.mark.parametrize(
    ("expression", "minutes", "hours"),
    [
        ("45 * * * *", {45}, range(24)),
        ("0 */2 * * *", {0}, range(0, 24, 2)),
        ("* 2 * * *", range(60), {2}),
        ("*/7 1,2 * * *", range(0, 60, 7), {1, 2}),
    ],
)
def test_what_recurs_is_due_whenever_the_clock_shows_it_the_whole_year(
    tz, expression, minutes, hours
):
    since, until, quarter = ms("2027-01-01"), ms("2028-01-01"), 900_000
    shown = []
    for begin in range(since, until, quarter):  # clocks change at the quarters of an hour
        local = datetime.fromtimestamp(begin / 1000, ZoneInfo(tz))
        if local.hour in hours:
            later = range(quarter // 60_000)
            shown += [begin + n * 60_000 for n in later if local.minute + n in minutes]
    ticks = crontab(expression, tz).following(since - 1)
    found = list(takewhile(lambda tick: tick < until, ticks))
    assert found == shown


def test_fixed_times_are_due_once_each_day_where_clocks_change_by_half_an_hour():
    for expression in ("45 1 * * *", "15 2 * * *"):
        found = crontab(expression, "Australia/Lord_Howe").following(ms("2027-01-01"))
        days = [shown(tick, "Australia/Lord_Howe")[:5] for tick in islice(found, 365)]
        assert len({*days}) == 365


@pytest.mark.parametrize("tz", ["Europe/Berlin", NEW_YORK, "Asia/Kathmandu", "Africa/Casablanca"])
@pytest.mark.parametrize("expression", ["0 3 * * *", "30 2 * * *", "15,45 1,2 * * *", "0 0 * * *"])
@pytest.mark.parametrize(
    ("since", "until"),
    [("2027-02-05", "2027-02-10"), ("2027-03-12", "2027-03-30"), ("2027-10-29", "2027-11-09")],
)
def test_the_occurrences_do_not_depend_on_when_one_asks(tz, expression, since, until):
    table = crontab(expression, tz)
    since, until = ms(since), ms(until)
    whole = [tick for tick in islice(table.following(since), 2000) if tick <= until]
    at, found = since, set()
    while at < until:
        tick = table.after(at)
        assert tick is not None
        assert tick > at
        found.add(tick)
        at += 17 * 60_000 + 13
    assert found - {tick for tick in found if tick > until} == set(whole)


def test_without_a_timezone_it_is_utc():
    assert crontab("0 12 * * *").tz == "UTC"
    assert timetable_of("0 12 * * *").after(ms("2027-07-01T00:00")) == ms("2027-07-01T12:00")


# Expressions


@pytest.mark.parametrize(
    ("expression", "first"),
    [
        ("0 0 1 * 5", "01-01 00:00 UTC"),  # a Friday, and the first of the month
        ("0 0 13 * 3", "01-06 00:00 UTC"),  # either, as one does not begin with a star
        ("0 0 * * 0", "01-03 00:00 UTC"),
        ("0 0 * * 7", "01-03 00:00 UTC"),
        ("0 0 * * SUN", "01-03 00:00 UTC"),
        ("0 0 L * *", "01-31 00:00 UTC"),
        ("0 0 * * 5#2", "01-08 00:00 UTC"),
        ("0 0 29 2 *", "02-29 00:00 UTC"),
        ("@hourly", "01-01 00:00 UTC"),
        ("@DAILY", "01-01 00:00 UTC"),
        ("@weekly", "01-03 00:00 UTC"),
        ("@monthly", "01-01 00:00 UTC"),
        ("@yearly", "01-01 00:00 UTC"),
        ("  */5   *  * * * ", "01-01 00:00 UTC"),
    ],
)
def test_an_expression_means_what_cron_says(expression, first):
    tick = timetable_of(expression).after(ms("2027-01-01T00:00") - 1)
    assert tick is not None
    assert shown(tick) == first


def test_a_sixth_field_in_front_is_the_second():
    ticks = timetable_of("*/20 * * * * *", seconds=True).following(0)
    assert list(islice(ticks, 4)) == [20_000, 40_000, 60_000, 80_000]


def test_an_expression_with_seconds_survives_being_stored():
    table = timetable_of("*/20 * * * * *", tz="Europe/Berlin", seconds=True)
    assert Timetable.from_text(table.to_text()) == table


@pytest.mark.parametrize("given", [{"cron": "@daily", "tz": "Asia/Tokyo"}, {"interval": "90s"}])
def test_a_timetable_survives_being_stored(given):
    table = timetable_of(**given)
    assert Timetable.from_text(table.to_text()) == table


@pytest.mark.parametrize("text", ["{}", "[]", '{"evil": 1}', "x", '{"interval": 1}'])
def test_what_is_no_timetable_is_not_read(text):
    with pytest.raises(ValueError, match=r"."):
        Timetable.from_text(text)


@pytest.mark.parametrize("tz", [UTC, ZoneInfo("UTC"), "UTC"])
def test_a_timezone_may_be_an_object(tz):
    assert crontab("@daily", tz).tz == "UTC"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "give cron=.* or interval=300: when is it due"),
        ({"cron": "@daily", "interval": 5}, "and not both"),
        ({"cron": "* * * *"}, "has 4 fields; give minute, hour"),
        ({"cron": ""}, "has 0 fields"),
        ({"cron": "61 * * * *"}, "bad minute; such as"),
        ({"cron": "* * * * MOONDAY"}, "bad day-of-week"),
        ({"cron": "0 0 30 2 *"}, "bad day-of-month"),
        ({"cron": "* * * * * *"}, "has six fields; if the first one is the second, say seconds"),
        ({"cron": "* * * * *", "seconds": True}, "has 5 fields; give second, minute"),
        ({"cron": "@reboot"}, "there is no '@reboot'; there are @yearly"),
        ({"cron": 5}, "cron=5: give text"),
        ({"cron": "@daily", "tz": "Europe/Atlantis"}, "there is no timezone 'Europe/Atlantis'"),
        ({"cron": "@daily", "tz": "../etc/passwd"}, "there is no timezone"),
        ({"cron": "@daily", "tz": timezone(timedelta(hours=1))}, "give a name such as"),
        ({"interval": 0.5}, "from 1 second to 366 days"),
        ({"interval": -1}, "from 1 second"),
        ({"interval": "400d"}, "to 366 days"),
        ({"interval": "often"}, "cannot read 'often' as a duration"),
        ({"interval": 5, "tz": "UTC"}, "tz= and seconds= belong to cron="),
    ],
)
def test_what_makes_no_sense_is_refused_with_advice(given, told):
    with pytest.raises(BadSchedule, match=told):
        timetable_of(**given)


# What was missed

EVERY = timetable_of(interval=10)
HOURLY = crontab("@hourly")


def test_what_is_not_due_yet_is_not_fired():
    assert plan(EVERY, "once", 10_000, 9_999) == ((), 10_000)


@pytest.mark.parametrize("missed", ["skip", "once", "all"])
def test_what_is_due_is_fired(missed):
    assert plan(EVERY, missed, 10_000, 10_000) == ((10_000,), 20_000)


def test_an_interval_does_not_drift():
    assert plan(EVERY, "once", 10_000, 17_123) == ((10_000,), 20_000)


def test_of_several_that_were_missed_the_latest_is_fired_once():
    assert plan(EVERY, "once", 10_000, 65_000) == ((60_000,), 70_000)
    assert plan(HOURLY, "once", HOUR, 3 * HOUR + 5) == ((3 * HOUR,), 4 * HOUR)


def test_all_that_were_missed_are_fired_in_order():
    assert plan(HOURLY, "all", HOUR, 3 * HOUR) == ((HOUR, 2 * HOUR, 3 * HOUR), 4 * HOUR)


def test_very_many_that_were_missed_are_made_up_for_in_steps():
    first = plan(EVERY, "all", 10_000, 10_000_000)
    assert len(first.due) == AT_ONCE
    assert first.then == 10_000 * (AT_ONCE + 1)


def test_one_that_was_missed_is_skipped_if_that_is_wanted():
    assert plan(HOURLY, "skip", HOUR, HOUR + 60_000) == ((HOUR,), 2 * HOUR)
    assert plan(HOURLY, "skip", HOUR, HOUR + 60_001) == ((), 2 * HOUR)


@pytest.mark.parametrize("expression", ["* * * * *", "0 3 * * 1", "0 0 29 2 *", "*/10 4 1 * *"])
def test_the_latest_of_many_years_is_found_without_going_through_them(expression):
    table = crontab(expression, "Europe/Berlin")
    due = table.after(ms("1999-12-31T23:00"))
    now = ms("2027-06-15T12:34")
    assert due is not None
    latest = table.latest(due, now)
    assert latest <= now
    following = table.after(latest)
    assert following is not None
    assert following > now


def test_what_was_due_during_a_pause_is_not_made_up_for():
    assert resumed(HOURLY, HOUR, 5 * HOUR + 1) == 6 * HOUR
    assert resumed(EVERY, 10_000, 33_000) == 40_000, "in the same steps"
    assert resumed(EVERY, 50_000, 33_000) == 50_000, "it was a short one"
    assert resumed(EVERY, None, 33_000) == 43_000
