"""A map as JSON, as a table and in a notebook."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext.files.plain import to_json
from audiolime_ext.recommendation.maps.pipeline import embedding_map
from audiolime_ext.recommendation.maps.result import EmbeddingMap
from tests.recommendation.maps.planted import QUICK, clusters, library


@pytest.fixture(scope="module")
def found() -> EmbeddingMap:
    points = clusters(3, 42)
    points[7] = points[8]
    index = library(points)
    return embedding_map(
        index, settings=QUICK, group="folder", query="song 3", candidates=["song 3", "song 5", "song 40"]
    )


def test_json_holds_all_that_was_measured(found: EmbeddingMap) -> None:
    told = json.loads(to_json(found.to_dict()))
    assert told["settings"]["perplexity"] == 8.0
    assert told["clumped"] is True
    assert [len(told["songs"]), len(told["noise"]["positions"])] == [42, 41]
    assert told["songs"][3]["marked"] == "query, candidates"
    assert told["songs"][5]["group"] == "album 0"
    near = told["songs"][7]["neighbours"]
    assert near[0] == {"place": 8, "similarity": pytest.approx(1.0)}
    assert len(near) == 10
    assert told["map"]["movement"]["iterations"] == [250]
    assert told["groups"]["counts"] == {"album 0": 14, "album 1": 14, "album 2": 14}
    assert len(told["groups"]["pairs"]) == 6
    assert [one["kind"] for one in told["groups"]["regions"]] == ["own", "own", "own"]
    assert told["headline"] == found.headline
    assert "1 song has the direction of another one" in told["notes"][0]


def test_there_may_be_fewer_songs_than_neighbours(found: EmbeddingMap) -> None:
    some = embedding_map(library(clusters(1, 12)), settings=QUICK, n_neighbours=20)
    assert some.neighbours.shape == some.similarities.shape == (12, 20)
    assert (some.neighbours[:, 11:] == -1).all()
    assert np.isnan(some.similarities[:, 11:]).all()
    assert len(json.loads(to_json(some.to_dict()))["songs"][0]["neighbours"]) == 11


def test_the_table_has_a_row_for_each_song(found: EmbeddingMap, tmp_path: Path) -> None:
    table = found.to_dataframe()
    assert table["name"].tolist() == list(found.names)
    assert table[["x", "y"]].to_numpy() == pytest.approx(found.layout.positions)
    path = found.write_csv(tmp_path / "map.csv")
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    assert [float(row["x"]) for row in rows] == table["x"].tolist()
    assert [row["marked"] for row in rows[:6]] == ["", "", "", "query, candidates", "", "candidates"]
    assert rows[0]["group"] == "album 0"


def test_a_notebook_shows_words_and_groups_and_escapes_names(found: EmbeddingMap) -> None:
    shown = replace(found, notes=("<b>bold</b>",))._repr_html_()
    assert found.headline in shown
    assert "<td>album 0</td>" in shown
    assert "&lt;b&gt;bold" in shown
