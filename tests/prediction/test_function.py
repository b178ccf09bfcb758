"""Asking a model: what it is given, what it may answer."""

import sys
from typing import Any, NamedTuple

import numpy as np
import pytest

from audiolime_ext.audio.recording import Audio
from audiolime_ext.errors import AudiolimeError, ModelError, UsageError
from audiolime_ext.prediction.asking import predict
from audiolime_ext.prediction.front_end import LogMel
from audiolime_ext.prediction.function import as_model, tagger
from audiolime_ext.prediction.labels import label_indices
from audiolime_ext.prediction.taggram import tag


def ramp(seconds: float, sr: int = 1000) -> Audio:
    """Sample s holds s / 10⁴, so that a window tells where it was cut."""
    return Audio((np.arange(round(seconds * sr), dtype=np.float32) / 1e4)[None], sr, "ramp")


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
    np.testing.assert_allclose(tag(signal, made).scores, expected, atol=1e-12)


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
        (lambda b: np.zeros(len(b)), r"shape \(3,\).*it must answer \(3, n_labels\).*answer scores\[:, None\]"),
        (lambda b: np.zeros((len(b), 2)).argmax(1), r"shape \(3,\).*not the number of the highest \(argmax\)"),
        (lambda b: np.zeros((len(b) + 1, 2)), r"shape \(4, 2\)"),
        (lambda b: np.zeros((1, 2)), r"shape \(1, 2\).*one signal at a time, say so:(?s:.*)one_at_a_time=True"),
        (lambda b: np.zeros(2), r"shape \(2,\).*one signal at a time"),
        (lambda b: np.zeros((len(b), 9, 2)), r"shape \(3, 9, 2\).*scores of frames, (?s:.*)\)\.mean\(1\)"),
        (lambda b: np.zeros((len(b), 2)) > 0, r"answered bool values.*before they were compared with a threshold"),
        (lambda b: np.zeros((len(b), 2), complex), "answered complex128 values; it must answer real numbers"),
        (lambda b: [[0.1], [0.2, 0.3], [0.4]], r"answered a list of 3 that is no array"),
        (lambda b: None, "answered a NoneType, which is no array"),
        (lambda b: {"logits": np.zeros((3, 2))}, r"a dict of 1 output: 'logits' \(an array of shape \(3, 2\)\); say"),
        (
            lambda b: (np.zeros((3, 8, 8)), np.zeros((3, 2))),
            r"tuple of 2 outputs: 0 .*\(3, 8, 8\)\), 1 (?s:.*)tagger\(predict_fn, .*output=1\)",
        ),
        (lambda b: (np.zeros(3), np.zeros(3)), "a tuple of 2 outputs"),
        (lambda b: [np.zeros((3, 2)), np.zeros((3, 2))], "a list of 2 outputs"),
        (lambda b: sys.exit("bye"), r"called sys\.exit\('bye'\) when given .*; it must answer, or raise"),
        (
            lambda b: b.reshape(7),
            r"raised ValueError.*if it wants another rate, (?s:.*)tagger\(predict_fn, sr=16000, .*window_s=",
        ),
        (lambda b: np.array([["a"]] * len(b)), r"answered text, such as a; it must answer real numbers"),
        (lambda b: 1 / 0, "raised ZeroDivisionError when given a float32 array of shape"),
    ],
)
def test_an_answer_that_is_no_prediction_is_a_clear_error(answer: object, complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint):
        predict(tagger(answer), np.zeros((3, 1, 1, 10), np.float32))


def log_spectrum(batch: np.ndarray) -> Any:
    return 1 // int(batch.size < 0)


def exit_code(batch: np.ndarray) -> Any:
    sys.exit(3)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (
            {"front_end": log_spectrum},
            r"the front end log_spectrum raised ZeroDivisionError when given a float32 array of shape \(3, 10\): .*"
            r"; it is given NumPy arrays \(n_batch, n_samples\)$",
        ),
        ({"front_end": exit_code}, r"the front end exit_code called sys\.exit\(3\)"),
        ({"front_end": print}, r"the front end print answered None; it must answer an array \(n_batch, …\)"),
        (
            {"activation": log_spectrum},
            r"the activation log_spectrum raised ZeroDiv.*given NumPy arrays \(n_batch, n_lab",
        ),
        ({"activation": print}, "the activation print answered None; it must answer numbers"),
        ({"activation": lambda scores: {"rock": 1}}, "the activation <lambda> answered a dict of 1"),
        ({"front_end": "log-mel:512,256,96", "sr": 16000}, "10 samples are less than one frame of 512"),
    ],
)
def test_a_front_end_or_an_activation_that_fails_is_named(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(AudiolimeError, match=complaint):
        predict(tagger(lambda batch: batch[:, :1], **options), np.zeros((3, 1, 1, 10), np.float32))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (
            {"front_end": 3},
            r"front_end must be a function from signals .*, or a text such as 'log-mel:512,256,96', not 3",
        ),
        ({"front_end": LogMel}, r"not the class LogMel \(give an object of it, such as LogMel\(\)\)"),
        ({"front_end": "log-mel:512,256,96"}, "needs the rate of the signals; add sr="),
        ({"front_end": "mfcc:20", "sr": 8000}, "unknown front end 'mfcc'"),
        ({"activation": np.zeros(1000)}, r"activation must be 'sigmoid', 'softmax' or a function .*, not .{,100}$"),
    ],
)
def test_what_is_no_front_end_or_activation_is_refused_when_the_model_is_made(
    options: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint):
        tagger(lambda batch: batch, **options)


