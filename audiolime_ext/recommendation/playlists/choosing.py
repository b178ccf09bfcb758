"""The songs that a playlist may be made of: which of the index can be compared, and what else is left out, and why.

*Nothing is left out silently*. Songs that are asked for by name are never left out: what cannot be done with them is an
error. Of others these are: songs without a direction, songs that are excluded; and, where there is a choice, songs
without a number where the list follows a curve, without a length where it is to have one, and all but one of songs
whose vectors are the same to the last bit, as two files of one recording are (but those that are named).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.index import Index
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import legible
from audiolime_ext.recommendation.names import names_in
from audiolime_ext.recommendation.playlists.curve import Curve
from audiolime_ext.recommendation.playlists.wanted import Wanted
from audiolime_ext.recommendation.space import Space
from audiolime_ext.text import counted

Flags = NDArray[np.bool_]
_SHOWN = 3


@dataclass(frozen=True, eq=False)
class Choice:
    """Songs to choose from: where they are in the index, what they are of, and what cannot be used.

    Parameters
    ----------
    positions : ndarray of int, shape (n_songs,)
        Positions in the index.
    whole : str
        Name of what they are of.
    lost : str
        Words on how many cannot be used, and why; "": all can.
    notes : tuple of str
        Sentences on what is left out.
    """

    positions: NDArray[np.intp] = field(repr=False)
    whole: str
    lost: str = ""
    notes: tuple[str, ...] = ()


def choice_of(
    index: Index, space: Space, wanted: Wanted, curve: Curve | None, excluded: Iterable[int], *, by_length: bool
) -> Choice:
    """The songs of an index that a list may be made of.

    Parameters
    ----------
    index, space : Index, Space
        Songs, and the space in which they are compared.
    wanted : Wanted
        Songs that are asked for.
    curve : Curve or None
        Curve that the list follows.
    excluded : iterable of int
        Positions of songs that are not wanted.
    by_length : bool
        True where the list is to have a length.

    Raises
    ------
    UsageError
        If a song that is asked for cannot be used.
    """
    names, n_songs = names_in(index), len(index.songs)
    within = np.zeros(n_songs, bool)
    within[list(range(n_songs) if wanted.songs is None else wanted.songs)] = True
    needed = np.zeros(n_songs, bool)
    needed[list(wanted.fixed.values())] = True
    arranged = wanted.songs is not None and wanted.n == len(wanted.songs)
    if arranged:
        needed |= within
    outside = np.zeros(n_songs, bool)
    outside[list(excluded)] = True
    if arranged and (outside & within).any():
        raise UsageError(
            f"{_first(names, outside & within)} is to be put in order, and excluded; leave one of the two out"
        )
    if (needed & outside).any():
        raise UsageError(f"{_first(names, needed & outside)} has a place in the list, and is excluded; choose one")
    if (lost := needed & ~space.usable).any():
        raise UsageError(
            f"{_first(names, lost)} cannot be compared: its vector is not finite, or lies at the centre of the "
            "collection; leave it out of the list, or compare vectors as they are (space='plain')"
        )
    every = within | needed
    usable, notes = every & space.usable & ~outside, list(space.notes)
    gone = {"excluded": int((every & outside).sum()), "not to be compared": int((every & ~outside & ~usable).sum())}
    known = np.array([song.duration_s is not None for song in index.songs], bool)
    if by_length and not known.any():
        raise UsageError(
            "the index knows no song's length, so minutes cannot be counted; give a number of songs (n, -n)"
        )
    has_number = None if curve is None else np.isfinite(curve.ranks)
    for has, what in ((has_number, curve and legible(curve.column)), (known if by_length else None, "length")):
        if has is not None:
            before = int(usable.sum())
            usable, told = _without(usable, needed, ~has, str(what))
            gone[f"without a known {what}"] = before - int(usable.sum())
            notes += told
    if not arranged:
        before = int(usable.sum())
        usable, told = _each_once(index, usable, needed)
        gone["with the very vector of another one"] = before - int(usable.sum())
        notes += told
    whole = "the index" if wanted.songs is None else "the list"
    return _chosen(usable, int(every.sum()), whole, {why: n for why, n in gone.items() if n}, notes)


def _chosen(usable: Flags, n_all: int, whole: str, lost: Mapping[str, int], notes: list[str]) -> Choice:
    whys = ", ".join(f"{n} {'is' if n == 1 else 'are'} {why}" for why, n in lost.items())
    told = f"of {counted(n_all, 'song')} of {whole} {whys}" if lost else ""
    if not usable.any():
        raise UsageError(f"no song is left to choose from: {told}; exclude fewer, or ask for another list")
    return Choice(np.flatnonzero(usable), f"what is left of {whole}" if lost else whole, told, tuple(notes))


def _without(usable: Flags, needed: Flags, lacking: Flags, what: str) -> tuple[Flags, list[str]]:
    notes = []
    if n_left := int((usable & lacking & ~needed).sum()):
        notes.append(f"{counted(n_left, 'song is', 'songs are')} left out, of which {what} is not known")
    if n_kept := int((usable & lacking & needed).sum()):
        counts = (
            "counts as one of typical length" if what == "length" else "may stand anywhere, as far as the curve goes"
        )
        notes.append(f"of {counted(n_kept, 'song')} in the list {what} is not known: each {counts}")
    return usable & (needed | ~lacking), notes


def _each_once(index: Index, usable: Flags, needed: Flags) -> tuple[Flags, list[str]]:
    """Songs without those whose vector another one has: of each such group, what is needed stays, or the first."""
    first: dict[bytes, int] = {}
    kept, gone = usable.copy(), list[int]()
    for at in [*np.flatnonzero(usable & needed), *np.flatnonzero(usable & ~needed)]:
        same = first.setdefault(np.ascontiguousarray(index.vectors[at]).tobytes(), int(at))
        if same != at and not needed[at]:
            kept[at] = False
            gone.append(int(at))
    names = names_in(index)
    both = _named_twins(index, names, usable & needed)
    if not gone:
        return kept, both
    some = ", ".join(legible(names[at]) for at in sorted(gone)[:_SHOWN]) + (" …" if len(gone) > _SHOWN else "")
    songs = counted(len(gone), "song is", "songs are")
    return kept, [
        f"{songs} left out, as another song has the very same vector (it may be the same recording): {some}",
        *both,
    ]


def _named_twins(index: Index, names: Sequence[str], needed: Flags) -> list[str]:
    """A sentence on songs that have one vector and are in the list all the same, as each of them was named."""
    groups: dict[bytes, list[int]] = {}
    for at in np.flatnonzero(needed).tolist():
        groups.setdefault(np.ascontiguousarray(index.vectors[at]).tobytes(), []).append(at)
    twins = [" and ".join(legible(names[at]) for at in group) for group in groups.values() if len(group) > 1]
    more = " …" if len(twins) > _SHOWN else ""
    some = ", ".join(twins[:_SHOWN]) + more
    return [f"in the list as each was named, though the vectors are the very same: {some}"] if twins else []


def _first(names: Iterable[str], flags: Flags) -> str:
    return repr(list(names)[int(np.argmax(flags))])
