"""Where in time and frequency a value comes from: in colour over what sounds, and in sums for each band.

Blue is for the value, orange against it, which any eye tells apart; the scale is the same in both directions. Its ends
are where all but one in two hundred of the cells that have any relevance lie within; the few beyond have the ends'
colour. Colour grows stronger with relevance, so that what has none shows the spectrogram in greys below. That is drawn
where the recording is at hand and the bands' frequencies are known; bands are numbered elsewhere. Stretches that no
explained window holds are hatched, and the title says so: grey alone is no relevance.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from audiolime_ext.audio.recording import Audio
from audiolime_ext.audio.spectrogram import hz_to_mel
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import legible
from audiolime_ext.gradients.methods.grad_cam import RATIO
from audiolime_ext.gradients.relevance import Relevance
from audiolime_ext.report.figures.sheet import Panel, Room, Sheet, add_colorbar
from audiolime_ext.report.figures.spectrogram import PANEL_IN, draw_levels, heard_bands, levels_db

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Labels = Sequence[str | int] | None

WITHIN = 99.5  # percent of the cells that have any relevance
FOR, AGAINST = "#1260cc", "#d95f02"
_BARS_IN, _HATCH = 1.8, 0.35
_SIDES, _HATCHED = "blue: for it; orange: against it", "hatched: not explained"


def map_of(found: Relevance, labels: Labels, room: Room) -> Sheet:
    """The map, over the spectrogram of the recording."""
    _require_label(found, labels)
    first, _, second = found.label.partition(" against ")
    told = f"blue: more of {legible(first)}; orange: more of {legible(second)}" if _is_ratio(found) else _sides(found)
    told = told if found.covered.all() else f"{told}; {_HATCHED}"
    title = room.title(_about(found), told, beside=["16 kHz"], bar=True)
    return Sheet((Panel(PANEL_IN, partial(_draw_map, found, room), title),), of="spectrogram")


def bands_of(found: Relevance, labels: Labels, room: Room) -> Sheet:
    """The mean over the windows of each band's sum, with intervals.

    Raises
    ------
    UsageError
        If no window is explained.
    """
    _require_label(found, labels)
    if not found.explained:
        raise UsageError("no window is explained, so bands have no sums; draw the map: kind='map'")
    told = "lines: 95 % intervals over windows" if len(found.explained) > 1 else "one window, so no intervals"
    title = room.title(_about(found), f"sum of each band in the mean over windows; {told}", beside=["−0.000"])
    return Sheet((Panel(_BARS_IN, partial(_draw_bands, found, room), title),), of="bands")


def _require_label(found: Relevance, labels: Labels) -> None:
    if labels is not None and list(labels) != [found.label]:
        raise UsageError(f"this is of {found.label!r} alone; leave labels out")


def _about(found: Relevance) -> str:
    base = "" if found.baseline is None else f", from {found.baseline}"
    return f"{legible(found.recording)}: {found.label} by {found.method}{base}"


def _sides(found: Relevance) -> str:
    """What the colours are; no more than can be there."""
    return _SIDES.partition("; ")[0] if found.one_sided else _SIDES


def _is_ratio(found: Relevance) -> bool:
    """Whether it is one map against another."""
    return found.method.startswith(RATIO)


def _quantity(found: Relevance) -> str:
    return "log ratio" if _is_ratio(found) else "relevance"


def _draw_map(found: Relevance, room: Room, axis: Axes) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, ListedColormap, Normalize

    begin_s, end_s = (float(found.times_s[i] + half * found.step_s) for i, half in ((0, -0.5), (-1, 0.5)))
    n_bands, audio = found.values.shape[1], found.audio
    if audio is not None and found.bands_hz is not None and found.top_hz is not None:
        first, end = (min(max(0, round(at * audio.sr)), audio.n_samples) for at in (begin_s, end_s))
        samples = Audio(audio.samples[:, first:end], audio.sr).samples
        levels = heard_bands(levels_db(samples, audio.sr), audio.sr, 2 * found.top_hz)
        draw_levels(axis, levels, audio.sr, (first / audio.sr, end / audio.sr), room, cmap="Greys", bar=False)
        step = hz_to_mel(found.top_hz) / (n_bands + 1)
        bottom, top = 0.5 * step, (n_bands + 0.5) * step
    else:
        bottom, top = -0.5, n_bands - 0.5
        axis.set_ylabel("band")
        axis.set_xlabel(room.seconds(["16"], bar=True))
    limit = limit_of(found)
    scale = Normalize(-limit, limit)
    colours = LinearSegmentedColormap.from_list(
        "against and for", [AGAINST, "white", FOR]
    )  # white, so that it may fade
    shades = colours(scale(found.values.T))
    shades[..., 3] = np.clip(np.abs(found.values.T) / limit, 0, 1) ** 0.5
    place: dict[str, Any] = {"origin": "lower", "aspect": "auto", "interpolation": "none"}
    axis.imshow(shades, extent=(begin_s, end_s, bottom, top), **place)
    look: dict[str, Any] = {"facecolor": "none", "edgecolor": room.style.ink, "hatch": "////", "linewidth": 0.0}
    for first, end in not_covered(found):
        axis.axvspan(begin_s + first * found.step_s, begin_s + end * found.step_s, **look, alpha=_HATCH)
    axis.set_xlim(begin_s, end_s)
    axis.set_ylim(bottom, top)
    beside = ScalarMappable(scale, colours)
    if found.one_sided:
        beside = ScalarMappable(Normalize(0, limit), ListedColormap(colours(np.linspace(0.5, 1, 128))))
    add_colorbar(axis, beside, room, label=_quantity(found), aspect=15)


def not_covered(found: Relevance) -> list[tuple[int, int]]:
    """The stretches of frames that no explained window holds, from and to."""
    edges = np.flatnonzero(np.diff(np.concatenate([[True], found.covered, [True]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def limit_of(found: Relevance) -> float:
    """Where the scale of a map ends, in both directions; 1 where there is no relevance at all."""
    sizes = np.abs(found.values[found.values != 0])
    return float(np.percentile(sizes, WITHIN)) if sizes.size else 1.0


def _draw_bands(found: Relevance, room: Room, axis: Axes) -> None:
    bands = found.bands()
    heights = [band.mean for band in bands]
    colours = [FOR if height >= 0 else AGAINST for height in heights]
    ends = [(band.low, band.high) for band in bands if band.low is not None and band.high is not None]
    axis.bar(range(len(bands)), heights, width=0.8, color=colours)
    if ends:
        axis.vlines(range(len(bands)), *zip(*ends, strict=True), color=room.style.ink, linewidth=room.style.line)
    axis.axhline(0, color=room.style.ink, linewidth=room.style.line)
    axis.set_xlim(-0.6, len(bands) - 0.4)
    axis.set_ylabel(_quantity(found))
    if found.bands_hz is None:
        axis.set_xlabel("band")
        return
    wanted = [hz for hz in (250, 500, 1000, 2000, 4000, 8000) if found.bands_hz[0] <= hz <= found.bands_hz[-1]]
    axis.set_xticks(np.interp(wanted, found.bands_hz, np.arange(len(bands))), [f"{hz / 1000:g}" for hz in wanted])
    axis.set_xlabel("kHz")
