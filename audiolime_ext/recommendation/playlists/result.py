"""A playlist: its songs in order, each transition with its number and its reason, and what it is compared with.

A transition is *weak* where it is less near than one in ten pairs of the songs that could be chosen or, where these are
few, of the index (`audiolime_ext.recommendation.playlists.judging`). The simple order that it is compared with always
plays the nearest song that has not been played yet; it is asked for the same fixed songs, and keeps rules about artists
as far as it can without looking ahead.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audiolime_ext.collection.songs import Song
from audiolime_ext.display import Plotted
from audiolime_ext.extras import require
from audiolime_ext.files.names import legible, utf8
from audiolime_ext.recommendation.playlists.greedy import Greedy
from audiolime_ext.recommendation.playlists.m3u import Entry, Playable, entries_of
from audiolime_ext.recommendation.result import Pair, mostly_by
from audiolime_ext.text import counted, html_table, text_table

if TYPE_CHECKING:
    import pandas

SCHEMA_VERSION = 1
ENDS = 10  # transitions at the beginning, and at the end, that are compared
WEAK = 0.1  # of all pairs are at least as near
ROUNDING = 1e-6
_SHOWN = 6


@dataclass(frozen=True, eq=False)
class Transition:
    """From one song to the next.

    Parameters
    ----------
    place : int
        Place of the first of the two, from 1 on.
    pair : Pair
        Pair of the two songs: names, similarity, nearness, and by what they are alike.
    rank : int
        Rank of the second among all songs that could be chosen, by how near they are to the first; 1: the nearest.
    n_others : int
        Number of these songs.
    weak : bool
        True if it is weak, see the module.
    best_left : float
        Nearness of the nearest song that had not been played then.
    """

    place: int
    pair: Pair
    rank: int
    n_others: int
    weak: bool
    best_left: float

    @property
    def similarity(self) -> float:
        """Cosine of the two songs' directions, −1 to 1."""
        return self.pair.similarity

    @property
    def reason(self) -> str:
        """Why the second follows the first, on one line: how near it is among others, and by what they are alike.

        That is the model's outputs where they have names, else pairs of stems where the index has stems.
        """
        by = mostly_by(self.pair) if self.pair.contributions or self.pair.matrix is not None else ""
        rank = f"the {ordinal(self.rank)} of {self.n_others}" if self.rank > 1 else f"the nearest of {self.n_others}"
        rank = rank.replace(" of", " nearest of") if self.rank > 1 else rank
        return f"{rank}, by {by}" if by else rank

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        told = {"place": self.place, **self.pair.to_dict(), "rank": self.rank, "n_others": self.n_others}
        return {**told, "weak": self.weak, "best_left": self.best_left, "reason": self.reason}


