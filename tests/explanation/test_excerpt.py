"""The excerpt that is chosen where the user left it open: never one in which nothing sounds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from audiolime_ext import explain, tagger
from audiolime_ext.audio.recording import Audio
from audiolime_ext.errors import AudioError
from audiolime_ext.explanation.excerpt import choose_excerpt

SR = 8000
CALM = tagger(lambda b: 1 / (1 + 1e3 * b.std(axis=1, keepdims=True)), sr=SR, labels=["calm"], window_s=1.0)


def seconds(*levels_db: float) -> Audio:
    """A second of noise at each level; −inf is digital silence."""
    noise = np.random.default_rng(0).normal(0, 0.1, (len(levels_db), SR))
    return Audio((noise * 10 ** (np.array(levels_db)[:, None] / 20)).astype(np.float32).reshape(1, -1), SR, "noise")


def chosen(audio: Audio) -> tuple[float, str]:
    start_s, _, _, (note,) = choose_excerpt(audio, CALM, None, None, ["calm"], 1)
    return start_s, note


def test_silence_is_not_chosen_though_the_model_says_most_of_it() -> None:
    assert chosen(seconds(-np.inf, 0, -10)) == (
        2.0,
        "the excerpt is where 'calm' is strongest of 2 windows (1 silent window was left out)",
    )


def test_what_lies_far_below_the_loudest_window_is_silence_and_a_soft_passage_is_not() -> None:
    assert chosen(seconds(0, -61, -20, -62))[0] == 2.0
    assert chosen(seconds(0, -59, -20))[0] == 1.0
    assert "2 silent windows were left out" in chosen(seconds(0, -61, -20, -62))[1]
    assert "left out" not in chosen(seconds(0, -59, -20))[1]


def test_a_soft_recording_is_measured_by_itself() -> None:
    assert chosen(seconds(-80, -90, -np.inf))[0] == 1.0


def test_a_recording_that_is_silent_throughout_is_refused_as_before() -> None:
    with pytest.raises(AudioError, match=r"'noise' is silent from 0 s to 1 s; choose another start"):
        explain(seconds(-np.inf, -np.inf), CALM, factorization="bands:2")


def test_a_window_that_the_user_names_is_the_users_and_told() -> None:
    found = explain(seconds(-np.inf, 0, -70), CALM, factorization="bands:2", start_s=2.0)
    assert found.components.start_s == 2.0
    said = "the excerpt from 2 s on lies 70 dB below the loudest one of 'noise': there is next to nothing to explain"
    assert said in found.warnings
    assert not [w for w in explain(seconds(0, -59), CALM, factorization="bands:2", start_s=1.0).warnings if "dB" in w]


def test_silence_has_no_say_in_which_labels_are_explained() -> None:
    def scores(batch: np.ndarray) -> np.ndarray:
        return np.stack([batch.std(axis=1) * 5, batch.std(axis=1) < 1e-3], axis=1)

    model = tagger(scores, sr=SR, labels=["loud", "calm"], window_s=1.0)
    found = explain(seconds(-np.inf, 0, -np.inf, -80), model, factorization="bands:2", top_labels=1)
    assert found.labels == ("loud",)
    assert found.components.start_s == 1.0


def test_a_donor_is_not_taken_from_silence() -> None:
    with pytest.raises(
        AudioError, match=r"'noise' is silent from 1 s to 2 s \(\d\d dB below its loudest such excerpt\)"
    ):
        explain(seconds(0), CALM, factorization="bands:2", donors=[seconds(0, -70, -70)])


@pytest.mark.parametrize("span", [(1e308, 1.0), (0.0, 1e308), (None, 1e308), (math.inf, 1.0), (0.0, math.nan)])
def test_seconds_that_cannot_be_counted_are_refused(span: tuple[float | None, float]) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 8000).astype(np.float32)
    with pytest.raises(AudioError, match="an excerpt starts and lasts a number of seconds, not"):
        explain((noise, 8000), lambda b: b[:, :1], factorization="bands:2", start_s=span[0], duration_s=span[1])
