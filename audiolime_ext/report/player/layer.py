"""A map of relevance over the player's spectrogram, and what it says at each moment.

Relevance is a density: a cell of the map is divided between the cells of the picture in proportion to the seconds and
the mel that they share. Invariant: *the picture sums to what the map sums to* within the player's seconds and below
half of the recording's rate, to rounding; what lies beyond is told. The picture's lowest and highest rows reach to the
ends of the spectrum for that.

Blue is for the label, orange against it, as in every picture of a map: of the two, any eye tells which is which, on any
ground. Colour is full where all but one in two hundred of the picture's cells that have any relevance lie below; under
that its strength is the square root of the relevance. Where no explained window is, there is no relevance of zero:
those seconds are hatched.

What is said of a moment, of a quarter of a second or more, is decided here, on the map's own bands: the strongest band
for the label and the strongest against it, each with its neighbours as far as they have half of it or more. A side is
left out where it reaches less than a tenth of what the map has in any band and moment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.spectrogram import hz_to_mel, mel_edges_hz
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import utf8
from audiolime_ext.gradients.relevance import Relevance
from audiolime_ext.gradients.words import SAME
from audiolime_ext.report.player.pictures import N_MELS, indexed_png

Array = NDArray[np.float64]
Spans = tuple[tuple[float, float], ...]

FOR, AGAINST = "#57B0FF", "#FFA733"
WITHIN = 99.5  # percent of the cells that have any relevance
MOMENT_S, MOST_MOMENTS = 0.25, 1000
COUNTS, HALF = 0.1, 0.5
NOT_EXPLAINED = "not explained"


@dataclass(frozen=True, eq=False)
class Layer:
    """A map as the player shows it.

    Parameters
    ----------
    label : str
        Label that the map is of.
    picture : bytes
        PNG file of the size of the player's spectrogram, transparent where there is no relevance.
    gaps : tuple of (float, float)
        Seconds of the player that no explained window holds, from and to.
    moment_s : float
        Length of a moment in seconds.
    phrases : tuple of str
        Sentences on moments, each once.
    said : tuple of int
        Number of each moment's phrase.
    notes : tuple of str
        Sentences on what is not drawn.
    only_for : bool
        True where nothing can be against the label.
    """

    label: str
    picture: bytes = field(repr=False)
    gaps: Spans
    moment_s: float
    phrases: tuple[str, ...] = field(repr=False)
    said: tuple[int, ...] = field(repr=False)
    notes: tuple[str, ...] = ()
    only_for: bool = False

    def described(self) -> dict[str, Any]:
        """What the script needs, as JSON."""
        gaps = [[round(begin, 4), round(end, 4)] for begin, end in self.gaps]
        told = {"moment_s": self.moment_s, "phrases": list(self.phrases), "said": list(self.said)}
        return {"label": self.label, "gaps": gaps, "only_for": self.only_for, **told}


def layer_of(found: Relevance, *, start_s: float, duration_s: float, sr: int, n_columns: int) -> Layer:
    """A map on the grid of a player's spectrogram.

    Parameters
    ----------
    found : Relevance
        Map whose bands are known.
    start_s, duration_s : float
        Second of the recording at which the player begins, and its length in seconds.
    sr : int
        Sampling rate of the recording in Hz; the spectrogram reaches to half of it.
    n_columns : int
        Number of its columns.

    Raises
    ------
    UsageError
        If the bands' frequencies are not known.
    """
    edges_s, bands = frame_edges(found) - start_s, band_edges(found)
    columns = rebinned(found.values, edges_s, np.linspace(0, duration_s, n_columns + 1))
    drawn = rebinned(columns, bands, row_edges(sr), axis=1)
    gaps = unexplained(found, start_s, duration_s)
    n_moments = max(1, min(MOST_MOMENTS, round(duration_s / MOMENT_S)))
    moments = rebinned(found.values, edges_s, np.linspace(0, duration_s, n_moments + 1))
    told = said_of(moments, mel_to_khz(bands), found.label)
    middles = (np.arange(n_moments) + 0.5) * duration_s / n_moments
    dark = np.any([(begin <= middles) & (middles < end) for begin, end in gaps] or [np.zeros(n_moments, bool)], axis=0)
    told = [NOT_EXPLAINED if apart else phrase for phrase, apart in zip(told, dark.tolist(), strict=True)]
    phrases = tuple(dict.fromkeys(told))
    said = tuple(phrases.index(one) for one in told)
    return Layer(
        found.label,
        map_png(drawn),
        gaps,
        duration_s / n_moments,
        phrases,
        said,
        _notes(found, columns, drawn, sr),
        found.one_sided,
    )


def rebinned(values: Array, edges: Array, to: Array, *, axis: int = 0) -> Array:
    """Sums of cells on another grid, each cell divided evenly between the new ones that it lies in.

    Parameters
    ----------
    values : ndarray of float64
        Sums of the cells.
    edges : ndarray of float64, shape (n_cells + 1,)
        Edges of the cells along the axis, rising.
    to : ndarray of float64, shape (n_new + 1,)
        Edges of the new cells, rising; beyond the old ones there is nothing.
    axis : int
        Axis along which they lie.

    Examples
    --------
    >>> rebinned(np.array([4.0, 2.0]), np.array([0.0, 1.0, 2.0]), np.array([0.0, 0.5, 1.5, 3.0]))
    array([2., 3., 1.])
    """
    upright = np.moveaxis(values, axis, 0)
    sums = np.concatenate([np.zeros_like(upright[:1]), np.cumsum(upright, axis=0)])
    places = np.interp(to, edges, np.arange(len(edges)))
    below = np.minimum(places.astype(np.int64), len(edges) - 2)
    share = (places - below).reshape(-1, *[1] * (values.ndim - 1))
    up_to = sums[below] + share * (sums[below + 1] - sums[below])  # exact where nothing lies between
    return np.asarray(np.moveaxis(np.diff(up_to, axis=0), 0, axis))


def frame_edges(found: Relevance) -> Array:
    """Where the frames begin and the last one ends, in seconds of the recording, shape (n_frames + 1,)."""
    return np.asarray(found.times_s[0] + found.step_s * (np.arange(len(found.times_s) + 1) - 0.5))


def band_edges(found: Relevance) -> Array:
    """Where the bands meet, in mel, half-way between their centres, shape (n_bands + 1,).

    Raises
    ------
    UsageError
        If the bands' frequencies are not known.
    """
    if found.bands_hz is None or found.top_hz is None:
        raise UsageError("the front end does not say which frequencies its bands are, so the map has no place here")
    centres = np.array([hz_to_mel(float(hz)) for hz in (*found.bands_hz, found.top_hz)])
    meet = (centres[:-1] + centres[1:]) / 2
    return np.concatenate([[max(0.0, 2 * centres[0] - meet[0])], meet])


def row_edges(sr: int) -> Array:
    """Where the rows of the player's spectrogram meet, in mel, shape (n_mels + 1,), from 0 Hz to sr / 2."""
    top = hz_to_mel(sr / 2)
    inner = top / (N_MELS + 1) * (np.arange(1, N_MELS) + 0.5)
    return np.concatenate([[0.0], inner, [top]])


