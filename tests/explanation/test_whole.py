"""One component is the whole recording: by level and by what the model hears, both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audiolime_ext import Audio, explain, explain_track, load_audio
from audiolime_ext.explanation.whole import holds_everything


@pytest.mark.parametrize(
    ("rest_db", "alone", "whole"),
    [
        ([-40.7], 0.8, 1),  # the loudest "vocals" of windows in which nobody sings
        ([-29.0], 0.8, 1),
        ([-27.0], 0.8, None),
        ([-15.9], 0.8, None),  # the softest growl
        ([-29.0, -29.0], 0.8, None),  # together above −28 dB
        ([-32.0, -32.0], 0.8, 1),
        ([-40.0], 0.74, 1),  # a tenth of the way from .8 to .1 is .07
        ([-40.0], 0.72, None),
        ([-40.0], 0.88, None),
    ],
)
def test_a_component_holds_everything_if_the_rest_is_faint_and_alone_it_is_answered_to_alike(
    rest_db: list[float], alone: float, whole: int | None
) -> None:
    levels_db = [rest_db[0], 0.0, *rest_db[1:]]
    answers = np.array([0.1, alone, *[0.1] * len(rest_db[1:])])
    assert holds_everything(levels_db, answers, 0.8, 0.1) == whole


def test_a_component_without_others_holds_everything_and_silence_holds_nothing() -> None:
    assert holds_everything([0.0], np.array([0.4]), 0.4, 0.1) == 0
    assert holds_everything([], np.array([]), 0.4, 0.4) is None


def test_what_was_not_asked_is_not_known() -> None:
    assert holds_everything([-60.0, 0.0], np.array([np.nan, np.nan]), 0.8, 0.1) is None


def test_music_without_a_voice_is_not_explained_by_its_accompaniment(feelings: dict[str, Path]) -> None:
    guitar, rest = (load_audio(feelings[part]).excerpt(0.0, 6.0) for part in ("guitar", "rest"))
    instrumental = Audio(guitar.samples + rest.samples, guitar.sr, "feelings")
    e = explain(instrumental, "musicnn:MSD_musicnn", start_s=0.0, top_labels=2)
    for label in e.labels:
        assert not e.top(label=label)
        assert str(e.top(label=label)).startswith("accompaniment is all there is here: nothing to tell apart for ")
        assert str(e.top(label=label)).endswith("; a separator of instruments could, such as cerberus")
    assert "comes most from" not in str(e)
    track = explain_track(instrumental, "musicnn:MSD_musicnn", top_labels=1, min_score=0.0, cache=False)
    assert str(track.leaders()).endswith(
        "in any of 2 windows: nothing to tell apart in 2 (accompaniment is all there is)"
    )
    assert "comes most from" not in str(track)
