"""Do the parts of a song's vector add up to it?"""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.audio.recording import Audio
from audiolime_ext.collection.song_parts import heard_in_stems, parts_of, song_parts
from audiolime_ext.collection.vectors import song_vector
from audiolime_ext.errors import AudioError
from factorizations.oracle import OracleFactorization
from tests.recommendation.why import songs


def test_silence_and_stems_add_up_to_the_vector_of_the_song() -> None:
    made, model = songs.any_song(1), songs.hearing(*songs.STEMS)
    found = song_parts(made.mixture, model, made)
    assert found.names == songs.STEMS
    assert np.allclose(found.whole, song_vector(made.mixture, model).mean, atol=1e-6)


def test_a_part_is_what_a_stem_adds() -> None:
    made, model = songs.any_song(1), songs.hearing("drums")
    found = song_parts(made.mixture, model, made)
    assert np.allclose(found.vectors[1:3], 0, atol=1e-12)
    assert np.allclose(found.vectors[3], song_vector(made.mixture, model).mean, atol=1e-6)


def test_the_middle_alone_is_heard() -> None:
    made, model = songs.any_song(1), songs.hearing("bass")
    model_s = songs.WINDOW_S
    found = song_parts(made.mixture, model, made, middle_s=model_s)
    assert np.allclose(found.whole, song_vector(made.mixture, model, middle_s=model_s).mean, atol=1e-6)


def test_windows_without_sound_do_not_count() -> None:
    stems = {
        name: np.concatenate([samples, np.zeros(2400, np.float32)])
        for name, samples in songs.stems_of(songs.any_song(1)).items()
    }
    made = OracleFactorization({name: (samples, songs.SR) for name, samples in stems.items()})
    model = songs.hearing(*songs.STEMS)
    asked = heard_in_stems(made.mixture, model, made, cache=False)
    assert (len(asked.spans), asked.whole.n_windows) == (songs.N_WINDOWS + 1, songs.N_WINDOWS)
    assert np.allclose(parts_of(asked.whole).whole, song_vector(made.mixture, model).mean, atol=1e-6)


def test_a_stem_that_some_windows_lack_adds_nothing_there() -> None:
    """The residual is switched where it is heard only: here in the second of three windows."""
    parts = songs.stems_of(songs.any_song(1))
    click = np.where((np.arange(7200) // 2400 == 1), parts["vocals"], 0).astype(np.float32)
    mixture = Audio((parts["bass"] + parts["drums"] + click)[None], songs.SR)
    made = OracleFactorization(
        {name: (parts[name], songs.SR) for name in ("bass", "drums")}, mixture=(mixture.samples, songs.SR)
    )
    model = songs.hearing(*songs.STEMS)
    asked = heard_in_stems(mixture, model, made, cache=False)
    assert {answer.names for answer in asked.answers} == {("bass", "drums"), ("bass", "drums", "residual")}
    found = parts_of(asked.whole)
    assert found.names == ("bass", "drums", "residual")
    assert np.allclose(found.whole, song_vector(mixture, model).mean, atol=1e-6)
    third = song_parts(
        mixture.excerpt(0.5, 0.5),
        model,
        OracleFactorization(
            {n: (parts[n][2400:4800], songs.SR) for n in ("bass", "drums")},
            mixture=(mixture.samples[:, 2400:4800], songs.SR),
        ),
    )
    assert np.allclose(found.vectors[3] * 3, third.vectors[3], atol=1e-6)


def test_stems_are_laid_out_for_wanted_names() -> None:
    made = songs.song(bass=1, drums=2)
    found = song_parts(made.mixture, songs.hearing("bass", "drums"), made)
    laid = found.for_stems(["drums", "vocals", "bass"])
    assert np.array_equal(laid[[0, 1, 3]], found.vectors[[0, 2, 1]])
    assert not laid[2].any()


def test_silence_has_no_parts() -> None:
    with pytest.raises(AudioError, match="silent"):
        song_parts(Audio(np.zeros((1, 7200), np.float32), songs.SR), songs.hearing("bass"), "hpss")
