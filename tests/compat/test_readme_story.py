"""Scripts that were written for audioLIME, with nothing but their imports changed.

The story of its README and its example (a file, Spleeter, ten segments, the top label, the best components as a file;
soundfile writes it, as librosa no longer does), the same with the classes of 0.0.3, and what its published tests check,
with tolerances that can fail.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from audiolime_ext.audio.recording import load_audio
from audiolime_ext.compat import DataProvider, RawAudioProvider, SpleeterFactorization
from audiolime_ext.compat import audiolime as lime_audio
from audiolime_ext.errors import AudioError, UsageError

SR = 16000


def predict_fn(x_array: NDArray[Any]) -> NDArray[Any]:
    """A tiny tagger, for signals of 3 s at 16 kHz only: how much sounds below 400 Hz, and from there to 4 kHz."""
    assert x_array.shape[1:] == (3 * SR,)
    assert x_array.dtype == np.float32
    spectrum = np.abs(np.fft.rfft(x_array)) ** 2
    energy = np.stack([spectrum[:, : 400 * 3].sum(axis=1), spectrum[:, 400 * 3 : 4000 * 3].sum(axis=1)], axis=1)
    return np.asarray(energy / (energy.sum(axis=1, keepdims=True) + 1e-3))


@pytest.fixture(scope="module")
def audio_path(ezer_ev: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Three seconds of the bundled clip, with the voice."""
    target = tmp_path_factory.mktemp("samples") / "sample.wav"
    return str(load_audio(ezer_ev).excerpt(3.0, 3.0).write(target))


