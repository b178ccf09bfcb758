"""``audiolime rerun``: repeat a result and say whether it is the same."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO, TypedDict

from audiolime_ext.cli.options import add_json, add_trust
from audiolime_ext.errors import AudioError, UsageError
from audiolime_ext.files.names import legible

TOLERANCE = 1e-5
DIFFERENT = 1


class Scores(TypedDict):
    """The values of the labels for the recording and for the baseline."""

    full: list[float]
    empty: list[float]


class Said(TypedDict):
    """How it was explained; see `audiolime_ext.explanation.settings.Settings`."""

    method: str
    target: str | tuple[str, str]
    baseline: str
    segments: int | str | list[float]
    max_evals: int
    seed: int
    settle: int | None
    level_check: bool
    shifts: bool


class Versions(TypedDict):
    """Spec or name → fingerprint of what was used; None: not known."""

    weights: dict[str, str | None]


class Asked(TypedDict):
    """How a map of gradients was asked for."""

    method: str
    layer: str | None


class Valued(TypedDict):
    """A window of a map."""

    value: float


class Summed(TypedDict):
    """A band of a map."""

    mean: float


class Mapped(TypedDict):
    """A map of gradients; see `audiolime_ext.gradients.words.to_dict`."""

    asked: Asked
    label: str
    windows: list[Valued]
    bands: list[Summed]


class Maps(TypedDict, total=False):
    """The maps that `--gradients` asked for."""

    gradients: list[Mapped]


class Result(Maps):
    """The part of a result that is needed to repeat and compare it; see `audiolime_ext.explanation.summary.to_dict`."""

    file: str
    sha256: str
    model: str
    factorization: str
    labels: list[str]
    start_s: float
    duration_s: float
    boundaries_s: list[float]
    settings: Said
    sr: int
    components: list[str]
    n_evals: int
    method: str
    scores: Scores
    weights: list[list[float]]
    versions: Versions


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "rerun",
        help="repeat a result and say whether it is the same",
        description="Explain the same file again with the settings in RESULT.json (written by explain --json or -o) "
        "and compare components, labels, scores, weights and maps of --gradients: same (every number to "
        f"{TOLERANCE:g}; exit code 0) or different (1).",
    )
    parser.add_argument("result", metavar="RESULT.json", help="result to repeat")
    add_trust(parser, "RESULT.json")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Repeat and compare."""
    from audiolime_ext.files.plain import to_json
    from audiolime_ext.registry import named_by

    result = read_result(Path(args.result))
    with named_by(None if args.trust else legible(args.result)):
        before = as_meant(result, told_on=sys.stderr if args.json else sys.stdout)
        found = _repeated(before, args.result)
    if args.json:
        print(to_json({"same": not found, "differences": found}))
    else:
        print("same" if not found else "different: " + "; ".join(found))
    return DIFFERENT if found else 0


def _repeated(before: Result, result: str) -> list[str]:
    """What differs when it is explained again."""
    from audiolime_ext.audio.recording import load_audio
    from audiolime_ext.explanation.pipeline import explain
    from audiolime_ext.explanation.settings import Settings

    audio = load_audio(_present(before["file"], result))
    found = [f"the file {before['file']} has changed"] if audio.sha256 != before["sha256"] else []
    try:
        after = explain(
            audio,
            before["model"],
            factorization=before["factorization"],
            labels=before["labels"],
            start_s=before["start_s"],
            duration_s=before["duration_s"],
            sr=_rate_said(before, audio.sr),
            **vars(replace(Settings.from_dict(before["settings"]), segments=before["boundaries_s"][1:-1])),
        )
        found += [*differences(before, after.to_dict()), *_of_maps(before, after, audio)]
    except AudioError as error:
        if not found:
            raise
        found.append(str(error))
    return found


def _of_maps(before: Result, after: Any, audio: Any) -> list[str]:
    """What differs when the maps of an explanation are made again: values of windows, and sums of bands."""
    from audiolime_ext.gradients.parts.beside import map_beside

    found = []
    for then in before.get("gradients", []):
        now = map_beside(after, audio, before["model"], label=then["label"], **then["asked"])
        rows: list[tuple[str, list[float], list[float]]] = [
            ("values", [one["value"] for one in then["windows"]], [one.value for one in now.windows]),
            ("bands", [one["mean"] for one in then["bands"]], [one.mean for one in now.bands()]),
        ]
        for name, old, new in rows:
            gap = max((abs(one - other) for one, other in zip(old, new, strict=False)), default=0.0)
            if len(old) != len(new) or not gap <= TOLERANCE:
                told = f"{len(old)} became {len(new)}" if len(old) != len(new) else f"differ by up to {gap:.2g}"
                found.append(f"{name} of the map of {then['label']} {told}")
    return found


def _rate_said(before: Result, own_sr: int) -> int | None:
    """The rate that was said for the model; None where it was asked at the recording's own, and nobody said so.

    The fingerprint of a function is that of its answers at the rate that was said, so it tells which of the two it was.
    """
    from audiolime_ext.prediction.loading import load_model

    rate: int = before["sr"]
    if rate != own_sr or load_model(before["model"]).fingerprint != before["versions"]["weights"].get(before["model"]):
        return rate
    return None


