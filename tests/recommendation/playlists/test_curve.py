"""Curves: how they are written, and what rank each place should have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import playlist
from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.playlists.curve import NAMED, Curve, curve_of, points_of, ranks_of
from tests.recommendation.planted import collection


def test_points_are_read_in_any_order_and_with_commas() -> None:
    assert points_of("1:0.4, 0:0.2,0.5:0.9") == ((0.0, 0.2), (0.5, 0.9), (1.0, 0.4))
    assert points_of([(0, 0.5)]) == ((0.0, 0.5),)
    assert {name: points_of(name.upper()) for name in NAMED} == dict(NAMED)


@pytest.mark.parametrize("odd", ["", "up", "0:0:0", 7, [], [(0, 1, 2)], [None]])
def test_what_is_no_curve_is_refused(odd: Any) -> None:
    with pytest.raises(UsageError, match="is none; give rising, falling, peak, or points from 0 to 1"):
        points_of(odd)


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        ("0:2 1:3", "2 is outside 0 to 1"),
        ("-0.1:0", "-0.1 is outside 0 to 1"),
        ("0:nan", "nan is outside 0 to 1"),
        ("0:0 0:1", "two points are at one place"),
    ],
)
def test_why_a_curve_is_none_is_said(odd: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        points_of(odd)
    assert f"is none: {why}; give rising" in str(caught.value)


def test_what_a_curve_cannot_be_of_is_refused_with_what_it_can() -> None:
    index = collection([[0.0], [1.0]], labels=["tempo"])
    with pytest.raises(UsageError, match=r"artist is text, and .* a number for each song: year, duration_s, tempo"):
        curve_of(index, "rising", "artist", None, 1.0)
    with pytest.raises(UsageError) as caught:
        curve_of(index, "rising", "foo", None, 1.0)
    assert "artist" not in str(caught.value)
    assert "year, duration_s, tempo" in str(caught.value)
    with pytest.raises(UsageError, match=r"the column is given as int; give its name"):
        curve_of(index, "rising", 3, None, 1.0)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"the table is given as int; give the path"):
        curve_of(index, "rising", "mood", 3, 1.0)  # type: ignore[arg-type]


def test_a_table_that_cannot_be_read_names_the_line_and_lines_without_a_song_are_said(tmp_path: Path) -> None:
    index, table = collection([[0.0], [1.0], [2.0]], folder=tmp_path), tmp_path / "t.csv"
    table.write_text("path,mood\n0.ogg,1\n1.ogg,abc\n", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        curve_of(index, "rising", "mood", table, 1.0)
    assert f"mood is 'abc' in line 3 of {table}; it must be a number" in str(caught.value)
    table.write_text("path,mood\n0.ogg,1\ngone.ogg,2\n1.ogg,1\n", encoding="utf-8")
    curve = curve_of(index, "rising", "mood", table, 1.0)
    assert curve is not None
    assert curve.notes == (
        "1 line of t.csv names no song of the index",
        "mood is the same for all songs of which it is known: the curve orders nothing",
    )


def test_the_unit_does_not_matter() -> None:
    numbers = np.random.default_rng(0).normal(size=30)
    assert ranks_of(numbers).tolist() == ranks_of(1000 * numbers + 5).tolist()
    assert (ranks_of(numbers).min(), ranks_of(numbers).max()) == (0.0, 1.0)
    assert ranks_of(np.array([3.0, np.nan]))[0] == 0.5
    assert np.isnan(ranks_of(np.array([np.nan]))).all()


def test_what_a_place_costs_is_how_far_a_rank_is_from_the_curve_times_the_weight() -> None:
    index = collection([[0.0], [1.0], [2.0], [4.0]], labels=["tempo"])
    curve = curve_of(index, "falling", "tempo", None, 2.0)
    assert isinstance(curve, Curve)
    assert curve.costs(3, np.array([0, 3])).tolist() == [[2.0, 0.0], [1.0, 1.0], [0.0, 2.0]]
    assert curve.wanted(1).tolist() == [1.0]


def test_cells_of_a_table_that_are_taken_for_no_number_are_said(tmp_path: Path) -> None:
    (tmp_path / "said.csv").write_text("path,tempo\n0.ogg,90\n1.ogg,nan\n2.ogg,120\n")
    index = collection([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]], folder=tmp_path)
    curve = curve_of(index, "rising", "tempo", tmp_path / "said.csv", 1.0)
    assert isinstance(curve, Curve)
    np.testing.assert_array_equal(curve.ranks, [0.0, np.nan, 1.0])
    assert curve.notes == ("1 song has 'nan' as tempo, taken for none",)
    found = playlist(index, n=2, curve="rising", column="tempo", table=tmp_path / "said.csv", space="plain")
    assert curve.notes[0] in found.notes
