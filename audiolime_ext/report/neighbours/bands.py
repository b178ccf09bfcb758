"""Where in time and frequency the nearness comes from, on the page: a map, bars per band, and what can be heard of it.

The map is drawn over what sounds, on the map's own grid: each band is one row, which is as far from the next as their
pitches are on the model's own scale. Only stretches that are explained are drawn, one beside the other, so that no
silence of a map is taken for a moment without relevance. Blue adds and red takes away, as everywhere on these pages;
colour grows stronger with the size of relevance, to where all but one in two hundred cells lie within.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio
from audiolime_ext.files.names import legible
from audiolime_ext.gradients.parts.agreed import Agreement
from audiolime_ext.gradients.parts.component_power import band_power
from audiolime_ext.gradients.parts.nearness import NearnessMap
from audiolime_ext.gradients.relevance import Relevance
from audiolime_ext.gradients.sound import parted
from audiolime_ext.gradients.words import SAME, bands_told, head
from audiolime_ext.report.figures.relevance import limit_of
from audiolime_ext.report.neighbours.shares import Table
from audiolime_ext.report.neighbours.spectrograms import LEFT, MOST_COLUMNS, TOP, WIDTH
from audiolime_ext.report.neighbours.told import Clip, lowered_alike
from audiolime_ext.report.player.pictures import RANGE_DB, indexed_png
from audiolime_ext.report.templating import boundary
from audiolime_ext.text import minus

HEIGHT, GAP, BARS = 200, 10, 150  # of the map, between its stretches, and of the bars, in the picture's own units
MOST_HEARD, PERCENTILE = 3, 95.0
KHZ = (0.25, 0.5, 1, 2, 4, 8, 16)
STATES = {
    "agrees": "agree",
    "neither": "agree: nothing",
    "opposite": "disagree: other signs",
    "idle": "disagree: the map alone",
    "missed": "disagree: the weight alone",
    "open": "not known",
}
_FAINTEST, _INK, _ROOM = 1e-20, 0.6, 110
_ADDS, _TAKES = (31, 120, 200), (208, 64, 77)  # to be seen on white and on black
_SIDES = np.abs(np.arange(256) - 127.5)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Stretch:
    """A stretch of the map: pictures of what sounds and of relevance, and when it begins and ends."""

    x: float
    width: float
    sound: str = field(repr=False)
    map: str = field(repr=False)
    name: str


@dataclass(frozen=True)
class Bar:
    """The bar of a band, and its interval: places in the picture."""

    x: float
    y: float
    width: float
    height: float
    adds: bool
    name: str
    middle: float = 0.0
    reach: tuple[float, float] | None = None


@dataclass(frozen=True)
class BandsView:
    """What the page says and draws of a map; pictures are `width` wide."""

    head: str
    stretches: tuple[Stretch, ...]
    rows: tuple[tuple[float, str], ...]
    bars: tuple[Bar, ...]
    zero: float
    columns: tuple[tuple[float, str], ...]
    scale: tuple[tuple[float, str], ...]
    told: tuple[str, ...]
    agreement: tuple[str, ...]
    table: Table | None
    clips: tuple[Clip, ...]
    silent: str
    notes: tuple[str, ...]
    unit: str = "kHz"
    only_for: bool = False
    width: int = LEFT + WIDTH + 16
    left: int = LEFT
    top: int = TOP
    height: int = HEIGHT
    tall: int = BARS


def bands_view(found: NearnessMap, *, sound: bool = True) -> BandsView:
    """The view of a map.

    Parameters
    ----------
    found : NearnessMap
        The map.
    sound : bool
        True where the page has sound.
    """
    relevance, beside = found.relevance, found.agreement
    known = relevance.bands_hz is not None
    bars, zero, scale = _bars(relevance)
    clips, silent = _clips(relevance) if sound and known else ((), "")
    notes = (*found.reading, *relevance.notes, *(() if beside is None else beside.to_dict()["notes"]))
    return BandsView(
        minus(head(relevance)),
        tuple(_stretches(relevance)),
        tuple((round(TOP + HEIGHT - HEIGHT * at, 1), name) for at, name in _frequencies(relevance)),
        bars,
        zero,
        tuple((round(LEFT + WIDTH * at, 1), name) for at, name in _frequencies(relevance)),
        scale,
        tuple(minus(_sentence(one)) for one in bands_told(relevance)),
        () if beside is None else tuple(map(_sentence, beside.sentences())),
        None if beside is None else _table(beside),
        clips,
        silent,
        tuple(minus(legible(note)) for note in dict.fromkeys(notes)),
        "kHz" if known else "number of the band",
        relevance.one_sided,
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _stretches(found: Relevance) -> Iterator[Stretch]:
    """The stretches that are explained, one beside the other."""
    spans = _spans(found)
    gap = min(GAP, 0.2 * WIDTH / max(1, len(spans) - 1))
    per_frame = (WIDTH - gap * (len(spans) - 1)) / max(1, sum(end - first for first, end in spans))
    limit, levels, x = limit_of(found), _levels_db(found), float(LEFT)
    loudest = 0.0 if levels is None else max((float(levels[first:end].max()) for first, end in spans), default=0.0)
    for (first, end), (begin_s, end_s) in zip(spans, _seconds(found, spans), strict=True):
        starts = np.linspace(0, end - first, min(end - first, MOST_COLUMNS) + 1).astype(int)
        mean = np.add.reduceat(found.values[first:end], starts[:-1], axis=0) / np.diff(starts)[:, None]
        sound = b"" if levels is None else _ink(levels[first:end][starts[:-1]], loudest)
        width = round(per_frame * (end - first), 1)
        yield Stretch(
            round(x, 1), width, _encoded(sound), _encoded(_colours(mean, limit)), _named(begin_s, end_s, width)
        )
        x += width + gap


def _spans(found: Relevance) -> list[tuple[int, int]]:
    """First and last frame of what is explained, the latter not included; windows that follow each other are one."""
    one, spans = found.frames_of(0), list[tuple[int, int]]()
    most = (one.stop - one.start) // 4  # frames between two windows that follow each other
    for number, window in enumerate(found.windows):
        if window.abstained:
            continue
        own = found.frames_of(number)
        joins = bool(spans) and own.start - spans[-1][1] <= most
        spans = [*spans[:-1], (spans[-1][0], own.stop)] if joins else [*spans, (own.start, own.stop)]
    return spans


def _seconds(found: Relevance, spans: list[tuple[int, int]]) -> Iterator[tuple[float, float]]:
    """When stretches begin and end: where their first and last windows do, as is said of what is heard of them."""
    for first, end in spans:
        held = [found.windows[i] for i in range(len(found.windows)) if first <= found.frames_of(i).start < end]
        own = [one.start_s for one in held if not one.abstained]
        yield own[0], own[-1] + found.window_s


def _named(begin_s: float, end_s: float, width: float) -> str:
    """When a stretch begins and ends, as far as there is room for that."""
    told = [boundary(second) for second in (begin_s, end_s)]
    return "–".join(told) if width >= _ROOM else told[0] if width >= _ROOM / 2 else ""


def _encoded(picture: bytes) -> str:
    return base64.b64encode(picture).decode()


def _levels_db(found: Relevance) -> NDArray[np.float32] | None:
    """What sounds in each cell, in dB; None where the recording or the bands' frequencies are not at hand."""
    if found.audio is None or found.bands_hz is None or found.top_hz is None:
        return None
    power = band_power(found.audio.samples, found.audio.sr, found.times_s, bands_hz=found.bands_hz, top_hz=found.top_hz)
    return np.asarray(10 * np.log10(np.maximum(power, _FAINTEST)), np.float32)