def mel_to_khz(mel: Array) -> Array:
    """Frequencies in kHz."""
    fine = mel_edges_hz(96000, 4000)
    return np.asarray(np.interp(mel, [hz_to_mel(float(hz)) for hz in fine], fine) / 1000)


def map_png(drawn: Array) -> bytes:
    """Relevance on the picture's grid, shape (n_columns, n_rows), as a PNG file, low rows at the bottom."""
    sizes = np.abs(drawn[drawn != 0])
    limit = float(np.percentile(sizes, WITHIN)) if sizes.size else 1.0
    strength = np.sqrt(np.clip(np.abs(drawn) / limit, 0, 1))
    shade = np.rint(128 + 127 * np.sign(drawn) * strength).astype(np.uint8)
    colour = [bytes.fromhex((AGAINST if i < 128 else FOR).removeprefix("#")) for i in range(256)]
    opacity = bytes(min(255, round(abs(i - 128) * 255 / 127)) for i in range(256))
    return indexed_png(shade, b"".join(colour), opacity)


def unexplained(found: Relevance, start_s: float, duration_s: float) -> Spans:
    """The seconds of a player that no explained window of a map holds; less than a frame counts as none."""
    gaps, at = list[tuple[float, float]](), 0.0
    for window in (*found.explained, None):
        begin = duration_s if window is None else min(window.start_s - start_s, duration_s)
        if begin - at > found.step_s:
            gaps.append((at, begin))
        if window is not None:
            at = max(at, window.start_s + found.window_s - start_s)
    return tuple(gaps)


def said_of(moments: Array, khz: Array, label: str) -> list[str]:
    """What is said of each moment.

    Parameters
    ----------
    moments : ndarray of float64, shape (n_moments, n_bands)
        Relevance of each moment and band.
    khz : ndarray of float64, shape (n_bands + 1,)
        Frequencies at which bands meet, in kHz.
    label : str
        Label.

    Examples
    --------
    >>> moments = np.array([[0.0, 2.0, 1.0, -1.0], [0.1, 0.0, 0.0, 0.0], [-2.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]])
    >>> for phrase in said_of(moments, np.array([0.0, 0.5, 1.0, 2.0, 4.0]), "metal"):
    ...     print(phrase)
    most for “metal” at 0.5–2 kHz, most against it at 2–4 kHz
    little for or against “metal”
    most against “metal” at 0–500 Hz
    for “metal”, in all bands alike
    """
    least, named, told = COUNTS * float(np.abs(moments).max(initial=0.0)), f"“{utf8(label)}”", []
    for own in moments:
        up, down = (float((sign * own).max()) >= least > 0 for sign in (1, -1))
        if not up and not down:
            told.append(f"little for or against {named}")
        elif np.ptp(own) <= SAME * np.abs(own).max() and len(own) > 1:
            told.append(f"{'for' if up else 'against'} {named}, in all bands alike")
        else:
            sides = [f"most for {named} at {_around(own, khz)}"] if up else []
            sides += [f"most against {'it' if up else named} at {_around(-own, khz)}"] if down else []
            told.append(", ".join(sides))
    return told


def _around(own: Array, khz: Array) -> str:
    """The strongest band and its neighbours that have half of it or more."""
    peak = int(own.argmax())
    under = np.flatnonzero(own < HALF * own[peak])
    low = int(under[under < peak].max(initial=-1)) + 1
    high = int(under[under > peak].min(initial=len(own)))
    unit, size = ("Hz", 1000) if khz[high] < 1 else ("kHz", 1)
    ends = dict.fromkeys(f"{float(f'{size * khz[edge]:.2g}'):g}" for edge in (low, high))
    return f"{'–'.join(ends)} {unit}"


def _notes(found: Relevance, columns: Array, drawn: Array, sr: int) -> tuple[str, ...]:
    """What of the map is beyond the picture: above its highest row, or in windows outside its seconds."""
    notes, size = [], float(np.abs(columns).sum())
    high = size - float(np.abs(rebinned(np.abs(columns), band_edges(found), row_edges(sr), axis=1)).sum())
    if size and high / size >= 0.005:
        notes.append(
            f"{100 * high / size:.0f} % of the relevance lies above {sr / 2000:g} kHz, where this recording ends, and "
            "is not drawn"
        )
    return tuple(notes)
