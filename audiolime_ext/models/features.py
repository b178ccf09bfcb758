"""Numbers of the sound itself, as a model: what makes the tempo, or the brightness, is then explained like any label.

``features:`` answers all of them, ``features:tempo;centroid`` some. Signals are mono at 22,050 Hz and of any length
from half a second on; ``?window_s=3`` (and ``hop_s=``) makes windows of a song.

===============  =======================  =====================================================================
name             unit                     definition
===============  =======================  =====================================================================
tempo            beats a minute           the likeliest of the autocorrelation of the onset strength [1]_
onset rate       onsets a second          peaks of the onset strength that rise by 2.5 dB or more [1]_
level            dB of full scale         20 log₁₀ of the root mean square; no less than −70
loudness         LUFS                     integrated loudness, ITU-R BS.1770-4 [2]_; no less than −70
zero crossings   share of samples, 0…1    mean of all frames
centroid         Hz                       spectral centroid [1]_
bandwidth        Hz                       spectral bandwidth, p = 2 [1]_
rolloff          Hz                       frequency below which 85 % of the magnitudes lie [1]_
key strength     correlation, −1…1        of the mean chroma with the profile of the key that fits best [3]_
mode             difference, −2…2         key strength of the best major key less that of the best minor key [4]_
===============  =======================  =====================================================================

An onset is where the mean of all mel bands rises by 2.5 dB or more from one frame to the next: in steady noise and held
chords it never rises by 2; in each of ten recordings, of bands and of single instruments, one frame in a hundred
rises by 3.2 or more. Fewer than three onsets make no tempo: it is 0, where estimators name one near 120 regardless.

Frames have 2048 samples, every 512 (chroma: 4096). Of the spectrum means are taken over the frames that are no more
than 60 dB below the loudest: pauses have no brightness. What lies below −70 dB of full scale as a whole is silence (so
faint is what a separator leaves where all its stems are off): its level and loudness are −70, and all others 0.

References
----------
.. [1] McFee et al., "librosa: Audio and Music Signal Analysis in Python", SciPy 2015.
.. [2] Steinmetz and Reiss, "pyloudnorm: A simple yet flexible loudness meter in Python", AES 150, 2021.
.. [3] Krumhansl, "Cognitive Foundations of Musical Pitch", Oxford University Press 1990, ch. 4 (key profiles).
.. [4] Lartillot and Toiviainen, "A Matlab Toolbox for Musical Feature Extraction From Audio", DAFx 2007.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio import compiled
from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.extras import require
from audiolime_ext.prediction.function import tagger
from audiolime_ext.prediction.function_model import FunctionModel
from audiolime_ext.prediction.option_values import positive
from audiolime_ext.registry import options

SR = 22050
MIN_S = 0.5
VERSION = 1  # of the definitions: another one is another model
N_FFT, HOP_LENGTH, N_FFT_CHROMA = 2048, 512, 4096
ONSET_DB, LEAST_ONSETS = 2.5, 3
SILENT_FRAME_DB = -60.0  # below the loudest frame
SILENCE_DB = -70.0  # of full scale; the gate of BS.1770, too
OF_SILENCE = {"level": SILENCE_DB, "loudness": SILENCE_DB}  # all others: 0
MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)  # Krumhansl and Kessler
MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)

_LIBROSA = """@inproceedings{mcfee2015librosa,
  author = {McFee, Brian and Raffel, Colin and Liang, Dawen and Ellis, Daniel P. W. and McVicar, Matt and Battenberg,
            Eric and Nieto, Oriol},
  title = {librosa: Audio and Music Signal Analysis in Python},
  booktitle = {Proc. of the 14th Python in Science Conference},
  year = {2015}
}"""

Floats = NDArray[np.floating[Any]]


class _Sound:
    """One signal (n_samples,) that is not silent, and what several features need of it."""

    def __init__(self, samples: NDArray[np.float32]) -> None:
        self.samples = samples

    @cached_property
    def magnitudes(self) -> Floats:
        """Of the frames that sound, shape (1025, n_frames)."""
        every: Floats = np.abs(_librosa().stft(self.samples, n_fft=N_FFT, hop_length=HOP_LENGTH))
        energy = np.square(every, dtype=np.float64).sum(axis=0)
        return every[:, energy > 10 ** (SILENT_FRAME_DB / 10) * energy.max()]

    @cached_property
    def onset_strength(self) -> Floats:
        return np.asarray(_librosa().onset.onset_strength(y=self.samples, sr=SR, hop_length=HOP_LENGTH))

    @cached_property
    def n_onsets(self) -> int:
        peaks = _librosa().onset.onset_detect(onset_envelope=self.onset_strength, sr=SR, hop_length=HOP_LENGTH)
        return int((self.onset_strength[peaks] >= ONSET_DB).sum())

    @cached_property
    def keys(self) -> Floats:
        """Correlations of the mean chroma with the profiles of the major and the minor keys, shape (2, 12)."""
        chroma = (
            _librosa()
            .feature.chroma_stft(
                y=self.samples, sr=SR, n_fft=N_FFT_CHROMA, hop_length=HOP_LENGTH, tuning=0.0, norm=None
            )
            .mean(axis=1)
        )
        profiles = np.array([[np.roll(mode, tonic) for tonic in range(12)] for mode in (MAJOR, MINOR)])
        if np.ptp(chroma) == 0:
            return np.zeros((2, 12))
        return np.array([[np.corrcoef(profile, chroma)[0, 1] for profile in mode] for mode in profiles])


def _librosa() -> Any:
    return compiled.librosa(extra="features")


def _tempo(sound: _Sound) -> float:
    if sound.n_onsets < LEAST_ONSETS:
        return 0.0
    return float(_librosa().feature.tempo(onset_envelope=sound.onset_strength, sr=SR, hop_length=HOP_LENGTH)[0])


def _onset_rate(sound: _Sound) -> float:
    return sound.n_onsets * SR / len(sound.samples)


def _power(samples: NDArray[np.float32]) -> float:
    return float(np.square(samples, dtype=np.float64).mean())


def _level(sound: _Sound) -> float:
    return 10 * float(np.log10(_power(sound.samples)))


def _loudness(sound: _Sound) -> float:
    meter = require("pyloudnorm", extra="features").Meter(SR)
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore")  # of the logarithm of nothing
        loudness = float(meter.integrated_loudness(sound.samples.astype(np.float64)))
    return max(SILENCE_DB, loudness)  # −∞ where no block is loud enough to count


def _zero_crossings(sound: _Sound) -> float:
    return float(_librosa().feature.zero_crossing_rate(sound.samples, frame_length=N_FFT, hop_length=HOP_LENGTH).mean())


def _spectral(name: str) -> Callable[[_Sound], float]:
    def mean(sound: _Sound) -> float:
        return float(getattr(_librosa().feature, name)(S=sound.magnitudes, sr=SR).mean())

    return mean


FEATURES: Mapping[str, Callable[[_Sound], float]] = {
    "tempo": _tempo,
    "onset rate": _onset_rate,
    "level": _level,
    "loudness": _loudness,
    "zero crossings": _zero_crossings,
    "centroid": _spectral("spectral_centroid"),
    "bandwidth": _spectral("spectral_bandwidth"),
    "rolloff": _spectral("spectral_rolloff"),
    "key strength": lambda sound: float(sound.keys.max()),
    "mode": lambda sound: float(sound.keys[0].max() - sound.keys[1].max()),
}
VARIANTS: Mapping[str, None] = {"": None, "NAME;NAME": None}
REQUIRES: Mapping[str, str] = {"librosa": "features", "pyloudnorm": "features"}


def make(argument: str) -> FunctionModel:
    """The model of ``features:argument``: names between semicolons, or all; options ``window_s`` and ``hop_s``.

    It answers float64, (n_batch, n_features), in the order of the names and the units above, all of them finite.

    Raises
    ------
    UsageError
        If a feature or an option is unknown, or a window is shorter than half a second.
    MissingError
        If librosa is not installed, or loudness is asked for and pyloudnorm is not.

    Examples
    --------
    >>> import numpy as np
    >>> model = make("centroid;level")
    >>> tone = np.sin(2 * np.pi * 1000 * np.arange(SR) / SR).astype(np.float32)
    >>> model(np.stack([tone, 0.1 * tone])).round()
    array([[1016.,   -3.],
           [1016.,  -23.]])
    """
    chosen, given = options(argument, ["window_s", "hop_s"])
    names = tuple(name.strip() for name in chosen.split(";") if name.strip()) or tuple(FEATURES)
    if strange := [name for name in names if name not in FEATURES]:
        raise unknown("feature", strange[0], FEATURES)
    if set(names) - {"level", "loudness"}:
        _librosa()
    if "loudness" in names:
        require("pyloudnorm", extra="features")
    window_s, hop_s = (positive(given, name, float) for name in ("window_s", "hop_s"))
    if window_s is not None and window_s < MIN_S:
        raise UsageError(f"window_s is {window_s:g}; features need {MIN_S:g} s at least")

    def predict(batch: NDArray[np.float32]) -> Floats:
        return np.array([_values(one, names) for one in batch])

    made = tagger(predict, sr=SR, labels=names, window_s=window_s, hop_s=hop_s, min_s=MIN_S, version=_version(names))
    return replace(made, spec=f"features:{argument}", references=(_LIBROSA,))


def _values(samples: NDArray[np.float32], names: Sequence[str]) -> list[float]:
    if _power(samples) < 10 ** (SILENCE_DB / 10):
        return [OF_SILENCE.get(name, 0.0) for name in names]
    sound = _Sound(samples)
    return [FEATURES[name](sound) for name in names]


def _version(names: tuple[str, ...]) -> str:
    return f"features {VERSION}: {', '.join(names)}"
