"""From a recording to an explanation: planted truths first."""

import json
import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from audiolime_ext import explain, explain_track, tagger, top_component
from audiolime_ext.audio.recording import Audio
from audiolime_ext.audio.resampling import resample_span
from audiolime_ext.errors import AudioError, NothingArgues, UsageError
from audiolime_ext.prediction.outputs import Answerer
from factorizations.oracle import OracleFactorization

SR = 16000


def tone(hz: float, seconds: float = 4.0, gain: float = 0.2, sr: int = SR) -> tuple[np.ndarray, int]:
    return (gain * np.sin(2 * np.pi * hz * np.arange(round(seconds * sr)) / sr)).astype(np.float32), sr


@pytest.fixture(scope="module")
def band() -> OracleFactorization:
    """Three instruments that a Fourier sum tells apart."""
    return OracleFactorization({"bass": tone(100), "guitar": tone(440), "drums": tone(3000)})


def strengths(batch: np.ndarray) -> np.ndarray:
    """Amplitude of each instrument's tone, shape (n, 3): bass, guitar, drums."""
    turns = np.exp(-2j * np.pi * np.outer(np.arange(batch.shape[1]), [100, 440, 3000]) / SR)
    return np.asarray(np.abs(batch @ turns) * 2 / batch.shape[1] / 0.2)


