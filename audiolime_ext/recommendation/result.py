"""What `similar` found: the songs, how near they are, and by what."""

from __future__ import annotations

import html
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audiolime_ext.collection.song_parts import SILENCE
from audiolime_ext.collection.songs import Song
from audiolime_ext.display import Plotted
from audiolime_ext.extras import require
from audiolime_ext.files.names import legible, utf8
from audiolime_ext.recommendation.playlists.m3u import Entry, Playable, entries_of
from audiolime_ext.recommendation.why.matrix import StemMatrix
from audiolime_ext.text import html_table, text_table

if TYPE_CHECKING:
    import pandas

SCHEMA_VERSION = 1
_NAMED = 2  # contributions in a row of the table
_LITTLE = 0.1  # of the largest part


@dataclass(frozen=True, eq=False)
class Neighbour:
    """A song that was found.

    Parameters
    ----------
    rank : int
        Place in the list, from 1 on.
    song : Song
        Song of the index.
    name : str
        Name of it, told apart from those of other songs of the index.
    similarity : float
        Cosine of its direction with the query's, −1 to 1.
    nearness : float
        Number that the list is ordered by; see `Similar.ranked_by`.
    contributions : mapping of str to float
        Output → its part of the similarity, or of the log-odds of a relevance; they add up to it (less the intercept).
        Empty where the outputs have no names.
    matrix : StemMatrix or None
        Matrix of what each part of the query and each part of the song add to the similarity; all cells add up to it,
        to 1e-5, as the index holds single precision. None: the index has no stems, or several songs or a taste were
        asked about.
    """

    rank: int
    song: Song
    name: str
    similarity: float
    nearness: float
    contributions: Mapping[str, float] = field(default_factory=dict, repr=False)
    matrix: StemMatrix | None = field(default=None, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        about = {"rank": self.rank, **_told(self.song), "similarity": self.similarity, "nearness": self.nearness}
        return about | _reasons(self)


@dataclass(frozen=True, eq=False)
class Pair:
    """Two songs that were named: `names`, their `similarity`, and by what, as in `Neighbour`.

    Parameters
    ----------
    names : tuple of (str, str)
        Names of the two.
    similarity : float
        Cosine of their directions, −1 to 1.
    nearness : float
        Corrected nearness, 0 to 1, or the similarity where hubs are not corrected.
    contributions : mapping of str to float
        Output → its part of the similarity.
    matrix : StemMatrix or None
        Matrix of what each part of the one and each part of the other add to the similarity, as in `Neighbour`; None:
        the index has no stems, or a song is a bare vector.
    """

    names: tuple[str, str]
    similarity: float
    nearness: float
    contributions: Mapping[str, float] = field(default_factory=dict, repr=False)
    matrix: StemMatrix | None = field(default=None, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        about = {"names": list(self.names), "similarity": self.similarity, "nearness": self.nearness}
        return about | _reasons(self)


@dataclass(frozen=True, eq=False)
class Similar(Plotted, Playable):
    """Songs that are similar to a query, or the least similar, with everything that is needed to read the list.

    Parameters
    ----------
    queries : tuple of str
        Names of what neighbours were looked for.
    rows : tuple of Neighbour
        Songs, nearest first; with `weakest`, farthest first.
    ranked_by : str
        Kind of nearness: "mutual proximity" or "local scaling" (0 to 1, hubs are corrected), "similarity" (−1 to 1), or
        "relevance" (probability that the song is liked).
    folder : Path
        Folder of the index, which paths of songs are relative to.
    model : str
        Spec of the model whose vectors were compared; "" for a catalogue's own vectors.
    space : str
        Space in which they were compared: "centred", "standardised" or "plain".
    weakest : bool
        True where the least similar songs were looked for.
    pairs : tuple of Pair
        Named pairs.
    notes : tuple of str
        Sentences on what was left out and why, and on what else to know.
    weights : mapping of str to float
        Weight of each stem that is not 1.
    sounds : tuple of Path, Audio, (ndarray, int) or None
        Sound of each query, as `load_audio` reads it; None where there is none.
    """

    queries: tuple[str, ...]
    rows: tuple[Neighbour, ...] = field(repr=False)
    ranked_by: str
    folder: Path
    model: str
    space: str
    weakest: bool = False
    pairs: tuple[Pair, ...] = ()
    notes: tuple[str, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict)
    sounds: tuple[Any, ...] = field(default=(), repr=False)

    @property
    def songs(self) -> tuple[Song, ...]:
        """The songs alone."""
        return tuple(row.song for row in self.rows)

    def __str__(self) -> str:
        parts = []
        if self.queries:
            table = [text_table(*self._table(), left=self._left)] if self.rows else []
            parts.append("\n".join([self._head(), *table]))
        if self.pairs:
            parts.append(text_table(*self._pair_table(), left=self._left_of_pairs))
        return "\n\n".join([*parts, *(["\n".join(f"note: {utf8(note)}" for note in self.notes)] if self.notes else [])])

    def _repr_html_(self) -> str:
        tables = [html_table(*self._table())] if self.rows else []
        tables += [html_table(*self._pair_table())] if self.pairs else []
        head, *notes = (f"<p>{html.escape(line)}</p>" for line in [self._head(), *self.notes])
        return "".join([head, *tables, *notes])

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON; `Neighbour.to_dict` for each row."""
        return {
            "schema_version": SCHEMA_VERSION,
            "queries": list(self.queries),
            "index": str(self.folder),
            "model": self.model,
            "space": self.space,
            "ranked_by": self.ranked_by,
            "weakest": self.weakest,
            "weights": dict(self.weights),
            "rows": [row.to_dict() for row in self.rows],
            "pairs": [pair.to_dict() for pair in self.pairs],
            "notes": list(self.notes),
        }

    def to_dataframe(self) -> pandas.DataFrame:
        """One row per song, with what each output adds where outputs have names (needs the extra ``dataframe``)."""
        rows = [
            {"rank": row.rank, "name": row.name, **_told(row.song)}
            | {"similarity": row.similarity, "nearness": row.nearness}
            | {f"by {output}": part for output, part in row.contributions.items()}
            for row in self.rows
        ]
        table: pandas.DataFrame = require("pandas", extra="dataframe").DataFrame(rows)
        return table

    def entries(self) -> list[Entry]:
        """The songs that were found, as a playlist names them."""
        return entries_of(self.folder, (row.name for row in self.rows), self.songs)

    def _head(self) -> str:
        what = "least similar" if self.weakest else "most similar"
        names = " + ".join(map(legible, self.queries)) or "pairs"
        weighed = ", ".join(f"{legible(name)} × {weight:g}" for name, weight in self.weights.items())
        space = f"{self.model or 'the vectors of the catalogue'}{f', with {weighed}' if weighed else ''}"
        return f"{what} to {names}, by {self.ranked_by} in {space}"

    @property
    def _left(self) -> tuple[int, ...]:
        return (1, len(self._table()[0]) - 1) if self._explained else (1,)

    @property
    def _left_of_pairs(self) -> tuple[int, ...]:
        header = self._pair_table()[0]
        return (0, len(header) - 1) if header[-1] == "mostly by" else (0,)

    @property
    def _explained(self) -> bool:
        return any(row.contributions or row.matrix for row in self.rows)

    def _table(self) -> tuple[list[str], list[list[str]]]:
        ranked, explained = [] if self.ranked_by == "similarity" else [self.ranked_by], self._explained
        header = ["", "song", "similarity", *ranked, *(["mostly by"] if explained else [])]
        rows = [
            [str(row.rank), legible(row.name), f"{row.similarity:.3f}"]
            + ([f"{row.nearness:.3f}"] if ranked else [])
            + ([mostly_by(row)] if explained else [])
            for row in self.rows
        ]
        return header, rows

    def _pair_table(self) -> tuple[list[str], list[list[str]]]:
        explained = any(pair.contributions or pair.matrix for pair in self.pairs)
        ranked = [] if self.ranked_by in ("similarity", "relevance") else [self.ranked_by]  # a taste has no pairs
        rows = [
            [" and ".join(map(legible, pair.names)), f"{pair.similarity:.3f}"]
            + ([f"{pair.nearness:.3f}"] if ranked else [])
            + ([mostly_by(pair)] if explained else [])
            for pair in self.pairs
        ]
        return ["pair", "similarity", *ranked, *(["mostly by"] if explained else [])], rows


def mostly(contributions: Mapping[str, float], total: float | None = None) -> str:
    """The two largest contributions of the sign of the total (None: their sum): what makes two songs near, or far.

    Examples
    --------
    >>> mostly({"tempo": 0.02, "energy": 0.41, "valence": -0.3}), mostly({"tempo": 0.02, "energy": -0.41})
    ('energy +0.41, tempo +0.02', 'energy -0.41')
    """
    sign = 1 if (sum(contributions.values()) if total is None else total) >= 0 else -1
    largest = sorted(contributions.items(), key=lambda pair: -sign * pair[1])[:_NAMED]
    return ", ".join(f"{name} {value:+.2f}" for name, value in largest if round(sign * value, 2) > 0)


def mostly_by_stems(matrix: StemMatrix) -> str:
    """What has most of the similarity's sign, and what is against it: pairs of stems, and those with silence together.

    Two of each are named, the query's stem first; after the first, what is less than a tenth of the largest is not.

    Examples
    --------
    >>> import numpy as np
    >>> names = ("silence", "drums", "bass")
    >>> mostly_by_stems(StemMatrix(names, names, np.array([[0.9, 0.1, 0], [0, 0.31, -0.5], [0, 0.02, 0]])))
    'pairs with silence +1.00, drums–drums +0.31, against drums–bass -0.50'
    """
    pairs = (legible(f"{row}–{column}") for row, column in itertools.product(matrix.rows[1:], matrix.columns[1:]))
    parts = dict(zip(pairs, matrix.cells[1:, 1:].ravel().tolist(), strict=True))
    parts[f"pairs with {SILENCE}"] = matrix.with_silence
    sign, least = 1 if matrix.similarity >= 0 else -1, _LITTLE * max(map(abs, parts.values()))
    first = max(parts, key=lambda name: sign * parts[name])
    large = {name: value for name, value in parts.items() if abs(value) >= least or name == first}
    by, against = mostly(large, sign), mostly(large, -sign)
    return f"{by}, against {against}" if by and against else by


def mostly_by(found: Neighbour | Pair) -> str:
    """By what two songs are near: outputs where they have names, else stems."""
    if found.contributions or found.matrix is None:
        return mostly(found.contributions)
    return mostly_by_stems(found.matrix)


def _reasons(found: Neighbour | Pair) -> dict[str, Any]:
    reasons: dict[str, Any] = {"contributions": dict(found.contributions)} if found.contributions else {}
    return reasons if found.matrix is None else reasons | {"matrix": found.matrix.to_dict()}


def _told(song: Song) -> dict[str, Any]:
    fields = ("key", "path", "title", "artist", "album", "genre", "year", "duration_s")
    return {name: getattr(song, name) for name in fields}
