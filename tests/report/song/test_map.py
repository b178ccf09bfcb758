"""Where a map draws its windows: where they sound, as long as they are, and whole ones only."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audiolime_ext import explain_track, tag, tagger
from audiolime_ext.report.song.map import picture, taggram_rows, whole_columns
from factorizations.oracle import OracleFactorization

SR = 1000


@pytest.mark.parametrize(
    ("lasts_s", "hop_s", "duration_s", "start_s", "starts", "ends"),
    [
        (1.0, 1.0, 3.0, 0.0, [0, 1, 2], [1, 2, 3]),
        (1.0, 1.0, 3.03, 0.0, [0, 1, 2], [1, 2, 3]),  # the last 0.03 s are no column
        (1.0, 1.0, 2.5, 0.5, [0.5, 1.5], [1.5, 2.5]),
        (2.0, 1.0, 4.5, 0.0, [0, 1, 2], [1, 2, 4]),  # where windows overlap, up to the next one
        (1.0, 2.0, 4.0, 0.0, [0, 2], [1, 3]),  # nothing was asked about what lies between
    ],
)
def test_a_column_lies_where_its_window_sounds(
    lasts_s: float, hop_s: float, duration_s: float, start_s: float, starts: list[float], ends: list[float]
) -> None:
    time = np.arange(5 * SR) / SR
    stems = {"a": np.sin(100 * time), "b": np.sin(30 * time)}
    oracle = OracleFactorization({name: (0.1 * wave.astype(np.float32), SR) for name, wave in stems.items()})
    windows: dict[str, Any] = {"window_s": lasts_s, "hop_s": hop_s}
    loud = tagger(lambda b: np.abs(b).mean(axis=1, keepdims=True), sr=SR, labels=["loud"], **windows)
    track = explain_track(
        oracle.mixture, loud, factorization=oracle, start_s=start_s, duration_s=duration_s, labels="loud", cache=False
    )
    whole, begin, end = whole_columns(track)
    assert begin.tolist() == pytest.approx(starts)
    assert end.tolist() == pytest.approx(ends)
    assert whole.tolist() == (~track.taggram.padded).tolist()
    drawn = picture(track, ["loud"])
    assert (drawn["times"], drawn["ends"]) == (pytest.approx(starts), pytest.approx(ends))
    np.testing.assert_allclose(drawn["scores"], track.taggram.scores[whole], atol=1e-3)


def test_rows_are_those_of_windows_that_count() -> None:
    """The last window is half silence, which `quiet` alone hears."""

    def answer(batch: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        quiet = (batch == 0).mean(axis=1)
        return np.stack([np.abs(batch).mean(axis=1), 0.9 * quiet, np.full(len(batch), 0.2)], axis=1)

    found = tag((0.1 + np.zeros(2500, np.float32), SR), tagger(answer, sr=SR, labels=list("abc"), window_s=1.0))
    assert found.padded.tolist() == [False, False, True]
    assert found.scores[2].argmax() == 1
    assert taggram_rows(found, ["a"]) == ["a", "c", "b"]
