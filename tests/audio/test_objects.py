"""Audio as Hugging Face datasets and mirdata hand it over is read wherever audio is taken."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext import Audio, explain, load_audio, tag, tagger
from audiolime_ext.errors import AudioError

SR = 8000
HISS: NDArray[np.float32] = np.random.default_rng(0).normal(0, 0.1, 2 * SR).astype(np.float32)


@dataclass
class Samples:
    data: NDArray[np.float32]
    sample_rate: int


class Decoder:
    """As of torchcodec, which Hugging Face datasets hand over from version 4 on; its "array" is mixed down."""

    def get_all_samples(self) -> Samples:
        return Samples(np.stack([HISS, HISS / 2]), SR)

    def __getitem__(self, key: str) -> Any:
        found: dict[str, Any] = {"array": HISS * 0.75, "sampling_rate": SR}
        return found[key]


@dataclass
class Track:
    """As of mirdata."""

    track_id: str
    audio_path: str | None
    genre: str = "blues"

    @property
    def audio(self) -> tuple[NDArray[np.float32], int]:
        raise AssertionError("librosa would resample it")


def loudness(batch: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(np.sqrt((batch**2).mean(axis=1, keepdims=True)))


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return Audio(HISS[None], SR).write(tmp_path / "blues.00001.wav")


@pytest.mark.parametrize("array", [HISS, HISS.astype(np.float64), HISS[None], HISS.tolist()])
def test_a_decoded_column_is_read(array: Any) -> None:
    audio = load_audio({"array": array, "sampling_rate": SR, "path": "/cache/en-US/602b.wav"})
    assert (audio.name, audio.sr) == ("602b", SR)
    np.testing.assert_array_equal(audio.samples, HISS[None])
    assert load_audio({"array": array, "sampling_rate": SR, "path": None}).name == "array"


def test_a_decoder_is_read_with_all_its_channels() -> None:
    np.testing.assert_array_equal(load_audio(Decoder()).samples, np.stack([HISS, HISS / 2]))


def test_a_column_that_is_not_decoded_is_read(written: Path) -> None:
    for column in ({"bytes": written.read_bytes(), "path": "x/a.wav"}, {"bytes": None, "path": str(written)}):
        np.testing.assert_array_equal(load_audio(column).samples, HISS[None])
    assert load_audio({"bytes": written.read_bytes(), "path": "x/a.wav"}).name == "a"


def test_a_track_of_mirdata_is_read_from_its_file(written: Path) -> None:
    audio = load_audio(Track("blues.1", str(written)))
    assert (audio.name, audio.path) == ("blues.1", str(written))
    np.testing.assert_array_equal(audio.samples, HISS[None])


def test_models_hear_them_as_they_hear_the_file(written: Path) -> None:
    model = tagger(loudness, sr=SR, labels=["loud"])
    expected = explain(written, model, factorization="bands:2").attribution.weights
    for source in ({"array": HISS, "sampling_rate": SR}, Track("1", str(written))):
        found = explain(source, model, factorization="bands:2")
        np.testing.assert_array_equal(found.attribution.weights, expected)
        np.testing.assert_array_equal(tag(source, model).scores, tag(written, model).scores)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ({"audio": 1, "text": 2}, "this one holds audio, text"),
        ({}, "this one holds nothing"),
        (Track("blues.1", None), "track blues.1 has no audio_path"),
        ({"array": [1, 2, 3], "sampling_rate": SR}, "must be floating point"),
        ({"array": HISS, "sampling_rate": None}, "must be a positive whole number"),
    ],
)
def test_what_holds_no_audio_is_refused(source: Any, says: str) -> None:
    with pytest.raises(AudioError, match=says):
        load_audio(source)
