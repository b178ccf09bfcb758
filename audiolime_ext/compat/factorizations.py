"""audioLIME's factorization classes, by name: thin functions over `bind`, so that only an import changes.

Arguments are audioLIME's, of its version 0.0.3 and of its README, which has a provider and `n_temporal_segments`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from audiolime_ext.audio.recording import Audio
from audiolime_ext.compat.binding import BoundFactorization, Compose, bind
from audiolime_ext.compat.providers import TARGET_SR
from audiolime_ext.compat.segmentation import one_a_second
from audiolime_ext.factorization.contract import Factorization, Scope
from audiolime_ext.factorization.stems import Stems

INSTEAD = {  # names of audioLIME's that are not here
    "SpleeterPrecomputedFactorization": "stems that were written before are bind('oracle:DIR', 'song.mp3')",
    "TimeFrequencyTorchFactorization": "SoundLIMEFactorization('song.mp3', frequency_segments=4, temporal_segments=6) "
    "cuts the sound itself; for spectrograms, your copy of the class works in explain_instance as it is",
    "ImageLikeFactorization": "superpixels that can be heard are bind('slic:20', 'song.mp3')",
    "Factorization": "no base class is needed: explain_instance takes any object with get_number_components, "
    "retrieve_components and compose_model_input, such as one made with your copy of audioLIME's class; or give stems: "
    "bind(OracleFactorization({'voice': (samples, sr)}), 'song.mp3')",
}
INSTEAD["SourceSeparationBasedFactorization"] = INSTEAD["Factorization"]


def SpleeterFactorization(
    input: Any,
    temporal_segmentation_params: Any = None,
    composition_fn: Compose | None = None,
    target_sr: int = TARGET_SR,
    model_name: str = "spleeter:5stems",
    *,
    n_temporal_segments: int | None = None,
) -> BoundFactorization:
    """Spleeter's stems of a recording, in time segments.

    Parameters
    ----------
    input : str, Path, ndarray, DataProvider or another source
        Recording: a file, samples at `target_sr`, shape (n_samples,), a provider, or anything else `load_audio` reads.
    temporal_segmentation_params, n_temporal_segments : int, mapping or None
        Time segments in audioLIME's words; None: one a second, ten at most.
    composition_fn : callable or None
        Function that is applied to each mix, see `bind`.
    target_sr : int
        Rate in Hz at which the predict function is asked.
    model_name : str
        Spec string of the separator; Spleeter's and any other.

    Raises
    ------
    UsageError, AudioError, MissingError
        See `bind`.

    Examples
    --------
    >>> hiss = np.random.default_rng(0).normal(0, 0.1, 48000)
    >>> bound = SpleeterFactorization(hiss, 2, None, model_name="hpss")
    >>> bound.get_number_components(), bound.compose_model_input().shape
    (4, (48000,))
    """
    return _cut(model_name, input, target_sr, composition_fn, temporal_segmentation_params, n_temporal_segments)


def SoundLIMEFactorization(
    audio_path: Any,
    frequency_segments: int = 4,
    temporal_segments: int = 6,
    sr: int = TARGET_SR,
    mel_scale: bool = False,
) -> BoundFactorization:
    """Frequency bands of a recording, in time segments: SoundLIME's rectangles, as sound.

    Parameters
    ----------
    audio_path : str, Path, DataProvider or another source
        Recording: anything `bind` takes.
    frequency_segments, temporal_segments : int
        Number of bands, the lowest first, and of time segments.
    sr : int
        Rate in Hz at which the predict function is asked.
    mel_scale : bool
        True for bands of equal width in mel; else in Hz.

    Raises
    ------
    UsageError, AudioError
        See `bind`.

    Examples
    --------
    >>> hiss = np.random.default_rng(0).normal(0, 0.1, 48000)
    >>> SoundLIMEFactorization((hiss, 16000)).get_number_components()
    24
    """
    spec = f"bands:{'mel-' if mel_scale else ''}{frequency_segments}"
    return _cut(spec, audio_path, sr, None, temporal_segments)


def TimeOnlyFactorization(
    input: Any,
    target_sr: int = TARGET_SR,
    temporal_segmentation_params: Any = None,
    composition_fn: Compose | None = None,
) -> BoundFactorization:
    """Time segments of a recording, nothing else; parameters as of `SpleeterFactorization`.

    Examples
    --------
    >>> hiss = np.random.default_rng(0).normal(0, 0.1, 48000)
    >>> TimeOnlyFactorization(hiss).get_ordered_component_names()
    ['T0', 'T1', 'T2']
    """
    return _cut(_Whole(), input, target_sr, composition_fn, temporal_segmentation_params)


def _cut(
    factorization: Factorization | str,
    given: Any,
    sr: int,
    composition_fn: Compose | None,
    params: Any,
    number: int | None = None,
) -> BoundFactorization:
    bound = bind(
        factorization,
        (given, sr) if isinstance(given, np.ndarray) else given,
        target_sr=sr,
        composition_fn=composition_fn,
        n_temporal_segments=number,
        temporal_segmentation_params=params,
    )
    if params is not None or number is not None:
        return bound
    first, end = bound.audio.span(bound.start_s, bound.duration_s)
    return replace(bound, segments=one_a_second((end - first) / bound.audio.sr))


class _Whole:
    """The recording as its only stem."""

    spec: str | None = None
    fingerprint = "whole-1"
    scope: Scope = "blocks"
    references: tuple[str, ...] = ()

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        first, end = audio.span(start_s, duration_s)
        return Stems(("T",), audio.samples[None, :, first:end], audio.sr)
