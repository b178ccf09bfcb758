"""Is a recording asked about once, whatever is explained of it?"""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext import explain_track, tagger
from audiolime_ext.errors import UsageError
from audiolime_ext.explanation.settings import Settings
from audiolime_ext.prediction.targets import make_target
from audiolime_ext.track.asked import ask_track
from tests.recommendation.why import songs

SETTINGS = Settings(method="shapley", level_check=False)


def test_two_targets_cost_no_more_than_one() -> None:
    heard, made = list[int](), songs.any_song(1)

    def model(batch: np.ndarray) -> np.ndarray:
        heard.append(len(batch))
        return songs.colours(batch)

    listener = tagger(model, sr=songs.SR, window_s=songs.WINDOW_S)
    asked = ask_track(made.mixture, listener, made, SETTINGS, cache=False)
    assert sum(heard) == songs.N_WINDOWS, "only the taggram, before answers are needed"
    first = [answer.neighborhood.scores for answer in asked.answers]
    n_heard = sum(heard)
    assert n_heard == songs.N_WINDOWS * (1 + 2**3)
    aim = make_target(lambda outputs: outputs[:, 0], asked.taggram.labels)
    windows = asked.windows(aim, asked.noise(aim))
    assert [window.neighborhood.full[0] for window in windows] == [scores[-1, 0] for scores in first]
    assert sum(heard) == n_heard + 4, "and whether it answers alike"


def test_the_whole_is_the_mean_of_the_windows() -> None:
    made, model = songs.any_song(1), songs.hearing(*songs.STEMS)
    asked = ask_track(made.mixture, model, made, SETTINGS, cache=False)
    track = explain_track(made.mixture, model, factorization=made, labels=[0], cache=False)
    assert asked.whole.names == track.names
    assert asked.whole.outputs.full[0] == pytest.approx(track.mean_score("0")[0], abs=1e-9)
    assert asked.whole.levels_db == pytest.approx([-4.77] * 3, abs=0.05)


def test_samples_of_masks_of_windows_with_other_stems_have_no_common_mean() -> None:
    made, model = songs.any_song(1), songs.hearing(*songs.STEMS)
    asked = ask_track(
        made.mixture, model, made, Settings(method="shapley", max_evals=8, level_check=False), cache=False
    )
    first, second, third = asked.answers
    less = type(first)(first.start_s, first.duration_s, ("bass",), (-3.0,), None, (), first.neighborhood)
    sampled = type(second.neighborhood)(
        second.neighborhood.masks, second.neighborhood.counts, False, second.neighborhood.scores
    )
    other = type(second)(second.start_s, second.duration_s, second.names, second.levels_db, None, (), sampled)
    vars(asked)["answers"] = (less, other, third)
    with pytest.raises(UsageError, match=r"allow 2\^3 = 8 mixes for each window"):
        _ = asked.whole
