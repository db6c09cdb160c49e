"""When something that recurs is due: cron expressions, intervals, and what was missed.

Nothing here looks at a clock: times are milliseconds since 1970, and who asks says what time it
is. The expressions are those of `cronsim`, which is loaded when the first one is used: five
fields (minute, hour, day of the month, month, day of the week) by the rules of Debian's cron,
also where clocks change, or six with the second before them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import islice, takewhile
from typing import Literal, NamedTuple, get_args

from workhorse.exceptions import BadSchedule, TimeoutFormatError
from workhorse.schedules import seconds as in_seconds

ALIASES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
SHORTEST = 1000
"""The shortest interval, ms."""
LONGEST = 366 * 86_400_000
"""The longest interval, ms."""
MISSED_AFTER = 60_000
"""An occurrence that nobody has fired for so long was missed, ms."""
AT_ONCE = 100
"""How many missed occurrences are made up for in one step."""

Interval = float | str | timedelta
"""Seconds, text such as '90s', '3m', '1h', '2d', or a timedelta."""
Missed = Literal["skip", "once", "all"]
"""What becomes of occurrences at whose time no worker was alive."""
Overlap = Literal["allow", "skip", "queue"]
"""What becomes of an occurrence while the job of the one before has not ended."""
MISSED: tuple[Missed, ...] = get_args(Missed)
OVERLAP: tuple[Overlap, ...] = get_args(Overlap)

_FIVE, _SIX = 5, 6
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WINDOWS = (60_000, 480_000, 3_840_000, 30_720_000, 245_760_000, 1_966_080_000, 15_728_640_000)
"""How far back to look for the latest occurrence, ms; wider ones only if there was none."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """When an entry is due: by a cron expression in a timezone, or at an interval.

    Attributes:
        cron: The expression as it was written, or ''.
        tz: The timezone in which it is read, such as 'Europe/Berlin'.
        interval: Milliseconds from one occurrence to the next; 0 for a cron expression.
    """

    cron: str = ""
    tz: str = "UTC"
    interval: int = 0

    def to_text(self) -> str:
        """As it is stored; the same timetable has the same text."""
        if self.interval:
            return json.dumps({"interval": self.interval})
        return json.dumps({"cron": self.cron, "tz": self.tz})

    @classmethod
    def from_text(cls, text: str) -> Timetable:
        """What `to_text` gave.

        Raises:
            ValueError: It is something else.
        """
        found = json.loads(text)
        if not isinstance(found, dict) or not (found.keys() <= {"cron", "tz", "interval"}):
            raise ValueError(f"{text!r:.100} is no timetable")
        made = cls(**found)
        if made.interval:
            return every(made.interval / 1000)
        return crontab(made.cron, made.tz, seconds=None)

    def after(self, ms: int) -> int | None:
        """The first occurrence after a moment; None if there is none in fifty years.

        Occurrences of an interval are counted from that moment.
        """
        return next(self.following(ms), None)

    def following(self, ms: int) -> Iterator[int]:
        """The occurrences after a moment, one after the other."""
        if self.interval:
            while True:
                ms += self.interval
                yield ms
        yield from _ticks(self.cron, self.tz, ms)

    def latest(self, due: int, now: int) -> int:
        """The latest occurrence that is not after *now*, of those from *due* on.

        Args:
            due: An occurrence.
            now: Not before that.
        """
        if self.interval:
            return now - (now - due) % self.interval
        for window in _WINDOWS:
            since = now - window
            if since < due:
                break
            found = self._last(since, now)
            if found is not None:
                return found
        return self._last(due, now) or due

    def _last(self, since: int, now: int) -> int | None:
        last = None
        for last in takewhile(lambda tick: tick <= now, self.following(since)):  # noqa: B007 - the last one is what is asked for
            pass
        return last


class Plan(NamedTuple):
    """What to do about an entry.

    Attributes:
        due: The occurrences to fire, in order.
        then: When the next one is due; None if there is none any more.
    """

    due: tuple[int, ...]
    then: int | None


def plan(timetable: Timetable, missed: Missed, due: int, now: int) -> Plan:
    """Which occurrences to fire.

    Of several that have gone by, `once` fires the latest, and `all` fires each, up to `AT_ONCE`
    at a time: `then` may be in the past, which says that there are more. `skip` fires the
    latest as well, but only if it is not late by more than `MISSED_AFTER`.

    Args:
        timetable: When the entry is due.
        missed: What to do about occurrences that nobody has fired in time.
        due: The first occurrence that was not dealt with.
        now: What time it is.
    """
    if due > now:
        return Plan((), due)
    if missed == "all":
        later = takewhile(lambda tick: tick <= now, timetable.following(due))
        ticks = (due, *islice(later, AT_ONCE - 1))
        return Plan(ticks, timetable.after(ticks[-1]))
    last = timetable.latest(due, now)
    fire = () if missed == "skip" and now - last > MISSED_AFTER else (last,)
    return Plan(fire, timetable.after(last))


def resumed(timetable: Timetable, due: int | None, now: int) -> int | None:
    """When an entry that was paused is due again: what came meanwhile is not made up for.

    An interval goes on in the same steps.
    """
    if due is not None and due > now:
        return due
    if timetable.interval and due is not None:
        return timetable.latest(due, now) + timetable.interval
    return timetable.after(now)


def timetable_of(
    cron: str | None = None,
    interval: Interval | None = None,
    tz: str | tzinfo | None = None,
    *,
    seconds: bool = False,
) -> Timetable:
    """The timetable that a user has written.

    Args:
        cron: A cron expression, or an alias such as '@daily'.
        interval: How long from one occurrence to the next, at least a second.
        tz: The timezone of the expression; default: UTC.
        seconds: Whether the expression has a sixth field, in front, for the second.

    Raises:
        BadSchedule: None or both of the two are given, or one makes no sense.
    """
    if (cron is None) == (interval is None):
        raise BadSchedule(
            "give cron='*/5 * * * *' or interval=300"
            + (", and not both" if cron is not None else ": when is it due?")
        )
    if interval is not None:
        if tz is not None or seconds:
            raise BadSchedule(
                "tz= and seconds= belong to cron=; an interval is the same everywhere"
            )
        return every(interval)
    assert cron is not None  # noqa: S101 - for mypy: one of them is given
    return crontab(cron, "UTC" if tz is None else tz, seconds=seconds)


def every(interval: Interval) -> Timetable:
    """The timetable of an interval.

    Raises:
        BadSchedule: It is no duration, or too short or too long.
    """
    try:
        ms = round(in_seconds(interval, what="interval") * 1000)
    except TimeoutFormatError as error:
        raise BadSchedule(str(error)) from None
    if not SHORTEST <= ms <= LONGEST:
        raise BadSchedule(
            f"interval={interval!r}: give from 1 second to 366 days; for what happens more often, "
            f"write a job that goes on"
        )
    return Timetable(interval=ms)


def crontab(
    expression: str, tz: str | tzinfo = "UTC", *, seconds: bool | None = False
) -> Timetable:
    """The timetable of a cron expression.

    Args:
        expression: The expression or an alias.
        tz: The timezone in which it is read.
        seconds: Whether it has six fields; None: it may.

    Raises:
        BadSchedule: It is none, or never due, or there is no such timezone.
    """
    if not isinstance(expression, str):
        raise BadSchedule(f"cron={expression!r:.100}: give text such as '*/5 * * * *'")
    written = " ".join(expression.split())
    if seconds is not None:
        _check_fields(written, seconds=seconds)
    made = Timetable(written, zone_name(tz))
    # Feasible at all, from the first day of a leap year on.
    if made.after(946_684_800_000) is None:
        raise BadSchedule(f"cron expression {written!r}: there is no such day")
    return made


def zone_name(tz: str | tzinfo) -> str:
    """The name of a timezone, which exists here.

    Raises:
        BadSchedule: There is none of that name, or it has none.
    """
    if tz is UTC:
        return "UTC"
    name = tz if isinstance(tz, str) else getattr(tz, "key", None)
    if not isinstance(name, str):
        raise BadSchedule(f"tz={tz!r:.100}: give a name such as 'Europe/Berlin', or a ZoneInfo")
    _zone(name)
    return name


def _check_fields(written: str, *, seconds: bool) -> None:
    """Refuse another number of fields than was promised, and aliases that there are not."""
    if written.startswith("@"):
        if written.lower() not in ALIASES:
            raise BadSchedule(f"there is no {written!r}; there are {', '.join(ALIASES)}")
        return
    fields = len(written.split(" ")) if written else 0
    if fields == _SIX and not seconds:
        raise BadSchedule(
            f"cron expression {written!r} has six fields; if the first one is the second, say "
            f"seconds=True (croniter, and so RQ, has it last: put it first)"
        )
    if fields != (_SIX if seconds else _FIVE):
        raise BadSchedule(
            f"cron expression {written!r} has {fields} fields; give "
            + ("second, " if seconds else "")
            + "minute, hour, day of the month, month, day of the week, or "
            + "'@hourly', '@daily', ..."
        )


@lru_cache(256)
def _zone(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - few programs have timetables

    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError) as error:
        lost = "" if _has_zones() else "; none is known here: pip install tzdata"
        raise BadSchedule(
            f"there is no timezone {name!r:.100}{lost}; give a name such as 'Europe/Berlin'"
        ) from error


def _has_zones() -> bool:
    from zoneinfo import available_timezones  # noqa: PLC0415 - only for an error

    return bool(available_timezones())


def _ticks(expression: str, tz: str, ms: int) -> Iterator[int]:
    """The occurrences of an expression after a moment."""
    from cronsim import CronSimError  # noqa: PLC0415 - few programs have timetables

    written = ALIASES.get(expression.lower(), expression)
    zone = UTC if tz == "UTC" else _zone(tz)
    fields = written.split()
    recurs = len(fields) == _SIX or any(field.startswith("*") for field in fields[:2])
    try:
        yield from (_by_the_clock if recurs else _once_a_day)(written, zone, ms)
    except CronSimError as error:
        raise BadSchedule(
            f"cron expression {expression!r}: {str(error).lower()}; such as '*/5 * * * *' for "
            f"every five minutes, '30 2 * * 1-5' for 2:30 on weekdays"
        ) from None


def _once_a_day(written: str, zone: tzinfo, ms: int) -> Iterator[int]:
    """The occurrences of fixed times after a moment.

    A clock that is put forward skips none: what falls into the gap is due at its end. One that
    is put back repeats none: where `cronsim` begins in the second pass it may name a moment of
    the first, which has gone by.
    """
    from cronsim import CronSim  # noqa: PLC0415 - few programs have timetables

    last = ms
    for tick in CronSim(written, datetime.fromtimestamp(ms // 1000, zone)):
        at = int((tick.astimezone(UTC) - _EPOCH).total_seconds()) * 1000
        if at > last:
            last = at
            yield at


def _by_the_clock(written: str, zone: tzinfo, ms: int) -> Iterator[int]:
    """The moments after one at which a clock in that zone shows what the expression says.

    From one change of the clock to the next it is ahead of UTC by the same, and `cronsim` is asked
    without a zone: with one it takes each change for one of whole hours, and there are others.
    """
    from cronsim import CronSim  # noqa: PLC0415 - few programs have timetables

    since = ms // 1000
    ahead = _ahead(zone, since)
    while True:
        shown = datetime.fromtimestamp(since + ahead, UTC).replace(tzinfo=None)
        for tick in CronSim(written, shown):
            at = int((tick.replace(tzinfo=UTC) - _EPOCH).total_seconds()) - ahead
            if _ahead(zone, at) != ahead:
                break
            since = at
            yield at * 1000
        else:
            return
        change = _change(zone, since, at)
        since, ahead = change - 1, _ahead(zone, change)


def _ahead(zone: tzinfo, at: int) -> int:
    """How far a clock there is ahead of UTC at a moment, both in seconds."""
    offset = datetime.fromtimestamp(at, zone).utcoffset() or timedelta()
    return int(offset.total_seconds())


def _change(zone: tzinfo, before: int, after: int) -> int:
    """A moment, in seconds, from which on a clock is no longer ahead as it was *before*."""
    ahead = _ahead(zone, before)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (middle, after) if _ahead(zone, middle) == ahead else (before, middle)
    return after
