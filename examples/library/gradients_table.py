"""The tables of `examples.library.gradients`: three readings, blurs, and stems beside maps, counted over triplets."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import PurePosixPath
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.prediction.similarity import NEAR_COSINE

Record = dict[str, Any]
Floats = NDArray[np.float64]

BLURS = {  # standard deviations in frames and bands
    "2 frames": (2.0, 0.0),
    "8 frames": (8.0, 0.0),
    "2 bands": (0.0, 2.0),
    "5 bands": (0.0, 5.0),
    "2 frames and 2 bands": (2.0, 2.0),
}
THIRDS = ("low", "middle", "high")
READINGS = ("bands", "difference of two", "B as baseline")
SMALL = 0.05  # of the size of all bands: a third that is smaller has no sign to speak of
_ROUNDING = 1e-6  # of the largest band


def as_markdown(found: Sequence[Record]) -> str:
    """All tables."""
    told = [one for one in found if "bands" in one]
    parts = [
        f"{len(found)} triplets, {len(told)} with a window that is explained.",
        _table(["", "query", "A", "B", "to A", "to B", "gap of each window, and its difference"], _asked(found)),
        _table(["", *THIRDS, "sum", "size", *(f"{name}, from B" for name in THIRDS), "sum", "to B"], _thirds(told)),
        _table(
            [
                "beside the difference from silence",
                "bands of another sign",
                "their relevance",
                "a third turns",
                "the largest third turns",
            ],
            _compared(told),
        ),
        _table(
            ["separator", "stems", "agrees", "neither", "opposite", "idle", "missed", "open", "the same stem leads"],
            _stems(told),
        ),
    ]
    if all("switched" in one for one in told):
        parts.append(
            _table(
                ["thirds", "of those that count when switched", "the same sign", "the largest is the same"], _off(told)
            )
        )
    return "\n\n".join(parts) + "\n"


def thirds(bands: Sequence[float]) -> Floats:
    """The sums of the low, the middle and the high third of the bands.

    >>> thirds([1.0, 2.0, -1.0, 0.5, 0.0, 1.0])
    array([ 3. , -0.5,  1. ])
    """
    return np.array([part.sum() for part in np.array_split(np.asarray(bands, float), 3)])


def turned(before: Sequence[float], after: Sequence[float]) -> tuple[int, float]:
    """How many bands have another sign than before, and their share of the relevance before (the size of all totals).

    >>> turned([1.0, -0.5, 0.5], [0.9, 0.1, 0.4])
    (1, 0.25)
    """
    was, now = np.asarray(before, float), np.asarray(after, float)
    limit = _ROUNDING * np.abs(was).max()
    other = (was * now < 0) & (np.abs(was) > limit) & (np.abs(now) > limit)
    return int(other.sum()), float(np.abs(was[other]).sum() / np.abs(was).sum())


def thirds_turned(before: Sequence[float], after: Sequence[float]) -> tuple[bool, bool]:
    """Whether a third that counts has another sign than before, and whether the largest has.

    >>> thirds_turned([1.0, -0.5, 0.5], [0.9, 0.1, 0.4]), thirds_turned([1.0, -0.5, 0.01], [-0.9, -0.1, -0.4])
    ((True, False), (True, True))
    """
    was, now = thirds(before), thirds(after)
    counts = np.abs(was) >= SMALL * np.abs(np.asarray(before)).sum()
    other = counts & (was * now < 0)
    largest = int(np.abs(was).argmax())
    return bool(other.any()), bool(other[largest])


def as_csv(found: Sequence[Record]) -> str:
    """The total of each band, by each reading and blurred across bands: a line for each triplet and band."""
    text = io.StringIO()
    names = [*READINGS, *(name for name, (frames, bands) in BLURS.items() if bands and not frames)]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["query", "a", "b", "band", "khz", *names])
    for one in found:
        if "bands" in one:
            empty = [""] * len(one["bands_khz"])
            columns = [one.get(name, one["blurs"].get(name, empty)) for name in names]
            for band, cells in enumerate(zip(one["bands_khz"], *columns, strict=True)):
                writer.writerow(
                    [*map(_name, one["songs"]), band, *(cell if cell == "" else f"{cell:.6g}" for cell in cells)]
                )
    return text.getvalue()


def _asked(found: Sequence[Record]) -> list[list[str]]:
    """The triplets, and how far the map of each window is from its difference from silence."""
    rows = []
    for number, one in enumerate(found, 1):
        a, b = one["similarities"]
        gaps = ", ".join(f"{gap:.4f} of {_signed(moved)}" for gap, moved in zip(one["gaps"], one["moved"], strict=True))
        rows.append([str(number), *map(_name, one["songs"]), f"{a:.2f}", f"{b:.2f}", gaps or "not explained"])
    return rows


def _thirds(told: Sequence[Record]) -> list[list[str]]:
    """Thirds by reading 2 and by reading 3, what these sum to, and what the third never asks."""
    rows = []
    for number, one in enumerate(told, 1):
        own, third = thirds(one["bands"]), thirds(one["B as baseline"])
        of_b = float(np.mean([values[1] for values in one["of query"]]) - one["of silence"][1])
        size = f"{np.abs(one['bands']).sum():.3f}"
        cells = [*map(_signed, own), _signed(own.sum()), size, *map(_signed, third), _signed(third.sum())]
        rows.append([str(number), *cells, _signed(of_b)])
    return rows


def _compared(told: Sequence[Record]) -> list[list[str]]:
    columns = {
        "reading 1, the difference of two maps": "difference of two",
        "reading 3, B as the baseline": "B as baseline",
    }
    columns |= {f"the same, blurred over {name}": name for name in BLURS}
    rows = []
    for what, name in columns.items():
        pairs = [(one["bands"], one.get(name, one["blurs"].get(name))) for one in told]
        pairs = [pair for pair in pairs if pair[1] is not None]
        if not pairs:
            continue
        bands = [turned(*pair) for pair in pairs]
        n, shares = [count for count, _ in bands], [100 * share for _, share in bands]
        both = zip(*(thirds_turned(*pair) for pair in pairs), strict=True)
        counts = f"{median(n):g} of {len(pairs[0][0])} ({min(n)} to {max(n)})"
        share = f"{median(shares):.0f} % ({min(shares):.0f} to {max(shares):.0f})"
        rows.append([what, counts, share, *(f"{sum(row)} of {len(pairs)}" for row in both)])
    return rows


def _stems(told: Sequence[Record]) -> list[list[str]]:
    """States of all stems of all triplets, and in how many the stem of most relevance has the largest weight."""
    rows = []
    for name in told[0]["stems"]:
        answers = [one["stems"][name]["rows"] for one in told]
        states = [row["state"] for rows_ in answers for row in rows_.values()]
        several = [rows_ for rows_ in answers if len(rows_) > 1]
        same = sum(_first(rows_, "relevance") == _first(rows_, "weight") for rows_ in several)
        counts = [str(states.count(state)) for state in ("agrees", "neither", "opposite", "idle", "missed", "open")]
        rows.append([name, str(len(states)), *counts, f"{same} of {len(several)}"])
    return rows


def _off(told: Sequence[Record]) -> list[list[str]]:
    """How the thirds of the maps go with what switching these thirds on and off adds, in all triplets."""
    several = [one for one in told if len(one["switched"]) == len(THIRDS)]
    off = np.array([one["switched"] for one in several]).reshape(len(several), -1)
    counts = np.abs(off) >= NEAR_COSINE
    names = {"the difference from silence": "bands", "B as the baseline": "B as baseline"}
    rows = []
    for what, name in names.items():
        own = np.array([thirds(one[name]) for one in several]).reshape(off.shape)
        same = int((counts & (own * off > 0)).sum())
        largest = int((np.abs(own).argmax(axis=1) == np.abs(off).argmax(axis=1)).sum())
        rows.append([what, f"{counts.sum()} of {off.size}", f"{same} of {counts.sum()}", f"{largest} of {len(off)}"])
    return rows


def _first(rows: dict[str, Any], by: str) -> str:
    return max(rows, key=lambda name: float(rows[name][by]))


def _name(path: str) -> str:
    place = PurePosixPath(path)
    return f"{place.parts[place.parts.index('songs') + 1]}: {place.stem}" if "songs" in place.parts[:-1] else place.stem


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "\N{MINUS SIGN}")


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---", *["--:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
