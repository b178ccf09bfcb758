"""Songs of a collection and the rows of a catalogue, paired by title and artist.

1. Names are cleaned (`audiolime_ext.collection.indexing.cleaning`). Rows of one name and the same numbers are one.
2. A song is paired with the row of exactly its cleaned title and artist. Of several such rows that differ in their
   numbers, as of a studio and a live version, the one whose title is the song's as it is written.
3. Else with the row whose name is most alike, by ``token_sort_ratio`` of rapidfuzz [1]_ on ``title - artist``, 90 or
   more of 100, and holds the same numbers: a fifth symphony is not nearly a sixth. A row goes to the song that it fits
   best.

*Nothing is paired at random*: where two rows fit a song equally well, or two songs a row, they are left unmatched, and
told with the reason.

References
----------
.. [1] Bachmann, "RapidFuzz", https://github.com/rapidfuzz/RapidFuzz.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from audiolime_ext.collection.indexing.cleaning import match_key, numbers_in, sorted_words
from audiolime_ext.collection.songs import Song
from audiolime_ext.errors import UsageError
from audiolime_ext.extras import require
from audiolime_ext.files.names import legible
from audiolime_ext.text import counted

LEAST_SCORE = 90.0
_TOLD = 3  # rows

_Found = tuple[int, float]  # a row, and how well it fits
_Groups = Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class Matched:
    """Which row each song has.

    Parameters
    ----------
    rows : dict of int to int
        Position of each song that is matched → that of its row.
    scores : dict of int to float
        Position of each song that is matched → how much alike the names are, above 0 to 100; 100: the same once they
        are cleaned.
    why : dict of int to str
        Position of each song that is not matched → the reason.
    """

    rows: dict[int, int]
    scores: dict[int, float]
    why: dict[int, str]


def match(
    songs: Sequence[Song],
    rows: Sequence[Song],
    *,
    same: Callable[[int, int], bool] | None = None,
    least_score: float = LEAST_SCORE,
) -> Matched:
    """Pair songs with the rows of a catalogue.

    Parameters
    ----------
    songs : sequence of Song
        Songs, with title and artist.
    rows : sequence of Song
        Songs of the catalogue's rows, as it describes them.
    same : callable of (int, int), or None
        Function that tells whether two rows, by their positions, have the same numbers; None: no two have.
    least_score : float
        Least score of names that are alike, above 0 and 100 at most.

    Raises
    ------
    UsageError
        If the score is out of range.
    MissingError
        If names must be compared, and rapidfuzz is not installed.

    Examples
    --------
    >>> songs = [Song("1", title="Traumtanzerball (Album Version)", artist="Michelle"), Song("2", title="My Life")]
    >>> rows = [Song("a", title="Air", artist="Bach"), Song("b", title="Traumtänzerball", artist="Michelle")]
    >>> match(songs, rows)
    Matched(rows={0: 1}, scores={0: 100.0}, why={1: 'it has no title or no artist'})
    """
    if not 0 < least_score <= 100:
        raise UsageError(f"least_score is {least_score:g}; scores are above 0 and 100 at most")
    groups = _groups(rows, same or (lambda *_: False))
    found: dict[int, _Found] = {}
    why: dict[int, str] = {}
    keys = [match_key(song.title, song.artist) for song in songs]
    for at, (song, key) in enumerate(zip(songs, keys, strict=True)):
        if key is None:
            why[at] = "it has no title or no artist"
        elif key in groups:
            _keep(at, _exactly(song, groups[key], rows), found, why)
    exact = set(keys)
    near = _Near({key: group for key, group in groups.items() if key not in exact}, rows, least_score)
    alike = {at: near.to(key) for at, key in enumerate(keys) if key is not None and at not in found and at not in why}
    for at, answer in _each_once(alike, rows).items():
        _keep(at, answer, found, why)
    return Matched(
        {at: found[at][0] for at in sorted(found)},
        {at: found[at][1] for at in sorted(found)},
        {at: why[at] for at in sorted(why)},
    )


def _keep(at: int, answer: _Found | str, found: dict[int, _Found], why: dict[int, str]) -> None:
    if isinstance(answer, str):
        why[at] = answer
    else:
        found[at] = answer


def _groups(rows: Sequence[Song], same: Callable[[int, int], bool]) -> dict[str, list[int]]:
    """Cleaned name → the rows that differ in their numbers."""
    groups: dict[str, list[int]] = {}
    for row, song in enumerate(rows):
        key = match_key(song.title, song.artist)
        if key is not None and not any(same(row, other) for other in groups.get(key, ())):
            groups.setdefault(key, []).append(row)
    return groups


def _exactly(song: Song, group: Sequence[int], rows: Sequence[Song]) -> _Found | str:
    """The row of this name; of several, the one whose title is written as the song's."""
    if len(group) == 1:
        return group[0], 100.0
    written = [row for row in group if _plain(rows[row].title) == _plain(song.title)]
    return (written[0], 100.0) if len(written) == 1 else _ambiguous(group, rows)


def _ambiguous(group: Sequence[int], rows: Sequence[Song]) -> str:
    names = [legible(rows[row].key) for row in group]
    told = " and ".join(names) if len(names) <= _TOLD else f"{', '.join(names[:_TOLD])} …"
    return f"rows {told} fit it equally well"


def _plain(title: str | None) -> str:
    return " ".join((title or "").casefold().split())


class _Near:
    """The rows whose names are most alike."""

    def __init__(self, groups: _Groups, rows: Sequence[Song], least_score: float) -> None:
        self.groups, self.rows, self.least_score = groups, rows, least_score
        self.keys = list(groups)
        self.words = list(map(sorted_words, self.keys))

    def to(self, key: str) -> _Found | str:
        """The row and its score, or why there is none."""
        fuzzy = require("rapidfuzz", extra="matching")
        alike = fuzzy.process.extract(
            sorted_words(key), self.words, scorer=fuzzy.fuzz.ratio, score_cutoff=self.least_score, limit=None
        )
        alike = [(self.keys[at], score) for _, score, at in alike if numbers_in(self.keys[at]) == numbers_in(key)]
        if not alike:
            return f"no name in the catalogue is {self.least_score:g} % alike"
        best = max(score for _, score in alike)
        group = [row for name, score in alike if score == best for row in self.groups[name]]
        return (group[0], float(best)) if len(group) == 1 else _ambiguous(group, self.rows)


def _each_once(alike: Mapping[int, _Found | str], rows: Sequence[Song]) -> dict[int, _Found | str]:
    """The same, each row given to the song that it fits best, or to none of several that it fits equally well."""
    claims: dict[int, list[tuple[float, int]]] = {}
    for at, answer in alike.items():
        if not isinstance(answer, str):
            claims.setdefault(answer[0], []).append((answer[1], at))
    settled = dict(alike)
    for row, claim in claims.items():
        best, name = max(score for score, _ in claim), f"row {legible(rows[row].key)}"
        winners = [at for score, at in claim if score == best]
        for _, at in claim:
            if len(winners) > 1:
                settled[at] = f"{name} fits {counted(len(winners), 'song')} equally well"
            elif at != winners[0]:
                settled[at] = f"{name} fits another song better"
    return settled
