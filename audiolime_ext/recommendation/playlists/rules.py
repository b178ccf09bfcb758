"""Rules that a playlist keeps: fixed songs, how many songs of one artist, and how far apart these are.

A rule is kept or the list is refused; *none is broken silently*. Whatever can be told from numbers is told before any
search: rules that no list can keep, with what they need and what there is. Where each song has one artist and nothing
is fixed, these numbers decide: with f songs at most of an artist and g places from one to the next, f − 1 rounds of g
places hold one song of each, and what is left holds the last ones. With fixed songs, or songs of several artists, they
are necessary only, and what they let through the search may still not find.

A song whose artist is not known counts as one of an artist of its own.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.index import Index
from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.leaving_out import with_tag
from audiolime_ext.text import counted

Places = NDArray[np.intp]
Flags = NDArray[np.bool_]
_SHOWN = 3


@dataclass(frozen=True, eq=False)
class Rules:
    """Rules about artists.

    Parameters
    ----------
    artists : ndarray of int, shape (n_songs, m)
        Numbers of the artists of each song; −1: no more.
    most : int or None
        Most songs of one artist; None: any number.
    gap : int
        Least number of places from one song of an artist to the next; 1: they may follow each other.
    """

    artists: NDArray[np.intp] = field(repr=False)
    most: int | None = None
    gap: int = 1

    @property
    def n_unknown(self) -> int:
        """Number of songs whose artist is not known."""
        return int((self.artists < 0).all(axis=1).sum())

    @property
    def strict(self) -> bool:
        """Whether there is a rule at all."""
        return self.most is not None or self.gap > 1

    def shared(self, some: Places, others: Places) -> Flags:
        """Whether two songs share an artist, shape (n_some, n_others)."""
        found = np.zeros((len(some), len(others)), bool)
        for one in self.artists[some].T:
            for other in self.artists[others].T:
                found |= (one[:, None] == other) & (one[:, None] >= 0)
        return found

    def n_clashes(self, order: Places) -> int:
        """Number of pairs of songs that share an artist and are too near each other."""
        found = 0
        for lag in range(1, min(self.gap, len(order))):
            one, other = self.artists[order[:-lag]], self.artists[order[lag:]]
            same = (one[:, :, None] == other[:, None]) & (one[:, :, None] >= 0)
            found += int(same.any(axis=(1, 2)).sum())
        return found

    def n_too_many(self, order: Places) -> int:
        """Number of songs beyond the most of each artist."""
        if self.most is None:
            return 0
        told = self.artists[order]
        return int(np.maximum(np.bincount(told[told >= 0]) - self.most, 0).sum())

    def barred(self, order: Places, place: int) -> Flags:
        """True for songs that may not take a place of an order (−1 in it: still empty), shape (n_songs,)."""
        found = np.zeros(len(self.artists), bool)
        others = np.delete(order, place)
        found[others[others >= 0]] = True
        if not self.strict:
            return found
        names = np.zeros(int(self.artists.max()) + 2, bool)  # the last one stands for −1
        if self.gap > 1:
            near = order[max(place - self.gap + 1, 0) : place + self.gap].copy()
            near[place - max(place - self.gap + 1, 0)] = -1
            names[self.artists[near[near >= 0]].ravel()] = True
        if self.most is not None:
            told = self.artists[others[others >= 0]]
            names[:-1] |= np.bincount(told[told >= 0], minlength=len(names) - 1) >= self.most
        names[-1] = False
        return np.asarray(found | names[self.artists].any(axis=1))


def rules_of(index: Index, positions: Places, most: int | None, gap: int | None) -> Rules:
    """The rules about the artists of some songs of an index.

    Examples
    --------
    >>> from pathlib import Path
    >>> from audiolime_ext.collection.songs import Song
    >>> songs = (Song("a", artist="Sectoid"), Song("b", artist="Muldjord; sectoid"), Song("c"))
    >>> index = Index(Path("."), "", "", None, songs, np.eye(3, dtype=np.float32))
    >>> rules_of(index, np.arange(3), 1, None).barred(np.array([0, -1]), 1)
    array([ True,  True, False])
    """
    told = with_tag(index, "artist")
    numbers: dict[int, list[int]] = {}
    for number, places in enumerate(told.values()):
        for at in places.tolist():
            numbers.setdefault(at, []).append(number)
    width = max((len(some) for some in numbers.values()), default=1)
    artists = np.full((len(positions), width), -1, np.intp)
    for row, at in enumerate(positions.tolist()):
        some = sorted(numbers.get(at, []))
        artists[row, : len(some)] = some
    return Rules(artists, most, gap or 1)


def require_possible(rules: Rules, given: Places, names: tuple[str, ...], whole: str, lost: str = "") -> None:
    """Raise `UsageError` for rules that no list can keep, as far as numbers tell.

    Parameters
    ----------
    rules : Rules
        Rules about artists.
    given : ndarray of int, shape (n,)
        Song that is fixed at each place; −1: none.
    names : tuple of str
        Names of the songs.
    whole : str
        Name of what songs are chosen from, such as "the index".
    lost : str
        Words on those of it that cannot be used, and why; "": all can.
    """
    n, n_songs = len(given), len(rules.artists)
    if n > n_songs:
        raise UsageError(
            f"{counted(n, 'song')} are wanted, and {whole} has {counted(n_songs, 'song')}"
            f"{f' ({lost})' if lost else ''}; ask for fewer"
        )
    if not rules.strict:
        return
    _require_fixed(rules, given, names)
    told = rules.artists[rules.artists >= 0]
    counts = np.bincount(told) if told.size else np.zeros(0, int)
    counts = counts[counts > 0]
    unknown = rules.n_unknown
    if rules.most is not None and np.minimum(counts, rules.most).sum() + unknown < n:
        more = f" and {counted(unknown, 'song')} whose artist is not known" if unknown else ""
        limit = f"at most {rules.most} per artist"
        holds = int(np.minimum(counts, rules.most).sum()) + unknown
        raise UsageError(
            f"{counted(n, 'song')} by {limit} need {counted(-(-n // rules.most), 'artist')}; {whole} has "
            f"{len(counts)}{more}, which give {counted(holds, 'song')}. Ask for fewer songs, or allow more per artist"
        )
    if (holds := _most_spread(counts, unknown, n, rules)) < n:
        raise UsageError(
            f"songs of one artist at least {counted(rules.gap, 'place')} apart: {_room(n, rules)}; {whole} has "
            f"{_by_artists(counts, unknown)}, of which no more than {counted(holds, 'song')} can then stand there. Ask "
            "for fewer songs or a smaller gap"
        )


def _room(n: int, rules: Rules) -> str:
    """How many songs of how many artists n places have room for, g from one of an artist to the next."""
    rounds = -(-n // rules.gap)
    if rules.most is not None and rules.most < rounds:
        return f"a list of {n} has room for {counted(rules.most, 'song')} of each artist"
    last = n - (rounds - 1) * rules.gap
    others = f", and {rounds - 1} of each other one" if rounds > 1 else ""
    each = f"{counted(last, 'artist')}" if last == 1 else f"each of {counted(last, 'artist')}"
    return f"a list of {n} has room for {counted(rounds, 'song')} of {each}{others}"


def _by_artists(counts: NDArray[np.intp], unknown: int) -> str:
    """How many artists have how many songs, those with most first."""
    kinds = sorted(Counter(counts.tolist()).items(), reverse=True)
    told = [f"{counted(n, 'artist')} with {counted(songs, 'song')}" for songs, n in kinds[:_SHOWN]]
    if rest := sum(n for _, n in kinds[_SHOWN:]):
        told.append(f"{counted(rest, 'artist')} with fewer")
    told += [f"{counted(unknown, 'song')} whose artist is not known"] if unknown else []
    return ", ".join(told)


def _most_spread(counts: NDArray[np.intp], unknown: int, n: int, rules: Rules) -> int:
    """How many songs fit into n places, g from one of an artist to the next, if each has one artist."""
    rounds = -(-n // rules.gap)
    most = rounds if rules.most is None else min(rules.most, rounds)
    each = np.minimum(counts, most)
    last = n - (rounds - 1) * rules.gap  # artists that can have a song in every round
    too_many = max(0, int((each >= rounds).sum() + (unknown if rounds == 1 else 0)) - last)
    return int(each.sum()) + unknown - too_many


def _require_fixed(rules: Rules, given: Places, names: tuple[str, ...]) -> None:
    places = np.flatnonzero(given >= 0)
    songs = given[places]
    same = np.triu(rules.shared(songs, songs), 1)
    for one, other in zip(*np.nonzero(same), strict=True):
        apart = int(places[other] - places[one])
        if apart < rules.gap:
            raise UsageError(
                f"{names[songs[one]]} is fixed at place {places[one] + 1} and {names[songs[other]]} at place "
                f"{places[other] + 1}; they share an artist, whose songs are to be {rules.gap} places apart. Move one, "
                "or ask for a smaller gap"
            )
    if rules.n_too_many(songs):
        told = rules.artists[songs]
        artist = int(np.argmax(np.bincount(told[told >= 0])))
        which = [names[song] for song in songs if artist in rules.artists[song]]
        raise UsageError(
            f"{', '.join(which)} are fixed, {len(which)} by one artist, of whom at most {rules.most} may be in the "
            "list; fix fewer, or allow more per artist"
        )
