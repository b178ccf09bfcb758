"""A song that is split has the vector that it has unsplit, and parts that add up to it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audiolime_ext import Audio, Stems
from audiolime_ext.collection.hearing import Ears
from audiolime_ext.collection.vectors import song_vector
from audiolime_ext.errors import AudioError
from tests.song_collection import SR, bands, song
from tests.stereo_songs import Sides, linear, moody, sides, stereo


def recording(duration_s: float = 3.0) -> Audio:
    """Drums and others, of which the others begin after a second of silence."""
    other = song(2, duration_s=duration_s)
    other[:SR] = 0
    return Audio(stereo(song(1, duration_s=duration_s), other), SR)


@pytest.mark.parametrize(("duration_s", "middle_s"), [(3.0, None), (3.3, 1.3), (0.3, None)], ids=str)
def test_the_vector_is_the_same_and_the_parts_add_up_to_it(duration_s: float, middle_s: float | None) -> None:
    audio = recording(duration_s)
    for model in (bands, linear):
        alone = song_vector(audio, model, middle_s=middle_s)
        plain, none = Ears(model, None, middle_s).hear(audio)
        vector, parts = Ears(model, sides, middle_s).hear(audio)
        assert none is None
        assert parts is not None
        np.testing.assert_array_equal(vector.mean, alone.mean)
        np.testing.assert_array_equal(plain.mean, alone.mean)
        np.testing.assert_allclose(parts.whole, alone.mean, rtol=1e-5)
        assert (vector.notes, vector.duration_s) == (alone.notes, alone.duration_s)


def test_the_parts_of_a_linear_model_are_what_it_says_of_each_stem_less_what_it_says_of_silence() -> None:
    audio = recording()
    _, parts = Ears(linear, sides).hear(audio)
    assert parts is not None
    np.testing.assert_allclose(parts.vectors[0], 1.0, atol=1e-9)
    for stem, found in zip(sides.factorize(audio).samples, parts.vectors[1:], strict=True):
        alone = np.mean([linear(window[None])[0] for window in stem.mean(axis=0).reshape(6, -1)], axis=0)
        np.testing.assert_allclose(found, alone - 1.0, atol=1e-5)


def test_a_model_whose_answers_are_random_has_no_parts() -> None:
    with pytest.raises(AudioError, match=r"answers otherwise to the sum of the stems .* Index without stems"):
        Ears(moody, sides).hear(recording())


def test_silence_is_refused_before_it_is_split() -> None:
    with pytest.raises(AudioError, match="is silent; a song without sound"):
        Ears(linear, sides).hear(Audio(np.zeros((2, SR), np.float32), SR))


def test_a_probe_only_splits() -> None:
    class Broken(Sides):
        def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
            raise AudioError(f"cannot split {duration_s} s from {start_s} s on")

    broken: Any = Broken()
    with pytest.raises(AudioError, match=r"cannot split 1.0 s from 1.0 s on"):
        Ears(moody, broken, 1.0).split(recording())
    Ears(moody, None).split(recording())