def test_a_front_end_is_named_as_on_the_command_line() -> None:
    made = tagger(lambda mel: mel.mean(axis=1), front_end="log-mel:64,32,8", sr=8000)
    signals = np.random.default_rng(0).normal(0, 0.1, (2, 800)).astype(np.float32)
    np.testing.assert_array_equal(made(signals), LogMel(8000, 64, 32, 8)(signals).mean(axis=1))


def test_a_function_is_given_whatever_its_front_end_makes() -> None:
    made = tagger(lambda both: both[0] + both[1][:, :1], front_end=lambda batch: (batch[:, :1], batch))
    np.testing.assert_array_equal(predict(made, np.ones((3, 1, 1, 10), np.float32)), np.full((3, 1), 2.0))


@pytest.mark.parametrize("one_at_a_time", [False, True])
@pytest.mark.parametrize("output", ["scores", 1])
def test_the_output_that_is_named_holds_the_scores(one_at_a_time: bool, output: str | int) -> None:
    class Answer(NamedTuple):
        embedding: np.ndarray
        scores: np.ndarray

    def model(batch: np.ndarray) -> Answer:
        return Answer(np.zeros((5, 5)), batch[..., :2])

    made = tagger(model, output=output, one_at_a_time=one_at_a_time)
    np.testing.assert_array_equal(predict(made, np.ones((3, 1, 1, 10), np.float32)), np.ones((3, 2)))


@pytest.mark.parametrize(
    ("answer", "output", "complaint"),
    [
        (lambda b: {"logits": b}, "scores", r"has no output 'scores'; it answered a dict of 1 output: 'logits'"),
        (lambda b: (b, b), 2, "has no output 2; it answered a tuple of 2 outputs"),
        (lambda b: (b, b), -1, r"has no output -1; it answered .*; give a name of these, or a position from 0$"),
        (lambda b: b, 0, r"an array of shape \(3, 10\), one output: leave out output=0"),
        (lambda b: {"labels": ["a"] * 3}, "labels", "output 'labels' of the predict function answered text"),
    ],
)
def test_an_output_that_is_not_there_is_told(answer: object, output: str | int, complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint):
        predict(tagger(answer, output=output), np.zeros((3, 1, 1, 10), np.float32))


def test_rows_of_a_list_are_one_answer() -> None:
    rows = tagger(lambda batch: [signal[:2] for signal in batch])
    np.testing.assert_array_equal(predict(rows, np.ones((3, 1, 1, 10), np.float32)), np.ones((3, 2)))


def test_a_model_that_overwrites_its_input_leaves_the_mix_as_it_was() -> None:
    def model(batch: np.ndarray) -> np.ndarray:
        batch *= 0
        return np.asarray(batch[:, :1] + 1)

    windows = np.ones((3, 1, 1, 10), np.float32)
    assert (predict(as_model(model), windows) == 1).all()
    assert (windows == 1).all()


def test_what_has_a_method_predict_is_told_to_give_it() -> None:
    class Classifier:
        def predict(self, batch: np.ndarray) -> np.ndarray:
            return batch[:, :1]

    with pytest.raises(UsageError, match=r"has a method predict: give that \(package\.module:name\.predict\)"):
        as_model(Classifier())


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
    made = as_model(model, sr=44100)
    assert (made.sr, made.labels, made.window_s, made.hop_s) == (8000, ("x",), 0.5, 0.5)


