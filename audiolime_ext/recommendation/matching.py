"""Songs of a collection and the lines of a table of features, paired by title and artist.

1. Names are cleaned (`audiolime_ext.recommendation.cleaning`). Lines of one name and the same numbers are one.
2. A song is paired with the line of exactly its cleaned title and artist. Of several such lines that differ in their
   numbers, as of a studio and a live version, the one whose title is the song's as it is written.
3. Else with the line whose name is most alike, by ``token_sort_ratio`` of rapidfuzz [1]_ on ``title - artist``, 90 or
   more of 100, and holds the same numbers: a fifth symphony is not nearly a sixth. A line goes to the song that it fits
   best.

*Nothing is paired at random*: where two lines fit a song equally well, or two songs a line, they are left unmatched,
and told with the reason. (The founding document first drew 100 pairs at random, "to simulate" matches; then it found
one pair of 200.)

References
----------
.. [1] Bachmann, "RapidFuzz", https://github.com/rapidfuzz/RapidFuzz.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from audiolime_ext.collection.index import Index
from audiolime_ext.collection.songs import Song
from audiolime_ext.errors import UsageError
from audiolime_ext.extras import require
from audiolime_ext.recommendation.cleaning import match_key, numbers_in, sorted_words
from audiolime_ext.recommendation.feature_table import FeatureRow, FeatureTable, load_features
from audiolime_ext.text import counted

LEAST_SCORE = 90.0
_TOLD = 3  # lines

_Found = tuple[FeatureRow, float]
_Groups = Mapping[str, Sequence[FeatureRow]]


@dataclass(frozen=True)
class Match:
    """A song and its line: `score`, 0 to 100, how much alike the names are; 100: the same once they are cleaned."""

    song: Song
    row: FeatureRow
    score: float


@dataclass(frozen=True)
class Unmatched:
    """A song without a line, and `why`."""

    song: Song
    why: str


@dataclass(frozen=True)
class Matched:
    """Songs and lines of a table.

    Parameters
    ----------
    names : tuple of str
        Names of the features.
    matches : tuple of Match
        Pairs, in the order of the songs.
    unmatched_songs : tuple of Unmatched
        Songs without a line.
    unmatched_rows : tuple of FeatureRow
        Lines without a song.
    notes : tuple of str
        Sentences on what was left out of the table.
    """

    names: tuple[str, ...]
    matches: tuple[Match, ...] = field(repr=False)
    unmatched_songs: tuple[Unmatched, ...] = field(repr=False)
    unmatched_rows: tuple[FeatureRow, ...] = field(repr=False)
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        n_songs = len(self.matches) + len(self.unmatched_songs)
        head = f"{len(self.matches)} of {counted(n_songs, 'song')} matched"
        lines = [f"unmatched: {one.song.name}: {one.why}" for one in self.unmatched_songs]
        return "\n".join([head, *lines, *(f"note: {note}" for note in self.notes)])

    def index(self, index: Index) -> Index:
        """The matched songs of an index with the table's features as their vectors, for `similar`.

        Raises
        ------
        UsageError
            If no song is matched.
        """
        if not self.matches:
            raise UsageError("no song is matched, so none has features; see `unmatched_songs` for why")
        songs = tuple(match.song for match in self.matches)
        vectors = np.array([match.row.values for match in self.matches], np.float32)
        content = hashlib.sha256(repr((self.names, [song.key for song in songs])).encode() + vectors.tobytes())
        return replace(
            index, model="", fingerprint=content.hexdigest(), labels=self.names, songs=songs, vectors=vectors
        )


def match(songs: Iterable[Song], table: FeatureTable | str | Path, *, least_score: float = LEAST_SCORE) -> Matched:
    """Pair songs with the lines of a table of features.

    Parameters
    ----------
    songs : iterable of Song
        Songs, with title and artist.
    table : FeatureTable or path
        Table of features, or its file, as `load_features` reads it.
    least_score : float
        Least score of names that are alike, above 0 and 100 at most.

    Raises
    ------
    UsageError
        If the table cannot be read, or the score is out of range.
    MissingError
        If rapidfuzz is not installed.

    Examples
    --------
    >>> rows = (FeatureRow(2, "Traumtänzerball", "Michelle", (0.6,)), FeatureRow(3, "Air", "Bach", (0.1,)))
    >>> songs = [Song("1", title="Traumtanzerball (Album Version)", artist="Michelle"), Song("2", title="My Life")]
    >>> print(match(songs, FeatureTable(("energy",), rows)))
    1 of 2 songs matched
    unmatched: My Life: it has no title or no artist
    """
    if not 0 < least_score <= 100:
        raise UsageError(f"least_score is {least_score:g}; scores are above 0 and 100 at most")
    table = table if isinstance(table, FeatureTable) else load_features(table)
    groups, notes = _groups(table)
    found: dict[int, _Found] = {}
    why: dict[int, str] = {}
    songs = list(songs)
    keys = [match_key(song.title, song.artist) for song in songs]
    for at, (song, key) in enumerate(zip(songs, keys, strict=True)):
        if key is None:
            why[at] = "it has no title or no artist"
        elif key in groups:
            _keep(at, _exactly(song, groups[key]), found, why)
    exact = set(keys)
    free = {key: rows for key, rows in groups.items() if key not in exact}
    near = _Near(free, least_score)
    alike = {at: near.to(key) for at, key in enumerate(keys) if key is not None and at not in found and at not in why}
    for at, answer in _each_once(alike).items():
        _keep(at, answer, found, why)
    paired = {row.line for row, _ in found.values()}
    return Matched(
        table.names,
        tuple(Match(songs[at], *found[at]) for at in sorted(found)),
        tuple(Unmatched(songs[at], why[at]) for at in sorted(why)),
        tuple(row for rows in groups.values() for row in rows if row.line not in paired),
        (*table.notes, *notes),
    )


def _keep(at: int, answer: _Found | str, found: dict[int, _Found], why: dict[int, str]) -> None:
    if isinstance(answer, str):
        why[at] = answer
    else:
        found[at] = answer


def _groups(table: FeatureTable) -> tuple[dict[str, list[FeatureRow]], tuple[str, ...]]:
    """Cleaned name → the lines that differ in their numbers."""
    groups: dict[str, list[FeatureRow]] = {}
    n_same = n_nameless = 0
    for row in table.rows:
        key = match_key(row.title, row.artist)
        if key is None:
            n_nameless += 1
        elif any(row.values == other.values for other in groups.get(key, ())):
            n_same += 1
        else:
            groups.setdefault(key, []).append(row)
    same = [f"{counted(n_same, 'line repeats', 'lines repeat')} the name and the numbers of others"] if n_same else []
    nameless = [f"of {counted(n_nameless, 'line')} no letter of the title or the artist is left"] if n_nameless else []
    return groups, (*same, *nameless)


def _exactly(song: Song, rows: Sequence[FeatureRow]) -> _Found | str:
    """The line of this name; of several, the one whose title is written as the song's."""
    if len(rows) == 1:
        return rows[0], 100.0
    written = [row for row in rows if _plain(row.title) == _plain(song.title or "")]
    return (written[0], 100.0) if len(written) == 1 else _ambiguous(rows)


