"""What the page of a map says, and what its script draws; everything is decided here.

Places are whole numbers from 0 to 10,000 on both axes, to one scale, so that no direction is stretched. A song's
neighbours are those of the original space: the script draws them as lines and says which of them the map tears apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.files.names import legible
from audiolime_ext.recommendation.maps.regions import LEVEL
from audiolime_ext.recommendation.maps.result import EmbeddingMap
from audiolime_ext.recommendation.maps.words import UNSTABLE, reading
from audiolime_ext.recommendation.space import AVERAGE, meaning
from audiolime_ext.report.maps.figures import Curve, Picture, curve_of, picture_of
from audiolime_ext.report.maps.groups import NO_GROUP, SHAPES, GroupView, group_view
from audiolime_ext.report.song.facts import listener
from audiolime_ext.text import counted

SIDE = 10_000
FAR = 0.15  # of the map's width
ONE_OF = {"query": "query", "candidates": "candidate"}  # what a song is called that is marked so
HOW_TO_READ = (
    "Point at a song: lines lead to the songs that are nearest to it in the model’s own space, wherever the map has "
    "put them.",
    "The method makes clumps of anything, even of noise. So a map of noise, made in the same way, stands below.",
    f"A hollow song keeps less than {100 * UNSTABLE:.0f} % of its neighbours when the map is made again: its place "
    "means little.",
    "Principal components show the same songs in a plain projection: less is told apart there, but distances mean "
    "what they say.",
)


@dataclass(frozen=True)
class MapView:
    """The parts of the page."""

    title: str
    subtitle: str
    headline: str
    sentences: tuple[str, ...]
    caution: str
    reading: tuple[str, ...]
    terms: tuple[tuple[str, str], ...]
    noise: str
    settled: str
    curve: Curve | None
    picture: Picture
    groups: GroupView | None
    counts: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]
    settings: str
    data: dict[str, Any] = field(repr=False)


def map_view(found: EmbeddingMap) -> MapView:
    """The parts of a map's page, without its sounds.

    Parameters
    ----------
    found : EmbeddingMap
        Map of songs.
    """
    n = counted(len(found.places), "song")
    heard = listener(found.index.model) if found.index.model else "the vectors of the catalogue"
    by = f", coloured by {legible(found.groups.column)}" if found.groups else ""
    groups = None if found.groups is None else group_view(found.groups)
    return MapView(
        title=f"Map of {legible(found.index.folder.name)}",
        subtitle=f"{n}, as {heard} hears them{by}." if found.index.model else f"{n}, by {heard}{by}.",
        headline=found.headline,
        sentences=tuple(line for line in found.sentences if line != reading(found)),
        caution=reading(found),
        reading=HOW_TO_READ,
        terms=_terms(found),
        noise=_noise(found),
        settled=_settled(found),
        curve=curve_of(found.layout.movement, found.settings.tolerance),
        picture=picture_of(found),
        groups=groups,
        counts=_counts(found),
        notes=tuple(map(legible, found.notes)),
        settings=_settings(found),
        data=_data(found, groups),
    )


def places_of(points: NDArray[np.float64]) -> list[int]:
    """Points as whole numbers from 0 to `SIDE`, x and y in turns, the middle of each axis in the middle.

    Parameters
    ----------
    points : ndarray of float64, shape (n, 2)
        Places, in any unit; y grows upward, and downward in the result.

    Examples
    --------
    >>> places_of(np.array([[0.0, 0.0], [4.0, 2.0]]))
    [0, 7500, 10000, 2500]
    """
    if not len(points):
        return []
    low, high = points.min(axis=0), points.max(axis=0)
    extent = float((high - low).max()) or 1.0
    scaled = (points - (low + high) / 2) / extent * [1.0, -1.0] + 0.5
    return np.rint(SIDE * scaled).astype(int).ravel().tolist()  # type: ignore[no-any-return]


def _noise(found: EmbeddingMap) -> str:
    if found.clumped is None:
        return "There are too few songs to compare the two."
    if found.clumped:
        return "In the model’s own space, the songs clump more than such noise does."
    if found.p_clumped <= LEVEL:
        told = "The songs lie less evenly than such noise, but no clumps are told from a continuum"
    else:
        told = "The songs have no clumps that such noise could not have"
    if found.groups is not None and found.groups.of_kind("own"):
        return f"{told}. Regions that groups have are told from the model’s own space: do not read others off the map."
    return f"{told}: do not read clusters off the map."


def _settled(found: EmbeddingMap) -> str:
    if found.layout.movement.settled:
        return "The map has settled."
    return "The map has not settled: it could look different if it went on."


def _terms(found: EmbeddingMap) -> tuple[tuple[str, str], ...]:
    similar = meaning("" if found.space == "plain" else AVERAGE)
    steady = (
        "the share of its neighbours on the map that a song keeps when the map is made again, the lower of two: from "
        "random starts, and with 80 % of the songs"
    )
    far = (
        f"more than {100 * FAR:.0f} % of the map’s width away, with more songs between than are told as its "
        "neighbours: the map tears the two apart"
    )
    return ("Similarity", similar), ("Stability", steady), ("Far away on this map", far)


def _counts(found: EmbeddingMap) -> tuple[tuple[str, int], ...]:
    index = found.index
    told = [
        ("songs in the index", len(index.songs)),
        ("on the map", len(found.places)),
        ("left out, since they have no direction", len(index.songs) - len(found.places)),
    ]
    told += [("could not be measured", len(index.failures))] if index.failures else []
    told += [("yet to be measured", index.n_waiting)] if index.n_waiting else []
    if found.groups is not None:
        told.append((f"groups by {legible(found.groups.column)}", len(found.groups.counts)))
        told += [("songs without a group", n)] if (n := sum(one is None for one in found.groups.of_songs)) else []
    return tuple(told)


def _settings(found: EmbeddingMap) -> str:
    s = found.settings
    return (
        f"t-SNE from the principal components, by cosine in the {found.space} space: perplexity {s.perplexity:g}, "
        f"early exaggeration {s.early_exaggeration:g}, learning rate {s.learning_rate:g} (as scikit-learn counts it), "
        f"at most {s.max_iterations} iterations, seed {s.seed}"
    )


def _data(found: EmbeddingMap, groups: GroupView | None) -> dict[str, Any]:
    names = [] if groups is None else [entry.name for entry in groups.legend]
    told = {} if found.groups is None else {name: i for i, name in enumerate(found.groups.counts)}
    of = [] if found.groups is None else [told.get(one, len(told)) for one in found.groups.of_songs]  # type: ignore[arg-type]
    return {
        "names": [legible(name) for name in found.names],
        "column": None if groups is None else groups.column,
        "groups": names,
        "colors": [] if groups is None else [entry.color for entry in groups.legend],
        "shapes": list(SHAPES.values()),
        "of": of,
        "without": NO_GROUP,
        "stability": _hundredths(found.stability.each),
        "shaky": round(100 * UNSTABLE),
        "far": round(SIDE * FAR),
        "views": {
            "map": places_of(found.layout.positions),
            "principal": places_of(found.principal),
            "noise": places_of(found.noise.positions),
        },
        "k": int(found.neighbours.shape[1]),
        "near": found.neighbours.ravel().tolist(),
        "similar": np.rint(1000 * np.nan_to_num(found.similarities)).astype(int).ravel().tolist(),
        "marks": [{"name": ONE_OF[name], "songs": list(map(int, songs))} for name, songs in found.marked.items()],
    }


def _hundredths(shares: NDArray[np.float64]) -> list[int | None]:
    return [None if share != share else round(100 * share) for share in shares.tolist()]
