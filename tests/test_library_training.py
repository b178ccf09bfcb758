"""The study of trained embeddings: who trains, who judges, and what is told (the trainings themselves need PyTorch)."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.evaluation.crossing import halves
from audiolime_ext.recommendation.evaluation.ears import LOG_MEL, MFCC
from audiolime_ext.recommendation.retrieval import by_group
from examples.library import training
from examples.library.training import BETTER, CONDITIONS, FOUNDING, NAMES, QUESTIONS, Budget, Judged


def planted(seed: int, title: str = "Trained on half A, judged by half B") -> Judged:
    """Soundtracks that the better recipe knows, the founding one somewhat, and nothing else."""
    rng = np.random.default_rng(seed)
    groups = tuple(f"soundtrack {seed}-{i // 4}" for i in range(60))
    centres = np.repeat(rng.normal(size=(15, 20)), 4, axis=0)
    found = {}
    for name in (*NAMES, LOG_MEL, MFCC, "chance"):
        noise = {BETTER: 0.5, FOUNDING: 2.0}.get(name, 9.0)
        for condition in CONDITIONS:
            vectors = centres + noise * rng.normal(size=centres.shape)
            found[name, condition] = by_group(vectors @ vectors.T, groups, k=training.K)
    return Judged(title, groups, found, {(BETTER, "alike"): "plain / centred"}, ("2 songs are left out",))


def library(folder: Path, n_groups: int = 6) -> Path:
    rows = [f"songs/{n}/{i}.ogg,rock,Soundtrack {n},,Song {i},,,\n" for n in range(n_groups) for i in range(14)]
    text = "path,label,group,stems,title,artist,album,gain_db\n" + "".join(rows)
    (folder / "manifest.csv").write_text(text, encoding="utf-8")
    return folder


def test_the_halves_share_no_soundtrack_and_are_those_of_the_other_studies(tmp_path: Path) -> None:
    tables = training.written_halves(library(tmp_path), tmp_path / "training")
    rows = {name: list(csv.DictReader(path.read_text().splitlines())) for name, path in tables.items()}
    groups = {name: {row["group"] for row in rows[name]} for name in rows}
    assert groups["A"] & groups["B"] == set()
    all_groups = [f"Soundtrack {n}" for n in range(6)]
    assert groups["A"] == {name for name, drawn in zip(all_groups, halves(all_groups), strict=True) if drawn}
    assert groups["A judges"] == groups["A"]
    assert (len(rows["A"]), len(rows["A judges"])) == (3 * 14, 3 * training.MOST)
    path = (tables["A"].parent / rows["A"][0]["path"]).resolve()
    assert path.relative_to(tmp_path).as_posix().startswith("songs/")


def test_a_manifest_that_cannot_be_halved_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="make it: make library"):
        training.written_halves(tmp_path, tmp_path / "training")
    with pytest.raises(UsageError, match="fewer than four soundtracks"):
        training.written_halves(library(tmp_path, 3), tmp_path / "training")


def test_a_run_finds_the_songs_that_others_prepared(tmp_path: Path) -> None:
    for name in ("one", "other", "one"):
        folder = training._run(tmp_path, name)
        (folder / "material" / f"{name}.npy").write_bytes(b"")
    assert {path.name for path in (folder / "material").iterdir()} == {"one.npy", "other.npy"}


def test_the_questions_are_answered_and_allow_for_each_other() -> None:
    answers = training.compared(planted(0))
    assert [(one.first, one.second) for one in answers] == [*QUESTIONS, *QUESTIONS]
    assert {one.corrected.level for one in answers} == {1 - 0.05 / 16}
    assert {one.verdict for one in answers if one.first == BETTER} == {"surely ahead"}


def test_both_halves_together_have_the_queries_of_each() -> None:
    one, other = planted(0), planted(1, "Trained on half B, judged by half A")
    both = training.together(one, other)
    for key, found in both.found.items():
        parts = [one.found[key].measures["AP"], other.found[key].measures["AP"]]
        np.testing.assert_array_equal(found.measures["AP"], np.concatenate(parts))
        assert len({both.groups[query] for query in found.queries}) == 30
    first, second, together = (training.compared(judged)[0].differences["AP"] for judged in (one, other, both))
    assert together.value == pytest.approx((first.value + second.value) / 2)
    assert together.high - together.low < max(first.high - first.low, second.high - second.low)


def test_the_tables_say_everything() -> None:
    one, other = planted(0), planted(1, "Trained on half B, judged by half A")
    budget = Budget(30.0, None, "hpss", 0)
    everything = [one, other, training.together(one, other)]
    text = training.as_markdown(everything, budget)
    assert text.startswith("Each recipe was given 30 minutes; parts with stems by hpss; seed 0.")
    assert text.count("60 songs of 15 soundtracks.") == 2
    assert "120 songs of 30 soundtracks." in text
    assert "| parts | plain / centred |" in text
    assert "2 songs are left out" in text
    rows = list(csv.DictReader(training.as_csv(everything).splitlines()))
    assert len(rows) == 3 * (2 * (len(NAMES) + 3) + 2 * len(QUESTIONS))
    assert budget.name == "30-min-hpss-seed-0"
    assert Budget(30.0, 200, None, 1).name == "200-steps-seed-1"


def test_a_library_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert training.main([str(tmp_path)]) == 2
    assert "training: error: " in capsys.readouterr().err
