"""What sounds, and where: the mix in greys, and over it in its colour what makes a label.

Bands are mel bands, drawn where their centres are on a mel axis, whose ticks are the true frequencies. Seconds are
those of the recording; nothing beyond its ends is drawn, nor beyond the windows of a track that are explained. Of a
result the bands end at half of the model's sampling rate, above which it hears nothing. Levels are in dB below the
loudest band of the mix that is drawn. Colour is where the sound itself is: as loud as that band it covers the grey, 50
dB below and less it is not seen, and between them its strength falls evenly with the dB.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio, Samples
from audiolime_ext.audio.resampling import padded_span
from audiolime_ext.audio.spectrogram import hz_to_mel
from audiolime_ext.explanation.explanation import Explanation
from audiolime_ext.report.figures.bars import (
    explained_s,
    means,
    names_in_recording,
    spanned,
    spanned_track,
    told,
    with_minus,
)
from audiolime_ext.report.figures.sheet import Line, Panel, Room, Sheet, add_colorbar
from audiolime_ext.report.figures.styles import INK
from audiolime_ext.report.player.pictures import N_MELS, OVERLAY_DB, RANGE_DB, frame_length, picture, sketch
from audiolime_ext.report.player.player import stem_colors
from audiolime_ext.report.song.view import components
from audiolime_ext.text import minus
from audiolime_ext.track.explanation import TrackExplanation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANEL_IN = 1.7
TICKS_HZ = (250, 500, 1000, 2000, 4000, 8000, 16000)
DECIBELS = "dB below the loudest band"
_PIECE_S = 20.0  # at a time, for the memory's sake
Levels = NDArray[np.float32]


def of_audio(audio: Audio, labels: Sequence[str | int] | None, room: Room) -> Sheet:
    """The mel spectrogram of a recording; labels say nothing of it."""
    levels = levels_db(audio.samples, audio.sr)

    def draw(axis: Axes) -> None:
        draw_levels(axis, levels, audio.sr, (0.0, audio.duration_s), room, cmap="magma")

    return Sheet((Panel(PANEL_IN, draw, _title(room, audio.name)),), of="spectrogram")


def _title(room: Room, *lines: Line) -> str:
    return room.title(*lines, beside=["16 kHz"], bar=True)


def of_explanation(explanation: Explanation, labels: Sequence[str | int] | None, room: Room) -> Sheet:
    """What makes each label within the mix, with the borders of segments or regions."""
    parts, mixture = explanation.components, explanation.mixture
    mix = heard_bands(levels_db(mixture.samples, mixture.sr), mixture.sr, parts.grid.sr)
    span_s = parts.start_s, parts.start_s + parts.duration_s
    shades = dict(zip(explanation.names, components(explanation.names, parts), strict=True))
    colors = {**{name: about["color"] for name, about in shades.items()}}
    colors |= dict(zip(parts.sources, stem_colors(parts.sources), strict=True))
    panels, seen, drawn_for = list[Panel](), names_in_recording(explanation), dict[Any, str]()
    for label in labels or explanation.labels:
        column, top = explanation.column(label), explanation.top(label=label)
        layer = None if top.audio is None else levels_db(top.audio.samples, top.audio.sr)[: len(mix)]
        values = [explanation.number(value, column) for value in explanation.score(column)]
        about = told(explanation.kind, explanation.all_labels[column], values, explanation.provenance)
        coloured = _in_colour([seen.get(name, name) for name in top.components])
        coloured += _same(drawn_for, tuple(top.components), explanation.kind.called(explanation.all_labels[column]))
        lines: list[Line] = [
            *([] if panels else [spanned(parts.recording_name, *span_s)]),
            *([about, coloured] if top.components else [minus(_with_names(top.message, seen))]),
        ]
        color = colors[top.components[0]] if top.components else INK
        drawn = partial(_draw_within, mix, layer, mixture.sr, span_s, color, explanation, room)
        panels.append(Panel(PANEL_IN, drawn, _title(room, *lines)))
    return Sheet(tuple(panels))


def of_track(track: TrackExplanation, labels: Sequence[str | int] | None, room: Room) -> Sheet:
    """The source that adds most to each label in the mean, within the whole recording."""
    asked = list(labels or track.labels)
    tops = [max(track.mean(label), key=lambda name, label=label: track.mean(label)[name]) for label in asked]  # type: ignore[misc]
    sr, mixture, alone = _joined(track, set(tops))
    mix = heard_bands(levels_db(mixture, sr), sr, track.grid.sr)
    colors = dict(zip(track.names, stem_colors(track.names), strict=True))
    panels, drawn_for = list[Panel](), dict[Any, str]()
    for label, name in zip(asked, tops, strict=True):
        voice, mean = track.voice(label), track.mean(label)[name]
        values = means(track, label)
        above = mean > 0
        coloured = f"{_in_colour([name])} ({with_minus(voice.signed(mean))} in the mean)"
        coloured += _same(drawn_for, name, voice.name) if above else ""
        told_of: list[Line] = [
            *([] if panels else [spanned_track(track)]),
            told(track.kind, track.all_labels[track.column(label)], values, track.provenance),
            coloured if above else "no source adds to it",
        ]
        layer = levels_db(alone[name], sr)[: len(mix)] if above else None
        drawn = partial(_draw_within, mix, layer, sr, explained_s(track), colors[name], None, room)
        panels.append(Panel(PANEL_IN, drawn, _title(room, *told_of)))
    return Sheet(tuple(panels))


def _in_colour(names: Sequence[str]) -> str:
    return f"in colour: {', '.join(names)}"


def _same(drawn_for: dict[Any, str], what: Any, label: str) -> str:
    """Words where the same sound is in colour for an earlier label: pictures of labels differ in nothing else."""
    first = drawn_for.setdefault(what, label)
    return "" if first == label else f"; the same picture as for {first}"


def _with_names(text: str, seen: dict[str, str]) -> str:
    """A text with the names that are seen: those of segments only, each of which ends with its seconds."""
    renamed = [re.escape(name) for name, shown in seen.items() if name != shown]
    return re.sub("|".join(renamed), lambda found: seen[found[0]], text) if renamed else text


def levels_db(samples: Samples, sr: int, *, n_columns: int = 1000) -> Levels:
    """Levels of the mel bands in dB, shape (n_mels, n_columns or fewer).

    Parameters
    ----------
    samples : ndarray of float32, shape (n_channels, n_samples)
        Waveform.
    sr : int
        Sampling rate in Hz.
    n_columns : int
        Most columns to draw.
    """
    half, n_samples, step = frame_length(sr) // 2, samples.shape[-1], round(_PIECE_S * sr)
    firsts = range(0, max(1, n_samples), step)
    spans = [(first, n_samples if n_samples - first < 1.5 * step else first + step) for first in firsts]
    ends = next(i for i, (_, end) in enumerate(spans) if end >= n_samples)
    sketches = [sketch(padded_span(samples, first - half, end + half)[None], sr) for first, end in spans[: ends + 1]]
    return np.ascontiguousarray(picture(sketches, n_columns=n_columns).mel_db.T)


def heard_bands(levels: Levels, sr: int, model_sr: float) -> Levels:
    """The bands up to half of the model's sampling rate."""
    centres = hz_to_mel(sr / 2) / (N_MELS + 1) * np.arange(1, N_MELS + 1)
    return levels[: max(1, int((centres <= hz_to_mel(model_sr / 2)).sum()))]


