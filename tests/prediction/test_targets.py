"""What is explained: scores, log-odds, contrasts, functions of the outputs."""

import numpy as np
import pytest

from audiolime_ext import explain, tagger
from audiolime_ext.errors import ModelError, UsageError
from audiolime_ext.prediction.targets import LOG_ODDS_LIMIT, Target, log_odds, make_target
from factorizations.oracle import OracleFactorization
from tests.derivatives import slopes

SR = 16000
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def band() -> OracleFactorization:
    parts = {name: (RNG.normal(0, 0.1, SR).astype(np.float32), SR) for name in ("drums", "bass")}
    return OracleFactorization(parts)


def model(band: OracleFactorization) -> object:
    inverse = np.linalg.pinv(band.samples[:, 0])

    def predict(batch: np.ndarray) -> np.ndarray:
        drums, bass = np.round(batch @ inverse, 3).clip(0, 1).T
        logit = 2 * drums - bass
        return np.stack([1 / (1 + np.exp(-logit)), 0.2 + 0.3 * bass, 0.1 + 0.5 * drums], axis=1)

    return tagger(predict, sr=SR, labels=["rock", "soul", "metal"])


def test_log_odds_of_a_logistic_model_are_additive(band: OracleFactorization) -> None:
    e = explain(band.mixture, model(band), factorization=band, target="log-odds", labels=["rock"])
    assert e.weights() == pytest.approx({"drums": 2.0, "bass": -1.0}, abs=1e-6)
    assert e.provenance.target == "log-odds"
    assert str(e).splitlines()[3].split()[:2] == ["log-odds", "silence"]


def test_a_contrast_explains_why_one_label_and_not_the_other(band: OracleFactorization) -> None:
    e = explain(band.mixture, model(band), factorization=band, target=["metal", "soul"])
    assert e.labels == ("metal − soul",)
    assert e.weights() == pytest.approx({"drums": 0.5, "bass": -0.3}, abs=1e-6)
    assert e.to_dict()["settings"]["target"] == ["metal", "soul"]


def test_any_function_of_the_outputs_can_be_explained(band: OracleFactorization) -> None:
    def distance(outputs: np.ndarray) -> np.ndarray:
        return np.asarray(-np.linalg.norm(outputs[:, 1:] - np.array([0.5, 0.1]), axis=1))

    e = explain(band.mixture, model(band), factorization=band, target=distance)
    assert e.labels == ("distance",)
    assert e.weights()["drums"] < 0 < e.weights()["bass"]
    full, empty = e.score()
    assert sum(e.weights().values()) == pytest.approx(full - empty, abs=1e-9)


def test_several_values_of_a_function_are_numbered(band: OracleFactorization) -> None:
    e = explain(band.mixture, model(band), factorization=band, target=lambda outputs: outputs[:, :2] * 2)
    assert e.all_labels == ("<lambda> 0", "<lambda> 1")


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        (3, "a target is 'score', 'log-odds', a pair of labels or a function of the outputs, not 3"),
        (None, "a function of the outputs, not None"),
        (("rock", None), "unknown label 'None'"),
        ("logodds", "unknown target 'logodds'; did you mean 'log-odds'"),
        (["rock", "rock"], "'rock' is contrasted with itself"),
        (["rock", "Rock"], "'rock' is contrasted with itself"),
        (["rock"], "a contrast takes two labels, not 1"),
        (["rock", "popp"], "unknown label 'popp'"),
    ],
)
def test_targets_that_cannot_be_meant_are_refused(band: OracleFactorization, target: object, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        explain(band.mixture, model(band), factorization=band, target=target)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("function", "complaint"),
    [
        (lambda outputs: outputs[:1, 0], "must answer 4 finite values"),
        (lambda outputs: outputs[:, 0] * np.nan, "must answer 4 finite values"),
        (lambda outputs: outputs[:, 7], "raised IndexError when given outputs of shape"),
    ],
)
def test_functions_that_answer_nonsense_are_refused(
    band: OracleFactorization, function: object, complaint: str
) -> None:
    with pytest.raises(ModelError, match=complaint):
        explain(band.mixture, model(band), factorization=band, target=function)  # type: ignore[arg-type]


def test_log_odds_take_a_rounding_error_beyond_0_and_1_and_no_more() -> None:
    np.testing.assert_allclose(log_odds(np.array([[-9e-7, 1 + 9e-7]])), [[-6, 6]])
    for beyond in (-2e-6, 1 + 2e-6):
        with pytest.raises(ModelError, match="log-odds need scores between 0 and 1"):
            log_odds(np.array([[beyond]]))


