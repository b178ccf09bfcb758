"""Which excerpts sound, beside the loudest one."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.audio.recording import Audio
from audiolime_ext.audio.silence import below_loudest_db, require_sound, silence_warnings, sounding
from audiolime_ext.errors import AudioError

SR = 1000


def levels(*levels_db: float) -> Audio:
    """A second at each level, in dB of full scale; −inf is digital silence."""
    signs = np.random.default_rng(0).choice([-1.0, 1.0], (len(levels_db), SR))
    return Audio((signs * 10 ** (np.array(levels_db)[:, None] / 20)).astype(np.float32).reshape(1, -1), SR, "levels")


def seconds(n: int) -> list[tuple[float, float]]:
    return [(float(start), 1.0) for start in range(n)]


def test_what_lies_sixty_decibels_below_the_loudest_is_silent() -> None:
    assert sounding(levels(-20, -79, -81, -np.inf), seconds(4)).tolist() == [True, True, False, False]
    assert sounding(levels(-80, -139), seconds(2)).tolist() == [True, True], "it is the recording's own scale"
    assert not sounding(levels(-np.inf, -np.inf), seconds(2)).any()


@pytest.mark.parametrize(("start_s", "level_db"), [(0.0, 0.0), (1.0, -30.0), (2.0, -70.0), (3.0, -np.inf)])
def test_an_excerpt_is_held_against_the_loudest_of_its_length(start_s: float, level_db: float) -> None:
    assert below_loudest_db(levels(-6, -36, -76, -np.inf), start_s, 1.0) == pytest.approx(level_db)


def test_the_loudest_may_lie_off_the_grid_and_the_whole_is_never_silent() -> None:
    assert below_loudest_db(levels(-40, -6, -40), 0.9, 1.2) == pytest.approx(0.0, abs=0.1)
    assert below_loudest_db(levels(-40, -120), 0.0, 2.0) == 0.0
    assert below_loudest_db(levels(-np.inf), 0.0, 1.0) == -np.inf


def test_who_asks_for_silence_is_told_and_what_nobody_asked_for_is_refused() -> None:
    quiet = levels(-6, -76, -np.inf)
    said = "there is next to nothing to explain"
    assert silence_warnings(quiet, 0.0, 1.0) == []
    assert silence_warnings(quiet, 1.0, 1.0) == [
        f"the excerpt from 1 s on lies 70 dB below the loudest one of 'levels': {said}"
    ]
    assert silence_warnings(quiet, 2.0, 1.0) == [f"the excerpt from 2 s on is silent: {said}"]
    require_sound(quiet, 0.0, 1.0)
    message = r"'levels' is silent from 1 s to 2 s \(70 dB below its loudest such excerpt\); choose another start"
    with pytest.raises(AudioError, match=message):
        require_sound(quiet, 1.0, 1.0)
    with pytest.raises(AudioError, match=r"'levels' is silent from 2 s to 3 s; choose"):
        require_sound(quiet, 2.0, 1.0)


def test_channels_that_cancel_are_silence_to_a_model_that_listens_in_mono() -> None:
    left = levels(-6, -6).samples
    stereo = Audio(np.concatenate([left, np.where(np.arange(2 * SR) < SR, 1, -1) * left]), SR, "wide")
    assert sounding(stereo, seconds(2)).tolist() == [True, True]
    assert sounding(stereo, seconds(2), 1).tolist() == [True, False]
    assert silence_warnings(stereo, 1.0, 1.0) == []
    mono = "to a model that listens in mono, as its channels cancel"
    assert silence_warnings(stereo, 1.0, 1.0, 1) == [
        f"the excerpt from 1 s on is silent {mono}: there is next to nothing to explain"
    ]
    require_sound(stereo, 1.0, 1.0)
    with pytest.raises(AudioError, match=f"is silent from 1 s to 2 s {mono}; choose another start"):
        require_sound(stereo, 1.0, 1.0, 1)
