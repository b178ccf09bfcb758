"""What costs nothing is what librosa and musicnn compute; a network without its training is another one."""

from __future__ import annotations

from pathlib import Path

import librosa
import numpy as np
import pytest

from audiolime_ext import Audio, load_audio, load_model
from audiolime_ext.errors import AudioError
from audiolime_ext.models.musicnn import log_mel
from audiolime_ext.recommendation.evaluation.ears import free, mean_log_mel, mfcc, of_model, untrained
from tests.song_collection import bands


def test_mfcc_are_librosas(ezer_ev: Path) -> None:
    audio = load_audio(ezer_ev).excerpt(2.0, 4.0)
    mono = librosa.resample(audio.samples.mean(axis=0), orig_sr=audio.sr, target_sr=22050)
    found = librosa.feature.mfcc(y=mono, sr=22050, n_mfcc=20)
    wanted = np.concatenate([found.mean(axis=1), found.std(axis=1)])
    np.testing.assert_allclose(mfcc(audio), wanted, atol=0.02 * np.abs(wanted).max(), err_msg="but for resampling")
    exact = Audio(mono[None], 22050, "mono")
    np.testing.assert_allclose(mfcc(exact), wanted, rtol=1e-3, atol=1e-2)


def test_the_mean_log_mel_is_what_musicnn_hears(ezer_ev: Path) -> None:
    audio = load_audio(ezer_ev).excerpt(2.0, 4.0)
    mono = librosa.resample(audio.samples.mean(axis=0), orig_sr=audio.sr, target_sr=16000)
    found = mean_log_mel(Audio(mono[None], 16000, "mono"))
    np.testing.assert_allclose(found, log_mel(mono[None])[0, 0].mean(axis=0), atol=1e-3)


@pytest.mark.parametrize("ear", free())
def test_what_is_too_short_is_said(ear: object) -> None:
    with pytest.raises(AudioError, match=r"'click' lasts 0\.001 s; 0\.\d+ s are needed"):
        ear.hear(Audio(np.ones((1, 16), np.float32), 16000, "click"))  # type: ignore[attr-defined]


def test_an_untrained_network_is_of_the_same_kind_and_answers_otherwise(ezer_ev: Path) -> None:
    model = load_model("musicnn:MSD_musicnn?layer=penultimate")
    trained, other, again = of_model(model, "musicnn"), untrained(model, "musicnn"), untrained(model, "musicnn")
    assert other is not None
    assert again is not None
    audio = load_audio(ezer_ev).excerpt(2.0, 4.0)
    first, second = trained.hear(audio), other.hear(audio)
    assert first.shape == second.shape == (200,)
    assert np.abs(first - second).max() > 0.01
    np.testing.assert_array_equal(second, again.hear(audio))
    assert trained.key != other.key == again.key, "so that they are not confused where vectors are kept"


def test_a_model_that_cannot_be_untrained_is_known() -> None:
    assert untrained(bands, "bands") is None
