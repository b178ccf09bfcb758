"""The content of a page about one explanation: numbers for the browser, tables and sentences for everybody.

A *view* is one recording split in one way: the explanation of a track (many windows) or of an excerpt (one). A *cell*
is one label in one window, and everything the page says about it is decided in Python, where it is tested: the browser
only draws. `audiolime_ext.explanation.leading` decides what may be claimed, for terminals as well,
`audiolime_ext.explanation.words` words it, and `audiolime_ext.report.song.facts` says what it all is of. Numbers are
those of terminals and tables: scores lie between 0 and 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.components.components import Components
from audiolime_ext.components.masks import Neighborhood
from audiolime_ext.explanation import together
from audiolime_ext.explanation.explanation import Explanation
from audiolime_ext.explanation.leading import Leading
from audiolime_ext.explanation.sources import together_db
from audiolime_ext.explanation.words import Voice, fitting, sentence, value_remarks
from audiolime_ext.prediction.taggram import Taggram
from audiolime_ext.report.player.player import matched_gain_db, stem_colors
from audiolime_ext.report.song.facts import (
    colors_shared,
    computed,
    facts,
    stems_are,
    summary_title,
    sums,
    terms,
    title_of,
)
from audiolime_ext.report.song.map import picture, taggram_rows
from audiolime_ext.report.song.quiz import right_answers
from audiolime_ext.report.song.relevance import MapView
from audiolime_ext.report.templating import boundary, clock
from audiolime_ext.text import counted, minus
from audiolime_ext.track.explanation import TrackExplanation
from audiolime_ext.track.window import Window

Array = NDArray[np.float64]

MOST_COLUMNS = 8  # of the table


def as_track(explanation: Explanation) -> TrackExplanation:
    """An excerpt's explanation as that of a track with one window; its taggram is that window."""
    parts, near = explanation.components, explanation.neighborhood
    window = Window(
        parts.start_s,
        parts.duration_s,
        explanation.names,
        parts.levels_db,
        parts.residual_db,
        near,
        explanation.attribution,
        explanation.checks.shifts,
    )
    taggram = Taggram(explanation.all_labels, np.array([parts.start_s]), near.full[None], np.zeros(1, bool))
    return TrackExplanation(
        explanation.labels,
        explanation.all_labels,
        (window,),
        taggram,
        -np.inf,
        parts.start_s,
        parts.start_s + parts.duration_s,
        parts.recording_name,
        parts.grid,
        explanation.provenance,
        lambda number: explanation,
        lambda: iter([replace(parts.excerpt, notes=())]),
        notes=explanation.notes,
        warnings=(*explanation.warnings, *explanation.check_remarks()),
        noise=explanation.checks.noise,
    )


def cell(track: TrackExplanation, number: int, label: str) -> dict[str, Any]:
    """The content of the page for a label in a window; see the head of ``page.js`` for the keys."""
    place, column, voice = track.windows[number], track.column(label), track.voice(label, page=True)
    near, weights = place.neighborhood, place.attribution.weights[column]
    interval = None if place.attribution.exact else place.attribution.interval()
    half = None if interval is None else (interval[1] - interval[0])[column] / 2
    full, empty = float(near.full[column]), float(near.empty[column])
    at = [track.names.index(name) for name in place.names]
    found = track.leading(number, column)
    entries = [] if found is None else found.entries(place.names, weights)
    top = [] if found is None else [i for source in found.components() for i in source]
    alone, without = _alone_and_without(near, top, column)
    answers = near.scores[:, column]
    fine = voice if found is None else fitting(found, voice)
    acting = [] if found is None else together.remarks(found.sources, near, fine, column)
    leader = _of_leader(found, place, voice, column)
    both = bool(leader) and len(place.names) == 2  # the one sentence says of two sources what the other does
    return {
        "full": _rounded(full),
        "empty": _rounded(empty),
        "alone": _rounded(alone),
        "without": _rounded(without),
        "weights": _spread(weights, place.names, track.names),
        "errors": None if half is None else _spread(half, place.names, track.names),
        "top": [at[i] for i in top],
        "answers": right_answers(found, voice, at),
        "top_name": ", ".join(name for name, _ in entries),
        "gain_db": matched_gain_db(together_db([place.levels_db[i] for i in top])) if top else None,
        "digits": fine.digits(1.0 if found is None else found.largest),
        "say": _silence(voice, full) if found is None else sentence(found, place.names, voice),
        "remarks": [
            *leader,
            *map(minus, [] if both else acting),
            *value_remarks(fine, full, empty, answers, weights=found.weights if found else (), acting=bool(acting)),
        ],
    }


