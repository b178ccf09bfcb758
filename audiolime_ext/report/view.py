"""What a page shows of one explanation: numbers for the browser, tables and sentences for everybody.

A *view* is one recording split in one way: the explanation of a track (many windows) or of an excerpt (one). A *cell*
is one label in one window, and everything the page says of it is decided here, in Python, where it is tested: the
browser only draws. Scores of a label are written as parts of 100; other targets as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.components import Components
from audiolime_ext.confusion import holding_notes
from audiolime_ext.explanation import Explanation
from audiolime_ext.perturbation import Neighborhood
from audiolime_ext.provenance import Provenance
from audiolime_ext.registry import split_spec
from audiolime_ext.report.player import matched_gain_db, stem_colors
from audiolime_ext.report.templating import clock
from audiolime_ext.summary import METHOD_NAMES
from audiolime_ext.taggram import Taggram
from audiolime_ext.top import score_remarks, what_argues
from audiolime_ext.track.explanation import TrackExplanation, Window

Array = NDArray[np.float64]

MOST_ROWS = 12  # of the taggram
MOST_COLUMNS = 8  # of the table

LOUD_RESIDUAL_DB = -40.0  # of the mixture; what true stems miss is heard from there on
STEMS_ARE = {
    "hpss": "harmonic and percussive parts of the sound, not instruments",
    "bands": "frequency bands, not instruments",
    None: "own stems, as they were given",
}
ESTIMATED = "estimated stems: traces of other sources may remain in each"


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
        warnings=explanation.warnings,
    )


def cell(place: Window, column: int, label: str, names: Sequence[str], origin: Provenance) -> dict[str, Any]:
    """What the page says of a label in a window; see the head of ``static/page.js`` for the keys."""
    near, weights = place.neighborhood, place.attribution.weights[column]
    interval = None if place.attribution.exact else place.attribution.interval()
    certain = weights if interval is None else interval[0][column]
    arguing = what_argues(weights, certain, place.levels_db)
    top = arguing[0] if arguing else None
    full, empty = float(near.full[column]), float(near.empty[column])
    alone, without = (None, None) if top is None else _alone_and_without(near, top, column)
    name = None if top is None else place.names[top]
    counts = Words(label, origin)
    half = None if interval is None else (interval[1] - interval[0])[column] / 2
    return {
        "full": _rounded(full),
        "empty": _rounded(empty),
        "alone": _rounded(alone),
        "without": _rounded(without),
        "weights": _spread(weights, place.names, names),
        "errors": None if half is None else _spread(half, place.names, names),
        "top": None if name is None else list(names).index(name),
        "gain_db": None if top is None else matched_gain_db(place.levels_db[top]),
        "say": counts.sentence(name, full, empty, without, None if top is None else float(weights[top])),
        "remarks": score_remarks(label, full, empty, origin.baseline) if origin.target == "score" else [],
    }


@dataclass(frozen=True)
class Words:
    """How scores of a label are written and spoken of."""

    label: str
    origin: Provenance

    @property
    def scale(self) -> int:
        """100 where scores are parts of 100, else 1."""
        return 100 if self.origin.target == "score" else 1

    @property
    def digits(self) -> int:
        """Decimals of a number."""
        return 0 if self.scale == 100 else 2

    def number(self, value: float) -> str:
        """A score as it is written."""
        return f"{value * self.scale:.{self.digits}f}"

    def signed(self, value: float) -> str:
        """A share as it is written: with its sign, unless it is nothing."""
        return f"{value * self.scale:+.{self.digits}f}" if float(self.number(value)) else self.number(abs(value))

    def sentence(self, name: str | None, full: float, empty: float, without: float | None, weight: float | None) -> str:
        """What a musician reads first."""
        of_100 = " of 100" if self.scale == 100 else ""
        off = f"{self.origin.baseline}: {self.number(empty)}"
        here, quoted = self.number(full), f"“{self.label}”"
        if name is None or weight is None:
            return f"Nothing here argues for {quoted} ({here}{of_100}; {off})."
        if without is None or self.number(without) == here:
            return f"{quoted} ({here}{of_100}; {off}) comes most from {name}: +{self.number(weight)}."
        moves = "falls" if without < full else "rises"
        return f"Without {name}, {quoted} {moves} from {here} to {self.number(without)}{of_100} ({off})."


def taggram_rows(taggram: Taggram, labels: Sequence[str]) -> list[str]:
    """The explained labels first, then those that are ever highest, a dozen in all."""
    ranked = [taggram.labels[i] for i in np.argsort(-taggram.scores.max(axis=0), kind="stable")]
    rows = [label for label in labels if label in taggram.labels]
    return [*rows, *(label for label in ranked if label not in rows)][: max(MOST_ROWS, len(rows))]


def stems_are(spec: str | None, names: Sequence[str] = (), residual_db: float | None = None) -> str:
    """Whether the stems are what they are called; one source against the rest is what its separator is.

    Parameters
    ----------
    names
        The stems.
    residual_db
        The highest level of what they miss of the recording, relative to the mixture; None: they miss nothing.

    Examples
    --------
    >>> stems_are("ova:oracle:stems:guitar") == stems_are("oracle:stems"), stems_are("cerberus")
    (True, 'estimated stems: traces of other sources may remain in each')
    >>> stems_are("oracle:stems", residual_db=-17.2)
    'true stems, but they miss part of what was recorded: what is left sounds at -17.2 dB (residual)'
    >>> stems_are("cerberus", ["bass", "drums"])
    'estimated stems: bass may hold drums and guitar; drums may hold guitar (measured: 10 % or more of a true one ...)'
    """
    kind = None if spec is None else split_spec(spec.removeprefix("ova:"))[0]
    if kind == "oracle":
        if residual_db is None or residual_db <= LOUD_RESIDUAL_DB:
            return "true stems: what is switched is what was recorded"
        return (
            "true stems, but they miss part of what was recorded: what is left sounds at "
            f"{residual_db:.1f} dB (residual)"
        )
    said = STEMS_ARE.get(kind)
    held = "".join(holding_notes(spec, names))
    if said is None:
        return f"{ESTIMATED.partition(':')[0]}: {held}" if held else ESTIMATED
    return f"{said}; {held}" if held else said


def _alone_and_without(near: Neighborhood, component: int, column: int) -> tuple[float | None, float | None]:
    on = np.arange(near.masks.shape[1]) == component
    found = [np.flatnonzero((near.masks == mask).all(axis=1)) for mask in (on, ~on)]
    alone, without = (float(near.scores[rows[0], column]) if len(rows) else None for rows in found)
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
    facts: str
    stems_are: str
    notes: tuple[str, ...]
    source_url: str | None
    labels: tuple[str, ...]
    taggram_rows: tuple[str, ...]
    begin: str
    end: str
    off: str
    columns: tuple[str, ...]
    table: tuple[dict[str, Any], ...]
    remarks: tuple[Note, ...]
    blind: bool
    player: str
    clips: tuple[tuple[str, str], ...] = field(repr=False)
    data: dict[str, Any] = field(repr=False)


def make_view(
    track: TrackExplanation,
    *,
    parts: Components | None = None,
    player: str = "",
    source_url: str | None = None,
    notes: Sequence[Note] = (),
    blind: bool = False,
    mixture: bool = True,
    clips: Sequence[tuple[str, str]] = (),
) -> View:
    """The view of one explanation.

    Parameters
    ----------
    track
        For an excerpt: `as_track` of its explanation.
    parts
        Its components, where stems are cut into time segments.
    player
        The player's markup, or nothing.
    source_url, notes, blind, mixture
        See `audiolime_ext.report.page.page_html`.
    clips
        What can be heard without the player: names and ``data:`` addresses of audio files.
    """
    names, origin = track.names, track.provenance
    words = {label: Words(label, origin) for label in track.labels}
    rows = taggram_rows(track.taggram, track.labels)
    number = Words("", origin)
    data = {
        "components": components(track.names, parts),
        "windows": [{"t": round(w.start_s, 4), "d": round(w.duration_s, 4)} for w in track.windows],
        "start_s": round(track.start_s, 4),
        "labels": list(track.labels),
        "cells": [
            [cell(window, track.column(label), label, names, origin) for window in track.windows]
            for label in track.labels
        ],
        "taggram": _picture(track.taggram, rows),
        "scale": number.scale,
        "digits": number.digits,
        "off": origin.baseline,
        "blind": blind,
        "mixture": mixture,
    }
    stems = tuple(track.names if parts is None else parts.sources)
    said = holding_notes(origin.factorization, stems)  # in `stems_are`
    residuals = [window.residual_db for window in track.windows if window.residual_db is not None]
    n, split = len(track.taggram.times_s), origin.factorization or "own stems"
    if split.removeprefix("ova:").startswith("oracle:"):
        split = "true stems"  # a folder's name says nothing to a reader
    method = track.sounding.attribution.method
    how = "exact" if track.exact else f"estimated, seed {origin.seed}"
    windows = "1 window" if len(track.windows) == 1 else f"{len(track.windows)} windows"
    return View(
        recording_name=track.recording_name,
        title=f"{track.recording_name} by {origin.tagger or 'own model'} and {split}",
        facts=f"{clock(track.start_s)} to {clock(track.end_s)}, {windows}, "
        f"{METHOD_NAMES.get(method, method)} ({how}) from {track.n_evals} predictions",
        stems_are=stems_are(origin.factorization, stems, max(residuals, default=None)),
        notes=tuple(note for note in (*track.notes, *track.warnings) if note not in said),
        source_url=source_url,
        labels=track.labels,
        taggram_rows=tuple(rows) if n > 1 else (),
        begin=clock(track.start_s),
        end=clock(track.end_s),
        off=origin.baseline,
        columns=names if len(names) <= MOST_COLUMNS else (),
        table=tuple(_row(track, label, words[label]) for label in track.labels),
        remarks=tuple(sorted(notes, key=lambda note: note.t)),
        blind=blind,
        player=player,
        clips=tuple(clips),
        data=data,
    )


def components(names: Sequence[str], parts: Components | None) -> list[dict[str, Any]]:
    """What the player plays for each component: a stem, or some seconds of it within the window."""
    if parts is None:
        shades = zip(names, stem_colors(names), strict=True)
        return [{"name": name, "color": color, "stem": name, "on": None} for name, color in shades]
    found: list[dict[str, Any]] = []
    for source, size, color in zip(parts.sources, parts.groups, stem_colors(parts.sources), strict=True):
        spans: list[Any] = [None] if size == 1 else [list(pair) for pair in pairwise(parts.boundaries_s)]
        found += [{"color": color, "stem": source, "on": span} for span in spans]
    return [{"name": name, **about} for name, about in zip(names, found, strict=True)]


def _row(track: TrackExplanation, label: str, words: Words) -> dict[str, Any]:
    full, empty = (float(values.mean()) for values in track.score(label))
    weights = [words.signed(value) for value in track.mean(label).values()]
    return {
        "label": label,
        "full": words.number(full),
        "empty": words.number(empty),
        "weights": weights if len(weights) <= MOST_COLUMNS else [],
        "leads": leads(track, label),
    }


def leads(track: TrackExplanation, label: str) -> str:
    """What leads a label, and in how many places."""
    found = track.leaders(label)
    counted = ", ".join(f"{name} in {count}" for name, count in list(found.counts.items())[:3])
    if not found.n_places:
        return "nowhere high"
    return f"{counted or 'nothing in any'} of {found.n_places}"


def _picture(taggram: Taggram, rows: Sequence[str]) -> dict[str, Any]:
    lines = [taggram.labels.index(row) for row in rows]
    times = taggram.times_s
    hop = float(times[1] - times[0]) if len(times) > 1 else 1.0
    return {
        "labels": list(rows),
        "times": np.round(times, 4).tolist(),
        "hop": round(hop, 5),
        "scores": np.round(taggram.scores[:, lines], 3).tolist(),
    }
