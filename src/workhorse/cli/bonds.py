"""What `workhorse info` shows of jobs that belong together: their groups and limits."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from workhorse.cli.ink import Ink, columns, one_line

if TYPE_CHECKING:
    from workhorse.effects import Flow
    from workhorse.keys import Keys
    from workhorse.ops.groups import GroupProgress
    from workhorse.ops.limits import LimitUse

ENDS = ("finished", "failed", "stopped", "canceled", "deleted")


@dataclass(frozen=True, slots=True)
class Bonds:
    """The newest groups and limits of a namespace.

    Attributes:
        groups: How far each is, by name.
        groups_total: How many groups are known, those included that are not shown.
        limits: How each is used.
        limits_total: How many limits are in use.
    """

    groups: dict[str, GroupProgress]
    groups_total: int
    limits: list[LimitUse]
    limits_total: int

    def facts(self) -> dict[str, Any]:
        """The same as JSON has it."""
        groups = [
            {"name": name, "open": far.open, **asdict(far)} for name, far in self.groups.items()
        ]
        return {
            "groups": groups,
            "groups_total": self.groups_total,
            "limits": [asdict(limit) for limit in self.limits],
            "limits_total": self.limits_total,
        }

    def raw(self) -> list[str]:
        """Lines of words without spaces."""
        groups = [
            f"group {one_line(name)} {far.open} {far.finished} {far.failed}"
            for name, far in self.groups.items()
        ]
        limits = [
            f"limit {one_line(limit.key)} {limit.slots} {limit.concurrency} {limit.in_line}"
            for limit in self.limits
        ]
        return groups + limits

    def lines(self, ink: Ink) -> list[str]:
        """What people see; nothing if there are none."""
        groups = columns(
            [
                (ink.dim("group"), ink.bold(one_line(name)), _how_far(far, ink))
                for name, far in self.groups.items()
            ]
        )
        limits = columns(
            [
                (ink.dim("limit"), ink.bold(one_line(limit.key)), _how_used(limit, ink))
                for limit in self.limits
            ]
        )
        groups += _older(self.groups_total - len(self.groups), "groups", ink)
        limits += _older(self.limits_total - len(self.limits), "limits", ink)
        return [line for lines in (groups, limits) if lines for line in ("", *lines)]


def look_at_bonds(keys: Keys, most: int) -> Flow[Bonds]:
    """The newest *most* groups and limits, in two round trips."""
    from workhorse.ops import groups, limits  # noqa: PLC0415 - not for --help

    groups_total, how_far = yield from groups.overview(keys, 0, most)
    limits_total, in_use = yield from limits.overview(keys, 0, most)
    return Bonds(how_far, groups_total, in_use, limits_total)


def _how_far(far: GroupProgress, ink: Ink) -> str:
    parts = [ink.green("complete")] if far.is_complete else [f"{far.open:,} open"]
    for end in ENDS:
        number: int = getattr(far, end)
        if number:
            text = f"{number:,} {end}"
            parts.append(ink.red(text) if end == "failed" else text)
    return ", ".join(parts)


def _how_used(limit: LimitUse, ink: Ink) -> str:
    text = f"{limit.slots:,} of {limit.concurrency:,} slots in use"
    return text + (", " + ink.yellow(f"{limit.in_line:,} in line") if limit.in_line else "")


def _older(number: int, what: str, ink: Ink) -> list[str]:
    return [ink.dim(f"{number:,} older {what}: --lines shows more")] if number > 0 else []
