"""Settings of t-SNE that are good beginnings, by name, and how to go on from them.

Perplexity says how many neighbours place a song; early exaggeration draws neighbours together in the first 250
iterations; the learning rate is the length of a step. For maps of a few hundred to some thousand songs a perplexity of
16 at most, no exaggeration and a learning rate of 10 are a good beginning [1]_. Then *look*, and change one thing:

- only blobs without a shape: raise early exaggeration to 3 or 4
- the whole has lost its shape, or is squeezed: double the learning rate, or raise perplexity, not beyond 16
- all is packed together: lower early exaggeration or the learning rate
- far more than 20,000 songs: a perplexity near n/100 and a learning rate near n/48 (n/12 as openTSNE counts) [2]_

*Spread* is the default, by measurement: of 401 tracks of free games (musicnn's penultimate layer of the middle 30 s,
centred) its map is most the same from random starts, comes nearest to rest, and is as true as others::

               perplexity,       trust-       of 10 neighbours on the map, again    last
               exaggeration,     worthiness   from random    with a fifth of the    move
               learning rate                  starts         songs left out
    local        5, 1, 10          .954          .800              .713             .0066
    balanced    10, 1, 10          .960          .785              .710             .0163
    global      16, 1, 10          .963          .759              .692             .0051
    gathered    16, 4, 10          .959          .864              .693             .0057
    spread      16, 4, 40          .960          .875              .691             .0019

Learning rates are scikit-learn's, which openTSNE and FIt-SNE count four times as high.

References
----------
.. [1] Gove, Cadalzo, Leiby, Singer and Zaitzeff, "New guidance for using t-SNE", Visual Informatics 6, 2022.
.. [2] Kobak and Berens, "The art of using t-SNE for single-cell transcriptomics", Nature Communications 10, 2019.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.recommendation.maps.result import MapSettings
from audiolime_ext.text import counted

PRESETS: Mapping[str, MapSettings] = {
    "local": MapSettings(perplexity=5.0),
    "balanced": MapSettings(perplexity=10.0),
    "global": MapSettings(),
    "gathered": MapSettings(early_exaggeration=4.0),
    "spread": MapSettings(early_exaggeration=4.0, learning_rate=40.0),
}
DEFAULT = "spread"
TUNING = (
    "Only blobs without a shape? Raise early exaggeration to 3 or 4.",
    "Has the whole lost its shape, or is it squeezed? Double the learning rate, or raise perplexity, not beyond 16.",
    "Is all packed together? Lower early exaggeration or the learning rate.",
    "Far more than 20,000 songs? Try a perplexity near n/100 and a learning rate near n/48 (n/12 as openTSNE counts).",
)
LEAST_SONGS = 10  # of which each is placed by three neighbours
_PER_NEIGHBOUR = 3  # neighbours that are looked at, for each of the perplexity


def settings_of(given: Any, n_songs: int) -> tuple[MapSettings, tuple[str, ...]]:
    """The settings that were given, as far as that many songs allow them, and sentences on what was changed.

    Parameters
    ----------
    given : MapSettings or str
        Settings, or the name of a preset.
    n_songs : int
        Number of songs that are to be laid out.

    Raises
    ------
    UsageError
        If there is no such preset, a setting is no number that it can be, or there are too few songs for a map.

    Examples
    --------
    >>> settings_of("local", 200)[0].perplexity
    5.0
    >>> settings_of("global", 40)
    (MapSettings(perplexity=13.0, ...), ('40 songs are too few for a perplexity of 16; it is lowered to 13',))
    """
    wanted = given
    if isinstance(given, str):
        if given not in PRESETS:
            raise unknown("preset", given, PRESETS)
        wanted = PRESETS[given]
    if not isinstance(wanted, MapSettings):
        raise UsageError(f"settings is {given!r}; give MapSettings, or a preset: {', '.join(PRESETS)}")
    _require(wanted)
    if n_songs < LEAST_SONGS:
        raise UsageError(
            f"{counted(n_songs, 'song')} with a direction of {'its' if n_songs == 1 else 'their'} own cannot be laid "
            f"out as a map, which needs {LEAST_SONGS} or more; audiolime similar lists the nearest of a few"
        )
    most = most_perplexity(n_songs)
    if wanted.perplexity <= most:
        return wanted, ()
    lowered = (
        f"{counted(n_songs, 'song')} are too few for a perplexity of {wanted.perplexity:g}; it is lowered to {most:g}"
    )
    return replace(wanted, perplexity=most), (lowered,)


def most_perplexity(n_songs: int) -> float:
    """The highest perplexity that so many songs allow: three neighbours are looked at for each one of it."""
    return float((n_songs - 1) // _PER_NEIGHBOUR)


def _require(settings: MapSettings) -> None:
    """Raise `UsageError` for settings that cannot be."""
    least = {"perplexity": 2.0, "early_exaggeration": 1.0, "max_iterations": 250, "tolerance": 0.0, "seed": 0}
    for one in fields(settings):
        value = getattr(settings, one.name)
        whole = one.name in ("max_iterations", "seed")
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)) or not math.isfinite(value):
            raise UsageError(f"{one.name} is {value!r}; give a {'whole ' if whole else ''}number")
        if value < least.get(one.name, 0.0) or (one.name == "learning_rate" and value == 0):
            bound = f"of at least {least[one.name]:g}" if one.name in least else "above 0"
            raise UsageError(f"{one.name} is {value!r}; give a number {bound}")
