"""Explanations on disk: one JSON file, one FLAC file per stem, and one per stem of what "off" sounds like. No pickle.

FLAC is 24-bit integer, so each stem is divided by its peak first and the peak is written into the JSON as its scale:
loud stems do not clip, soft ones lose nothing, and the samples come back to 2⁻²³ of the stem's peak. A baseline other
than silence is kept in the same way, whatever it was made of, so that a loaded explanation mixes as the saved one did.
"""

from __future__ import annotations

import io
import json
import math
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.audio.recording import Samples, encode
from audiolime_ext.components.components import Components
from audiolime_ext.components.game import Game
from audiolime_ext.components.masks import Neighborhood
from audiolime_ext.errors import UsageError
from audiolime_ext.explanation.checks import Checks, LevelCheck, Missing
from audiolime_ext.explanation.cross_check import CrossCheck
from audiolime_ext.explanation.earlier import of_today
from audiolime_ext.explanation.provenance import Provenance
from audiolime_ext.explanation.settings import Settings
from audiolime_ext.factorization.stems import Stems
from audiolime_ext.factorization.transcription import Transcription
from audiolime_ext.files import fresh_folder, legible, to_json
from audiolime_ext.prediction.grid import Grid
from audiolime_ext.prediction.repeatability import Noise
from audiolime_ext.prediction.targets import Target, make_target

if TYPE_CHECKING:
    from audiolime_ext.explanation.explanation import Explanation

FILE_NAME = "saved.json"
FORMAT = 2


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
        "checks": _plain(explanation.checks),
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


def load(folder: Path) -> dict[str, Any]:
    """Read what `save` wrote, as the fields of an `Explanation`.

    Raises
    ------
    UsageError
        If the folder does not hold a saved explanation that this version can read.
    """
    try:
        content = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
        content = of_today(content)
        if content["format"] != FORMAT:
            raise UsageError(
                f"{legible(folder)} was saved in format {content['format']}; this version reads format {FORMAT} and "
                "earlier ones"
            )
        parts, near = content["components"], content["neighborhood"]
        components = _components(parts, folder)
        neighborhood = Neighborhood(
            np.array(near["masks"], bool),
            np.array(near["counts"]),
            near["exhaustive"],
            np.array(near["scores"]),
            components.groups,
        )
        provenance = _provenance(content["provenance"])
        return {
            "labels": tuple(content["labels"]),
            "all_labels": tuple(content["all_labels"]),
            "components": components,
            "neighborhood": neighborhood,
            "attribution": _attribution(content["attribution"]),
            "provenance": provenance,
            "notes": tuple(content["notes"]),
            "warnings": (*content["warnings"], *_what_is_lost(parts, provenance.settings.baseline)),
            "checks": _checks(content["checks"]),
            "settled": content["settled"],
            "cross_check": CrossCheck.from_dict(content.get("cross_check")),
            "game": _game(neighborhood, near["outputs"]),
            "target": _target(provenance),
        }
    except UsageError:
        raise
    except (OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise UsageError(
            f"{legible(folder)} holds no saved explanation ({type(error).__name__}: {error}); name a folder that "
            "save() wrote"
        ) from error


def _provenance(plain: dict[str, Any]) -> Provenance:
    lists = {name: tuple(plain[name]) for name in ("labels", "references")}
    return Provenance(**{**plain, **lists, "settings": Settings.from_dict(plain["settings"])})


def _target(origin: Provenance) -> Target | None:
    """None for a function, which no file holds, and where the labels of a contrast's model are not known."""
    if origin.target.endswith("()") or not origin.labels:
        return None
    return make_target(origin.settings.target, origin.labels)


def _game(known: Neighborhood, outputs: list[list[float]] | None) -> Game | None:
    if outputs is None:
        return None
    return Game(known.masks.shape[1], known=replace(known, scores=np.array(outputs)))


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


def _components(plain: dict[str, Any], folder: Path) -> Components:
    off, heard = plain.get("off"), plain.get("transcription")
    stems = Stems(
        tuple(stem["name"] for stem in plain["stems"]),
        _read_all(folder, "stem", [stem["scale"] for stem in plain["stems"]]),
        plain["sr"],
        tuple(plain["stem_notes"]),
        heard and Transcription.from_dict(heard),
    )
    return Components(
        stems,
        plain["offset"],
        plain["start_s"],
        plain["duration_s"],
        Grid(**plain["grid"]),
        tuple(plain["boundaries_s"]),
        plain["recording_name"],
        None if off is None else _read_all(folder, "off", off),
        uncut=tuple(plain["uncut"]),
        only_rolled_off=plain.get("only_rolled_off", False),
    )


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


def _attribution(plain: dict[str, Any]) -> Attribution:
    arrays = ("std_errors", "intercept", "fidelity", "covariance")
    return Attribution(
        plain["method"],
        np.array(plain["weights"]),
        exact=plain["exact"],
        settings=plain["settings"],
        references=tuple(plain["references"]),
        dof=plain["dof"],
        **{name: _array(plain[name]) for name in arrays},
    )


def _what_is_lost(parts: dict[str, Any], baseline: str) -> list[str]:
    """What folders do not hold that earlier versions wrote."""
    if baseline == "silence" or "off" in parts:
        return []
    return [
        f"this was saved by an earlier version, without the sound of its baseline ({baseline}): scores and weights are "
        "those of that baseline, but mixes made anew play silence where a component is off"
    ]


def _plain(checks: Checks) -> dict[str, Any]:
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


def _checks(plain: dict[str, Any]) -> Checks:
    known = {one.name for one in fields(LevelCheck)}  # earlier versions wrote others too
    level: Any = plain["level"] and {
        name: tuple(value) if name in ("sources", "remaining_db") else np.array(value)
        for name, value in plain["level"].items()
        if name in known
    }
    noise: Any = plain.get("noise") and {
        name: int(value) if name in ("n_evals", "dof") else np.array(value) for name, value in plain["noise"].items()
    }
    missing = (Missing(one["component"], one["donor"], np.array(one["values"])) for one in plain["missing"])
    return Checks(
        plain["n_spare"],
        plain["n_evals"],
        level and LevelCheck(**level),
        tuple(missing),
        _array(plain["shifts"]),
        tuple(plain["left_out"]),
        noise and Noise(**noise),
    )


def _listed(values: Any) -> Any:
    """Nested lists with None for NaN, which JSON does not have; None stays None."""
    if isinstance(values, (np.ndarray, tuple)):
        return [_listed(value) for value in values]
    return values if values is None or isinstance(values, str) else None if math.isnan(values) else float(values)


def _array(values: Any) -> Any:
    return None if values is None else np.array(values, dtype=float)


def _peak(signal: Samples) -> float:
    return float(np.max(np.abs(signal), initial=0.0))


def _read_all(folder: Path, kind: str, scales: list[float]) -> Samples:
    return np.stack([_read(folder / f"{kind}-{i}.flac", scale) for i, scale in enumerate(scales)])


def _read(path: Path, scale: float) -> Samples:
    import soundfile

    samples, _ = soundfile.read(io.BytesIO(path.read_bytes()), dtype="float32", always_2d=True)
    return np.ascontiguousarray(samples.T * np.float32(scale or 1.0))
