"""Answers that name their labels are understood by these, or refused with the lines that help."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from audiolime_ext import Audio, explain, explain_track, tagger
from audiolime_ext.cli import main
from audiolime_ext.errors import ModelError, UnfitModel
from audiolime_ext.prediction.asking import predict

SONG = Audio(np.random.default_rng(0).normal(0, 0.1, (1, 8000)).astype(np.float32), 8000, "song")
WINDOWS = np.random.default_rng(0).normal(0, 0.1, (3, 1, 1, 100)).astype(np.float32)
LABELS = ["jazz", "hum", "rock"]


def level(batch: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt((batch**2).mean(axis=-1)))


def scores_of(signal: np.ndarray) -> dict[str, float]:
    return {"rock": float(level(signal)), "jazz": 1 - float(level(signal)), "hum": 0.5 * float(signal[0])}


def dict_of_arrays(batch: np.ndarray) -> dict[str, np.ndarray]:
    return {name: np.array([scores_of(signal)[name] for signal in batch]) for name in ("rock", "jazz", "hum")}


def dict_of_columns(batch: np.ndarray) -> dict[str, np.ndarray]:
    return {name: values[:, None] for name, values in dict_of_arrays(batch).items()}


def dict_per_signal(batch: np.ndarray) -> list[dict[str, float]]:
    return [dict(sorted(scores_of(signal).items(), key=lambda pair: -pair[1])) for signal in batch]


def pipeline(batch: np.ndarray) -> list[list[dict[str, Any]]]:
    return [[{"label": name, "score": score} for name, score in row.items()] for row in dict_per_signal(batch)]


FORMS = [dict_of_arrays, dict_of_columns, dict_per_signal, pipeline]


@pytest.mark.parametrize("form", FORMS)
def test_columns_follow_the_declared_labels_whatever_the_order_of_an_answer(form: Callable[..., Any]) -> None:
    wanted = [[scores_of(signal)[name] for name in LABELS] for signal in WINDOWS[:, 0, 0]]
    np.testing.assert_array_equal(predict(tagger(form, labels=LABELS), WINDOWS), wanted)
    np.testing.assert_array_equal(predict(tagger(form, labels=LABELS, batch_size=1), WINDOWS), wanted)
    some = tagger(form, labels=["rock"])
    np.testing.assert_array_equal(predict(some, WINDOWS)[:, 0], np.array(wanted)[:, 2])


@pytest.mark.parametrize("form", [scores_of, lambda signal: pipeline(signal[None])[0]])
def test_functions_of_one_signal_may_name_their_labels_too(form: Callable[..., Any]) -> None:
    wanted = [[scores_of(signal)[name] for name in LABELS] for signal in WINDOWS[:, 0, 0]]
    np.testing.assert_array_equal(predict(tagger(form, labels=LABELS, one_at_a_time=True), WINDOWS), wanted)


def test_a_function_that_carries_its_labels_is_understood() -> None:
    def model(batch: np.ndarray) -> dict[str, np.ndarray]:
        return dict_of_arrays(batch)

    model.labels = LABELS  # type: ignore[attr-defined]
    found = explain(SONG, model, factorization="bands:2", labels=["rock"])
    plain = explain(SONG, lambda batch: level(batch)[:, None], factorization="bands:2", labels=[0])
    np.testing.assert_allclose(found.attribution.weights[2], plain.attribution.weights[0], atol=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_the_line_of_the_message_works(form: Callable[..., Any]) -> None:
    with pytest.raises(UnfitModel, match="the predict function names the labels in its answer; say which") as refused:
        predict(tagger(form), WINDOWS)
    line = re.search(r"model = (tagger\(.*?\))", str(refused.value))
    assert line is not None
    model = eval(line[1], {"tagger": tagger, "predict_fn": form})
    assert predict(model, WINDOWS).shape == (3, 3)
    assert model.labels == ("hum", "jazz", "rock")


@pytest.mark.parametrize("one_at_a_time", [False, True])
@pytest.mark.parametrize("per_signal", [False, True])
def test_the_line_for_many_labels_works_too(one_at_a_time: bool, per_signal: bool) -> None:
    def of_signal(signal: np.ndarray) -> dict[str, float]:
        return {f"label {i}": float(level(signal)) * i for i in range(40)}

    def form(batch: np.ndarray) -> Any:
        if one_at_a_time:
            return of_signal(batch)
        if per_signal:
            return [of_signal(signal) for signal in batch]
        return {f"label {i}": level(batch) * i for i in range(40)}

    with pytest.raises(UnfitModel) as refused:
        predict(tagger(form, one_at_a_time=one_at_a_time), WINDOWS)
    line = re.search(r"labels=(list\(.*\))\); then", str(refused.value))
    assert line is not None
    labels = eval(line[1], {"np": np, "predict_fn": form})
    assert predict(tagger(form, labels=labels, one_at_a_time=one_at_a_time), WINDOWS).shape == (3, 40)


def best_of_each(batch: np.ndarray) -> list[dict[str, Any]]:
    return [row[0] for row in pipeline(batch)]


@pytest.mark.parametrize("labels", [None, LABELS])
@pytest.mark.parametrize(
    ("form", "complaint"),
    [
        (best_of_each, r"answered one label for each signal.*top_k=None"),
        (lambda batch: [row[i % 2 :] for i, row in enumerate(pipeline(batch))], r"for some signals.*top_k=None"),
        (lambda batch: [row[:2] for row in pipeline(batch)], r"(no score for '\w+'.*|say which.*)top_k=None"),
        (lambda batch: {"logits": level(batch)}, r"tagger\(…, output='logits'\)"),
    ],
)
def test_answers_that_lack_labels_are_refused(form: Callable[..., Any], complaint: str, labels: Any) -> None:
    with pytest.raises(UnfitModel, match=complaint):
        predict(tagger(form, labels=labels), WINDOWS)


def test_outputs_beside_the_labels_are_left_out_and_an_output_may_name_them() -> None:
    def beside(batch: np.ndarray) -> dict[str, Any]:
        return {**dict_of_arrays(batch), "embedding": np.zeros((len(batch), 8))}

    def inside(batch: np.ndarray) -> dict[str, Any]:
        return {"scores": dict_of_arrays(batch), "embedding": np.zeros((len(batch), 8))}

    wanted = predict(tagger(dict_of_arrays, labels=LABELS), WINDOWS)
    np.testing.assert_array_equal(predict(tagger(beside, labels=LABELS), WINDOWS), wanted)
    np.testing.assert_array_equal(predict(tagger(inside, labels=LABELS, output="scores"), WINDOWS), wanted)


def test_outputs_are_no_labels() -> None:
    class Answer(NamedTuple):
        logits: np.ndarray

    for answer in ({"logits": np.zeros((3, 2))}, Answer(np.zeros((3, 2))), {"names": ["a", "b", "c"]}, {}):
        with pytest.raises(ModelError, match="say which are the scores"):
            predict(tagger(lambda batch, answer=answer: answer, labels=["a", "b"]), WINDOWS)
    one = tagger(lambda signal: {"scores": signal[:2]}, labels=["a", "b"], one_at_a_time=True, output="scores")
    assert predict(one, WINDOWS).shape == (3, 2)
    with pytest.raises(ModelError, match="output='scores'"):
        predict(tagger(lambda signal: {"scores": signal[:2]}, one_at_a_time=True), WINDOWS)


def test_truth_values_are_refused_as_in_arrays() -> None:
    with pytest.raises(ModelError, match=r"bool values.*before they were compared"):
        predict(tagger(lambda batch: {"loud": level(batch) > 0.1}, labels=["loud"]), WINDOWS)


def test_the_command_line_says_the_lines_and_obeys_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    SONG.write("song.wav")
    Path("piped.py").write_text(
        "from audiolime_ext import tagger\n"
        "from tests.prediction.test_labelled import pipeline as predict_fn\n"
        "model = tagger(predict_fn, labels=['hum', 'jazz', 'rock'])\n"
    )
    command = ["explain", "song.wav", "-f", "bands:2", "-t"]
    assert main([*command, "piped:predict_fn"]) == 1
    said = capsys.readouterr().err
    assert "model = tagger(predict_fn, labels=['hum', 'jazz', 'rock']); then explain with model" in said
    assert main([*command, "piped:model", "--labels", "rock"]) == 0
    assert "rock" in capsys.readouterr().out


def test_what_is_kept_is_of_the_labels_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIOLIME_CACHE", str(tmp_path / "cache"))

    def told(labels: list[str]) -> dict[str, Any]:
        model = tagger(dict_of_arrays, sr=8000, labels=labels, window_s=0.25, version="1")
        track = explain_track(SONG, model, factorization="bands:2", labels=labels)
        return dict(zip(track.taggram.labels, track.taggram.scores.T.tolist(), strict=True))

    assert told(["rock", "jazz", "hum"]) == told(["hum", "rock", "jazz"])
