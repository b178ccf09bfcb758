"""Spectrograms of songs that are compared, on one scale: the same bands, the same seconds per line, the same decibels.

All songs are brought to the lowest of their sampling rates, in mono, and to equal energy. A band is drawn brightest
where it is as loud as the loudest band of any of them, and not at all 80 dB below. So what differs between two pictures
differs between the songs, and not in how they are drawn.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio, Samples
from audiolime_ext.audio.resampling import resample_span, resampled_length
from audiolime_ext.audio.spectrogram import frame_length, hz_to_mel, mel_spectrogram
from audiolime_ext.files.fresh import make_folder, write_bytes
from audiolime_ext.files.names import file_name, legible
from audiolime_ext.report.neighbours.loudness import equal_gains_db
from audiolime_ext.report.neighbours.told import Link
from audiolime_ext.report.player.pictures import COLORMAP, N_MELS, RANGE_DB, png
from audiolime_ext.report.templating import clock

MOST_COLUMNS = 800
LEFT, WIDTH, HEIGHT, GAP, TOP = 64, 920, 120, 64, 24  # of the picture, in its own units
BANDS_HZ = (250, 1000, 4000, 16000)
_FAINTEST = 1e-20


@dataclass(frozen=True, eq=False)
class Drawn:
    """The spectrogram of a song.

    Parameters
    ----------
    name : str
        Name of the song.
    start_s, end_s : float
        Seconds of the recording that are drawn.
    mel_db : ndarray of float32, shape (n_columns, n_mels)
        Mel bands in dB, on the scale of all.
    sr : int
        Rate in Hz that it was brought to.
    """

    name: str
    start_s: float
    end_s: float
    mel_db: NDArray[np.float32] = field(repr=False)
    sr: int

    @property
    def duration_s(self) -> float:
        """Seconds that are drawn."""
        return self.end_s - self.start_s


@dataclass(frozen=True)
class Panel:
    """A spectrogram as the template draws it: a picture at (`LEFT`, `y`), marks on it, and the axis below."""

    name: str
    image: str = field(repr=False)
    y: int
    width: float
    marks: tuple[tuple[float, float], ...]
    ticks: tuple[tuple[float, str], ...]
    bands: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Line:
    """A line from the bottom of the first panel to the top of the second."""

    x1: float
    y1: float
    x2: float
    y2: float
    best: bool


@dataclass(frozen=True)
class Sheet:
    """All panels, one above the other, and the lines between the first two."""

    width: int
    height: int
    panels: tuple[Panel, ...]
    lines: tuple[Line, ...]
    says: str


def draw(songs: Sequence[tuple[str, Audio, float, float]]) -> list[Drawn]:
    """The spectrograms of some seconds of songs, on one scale.

    Parameters
    ----------
    songs : sequence of (str, Audio, float, float)
        Name of each, its recording, and start and end in seconds.
    """
    sr = min(audio.sr for _, audio, _, _ in songs)
    heard = [_mono(audio, sr, start_s, end_s) for _, audio, start_s, end_s in songs]
    gains = equal_gains_db([samples[None] for samples in heard], [float(np.abs(one).max()) or 1.0 for one in heard])
    return [
        Drawn(name, start_s, end_s, _mel_db(samples, sr) + np.float32(gain), sr)
        for (name, _, start_s, end_s), samples, gain in zip(songs, heard, gains, strict=True)
    ]


def sheet(found: Sequence[Drawn], spans: Sequence[Sequence[tuple[float, float]]], links: Sequence[Link] = ()) -> Sheet:
    """The spectrograms as one picture.

    Parameters
    ----------
    found : sequence of Drawn
        Spectrograms; lines lead from the first to the second.
    spans : sequence of sequence of (float, float)
        Seconds of each recording to mark.
    links : sequence of Link
        Seconds of the first two that are alike.
    """
    per_s = WIDTH / max(one.duration_s for one in found)
    loudest_db = max(float(one.mel_db.max()) for one in found)
    panels = tuple(
        _panel(one, TOP + place * (HEIGHT + GAP), per_s, loudest_db, marks)
        for place, (one, marks) in enumerate(zip(found, spans, strict=True))
    )
    lines = tuple(
        Line(
            _x(found[0], link.query_s, per_s),
            TOP + HEIGHT,
            _x(found[1], link.other_s, per_s),
            TOP + HEIGHT + GAP,
            link.best,
        )
        for link in links
    )
    says = (
        f"0 to {found[0].sr / 2000:g} kHz in {N_MELS} mel bands; songs equally loud; "
        f"from {RANGE_DB:.0f} dB below the loudest band of all (dark) to that band (bright)"
    )
    return Sheet(LEFT + WIDTH + 16, panels[-1].y + HEIGHT + 28, panels, lines, says)


def write_pngs(found: Sequence[Drawn], folder: Path) -> list[Path]:
    """Write each spectrogram as a PNG file with its axes, and return the files.

    Raises
    ------
    OutputError
        If one cannot be written.
    """
    make_folder(folder)
    loudest_db = max(float(one.mel_db.max()) for one in found)
    longest_s = max(one.duration_s for one in found)
    files: list[Path] = []
    for one in found:
        files.append(folder / f"{file_name(one.name, [file.stem for file in files])}.png")
        write_bytes(_figure(one, loudest_db, longest_s), files[-1])
    return files


def _mono(audio: Audio, sr: int, start_s: float, end_s: float) -> Samples:
    samples = audio.samples.mean(axis=0)
    end = min(round(end_s * sr), resampled_length(audio.n_samples, audio.sr, sr))
    return resample_span(samples, audio.sr, sr, round(start_s * sr), end)


def _mel_db(samples: Samples, sr: int) -> NDArray[np.float32]:
    n_fft = frame_length(sr)
    padded = np.pad(samples, (n_fft // 2, n_fft // 2))
    power = mel_spectrogram(padded, sr=sr, n_fft=n_fft, hop_length=n_fft // 2, n_mels=N_MELS)
    edges = np.unique(np.linspace(0, len(power), min(MOST_COLUMNS, len(power)) + 1).astype(int))
    pooled = np.add.reduceat(power, edges[:-1], axis=0) / np.diff(edges)[:, None]
    return np.asarray(10 * np.log10(np.maximum(pooled, _FAINTEST)), np.float32)


def _panel(one: Drawn, y: int, per_s: float, loudest_db: float, marks: Sequence[tuple[float, float]]) -> Panel:
    image = base64.b64encode(png(one.mel_db, loudest_db=loudest_db)).decode()
    step_s = next(step for step in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 3600) if step * per_s >= 70 or step == 3600)
    firsts = np.arange(np.ceil(one.start_s / step_s) * step_s, one.end_s + 1e-6, step_s)
    ticks = tuple((_x(one, float(t), per_s), clock(float(t)).removesuffix(".0")) for t in firsts)
    placed = tuple((round(_x(one, begin, per_s), 1), round((end - begin) * per_s, 1)) for begin, end in marks)
    return Panel(one.name, image, y, round(one.duration_s * per_s, 1), placed, ticks, _bands(one.sr, y))


def _bands(sr: int, y: int) -> tuple[tuple[float, str], ...]:
    top = hz_to_mel(sr / 2)
    return tuple(
        (round(y + HEIGHT * (1 - hz_to_mel(hz) / top), 1), f"{hz / 1000:g} kHz") for hz in BANDS_HZ if hz < 0.45 * sr
    )


def _x(one: Drawn, t_s: float, per_s: float) -> float:
    return round(LEFT + (t_s - one.start_s) * per_s, 1)


def _figure(one: Drawn, loudest_db: float, longest_s: float) -> bytes:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"text.parse_math": False}):
        figure = Figure(figsize=(10, 4), dpi=120, layout="constrained")
        axes = figure.subplots()
        top = hz_to_mel(one.sr / 2)
        image = axes.imshow(
            one.mel_db.T - loudest_db,
            aspect="auto",
            origin="lower",
            extent=(one.start_s, one.end_s, 0, top),
            vmin=-RANGE_DB,
            vmax=0,
            cmap=COLORMAP,
        )
        axes.set_xlim(one.start_s, one.start_s + longest_s)
        axes.set(title=legible(one.name), xlabel="seconds", ylabel="Hz (mel scale)")
        shown = [hz for hz in BANDS_HZ if hz < 0.45 * one.sr]
        axes.set_yticks([hz_to_mel(hz) for hz in shown], [str(hz) for hz in shown])
        figure.colorbar(image, label="dB, relative to the loudest band of all songs")
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
    return buffer.getvalue()
