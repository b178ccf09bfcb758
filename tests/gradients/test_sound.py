"""The relevant part as sound: it and the rest are the recording, and each band sounds where it lies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audiolime_ext.audio.recording import Audio, level_db
from audiolime_ext.errors import UsageError
from audiolime_ext.gradients.pipeline import relevance
from audiolime_ext.gradients.relevance import Relevance
from audiolime_ext.gradients.sound import bin_shares, masked
from tests.gradients.networks import N_BANDS, SR, Network, linear, one_place

RATE = 22050  # not the model's
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def found() -> Relevance:
    """A model that hears bands 5 to 9 (some 400 to 700 Hz), of noise."""
    noise = Audio(RNG.normal(0, 0.1, (2, 2 * RATE + 99)).astype(np.float32), RATE, "noise")
    return relevance(noise, Network(linear(one_place(slice(None), slice(5, 10)))), near=0)


def test_the_part_and_the_rest_are_the_recording(found: Relevance) -> None:
    part, rest = found.listen(0), found.rest(0)
    assert found.audio is not None
    assert part.samples + rest.samples == pytest.approx(found.audio.samples[:, : 2 * RATE], abs=1e-6)
    assert (part.sr, part.n_channels) == (RATE, 2)
    assert level_db(part.samples, rest.samples) > -20


def test_the_rest_is_what_the_opposite_mask_leaves(found: Relevance) -> None:
    assert found.audio is not None
    assert found.bands_hz is not None
    assert found.top_hz is not None
    shares = bin_shares(found.bands_hz, 2 * RATE, RATE, 1024)  # the highest band does not end
    cells = RNG.uniform(0, 1, found.values.shape)
    shares /= shares.sum(axis=1, keepdims=True)
    mixture = found.audio.samples[:, RATE // 2 : RATE]
    asked = found.times_s - 0.5, found.step_s, shares, RATE
    part, rest = masked(mixture, cells, *asked), masked(mixture, 1 - cells, *asked)
    assert part + rest == pytest.approx(mixture, abs=1e-5)


def test_the_part_sounds_in_the_bands_that_are_relevant(found: Relevance) -> None:
    part, rest = (np.abs(np.fft.rfft(one.samples[0])) ** 2 for one in (found.listen(0), found.rest(0)))
    hz = np.fft.rfftfreq(2 * RATE, 1 / RATE)
    assert found.bands_hz is not None
    low, high = found.bands_hz[[4, 10]]
    within = (hz >= low) & (hz <= high)
    assert part[within].sum() / part.sum() > 0.97
    middle = (hz >= found.bands_hz[6]) & (hz <= found.bands_hz[8])
    assert part[middle].sum() / rest[middle].sum() > 50
    assert part[hz > 4100].sum() / part.sum() < 1e-6


def test_one_second_sounds_in_that_second_only() -> None:
    cells, times_s = np.zeros((200, 4)), np.linspace(0, 1.99, 200)
    cells[100:150] = 1
    noise = RNG.normal(0, 0.1, (1, 2 * SR)).astype(np.float32)
    shares = bin_shares(np.array([500.0, 1000.0, 2000.0, 3000.0]), 2 * SR, SR, 256)
    shares /= shares.sum(axis=1, keepdims=True)
    part = masked(noise, cells, times_s, 0.01, shares, SR)
    energy = (part[0] ** 2).reshape(20, -1).sum(axis=1)
    assert energy[10:15].sum() / energy.sum() > 0.97
    assert part[0, 8500:11500] == pytest.approx(noise[0, 8500:11500], abs=1e-5)


def test_shares_of_a_bin_are_those_of_triangular_filters() -> None:
    bands_hz = np.array([500.0, 1000.0, 2000.0, 3000.0])
    shares = bin_shares(bands_hz, 4000.0, 8000, 160)
    assert shares[:61].sum(axis=1) == pytest.approx(np.ones(61))
    assert shares[30] == pytest.approx([0, 0.5, 0.5, 0])
    assert shares[70].tolist() == [0, 0, 0, 0.5]
    assert shares[0].tolist() == [1, 0, 0, 0]
    assert shares[80].tolist() == [0, 0, 0, 0]


def test_a_loaded_result_is_heard_with_its_recording_and_no_other(found: Relevance) -> None:
    without = replace(found, audio=None)
    with pytest.raises(UsageError, match=r"does not hold its recording; give it: listen\(audio="):
        without.listen()
    assert without.listen(audio=found.audio).samples.tolist() == found.listen().samples.tolist()
    other = Audio(np.zeros((1, 3 * RATE), np.float32), RATE, "other")
    with pytest.raises(UsageError, match="'other' is not the recording 'noise'"):
        without.listen(audio=other)


def test_bands_of_unknown_frequencies_cannot_be_heard(found: Relevance) -> None:
    with pytest.raises(UsageError, match=r"cannot be heard; wrap it: .*MelSpectra"):
        replace(found, bands_hz=None, top_hz=None).listen()


def test_a_map_without_relevance_leaves_everything_to_the_rest(found: Relevance) -> None:
    nothing = replace(found, values=np.zeros((len(found.values), N_BANDS)))
    assert not nothing.listen().samples.any()
    assert found.audio is not None
    assert (nothing.rest().samples == found.audio.samples[:, : 2 * RATE]).all()