def _of_leader(found: Leading | None, place: Window, voice: Voice, column: int) -> list[str]:
    if found is None or not found.known:
        return []
    values = _alone_and_without(place.neighborhood, found.columns(found.first[0]), column)
    return together.of_leader(found, voice, place.attribution.method, *values)


def _silence(voice: Voice, full: float) -> str:
    return f"There is silence here ({voice.noun_and_value(full)})."


def _alone_and_without(
    near: Neighborhood, components: Sequence[int] | None, column: int
) -> tuple[float | None, float | None]:
    """The values of these components alone and of all others; None where there are none or it was not asked."""
    if not components:
        return None, None
    on = np.isin(np.arange(near.masks.shape[1]), components)
    alone, without = (None if (found := near.answer(mask)) is None else float(found[column]) for mask in (on, ~on))
    return alone, without


def _spread(values: Array, own: Sequence[str], names: Sequence[str]) -> list[float]:
    known = dict(zip(own, values.tolist(), strict=True))
    return [round(known.get(name, 0.0), 5) for name in names]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 5)


@dataclass(frozen=True)
class Note:
    """A listener's remark: when (in seconds of the recording) and what."""

    t: float
    text: str


@dataclass(frozen=True, eq=False)
class View:
    """What the template ``view.html.j2`` writes; `data` is for the script."""

    recording_name: str
    title: str
    exact_title: str
    facts: str
    stems_are: str
    warnings: tuple[str, ...]
    terms: tuple[tuple[str, str], ...]
    computed: tuple[str, ...]
    notes: tuple[str, ...]
    source_url: str | None
    labels: tuple[str, ...]
    taggram_rows: tuple[str, ...]
    begin: str
    end: str
    off: str
    columns: tuple[str, ...]
    noun: str
    window_s: float
    least: str
    summary_title: str
    sums: str
    table: tuple[dict[str, Any], ...]
    strongest: str
    blind: bool
    player: str
    clips: tuple[tuple[str, str], ...] = field(repr=False)
    maps: tuple[MapView, ...]
    data: dict[str, Any] = field(repr=False)


def make_view(
    track: TrackExplanation,
    *,
    parts: Components | None = None,
    player: str = "",
    source_url: str | None = None,
    blind: bool = False,
    mixture: bool = True,
    clips: Sequence[tuple[str, str]] = (),
    maps: Sequence[MapView] = (),
    name: str = "",
    recording: int = 0,
) -> View:
    """The view of one explanation.

    Parameters
    ----------
    track : TrackExplanation
        Explanation of the recording; that of an excerpt is made into one by `as_track`.
    parts : Components or None
        Components of the excerpt, where stems are cut into time segments; None: they are not.
    player : str
        Markup of the player; empty: no player.
    source_url, blind, mixture : str or None, bool, bool
        Options of the page: see `audiolime_ext.report.song.page.page_html`.
    clips : sequence of (str, str)
        Names and ``data:`` addresses of audio files that can be heard without the player.
    maps : sequence of MapView
        Maps of relevance, one for each label that has one.
    name : str
        Name of the recording, where there are several on the page.
    recording : int
        Number of the recording and passage on the page, by which splits of one are chosen together.
    """
    names, origin, kind = track.names, track.provenance, track.kind
    rows = taggram_rows(track.taggram, track.labels)
    number = Voice("", kind, page=True)
    stems = tuple(track.names if parts is None else parts.sources)
    residuals = [window.residual_db for window in track.windows if window.residual_db is not None]
    return View(
        recording_name=track.recording_name,
        title=title_of(track, name, names=stems),
        exact_title=title_of(track, name, exact=True),
        facts=facts(track, excerpt=parts is not None),
        stems_are=stems_are(origin.factorization, stems, max(residuals, default=None)),
        warnings=tuple(map(minus, (*colors_shared(stems), *track.warnings))),
        terms=tuple(terms(track)),
        computed=tuple(computed(track)),
        notes=tuple(map(minus, track.notes)),
        source_url=source_url,
        labels=track.labels,
        taggram_rows=tuple(rows) if len(track.taggram.times_s) > 1 else (),
        begin=clock(track.start_s),
        end=clock(track.end_s),
        off=origin.settings.baseline,
        columns=names if len(names) <= MOST_COLUMNS else (),
        noun=kind.noun,
        window_s=round(track.duration_s, 1),
        least=number.number(track.least) if np.isfinite(track.least) else "",
        summary_title=summary_title(track, excerpt=parts is not None),
        sums=sums(track) if len(names) <= MOST_COLUMNS else "",
        table=tuple(_row(track, label) for label in track.labels),
        strongest="" if blind else _strongest(track),
        blind=blind,
        player=player,
        clips=tuple(clips),
        maps=tuple(maps),
        data={**_data(track, parts, rows), "blind": blind, "mixture": mixture, "recording": recording},
    )


