"""One self-contained HTML file of the songs that are nearest: how near, by what, and some seconds of each to hear.

Of every song the middle is played, in mono, all equally loud. A song whose file is gone, was changed since it was
indexed, or cannot be read has no sound here; why is said in its place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import version

import numpy as np
from markupsafe import Markup

from audiolime_ext.audio.recording import Audio
from audiolime_ext.files.names import legible
from audiolime_ext.recommendation.result import Neighbour, Pair, Similar, mostly_by
from audiolime_ext.recommendation.space import AVERAGE, meaning
from audiolime_ext.recommendation.telling import PAIRS
from audiolime_ext.report.neighbours.loudness import equal_gains_db, gain_in_words
from audiolime_ext.report.neighbours.shares import SILENCE_IS, STEM_IS, Bar, Table, bars, signed
from audiolime_ext.report.player.clip import data_uri
from audiolime_ext.report.player.middle import middle_of, middle_of_song
from audiolime_ext.report.song.facts import listener
from audiolime_ext.report.templating import policy, render, static
from audiolime_ext.text import minus

EXCERPT_S = 8.0
_CORRECTED = "the similarity, corrected for songs that are near to everything, from 0 to 1"
RANKED_IS = {
    "mutual proximity": _CORRECTED,
    "local scaling": _CORRECTED,
    "relevance": "how likely it is that the song is liked, from 0 to 1",
}
MOST_BARS = 6


@dataclass(frozen=True)
class Heard:
    """A song of the page: which seconds are played, or why none are; and their sound."""

    name: str
    told: str
    address: str = field(default="", repr=False)


@dataclass(frozen=True, eq=False)
class Row:
    """A neighbour as it is listed: its numbers, by what it is near, and its sound."""

    rank: int
    heard: Heard
    similarity: str
    nearness: str
    by: str
    bars: tuple[Bar, ...]
    reasons: Table | None


def similar_html(found: Similar, *, title: str | None = None, audio: bool = True) -> str:
    """The page as text.

    Parameters
    ----------
    found : Similar
        Result of `audiolime_ext.recommendation.similar.similar`.
    title : str or None
        Title of the page; None: what was looked for.
    audio : bool
        True to embed some seconds of each song.
    """
    queries, songs = _sounds(found) if audio else _silent(found)
    rows = [_row(row, heard) for row, heard in zip(found.rows, songs, strict=True)]
    script = static("neighbours/nearest.js") + "\naudiolime.playOneAtATime();\n"
    style = static("song/page.css") + static("neighbours/neighbours.css")
    return render(
        "neighbours/nearest.html.j2",
        title=title or _title(found),
        found=found,
        heard=f"as {listener(found.model)} hears them" if found.model else "in the vectors of the catalogue",
        model=found.model or "the vectors of the catalogue",
        queries=queries,
        rows=rows,
        pairs=_pairs(found),
        weights=[f"{legible(name)} × {weight:g}" for name, weight in found.weights.items()],
        notes=[legible(note) for note in found.notes if note != PAIRS.format(where=" (in the JSON)")],
        terms=_terms(found),
        ranked=None if found.ranked_by == "similarity" else found.ranked_by,
        seconds=f"{EXCERPT_S:g}",
        sounds=audio,
        policy=policy(script, style),
        script=Markup(script),
        style=Markup(style),
        version=version("audiolime-ext"),
    )


def _title(found: Similar) -> str:
    if not found.queries:
        return "Pairs of songs"
    what = "Least similar" if found.weakest else "Most similar"
    return f"{what} to {' + '.join(map(legible, found.queries))}"


def _row(row: Neighbour, heard: Heard) -> Row:
    kept = dict(sorted(row.contributions.items(), key=lambda one: -abs(one[1]))[:MOST_BARS])
    reasons = None
    if row.matrix is not None:
        lines = zip(row.matrix.rows, row.matrix.cells, strict=True)
        reasons = Table(("", *row.matrix.columns), tuple((name, tuple(map(signed, line))) for name, line in lines))
    similarity, nearness = signed(row.similarity).lstrip("+"), minus(f"{row.nearness:.3f}")
    return Row(row.rank, heard, similarity, nearness, minus(mostly_by(row)), tuple(bars(kept)), reasons)


def _pairs(found: Similar) -> list[tuple[Pair, str, str]]:
    return [(pair, " and ".join(map(legible, pair.names)), minus(mostly_by(pair))) for pair in found.pairs]


def _terms(found: Similar) -> list[tuple[str, str]]:
    """The words of the page and what each means."""
    ranked = [] if found.ranked_by == "similarity" else [(found.ranked_by.capitalize(), RANKED_IS[found.ranked_by])]
    terms = [("Similarity", meaning("" if found.space == "plain" else AVERAGE)), *ranked]
    told_of: list[Neighbour | Pair] = [*found.rows, *found.pairs]
    if not any(one.matrix is not None and not one.contributions for one in told_of):
        return terms
    listed = any(row.matrix is not None for row in found.rows)
    mostly = PAIRS.format(where=", in the table below each song," if listed else "").removeprefix("mostly by: ")
    return [*terms, STEM_IS, SILENCE_IS, ("Mostly by", mostly)]


def _silent(found: Similar) -> tuple[list[Heard], list[Heard]]:
    return [Heard(legible(name), "") for name in found.queries], [Heard(legible(row.name), "") for row in found.rows]


def _sounds(found: Similar) -> tuple[list[Heard], list[Heard]]:
    """The queries and the neighbours with their sound, all equally loud."""
    names = [legible(name) for name in (*found.queries, *(row.name for row in found.rows))]
    told: list[Audio | str] = [middle_of(sound, EXCERPT_S) for sound in found.sounds]
    told += ["there is no sound of it"] * (len(found.queries) - len(told))
    told += [middle_of_song(found.folder, song, EXCERPT_S) for song in found.songs]
    played = [one for one in told if isinstance(one, Audio)]
    gains = equal_gains_db([one.samples for one in played], [float(np.abs(one.samples).max()) for one in played])
    gain_of = {id(one): gain for one, gain in zip(played, gains, strict=True)}
    heard = [
        Heard(name, one)
        if isinstance(one, str)
        else Heard(name, f"{one.name}, {gain_in_words(gain_of[id(one)])}", _address(one, gain_of[id(one)]))
        for name, one in zip(names, told, strict=True)
    ]
    return heard[: len(found.queries)], heard[len(found.queries) :]


def _address(audio: Audio, gain_db: float) -> str:
    return data_uri(Audio(audio.samples * np.float32(10 ** (gain_db / 20)), audio.sr, audio.name))