@dataclass(frozen=True, eq=False)
class Playlist(Plotted, Playable):
    """Songs in order, with everything that is needed to judge it.

    Parameters
    ----------
    songs : tuple of Song
        Songs in order.
    names : tuple of str
        Names of them, told apart.
    transitions : tuple of Transition
        Transitions, one less than there are songs.
    greedy : Greedy
        Simple order that it is compared with.
    weak_below : float or None
        Nearness below which a transition is weak; None: of so few songs that cannot be told.
    weak_of : str
        Name of the songs whose pairs say that, such as "the index".
    holds : int
        Most of its songs that, in this order and with the others left out, have no weak transition.
    folder : Path
        Folder of the index, which paths of songs are relative to.
    model, space : str
        Spec of the model whose vectors are compared ("": a catalogue's own), and the space.
    measured_by : str
        Kind of nearness: "similarity" (−1 to 1), or that of a correction for hubs (0 to 1).
    fixed : tuple of int
        Places, from 1 on, whose songs were given.
    column : str
        Name of what the curve is of; "": there is no curve.
    wanted, ranks : tuple of float or None
        Rank that each place should have, and that of its song (None: not known), 0 to 1; empty without a curve.
    cost : float
        Number that was made as small as could be: the distances, and those from the curve and from a wanted length.
    seed : int
        Random seed.
    notes : tuple of str
        Sentences on what was left out and why, and on what else to know.
    """

    songs: tuple[Song, ...]
    names: tuple[str, ...] = field(repr=False)
    transitions: tuple[Transition, ...] = field(repr=False)
    greedy: Greedy
    weak_below: float | None
    weak_of: str
    holds: int
    folder: Path
    model: str
    space: str
    measured_by: str
    fixed: tuple[int, ...] = ()
    column: str = ""
    wanted: tuple[float, ...] = field(default=(), repr=False)
    ranks: tuple[float | None, ...] = field(default=(), repr=False)
    cost: float = 0.0
    seed: int = 0
    notes: tuple[str, ...] = ()

    @property
    def nearness(self) -> tuple[float, ...]:
        """Nearness of each song to the next one."""
        return tuple(transition.pair.nearness for transition in self.transitions)

    @property
    def total(self) -> float:
        """Sum of the distances, 1 less nearness, from each song to the next one."""
        return sum(1.0 - near for near in self.nearness)

    @property
    def duration_s(self) -> float | None:
        """Length in seconds; None where that of a song is not known."""
        lengths = [song.duration_s for song in self.songs]
        return None if None in lengths else sum(length for length in lengths if length is not None)

    @property
    def weak(self) -> tuple[Transition, ...]:
        """The weak transitions."""
        return tuple(transition for transition in self.transitions if transition.weak)

    def __str__(self) -> str:
        table = text_table(*self.table(), left=(1, len(self.table()[0]) - 1))
        told = "\n".join(utf8(line) for line in self.compared())
        notes = "\n".join(f"note: {utf8(note)}" for note in self.notes)
        return "\n\n".join(part for part in (f"{self.head()}\n{table}", told, notes) if part)

    def _repr_html_(self) -> str:
        lines = (f"<p>{html.escape(line)}</p>" for line in (*self.compared(), *self.notes))
        return "".join([f"<p>{html.escape(self.head())}</p>", html_table(*self.table()), *lines])

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        wanted = dict(zip(range(len(self.wanted)), self.wanted, strict=True))
        fields = ("key", "path", "title", "artist", "album", "genre", "year", "duration_s")
        rows = [
            {
                "place": at + 1,
                "name": name,
                **{one: getattr(song, one) for one in fields},
                "fixed": at + 1 in self.fixed,
            }
            | ({"rank": self.ranks[at], "wanted": wanted[at]} if self.column else {})
            for at, (song, name) in enumerate(zip(self.songs, self.names, strict=True))
        ]
        return {
            "schema_version": SCHEMA_VERSION,
            "index": str(self.folder),
            "model": self.model,
            "space": self.space,
            "measured_by": self.measured_by,
            "column": self.column,
            "seed": self.seed,
            "duration_s": self.duration_s,
            "rows": rows,
            "transitions": [transition.to_dict() for transition in self.transitions],
            "cost": self.cost,
            "total": self.total,
            "weak_below": self.weak_below,
            "weak_of": self.weak_of,
            "holds": self.holds,
            "greedy": {
                "names": list(self.greedy.names),
                "nearness": list(self.greedy.nearness),
                "total": self.greedy.total,
                "n_starts": self.greedy.n_starts,
                "n_broken": self.greedy.n_broken,
            },
            "notes": list(self.notes),
        }

    def to_dataframe(self) -> pandas.DataFrame:
        """One row per song, with the transition that leads to it (needs the extra ``dataframe``)."""
        into: list[Transition | None] = [None, *self.transitions]
        rows = [
            row
            | {
                "similarity": None if one is None else one.similarity,
                "nearness": None if one is None else one.pair.nearness,
                "weak": one is not None and one.weak,
                "reason": "" if one is None else one.reason,
            }
            for row, one in zip(self.to_dict()["rows"], into, strict=True)
        ]
        table: pandas.DataFrame = require("pandas", extra="dataframe").DataFrame(rows)
        return table

    def entries(self) -> list[Entry]:
        """The songs in order, as a playlist file names them."""
        return entries_of(self.folder, self.names, self.songs)

    def head(self) -> str:
        """What it is, in one line."""
        length = "" if self.duration_s is None else f", {minutes(self.duration_s)}"
        where = legible(self.model.removesuffix(":")) or "the vectors of the catalogue"
        along = f", along a curve of {legible(self.column)}" if self.column else ""
        return f"playlist of {counted(len(self.songs), 'song')}{length}, by {self.measured_by} in {where}{along}"

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Header and rows of it as text."""
        hubs = [] if self.measured_by == "similarity" else [self.measured_by]
        curve = [f"{legible(self.column)} 0–1", "curve"] if self.column else []
        rows = []
        for at, name in enumerate(self.names):
            row = [str(at + 1), legible(name) + (" (given)" if at + 1 in self.fixed else "")]
            if self.column:
                rank = self.ranks[at]
                row += ["?" if rank is None else f"{rank:.2f}", f"{self.wanted[at]:.2f}"]
            row += self._into(self.transitions[at - 1], hubs) if at else [""] * (len(hubs) + 2)
            rows.append(row)
        return ["", "song", *curve, "similarity", *hubs, "why after the one before"], rows

    def compared(self) -> tuple[str, ...]:
        """How good it is, beside the simple order: sentences."""
        if not self.transitions:
            return ()
        n, greedy = len(self.transitions), self.greedy
        kind = f"the best of {greedy.n_starts} first songs" if greedy.n_starts > 1 else "from the same first song"
        besides = ["the curve is left aside"] if self.wanted else []
        besides += [f"rules are broken {counted(greedy.n_broken, 'time')}"] if greedy.n_broken else []
        found = [
            f"all transitions: distance {self.total:.2f} in sum; {greedy.total:.2f} where the nearest song that is "
            f"left is always taken ({'; '.join([kind, *besides])})"
        ]
        if n > 2 * ENDS:
            own, ends = _ends(self.nearness), _ends(greedy.nearness)
            found.append(
                f"mean {self.measured_by} of the first {ENDS} transitions {own[0]:.3f}, of the last {ENDS} "
                f"{own[1]:.3f}; where the nearest is always taken {ends[0]:.3f} and {ends[1]:.3f}"
            )
        return (*found, self._of_weak())

    def _of_weak(self) -> str:
        """Which transitions are weak: a sentence."""
        if self.weak_below is None:
            return f"which transitions are weak cannot be told: {self.weak_of} has too few songs for that"
        places = ", ".join(f"{one.place}–{one.place + 1}" for one in self.weak[:_SHOWN])
        more = " …" if len(self.weak) > _SHOWN else ""
        at = f", at places {places}{more}" if places else ""
        simple = sum(near < self.weak_below - ROUNDING for near in self.greedy.nearness)
        n = counted(len(self.transitions), "transition")
        return (
            f"weak: {len(self.weak)} of {n}{at}; where the nearest is always taken {simple}. Weak is a "
            f"{self.measured_by} below {self.weak_below:.3f}, which one pair of songs in ten reaches in {self.weak_of}"
        )

    def _into(self, transition: Transition, hubs: Sequence[str]) -> list[str]:
        weak = "weak: " if transition.weak else ""
        nearness = [f"{transition.pair.nearness:.3f}"] if hubs else []
        return [f"{transition.similarity:.3f}", *nearness, weak + transition.reason]


def _ends(nearness: Sequence[float]) -> tuple[float, float]:
    """The means of the first and of the last ten."""
    return sum(nearness[:ENDS]) / ENDS, sum(nearness[-ENDS:]) / ENDS


def minutes(seconds: float) -> str:
    """A length in hours and minutes, or minutes and seconds.

    Examples
    --------
    >>> minutes(7140), minutes(200.4)
    ('1 h 59 min', '3 min 20 s')
    """
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 60} min {whole % 60} s"


def ordinal(n: int) -> str:
    """A number as a rank.

    Examples
    --------
    >>> [ordinal(n) for n in (1, 2, 3, 4, 11, 22, 113)]
    ['1st', '2nd', '3rd', '4th', '11th', '22nd', '113th']
    """
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"
