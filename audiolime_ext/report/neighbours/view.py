"""The content of the page about why songs are near: sentences, bars and tables, decided here and only drawn there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from audiolime_ext.files.names import legible
from audiolime_ext.recommendation.why import words
from audiolime_ext.recommendation.why.result import Why
from audiolime_ext.report.neighbours.bands import BandsView
from audiolime_ext.report.neighbours.excerpts import Excerpt
from audiolime_ext.report.neighbours.heat import Heat, heat_maps
from audiolime_ext.report.neighbours.shares import (
    SILENCE_IS,
    STEM_IS,
    Bar,
    Table,
    by_candidate,
    output_table,
    signed,
    stem_bars,
)
from audiolime_ext.report.neighbours.spectrograms import Sheet
from audiolime_ext.report.neighbours.told import AlikeView, FlipView
from audiolime_ext.report.song.facts import stems_are
from audiolime_ext.report.song.facts import title_of as title_of_split
from audiolime_ext.text import minus

LINKED = (
    "Mute or solo a stem in one song, and the stem of the same name is switched wherever there is one. All songs are "
    "played equally loud; how much each was turned up or down for that is said below."
)


@dataclass(frozen=True)
class Song:
    """A song of the page: what is played of it, or why nothing is."""

    role: str
    title: str
    told: str
    player: str = field(default="", repr=False)


@dataclass(frozen=True, eq=False)
class WhyView:
    """What the template ``why.html.j2`` writes; `data` is for the script."""

    title: str
    question: str
    facts: tuple[str, ...]
    say: str
    details: tuple[str, ...]
    bars: tuple[Bar, ...]
    total: str
    noun: str
    by_candidate: Table | None
    songs: tuple[Song, ...]
    heats: tuple[Heat, ...]
    sheet: Sheet | None
    outputs: Table | None
    without: tuple[str, ...]
    ranked: bool
    notes: tuple[str, ...]
    flip: FlipView | None = None
    alike: AlikeView | None = None
    bands: BandsView | None = None
    terms: tuple[tuple[str, str], ...] = ()
    made_by: str = ""
    linked: str = LINKED
    data: dict[str, Any] = field(default_factory=dict, repr=False)


def make_view(
    why: Why,
    found: tuple[Excerpt, ...],
    players: dict[str, Markup],
    sheet: Sheet | None,
    flip: FlipView | None = None,
    alike: AlikeView | None = None,
    bands: BandsView | None = None,
) -> WhyView:
    """The view of a result.

    Parameters
    ----------
    why : Why
        The result.
    found : tuple of Excerpt
        Excerpts of the songs of which there is sound.
    players : dict of str to Markup
        Role → player; empty where the page has no sound.
    sheet : Sheet or None
        Spectrograms.
    flip, alike : FlipView, AlikeView or None
        The smallest change, and the seconds that are alike, where they were looked for.
    bands : BandsView or None
        Map of where in time and frequency it comes from, where that was asked for.
    """
    return WhyView(
        title=title_of(why),
        question=question_of(why),
        facts=(
            *map(minus, words.places(why)),
            title_of_split(why.track, names=tuple(why.weights)),
            stems_are(why.query.separator, tuple(why.weights), brief=False),
        ),
        say=words.answer(why, page=True),
        details=tuple(map(minus, (*words.agreement(why), *words.by_outputs(why), *words.of_pairs(why)))),
        bars=tuple(stem_bars(why)),
        total=signed(why.score),
        noun=why.voice.kind.noun,
        by_candidate=by_candidate(why),
        songs=tuple(_songs(why, found, players)),
        heats=tuple(heat_maps(why, found)),
        sheet=sheet,
        outputs=output_table(why),
        without=tuple(map(minus, words.without_stems(why))),
        ranked=why.standing is not None,
        notes=tuple(minus(legible(note)) for note in words.remarks(why)),
        flip=flip,
        alike=alike,
        bands=bands,
        terms=tuple(terms_of(why)),
        made_by=f"Separator: {why.query.separator or 'own stems'}. Model: {why.model}. Vectors: {why.space.kind}",
        data={"songs": [_for_script(excerpt) for excerpt in found if excerpt.role in players]},
    )


def title_of(why: Why) -> str:
    """The question: ``Why A, and not B?``"""
    names = [legible(song.name) for song in why.candidates]
    if not names:
        return f"Why does {legible(why.query.name)} fit the taste?"
    return f"Why {', and not '.join(names)}?"


def question_of(why: Why) -> str:
    """The question in a sentence."""
    query, names = legible(why.query.name), [legible(song.name) for song in why.candidates]
    if not names:
        return f"Which sounds of {query} make it fit a taste that was learnt from songs that are liked?"
    if len(names) == 1:
        return f"Which sounds of {query} make {names[0]} similar to it?"
    return f"Which sounds of {query} make it more similar to {names[0]} than to {names[1]}?"


def terms_of(why: Why) -> list[tuple[str, str]]:
    """The words of the page and what each means."""
    noun, terms = why.voice.kind.noun, [("Query", "the song that is asked about"), STEM_IS, SILENCE_IS]
    if why.candidates:
        terms.append(("Similarity", why.space.meaning))
    if noun == "difference":
        terms.append(("Difference", "the similarity to the first song less the similarity to the second"))
    if noun == "log-odds":
        terms.append(("Log-odds", "how well a song fits the taste, on a scale without ends; 0: as likely as not"))
    if any(matrix is not None for matrix in why.matrices):
        both = "those of the query's silence and those of the other song's; the row “silence” is the query's alone"
        terms.append(("All pairs with silence", both))
    if stem_bars(why):
        terms.append(("Bar", f"what silence, or a stem of the query, adds to the {noun} (+) or takes from it (−)"))
    return terms


def _songs(why: Why, found: Sequence[Excerpt], players: dict[str, Markup]) -> list[Song]:
    by_role, songs = {excerpt.role: excerpt for excerpt in found}, []
    for role, song in zip(("query", "a", "b"), (why.query, *why.candidates), strict=False):
        title = legible(song.name)
        if role in players:
            songs.append(Song(role, title, by_role[role].told, players[role]))
        elif role not in by_role:
            told = song.notes[0] if song.notes else "there is no sound of it"
            songs.append(Song(role, title, f"not played here: {legible(told)}"))
    return songs


def _for_script(excerpt: Excerpt) -> dict[str, Any]:
    return {"role": excerpt.role, "span": list(excerpt.span), "stem": excerpt.stem}
