"""An explanation in words: as a table for terminals, as HTML for notebooks, as JSON for machines."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from audiolime_ext.attribution.interactions import shapley_interactions
from audiolime_ext.components.components import Components
from audiolime_ext.explanation.checks import Checks
from audiolime_ext.explanation.provenance import Provenance
from audiolime_ext.text import counted, html_table, minus, text_table

if TYPE_CHECKING:
    from audiolime_ext.explanation.checks import LevelCheck
    from audiolime_ext.explanation.explanation import Explanation
    from audiolime_ext.explanation.top import Top
    from audiolime_ext.prediction.repeatability import Noise

SCHEMA_VERSION = 2
WIDEST_TABLE = 6  # components; with more, the leading ones are named instead
PLUS_MINUS = "± is half the width of a weight's own 95 % interval"

METHOD_NAMES = {
    "shapley": "Shapley values",
    "lime": "LIME weights",
    "banzhaf": "Banzhaf values",
    "leave-one-out": "leave-one-out weights",
    "owen": "Owen values",
}


def headline(explanation: Explanation) -> str:
    """Which excerpt was explained, with what, in two lines."""
    parts, origin = explanation.components, explanation.provenance
    how = how_known(explanation.attribution.exact, explanation.checks.noise, origin.settings.seed)
    method = METHOD_NAMES.get(explanation.attribution.method, explanation.attribution.method)
    return (
        f"{parts.recording_name}, {parts.start_s:.2f} s to {parts.start_s + parts.duration_s:.2f} s\n"
        f"{origin.factorization or 'own stems'} and {origin.model or 'own model'}, "
        f"{method} ({how}) from {counted(explanation.n_evals, 'prediction')}"
    )


def how_known(exact: bool, noise: Noise | None, seed: int) -> str:
    """How weights are known: exactly, or from answers that are noisy, or from a sample of masks."""
    if exact:
        return "exact"
    return f"sampled, seed {seed}" if noise is None or noise.alike else f"noisy answers, seed {seed}"


def additivity_line(explanation: Explanation) -> list[str]:
    """How additive the model is for each label, in a line; none where it is not known, or one component is all."""
    called = explanation.kind.called
    found = {called(label): explanation.additivity(label) for label in explanation.labels}
    said = [f"{100 * share:.0f} % of {label}" for label, share in found.items() if share is not None]
    if not said or len(explanation.components.sources) == 1 == explanation.components.n_segments:
        return []
    every = explanation.neighborhood.exhaustive
    summed, masks = ("single components", "all masks") if every else ("whole stems", "all masks of whole stems")
    return [f"sums of {summed} explain {', '.join(said)} (R² over {masks})"]


def remarks(explanation: Explanation) -> list[str]:
    """Everything that the reader should know besides the numbers."""
    of_labels = (remark for label in explanation.labels for remark in explanation.remarks(label))
    checked = explanation.cross_check
    second = [] if checked is None else checked.remarks(explanation.kind.called)
    return [*explanation.notes, *explanation.warnings, *of_labels, *additivity_line(explanation), *second]


def _table(explanation: Explanation, level: str = "level (dB)") -> tuple[list[str], list[list[str]]]:
    """Header and rows: a row per label, a column per component where there are few; `level` names the row of levels."""
    kind = explanation.kind
    header = ["", kind.noun, explanation.provenance.settings.baseline]
    called = {label: kind.called(label) for label in explanation.labels}
    scores = {label: [explanation.number(value, label) for value in explanation.score(label)] for label in called}
    if len(explanation.names) > WIDEST_TABLE:
        cut = explanation.components.n > len(explanation.components.sources)
        return [*header, f"{'sources' if cut else 'components'} that count most"], [
            [called[label], *scores[label], _heaviest(explanation, label)] for label in called
        ]
    rows = [
        [called[label], *scores[label], *(_weight(explanation, label, name) for name in explanation.names)]
        for label in called
    ]
    levels = ["silent" if level <= -200 else f"{level:.1f}" for level in explanation.components.levels_db]
    return [*header, *explanation.names], [*rows, [level, "", "", *levels]]


def _heaviest(explanation: Explanation, label: str, n: int = 4) -> str:
    """Whole sources and their weights: a segment of one is never listed beside another that was left whole."""
    found, written = explanation.leading(label), []
    for i in sorted(range(len(found.sources)), key=lambda i: -abs(found.weights[i]))[:n]:
        weight = explanation.number(found.weights[i], label, signed=True)
        about = f"±{explanation.number(found.errors[i], label)}" if found.errors and found.errors[i] > 0 else ""
        written.append(f"{found.sources[i]} {weight}{about}")
    return ", ".join(written)


def _weight(explanation: Explanation, label: str, name: str) -> str:
    """``+0.12``, with half the width of its interval where it is an estimate: ``+0.12±0.03``."""
    weight = explanation.number(explanation.weights(label)[name], label, signed=True)
    _, low, high = explanation.attribution.estimated()
    at = explanation.column(label), explanation.names.index(name)
    return weight if np.isnan(low[at]) else f"{weight}±{explanation.number((high[at] - low[at]) / 2, label)}"


def as_text(explanation: Explanation) -> str:
    """The table, a sentence for each label, and the remarks."""
    tops = [str(explanation.top(label=label)) for label in explanation.labels]
    notes = [f"note: {remark}" for remark in remarks(explanation)]
    table, wide = _table(explanation), len(explanation.names) > WIDEST_TABLE
    notes += [f"note: {meaning}" for meaning in _signs(table[1])]
    if explanation.settled is not None:
        told = "are settled" if explanation.settled else "are not settled"
        notes.append(f"note: the heaviest components {told} after {counted(explanation.n_evals, 'evaluation')}")
    left = (0, len(table[0]) - 1) if wide else (0,)
    return "\n".join([headline(explanation), "", text_table(*table, left=left), "", *tops, *notes])


def as_html(explanation: Explanation) -> str:
    """The same as HTML; everything that users named is escaped."""
    tops = "".join(f"<p>{_escaped(str(explanation.top(label=label)))}</p>" for label in explanation.labels)
    header, rows = _table(explanation, "level as the model hears it (dB)")  # a player tells those of the recording
    notes = "".join(f"<li>{_escaped(remark)}</li>" for remark in (*remarks(explanation), *_signs(rows)))
    title = html.escape(headline(explanation)).replace("\n", "<br>")
    table = html_table(header, [[row[0], *map(minus, row[1:])] for row in rows])
    return f"<div><p>{title}</p>{table}{tops}<ul>{notes}</ul></div>"


def _signs(cells: list[list[str]]) -> list[str]:
    """What a sign in a table means."""
    return [PLUS_MINUS] if any("±" in cell for row in cells for cell in row[1:]) else []


def _escaped(text: str) -> str:
    return html.escape(minus(text))


def to_dict(explanation: Explanation, clips: Mapping[str, str]) -> dict[str, Any]:
    """One JSON object; `clips` maps labels to the files that their top components were written to."""
    parts, origin = explanation.components, explanation.provenance
    near, found = explanation.neighborhood, explanation.attribution
    columns = [explanation.column(label) for label in explanation.labels]
    weights, full, empty = found.weights[columns], near.full[columns], near.empty[columns]
    result: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        **of_origin(origin),
        "start_s": parts.start_s,
        "duration_s": parts.duration_s,
        "sr": parts.grid.sr,
        "n_channels": parts.grid.n_channels,
        "n_windows": parts.n_windows,
        "method": found.method,
        "exact": found.exact,
        "seed": None if found.exact else origin.settings.seed,
        "n_evals": explanation.n_evals,
        "n_checks": explanation.checks.n_evals,
        "cross_check": None if explanation.cross_check is None else explanation.cross_check.to_dict(),
        "settled": explanation.settled,
        "n_segments": parts.n_segments,
        "boundaries_s": list(parts.boundaries_s),
        "uncut": list(parts.uncut),
        "residual": _residual(parts),
        "components": list(explanation.names),
        "level_db": list(parts.levels_db),
        "confusion": None if explanation.confusion is None else explanation.confusion.to_dict(),
        "labels": list(explanation.labels),
        "scores": {"full": full.tolist(), "empty": empty.tolist()},
        "weights": weights.tolist(),
        "values": explanation.kind.noun,
        "leading": [_leading(explanation, label) for label in explanation.labels],
        "std_errors": None if found.std_errors is None else found.std_errors[columns].tolist(),
        "completeness_gap": (weights.sum(axis=1) - (full - empty)).tolist(),
        "interactions": shapley_interactions(near)[columns].tolist() if near.exhaustive else None,
        "additivity": [explanation.additivity(label) for label in explanation.labels],
        **_of_checks(explanation.checks, columns),
        "top": [_top(explanation.top(label=label), clips) for label in explanation.labels],
        "notes": list(explanation.notes),
        "warnings": remarks(explanation)[len(explanation.notes) :],
    }
    if found.intercept is not None and found.fidelity is not None:
        fidelity = [None if math.isnan(value) else value for value in found.fidelity[columns].tolist()]
        result |= found.settings | {"intercept": found.intercept[columns].tolist(), "fidelity": fidelity}
    return result


def of_origin(origin: Provenance) -> dict[str, Any]:
    """What was explained, with what: the keys that excerpts and tracks share."""
    return {
        "file": origin.file,
        "sha256": origin.sha256,
        "input": {"sr": origin.sr, "n_channels": origin.n_channels},
        "factorization": origin.factorization,
        "model": origin.model,
        "target": origin.target,
        "settings": origin.settings.to_dict(),
        "versions": origin.versions,
    }


def _residual(parts: Components) -> dict[str, Any] | None:
    level_db = parts.residual_db
    return None if level_db is None else {"level_db": level_db, "switched": parts.residual_switched}


def _of_checks(checks: Checks, columns: list[int]) -> dict[str, Any]:
    return {
        "repeatability": repeatability(checks.noise, columns),
        "level": _level(checks.level, columns),
        "missing": [
            {"component": one.component, "donor": one.donor, "scores": one.values[columns].tolist()}
            for one in checks.missing
        ],
        "shift_spread": None if checks.shifts is None else checks.shifts[columns].tolist(),
    }


def _leading(explanation: Explanation, label: str) -> dict[str, Any]:
    """What is known of the sources of a label; a tie is `told_apart` false with several in `first`."""
    found = explanation.leading(label)
    return {
        "label": label,
        "state": found.state,
        "told_apart": found.known,
        "first": [found.sources[i] for i in found.first],
        "by_shift": found.by_shift,
        "as_baseline": found.as_baseline,
        "unheard": [found.sources[i] for i in found.unheard],
        "segments": [explanation.names[i] for i in found.carried],
        "sources": dict(zip(found.sources, found.weights, strict=True)),
        "sentence": explanation.top(label=label).message,
    }


def _level(level: LevelCheck | None, columns: list[int]) -> dict[str, Any] | None:
    if level is None:
        return None
    return {
        "sources": list(level.sources),
        "remaining_db": list(level.remaining_db),
        "without": level.without[:, columns].T.tolist(),
        "mix_at_that_level": level.at_level[:, columns].T.tolist(),
        "rest_at_full_level": None if level.restored is None else level.restored[:, columns].T.tolist(),
    }


def repeatability(noise: Noise | None, columns: list[int]) -> dict[str, Any] | None:
    """Of a model that was asked again: whether it answers alike, by how much it does not, the noise of each label."""
    if noise is None:
        return None
    return {
        "alike": noise.alike,
        "repeated": float(noise.repeated.max()),
        "batched": float(noise.batched.max()),
        "sd": noise.sd[columns].tolist(),
        "dof": noise.dof,
    }


def _top(top: Top, clips: Mapping[str, str]) -> dict[str, Any]:
    """`component` is None where no single one is known to lead; what is in the file is in `components`."""
    component, weight = (top.components[0], top.weights[0]) if top and top.told_apart else (None, None)
    named = {"components": list(top.components), "weights": list(top.weights)}
    return {"label": top.label, "component": component, "weight": weight, **named, "file": clips.get(top.label)}


def rows(explanation: Explanation) -> list[dict[str, Any]]:
    """One row per label asked for and component, as columns of a table.

    `std_error` and the ends of the 95 % interval, `low` and `high`, which figures draw, are NaN where the weights are
    exact, as nothing was estimated; `shift_spread` where `shifts` were not asked for, `additivity` where it is unknown.
    """
    found, parts = explanation.attribution, explanation.components
    errors, low, high = found.estimated()
    shifts = np.full_like(found.weights, np.nan) if explanation.checks.shifts is None else explanation.checks.shifts
    return [
        {
            "start_s": parts.start_s,
            "duration_s": parts.duration_s,
            "label": label,
            "component": name,
            "weight": found.weights[column, i],
            "std_error": errors[column, i],
            "low": low[column, i],
            "high": high[column, i],
            "shift_spread": shifts[column, i],
            "level_db": parts.levels_db[i],
            "score": explanation.score(column)[0],
            "silence": explanation.score(column)[1],
            "additivity": math.nan if (share := explanation.additivity(column)) is None else share,
            "method": found.method,
            "exact": bool(found.exact_each[i]),
            "model": explanation.provenance.model_state,
        }
        for label in explanation.labels
        for column in [explanation.column(label)]
        for i, name in enumerate(explanation.names)
    ]
