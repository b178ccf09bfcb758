"""A saved explanation read back: only a whole one, whose numbers fit each other.

What is in a file is held to `form` before anything is made of it: a file that was cut, edited or written by something
else is refused with the field at fault, and never fails later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.attribution.methods import METHODS
from audiolime_ext.audio.encoding import decode
from audiolime_ext.audio.recording import Samples
from audiolime_ext.components.components import Components
from audiolime_ext.components.game import Game
from audiolime_ext.components.masks import Neighborhood
from audiolime_ext.errors import UsageError
from audiolime_ext.explanation.checks import Checks, LevelCheck, Missing
from audiolime_ext.explanation.cross_check import CrossCheck
from audiolime_ext.explanation.earlier import of_today
from audiolime_ext.explanation.form import (
    FILE_NAME,
    FORMAT,
    Saved,
    SavedAttribution,
    SavedChecks,
    SavedComponents,
    SavedCrossCheck,
    SavedNeighborhood,
    SavedNoise,
    SavedProvenance,
    checked,
    shaped,
    within,
)
from audiolime_ext.explanation.provenance import Provenance
from audiolime_ext.explanation.settings import Settings
from audiolime_ext.factorization.stems import Stems
from audiolime_ext.factorization.transcription import Transcription
from audiolime_ext.files.names import legible
from audiolime_ext.files.plain import from_json, require
from audiolime_ext.files.reading import contents, text_of
from audiolime_ext.prediction.grid import Grid
from audiolime_ext.prediction.repeatability import Noise
from audiolime_ext.prediction.targets import Target, make_target


def load(folder: Path) -> dict[str, Any]:
    """Read what `audiolime_ext.explanation.saved.save` wrote, as the fields of an `Explanation`.

    Raises
    ------
    UsageError
        If the folder does not hold a whole saved explanation that this version can read.
    """
    try:
        content = from_json(text_of(folder / FILE_NAME))
        require("it holds no object", isinstance(content, dict))
        content = of_today(content)
        if content["format"] != FORMAT:
            raise UsageError(
                f"{legible(folder)} was saved in format {content['format']}; this version reads format {FORMAT} and "
                "earlier ones"
            )
        return _fields(checked(content), folder)
    except (OSError, LookupError, TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise UsageError(
            f"{legible(folder)} holds no saved explanation, or a damaged one ({type(error).__name__}: {error}); name a "
            "folder that save() wrote"
        ) from error


def _fields(content: Saved, folder: Path) -> dict[str, Any]:
    all_labels = within("all_labels", content["all_labels"], content["all_labels"])
    require("`labels` must name at least one", content["labels"])
    components = _components(content["components"], folder)
    provenance = _provenance(content["provenance"])
    near, outputs = _neighborhood(content["neighborhood"], components, len(all_labels), len(provenance.labels))
    return {
        "labels": within("labels", content["labels"], all_labels),
        "all_labels": all_labels,
        "components": components,
        "neighborhood": near,
        "attribution": _attribution(content["attribution"], len(all_labels), components.n),
        "provenance": provenance,
        "notes": tuple(content["notes"]),
        "warnings": tuple(content["warnings"]),
        "checks": _checks(content["checks"], len(all_labels), components),
        "settled": content["settled"],
        "cross_check": _cross_check(content["cross_check"], all_labels),
        "game": None if outputs is None else Game(components.n, known=outputs),
        "target": _target(provenance),
    }


def _provenance(plain: SavedProvenance) -> Provenance:
    lists: dict[str, Any] = {"labels": tuple(plain["labels"]), "references": tuple(plain["references"])}
    return Provenance(**{**plain, **lists, "settings": Settings.from_dict(plain["settings"])})


def _cross_check(plain: SavedCrossCheck | None, all_labels: Sequence[str]) -> CrossCheck | None:
    if plain is not None:
        within("cross_check.labels", [one["label"] for one in plain["labels"]], all_labels)
        require("`cross_check.n_evals` must be 0 or more", plain["n_evals"] >= 0)
    return CrossCheck.from_dict(plain)


def _target(origin: Provenance) -> Target | None:
    """None for a function, which no file holds, and where the labels of a contrast's model are not known."""
    if origin.target.endswith("()") or not origin.labels:
        return None
    return make_target(origin.settings.target, origin.labels)


def _components(plain: SavedComponents, folder: Path) -> Components:
    names = within("stems", [stem["name"] for stem in plain["stems"]], [stem["name"] for stem in plain["stems"]])
    require("`stems` must name at least one", names)
    require("`sr` must be above 0", plain["sr"] > 0)
    bounds = shaped("boundaries_s", plain["boundaries_s"], None)
    require("`boundaries_s` must go up from 0", len(bounds) > 1 and bounds[0] == 0 and (np.diff(bounds) > 0).all())
    heard = None if plain["transcription"] is None else Transcription.from_dict(plain["transcription"])
    samples = _read_all(folder, "stem", [stem["scale"] for stem in plain["stems"]], plain["sr"])
    off = None if plain["off"] is None else _read_all(folder, "off", plain["off"], plain["sr"])
    require("what plays while stems are off must be as long as the stems", off is None or off.shape == samples.shape)
    stems = Stems(
        names,
        samples,
        plain["sr"],
        tuple(plain["stem_notes"]),
        heard,
    )
    grid = plain["grid"]
    require("`grid` must have a rate above 0 and no negative lead", grid["sr"] > 0 and grid["lead"] >= 0)
    require("`grid` must have one or two channels", grid["n_channels"] in (1, 2))
    lengths = [length for length in (grid["window"], grid["hop"]) if length is not None]
    require("`grid` must have windows and steps above 0", min(lengths, default=1) > 0)
    found = Components(
        stems,
        plain["offset"],
        plain["start_s"],
        plain["duration_s"],
        Grid(**grid),
        tuple(plain["boundaries_s"]),
        plain["recording_name"],
        off,
        uncut=within("uncut", plain["uncut"], names),
        only_rolled_off=plain["only_rolled_off"],
    )
    n_samples = round(found.duration_s * stems.sr)
    require("the excerpt must lie within its stems", n_samples > 0 and found.recorded.shape[-1] == n_samples)
    return found


