"""How a training went is read back, and drawn, without what trained it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.training.result import FILE_NAME, Point, TrainedEmbedding

HISTORY = (Point(0, None, 0.1), Point(50, 2.0, 0.5, 3.5), Point(100, 1.5, 0.4, 3.5))
TRAINED = TrainedEmbedding(
    Path("own.onnx"), {"name": "parts", "n_features": 128}, HISTORY, 50, 200, 90, 10, 0, "digest", Path("own"), ("so",)
)


def kept(folder: Path, **fields: Any) -> Path:
    """The folder of a run that came to its end."""
    (folder / FILE_NAME).write_text(json.dumps({**TRAINED.to_dict(), **fields}))
    return folder


def test_a_training_is_read_from_its_folder_or_its_file(tmp_path: Path) -> None:
    for found in (TrainedEmbedding.load(kept(tmp_path)), TrainedEmbedding.load(tmp_path / FILE_NAME)):
        assert found.to_dict() == {**TRAINED.to_dict(), "run": str(tmp_path)}
        assert str(found) == str(TRAINED)
        assert found.best == HISTORY[1]


def test_its_curves_are_drawn(tmp_path: Path) -> None:
    figure = TrainedEmbedding.load(kept(tmp_path)).plot()
    drawn = [np.asarray(line.get_xdata()).tolist() for axis in figure.axes for line in axis.get_lines()]
    assert [0, 50, 100] in drawn


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"best_step": 70}, "its best step is not in its history"),
        ({"n_held_out": 0}, "no song was held out"),
        ({"schema_version": 9}, "it is of schema version 9"),
        ({"history": [{"step": "x"}]}, r"Expected `int`, got `str` - at `\$\.history"),
    ],
)
def test_what_tells_no_training_is_refused(tmp_path: Path, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=rf"{FILE_NAME} does not tell how a training went \(.*{said}"):
        TrainedEmbedding.load(kept(tmp_path, **fields))


def test_a_run_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none does not tell how a training went \(.*No such file"):
        TrainedEmbedding.load(tmp_path / "none")
