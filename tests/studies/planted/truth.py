"""What is true of a planted listener, by brute force and by where sound lands; nothing here asks the product.

- *Which sources matter*: the listener is asked about every combination of the true stems, and Shapley's formula shares
  its score out. The largest share leads; those within rounding of it lead with it.
- *Which stems of a separator matter*: the same with its stems.
- *Where a source lands*: a separator's stems are masks on the mixture's spectrum. The same masks, laid on a true
  source, say how much of it is in which stem.
- *What a stem's name claims*: the instruments it names. Harmonic, percussive, bands and the residual claim none.
- *Whether one stem is the whole recording*: then nothing is told apart by naming it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Samples
from audiolime_ext.prediction.contract import Model
from tests.studies.planted.ear import EDGE, Ear
from tests.studies.planted.songs import Song

Array = NDArray[np.float64]

EXACT = 1e-5  # of the largest share: less apart is the same, but for rounding
NEAR = 0.1  # of the largest share: less apart may be left undecided
NOTHING = 0.05  # of the largest share: what argues less does not argue
SEEN = 0.005  # of a score: less is +0.00 to whoever reads it, and no effect at all
FLOOR = 0.05  # of a score: below, the model does not say it; as little is no effect
INSTRUMENTS = ("piano", "guitar", "bass", "drums", "vocals")
EVERYTHING_DB = -35.0  # of the mixture: where all other stems lie below, one is the recording beyond dispute

_ROUNDING = 1e-5
_AT_ONCE = 32
_N_FFT_S = 0.046


@dataclass(frozen=True)
class Expected:
    """What may be said of one listener: of true sources or of a separator's stems, called *parts* here.

    Parameters
    ----------
    leaders
        The parts that lead, all of them; empty where nothing argues.
    near
        Parts that may be named with them as not told apart: within a tenth of the lead.
    against
        Parts whose share is below nought.
    may_abstain
        Whether "nothing to explain" is as right as the leaders: the score hardly moves, or lies below the floor.
    unsaid
        Whether the score lies below the floor: the model does not say this, and nothing is to be named.
    pairs
        Parts that act together, in pairs: whose joint effect is more than a twentieth of the largest effect.
    threes
        Three parts that act together: whose joint effect is larger than every share and every pair's.
    shares
        Part → its share.
    full, empty
        The scores of the mixture and of silence.
    alone
        Part → its score alone.
    """

    leaders: frozenset[str]
    near: frozenset[str]
    against: frozenset[str]
    may_abstain: bool
    unsaid: bool
    pairs: frozenset[frozenset[str]]
    threes: frozenset[frozenset[str]]
    shares: Mapping[str, float]
    full: float
    empty: float
    alone: Mapping[str, float]

    @property
    def must_abstain(self) -> bool:
        """Whether any name is wrong."""
        return self.unsaid or not self.leaders

    @property
    def involved(self) -> frozenset[str]:
        """Parts that do anything, alone or together."""
        least = NOTHING * max(map(abs, self.shares.values()))
        alone = (part for part, share in self.shares.items() if abs(share) > least)
        return frozenset(alone).union(*self.pairs, *self.threes)


def all_combinations(n: int) -> NDArray[np.bool_]:
    """Every subset of n sources, shape (2ⁿ, n); row i has source k where bit k of i is set."""
    return (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(bool)


def shares_of(scores: Array, n: int) -> Array:
    """Shapley values from the scores of `all_combinations`, (2ⁿ, n_labels) → (n, n_labels), by the definition.

    >>> shares_of(np.array([[0.0], [0.0], [0.0], [1.0]]), 2).ravel().tolist()
    [0.5, 0.5]
    """
    sizes, found = all_combinations(n).sum(axis=1), np.zeros((n, scores.shape[1]))
    for k in range(n):
        without = np.flatnonzero(~all_combinations(n)[:, k])
        weight = np.array([1 / (n * comb(n - 1, size)) for size in sizes[without]])
        found[k] = weight @ (scores[without + 2**k] - scores[without])
    return found


def joint_effect(scores: Array, n: int, *group: int) -> Array:
    """Shapley's interaction of two sources or more, shape (n_labels,): Grabisch and Roubens 1999, by the definition."""
    on, size = all_combinations(n), len(group)
    rest = np.flatnonzero(~on[:, list(group)].any(axis=1))
    weight = np.array([1 / ((n - size + 1) * comb(n - size, others)) for others in on[rest].sum(axis=1)])
    inside = all_combinations(size)
    signs = (-1.0) ** (size - inside.sum(axis=1))
    change = sum(
        sign * scores[rest + int(2 ** np.array(group) @ chosen)] for sign, chosen in zip(signs, inside, strict=True)
    )
    return np.asarray(weight @ change)