def _ambiguous(rows: Sequence[FeatureRow]) -> str:
    lines = [str(row.line) for row in rows]
    told = " and ".join(lines) if len(lines) <= _TOLD else f"{', '.join(lines[:_TOLD])} …"
    return f"lines {told} fit it equally well"


def _plain(title: str) -> str:
    return " ".join(title.casefold().split())


class _Near:
    """The lines whose names are most alike."""

    def __init__(self, groups: _Groups, least_score: float) -> None:
        self.groups, self.least_score = groups, least_score
        self.keys = list(groups)
        self.words = list(map(sorted_words, self.keys))

    def to(self, key: str) -> _Found | str:
        """The line and its score, or why there is none."""
        fuzzy = require("rapidfuzz", extra="matching")
        alike = fuzzy.process.extract(
            sorted_words(key), self.words, scorer=fuzzy.fuzz.ratio, score_cutoff=self.least_score, limit=None
        )
        alike = [(self.keys[at], score) for _, score, at in alike if numbers_in(self.keys[at]) == numbers_in(key)]
        if not alike:
            return f"no name in the table is {self.least_score:g} % alike"
        best = max(score for _, score in alike)
        rows = [row for name, score in alike if score == best for row in self.groups[name]]
        return (rows[0], float(best)) if len(rows) == 1 else _ambiguous(rows)


def _each_once(alike: Mapping[int, _Found | str]) -> dict[int, _Found | str]:
    """The same, each line given to the song that it fits best, or to none of several that it fits equally well."""
    claims: dict[int, list[tuple[float, int]]] = {}
    for at, answer in alike.items():
        if not isinstance(answer, str):
            claims.setdefault(answer[0].line, []).append((answer[1], at))
    settled = dict(alike)
    for line, claim in claims.items():
        best = max(score for score, _ in claim)
        winners = [at for score, at in claim if score == best]
        for _, at in claim:
            if len(winners) > 1:
                settled[at] = f"line {line} fits {counted(len(winners), 'song')} equally well"
            elif at != winners[0]:
                settled[at] = f"line {line} fits another song better"
    return settled