def _joined(track: TrackExplanation, names: set[str]) -> tuple[int, Samples, dict[str, Samples]]:
    """Rate, mix and some stems of what is explained, in mono, from consecutive parts or from each window's own."""
    sr, pieces = 0, list[tuple[Samples, dict[str, Samples]]]()
    for part in track.stems():
        sr, mono = part.sr, part.samples.mean(axis=1)
        own = {name: mono[part.names.index(name)] for name in names & set(part.names)}
        pieces.append((mono.sum(axis=0), own))
    start_s, end_s = explained_s(track)
    sizes = [len(mix) for mix, _ in pieces]
    own_stems = sizes == [round(window.duration_s * sr) for window in track.windows]
    begins = np.cumsum([0, *sizes[:-1]]) / sr + track.start_s
    places = [round((begin - start_s) * sr) for begin in (track.times_s if own_stems else begins).tolist()]
    mixture, *alone = np.zeros((1 + len(names), 1, round((end_s - start_s) * sr)), np.float32)
    for place, (mix, own) in zip(places, pieces, strict=True):
        _put(mixture, mix, place)
        for whole, name in zip(alone, names, strict=True):
            _put(whole, own.get(name, np.zeros_like(mix)), place)
    return sr, mixture, dict(zip(names, alone, strict=True))