def _present(file: str, result: str) -> str:
    from audiolime_ext.audio.musdb import is_musdb

    if not is_musdb(file) and not Path(file).exists():
        raise AudioError(
            f"{legible(file)}, which {legible(result)} is about, is not here; run this in the folder where it was "
            "explained"
        )
    return file


def read_result(path: Path) -> Result:
    """Read one result.

    Raises
    ------
    UsageError
        If the file holds no result, or one that names something that existed in memory only.
    """
    from audiolime_ext.explanation.summary import SCHEMA_VERSION
    from audiolime_ext.files.plain import from_json, held
    from audiolime_ext.files.reading import no_text, text_of

    kind = f"one result of explain --json (schema_version {SCHEMA_VERSION}) or an explanation.json of explain -o"
    try:
        content = from_json(text_of(path))
        if isinstance(content, dict) and content.get("kind") == "track":
            raise UsageError(f"{legible(path)} is the result of a whole recording; rerun repeats those of one excerpt")
        if isinstance(content, dict) and content.get("schema_version") == 1:
            content = _of_version_1(content)
        if isinstance(content, dict) and content.get("schema_version") == SCHEMA_VERSION:
            _require_files(content, path)
            return _whole(held(content, Result), path)
    except UsageError:
        raise
    except OSError as error:
        raise UsageError(f"cannot read {legible(path)}: {error.strerror}; name {kind}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{no_text(legible(path), error)}; it must be {kind}") from error
    except ValueError as error:
        raise UsageError(f"{legible(path)} does not hold {kind} ({error})") from error
    raise UsageError(f"{legible(path)} does not hold {kind}")


def _of_version_1(content: Mapping[str, Any]) -> dict[str, Any]:
    """A result that said `tagger`, and its settings one by one; what it lacks stays out."""
    named = {"requested_method": "method", "baseline": "baseline", "max_evals": "max_evals", "settle": "settle"}
    said = {now: content[then] for then, now in named.items() if then in content}
    said |= {"target": content.get("contrast") or content.get("target"), "seed": content.get("seed") or 0}
    said |= {"level_check": content.get("level") is not None, "segments": 1, "shifts": False}
    return {**content, "schema_version": 2, "model": content.get("tagger", ""), "settings": said}


def _whole(result: Result, path: Path) -> Result:
    """A result that names what was used, and whose segments fill the excerpt."""
    unnamed = {result["model"], result["factorization"]} - set(result["versions"]["weights"])
    if unnamed:
        raise UsageError(
            f"{legible(path)} lacks the fingerprint of {' and '.join(sorted(unnamed))}; it was cut or edited"
        )
    bounds = result["boundaries_s"]
    if len(bounds) < 2 or bounds[0] != 0 or abs(bounds[-1] - result["duration_s"]) > 1e-6:
        raise UsageError(
            f"{legible(path)} has boundaries_s {bounds}; they go from 0 to duration_s, {result['duration_s']:g}"
        )
    return result


def _require_files(content: Mapping[str, Any], path: Path) -> None:
    if memory := [key for key in ("file", "factorization", "model") if content.get(key, "") is None]:
        raise UsageError(
            f"{legible(path)} cannot be repeated: its {' and '.join(memory)} existed in memory only; only results "
            "from files "
            "and spec strings can"
        )


def as_meant(result: Result, *, told_on: TextIO) -> Result:
    """The result; if its factorization's spec had another meaning when it was made, with today's spec for that.

    The fingerprint in the result tells which of the two was meant; a line says so.
    """
    from audiolime_ext.registry import build, formerly_meant

    spec, weights = result["factorization"], result["versions"]["weights"]
    then = formerly_meant(spec)
    if then is None or build("factorization", then).fingerprint != weights.get(spec):
        return result
    print(f"{spec} then gave the stems that {then} gives today", file=told_on)
    renamed = {then if name == spec else name: fingerprint for name, fingerprint in weights.items()}
    return {**result, "factorization": then, "versions": {**result["versions"], "weights": renamed}}


def differences(before: Result, after: Mapping[str, Any]) -> list[str]:
    """What differs between two results of the same file, in words; empty if they are the same."""
    import numpy as np

    found = []
    for spec, fingerprint in before["versions"]["weights"].items():
        if after["versions"]["weights"].get(spec) != fingerprint:
            found.append(f"{spec} has changed (other weights or another version)")
    then: Mapping[str, Any] = before
    for key in ("components", "labels", "n_evals", "method"):
        if then[key] != after[key]:
            found.append(f"{key}: {then[key]} became {after[key]}")
    for name in ("scores", "weights"):
        old, new = (_numbers(result[name]) for result in (then, after))
        if old is None or np.shape(old) != np.shape(new):
            was = "rows of several lengths" if old is None else np.shape(old)
            found.append(f"{name} have another shape: {was} became {np.shape(new)}")
        else:
            gap = float(np.max(np.abs(np.subtract(old, new)), initial=0.0))
            if not gap <= TOLERANCE:
                found.append(f"{name} differ by up to {gap:.2g}")
    return found


def _numbers(found: Any) -> Any:
    """Scores, the recording's first, or weights, as an array; None where rows have several lengths."""
    import numpy as np

    try:
        return np.array([found["full"], found["empty"]] if isinstance(found, dict) else found, dtype=np.float64)
    except ValueError:
        return None
