"""Chunks that are faded into each other."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.audio.recording import Samples
from audiolime_ext.factorization.chunks import faded

LENGTH, STRIDE, N = 40, 30, 200
RECORDING = np.random.default_rng(0).normal(size=(2, 3, N)).astype(np.float32)


def heard(at: int) -> Samples:
    """What a chunk makes of the recording: something that depends on where it starts."""
    return RECORDING[..., at : at + LENGTH] * np.float32(1 + at / N)


def test_chunks_that_agree_leave_the_recording_as_it_is() -> None:
    whole = faded(lambda at: RECORDING[..., at : at + LENGTH], 0, N, length=LENGTH, stride=STRIDE)
    np.testing.assert_allclose(whole, RECORDING, atol=1e-6)
    assert whole.dtype == np.float32


def test_chunks_that_differ_are_faded_linearly_where_they_overlap() -> None:
    whole = faded(lambda at: np.full((1, LENGTH), at, np.float32), 0, 70, length=LENGTH, stride=STRIDE)[0]
    np.testing.assert_array_equal(whole[:30], 0)
    np.testing.assert_allclose(whole[30:40], 30 * np.arange(1, 11) / 11, rtol=1e-5)
    np.testing.assert_array_equal(whole[40:60], 30)


@pytest.mark.parametrize(("first", "end"), [(0, 1), (29, 31), (45, 120), (199, 200), (100, 130)])
def test_a_sample_is_the_same_whatever_span_was_asked_for(first: int, end: int) -> None:
    whole = faded(heard, 0, N, length=LENGTH, stride=STRIDE)
    np.testing.assert_array_equal(faded(heard, first, end, length=LENGTH, stride=STRIDE), whole[..., first:end])


@pytest.mark.parametrize(("stop", "starts"), [(None, [0, 30, 60]), (30, [0]), (31, [0, 30])])
def test_no_chunk_starts_from_the_stop_on(stop: int | None, starts: list[int]) -> None:
    asked: list[int] = []

    def noted(at: int) -> Samples:
        asked.append(at)
        return heard(at)

    faded(noted, 5, min(70, (stop or N) + 10), length=LENGTH, stride=STRIDE, stop=stop)
    assert asked == [at for at in starts if at < min(70, (stop or N) + 10)]
