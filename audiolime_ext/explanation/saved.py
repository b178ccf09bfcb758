"""Explanations on disk: one JSON file, one FLAC file per stem, and one per stem of what "off" sounds like. No pickle.

FLAC is 24-bit integer, so each stem is divided by its peak first and the peak is written into the JSON as its scale:
loud stems do not clip, soft ones lose nothing, and the samples come back to 2⁻²³ of the stem's peak. A baseline other
than silence is kept in the same way, whatever it was made of, so that a loaded explanation mixes as the saved one did.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.audio.encoding import encode
from audiolime_ext.audio.recording import Samples
from audiolime_ext.components.components import Components
from audiolime_ext.explanation.checks import Checks
from audiolime_ext.explanation.form import FILE_NAME, FORMAT
from audiolime_ext.files.fresh import fresh_folder
from audiolime_ext.files.plain import to_json

if TYPE_CHECKING:
    from audiolime_ext.explanation.explanation import Explanation


def save(explanation: Explanation, folder: Path) -> Path:
    """Write `explanation` into `folder` (made if needed) and return it.

    Raises
    ------
    OutputError
        If it cannot be written; then nothing is left half-written.
    """
    parts, near = explanation.components, explanation.neighborhood
    content = {
        "format": FORMAT,
        "labels": explanation.labels,
        "all_labels": explanation.all_labels,
        "notes": explanation.notes,
        "warnings": explanation.warnings,
        "provenance": {**vars(explanation.provenance), "settings": explanation.provenance.settings.to_dict()},
        "components": _plain_components(parts),
        "neighborhood": {
            "masks": near.masks.astype(int).tolist(),
            "counts": near.counts.tolist(),
            "exhaustive": near.exhaustive,
            "scores": near.scores.tolist(),
            "outputs": None if explanation.game is None else explanation.game(near.masks).tolist(),
        },
        "attribution": _plain_attribution(explanation.attribution),
        "checks": _plain_checks(explanation.checks),
        "settled": explanation.settled,
        "cross_check": explanation.cross_check and explanation.cross_check.to_dict(),
    }
    with fresh_folder(folder) as fresh:
        for kind, signals in (("stem", parts.stems.samples), ("off", parts.off)):
            for i, signal in enumerate(() if signals is None else signals):
                flac = encode(signal / (_peak(signal) or 1.0), parts.stems.sr, "FLAC", "PCM_24")
                (fresh / f"{kind}-{i}.flac").write_bytes(flac)
        (fresh / FILE_NAME).write_text(to_json(content), encoding="utf-8")
    return folder


def _plain_components(parts: Components) -> dict[str, Any]:
    stems = parts.stems
    return {
        "stems": [{"name": n, "scale": _peak(stem)} for n, stem in zip(stems.names, stems.samples, strict=True)],
        "stem_notes": stems.notes,
        "transcription": stems.transcription and stems.transcription.to_dict(),
        "sr": stems.sr,
        "offset": parts.offset,
        "start_s": parts.start_s,
        "duration_s": parts.duration_s,
        "boundaries_s": parts.boundaries_s,
        "grid": asdict(parts.grid),
        "recording_name": parts.recording_name,
        "uncut": parts.uncut,
        "off": None if parts.off is None else [_peak(signal) for signal in parts.off],
        "only_rolled_off": parts.only_rolled_off,
    }


def _plain_attribution(found: Attribution) -> dict[str, Any]:
    return {
        "method": found.method,
        "weights": found.weights.tolist(),
        "std_errors": _listed(found.std_errors),
        "covariance": None if found.exact else _listed(found.covariance),
        "dof": found.dof,
        "exact": found.exact,
        "intercept": _listed(found.intercept),
        "fidelity": _listed(found.fidelity),
        "settings": found.settings,
        "references": found.references,
    }


def _plain_checks(checks: Checks) -> dict[str, Any]:
    level = checks.level
    return {
        "n_spare": checks.n_spare,
        "n_evals": checks.n_evals,
        "level": None if level is None else {name: _listed(value) for name, value in vars(level).items()},
        "missing": [
            {"component": one.component, "donor": one.donor, "values": _listed(one.values)} for one in checks.missing
        ],
        "shifts": _listed(checks.shifts),
        "left_out": checks.left_out,
        "noise": None if checks.noise is None else {k: _listed(v) for k, v in vars(checks.noise).items()},
    }


def _listed(values: Any) -> Any:
    """Nested lists with None for NaN, which JSON does not have; None stays None."""
    if isinstance(values, (np.ndarray, tuple)):
        return [_listed(value) for value in values]
    return values if values is None or isinstance(values, (str, int)) else None if math.isnan(values) else float(values)


def _peak(signal: Samples) -> float:
    return float(np.max(np.abs(signal), initial=0.0))
