"""The studies' fast evaluator answers as the model itself does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audiolime_ext.audio.recording import load_audio
from audiolime_ext.components import components as parts
from audiolime_ext.components.components import Components
from audiolime_ext.components.game import Game
from audiolime_ext.models.musicnn import MusicnnModel
from audiolime_ext.prediction.grid import Grid
from factorizations.hpss import HPSSFactorization
from tests.studies.lookup import Lookup, segments_seen


@pytest.fixture(scope="module")
def model() -> MusicnnModel:
    return MusicnnModel("MSD_musicnn", threads=1)


def cut(clip: Path, model: MusicnnModel, segments: int) -> Components:
    audio = load_audio(clip)
    grid = Grid.of(model, audio.sr)
    return parts.build(audio, HPSSFactorization(), grid, start_s=14.96, duration_s=model.window_s, segments=segments)


@pytest.mark.parametrize(("segments", "period"), [(6, 2), (25, 3)])
def test_looked_up_scores_are_the_models_and_a_table_of_too_short_a_period_is_noticed(
    ezer_ev: Path, model: MusicnnModel, segments: int, period: int
) -> None:
    components = cut(ezer_ev, model, segments)
    masks = np.random.default_rng(0).random((12, components.n)) < 0.5
    masks[0], masks[1] = False, True
    scores = Game.of(components, model)(masks)
    lookup, wrong = Lookup(components, model), Lookup(components, model, period=period - 1)
    assert lookup.period == period
    np.testing.assert_allclose(lookup(masks), scores, rtol=0, atol=1e-5)
    assert np.abs(wrong(masks) - scores).max() > 1e-3


def test_a_frame_sees_a_segment_if_and_only_if_its_samples_do(ezer_ev: Path, model: MusicnnModel) -> None:
    components = cut(ezer_ev, model, 25)
    silent = ~np.eye(25, dtype=bool)
    played = components.heard_mixes(np.tile(silent, 2))[:, 0] != components.heard_mixes(np.ones((1, 50), bool))[:, 0]
    first, last = segments_seen(components)
    for frame in (0, 5, 60, 181, 186):
        begin, end = max(0, frame - 6) * 256, min(frame + 6, 186) * 256 + 512
        assert np.flatnonzero(played[:, begin:end].any(axis=1)).tolist() == [*range(first[frame], last[frame] + 1)]
