"""A map in words and as plain values: what is true of it, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from audiolime_ext.files.names import utf8
from audiolime_ext.gradients.methods.grad_cam import RATIO
from audiolime_ext.gradients.window_facts import Band
from audiolime_ext.text import counted, minus, text_table

if TYPE_CHECKING:
    from audiolime_ext.gradients.relevance import Relevance

SCHEMA_VERSION = 1
SAME = 1e-9  # of the largest
_SHOWN, _BANDS = 12, 3


def table_of(relevance: Relevance) -> str:
    """The result as text: what it is of, its windows, the bands of most weight, and the notes."""
    lines = [head(relevance), "", _windows(relevance), "", *bands_told(relevance)]
    return minus("\n".join([*lines, *(f"note: {utf8(note)}" for note in relevance.notes)]))


def head(relevance: Relevance) -> str:
    """What it is, in one line."""
    of = "" if relevance.target == relevance.label else f"{relevance.target} of "
    base = "" if relevance.baseline is None else f", from {relevance.baseline}"
    name, label = utf8(relevance.recording), utf8(relevance.label)
    return f"{name}, {counted(len(relevance.windows), 'window')}: {of}{label} by {relevance.method}{base}"


def _windows(relevance: Relevance) -> str:
    measured = any(one.baseline is not None for one in relevance.windows)
    rows = []
    for one in relevance.windows[:_SHOWN]:
        row = [f"{one.start_s:.2f} s", f"{one.value:.3f}"]
        if measured:
            row += [_number(one.baseline), "not explained" if one.abstained else _number(one.gap, 4)]
        rows.append(row)
    table = text_table(["window", "value", *(["baseline", "gap"] if measured else [])], rows)
    more = len(relevance.windows) - _SHOWN
    return f"{table}\n… and {counted(more, 'more window', 'more windows')}" if more > 0 else table


def _number(value: float | None, decimals: int = 3) -> str:
    return "" if value is None else f"{value:.{decimals}f}"


def bands_told(relevance: Relevance) -> tuple[str, ...]:
    """Sentences on the bands that add and take away most: of several windows, those whose interval leaves out zero.

    Of a ratio of two maps there are none.
    """
    if relevance.method.startswith(RATIO):
        return ()  # a sum of ratios is nothing's
    found = relevance.bands()
    if not found:
        return ("no window is explained, so nothing is said of bands",)
    of = counted(len(relevance.explained), "explained window")
    if found[0].low is None:
        told = [f"of one window, so without intervals: {_most(found)}"]
        return tuple(told)
    clear = [band for band in found if band.is_clear]
    if not clear:
        return (f"no band's mean over {of} is clear of zero (95 % intervals)",)
    some = f"{counted(len(clear), 'band')} of {len(found)} clear of zero"
    return (f"means over {of}, with 95 % intervals; {some}: {_most(clear)}",)


def _most(bands: Any) -> str:
    if np.ptp([one.mean for one in bands]) <= SAME * max(abs(one.mean) for one in bands):
        return "all bands are the same"
    up = sorted((one for one in bands if one.mean > 0), key=lambda one: -one.mean)[:_BANDS]
    down = sorted((one for one in bands if one.mean < 0), key=lambda one: one.mean)[:_BANDS]
    sides = [
        f"{word} {', '.join(map(_told, some))}"
        for word, some in (("most for it", up), ("most against it", down))
        if some
    ]
    return "; ".join(sides)


def _told(band: Band) -> str:
    place = f"band {band.index}" if band.khz is None else f"{band.khz:.2f} kHz"
    ends = "" if band.low is None or band.high is None else f" ({band.low:+.4f} to {band.high:+.4f})"
    return f"{place} {band.mean:+.4f}{ends}"


def to_dict(relevance: Relevance) -> dict[str, Any]:
    """All but the map itself."""
    return {
        "schema_version": SCHEMA_VERSION,
        "method": relevance.method,
        "target": relevance.target,
        "label": relevance.label,
        "baseline": relevance.baseline,
        "model": relevance.model,
        "recording": relevance.recording,
        "sha256": relevance.sha256,
        "seed": relevance.seed,
        "step_s": relevance.step_s,
        "window_s": relevance.window_s,
        "n_frames": len(relevance.values),
        "n_bands": relevance.values.shape[1],
        "n_covered": int(np.sum(relevance.covered)),
        "windows": [vars(one) for one in relevance.windows],
        "bands": [vars(one) for one in relevance.bands()],
        "notes": list(relevance.notes),
        "references": list(relevance.cited),
    }