Judge = Callable[[np.ndarray], np.ndarray]
PLANTED: dict[str, tuple[Judge, list[float]]] = {
    "guitar": (lambda s: s[:, 1], [0, 1, 0]),
    "linear": (lambda s: s @ np.array([0.5, -0.25, 0.125]) + 0.1, [0.5, -0.25, 0.125]),
    "drums and bass": (lambda s: (s[:, 0] > 0.5) & (s[:, 2] > 0.5), [0.5, 0, 0.5]),
    "drums or bass": (lambda s: (s[:, 0] > 0.5) | (s[:, 2] > 0.5), [0.5, 0, 0.5]),
    "no guitar": (lambda s: 1.0 - s[:, 1], [0, -1, 0]),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_model_gets_its_exact_weights(band: OracleFactorization, name: str) -> None:
    judge, expected = PLANTED[name]
    model = tagger(lambda batch: judge(strengths(batch))[:, None].astype(float), sr=SR, labels=["it"])
    e = explain(band.mixture, model, factorization=band)
    np.testing.assert_allclose(list(e.weights("it").values()), expected, atol=1e-6)
    full, empty = e.score("it")
    assert sum(e.weights("it").values()) == pytest.approx(full - empty, abs=1e-9)


def test_a_planted_model_is_found_at_another_rate_in_stereo_and_in_time(band: OracleFactorization) -> None:
    stems = {}
    for name, samples in zip(band.names, band.samples, strict=True):
        at_44100 = resample_span(samples, SR, 44100, 0, 4 * 44100)
        stems[name] = Audio(np.concatenate([at_44100, at_44100]), 44100, name)
    stereo = OracleFactorization(stems)

    def late_guitar(batch: np.ndarray) -> np.ndarray:
        return strengths(batch[:, batch.shape[1] // 2 :])[:, 1:2]

    model = tagger(late_guitar, sr=SR, labels=["late guitar"], window_s=3.0, lead_s=0.01)
    e = explain(stereo.mixture, model, factorization=stereo, segments=2, start_s=0.5)
    weights = e.weights()
    assert e.n_evals == 64
    assert weights["guitar 1.50–3.00 s"] == pytest.approx(1.0, abs=0.02)
    assert max(abs(w) for name, w in weights.items() if name != "guitar 1.50–3.00 s") < 0.02
    heard = e.top().listen()
    assert (heard.sr, heard.n_channels, heard.duration_s) == (44100, 2, 3.0)


def test_all_labels_are_explained_from_one_neighbourhood(band: OracleFactorization) -> None:
    model = tagger(strengths, sr=SR, labels=["low", "middle", "high"])
    e = explain(band.mixture, model, factorization=band, labels=["high", 0])
    assert e.labels == ("high", "low")
    assert [e.top(label=label).components[0] for label in e.all_labels] == ["bass", "guitar", "drums"]


@pytest.mark.parametrize(
    ("n_segments", "max_evals", "method", "expected"),
    [(1, 1024, "auto", 8), (3, 1024, "auto", 512), (4, 200, "shapley", 186), (4, 200, "auto", 8 + 3 * 14 * 4)],
)
def test_no_mask_is_predicted_twice_and_the_budget_is_kept(
    band: OracleFactorization, n_segments: int, max_evals: int, method: str, expected: int
) -> None:
    asked: list[bytes] = []

    def model(batch: np.ndarray) -> np.ndarray:
        asked.extend(signal.tobytes() for signal in batch)
        return strengths(batch)

    options = {"segments": n_segments, "max_evals": max_evals, "method": method}
    e = explain(band.mixture, tagger(model, sr=SR), factorization=band, **options)  # type: ignore[arg-type]
    assert len(asked) == e.n_evals + e.checks.n_evals
    assert len(asked) <= max_evals
    assert len(set(asked[: e.n_evals])) == e.n_evals
    assert e.n_evals == expected
    assert e.neighborhood.exhaustive is (e.n_evals == 2**e.components.n)


@pytest.mark.parametrize("method", ["shapley", "lime"])
def test_the_same_seed_gives_the_same_result(band: OracleFactorization, method: str) -> None:
    def run(seed: int) -> np.ndarray:
        model = tagger(lambda b: (strengths(b) ** 2).prod(axis=1, keepdims=True), sr=SR)
        return explain(
            band.mixture, model, factorization=band, segments=5, max_evals=60, seed=seed, method=method
        ).attribution.weights

    np.testing.assert_array_equal(run(1), run(1))
    assert np.abs(run(1) - run(2)).max() > 1e-6


def test_lime_of_two_stems_is_nearly_leave_one_out(band: OracleFactorization) -> None:
    pair = OracleFactorization({"bass": tone(100), "drums": tone(3000)})
    model = tagger(lambda b: (strengths(b).max(axis=1, keepdims=True) > 0.5).astype(float), sr=SR)
    weights = explain(pair.mixture, model, factorization=pair, method="lime").weights()
    assert max(abs(weight) for weight in weights.values()) < 0.01  # either suffices, so removing one changes nothing


def test_without_a_start_the_window_in_which_the_first_label_is_strongest_is_explained() -> None:
    silence, (sound, _) = np.zeros(4 * SR, np.float32), tone(440, seconds=2.0)
    late = OracleFactorization({"guitar": (np.concatenate([silence, sound]), SR), "bass": tone(100, seconds=6.0)})
    model = tagger(strengths, sr=SR, labels=["low", "middle", "high"], window_s=1.0)
    e = explain(late.mixture, model, factorization=late, labels=["middle"])
    assert e.components.start_s == pytest.approx(4.0, abs=1.0)
    assert e.score("middle")[0] > 0.9
    assert e.notes == ("the excerpt is where 'middle' is strongest of 6 windows",)
    three = explain(late.mixture, model, factorization=late, labels=["middle"], duration_s=3.0)
    assert (three.components.start_s, three.components.duration_s) == (3.0, 3.0)  # moved back to fit


def test_an_excerpt_of_several_windows_explains_their_mean(band: OracleFactorization) -> None:
    model = tagger(strengths, sr=SR, labels=["low", "middle", "high"], window_s=1.0)
    e = explain(band.mixture, model, factorization=band, start_s=0.0, duration_s=3.5, labels=["low"])
    assert e.to_dict()["n_windows"] == 3
    assert e.warnings == ("the last 0.50 s of the excerpt fill no window; the model does not hear them",)
    np.testing.assert_allclose(list(e.weights().values()), [1, 0, 0], atol=1e-6)


def test_a_low_sampling_rate_is_said() -> None:
    low = OracleFactorization({"a": tone(100, sr=8000), "b": tone(200, sr=8000)})
    e = explain(low.mixture, tagger(strengths, sr=SR), factorization=low)
    assert e.warnings == (
        "the recording's rate is 8000 Hz and the model's 16000 Hz: the model hears nothing above 4 kHz",
    )


def test_top_component_is_the_audio_of_the_top_component(band: OracleFactorization) -> None:
    model = tagger(strengths, sr=SR, labels=["low", "middle", "high"])
    heard = top_component(band.mixture, model, labels=["middle"], factorization=band)
    np.testing.assert_allclose(heard.samples, band.samples[1], atol=1e-6)
    with pytest.raises(NothingArgues, match="nothing here argues for never"):
        top_component(
            band.mixture,
            tagger(lambda b: -strengths(b), sr=SR, labels=["never", "a", "b"]),
            labels="never",
            factorization=band,
        )


@pytest.mark.parametrize(
    ("options", "complaint", "error"),
    [
        ({"method": "shaply"}, "unknown method 'shaply'; did you mean 'shapley'", UsageError),
        ({"labels": ["midle"]}, "did you mean 'middle'", UsageError),
        ({"labels": []}, "labels is empty", UsageError),
        ({"top_labels": 0}, "top_labels must be at least 1", UsageError),
        (
            {"factorization": "speleeter:2stems"},
            "unknown factorization 'speleeter'; did you mean 'spleeter'",
            UsageError,
        ),
        ({"start_s": 3.5}, "does not lie within", AudioError),
        ({"start_s": 0.0, "duration_s": 0.3}, r"the excerpt is 0\.300 s long", AudioError),
        ({"segments": 0}, "0 time segments", UsageError),
        ({"max_evals": 4}, "4 evaluations are too few for 3 components", UsageError),
    ],
)
def test_what_cannot_be_done_is_said(
    band: OracleFactorization, options: dict[str, object], complaint: str, error: type[Exception]
) -> None:
    model = tagger(strengths, sr=SR, labels=["low", "middle", "high"], window_s=1.0)
    with pytest.raises(error, match=complaint):
        explain(band.mixture, model, **{"factorization": band, **options})  # type: ignore[arg-type]


def test_the_budget_ends_when_the_heaviest_components_are_told_apart(band: OracleFactorization) -> None:
    def early_bass(batch: np.ndarray) -> np.ndarray:
        first, rest = batch[:, : batch.shape[1] // 4], batch[:, batch.shape[1] // 4 :]
        return np.sqrt(strengths(first)[:, :1] + 0.05 * strengths(rest)[:, 1:2])

    model = tagger(early_bass, sr=SR, labels=["bass at first"])
    e = explain(band.mixture, model, factorization=band, segments=4, settle=1, labels=["bass at first"])
    assert e.settled is True
    assert e.n_evals < 1024
    assert e.top().components == ("bass 0.00–1.00 s",)
    assert "are settled after" in str(e)
    whole = explain(band.mixture, model, factorization=band, segments=4, max_evals=4096)
    found = e.attribution.interval()
    assert found is not None
    low, high = (end[0, 0] for end in found)
    assert low < whole.attribution.weights[0, 0] < high
    assert whole.settled is None


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"settle": 3, "labels": ["low"]}, "settle=3 cannot be used with 3 components"),
        ({"settle": 1}, "settle ranks the components of one label; name it"),
        ({"settle": 1, "labels": ["low"], "method": "leave-one-out"}, "leave settle out"),
    ],
)
def test_a_question_that_cannot_be_settled_is_refused(
    band: OracleFactorization, options: dict[str, object], complaint: str
) -> None:
    model = tagger(strengths, sr=SR, labels=["low", "middle", "high"])
    with pytest.raises(UsageError, match=complaint):
        explain(band.mixture, model, factorization=band, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["shapley", "lime", "banzhaf", "owen"])
