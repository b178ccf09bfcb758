"""Arguments of the wrong kind: a sentence for each, from wherever they are given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import explain, write_page
from audiolime_ext.audio.recording import Audio
from audiolime_ext.errors import ModelError, UsageError
from audiolime_ext.gradients.arguments import require_kinds, require_numbers, require_target
from audiolime_ext.gradients.methods.contrast import difference_of_integrals, integral_of_difference, other_as_baseline
from audiolime_ext.gradients.parts.agreement import agreement
from audiolime_ext.gradients.pipeline import relevance
from audiolime_ext.gradients.relevance import Relevance
from audiolime_ext.prediction.similarity import cosine_to
from tests.gradients.networks import SR, Network, logistic, one_place, score

NOISE = Audio(np.random.default_rng(0).normal(0, 0.1, (1, 2 * SR)).astype(np.float32), SR, "noise")
LOW = Network(logistic(4 * one_place(slice(None), slice(0, 6)), -3.0), labels=["low"])


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"strongest": 1.5}, "strongest is 1.5; it is a whole number, such as strongest=3, or None"),
        ({"strongest": "2"}, "strongest is '2'; it is a whole number, such as strongest=3, or None"),
        ({"strongest": True}, "strongest is True; it is a whole number, such as strongest=3, or None"),
        ({"at": 3}, "at is 3; it is a list of seconds, such as at=[3.0, 9.5], or None"),
        ({"at": ["x"]}, "at is ['x']; it is a list of seconds, such as at=[3.0, 9.5], or None"),
        ({"at": "3"}, "at is '3'; it is a list of seconds, such as at=[3.0, 9.5], or None"),
        ({"start_s": "5"}, "start_s is '5'; it is a number, such as start_s=30"),
        ({"duration_s": "5"}, "duration_s is '5'; it is a number, such as duration_s=10, or None"),
        ({"near": "x"}, "near is 'x'; it is a number, such as near=0.05, or None"),
        ({"seed": "x"}, "seed is 'x'; it is a whole number from 0 on, such as seed=0"),
        ({"seed": -1}, "seed is -1; it is a whole number from 0 on, such as seed=0"),
        ({"most_steps": "x"}, "most_steps is 'x'; it is a whole number, such as most_steps=64"),
        ({"n_steps": 9.0}, "n_steps is 9.0; it is a whole number, such as n_steps=9, or None"),
        ({"blur_frames": None}, "blur_frames is None; it is a number, such as blur_frames=2"),
    ],
)
def test_what_is_no_number_is_refused_with_a_sentence(given: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UsageError) as refused:
        relevance(NOISE, LOW, **given)
    assert str(refused.value) == complaint


def test_numbers_of_any_kind_are_taken() -> None:
    require_numbers(strongest=np.int64(2), at=np.array([0.0, 1.5]), start_s=np.float32(1), near=0, seed=np.uint8(3))
    given: dict[str, Any] = {"strongest": np.int64(1), "at": np.array([0.0, 0.5]), "seed": np.int64(1)}
    some = relevance(NOISE, LOW, near=0, **given)
    assert len(some.windows) == 1


def test_results_in_another_order_are_refused() -> None:
    found = relevance(NOISE, LOW, near=0)
    weighed = explain(NOISE, LOW, factorization="hpss")
    told = r"agreement\(\) takes Relevance, then Explanation or TrackExplanation; it was given "
    with pytest.raises(UsageError, match=f"{told}Explanation, then Relevance"):
        agreement(weighed, found)  # type: ignore[arg-type]
    require_kinds("less(a, b)", (1, int), (2.0, int | float))


def test_a_similarity_without_a_name_is_no_target() -> None:
    aim, x = cosine_to(np.ones(1)), np.zeros((1, 61, 32), np.float32)
    ways: list[Any] = [difference_of_integrals, integral_of_difference]
    for way in ways:
        for pair in ((score(), aim), (aim, score())):
            with pytest.raises(UsageError, match=r"the type Cosine, and no Target of one value; .*like A"):
                way(LOW, x, *pair, baseline=x[0])
    with pytest.raises(UsageError, match="of the type Cosine, and no Target"):
        other_as_baseline(LOW, x, aim, other=x[0])  # type: ignore[arg-type]
    assert require_target(named := aim.target("like A")) is named


@pytest.mark.parametrize(
    ("answer", "what"), [((1, 2), "2 values"), (None, "one NoneType"), (np.ones(3), "one ndarray")]
)
def test_a_derivative_that_answers_something_else_is_refused(answer: Any, what: str) -> None:
    class Short(Network):
        def vjp(self, features: Any, cotangent_fn: Any, *, wrt: str | None = None) -> Any:
            return answer

    with pytest.raises(ModelError, match=f"vjp must answer three arrays: .*; it answered {what}"):
        relevance(NOISE, Short(LOW.answer, labels=["low"]))


def test_a_saved_result_listens_to_a_file(tmp_path: Path) -> None:
    path = NOISE.write(tmp_path / "noise.wav")
    found = relevance(str(path), LOW, near=0)
    loaded = Relevance.load(found.save(tmp_path / "kept"))
    assert np.array_equal(loaded.listen(audio=str(path)).samples, found.listen().samples)
    assert np.array_equal(loaded.rest(audio=path).samples, found.rest().samples)
    with pytest.raises(UsageError, match=r"does not hold its recording; give it: listen\(audio='song\.ogg'\)"):
        loaded.listen()


def test_a_map_has_no_page_of_its_own_and_what_has_is_said(tmp_path: Path) -> None:
    found = relevance(NOISE, LOW, near=0)
    with pytest.raises(UsageError, match=r"Relevance has no page of its own; .*maps=\[relevance\]"):
        write_page(found, tmp_path / "a.html")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="int has no page of its own; an explanation, a Why and"):
        write_page(3, tmp_path / "a.html")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())
