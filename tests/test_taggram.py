"""The grid of windows: where they start, what stands in front of them, when one is padded."""

from pathlib import Path

import numpy as np
import pytest

from audiolime_ext.audio import Audio
from audiolime_ext.errors import AudioError, UsageError
from audiolime_ext.prediction import as_tagger, tagger
from audiolime_ext.taggram import Grid, tag


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
    found = tag(ramp(2.0), as_tagger(first_and_last), start_s=0.5, duration_s=1.0)
    np.testing.assert_allclose(found.scores, [[500, 1499]])
    assert found.labels == ("0", "1")


def test_an_excerpt_shorter_than_a_window_is_refused() -> None:
    with pytest.raises(AudioError, match=r"'ramp' is 0\.200 s long; the tagger needs at least 1\.000 s"):
        tag(ramp(0.2), tagger(first_and_last, sr=1000, window_s=1.0))
    with pytest.raises(AudioError, match=r"needs at least 0\.500 s"):
        tag(ramp(0.2), tagger(first_and_last, sr=1000, min_s=0.5))


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
    with pytest.raises(UsageError, match="unknown tagger 'musicn'"):
        tag(ramp(2.0), "musicn:MSD_musicnn")
    with pytest.raises(AudioError, match=r"nowhere\.wav"):
        tag(tmp_path / "nowhere.wav", first_and_last)