def _neighborhood(
    plain: SavedNeighborhood, components: Components, n_values: int, n_outputs: int
) -> tuple[Neighborhood, Neighborhood | None]:
    """The masks with their values, and with the model's outputs where these are known."""
    numbers = shaped("masks", plain["masks"], None, components.n)
    require("`masks` must hold 0 and 1 only", np.isin(numbers, (0, 1)).all())
    masks = numbers.astype(bool)
    require(
        "`masks` must begin with all off and end with all on", len(masks) and masks[-1].all() and not masks[0].any()
    )
    counts = shaped("counts", plain["counts"], len(masks), least=0).astype(np.int64)
    scores = shaped("scores", plain["scores"], len(masks), n_values)
    near = Neighborhood(masks, counts, plain["exhaustive"], scores, components.groups)
    if plain["outputs"] is None:
        return near, None
    return near, replace(near, scores=shaped("outputs", plain["outputs"], len(masks), n_outputs))


def _attribution(plain: SavedAttribution, n_values: int, n: int) -> Attribution:
    require(f"`method` {plain['method']!r} is unknown", plain["method"] in METHODS)
    errors, covariance = plain["std_errors"], plain["covariance"]
    intercept, fidelity = plain["intercept"], plain["fidelity"]
    require("`dof` must be more than 0", plain["dof"] is None or plain["dof"] > 0)
    return Attribution(
        plain["method"],
        shaped("weights", plain["weights"], n_values, n),
        None if errors is None else shaped("std_errors", errors, n_values, n, least=0),
        exact=plain["exact"],
        settings=plain["settings"],
        references=tuple(plain["references"]),
        dof=plain["dof"],
        covariance=None if covariance is None else shaped("covariance", covariance, n_values, n, n),
        intercept=None if intercept is None else shaped("intercept", intercept, n_values),
        fidelity=None if fidelity is None else shaped("fidelity", fidelity, n_values, gaps=True),
    )


def _checks(plain: SavedChecks, n_values: int, components: Components) -> Checks:
    level, shifts = plain["level"], plain["shifts"]
    require("`n_spare` and `n_evals` must be 0 or more", min(plain["n_spare"], plain["n_evals"]) >= 0)
    missing = (Missing(m["component"], m["donor"], shaped("values", m["values"], n_values)) for m in plain["missing"])
    return Checks(
        plain["n_spare"],
        plain["n_evals"],
        None if level is None else _level(level, n_values, components.sources),
        tuple(missing),
        None if shifts is None else shaped("shifts", shifts, n_values, components.n),
        tuple(plain["left_out"]),
        None if plain["noise"] is None else _noise(plain["noise"], n_values),
    )


def _level(plain: Any, n_values: int, sources: tuple[str, ...]) -> LevelCheck:
    n = len(within("level.sources", plain["sources"], sources))
    remaining = shaped("remaining_db", plain["remaining_db"], n)
    without, at_level = (shaped(name, plain[name], n, n_values) for name in ("without", "at_level"))
    restored = None if plain["restored"] is None else shaped("restored", plain["restored"], n, n_values)
    return LevelCheck(tuple(plain["sources"]), tuple(remaining.tolist()), without, at_level, restored)


def _noise(plain: SavedNoise, n_values: int) -> Noise:
    repeated = shaped("repeated", plain["repeated"], None, least=0)
    batched, scale = (shaped(name, plain[name], len(repeated), least=0) for name in ("batched", "scale"))
    require("`noise.n_evals` and `noise.dof` must be 0 or more", min(plain["n_evals"], plain["dof"]) >= 0)
    sd = shaped("sd", plain["sd"], n_values, least=0)
    return Noise(plain["n_evals"], repeated, batched, scale, sd, plain["dof"])


def _read_all(folder: Path, kind: str, scales: list[float], sr: int) -> Samples:
    shaped("scale", scales, None, least=0)
    found = [_read(folder / f"{kind}-{i}.flac", scale, sr) for i, scale in enumerate(scales)]
    require("stems must have one shape", len({samples.shape for samples in found}) == 1)
    return np.stack(found)


def _read(path: Path, scale: float, sr: int) -> Samples:
    samples, rate = decode(contents(path))
    require(f"{path.name} has {rate} Hz, not {sr}", rate == sr)
    require(f"{path.name} holds no sound", samples.size)
    return np.ascontiguousarray(samples * np.float32(scale or 1.0))
