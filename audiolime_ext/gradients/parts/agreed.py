"""How far a map and the weights of components agree: the result, in numbers and in words.

A sentence is made for each component of which something is known that a reader would not expect: what the map and the
weights say differently, or that they agree on what alone changes nothing. Everything else is in the table.
"""

from __future__ import annotations

import html
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from audiolime_ext.explanation.summary import METHOD_NAMES
from audiolime_ext.extras import require
from audiolime_ext.files.names import utf8
from audiolime_ext.text import counted, html_table, minus, text_table

if TYPE_CHECKING:
    import pandas

State = Literal["agrees", "neither", "opposite", "idle", "missed", "open"]
DISAGREES = ("opposite", "idle", "missed")
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Chance:
    """Shares of a map on one component that say nothing of what the model has learned.

    Parameters
    ----------
    energy : float
        Share of the energy.
    cells : float
        Share of the cells of frames and bands: what a map spread evenly would put there.
    random : float or None
        Mean share of the relevance of networks with random weights; None: there are no such maps, or they are zero.
    """

    energy: float
    cells: float
    random: float | None


@dataclass(frozen=True)
class Correlation:
    """Spearman's correlation over windows between a component's share of the relevance and its weight.

    Parameters
    ----------
    value : float
        Correlation.
    low, high : float
        Ends of its 95 % interval.
    n : int
        Number of windows.
    """

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class ComponentAgreement:
    """What the map and the weights say of one component, in the mean over the windows that count for it.

    Parameters
    ----------
    component : str
        Name of the component.
    state : {"agrees", "neither", "opposite", "idle", "missed", "open"}
        Relation of the two, see `audiolime_ext.gradients.parts.agreement`.
    relevance, weight : float
        Relevance for the value less relevance against it, and weight, in the value's unit.
    reach : float or None
        Half the width of the weight's 95 % interval, 0 where it is exact; None: not known.
    removal : float or None
        Change of the value when the component alone is switched off; None: not all of these mixes were asked about.
    on_for, on_against, on_all : float or None
        Share of the component in the relevance for the value, in that against it, and in the size of both, 0 to 1;
        None: there is none.
    chance : Chance
        Shares that say nothing of the model.
    correlation : Correlation or None
        Correlation over windows; None: too few windows, or one side is the same in all.
    n_opposed : int
        Number of windows in which relevance and weight both count, with different signs.
    """

    component: str
    state: State
    relevance: float
    weight: float
    reach: float | None
    removal: float | None
    on_for: float | None
    on_against: float | None
    on_all: float | None
    chance: Chance
    correlation: Correlation | None
    n_opposed: int

    @property
    def disagrees(self) -> bool:
        """Whether the map and the weights say different things."""
        return self.state in DISAGREES


@dataclass(frozen=True)
class WindowAgreement:
    """One excerpt that was compared: an explained window of a track, or the whole excerpt of an explanation.

    Parameters
    ----------
    start_s : float
        Start in seconds.
    n_windows : int
        Number of windows of the map in it.
    relevance, weights : tuple of float
        Relevance and weight of each component, in the order of the rows.
    """

    start_s: float
    n_windows: int
    relevance: tuple[float, ...]
    weights: tuple[float, ...]