def _ink(levels_db: NDArray[np.float32], loudest_db: float) -> bytes:
    """A spectrogram in ink that is the stronger, the louder; from nothing 80 dB below the loudest cell."""
    shade = (np.clip(1 + (levels_db - loudest_db) / RANGE_DB, 0, 1) * 255).round().astype(np.uint8)
    return indexed_png(shade, bytes(768), bytes(int(_INK * one) for one in range(256)))


def _colours(values: Floats, limit: float) -> bytes:
    """Relevance in two colours that are the stronger, the larger it is; nothing where there is none."""
    shade = np.rint(127.5 + 127.5 * np.clip(values / limit, -1, 1)).astype(np.uint8)
    palette = bytes(_TAKES) * 128 + bytes(_ADDS) * 128
    opacity = np.where(_SIDES < 1, 0, 255 * np.sqrt(_SIDES / 127.5))
    return indexed_png(shade, palette, bytes(opacity.astype(np.uint8).tolist()))


def _frequencies(found: Relevance) -> list[tuple[float, str]]:
    """Where some frequencies lie among the bands, 0 to 1, and how they are written; of unknown bands, numbers."""
    n = found.values.shape[1]
    if found.bands_hz is None:
        return [((i + 0.5) / n, str(i)) for i in range(0, n, max(1, n // 6))]
    khz = found.bands_hz / 1000
    shown = [one for one in KHZ if khz[0] <= one <= khz[-1]]
    places = (np.interp(shown, khz, np.arange(n)) + 0.5) / n
    return [(float(at), f"{one:g}") for at, one in zip(places, shown, strict=True)]


def _bars(found: Relevance) -> tuple[tuple[Bar, ...], float, tuple[tuple[float, str], ...]]:
    """A bar for each band with its interval, where zero is, and what the scale says; none where all are the same."""
    bands = found.bands()
    means = [band.mean for band in bands]
    if not bands or np.ptp(means) <= SAME * np.abs(means).max():
        return (), 0.0, ()
    values = [one for band in bands for one in (band.mean, band.low, band.high, 0.0) if one is not None]
    low, high = min(values), max(values)
    per, step = BARS / ((high - low) or 1.0), WIDTH / len(bands)
    made = []
    for band in bands:
        at = f"band {band.index}" if band.khz is None else f"{band.khz:.2f} kHz"
        ends = "" if band.low is None or band.high is None else f" ({band.low:+.4f} to {band.high:+.4f})"
        reach = None if band.low is None or band.high is None else (_y(band.high, high, per), _y(band.low, high, per))
        x, top = round(LEFT + step * band.index, 2), _y(max(0.0, band.mean), high, per)
        tall = round(abs(band.mean) * per, 2)
        name = minus(f"{at}: {band.mean:+.4f}{ends}")
        made.append(Bar(x, top, round(0.8 * step, 2), tall, band.mean >= 0, name, round(x + 0.4 * step, 2), reach))
    scale = [(_y(one, high, per), minus(f"{one:+.3f}" if one else "0")) for one in dict.fromkeys((high, 0.0, low))]
    return tuple(made), _y(0.0, high, per), tuple(scale)


def _y(value: float, high: float, per: float) -> float:
    return round(TOP + (high - value) * per, 2)


def _table(found: Agreement) -> Table | None:
    """The map beside the weights of the stems."""
    if not found.rows:
        return None

    def number(value: float | None) -> str:
        return "–" if value is None else minus(f"{value:+.2f}" if found.near >= 0.01 else f"{value:+.2g}")

    def share(value: float | None) -> str:
        return "–" if value is None else f"{100 * value:.0f} %"

    rows = [
        (
            legible(row.component),
            (
                number(row.relevance),
                number(row.weight),
                number(row.removal),
                share(row.on_all),
                share(row.chance.energy),
                STATES[row.state],
            ),
        )
        for row in found.rows
    ]
    return Table(("", "the map", "weight", "without it", "of the map", "of the energy", "the two"), tuple(rows))


def _clips(found: Relevance) -> tuple[tuple[Clip, ...], str]:
    """The relevant part and the rest of the windows of the highest value; or why there is nothing to be heard."""
    if not found.explained:
        return (), "No window is explained, so there is no part to hear."
    cells = found.highlights(PERCENTILE, side="for")
    if not cells.any():
        return (), "Nothing is found that adds to it, so there is no relevant part to listen to."
    if found.audio is None:
        return (), "The relevant part cannot be heard here: a map that was saved does not hold its recording."
    part, rest = parted(found, cells, None)
    chosen = sorted(sorted(found.explained, key=lambda one: -one.value)[:MOST_HEARD], key=lambda one: one.start_s)
    begin_s, heard = found.windows[0].start_s, []
    for window in chosen:
        at = boundary(window.start_s), boundary(window.start_s + found.window_s)
        for sound, name in ((part, "the relevant part"), (rest, "the rest")):
            first, end = (round((window.start_s - begin_s + more) * sound.sr) for more in (0.0, found.window_s))
            heard.append(Audio(sound.samples[:, first:end], sound.sr, f"{'–'.join(at)}: {name}"))
    return tuple(lowered_alike(heard)), ""