def _data(track: TrackExplanation, parts: Components | None, rows: Sequence[str]) -> dict[str, Any]:
    """What the script draws; see the head of ``page.js`` for the keys."""
    columns = [track.column(label) for label in track.labels]
    largest = float(np.abs(track.full[:, columns]).max(initial=0.0))
    return {
        "components": components(track.names, parts),
        "windows": [{"t": round(w.start_s, 4), "d": round(w.duration_s, 4), "silent": w.silent} for w in track.windows],
        "start_s": round(track.start_s, 4),
        "end_s": round(track.end_s, 4),
        "labels": list(track.labels),
        "cells": [[cell(track, number, label) for number in range(len(track.windows))] for label in track.labels],
        "taggram": picture(track, rows),
        "digits": Voice("", track.kind, page=True).digits(largest),
        "bounded": track.kind.noun == "score",
        "least": track.least if np.isfinite(track.least) else None,
        "off": track.provenance.settings.baseline,
    }


def components(names: Sequence[str], parts: Components | None) -> list[dict[str, Any]]:
    """The sound of each component for the player: a stem, or some seconds of it within the window."""
    if parts is None:
        shades = zip(names, stem_colors(names), strict=True)
        return [{"name": name, "color": color, "stem": name, "on": None} for name, color in shades]
    found: list[dict[str, Any]] = []
    for source, size, color in zip(parts.sources, parts.groups, stem_colors(parts.sources), strict=True):
        spans: list[Any] = [None] if size == 1 else [list(pair) for pair in pairwise(parts.boundaries_s)]
        found += [{"color": color, "stem": source, "on": span} for span in spans]
    return [{"name": name, **about} for name, about in zip(names, found, strict=True)]


def _row(track: TrackExplanation, label: str) -> dict[str, Any]:
    voice = track.voice(label, page=True)
    full, empty = track.mean_score(label)
    largest = float(np.abs(track.full[:, track.column(label)]).max())
    weights = [voice.signed(value, largest) for value in track.mean(label).values()]
    return {
        "label": label,
        "full": voice.number(full, largest),
        "empty": voice.number(empty, largest),
        "weights": weights if len(weights) <= MOST_COLUMNS else [],
        "leads": leads(track, label),
    }


def leads(track: TrackExplanation, label: str) -> str:
    """The top sources of a label, each with the number of its windows among those that reach the least value."""
    found = track.leaders(label)
    if not found.n_reached:
        return f"no window reaches {track.voice(label, page=True).number(track.least)}"
    named = ", ".join(f"{name} in {count}" for name, count in list(found.counts.items())[:3])
    reached = f" of {track.voice(label, page=True).number(track.least)} or more" if np.isfinite(track.least) else ""
    led = f"{named or 'none in any'} of {counted(found.n_reached, 'window')}{reached}"
    return f"{led}; {found.besides}" if found.besides else led


def _strongest(track: TrackExplanation) -> str:
    """What is said of the first label where it is highest, for browsers without a script; with the window's seconds."""
    if not track.labels:
        return ""
    number = track.highest(track.labels[0])
    window = track.windows[number]
    span = f"{boundary(window.start_s)}–{boundary(window.start_s + window.duration_s)}"
    return f"{span}: {cell(track, number, track.labels[0])['say']}"
