"""The verdicts of an audit as a forest: rates of flips with their intervals, the limit, and the word for each pair.

Shapes say the verdict as well as words do, so that no colour is needed: a filled square is shown, a circle open, a
tick ruled out. Of very many pairs those that are shown come first, then those that flip most; how many are not drawn is
said.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.audit.verdict.status import STATUSES, Verdict
from audiolime_ext.audit.verdict.verdicts import conclude
from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.files.names import legible
from audiolime_ext.report.figures.sheet import Panel, Room, Sheet
from audiolime_ext.text import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_ROWS = 20
MARKERS = {"shown": "s", "open": "o", "ruled out": "|", "not auditable": "x"}
FOUND = "#D55E00"


def verdicts(results: Results, labels: Sequence[str | int] | None, room: Room) -> Sheet:
    """Two forests: components that were put into other recordings, and components that were taken out.

    Raises
    ------
    UsageError
        If a class is unknown, or nothing has been measured.
    """
    classes = _classes(results, labels)
    put, out = ([one for one in found if one.label in classes] for found in conclude(results))
    what = {"put into other recordings": put, "taken out": out}
    if not put and not out:
        raise UsageError(f"{legible(results.path)} has no pair of class and component to draw; run the audit on")
    panels = [_panel((name, f": {_counts(found)}"), found, room) for name, found in what.items() if found]
    return Sheet(tuple(panels), of="table of verdicts")


def _classes(results: Results, labels: Sequence[str | int] | None) -> list[str]:
    for label in labels or ():
        if label not in results.classes:
            raise unknown("class", str(label), results.classes)
    return [str(label) for label in labels or results.classes]


def _counts(found: Sequence[Verdict]) -> str:
    """``1 shown, 2 open``, and of how many."""
    counts = {status: sum(one.status == status for one in found) for status in STATUSES}
    return ", ".join(f"{n} {status}" for status, n in counts.items() if n)


def _panel(title: tuple[str, str], found: Sequence[Verdict], room: Room) -> Panel:
    rows = sorted(found, key=lambda one: (STATUSES.index(one.status), -_rate(one)))[:MOST_ROWS]
    left_out = len(found) - len(rows)
    more = [counted(left_out, "more is", "more are") + " not drawn"] if left_out else []
    told = room.title(title, *more, beside=_names(rows, room))
    return Panel(1.3 * room.line_in * (len(rows) + 0.5), partial(_draw, rows, room), told)


def _beside(rows: Sequence[Verdict], room: Room) -> list[str]:
    """What stands on both sides of the axis, as if it stood on one."""
    return [max(_names(rows, room), key=len) + max(map(_word, rows), key=len)]


def _names(rows: Sequence[Verdict], room: Room) -> list[str]:
    return room.names([f"{one.label} by {one.component}" for one in rows])


def _rate(verdict: Verdict) -> float:
    return 0.0 if verdict.rate is None or verdict.rate.rate is None else verdict.rate.rate


def _draw(rows: Sequence[Verdict], room: Room, axis: Axes) -> None:
    names = _names(rows, room)
    line, size = room.style.line, 0.6 * room.style.points
    for row, one in enumerate(rows):
        edge = FOUND if one.is_finding else room.style.ink
        if one.rate is not None and one.rate.rate is not None:
            low, high = 100 * one.rate.low, 100 * one.rate.high
            axis.hlines(row, low, high, color=edge, linewidth=1.6 * line)
            look: Any = {
                "markersize": size,
                "markerfacecolor": edge if one.is_finding else "none",
                "markeredgecolor": edge,
            }
            axis.plot([100 * one.rate.rate], [row], MARKERS[one.status], **look)
        axis.text(1.02, row, _word(one), transform=axis.get_yaxis_transform(), va="center", ha="left")
    for limit in {one.limit.share for one in rows} | {one.beyond.share for one in rows}:
        axis.axvline(100 * limit, color=room.style.ink, linewidth=line, linestyle=(0, (4, 3)), zorder=0)
    axis.set_yticks(range(len(rows)), names)
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.set_xlim(-2, 102)
    axis.tick_params(axis="y", length=0)
    confidence = next((100 * one.rate.confidence for one in rows if one.rate is not None), 95)
    limits = " and ".join(dict.fromkeys(f"{one.beyond.percent}, {one.beyond.name}" for one in rows))
    below = f"% of decisions that flip, {confidence:g} % interval; dashed: limit ({limits})"
    axis.set_xlabel(room.below(below, _beside(rows, room)))
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)


def _word(verdict: Verdict) -> str:
    """The verdict's word, and how to read what is shown."""
    return f"{verdict.status}: {verdict.reading}" if verdict.reading else verdict.status