@dataclass(frozen=True)
class Agreement:
    """A map beside the weights of components; made by `audiolime_ext.gradients.parts.agreement.agreement`.

    Parameters
    ----------
    rows : tuple of ComponentAgreement
        Components with what is said of each; empty where no window could be compared.
    label, target : str
        Names of the value and of the target.
    method, weights_by : str
        Names of the map's method and of the weights'.
    recording : str
        Name of the recording.
    model, factorization : str or None
        Specs of the model and of what made the components; None: they have none.
    near : float
        Size up to which relevance and weights are nothing.
    in_unit : bool
        True if the map's own sums are compared; False if shares were multiplied by the sum of the weights' sizes.
    nowhere : float or None
        Share of the relevance where no component sounds; None: there is no relevance.
    gap : float
        Mean distance of the map's sums from what they should be; 0 where they should be nothing in particular.
    windows : tuple of WindowAgreement
        Excerpts that were compared.
    n_abstained, n_unmatched : int
        Number of windows that the map does not explain, and of excerpts that it has no window in; both left out.
    n_random : int
        Number of maps of networks with random weights.
    notes : tuple of str
        Sentences on what else to know.
    """

    rows: tuple[ComponentAgreement, ...]
    label: str
    target: str
    method: str
    weights_by: str
    recording: str
    model: str | None
    factorization: str | None
    near: float
    in_unit: bool
    nowhere: float | None
    gap: float
    windows: tuple[WindowAgreement, ...] = field(repr=False)
    n_abstained: int
    n_unmatched: int
    n_random: int
    notes: tuple[str, ...] = ()

    @property
    def n_windows(self) -> int:
        """Number of windows of the map that were compared."""
        return sum(one.n_windows for one in self.windows)

    @property
    def disagreements(self) -> tuple[ComponentAgreement, ...]:
        """The components of which the map and the weights say different things."""
        return tuple(row for row in self.rows if row.disagrees)

    @property
    def agrees(self) -> bool | None:
        """Whether they agree on all components; None where nothing was compared, or all that is left is open."""
        if self.disagreements:
            return False
        return None if not self.rows or any(row.state == "open" for row in self.rows) else True

    def sentences(self) -> tuple[str, ...]:
        """What to know of components beyond the table, the ones that disagree first."""
        if not self.rows:
            return ("no window is both explained by the map and weighed, so nothing is compared",)
        told = [self._told(row) for row in sorted(self.rows, key=lambda row: not row.disagrees)]
        found = [sentence for sentence in told if sentence]
        if not self.disagreements:
            found.insert(0, _OPEN if self.agrees is None else _ALL)
        return tuple(map(minus, [*found, *self._opposed()]))

    def _told(self, row: ComponentAgreement) -> str | None:
        name, limit = utf8(row.component), f"up to {self._number(self.near)[1:]} counts as nothing"
        relevance, weight = self._number(row.relevance), self._number(row.weight)
        if row.state == "idle" and row.removal is not None:
            share, side = (row.on_for, "for") if row.relevance > 0 else (row.on_against, "against")
            return (
                f"{name}: the map puts {_percent(share)} of what is {side} {utf8(self.label)} there "
                f"({self._by_chance(row)}); switching it off changes nothing ({self._number(row.removal)}; {limit})"
            )
        if row.state == "missed":
            if row.on_all is None:
                return f"{name}: it weighs {weight}, and the map is zero everywhere"
            return (
                f"{name}: it weighs {weight}, and what the map puts there adds up to nothing ({relevance}; {limit}): "
                f"{_percent(row.on_all)} of all relevance ({self._by_chance(row)})"
            )
        if row.state == "opposite":
            sides = ("for", "against") if row.relevance > 0 else ("against", "for")
            at = f"{name}: the map is {sides[0]} {utf8(self.label)} there ({relevance})"
            return f"{at}, and the weight {sides[1]} it ({weight})"
        if row.state == "agrees" and row.removal is not None and abs(row.removal) <= self.near:
            return (
                f"{name}: the map ({relevance}) and the weight ({weight}) agree, and yet switching it off alone "
                f"changes nothing ({self._number(row.removal)}; {limit}); in other mixes it counts"
            )
        return None

    def _opposed(self) -> list[str]:
        of = len(self.windows)
        return [
            f"{utf8(row.component)}: the signs differ in {row.n_opposed} of {counted(of, 'window')}"
            for row in self.rows
            if row.n_opposed and of > 1
        ]

    def _by_chance(self, row: ComponentAgreement) -> str:
        random = "" if row.chance.random is None else f", of a random network's map {_percent(row.chance.random)}"
        return f"of the energy {_percent(row.chance.energy)}, of the cells {_percent(row.chance.cells)}{random}"

    def _number(self, value: float) -> str:
        return f"{value:+.2f}" if self.near >= 0.01 or not self.near else f"{value:+.2g}"

    def _head(self) -> str:
        by = METHOD_NAMES.get(self.weights_by, self.weights_by)
        of = self.label if self.target == self.label else f"{self.target} of {self.label}"
        return (
            f"{utf8(self.recording)}, {counted(self.n_windows, 'window')}: {utf8(of)} by {self.method}, beside {by} "
            f"of {self.factorization or 'own stems'}"
        )

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Header and rows, a row for each component."""
        random, over = bool(self.n_random), any(row.correlation for row in self.rows)
        header = ["", "map for", "against", "energy", "cells", *(["random"] if random else [])]
        header += ["relevance", "weight", "off", "", *(["over windows"] if over else [])]
        rows = []
        for row in self.rows:
            shares = [row.on_for, row.on_against, row.chance.energy, row.chance.cells]
            shares += [row.chance.random] if random else []
            numbers = [row.relevance, row.weight, row.removal]
            told = ["–" if one is None else self._number(one) for one in numbers]
            cells = [utf8(row.component), *map(_percent, shares), *told, row.state]
            rows.append([*cells, *([_correlated(row.correlation)] if over else [])])
        return header, [[minus(cell) for cell in row] for row in rows]

    def _all_notes(self) -> list[str]:
        notes = []
        if self.rows and not self.in_unit:
            notes.append("the map has no unit of its own: its shares are multiplied by the sum of the weights' sizes")
        if self.nowhere is not None and self.nowhere >= 0.01:
            notes.append(f"{_percent(self.nowhere)} of the relevance lies where no component sounds")
        if self.gap > self.near / 2:
            notes.append(f"the map misses its sum by {self.gap:.3f}, so less is known of it: more steps would help")
        return [minus(utf8(note)) for note in (*notes, *self.notes)]

    def __str__(self) -> str:
        table = [text_table(*self.table()), ""] if self.rows else []
        return "\n".join([self._head(), "", *table, *self.sentences(), *(f"note: {one}" for one in self._all_notes())])

    def _repr_html_(self) -> str:
        table = html_table(*self.table()) if self.rows else ""
        told = "".join(f"<p>{html.escape(one)}</p>" for one in self.sentences())
        notes = "".join(f"<li>{html.escape(one)}</li>" for one in self._all_notes())
        return f"<div><p>{html.escape(self._head())}</p>{table}{told}<ul>{notes}</ul></div>"

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {
            "schema_version": SCHEMA_VERSION,
            **asdict(self),
            "agrees": self.agrees,
            "sentences": list(self.sentences()),
            "notes": self._all_notes(),
        }

    def to_dataframe(self) -> pandas.DataFrame:
        """One row per component (needs the extra ``dataframe``); what is None in the result is empty (NaN)."""
        rows = [
            {
                **{name: value for name, value in asdict(row).items() if name not in ("chance", "correlation")},
                **{f"chance_{name}": value for name, value in asdict(row.chance).items()},
                "correlation": None if row.correlation is None else row.correlation.value,
                "correlation_low": None if row.correlation is None else row.correlation.low,
                "correlation_high": None if row.correlation is None else row.correlation.high,
            }
            for row in self.rows
        ]
        table: pandas.DataFrame = require("pandas", extra="dataframe").DataFrame(rows)
        return table


_ALL = "the map and the weights agree on every component"
_OPEN = "the map and the weights disagree on no component, and some are open"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"


def _correlated(found: Correlation | None) -> str:
    return "–" if found is None else f"{found.value:+.2f} ({found.low:+.2f} to {found.high:+.2f})"
