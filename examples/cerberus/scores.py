"""How near estimates are to the truth: signals, notes and strokes.

Conventions: signals are (n_channels, n_samples); all scores but F1 are in dB. A score that has no meaning for a song is
None, and the reason is in `Separation.case`, so that no mean hides what was left out.

SDR is that of BSS Eval v4 as museval, the reference implementation, computes it for one source; the tests compare the
two. Its filters serve ISR, SIR and SAR only: the SDR is the energy of the target over that of the error, second by
second, and the median over them. That takes a few lines, so museval and the packages it needs are for the tests alone.
One thing differs: a second in which only the estimate is silent counts, with 0 dB, where museval leaves it out.

References
----------
J. Le Roux, S. Wisdom, H. Erdogan, J. R. Hershey: SDR – half-baked or well done?, ICASSP 2019 (SI-SDR).
F.-R. Stöter, A. Liutkus, N. Ito: The 2018 signal separation evaluation campaign, LVA/ICA 2018 (BSS Eval v4).
C. Raffel et al.: mir_eval: a transparent implementation of common MIR metrics, ISMIR 2014 (notes and onsets).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Samples, level_db
from audiolime_ext.extras import require

EXTRA = "separation-evaluation"  # of pyproject.toml
SILENT_DB = -30.0  # a target so far below the mixture is silent; a mixture so near to the target is the target alone
LIMIT_DB = 100.0  # a perfect estimate's score, where rounding would decide
TOLERANCE_S = 0.05  # between the onsets of a note and of its estimate
_SAME_STROKE_S = 0.02  # a hi-hat and a crash struck together are one stroke of a kind
_N_RESAMPLES = 10_000

DRUMS = ("kick", "snare", "cymbals")
_KICK, _SNARE = (35, 36), (37, 38, 39, 40)  # General MIDI percussion keys, as `batches` has them


@dataclass(frozen=True)
class Separation:
    """One estimate beside its target.

    Parameters
    ----------
    case
        ``"scored"``; ``"silent"``: the target is, so there is nothing to compare; ``"alone"``: nothing else sounds, so
        there is nothing to separate; ``"empty"``: the estimate is silent though the target sounds.
    target_db, estimate_db
        Levels relative to the mixture.
    si_sdr_db, gain_db
        SI-SDR, and how much more that is than the mixture's.
    sdr_db
        BSS Eval v4.
    """

    case: Literal["scored", "silent", "alone", "empty"]
    target_db: float
    estimate_db: float
    si_sdr_db: float | None = None
    gain_db: float | None = None
    sdr_db: float | None = None


def si_sdr(estimate: Samples, target: Samples) -> float:
    """Scale-invariant signal-to-distortion ratio in dB, within ±`LIMIT_DB`; the target must not be silent."""
    x, s = np.ravel(estimate).astype(np.float64), np.ravel(target).astype(np.float64)
    projected = (x @ s) / (s @ s) * s
    return _ratio_db(float(projected @ projected), float(np.sum(np.square(x - projected))))


def sdr(estimate: Samples, target: Samples, sr: int) -> float:
    """BSS Eval v4: the median over the whole seconds in which the target sounds, or of everything if there is none."""
    starts = range(0, target.shape[-1] - sr + 1, sr)
    seconds = [slice(start, start + sr) for start in starts if target[:, start : start + sr].any()] or [slice(None)]
    errors = estimate - target
    return median(_ratio_db(_energy(target[:, at]), _energy(errors[:, at])) for at in seconds)


def separation(estimate: Samples, target: Samples, mixture: Samples, sr: int) -> Separation:
    """All scores of one estimate."""
    levels = level_db(target, mixture), level_db(estimate, mixture)
    if levels[0] < SILENT_DB:
        return Separation("silent", *levels)
    before = si_sdr(mixture, target)
    if before > -SILENT_DB:
        return Separation("alone", *levels)
    if levels[1] < -LIMIT_DB:
        return Separation("empty", *levels, sdr_db=sdr(estimate, target, sr))
    after = si_sdr(estimate, target)
    return Separation("scored", *levels, si_sdr_db=after, gain_db=after - before, sdr_db=sdr(estimate, target, sr))


@dataclass(frozen=True)
class Hearing:
    """Precision, recall and F1 of what was heard, all None where there was nothing to hear."""

    n_reference: int
    n_estimated: int
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None


def notes(estimated: NDArray[np.float32], reference: NDArray[np.float32]) -> Hearing:
    """Notes with the right pitch and an onset within `TOLERANCE_S`; offsets are not judged.

    Parameters
    ----------
    estimated, reference
        (n_notes, 3 or more): onset and offset in seconds, MIDI pitch.
    """
    transcription = require("mir_eval.transcription", extra=EXTRA)
    true, found = (np.asarray(rows, np.float64) for rows in (reference, estimated))
    if not len(true) or not len(found):
        return _nothing(len(true), len(found))
    (true_s, true_hz), (found_s, found_hz) = (_intervals_and_hz(rows) for rows in (true, found))
    precision, recall, f1, _ = transcription.precision_recall_f1_overlap(
        true_s, true_hz, found_s, found_hz, onset_tolerance=TOLERANCE_S, offset_ratio=None
    )
    return Hearing(len(true), len(found), float(precision), float(recall), float(f1))


def strokes(estimated: Iterable[float], reference: Iterable[float]) -> Hearing:
    """Onsets in seconds of the strokes of one kind, right within `TOLERANCE_S`."""
    onset = require("mir_eval.onset", extra=EXTRA)
    found, true = _apart(estimated), _apart(reference)
    if not len(true) or not len(found):
        return _nothing(len(true), len(found))
    f1, precision, recall = onset.f_measure(true, found, window=TOLERANCE_S)
    return Hearing(len(true), len(found), float(precision), float(recall), float(f1))


def drum(key: float) -> str:
    """The kind of stroke of a General MIDI percussion key."""
    return "kick" if key in _KICK else "snare" if key in _SNARE else "cymbals"


def mean_interval(values: Sequence[float], *, seed: int = 0) -> tuple[float, float]:
    """The middle 95 % of the means of songs drawn again, with replacement."""
    rng = np.random.default_rng(seed)
    drawn = np.asarray(values)[rng.integers(len(values), size=(_N_RESAMPLES, len(values)))]
    low, high = np.percentile(drawn.mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def _energy(samples: Samples) -> float:
    return float(np.sum(np.square(samples, dtype=np.float64)))


def _ratio_db(signal: float, error: float) -> float:
    if not signal or not error:
        return LIMIT_DB if signal else -LIMIT_DB
    return float(np.clip(10 * math.log10(signal / error), -LIMIT_DB, LIMIT_DB))


def _intervals_and_hz(rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """As mir_eval wants them; it refuses notes that do not last."""
    onsets_s, offsets_s, pitches = rows[:, :3].T
    intervals_s = np.stack([onsets_s, np.maximum(offsets_s, onsets_s + 1e-3)], axis=1)
    return intervals_s, 440.0 * 2.0 ** ((pitches - 69) / 12)


def _nothing(n_true: int, n_found: int) -> Hearing:
    return Hearing(n_true, n_found, 0.0, 0.0, 0.0) if n_true else Hearing(n_true, n_found)


def _apart(onsets_s: Iterable[float]) -> NDArray[np.float64]:
    kept: list[float] = []
    for onset_s in sorted(map(float, onsets_s)):
        if not kept or onset_s - kept[-1] > _SAME_STROKE_S:
            kept.append(onset_s)
    return np.array(kept)
