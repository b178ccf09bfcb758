"""``audiolime rerun``: repeat a result and say whether it is the same."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from audiolime_ext.errors import AudioError, UsageError

TOLERANCE = 1e-5
DIFFERENT = 1
_NEEDED = (
    "file",
    "sha256",
    "tagger",
    "factorization",
    "labels",
    "start_s",
    "duration_s",
    "boundaries_s",
    "target",
    "contrast",
    "baseline",
    "settle",
    "level",
    "requested_method",
    "max_evals",
    "seed",
    "sr",
    "components",
    "n_evals",
    "method",
    "scores",
    "weights",
    "versions",
)


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "rerun",
        help="repeat a result and say whether it is the same",
        description="Explain the same file again with the settings in RESULT.json (written by explain --json or -o) "
        f"and compare: same (every number to {TOLERANCE:g}; exit code 0) or different (1).",
    )
    parser.add_argument("result", metavar="RESULT.json")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Repeat and compare."""
    from audiolime_ext.audio import load_audio
    from audiolime_ext.pipeline import explain

    before = as_meant(read_result(Path(args.result)))
    audio = load_audio(_present(before["file"], args.result))
    found = [f"the file {before['file']} has changed"] if audio.sha256 != before["sha256"] else []
    try:
        after = explain(
            audio,
            before["tagger"],
            factorization=before["factorization"],
            labels=before["labels"],
            start_s=before["start_s"],
            duration_s=before["duration_s"],
            segments=before["boundaries_s"][1:-1],
            target=before["contrast"] or before["target"],
            baseline=before["baseline"],
            settle=before["settle"],
            level_check=before["level"] is not None,
            method=before["requested_method"],
            max_evals=before["max_evals"],
            seed=before["seed"] or 0,
            sr=before["sr"],
        ).to_dict()
        found += differences(before, after)
    except AudioError as error:
        if not found:
            raise
        found.append(str(error))
    print("same" if not found else "different: " + "; ".join(found))
    return DIFFERENT if found else 0


def _present(file: str, result: str) -> str:
    from audiolime_ext.musdb_tracks import is_musdb

    if not is_musdb(file) and not Path(file).exists():
        raise AudioError(f"{file}, which {result} is about, is not here; run this in the folder where it was explained")
    return file


def read_result(path: Path) -> dict[str, Any]:
    """Read one result.

    Raises
    ------
    UsageError
        If it is none, or names something that lived in memory only.
    """
    import json

    from audiolime_ext.summary import SCHEMA_VERSION

    kind = f"one result of explain --json (schema_version {SCHEMA_VERSION}) or an explanation.json of explain -o"
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}; name {kind}") from error
    except ValueError as error:
        raise UsageError(f"{path} does not hold {kind} ({error})") from error
    if not isinstance(result, dict) or result.get("schema_version") != SCHEMA_VERSION:
        raise UsageError(f"{path} does not hold {kind}")
    if missing := [key for key in _NEEDED if key not in result]:
        raise UsageError(f"{path} does not hold {kind}: {', '.join(missing)} missing")
    if memory := [key for key in ("file", "factorization", "tagger") if result[key] is None]:
        raise UsageError(
            f"{path} cannot be repeated: its {' and '.join(memory)} existed in memory only; only results from files "
            "and spec strings can"
        )
    return result


def as_meant(result: dict[str, Any]) -> dict[str, Any]:
    """A result whose factorization's spec meant something else when it was made, with the spec of that.

    Which of the two was meant says the fingerprint that the result keeps; it is printed.
    """
    from audiolime_ext.registry import build, formerly_meant

    spec, weights = result["factorization"], result["versions"]["weights"]
    then = formerly_meant(spec)
    if then is None or build("factorization", then).fingerprint != weights.get(spec):
        return result
    print(f"{spec} then gave the stems that {then} gives today")
    renamed = {then if name == spec else name: fingerprint for name, fingerprint in weights.items()}
    return {**result, "factorization": then, "versions": {**result["versions"], "weights": renamed}}


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What differs between two results of the same file, in words; empty if they are the same."""
    import numpy as np

    found = []
    for spec, fingerprint in before["versions"]["weights"].items():
        if after["versions"]["weights"].get(spec) != fingerprint:
            found.append(f"{spec} has changed (other weights or another version)")
    for key in ("components", "labels", "n_evals", "method"):
        if before[key] != after[key]:
            found.append(f"{key}: {before[key]} became {after[key]}")
    for name in ("scores", "weights"):
        old, new = (_numbers(result[name]) for result in (before, after))
        if np.shape(old) == np.shape(new):
            gap = float(np.max(np.abs(np.subtract(old, new)), initial=0.0))
            if not gap <= TOLERANCE:
                found.append(f"{name} differ by up to {gap:.2g}")
    return found


def _numbers(found: Any) -> Any:
    return list(found.values()) if isinstance(found, dict) else found