@pytest.mark.parametrize("level_check", [True, False])
def test_a_sample_without_error_bars_says_which_budget_gives_them(
    band: OracleFactorization, method: str, level_check: bool
) -> None:
    model = tagger(lambda b: np.sqrt((b**2).mean(axis=1, keepdims=True)), sr=SR, labels=["loud"])
    asked = {"factorization": band, "segments": 8, "method": method, "level_check": level_check}
    (said,) = explain(band.mixture, model, max_evals=120, **asked).warnings  # type: ignore[arg-type]
    found = re.fullmatch(
        r"the weights come from a sample of mixes and carry no error bars: "
        r"these take (\d+) evaluations \(--max-evals\)",
        said,
    )
    assert found
    e = explain(band.mixture, model, max_evals=int(found[1]), **asked)  # type: ignore[arg-type]
    assert (e.warnings, e.attribution.exact) == ((), False)
    assert e.attribution.std_errors is not None
    (said,) = explain(band.mixture, model, max_evals=int(found[1]) - 8, **asked).warnings  # type: ignore[arg-type]
    assert "carry no error bars" in said


@pytest.mark.parametrize("method", ["banzhaf", "leave-one-out", "lime", "shapley"])
def test_every_method_finds_a_linear_truth_among_many_components(band: OracleFactorization, method: str) -> None:
    model = tagger(lambda b: strengths(b[:, : b.shape[1] // 6])[:, 1:2], sr=SR, labels=["guitar at first"])
    e = explain(band.mixture, model, factorization=band, segments=6, method=method, max_evals=400)
    weights = list(e.weights().values())
    assert weights[6] == pytest.approx(1.0, abs=0.03)
    assert max(map(abs, [*weights[:6], *weights[7:]])) < 0.03
    assert e.attribution.exact is (method == "leave-one-out")
    assert e.attribution.std_errors is not None


def test_a_model_that_does_not_listen_makes_it_abstain(band: OracleFactorization) -> None:
    deaf = tagger(lambda b: np.full((len(b), 2), [0.7, 0.1]), sr=SR, labels=["always", "never"])
    for segments in (1, 5):
        e = explain(
            band.mixture, deaf, factorization=band, segments=segments, max_evals=300, labels=["always", "never"]
        )
        assert not e.top(label="always")
        assert not e.top(label="never")
        assert e.remarks("always")[0] == "always: the model says this for silence too (0.70; here 0.70)"
        json.dumps(e.to_dict(), allow_nan=False)


def test_one_component_gets_all_there_is() -> None:
    alone = OracleFactorization({"bass": tone(100)})
    model = tagger(strengths, sr=SR, labels=["low", "middle", "high"])
    for method in ("shapley", "lime", "banzhaf", "leave-one-out"):
        e = explain(alone.mixture, model, factorization=alone, method=method, labels=["low"])
        assert e.weights() == pytest.approx({"bass": 1.0}, abs=1e-6)
        json.dumps(e.to_dict(), allow_nan=False)


def test_outputs_of_a_network_that_are_no_probabilities_are_remarked(band: OracleFactorization) -> None:
    def logits(batch: np.ndarray) -> np.ndarray:
        return 12 * strengths(batch) - 4

    labels = ["low", "middle", "high"]
    model = replace(tagger(logits, sr=SR, labels=labels), answerer=Answerer("the network CRNN", "net"))
    forgotten = "say activation=sigmoid, or softmax where labels exclude each other"
    (said,) = [note for note in explain(band.mixture, model, factorization=band).notes if forgotten in note]
    assert said.startswith("the outputs range from -4.00 to 8.0")
    (said,) = [note for note in explain_track(band.mixture, model, factorization=band).notes if forgotten in note]
    with_activation = tagger(logits, sr=SR, labels=labels, activation="sigmoid")
    for other in (replace(with_activation, answerer=model.answerer), tagger(logits, sr=SR, labels=labels)):
        assert forgotten not in str(explain(band.mixture, other, factorization=band))


def test_a_window_that_may_be_meant_in_milliseconds_is_remarked(band: OracleFactorization) -> None:
    unit = "lengths such as window_s are in seconds"
    for window_s, far in ((300.0, True), (5.0, False)):
        model = tagger(lambda batch: strengths(batch[:, : 4 * SR]), sr=SR, window_s=window_s)
        assert (unit in str(explain(band.mixture, model, factorization=band))) is far
