"""A map as plain values, as a table of its songs, and in a notebook."""

from __future__ import annotations

import csv
import html
import io
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from audiolime_ext.files.names import legible
from audiolime_ext.recommendation.maps import words
from audiolime_ext.text import html_table

if TYPE_CHECKING:
    from audiolime_ext.recommendation.maps.result import EmbeddingMap, Groups, Layout

SCHEMA_VERSION = 1
_TOLD = ("key", "path", "title", "artist", "album", "genre", "year", "duration_s")


def rows(found: EmbeddingMap) -> list[dict[str, Any]]:
    """What is known of each song of the map, in its order."""
    groups = None if found.groups is None else found.groups.of_songs
    marks = dict[int, list[str]]()
    for name, places in found.marked.items():
        for at in places:
            marks.setdefault(at, []).append(name)
    stability = found.stability
    numbers = zip(
        found.layout.positions.tolist(),
        found.principal.tolist(),
        stability.by_starts.tolist(),
        stability.by_subsamples.tolist(),
        strict=True,
    )
    return [
        {"name": found.names[at], **{name: getattr(found.index.songs[found.places[at]], name) for name in _TOLD}}
        | {"x": x, "y": y, "first_component": first, "second_component": second}
        | {"kept_from_starts": by_starts, "kept_from_subsamples": by_subsamples}
        | ({} if groups is None else {"group": groups[at]})
        | ({"marked": ", ".join(marks.get(at, [])) or None} if marks else {})
        for at, ((x, y), (first, second), by_starts, by_subsamples) in enumerate(numbers)
    ]


def as_csv(found: EmbeddingMap) -> str:
    """The rows as CSV."""
    told, file = rows(found), io.StringIO(newline="")
    writer = csv.DictWriter(file, list(told[0]))
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in told)
    return file.getvalue()


def as_dict(found: EmbeddingMap) -> dict[str, Any]:
    """All of a map as plain values; neighbours are places on the map."""
    songs = rows(found)
    for song, near, cosines in zip(songs, found.neighbours.tolist(), found.similarities.tolist(), strict=True):
        song["neighbours"] = [
            {"place": place, "similarity": cosine} for place, cosine in zip(near, cosines, strict=True) if place >= 0
        ]
    stability = found.stability
    again = {"k": stability.k, "n_starts": stability.n_starts, "n_subsamples": stability.n_subsamples}
    means = {"by_starts": float(stability.by_starts.mean()), "by_subsamples": float(stability.by_subsamples.mean())}
    return {
        "schema_version": SCHEMA_VERSION,
        "index": str(found.index.folder),
        "model": found.index.model,
        "space": found.space,
        "settings": asdict(found.settings),
        "headline": words.headline(found),
        "sentences": list(words.sentences(found)),
        "clumped": found.clumped,
        "p_clumped": found.p_clumped,
        "n_apart": found.n_apart,
        "n_compared": found.n_compared,
        "explained": list(found.explained),
        "map": _layout(found.layout),
        "noise": _layout(found.noise) | {"positions": found.noise.positions.tolist()},
        "stability": again
        | means
        | {"chance": stability.chance, "chance_of_subsamples": stability.chance_of_subsamples},
        "groups": None if found.groups is None else _groups(found.groups),
        "marked": {name: list(places) for name, places in found.marked.items()},
        "songs": songs,
        "notes": list(found.notes),
    }


def as_html(found: EmbeddingMap) -> str:
    """What is said, the picture, and the groups, for a notebook."""
    told = "".join(f"<p>{html.escape(line)}</p>" for line in [found.headline, *found.sentences])
    groups = "" if found.groups is None else html_table(*words.rows_of_groups(found.groups))
    notes = "".join(f"<p>note: {html.escape(legible(note))}</p>" for note in found.notes)
    return f"<div>{told}{groups}{notes}</div>"


def _layout(layout: Layout) -> dict[str, Any]:
    movement = layout.movement
    moved = {"iterations": movement.iterations.tolist(), "moves": movement.moves.tolist(), "settled": movement.settled}
    return {"trustworthiness": layout.trustworthiness, "clumping": layout.clumping, "movement": moved}


def _groups(groups: Groups) -> dict[str, Any]:
    numbers = {"silhouette": groups.silhouette, "p": groups.p, "n_permutations": groups.n_permutations}
    each = {"regions": list(map(asdict, groups.regions)), "pairs": list(map(asdict, groups.pairs))}
    return {"column": groups.column, "counts": dict(groups.counts)} | numbers | each


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else ""
    return legible(value) if isinstance(value, str) else value
