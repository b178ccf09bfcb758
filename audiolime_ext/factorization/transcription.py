"""Notes and drum strokes that a separator heard beside its stems.

References
----------
C. Hawthorne et al.: Onsets and frames: dual-objective piano transcription, ISMIR 2018 (a note begins where its onset is
probable and lasts while it probably sounds).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.text import counted

Floats = NDArray[np.float32]

LOWEST_PITCH, N_PITCHES = 21, 88  # MIDI; the piano's keys, A0 to C8
_NAMES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")
_ONSET, _SOUNDS = 0.5, 0.4  # probabilities from which a note begins, and lasts


@dataclass(frozen=True, eq=False)
class Transcription:
    """What was played, in seconds from the start of the excerpt.

    Parameters
    ----------
    notes : mapping of str to ndarray of float32, shape (n_notes, 4)
        Pitched source → its notes: onset_s, offset_s, MIDI pitch, probability.
    strokes : mapping of str to ndarray of float32, shape (n_strokes, 2)
        Kind of drum → its strokes: onset_s, probability.

    Examples
    --------
    >>> import numpy as np
    >>> heard = Transcription({"bass": np.array([[0.5, 1.0, 33, 0.9]], np.float32)}, {})
    >>> heard.describe("bass")
    '1 note, A1'
    """

    notes: Mapping[str, Floats] = field(repr=False)
    strokes: Mapping[str, Floats] = field(repr=False)

    def describe(self, stem: str) -> str:
        """What a stem plays: the number of notes and their range, or of strokes of each kind; "" where unknown.

        A merged stem, such as ``piano+guitar``, is described source by source.
        """
        sources = stem.split("+")
        heard = {source: text for source in sources if (text := self._counted(source))}
        if len(sources) == 1:
            return "".join(heard.values())
        return "; ".join(f"{source}: {text}" for source, text in heard.items())

    def _counted(self, source: str) -> str:
        if source == "drums":
            return ", ".join(f"{len(rows)} {kind}" for kind, rows in self.strokes.items())
        if source not in self.notes:
            return ""
        pitches = self.notes[source][:, 2]
        if not len(pitches):
            return "no notes"
        low, high = (pitch_name(int(pitch)) for pitch in (pitches.min(), pitches.max()))
        notes = counted(len(pitches), "note")
        return f"{notes}, {low}" if low == high else f"{notes}, {low}–{high}"

    def between(self, start_s: float, end_s: float) -> Transcription:
        """What sounds in a part of the excerpt, in seconds from that part's start."""
        return Transcription(
            {name: _cut(rows, start_s, end_s, n_times=2) for name, rows in self.notes.items()},
            {name: _cut(rows, start_s, end_s, n_times=1) for name, rows in self.strokes.items()},
        )

    def to_dict(self) -> dict[str, Any]:
        """As lists, for JSON."""
        tables = {"notes": self.notes, "strokes": self.strokes}
        return {
            kind: {name: np.round(rows.astype(float), 4).tolist() for name, rows in table.items()}
            for kind, table in tables.items()
        }

    @classmethod
    def from_dict(cls, lists: Mapping[str, Any]) -> Transcription:
        """The transcription from which `to_dict` made these lists."""
        notes = {name: np.array(rows, np.float32).reshape(-1, 4) for name, rows in lists["notes"].items()}
        return cls(notes, {name: np.array(rows, np.float32).reshape(-1, 2) for name, rows in lists["strokes"].items()})

    @classmethod
    def joined(cls, parts: Iterable[tuple[float, Transcription]]) -> Transcription:
        """Join transcriptions of consecutive parts, each with its start in seconds; notes cut by a seam stay cut."""
        notes: dict[str, list[Floats]] = {}
        strokes: dict[str, list[Floats]] = {}
        for start_s, part in parts:
            for table, found, n_times in ((part.notes, notes, 2), (part.strokes, strokes, 1)):
                for name, rows in table.items():
                    moved = rows.copy()
                    moved[:, :n_times] += np.float32(start_s)
                    found.setdefault(name, []).append(moved)
        return cls(*({name: np.concatenate(rows) for name, rows in found.items()} for found in (notes, strokes)))


def pitch_name(pitch: int) -> str:
    """The name of a MIDI pitch, with middle C as C4.

    Examples
    --------
    >>> pitch_name(69), pitch_name(60)
    ('A4', 'C4')
    """
    return f"{_NAMES[pitch % 12]}{pitch // 12 - 1}"


def decode(
    notes: Floats,
    onsets: Floats,
    strokes: Floats,
    times_s: NDArray[np.float64],
    sources: Sequence[str],
    drums: Sequence[str],
) -> Transcription:
    """Notes and strokes from probabilities.

    Parameters
    ----------
    notes, onsets : ndarray of float32, shape (n_frames, n_sources, 88)
        Probabilities that a pitch sounds, and that it begins.
    strokes : ndarray of float32, shape (n_frames, n_drums)
        Probabilities that a drum is struck.
    times_s : ndarray of float64, shape (n_frames,)
        Centre of each frame in seconds.
    sources, drums : sequence of str
        Names of the pitched sources and of the drums.

    Examples
    --------
    >>> import numpy as np
    >>> notes, onsets, strokes = np.zeros((10, 1, 88)), np.zeros((10, 1, 88)), np.zeros((10, 1))
    >>> notes[2:6, 0, 48], onsets[2, 0, 48], strokes[7] = 0.8, 0.9, 0.9
    >>> heard = decode(notes, onsets, strokes, np.arange(10) / 10, ["bass"], ["kick"])
    >>> heard.notes["bass"].tolist()[0][:3], round(float(heard.strokes["kick"][0, 0]), 2)
    ([0.20000000298023224, 0.6000000238418579, 69.0], 0.7)
    """
    hop_s = float(times_s[1] - times_s[0]) if len(times_s) > 1 else 0.0
    ends_s = np.append(times_s, times_s[-1:] + hop_s)
    found = {name: _notes(notes[:, i], onsets[:, i], times_s, ends_s) for i, name in enumerate(sources)}
    struck = {}
    for i, name in enumerate(drums):
        peaks = _peaks(strokes[:, i])
        struck[name] = np.stack([times_s[peaks], strokes[peaks, i]], axis=1).astype(np.float32)
    return Transcription(found, struck)


def _peaks(probability: Floats) -> NDArray[np.intp]:
    """Frames in which something begins: local maxima above the threshold."""
    before, after = np.append(-1.0, probability[:-1]), np.append(probability[1:], -1.0)
    return np.flatnonzero((probability >= _ONSET) & (probability > before) & (probability >= after))


def _notes(sounding: Floats, beginning: Floats, times_s: NDArray[np.float64], ends_s: NDArray[np.float64]) -> Floats:
    rows = []
    for key in np.flatnonzero((beginning >= _ONSET).any(axis=0)):
        starts = _peaks(beginning[:, key])
        for start, limit in zip(starts, [*starts[1:], len(times_s)], strict=True):
            silent = np.flatnonzero(sounding[start + 1 : limit, key] < _SOUNDS)
            end = start + 1 + silent[0] if len(silent) else limit
            rows.append((times_s[start], ends_s[end], LOWEST_PITCH + key, beginning[start, key]))
    return np.array(sorted(rows), np.float32).reshape(-1, 4)


def _cut(rows: Floats, start_s: float, end_s: float, *, n_times: int) -> Floats:
    kept = rows[(rows[:, n_times - 1] > start_s) & (rows[:, 0] < end_s)].copy()
    kept[:, :n_times] = np.clip(kept[:, :n_times], start_s, end_s) - start_s
    return kept
