"""What is heard of a song: its middle, and the same made like all others.

Recordings of one album are alike in more than their music: where the codec cuts the treble off, how loud they are, how
bright. So a measure can be taken twice: *as it is*, and *alike*, where every excerpt has been cut off at 8 kHz (by
resampling to 16 kHz), brought to one level, and encoded once more by the same codec (Ogg Vorbis of quality 3). What is
lost from the one to the other was never music; what is left may still be production, such as a reverb. Both are mono.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from audiolime_ext.audio.encoding import decode, encode
from audiolime_ext.audio.recording import Audio, Samples
from audiolime_ext.audio.resampling import resample_span, resampled_length

AS_IT_IS, ALIKE = "as it is", "alike"
FIRST_HALF, SECOND_HALF = "the first half", "the second half"
DURATION_S = 30.0
SR, LEVEL_DB, COMPRESSION = 16000, -20.0, 0.7  # quality 3 of 10
_LEAST = 1e-9


def middle(audio: Audio, duration_s: float = DURATION_S) -> Audio:
    """The middle of a recording, mono; a shorter one whole.

    Examples
    --------
    >>> middle(Audio(np.arange(8, dtype=np.float32)[None], 1, "ramp"), 4.0).samples
    array([[2., 3., 4., 5.]], dtype=float32)
    """
    duration_s = min(duration_s, audio.duration_s)
    cut = audio.excerpt((audio.duration_s - duration_s) / 2, duration_s)
    return Audio(cut.samples.mean(axis=0, keepdims=True), cut.sr, audio.name)


def alike(audio: Audio) -> Audio:
    """The recording as all others are made: up to 8 kHz, of one level, encoded by one codec.

    Examples
    --------
    >>> tone = np.sin(np.arange(44100) / 10).astype(np.float32)[None]
    >>> made = alike(Audio(tone, 44100, "tone"))
    >>> made.sr, made.n_samples, round(10 * np.log10(float(np.square(made.samples).mean())))
    (16000, 16000, -20)
    """
    n_samples = resampled_length(audio.n_samples, audio.sr, SR)
    samples = resample_span(audio.samples, audio.sr, SR, 0, n_samples)
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=float))))
    samples = samples * np.float32(10 ** (LEVEL_DB / 20) / max(rms, _LEAST))
    return Audio(_encoded_again(samples)[:, :n_samples], SR, audio.name)


def _encoded_again(samples: Samples) -> Samples:
    """Through Ogg Vorbis and back."""
    return decode(encode(samples, SR, "OGG", "VORBIS", part=SR, compression_level=COMPRESSION))[0]


def _first_half(audio: Audio) -> Audio:
    return audio.excerpt(0.0, audio.duration_s / 2)


def _second_half(audio: Audio) -> Audio:
    return audio.excerpt(audio.duration_s / 2)


CONDITIONS: Mapping[str, Callable[[Audio], Audio]] = {  # of the middle of a song
    AS_IT_IS: lambda audio: audio,
    ALIKE: alike,
    FIRST_HALF: _first_half,
    SECOND_HALF: _second_half,
}
