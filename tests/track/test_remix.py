"""Stems turned up and down: the model hears the mix that a person hears."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext import Audio
from audiolime_ext.errors import UsageError
from audiolime_ext.track.remix import Remix
from tests.recommendation.why.stems import SR, Counting, song, tones

STEMS = {"bass": [[0.3], [0.3], [0.3]], "flute": [[0, 0.2], [0, 0.1], [0, 0.4]]}


@pytest.fixture(scope="module")
def remix() -> Remix:
    return Remix(song(STEMS, Counting(lambda heard: np.log(1e-3 + np.abs(heard)))))


def test_no_change_gives_the_answers_to_the_recording_and_minus_infinity_those_to_the_mask(remix: Remix) -> None:
    off = -np.inf
    changed: list[dict[str, float]] = [{"bass": off, "flute": off}, {"flute": off}, {"bass": off}, {"bass": 0.0}]
    for row, changes in enumerate(changed):  # rows of all masks: the first component in the lowest bit
        known = np.stack([answer.neighborhood.scores[row] for answer in remix.windows])
        np.testing.assert_allclose(remix.outputs(changes), known, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(remix.outputs({}), remix.outputs({"bass": 0.0}))


def test_a_stem_is_turned_by_decibels_in_every_window() -> None:
    turned = Remix(song(STEMS, Counting())).outputs({"flute": 20.0, "bass": -6.0})
    np.testing.assert_allclose(turned[:, 0], 0.3 * 10 ** (-6 / 20), atol=1e-6)
    np.testing.assert_allclose(turned[:, 1], [2.0, 1.0, 4.0], atol=1e-6)


def test_silent_windows_are_not_asked_about() -> None:
    listener = Counting()
    remix = Remix(song({"bass": [[0.3], [0.0], [0.3]], "flute": [[0, 0.2], [0, 0], [0, 0.4]]}, listener))
    assert [answer.start_s for answer in remix.windows] == [0.0, 2.0]
    before = listener.n_asked
    assert len(remix.outputs({"bass": 1.0})) == listener.n_asked - before == 2


def test_a_residual_in_the_background_stays_as_it_is() -> None:
    samples = tones(STEMS["bass"])[0] + tones(STEMS["flute"])[0] + tones([[0, 0, 0, 1e-4]] * 3)[0]
    remix = Remix(song(STEMS, Counting(), mixture=Audio(samples[None], SR)))
    assert remix.asked.whole.names == ("bass", "flute")
    np.testing.assert_allclose(remix.outputs({"bass": 12.0, "flute": 12.0})[:, 3], 1e-4, atol=1e-6)
    heard = remix.listen(0, {"bass": -np.inf, "flute": -np.inf}, name="the rest")
    np.testing.assert_allclose(heard.samples[0], tones([[0, 0, 0, 1e-4]])[0], atol=1e-6)


def test_a_person_hears_what_the_model_hears(remix: Remix) -> None:
    heard = remix.listen(1, {"flute": 20.0}, name="louder")
    assert (heard.name, heard.sr, heard.duration_s) == ("louder", SR, 1.0)
    np.testing.assert_allclose(heard.samples[0], tones([[0.3, 1.0]])[0], atol=1e-5)


def test_an_unknown_stem_is_refused(remix: Remix) -> None:
    with pytest.raises(UsageError, match="unknown stem 'bas'; did you mean 'bass'"):
        remix.outputs({"bas": 3.0})
    with pytest.raises(UsageError, match=r"unknown stem 'drums' \(allowed: bass, flute\)|unknown stem 'drums'"):
        remix.listen(0, {"drums": 3.0}, name="")