def answers(model: Model, parts: Samples, always: Samples | None = None) -> Array:
    """The model's scores of every combination of parts, shape (2ⁿ, n_labels).

    Parameters
    ----------
    parts
        Shape (n, n_channels, n_samples).
    always
        What sounds in every combination, (n_channels, n_samples).
    """
    scores = []
    for rows in np.array_split(all_combinations(len(parts)).astype(np.float32), max(1, 2 ** len(parts) // _AT_ONCE)):
        mixes = np.einsum("ms,sct->mct", rows, parts) + (0 if always is None else always)
        scores.append(np.asarray(model(mixes if mixes.shape[1] == 2 else np.repeat(mixes, 2, axis=1)), np.float64))
    return np.concatenate(scores)


def expected(names: Sequence[str], scores: Array, *, bounded: Sequence[bool], log_odds: bool = False) -> list[Expected]:
    """What may be said of each of the model's listeners, from its `answers` about the parts of these names.

    Parameters
    ----------
    bounded
        Of each listener, whether its scores lie between 0 and 1.
    log_odds
        Whether shares are those of the log-odds; whether the model says this is a matter of its scores.
    """
    n, values = len(names), _log_odds(scores) if log_odds else scores
    shares, alone = shares_of(values, n), scores[2 ** np.arange(n)]
    joint = {group: joint_effect(values, n, *group) for size in (2, 3) for group in combinations(range(n), size)}
    found = []
    for label, share in enumerate(shares.T):
        full, empty = float(scores[-1, label]), float(scores[0, label])
        effects = {group: abs(float(effect[label])) for group, effect in joint.items()}
        together = {group: effect for group, effect in effects.items() if len(group) == 2}
        scale = float(np.abs(share).max())
        visible = SEEN if bounded[label] and not log_odds else _ROUNDING
        most = max(scale, *together.values(), 0.0)
        least = max(NOTHING * most, _ROUNDING)
        found.append(
            Expected(
                leaders=_within(names, share, EXACT, visible),
                near=_within(names, share, NEAR, visible),
                against=frozenset(name for name, s in zip(names, share, strict=True) if s < -_ROUNDING),
                may_abstain=bounded[label] and (full < FLOOR or abs(full - empty) < FLOOR),
                unsaid=bounded[label] and full < FLOOR,
                pairs=_named(names, (pair for pair, effect in together.items() if effect > least)),
                threes=_named(names, (g for g, effect in effects.items() if len(g) == 3 and effect > most)),
                shares=dict(zip(names, share.tolist(), strict=True)),
                full=full,
                empty=empty,
                alone=dict(zip(names, alone[:, label].tolist(), strict=True)),
            )
        )
    return found


def _named(names: Sequence[str], groups: Iterable[tuple[int, ...]]) -> frozenset[frozenset[str]]:
    return frozenset(frozenset(names[i] for i in group) for group in groups)


def _log_odds(scores: Array) -> Array:
    """Cut at ±6, as the product states."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.clip(np.log(scores) - np.log1p(-scores), -6, 6))


def _within(names: Sequence[str], shares: Array, part: float, least: float) -> frozenset[str]:
    """Parts whose share is that near to the largest; none where that is no more than `least` or leakage."""
    most = float(shares.max())
    if most <= max(NOTHING * float(np.abs(shares).max()), least):
        return frozenset()
    return frozenset(name for name, share in zip(names, shares, strict=True) if share >= most * (1 - part))


def matters(song: Song, source: str, matter: str) -> Samples:
    """The part of a source that a listener listens to, shape (n_channels, n_samples)."""
    place = song.sources.index(source)
    whole = song.excerpts[place]
    n = whole.shape[-1]
    if matter in ("first", "last"):
        inside = np.arange(n) < EDGE * n if matter == "first" else np.arange(n) >= (1 - EDGE) * n
        return np.asarray(whole * inside, np.float32)
    if matter in ("low", "high"):
        ear = Ear(song.excerpts, song.sr)
        below = ear.hz < ear.middle_hz[place]
        return np.fft.irfft(np.fft.rfft(whole) * (below if matter == "low" else ~below), n).astype(np.float32)
    return np.asarray(whole)


def landing(signal: Samples, stems: Samples, sr: int) -> Array:
    """How much of a part of the mixture is in each of its stems, shape (n_stems,); they sum to one.

    Parameters
    ----------
    signal
        The part, shape (n_channels, n_samples).
    stems
        Stems that sum to the mixture, (n_stems, n_channels, n_samples).
    """
    n_fft = 1 << round(np.log2(_N_FFT_S * sr))
    spectra = _spectra(stems, n_fft)
    mixture = spectra.sum(axis=0)
    power = np.square(np.abs(_spectra(signal, n_fft)))
    gains = (spectra * mixture.conj()).real / np.maximum(np.square(np.abs(mixture)), 1e-12)
    return np.asarray((gains * power).sum(axis=(1, 2, 3)) / max(float(power.sum()), 1e-12))


def _spectra(samples: Samples, n_fft: int) -> NDArray[np.complex128]:
    pad = [(0, 0)] * (samples.ndim - 1) + [(n_fft, n_fft)]
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(samples, pad), n_fft, axis=-1)[..., :: n_fft // 4, :]
    return np.fft.rfft(frames * np.hanning(n_fft))


def is_everything(name: str, truth: Expected, levels_db: Mapping[str, float]) -> bool:
    """Whether a part is the whole recording: all others lie 35 dB below, and alone it is answered like the mixture."""
    rest = sum(10 ** (level / 10) for other, level in levels_db.items() if other != name)
    same = abs(truth.alone[name] - truth.full) <= 0.05 * abs(truth.full - truth.empty)
    return rest < 10 ** (EVERYTHING_DB / 10) and same


def claimed(stem: str, also: Sequence[str] = ()) -> frozenset[str]:
    """The instruments that a stem's name names; empty: none.

    >>> sorted(claimed("piano+guitar")), sorted(claimed("harmonic")), sorted(claimed("piano", ["guitar"]))
    (['guitar', 'piano'], [], ['guitar', 'piano'])
    """
    if stem == "accompaniment":
        return frozenset(INSTRUMENTS) - {"vocals"} | frozenset(also)
    return frozenset(part for part in stem.split("+") if part in INSTRUMENTS) | frozenset(also)