def test_the_readmes_story_runs_with_only_the_imports_changed(audio_path: str, tmp_path: Path) -> None:
    output = tmp_path / "output"
    output.mkdir()

    data_provider = RawAudioProvider(audio_path)
    spleeter_factorization = SpleeterFactorization(
        data_provider, n_temporal_segments=10, composition_fn=None, model_name="spleeter:2stems"
    )

    explainer = lime_audio.LimeAudioExplainer(verbose=True, absolute_feature_sort=False)

    explanation = explainer.explain_instance(
        factorization=spleeter_factorization, predict_fn=predict_fn, top_labels=1, num_samples=512, batch_size=32
    )

    label = list(explanation.local_exp.keys())[0]  # noqa: RUF015 - as it was written
    top_components, component_indeces = explanation.get_sorted_components(
        label, positive_components=True, negative_components=False, num_components=3, return_indeces=True
    )

    soundfile.write(os.path.join(output, "explanation.wav"), sum(top_components), 16000)  # noqa: PTH118
    get_mix = spleeter_factorization.data_provider.get_mix
    soundfile.write(os.path.join(output, "original.wav"), get_mix(), 16000)  # noqa: PTH118

    heard, sr = soundfile.read(output / "explanation.wav")
    original, _ = soundfile.read(output / "original.wav")
    assert sr == SR
    assert heard.shape == original.shape == (3 * SR,)
    assert label == int(np.argmax(explanation.neighborhood_labels[0])) == (explanation.top_labels or [])[0]
    assert explanation.neighborhood_data.shape == (512, 20)
    assert len(component_indeces) == len(top_components) == 3
    segments = {int(index) // 2 for index in component_indeces}
    loud = [segment for segment in range(10) if np.abs(heard.reshape(10, -1)[segment]).max() > 0.01]
    assert set(loud) <= segments | {segment + side for segment in segments for side in (-1, 1)}
    best = dict(explanation.local_exp[label])
    assert [best[index] for index in component_indeces] == sorted(best.values(), reverse=True)[:3]
    of_label, of_all = (predict_fn(one[None].astype(np.float32))[0, label] for one in (heard, original))
    assert of_label > of_all - 0.05  # what argues for it argues for it


def test_the_verbose_explainer_prints_what_the_original_printed(
    audio_path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    of = SpleeterFactorization(audio_path, 1, None, model_name="hpss")
    lime_audio.LimeAudioExplainer(verbose=True).explain_instance(of, predict_fn, labels=[0], progress_bar=False)
    printed = [line.partition(":")[0].strip() for line in capsys.readouterr().out.splitlines()]
    assert printed == ["Intercept", "Prediction_local", "Right", "Score"]


def test_the_classes_of_0_0_3_take_what_they_took(audio_path: str) -> None:
    samples, target_sr = RawAudioProvider(audio_path).get_mix(), 16000
    spectra: list[tuple[int, ...]] = []

    def composition_fn(x: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(np.abs(np.fft.rfft(x.reshape(30, -1))))

    def of_spectrograms(batch: NDArray[Any]) -> NDArray[Any]:
        spectra.append(batch.shape)
        return np.asarray(batch[:, :, :320].mean(axis=(1, 2)))[:, None]

    cuts = {"type": "manual", "manual_segments": [(0, 16000), (16000, 45000)]}
    factorization = SpleeterFactorization(
        samples, cuts, composition_fn, target_sr=target_sr, model_name="spleeter:2stems"
    )
    explainer = lime_audio.LimeAudioExplainer(random_state=0)
    explanation = explainer.explain_instance(factorization, of_spectrograms, labels=(0,), num_samples="exhaustive")
    assert explanation.factorization.temporal_segments == [(0, 16000), (16000, 45000)]
    assert factorization.compose_model_input().shape == (30, 751)
    assert {shape[1:] for shape in spectra} == {(30, 751)}
    assert factorization.get_ordered_component_names() == ["vocals0", "accompaniment0", "vocals1", "accompaniment1"]
    assert explanation.neighborhood_data.tolist()[:3] == [[1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 0, 1]]
    assert factorization.explained_length == 45000


# What the original's own tests check


@pytest.fixture(scope="module")
def reference(audio_path: str) -> NDArray[Any]:
    import librosa

    waveform, _ = librosa.load(audio_path, sr=SR)
    return np.asarray(waveform)


@pytest.mark.parametrize(("n_segments", "n_sources"), [(1, 2), (7, 2)])
def test_all_components_sum_to_the_recording(
    audio_path: str, reference: NDArray[Any], n_segments: int, n_sources: int
) -> None:
    factorization = SpleeterFactorization(
        RawAudioProvider(audio_path), temporal_segmentation_params=n_segments, composition_fn=None,
        model_name="spleeter:2stems",
    )  # fmt: skip
    everything = factorization.compose_model_input()
    assert factorization.get_number_components() == n_segments * n_sources
    assert everything.shape == reference.shape
    inner = slice(SR // 100, -SR // 100)  # at the ends the file is cut, which each resampler smears in its own way
    for heard in (everything, np.sum(factorization.retrieve_components(), axis=0)):
        np.testing.assert_allclose(heard[inner], reference[inner], rtol=0, atol=1e-3)
    assert np.abs(everything).max() > 0.1  # silence would not do


def test_a_window_of_the_provider_is_the_excerpt(audio_path: str, reference: NDArray[Any]) -> None:
    start, length = 16000, 24000
    provider = RawAudioProvider(audio_path)
    provider.set_analysis_window(start, length)
    factorization = SpleeterFactorization(provider, n_temporal_segments=1, model_name="hpss")
    for mix in (provider.get_mix(), factorization.compose_model_input()):
        assert len(mix) == length
        np.testing.assert_allclose(mix, reference[start : start + length], rtol=0, atol=1e-3)
    provider.set_analysis_window(0, len(reference))
    assert len(provider.get_mix()) == len(reference)
    assert len(factorization.compose_model_input()) == length  # bound before
    with pytest.raises(UsageError, match=r"bind\(…, start_s=1, duration_s=0.5\)"):
        factorization.set_analysis_window(16000, 8000)
    with pytest.raises(
        UsageError, match="window of 9 samples from 48000 on does not lie within the mix, which has 48000"
    ):
        provider.set_analysis_window(48000, 9)


def test_providers_keep_their_path_and_bring_their_own_mix(audio_path: str) -> None:
    class Noise(DataProvider):
        def initialize_mix(self) -> NDArray[Any]:
            return np.random.default_rng(0).normal(0, 0.1, 3 * SR)

    noise = Noise(audio_path)
    assert noise.get_audio_path() == audio_path
    factorization = SpleeterFactorization(noise, n_temporal_segments=3, model_name="hpss")
    np.testing.assert_allclose(factorization.compose_model_input(), noise.get_mix(), atol=1e-6)
    assert factorization.data_provider is noise

    class Fake:
        """One that somebody wrote without the base class."""

        def get_mix(self) -> NDArray[Any]:
            return noise.get_mix()

    of_fake = SpleeterFactorization(Fake(), n_temporal_segments=3, model_name="hpss")
    np.testing.assert_array_equal(of_fake.compose_model_input([2]), factorization.compose_model_input([2]))
    with pytest.raises(NotImplementedError, match="initialize_mix"):
        DataProvider(audio_path)
    with pytest.raises(AudioError, match="cannot read"):
        RawAudioProvider("nowhere.wav")
