"""Which columns of a catalogue's table are what: what is known of a song, or a feature, a number of its sound.

Some names say what is known of a song (letter case is ignored):

==========  ===========================================================================
field       names, the first that is there is taken
==========  ===========================================================================
key         ``track_id``, ``track uri``, ``id``, ``song_id``, ``key``
path        ``path``, ``file``
title       ``title``, ``track_name``, ``track name``, ``name``
artist      ``artist``, ``artists``, ``artist_name``, ``artist name(s)``
album       ``album``, ``album_name``, ``album name``
genre       ``genre``, ``track_genre``
year        ``year``, ``release_date``, ``release date``, ``album release date``
duration_s  ``duration_s``, ``duration_ms``
==========  ===========================================================================

``key`` is the song's where there is no other column of keys and none called ``mode``; else it is the musical key of
Spotify, whose numbers go round, so that 11 lies next to 0 and a distance between them means nothing.

A column is a feature if all its cells are numbers or empty, one at least is a number, and its name is none of those
above, no name of a row or a song (``index``, ``Unnamed: 0``, or with ``id``, ``uri`` or ``url`` in it as a word), and
not ``popularity``, which is no number of the sound. Where features are named, these are taken, whatever they are
called. A cell is empty, too, if it says nan, inf, null, none, na or n/a.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.files.names import legible

NAMES: Mapping[str, tuple[str, ...]] = {
    "key": ("track_id", "track uri", "id", "song_id", "key"),
    "path": ("path", "file"),
    "title": ("title", "track_name", "track name", "name"),
    "artist": ("artist", "artists", "artist_name", "artist name(s)"),
    "album": ("album", "album_name", "album name"),
    "genre": ("genre", "track_genre"),
    "year": ("year", "release_date", "release date", "album release date"),
    "duration_s": ("duration_s", "duration_ms"),
}
KNOWN = frozenset(name for names in NAMES.values() for name in names)

_NO_FEATURE = re.compile(r"|index|popularity|unnamed: \d+|__index_level_\d+__|(.*[\W_])?(id|uri|url)([\W_].*)?", re.S)
_NUMBER = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*")
_NOTHING = frozenset(("", "nan", "inf", "-inf", "+inf", "infinity", "-infinity", "null", "none", "na", "n/a"))


@dataclass(frozen=True)
class Roles:
    """What the columns of a table are.

    Parameters
    ----------
    fields : dict of str to str
        Field of a song → the column that says it.
    candidates : tuple of str
        Columns that are features if they hold numbers.
    aside : tuple of str
        Columns that are neither.
    """

    fields: dict[str, str]
    candidates: tuple[str, ...]
    aside: tuple[str, ...]


def roles_of(columns: Sequence[str], features: Sequence[str] | None, *, source: str) -> Roles:
    """What the columns of a table are, by their names.

    Parameters
    ----------
    columns : sequence of str
        Names of the columns.
    features : sequence of str or None
        Columns to take as features; None: as the rule above says.
    source : str
        Name of the table in messages.

    Raises
    ------
    UsageError
        If two columns have one name, or one of the features is no column or is named twice.

    Examples
    --------
    >>> found = roles_of(["Unnamed: 0", "track_id", "track_name", "key", "mode", "tempo"], None, source="songs.csv")
    >>> found.fields, found.candidates, found.aside
    ({'key': 'track_id', 'title': 'track_name'}, ('mode', 'tempo'), ('Unnamed: 0', 'key'))
    """
    for names, what in ((columns, "is the name of two columns; give each its own"), (features or (), "is named twice")):
        if twice := [name for name, n in Counter(names).items() if n > 1]:
            raise UsageError(f"{source} cannot be used: {legible(twice[0])!r} {what}")
    for name in features or ():
        if name not in columns:
            raise unknown("column to take as a feature", name, columns)
    by_name = {name.strip().lower(): name for name in reversed(columns)}
    fields = {
        field: next(by_name[name] for name in names if name in by_name)
        for field, names in NAMES.items()
        if not by_name.keys().isdisjoint(names)
    }
    if fields.get("key", "").strip().lower() == "key" and "mode" in by_name:
        del fields["key"]
    rest = [name for name in columns if name not in fields.values()]
    named = [name for name in rest if _may_be_feature(name.strip().lower())]
    taken = tuple(named if features is None else features)
    return Roles(fields, taken, tuple(name for name in rest if name not in taken))


def _may_be_feature(name: str) -> bool:
    return name not in KNOWN and not _NO_FEATURE.fullmatch(name)


def numbers_of(cells: Sequence[str]) -> NDArray[np.float64] | int:
    """The numbers in the cells of a column, NaN where they are empty; or the place of the first that is no number.

    Examples
    --------
    >>> numbers_of(["1.5", "", "nan", "2e3"]), numbers_of(["1", "0,5"])
    (array([1.5e+00, nan, nan, 2.0e+03]), 1)
    """
    found = np.full(len(cells), np.nan)
    for place, cell in enumerate(cells):
        if _NUMBER.fullmatch(cell):  # float() takes 1_0, and digits of other scripts
            found[place] = float(cell)
        elif cell.strip().lower() not in _NOTHING:
            return place
    return found


def in_seconds(cells: Sequence[str | None]) -> list[str | None]:
    """Milliseconds as seconds; what is no number stays as it is.

    Examples
    --------
    >>> in_seconds(["230666", "", None])
    ['230.666', '', None]
    """
    return [str(float(cell) / 1000) if cell and _NUMBER.fullmatch(cell) else cell for cell in cells]


def told(labels: Sequence[str], aside: Iterable[str], no_numbers: Mapping[str, str], *, source: str) -> str:
    """A sentence on which columns are features, and which are not, and why."""
    out = [*map(_shown, aside), *(f"{_shown(name)} ({why})" for name, why in no_numbers.items())]
    rest = f"; not {', '.join(out)}" if out else ""
    return f"features of {source}: {', '.join(map(_shown, labels))}{rest}"


def require_features(
    found: Collection[str], features: Sequence[str] | None, no_numbers: Mapping[str, str], *, source: str
) -> None:
    """Raise `UsageError` where a table has no features, or one that was named holds no numbers."""
    for name in features or ():
        if name in no_numbers:
            raise UsageError(f"{source}: the column {_shown(name)} is no feature ({no_numbers[name]}); name others")
    if not found:
        why = "; ".join(f"{_shown(name)}: {why}" for name, why in [*no_numbers.items()][:3])
        raise UsageError(
            f"{source} has no column of numbers that could be a feature{f' ({why})' if why else ''}; write numbers "
            "with a point, such as 0.5, or name the columns to take"
        )


def _shown(name: str) -> str:
    """A column's name in a sentence: in quotation marks where it is not a plain word."""
    return legible(name) if re.fullmatch(r"[\w ]*\w", name) else f"'{legible(name)}'"