def test_log_odds_are_clipped_and_need_probabilities() -> None:
    np.testing.assert_allclose(log_odds(np.array([[0.0, 1.0, 0.5, 0.9]])), [[-6, 6, 0, np.log(9)]])
    with pytest.raises(ModelError, match=r"the model answered -1 to 2"):
        log_odds(np.array([[-1.0, 2.0]]))


@pytest.mark.parametrize("name", ["score", "log-odds"])
def test_a_function_that_is_called_score_is_no_score(band: OracleFactorization, name: str) -> None:
    def shares(outputs: np.ndarray) -> np.ndarray:
        return np.asarray(outputs[:, :1] / 2)

    shares.__name__ = name
    e = explain(band.mixture, model(band), factorization=band, target=shares)
    assert (e.provenance.target, e.all_labels) == (f"{name}()", (name,))
    assert e.kind.noun == "value"
    assert not make_target(shares, ["a"]).keeps_labels
    with pytest.raises(UsageError, match=r"the target was a function, .*\(\); a result does not hold it"):
        explain(band.mixture, model(band), factorization=band, target=e.provenance.target)


def test_a_target_knows_whether_it_keeps_the_labels() -> None:
    assert make_target("score", ["a"]).keeps_labels
    assert not make_target(["a", "b"], ["a", "b"]).keeps_labels


def test_a_contrast_of_outputs_without_names_is_no_sum_of_numbers() -> None:
    contrast = make_target((3, 40), [str(i) for i in range(50)])
    assert (contrast.name, contrast.contrast) == ("output 3 − output 40", ("3", "40"))


def test_values_that_are_not_finite_or_none_at_all_are_told() -> None:
    outputs = np.full((2, 3), 0.5)
    with pytest.raises(ModelError, match=r"it answered NaN or infinity in shape \(2, 3\)"):
        make_target(lambda outputs: outputs * np.nan, ["a"]).apply(outputs)
    with pytest.raises(ModelError, match=r"must answer 2 finite values or rows .* it answered shape \(2, 0\)"):
        make_target(lambda outputs: outputs[:, :0], ["a"]).apply(outputs)


LABELS = ["rock", "pop", "jazz"]


@pytest.mark.parametrize("target", ["score", "log-odds", ["rock", "jazz"]])
@pytest.mark.parametrize("column", [0, 1, 2])
def test_a_cotangent_is_the_slope_of_the_value(target: str, column: int) -> None:
    aim = make_target(target, LABELS)
    column = min(column, len(aim.labels or ()) - 1)
    outputs = np.random.default_rng(1).uniform(0.02, 0.98, (4, 3))
    expected = slopes(lambda given: aim.apply(given)[:, column], outputs)
    assert aim.cotangent(outputs, column) == pytest.approx(expected, abs=1e-6)
    assert aim.only(column).cotangent(outputs) == pytest.approx(expected, abs=1e-6)


def test_log_odds_have_no_slope_where_they_are_clipped() -> None:
    aim = make_target("log-odds", LABELS)
    outputs = np.array([[0.0, 0.002, 0.5], [1.0, 0.999, 0.0026]])
    assert (np.abs(aim.apply(outputs)) < LOG_ODDS_LIMIT).tolist() == [[False, False, True], [False, False, True]]
    assert [[aim.cotangent(outputs, j)[i, j] for j in range(3)] for i in range(2)] == [
        [0.0, 0.0, 4.0],
        [0.0, 0.0, pytest.approx(1 / (0.0026 * 0.9974))],
    ]


def test_one_value_less_another_has_the_difference_of_their_slopes() -> None:
    aim = make_target("log-odds", LABELS)
    contrast = aim.only(0).less(aim.only(2), "rock − jazz")
    outputs = np.random.default_rng(2).uniform(0.02, 0.98, (4, 3))
    assert contrast.apply(outputs)[:, 0] == pytest.approx(aim.apply(outputs)[:, 0] - aim.apply(outputs)[:, 2])
    assert contrast.cotangent(outputs) == pytest.approx(aim.cotangent(outputs, 0) - aim.cotangent(outputs, 2))
    assert contrast.labels == ("rock − jazz",)


def test_a_function_has_no_cotangent_and_what_has_one_is_named() -> None:
    with pytest.raises(UsageError, match=r"the target peak\(\) is a function .*'log-odds'.*explain\(\) takes any"):
        Target("peak", None, lambda outputs: outputs).cotangent(np.ones((1, 2)))


def test_a_function_that_states_its_derivative_keeps_it() -> None:
    class Double:
        def __call__(self, outputs: np.ndarray) -> np.ndarray:
            return 2 * outputs[:, :1]

        def derivative(self, outputs: np.ndarray, _: int) -> np.ndarray:
            return np.array([[2.0, 0.0]] * len(outputs))

    assert make_target(Double(), ["a", "b"]).cotangent(np.ones((1, 2))).tolist() == [[2.0, 0.0]]
