"""``audiolime rerun``: repeat a result and say whether it is the same."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from audiolime_ext.errors import UsageError

TOLERANCE = 1e-5
DIFFERENT = 1


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "rerun",
        help="repeat a result and say whether it is the same",
        description="Explain the same file again with the settings in RESULT.json (written by explain --json or -o) and "
        f"compare: same (every number to {TOLERANCE:g}; exit code 0) or different (1).",
    )
    parser.add_argument("result", metavar="RESULT.json")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Repeat and compare."""
    from audiolime_ext.pipeline import explain

    before = read_result(Path(args.result))
    after = explain(
        before["file"], before["tagger"], factorization=before["factorization"], labels=before["labels"],
        start_s=before["start_s"], duration_s=before["duration_s"], n_segments=before["n_segments"],
        method=before["requested_method"], max_evals=before["max_evals"], seed=before["seed"] or 0,
        sr=before["sr"],
    ).to_dict()  # fmt: skip
    found = differences(before, after)
    print("same" if not found else "different: " + "; ".join(found))
    return DIFFERENT if found else 0


def read_result(path: Path) -> dict[str, Any]:
    """Read one result.

    Raises
    ------
    UsageError
        If it is none, or names something that lived in memory only.
    """
    import json

    from audiolime_ext.explanation import SCHEMA_VERSION

    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} is no result of explain --json: {error}") from error
    if not isinstance(result, dict) or result.get("schema_version") != SCHEMA_VERSION:
        raise UsageError(f"{path} is no result of explain --json (schema_version {SCHEMA_VERSION})")
    missing = [key for key in ("file", "factorization", "tagger") if result.get(key) is None]
    if missing:
        raise UsageError(f"{path} cannot be repeated: its {' and '.join(missing)} existed in memory only")
    return result


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What differs between two results, in words; empty if they are the same."""
    import numpy as np

    found = []
    if before["sha256"] != after["sha256"]:
        found.append(f"the file {before['file']} has changed")
    for spec, fingerprint in before["versions"]["weights"].items():
        if after["versions"]["weights"].get(spec) != fingerprint:
            found.append(f"{spec} has changed (other weights or another version)")
    for key in ("components", "labels", "n_evals", "method"):
        if before[key] != after[key]:
            found.append(f"{key}: {before[key]} became {after[key]}")
    numbers = {"scores": lambda r: [r["scores"]["full"], r["scores"]["empty"]], "weights": lambda r: r["weights"]}
    for name, pick in numbers.items():
        old, new = np.array(pick(before)), np.array(pick(after))
        if old.shape == new.shape and (gap := float(np.max(np.abs(old - new), initial=0.0))) > TOLERANCE:
            found.append(f"{name} differ by up to {gap:.2g}")
    return found
