"""What an audit measures, on plain arrays.

*g* is a label's log-odds clipped at ±6, so that .9999 instead of .999 does not outweigh a changed decision. With x
the recording, x∖j the recording without component j, j the component alone and ∅ silence:

- *necessity* g(x) − g(x∖j): what j adds where everything else is there;
- *sufficiency* g(j) − g(∅): what j does alone; undetermined (NaN) where silence already gets the class;
- *transplant*: the host's own j is taken out and another song's j put in. ``own``: with the gain that keeps the donor's
  ratio of j to its rest, so that confounders of level survive; ``matched``: at the level of the host's own j, so that
  they do not. Invariant: both mixes, before and after, get the same scale, and neither clips.

A *decision* is the label with the highest score, or every label whose score reaches its threshold. Removal lowers the
level, and noise is not a neutral sound, so each comes with controls: the whole mix at the level that remains, and noise
of the same level (`white_noise`) or spectrum (`spectral_noise`) in the component's place.

Scores have shape (…, n_labels), signals (n_channels, n_samples).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Samples, level_db
from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.prediction.targets import log_odds
from audiolime_ext.text import counted

ABSENT_DB = -60.0  # a component softer than that, relative to its mix, counts as absent
KINDS = ("own", "matched")

_GREATEST = float(np.finfo(np.float32).max)

Array = NDArray[np.float64]
Kind = Literal["own", "matched"]


def thresholds_for(labels: Sequence[str], given: float | Mapping[str, float] | None) -> tuple[float, ...] | None:
    """One threshold for each label; None where none is given.

    Raises
    ------
    UsageError
        If a threshold is not between 0 and 1, a label has none, or there is no such label.

    Examples
    --------
    >>> thresholds_for(["rock", "metal"], 0.5), thresholds_for(["rock", "metal"], {"metal": 0.2, "rock": 0.4})
    ((0.5, 0.5), (0.4, 0.2))
    """
    if given is None:
        return None
    by_label = given if isinstance(given, Mapping) else dict.fromkeys(labels, given)
    if missing := [label for label in labels if label not in by_label]:
        raise UsageError(f"no threshold for {', '.join(missing[:5])}; give one for each label, or one number for all")
    for label, threshold in by_label.items():
        if label not in labels:
            raise unknown("label", label, labels)
        if not 0 < threshold < 1:
            raise UsageError(f"the threshold of {label!r} must be a score between 0 and 1, not {threshold!r}")
    return tuple(float(by_label[label]) for label in labels)


def decide(scores: NDArray[Any], thresholds: Sequence[float] | None = None) -> NDArray[np.bool_]:
    """Which labels are decided for: the highest (the first of equals), or those that reach their `thresholds`.

    Parameters
    ----------
    scores : ndarray, shape (..., n_labels)
        Scores of all labels.
    thresholds : sequence of float, or None
        Scores from which on a label is decided for, one for each label; None: the highest score decides.

    Raises
    ------
    UsageError
        If there are thresholds, and not one for each label.

    Examples
    --------
    >>> decide(np.array([[0.2, 0.7], [0.6, 0.5]])).tolist()
    [[False, True], [True, False]]
    >>> decide(np.array([0.6, 0.5]), [0.5, 0.5]).tolist()
    [True, True]
    """
    scores = np.asarray(scores)
    n_labels = scores.shape[-1]
    if thresholds is None:
        return np.asarray(np.arange(n_labels) == scores.argmax(axis=-1)[..., None])
    if len(thresholds) != n_labels:
        raise UsageError(
            f"{counted(len(thresholds), 'threshold')} for {counted(n_labels, 'label')}; give one for each, or none"
        )
    return np.asarray(scores >= np.asarray(thresholds))


def flips(before: NDArray[Any], after: NDArray[Any], thresholds: Sequence[float] | None = None) -> NDArray[np.bool_]:
    """For each label, whether the decision after differs from that before.

    Examples
    --------
    >>> flips(np.array([0.2, 0.7, 0.1]), np.array([0.8, 0.7, 0.1])).tolist()
    [True, True, False]
    """
    return np.asarray(decide(before, thresholds) != decide(after, thresholds))


def presence(component: Samples, mixture: Samples) -> float:
    """The component's level in dB of the mixture's; −200 stands for nothing at all.

    Examples
    --------
    >>> round(presence(np.full((1, 8), 0.1), np.ones((1, 8))), 6)
    -20.0
    """
    return level_db(component, mixture)


def necessity(whole: NDArray[Any], without: NDArray[Any]) -> Array:
    """What a component adds where everything else is there: g(x) − g(x without it), for each label.

    Examples
    --------
    >>> necessity(np.array([0.5]), np.array([1 / (1 + np.e)])).round(6)  # log-odds 0 and −1
    array([1.])
    """
    return log_odds(np.asarray(whole, np.float64)) - log_odds(np.asarray(without, np.float64))


def sufficiency(alone: NDArray[Any], silence: NDArray[Any], thresholds: Sequence[float] | None = None) -> Array:
    """What a component does alone: g(j) − g(∅), for each label; NaN where silence already gets the label.

    Examples
    --------
    >>> sufficiency(np.array([0.1, 0.9]), np.array([0.5, 0.1]), [0.5, 0.5]).round(2)
    array([ nan, 4.39])
    """
    gained = log_odds(np.asarray(alone, np.float64)) - log_odds(np.asarray(silence, np.float64))
    return np.where(decide(silence, thresholds), np.nan, gained)


def at_level_of(samples: Samples, like: Samples) -> Samples:
    """The same sound at the level of another: the control of a removal.

    Examples
    --------
    >>> at_level_of(np.ones((1, 3), np.float32), np.full((1, 3), 0.25, np.float32))
    array([[0.25, 0.25, 0.25]], dtype=float32)
    """
    level = _rms(samples)
    return np.asarray(samples * (_rms(like) / level if level > 0 else 0.0), np.float32)


@dataclass(frozen=True, eq=False)
class Transplant:
    """A host before and after, at one scale.

    Parameters
    ----------
    before, after : ndarray of float32, shape (n_channels, n_samples)
        Waveforms of the host as it is, and with the donor's component instead of its own, each times `scale`.
    gain : float
        Factor of the donor's component, before `scale`.
    scale : float
        Factor of both mixes: 1, or less where either would have clipped.
    """

    before: Samples
    after: Samples
    gain: float
    scale: float


def transplant_gain(
    kind: Kind, *, host_own: Samples, host_rest: Samples, donor_own: Samples, donor_rest: Samples
) -> float | None:
    """The gain with which a donor's component goes into a host; None where there is none.

    Parameters
    ----------
    kind : {"own", "matched"}
        Kind of transplant. ``"own"`` keeps the donor's ratio of component to rest; there is no gain where host or donor
        is nothing but the component. ``"matched"`` takes the level of the host's own component; there is no gain where
        the host lacks it. Nor is there one that float32 cannot hold, as where the donor is next to nothing.
    host_own, host_rest : ndarray of float32, shape (n_channels, n_samples)
        Waveforms of the host's own component, and of everything else in the host.
    donor_own, donor_rest : ndarray of float32, shape (n_channels, n_samples)
        Waveforms of the same of the donor. A donor that lacks the component gives what leaks into its stem: the control
        for leakage.

    Raises
    ------
    UsageError
        If `kind` is neither.

    Examples
    --------
    >>> loud, soft = np.ones((1, 4)), np.full((1, 4), 0.5)
    >>> transplant_gain("own", host_own=soft, host_rest=soft, donor_own=loud, donor_rest=loud)
    0.5
    >>> transplant_gain("matched", host_own=soft, host_rest=loud, donor_own=loud, donor_rest=soft)
    0.5
    >>> transplant_gain("matched", host_own=0 * soft, host_rest=loud, donor_own=loud, donor_rest=soft) is None
    True
    """
    if kind not in KINDS:
        raise unknown("kind of transplant", kind, KINDS)
    host, donor = host_own + host_rest, donor_own + donor_rest
    if kind == "own":
        wanted, given, there = _rms(host_rest), _rms(donor_rest), _present(host_rest, host)
        there = there and _present(donor_rest, donor)
    else:
        wanted, given, there = _rms(host_own), _rms(donor_own), _present(host_own, host)
    return wanted / given if there and given > 0 and wanted / given < _GREATEST else None


def transplant(
    host_own: Samples, host_rest: Samples, donor_own: Samples, *, gain: float, peak: float = 1.0
) -> Transplant:
    """Put a donor's component in the place of the host's own.

    Parameters
    ----------
    host_own, host_rest, donor_own : ndarray of float32, shape (n_channels, n_samples)
        Waveforms of one shape; the host is the sum of the first two.
    gain : float
        Factor of the donor's component, from `transplant_gain`.
    peak : float
        Largest magnitude that a sample of either mix may have.

    Raises
    ------
    UsageError
        If the shapes differ.

    Examples
    --------
    >>> half, one = np.full((1, 2), 0.5, np.float32), np.ones((1, 2), np.float32)
    >>> done = transplant(half, half, one, gain=1.5)
    >>> done.before, done.after, done.scale  # 1 and 2, both halved
    (array([[0.5, 0.5]], dtype=float32), array([[1., 1.]], dtype=float32), 0.5)
    """
    if not host_own.shape == host_rest.shape == donor_own.shape:
        raise UsageError(
            f"host and donor must have the same shape, not {host_own.shape}, {host_rest.shape} and {donor_own.shape}; "
            "cut both to the same length and number of channels"
        )
    before, after = host_own + host_rest, host_rest + np.float32(gain) * donor_own
    loudest = max(float(np.abs(mix).max(initial=0.0)) for mix in (before, after))
    scale = min(1.0, peak / loudest) if loudest > 0 else 1.0
    return Transplant(_scaled(before, scale, peak), _scaled(after, scale, peak), gain, scale)


def _scaled(mix: Samples, scale: float, peak: float) -> Samples:
    if scale < 1:
        mix = np.clip(mix * np.float32(scale), -peak, peak)  # rounding alone can pass the peak
    return np.asarray(mix, np.float32)


def white_noise(like: Samples, *, rng: np.random.Generator) -> Samples:
    """White noise at the level of a sound, channel by channel.

    Examples
    --------
    >>> sound = np.sin(np.arange(2000, dtype=np.float32))[None]
    >>> abs(presence(white_noise(sound, rng=np.random.default_rng(0)), sound)) < 1e-5
    True
    """
    noise = rng.standard_normal(like.shape)
    level, of_noise = (np.sqrt(np.mean(np.square(x, dtype=np.float64), axis=-1, keepdims=True)) for x in (like, noise))
    return np.asarray(noise * (level / of_noise), np.float32)


def spectral_noise(like: Samples, *, rng: np.random.Generator) -> Samples:
    """Noise with the spectrum of a sound: each frequency as strong, at a random phase that the channels share.

    Examples
    --------
    >>> sound = np.sin(np.arange(2000, dtype=np.float32))[None]
    >>> noise = spectral_noise(sound, rng=np.random.default_rng(0))
    >>> bool(np.allclose(abs(np.fft.rfft(noise)), abs(np.fft.rfft(sound)), atol=1e-3))
    True
    """
    n_samples = like.shape[-1]
    spectrum = np.fft.rfft(np.asarray(like, np.float64))
    turns = np.exp(2j * np.pi * rng.random(spectrum.shape[-1]))
    turns[0] = 1.0  # the mean, and the highest frequency of an even length, must stay real
    if n_samples % 2 == 0:
        turns[-1] = 1.0
    return np.asarray(np.fft.irfft(spectrum * turns, n=n_samples), np.float32)


def _rms(samples: NDArray[Any]) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if samples.size else 0.0


def _present(part: Samples, mixture: Samples) -> bool:
    return level_db(part, mixture) > ABSENT_DB
