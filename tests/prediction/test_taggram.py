"""The grid of windows: where they start, what stands in front of them, when one is padded."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import explain, explain_track
from audiolime_ext.audio.recording import Audio
from audiolime_ext.errors import AudioError, UsageError
from audiolime_ext.prediction.function import as_model, tagger
from audiolime_ext.prediction.grid import Grid
from audiolime_ext.prediction.taggram import tag


def ramp(seconds: float, sr: int = 1000) -> Audio:
    """Sample s holds s / 10⁴, so that a window tells where it was cut."""
    return Audio((np.arange(round(seconds * sr), dtype=np.float32) / 1e4)[None], sr, "ramp")


def first_and_last(batch: np.ndarray) -> np.ndarray:
    return np.round(batch[:, [0, -1]] * 1e4).astype(float)


def test_windows_start_on_the_grid_with_real_context_in_front() -> None:
    listener = tagger(first_and_last, sr=1000, window_s=1.0, hop_s=0.5, lead_s=0.1, labels=["first", "last"])
    found = tag(ramp(2.2), listener)
    np.testing.assert_allclose(found.times_s, [0.0, 0.5, 1.0, 1.5])
    np.testing.assert_allclose(found.scores[:3], [[0, 999], [400, 1499], [900, 1999]])
    assert found.padded.tolist() == [False, False, False, True]
    np.testing.assert_allclose(found.scores[3], [1400, 0])  # zeros stand after the end
    np.testing.assert_allclose(found.mean, found.scores[:3].mean(axis=0))


def test_a_last_window_that_lacks_at_most_its_lead_counts_as_whole() -> None:
    listener = tagger(first_and_last, sr=1000, window_s=1.0, lead_s=0.1)
    assert tag(ramp(1.95), listener).padded.tolist() == [False, False]
    assert tag(ramp(1.85), listener).padded.tolist() == [False, True]


@pytest.mark.parametrize("batch_size", [1, 2, 3, 32])
def test_batches_do_not_change_the_scores(batch_size: int) -> None:
    listener = tagger(first_and_last, sr=1000, window_s=0.3, lead_s=0.1, batch_size=batch_size)
    np.testing.assert_array_equal(
        tag(ramp(2.0), listener).scores,
        tag(ramp(2.0), tagger(first_and_last, sr=1000, window_s=0.3, lead_s=0.1)).scores,
    )


def test_a_tagger_without_a_window_hears_the_whole_excerpt_at_the_files_rate() -> None:
    found = tag(ramp(2.0), as_model(first_and_last), start_s=0.5, duration_s=1.0)
    np.testing.assert_allclose(found.scores, [[500, 1499]])
    assert found.labels == ("0", "1")


def test_an_excerpt_shorter_than_a_window_is_refused_in_a_longer_recording() -> None:
    too_short = r"the excerpt of 'ramp' is 0\.200 s long; the model needs at least 1\.000 s, and .* is 2\.000 s long"
    with pytest.raises(AudioError, match=too_short):
        tag(ramp(2.0), tagger(first_and_last, sr=1000, window_s=1.0), duration_s=0.2)
    with pytest.raises(AudioError, match=r"needs at least 0\.500 s"):
        tag(ramp(0.2), tagger(first_and_last, sr=1000, min_s=0.5))


@pytest.mark.parametrize(
    ("fill", "heard", "said"),
    [
        ("silence", [*range(1, 401), *[0] * 600], "filled up with silence"),
        ("repeat", [*range(1, 401), *range(1, 401), *range(1, 201)], "repeated until it is full"),
        ("none", [*range(1, 401)], "given to the model as it is"),
    ],
)
@pytest.mark.parametrize("lead_s", [0.0, 0.1])
def test_a_recording_shorter_than_a_window_is_filled_up_as_the_model_wants_it(
    fill: Any, heard: list[int], said: str, lead_s: float
) -> None:
    batches = []

    def listener(batch: np.ndarray) -> np.ndarray:
        batches.append(np.round(batch * 1e4).astype(int))
        return np.asarray(batch.max(axis=1, keepdims=True))

    model = tagger(listener, sr=1000, window_s=1.0, lead_s=lead_s, labels=["highest"], fill=fill)
    short = Audio((np.arange(1, 401, dtype=np.float32) / 1e4)[None], 1000, "short")
    found = tag(short, model)
    assert [batch.tolist() for batch in batches] == [[[0] * round(lead_s * 1000) + heard]]
    assert found.padded.tolist() == [False]
    assert found.mean == pytest.approx(0.04)
    assert found.notes == (f"0.40 s are less than the model's window of 1.00 s: {said}",)
    explained = explain(short, model, factorization="bands:2")
    assert found.notes[0] in explained.notes
    assert explained.score() == pytest.approx((0.04, 0.0), abs=1e-6)
    track = explain_track(short, model, factorization="bands:2", cache=False)
    assert [note for note in track.notes if "the model's window" in note] == [*found.notes]
    np.testing.assert_allclose(track.full, [[0.04]], atol=1e-6)


@pytest.mark.parametrize(("seconds", "filled"), [(0.99, True), (1.0, False), (1.4, False)])
def test_nothing_that_counts_is_filled_up_in_a_longer_recording(seconds: float, filled: bool) -> None:
    found = tag(ramp(seconds), tagger(first_and_last, sr=1000, window_s=1.0))
    assert bool(found.notes) is filled
    assert found.counted.sum() == 1
    assert found.mean[1] == (0 if filled else 999)


def test_less_than_a_tenth_of_a_second_is_refused() -> None:
    with pytest.raises(AudioError, match=r"'ramp' is 0\.090 s long; the model needs at least 0\.100 s"):
        tag(ramp(0.09), tagger(first_and_last, sr=1000, window_s=1.0))
    with pytest.raises(AudioError, match=r"'ramp' is 0\.040 s long; the model needs at least 0\.050 s"):
        tag(ramp(0.04), tagger(first_and_last, sr=1000, window_s=0.05))
    assert tag(ramp(0.1), tagger(first_and_last, sr=1000, window_s=1.0)).notes


def test_a_way_of_filling_up_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown fill 'reflect'"):
        tagger(first_and_last, window_s=1.0, fill="reflect")  # type: ignore[arg-type]


def test_silent_windows_are_in_no_mean_unless_everything_is_silent() -> None:
    model = tagger(lambda b: 1 - b.max(axis=1, keepdims=True), sr=1000, window_s=1.0, labels=["calm"])
    noise = np.random.default_rng(0).uniform(0.1, 0.5, 3000).astype(np.float32)
    noise[1000:2000] *= 1e-4
    found = tag((noise, 1000), model)
    assert found.counted.tolist() == [True, False, True]
    assert found.mean == pytest.approx(0.5, abs=0.01)
    nothing = tag((np.zeros(3000, np.float32), 1000), model)
    assert nothing.silent is None
    assert nothing.mean == 1


def test_mono_recordings_are_duplicated_for_a_stereo_model_and_stereo_averaged_for_a_mono_one() -> None:
    stereo = Audio(np.stack([np.ones(100), np.zeros(100)]).astype(np.float32), 100)
    mono = Audio(np.ones((1, 100), np.float32), 100)
    sides = tagger(lambda b: b.mean(axis=2), n_channels=2)
    np.testing.assert_allclose(tag(stereo, sides).scores, [[1, 0]])
    np.testing.assert_allclose(tag(mono, sides).scores, [[1, 1]])
    np.testing.assert_allclose(tag(stereo, tagger(lambda b: b.mean(axis=1, keepdims=True))).scores, [[0.5]])


def test_a_grid_says_how_many_whole_windows_an_excerpt_holds() -> None:
    grid = Grid(sr=16000, lead=256, window=47872, hop=47872, n_channels=1, min_samples=0)
    assert grid.starts(47872) == [0]
    assert grid.starts(47616) == [0]  # the published grid tags 187 centred frames, the last half padded
    assert grid.starts(47615) == []
    assert grid.starts(20 * 16000) == [k * 47872 for k in range(6)]


def test_paths_specs_and_functions_are_taken_as_by_explain(tmp_path: Path, published: None) -> None:
    ramp(4.0, sr=16000).write(tmp_path / "ramp.wav")
    found = tag(tmp_path / "ramp.wav", "musicnn:MSD_musicnn")
    assert found.labels[0] == "rock"
    assert found.scores.shape == (2, 50)
    plain = tag((ramp(2.0).samples, 1000), first_and_last)
    np.testing.assert_allclose(plain.scores, [[0, 1999]])
    lengths: list[int] = []

    def listener(batch: np.ndarray) -> np.ndarray:
        lengths.append(batch.shape[1])
        return first_and_last(batch)

    tag(str(tmp_path / "ramp.wav"), listener, sr=8000)
    assert lengths == [32000]
    with pytest.raises(UsageError, match="unknown model 'musicn'"):
        tag(ramp(2.0), "musicn:MSD_musicnn")
    with pytest.raises(AudioError, match=r"nowhere\.wav"):
        tag(tmp_path / "nowhere.wav", first_and_last)


def test_silence_is_said_in_the_notes_and_once() -> None:
    loud = tagger(lambda batch: np.abs(batch).max(axis=1, keepdims=True), sr=1000, window_s=1.0)
    half = np.repeat([1.0, 0.0], 1000).astype(np.float32)
    found = tag((half, 1000), loud)
    assert found.quiet == ("1 of 2 windows is silent, and not in the mean",)
    assert found.to_dict()["notes"][0] == found.notes[0] == found.quiet[0]
    nothing = tag((0 * half, 1000), loud)
    assert nothing.quiet == ("the excerpt from 0 s on is silent; these are the model's scores for silence",)
    assert tag((half[:1000], 1000), loud).quiet == ()
    track = explain_track((half, 1000), loud, factorization="bands:2")
    assert sum("silent" in note for note in track.notes) == 1
