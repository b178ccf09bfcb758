"""The explanation of a track in words: a summary for terminals and notebooks, a table of windows, JSON for machines."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from audiolime_ext.explanation.summary import (
    METHOD_NAMES,
    SCHEMA_VERSION,
    WIDEST_TABLE,
    how_known,
    of_origin,
    repeatability,
)
from audiolime_ext.explanation.words import in_short
from audiolime_ext.factorization.holding import confusion_of
from audiolime_ext.factorization.stems import RESIDUAL
from audiolime_ext.prediction.taggram import Taggram
from audiolime_ext.text import counted, html_table, minus, text_table

if TYPE_CHECKING:
    from audiolime_ext.track.explanation import TrackExplanation


def headline(track: TrackExplanation) -> str:
    """What was explained, with what, in two lines."""
    origin, n = track.provenance, len(track.windows)
    how = how_known(track.exact, track.noise, origin.settings.seed)
    name = track.sounding.attribution.method
    windows = counted(n, "window")
    return (
        f"{track.recording_name}, {track.start_s:.2f} s to {track.end_s:.2f} s: {windows} of {track.duration_s:.2f} s\n"
        f"{origin.factorization or 'own stems'} and {origin.model or 'own model'}, "
        f"{METHOD_NAMES.get(name, name)} ({how}) from {counted(track.n_evals, 'prediction')}"
    )


def as_text(track: TrackExplanation) -> str:
    """Means over the windows, which source leads each label, and the remarks."""
    header, rows = _means(track)
    table = text_table(header, rows, left=(0, len(header) - 1) if len(track.names) > WIDEST_TABLE else (0,))
    leaders = [str(track.leaders(label)) for label in track.labels]
    notes = [f"note: {remark}" for remark in _remarks(track, track.labels)]
    return "\n".join([headline(track), "", table, "", *leaders, *notes])


def as_html(track: TrackExplanation) -> str:
    """The same as HTML; everything that users named is escaped."""
    header, rows = _means(track)
    title = html.escape(headline(track)).replace("\n", "<br>")
    table = html_table(header, [[row[0], *map(minus, row[1:])] for row in rows])
    leaders = "".join(f"<p>{html.escape(minus(str(track.leaders(label))))}</p>" for label in track.labels)
    notes = "".join(f"<li>{html.escape(minus(remark))}</li>" for remark in _remarks(track, track.labels))
    return f"<div><p>{title}</p>{table}{leaders}<ul>{notes}</ul></div>"


def _means(track: TrackExplanation) -> tuple[list[str], list[list[str]]]:
    """Header and rows: of each label its means and, where there are several windows, the ends of its weights."""
    wide, rows = len(track.names) > WIDEST_TABLE, []
    for label in track.labels:
        (full, empty), at = track.mean_score(label), track.highest(label)
        scores = [f"{full:.2f}", f"{track.score(label)[0][at]:.2f}", _clock(float(track.times_s[at]))]
        rows.append([track.kind.called(label), *scores, f"{empty:.2f}", *_shares(track.mean(label))])
        over = track.all_weights[track.sounds, track.column(label)]
        if not wide and len(over) > 1:
            ends = {"lowest": over.min(axis=0), "highest": over.max(axis=0)}
            rows += [[f"- {end} weight", *[""] * 4, *map(_signed, found)] for end, found in ends.items()]
    shares = ["components that count most"] if wide else list(track.names)
    return ["mean of the windows", track.kind.noun, "highest", "at", track.provenance.settings.baseline, *shares], rows


def by_window(track: TrackExplanation, column: int) -> str:
    """The table of windows for one label, which source leads there, and the remarks."""
    remarks = [f"note: {remark}" for remark in _remarks(track, [track.all_labels[column]])]
    return "\n".join([headline(track), "", table(track, column), "", str(track.leaders(column)), *remarks])


def table(track: TrackExplanation, column: int) -> str:
    """A row per window: when it starts, its span, the score, and what argues for the label."""
    label, rows = track.kind.called(track.all_labels[column]), []
    for i, window in enumerate(track.windows):
        found = track.leading(i, column)
        said = "silent" if found is None else in_short(found, track.voice(column))
        span = f"{window.start_s:.2f}–{window.start_s + window.duration_s:.2f} s"
        rows.append([_clock(window.start_s), span, f"{track.full[i, column]:.2f}", said])
    return text_table(["start", "window", label, "explanation"], rows, left=(0, 3))


def to_dict(track: TrackExplanation) -> dict[str, Any]:
    """One JSON object; arrays have the windows first, then the labels asked for, then the components."""
    origin, columns = track.provenance, [track.column(label) for label in track.labels]
    full, empty, weights = track.full[:, columns], track.empty[:, columns], track.all_weights[:, columns]
    measured = confusion_of(origin.factorization, track.names)
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "track",
        **of_origin(origin),
        "start_s": track.start_s,
        "duration_s": track.end_s - track.start_s,
        "window_s": track.duration_s,
        "sr": track.grid.sr,
        "n_channels": track.grid.n_channels,
        "method": track.sounding.attribution.method,
        "exact": track.exact,
        "seed": None if track.exact else origin.settings.seed,
        "n_evals": track.n_evals,
        "min_score": track.min_score,
        "residual": {
            "level_db": [window.residual_db for window in track.windows],
            "switched": [RESIDUAL in window.names for window in track.windows],
        },
        "components": list(track.names),
        "confusion": None if measured is None else measured.to_dict(),
        "labels": list(track.labels),
        "times_s": track.times_s.tolist(),
        "silent": [window.silent for window in track.windows],
        "level_db": track.levels_db.tolist(),
        "scores": {"full": full.tolist(), "empty": empty.tolist()},
        "weights": weights.tolist(),
        "std_errors": None if track.std_errors is None else track.std_errors[:, columns].tolist(),
        "mean": {
            "full": full[track.sounds].mean(axis=0).tolist(),
            "empty": empty[track.sounds].mean(axis=0).tolist(),
            "weights": weights[track.sounds].mean(axis=0).tolist(),
        },
        "leaders": [_leaders(track, label) for label in track.labels],
        "values": track.kind.noun,
        "taggram": _taggram(track.taggram),
        "repeatability": repeatability(track.noise, columns),
        "notes": list(track.notes),
        "warnings": [*track.warnings, *(remark for label in track.labels for remark in track.remarks(label))],
    }


def rows(track: TrackExplanation) -> list[dict[str, Any]]:
    """One row per window, label asked for and component, as columns of a table; NaN: there is none."""
    errors, low, high = track.estimated()
    return [
        {
            "start_s": window.start_s,
            "duration_s": window.duration_s,
            "label": label,
            "component": name,
            "weight": track.all_weights[i, column, k],
            "std_error": errors[i, column, k],
            "low": low[i, column, k],
            "high": high[i, column, k],
            "level_db": track.levels_db[i, k],
            "score": track.full[i, column],
            "silence": track.empty[i, column],
            "method": window.attribution.method,
            "exact": window.attribution.exact,
            "model": track.provenance.model_state,
        }
        for i, window in enumerate(track.windows)
        for label in track.labels
        for column in [track.column(label)]
        for k, name in enumerate(track.names)
    ]


def _leaders(track: TrackExplanation, label: str) -> dict[str, Any]:
    found = track.leaders(label)
    names = ("n_reached", "counts", "n_not_told_apart", "n_whole", "n_as_baseline")
    return {"label": label, **{name: getattr(found, name) for name in names}}


def _taggram(taggram: Taggram) -> dict[str, Any]:
    arrays = ("times_s", "scores", "padded", "counted")
    return {"labels": list(taggram.labels), **{name: getattr(taggram, name).tolist() for name in arrays}}


def _remarks(track: TrackExplanation, labels: Sequence[str]) -> list[str]:
    of_labels = (remark for label in labels for remark in track.remarks(label))
    return [*track.notes, *track.warnings, *of_labels]


def _shares(weights: dict[str, float], n: int = 4) -> list[str]:
    """A cell per component; one for the leading ones where there are many."""
    cells = {name: _signed(weight) for name, weight in weights.items()}
    if len(cells) <= WIDEST_TABLE:
        return list(cells.values())
    ranked = sorted(cells, key=lambda name: -abs(weights[name]))[:n]
    return [", ".join(f"{name} {cells[name]}" for name in ranked)]


def _clock(seconds: float) -> str:
    """``1:04.5``: minutes and seconds."""
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths % 600 / 10:04.1f}"


def _signed(weight: float) -> str:
    """``+0.12``; what rounds to nothing is ``+0.00``."""
    return f"{round(float(weight), 2) + 0.0:+.2f}"