def _put(whole: Samples, piece: Samples, place: int) -> None:
    """Write a piece where it belongs, as far as it lies within."""
    begin, end = max(0, place), min(whole.shape[-1], place + len(piece))
    if begin < end:
        whole[:, begin:end] = piece[begin - place : end - place]


def _draw_within(
    mix: Levels,
    layer: Levels | None,
    sr: int,
    span_s: tuple[float, float],
    color: str,
    explanation: Explanation | None,
    room: Room,
    axis: Axes,
) -> None:
    from matplotlib.colors import to_rgb

    draw_levels(axis, mix, sr, span_s, room, cmap="Greys")
    if layer is not None:
        seen = np.clip(1 + (layer - mix.max()) / OVERLAY_DB, 0.0, 1.0)
        shade = np.broadcast_to(to_rgb(color), (*seen.shape, 3))
        axis.imshow(np.dstack([shade, seen]), **_place(len(mix), sr, span_s))
    if explanation is not None:
        _draw_borders(axis, explanation, sr, room.style.line)


def draw_levels(
    axis: Axes, levels: Levels, sr: int, span_s: tuple[float, float], room: Room, *, cmap: str, bar: bool = True
) -> None:
    """Draw levels in dB (n_mels, n_columns), the lowest bands of those up to sr / 2, with a colour `bar` or without."""
    from matplotlib import rcParams
    from matplotlib.font_manager import FontProperties
    from matplotlib.ticker import FuncFormatter

    from audiolime_ext.report.figures.ticks import Apart

    place = _place(len(levels), sr, span_s)
    image = axis.imshow(levels - levels.max(), cmap=cmap, vmin=-RANGE_DB, vmax=0.0, **place)
    marks = [hz for hz in TICKS_HZ if hz_to_mel(hz) <= 0.97 * place["extent"][3]]
    named = {hz_to_mel(hz): f"{hz / 1000:g}" for hz in marks}
    size = float(FontProperties(size=rcParams["ytick.labelsize"]).get_size_in_points())
    apart_in = 1.2 * size / 72
    axis.yaxis.set_major_locator(Apart(list(named), apart_in))
    axis.yaxis.set_major_formatter(FuncFormatter(partial(_name_of, named)))
    axis.set_xlim(*span_s)
    axis.set_ylim(*place["extent"][2:])
    axis.set_ylabel("kHz")
    axis.set_xlabel(room.seconds(["16"], bar=True))
    if bar:
        levels_at = Apart(np.arange(-RANGE_DB, 1.0, 20.0).tolist(), apart_in)
        add_colorbar(axis, image, room, label="dB", aspect=15, ticks=levels_at)


def _name_of(named: dict[float, str], place: float, _: int | None = None) -> str:
    return named.get(float(place), "")


def _place(n_mels: int, sr: int, span_s: tuple[float, float]) -> dict[str, Any]:
    """Where the lowest bands of a picture lie: seconds, and mel, with each band around its centre."""
    step = hz_to_mel(sr / 2) / (N_MELS + 1)
    extent = (*span_s, 0.5 * step, (n_mels + 0.5) * step)
    return {"extent": extent, "origin": "lower", "aspect": "auto", "interpolation": "none"}  # kept as it is in a PDF


def _draw_borders(axis: Axes, explanation: Explanation, sr: int, line: float) -> None:
    """The borders of time segments, and of regions where the stems are regions of time and frequency."""
    parts = explanation.components
    for edge_s in parts.boundaries_s[1:-1] if max(parts.groups) > 1 else ():
        axis.axvline(parts.start_s + edge_s, color=INK, linewidth=line, linestyle=(0, (3, 2)))
    if not (explanation.provenance.factorization or "").startswith("slic") or len(parts.sources) < 2:
        return
    stems = [levels_db(stem, parts.stems.sr) for stem in parts.recorded]
    owner = np.where(np.max(stems, axis=0) < np.max(stems) - RANGE_DB, -1, np.argmax(stems, axis=0))
    left, right, bottom, top = _place(N_MELS, sr, (parts.start_s, parts.start_s + parts.duration_s))["extent"]
    x = np.linspace(left, right, 2 * owner.shape[1] + 1)[1::2]
    y = np.linspace(bottom, top, 2 * owner.shape[0] + 1)[1::2]
    for i in range(len(stems)):
        if 0 < (owner == i).sum() < owner.size:
            axis.contour(x, y, owner == i, levels=[0.5], colors=[INK], linewidths=line)
