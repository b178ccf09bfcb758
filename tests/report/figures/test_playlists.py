"""Figures of a playlist show its own numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext import playlist
from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.playlists.result import Playlist
from audiolime_ext.report.figures.figure import write_figure
from tests.recommendation.planted import document


@pytest.fixture(scope="module")
def found() -> Playlist:
    return playlist(document(), n=6, curve="rising", column="tempo")


def test_the_lines_are_those_of_the_list_and_of_the_simple_order(found: Playlist) -> None:
    steps, curve = found.plot(style="paper").axes
    lines = {line.get_label(): np.asarray(line.get_ydata()) for line in steps.lines}
    assert lines["this list"] == pytest.approx(found.nearness)
    assert lines["nearest song left"] == pytest.approx(found.greedy.nearness)
    assert len(lines.get("weak", [])) == len(found.weak)
    assert np.asarray(curve.lines[0].get_ydata()) == pytest.approx(found.wanted)
    assert np.asarray(curve.lines[1].get_ydata()) == pytest.approx(found.ranks)
    assert len(found.plot(kind="curve").axes) == 1


def test_what_cannot_be_drawn_is_said(found: Playlist) -> None:
    with pytest.raises(UsageError, match="follows no curve"):
        replace(found, column="").plot(kind="curve")
    with pytest.raises(UsageError, match="nothing to draw"):
        playlist(document(), n=1).plot()


def test_it_is_written_to_a_file(found: Playlist, tmp_path: Path) -> None:
    assert write_figure(found, tmp_path / "list.pdf").stat().st_size > 1000
