"""Saved explanations of earlier formats, brought into today's form.

Format 1 (version 0.1.0) said `tagger`, its settings one by one, and values without the model's outputs; where the
target was the score, the values are the outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_SETTINGS = {"requested_method": "method", "baseline": "baseline", "max_evals": "max_evals", "seed": "seed"}
_SETTINGS |= {"settle": "settle"}
_LOST = (
    "this was saved by an earlier version, without the sound of its baseline ({baseline}): scores and weights are "
    "those of that baseline, but mixes made anew play silence where a component is off"
)


def _of_format_1(content: Mapping[str, Any]) -> dict[str, Any]:
    said, checks, near = dict(content["provenance"]), dict(content["checks"]), dict(content["neighborhood"])
    target, contrast = said.pop("target"), said.pop("contrast")
    settings = {now: said.pop(then) for then, now in _SETTINGS.items()}
    settings |= {"target": contrast or target, "level_check": checks["level"] is not None}
    settings |= {"segments": 1, "shifts": checks["moments"] is not None}
    labels = content["all_labels"] if target in ("score", "log-odds") else []
    provenance = {**said, "model": said["tagger"], "settings": settings, "labels": labels}
    del provenance["tagger"]
    checks |= {"shifts": checks.pop("moments"), "level": _level(checks["level"]), "noise": _noise(checks.get("noise"))}
    near["outputs"] = near["scores"] if target == "score" else None
    parts = {"off": None, "transcription": None, "only_rolled_off": False, **content["components"]}
    lost = () if settings["baseline"] == "silence" or "off" in content["components"] else (_LOST.format(**settings),)
    return {
        **content,
        "format": 2,
        "provenance": provenance,
        "components": parts,
        "checks": checks,
        "neighborhood": near,
        "warnings": [*content["warnings"], *lost],
        "cross_check": content.get("cross_check"),
    }


def _noise(plain: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Counts were written as fractions."""
    if plain is None:
        return None
    return {**plain, "n_evals": int(plain["n_evals"]), "dof": int(plain["dof"])}


def _level(plain: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The level check without numbers that are no longer used; the second control came later."""
    known = ("sources", "remaining_db", "without", "at_level", "restored")
    return None if plain is None else {name: plain.get(name) if name == "restored" else plain[name] for name in known}


NEWER: Mapping[int, Callable[[Mapping[str, Any]], dict[str, Any]]] = {1: _of_format_1}


def of_today(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """The content of a saved explanation in the newest form that can be made of it."""
    while (newer := NEWER.get(content["format"])) is not None:
        content = newer(content)
    return content
