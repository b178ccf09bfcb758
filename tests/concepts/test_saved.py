"""Everything that is told is in the plain values, a row for each concept and class, and names stay text in HTML."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from audiolime_ext.concepts import saved, words
from audiolime_ext.concepts.result import Concepts
from tests.concepts.test_finding import found as found
from tests.concepts.test_finding import measured as measured


def test_plain_values_hold_every_number_unrounded(found: Concepts) -> None:
    plain = json.loads(found.to_json())
    assert (plain["schema_version"], plain["headline"]) == (1, words.headline(found))
    assert plain["identity"]["layer"] == "hidden"
    told = {one["name"]: one for one in plain["concepts"]}
    for one in found.tested:
        kept = told[one.concept]["tests"][one.label]
        assert (kept["effect"], kept["p"], tuple(kept["chance"])) == (one.effect, one.p, one.chance)
        assert (kept["verdict"], kept["accuracy"]["low"]) == (one.verdict, one.accuracy.low)
    for (name, label), taken in found.removals.items():
        assert told[name]["removals"][label]["beyond"] == taken.beyond
    for heard in found.heard:
        assert told[heard.concept]["by_sound"][heard.label] == {"p": heard.p, "verdict": heard.verdict}
    for (name, label), added in found.additions.items():
        assert told[name]["additions"][label]["p"] == added.p
    for name, flags in found.flags.items():
        assert [flag["text"] for flag in told[name]["flags"]] == [flag.text for flag in flags]
        assert told[name]["changed"]["n_windows"] == found.changed[name].n_windows
    assert plain["disagreements"] == list(found.disagreements)


def test_patches_stand_in_their_order_with_those_that_it_was_tested_by(found: Concepts) -> None:
    plain = found.to_dict()
    for concept, told in zip(found.kept, plain["concepts"], strict=True):
        assert concept.cluster.structure is not None
        patches = told["patches"]
        assert [one["path"] for one in patches] == [entry.path for entry, _ in concept.patches]
        assert [one["distance"] for one in patches] == sorted(one["distance"] for one in patches)
        assert sum(one["stands"] for one in patches) == concept.cluster.structure.n_patches


def test_the_table_has_a_row_for_each_concept_and_class(found: Concepts, tmp_path: Path) -> None:
    with found.write_csv(tmp_path / "all.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == saved.COLUMNS
    assert {(row["concept"], row["class"]) for row in rows} == {(one.concept, one.label) for one in found.tested}
    told = {(row["concept"], row["class"]): row for row in rows}
    one = found.significant[0]
    row = told[one.concept, one.label]
    assert (float(row["effect"]), row["verdict"]) == (one.effect, "significant")
    assert float(row["fall"]) == found.removals[one.concept, one.label].effect
    assert float(told[one.concept, "b"]["fall"]) == found.removals[one.concept, "b"].effect


def test_a_model_without_gradients_has_a_table_of_what_happened(found: Concepts) -> None:
    rows = saved.rows(replace(found, tested=()))
    assert [(row["concept"], row["class"]) for row in rows] == list(found.removals)
    assert {row["verdict"] for row in rows} == {None}
    assert "<td>a 6</td>" in replace(found, tested=())._repr_html_()


def test_nothing_found_is_a_table_without_rows(found: Concepts) -> None:
    nothing = replace(found, kept=(), tested=(), removals={}, heard=())
    assert saved.as_csv(nothing).splitlines() == [",".join(saved.COLUMNS)]
    assert "No concept was found" in nothing._repr_html_()
    assert "<table>" not in nothing._repr_html_()


def test_names_stay_text_in_html(found: Concepts) -> None:
    shown = replace(found, notes=("<script>alert(1)</script>",))._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_a_data_frame_has_the_same_rows(found: Concepts) -> None:
    pytest.importorskip("pandas")
    table = found.to_dataframe()
    assert list(table.columns) == list(saved.COLUMNS)
    assert len(table) == len(saved.rows(found))
