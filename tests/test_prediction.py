"""Asking a model: the window grid, what it is given, what it may answer."""

import numpy as np
import pytest

from audiolime_ext.audio import Audio
from audiolime_ext.errors import AudioError, ModelError, UsageError
from audiolime_ext.prediction import Grid, as_tagger, label_indices, predict, tag, tagger


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
    np.testing.assert_array_equal(tag(ramp(2.0), listener).scores, tag(ramp(2.0), tagger(
        first_and_last, sr=1000, window_s=0.3, lead_s=0.1)).scores)  # fmt: skip


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


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (tagger(lambda s: s.mean(axis=1, keepdims=True) * 2, front_end=np.abs), [[2.0]]),
        (tagger(lambda b: np.zeros((len(b), 2)), activation="softmax"), [[0.5, 0.5]]),
        (tagger(lambda b: np.zeros((len(b), 1)), activation="sigmoid"), [[0.5]]),
        (tagger(lambda b: np.full((len(b), 1), -1000.0), activation="sigmoid"), [[0.0]]),
        (tagger(lambda b: np.full((len(b), 1), 0.25), labels=["no", "yes"]), [[0.75, 0.25]]),
        (tagger(lambda s: [s.max(), s.min()], one_at_a_time=True), [[-1.0, -1.0]]),
        (tagger(lambda b: np.array([b.min()]), batch_size=1), [[-1.0]]),
        (tagger(lambda b: np.ones((len(b), 1)), activation=lambda x: x / 4), [[0.25]]),
    ],
)
def test_models_of_all_shapes_become_taggers(made: object, expected: list[list[float]]) -> None:
    signal = Audio(-np.ones((1, 50), np.float32), 50)
    np.testing.assert_allclose(tag(signal, made).scores, expected, atol=1e-12)  # type: ignore[arg-type]


def test_pytorch_like_tensors_are_taken() -> None:
    class Tensor:
        def __init__(self, values: np.ndarray) -> None:
            self.values = values

        def detach(self) -> "Tensor":
            return self

        def cpu(self) -> np.ndarray:
            return self.values

    np.testing.assert_allclose(tag(ramp(1.0), tagger(lambda b: Tensor(np.ones((len(b), 1))))).scores, [[1.0]])


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (lambda b: np.full((len(b), 2), np.nan), r"answered nan for label number 0 of signal 0"),
        (lambda b: np.full((len(b), 2), np.inf), r"answered inf"),
        (lambda b: np.zeros(len(b)), r"shape \(3,\).*it must answer \(3, n_labels\)"),
        (lambda b: np.zeros((len(b) + 1, 2)), r"shape \(4, 2\)"),
        (lambda b: np.array([["a"]] * len(b)), "real numbers"),
        (lambda b: 1 / 0, "raised ZeroDivisionError when given a float32 array of shape"),
    ],
)
def test_an_answer_that_is_no_prediction_is_a_clear_error(answer: object, complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint):
        predict(tagger(answer), np.zeros((3, 1, 1, 10), np.float32))  # type: ignore[arg-type]


def test_as_many_columns_as_labels_are_asked_for() -> None:
    with pytest.raises(ModelError, match=r"it must answer \(1, 3\)"):
        predict(tagger(lambda b: np.zeros((len(b), 2)), labels=["a", "b", "c"]), np.zeros((1, 1, 1, 10), np.float32))


def test_scores_of_several_windows_are_averaged() -> None:
    windows = np.arange(4, dtype=np.float32).reshape(2, 2, 1, 1)
    np.testing.assert_allclose(predict(tagger(lambda b: b), windows), [[0.5], [2.5]])


def test_a_plain_function_may_carry_a_taggers_attributes() -> None:
    def model(batch: np.ndarray) -> np.ndarray:
        return batch[:, :1]

    model.sr, model.labels, model.window_s = 8000, ["x"], 0.5  # type: ignore[attr-defined]
    made = as_tagger(model, sr=44100)
    assert (made.sr, made.labels, made.window_s, made.hop_s) == (8000, ("x",), 0.5, 0.5)


@pytest.mark.parametrize("nonsense", ["text", 3, None, int])
def test_what_cannot_be_called_is_refused(nonsense: object) -> None:
    with pytest.raises(UsageError, match="a predict function is needed"):
        as_tagger(nonsense)


@pytest.mark.parametrize(
    "options",
    [{"activation": "relu"}, {"n_channels": 3}, {"sr": 0}, {"labels": "rock"}, {"labels": ["a", "a"]}, {"window_s": -1}],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="activation|n_channels|sr|labels|window_s"):
        tagger(lambda b: b, **options)  # type: ignore[arg-type]


def test_labels_are_found_by_name_number_or_another_letter_case() -> None:
    names = ["rock", "Mellow", "House"]
    assert label_indices(["mellow", 2, -3, "House"], names) == [1, 2, 0]
    with pytest.raises(UsageError, match="unknown label 'melow'; did you mean 'Mellow'"):
        label_indices(["melow"], names)
    with pytest.raises(UsageError, match="unknown label '3'"):
        label_indices([3], names)


def test_fingerprints_tell_retrained_models_apart_and_honour_a_declared_version() -> None:
    model, same, other = (tagger(lambda b, g=gain: b[:, :2] * g, sr=8000) for gain in (1.0, 1.0, 1.1))  # type: ignore[misc]
    assert model.fingerprint == same.fingerprint != other.fingerprint
    assert tagger(lambda b: b, version="v7").fingerprint == "v7"


def test_a_grid_says_how_many_whole_windows_an_excerpt_holds() -> None:
    grid = Grid(sr=16000, lead=256, window=47872, hop=47872, n_channels=1, min_samples=0)
    assert grid.starts(47872) == [0]
    assert grid.starts(47616) == [0]  # the published grid tags 187 centred frames, the last half padded
    assert grid.starts(47615) == []
    assert grid.starts(20 * 16000) == [k * 47872 for k in range(6)]