@pytest.mark.parametrize("nonsense", ["text", 3, None, int])
def test_what_cannot_be_called_is_refused(nonsense: object) -> None:
    with pytest.raises(UsageError, match="a predict function is needed"):
        as_model(nonsense)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"conv.weight": np.ones((3, 3))},
            r"; got a mapping \(dict\); load it into the network first, net\.load_state_dict\(…\):\n",
        ),
        ({"rock": 1}, r"; got a mapping \(dict\):\n"),
        (list(range(10_000)), r"; got \[0, 1, .{90,95}…:\n"),
    ],
)
def test_what_is_no_predict_function_is_told_in_a_few_words(given: Any, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        tagger(given)


@pytest.mark.parametrize(
    "options",
    [
        {"activation": "relu"},
        {"n_channels": 3},
        {"sr": 0},
        {"labels": "rock"},
        {"labels": ["a", "a"]},
        {"window_s": -1},
        {"labels": []},
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=r"activation|n_channels|sr|labels|window_s"):
        tagger(lambda b: b, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"sr": 1e9}, r"sr must be a whole number of Hz from 1 to 768000, not 1000000000\.0"),
        ({"sr": "16000"}, "not '16000'"),
        ({"sr": True}, "sr must be .*, not True"),
        ({"sr": 0.5}, "sr must be .*, not 0.5"),
        ({"batch_size": 2.5}, "batch_size must be a whole number from 1, not 2.5"),
        ({"window_s": "3"}, "window_s must be a number of seconds above 0, not '3'"),
        ({"window_s": np.inf}, "not inf"),
        ({"hop_s": np.nan}, "hop_s must be .*, not nan"),
        ({"window_s": True}, "not True"),
        ({"lead_s": -0.1}, r"lead_s must be a number of seconds from 0, not -0\.1"),
        ({"min_s": np.inf}, "min_s must be"),
        ({"window_s": 1e-9, "sr": 16000}, "window_s is 1e-09, which is no sample at 16000 Hz; it must hold at least"),
        ({"window_s": 1.0, "hop_s": 1e-9, "sr": 16000}, "hop_s is 1e-09, which is no sample"),
    ],
)
def test_rates_and_lengths_are_numbers_that_can_be_heard(options: dict[str, Any], complaint: str) -> None:
    class Own:
        sr, labels, window_s, hop_s, lead_s, batch_size, n_channels, min_s = 8000, None, None, None, 0.0, 8, 1, None

        def __call__(self, batch: np.ndarray) -> np.ndarray:
            return batch[:, :1]

    with pytest.raises(UsageError, match=complaint):
        tagger(lambda b: b, **options)
    own: Any = Own()
    vars(own).update(options)
    if not {"batch_size", "min_s"} & set(options):
        with pytest.raises(UsageError, match=complaint):
            tag(ramp(1.0), own)


def test_a_rate_that_is_said_for_a_model_without_one_is_checked_too_and_so_is_a_window_at_the_recordings_rate() -> None:
    for model in (tagger(lambda b: b), lambda b: b):
        with pytest.raises(UsageError, match="sr must be a whole number of Hz from 1 to 768000"):
            as_model(model, sr=10**9)
    with pytest.raises(UsageError, match=r"window_s is 0\.0001, which is no sample at 1000 Hz"):
        tag(ramp(1.0), tagger(lambda b: b, window_s=1e-4))


@pytest.mark.parametrize(
    ("labels", "complaint"),
    [
        (["a", "b", "a"], "outputs 0 and 2 are both called 'a'"),
        ([1, "1"], "outputs 0 and 1 are both called '1'"),
        (["a", " "], "output 1 is ' '"),
        (["two\nlines", "b"], r"one line; output 0 is 'two\\nlines'"),
        (["\x1b[31mred", "b"], "of printable characters"),
    ],
)
def test_labels_that_cannot_be_told_apart_or_written_are_refused(labels: list[object], complaint: str) -> None:
    class Own:
        sr, window_s, hop_s, lead_s, batch_size = 8000, None, None, 0.0, None

        def __call__(self, batch: np.ndarray) -> np.ndarray:
            return batch

    Own.labels = labels  # type: ignore[attr-defined]
    for made in (lambda: tagger(lambda b: b, labels=labels), lambda: as_model(Own())):  # type: ignore[arg-type]
        with pytest.raises(UsageError, match=complaint):
            made()


def test_labels_may_hold_anything_that_can_be_written() -> None:
    odd = ["Rhythm & Blues; Soul", "</script><b>x</b>", "x" * 300, "日本語", "mixture", "a/b", "a b", "0"]
    assert tagger(lambda b: b, labels=odd).labels == tuple(odd)
    assert label_indices([*odd, 0], odd) == list(range(8))


def test_labels_are_found_by_name_number_or_another_letter_case() -> None:
    names = ["rock", "Mellow", "House"]
    assert label_indices(["mellow", 2, -3, "House"], names) == [1, 2, 0]
    with pytest.raises(UsageError, match="unknown label 'melow'; did you mean 'Mellow'"):
        label_indices(["melow"], names)
    with pytest.raises(UsageError, match="unknown label '3'"):
        label_indices([3], names)


def test_fingerprints_tell_retrained_models_apart_and_honour_a_declared_version() -> None:
    model, same, other = (tagger(lambda b, g=gain: b[:, :2] * g, sr=8000) for gain in (1.0, 1.0, 1.1))
    assert model.fingerprint == same.fingerprint != other.fingerprint
    assert tagger(lambda b: b, version="v7").fingerprint == "v7"
