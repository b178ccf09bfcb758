"""What the first version wrote is read by this one: a saved explanation, a result, an audit's store."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext import Explanation
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.cli import main
from audiolime_ext.errors import UsageError

OLD = Path(__file__).parent / "reference" / "saved_0_1_0"
RESULT = json.loads((OLD / "result.json").read_text(encoding="utf-8"))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the old files to work in: reading may bring a store up to date."""
    folder = Path(shutil.copytree(OLD, tmp_path / "old"))
    monkeypatch.chdir(folder)
    return folder


def test_an_explanation_comes_back_with_its_numbers_and_its_sounds(here: Path) -> None:
    found = Explanation.load(here / "explanation")
    assert found.names == tuple(RESULT["components"])
    np.testing.assert_allclose(list(found.weights().values()), RESULT["weights"][0], atol=1e-6)
    assert found.provenance.settings.baseline == "floor"
    off = found.components.heard_mixes(np.zeros((1, len(found.names)), bool))
    assert np.abs(off).max() > 0, "off is the floor, not silence"
    assert found.audio("2667–4000 Hz").duration_s == 0.5
    assert (found.provenance.target, found.provenance.settings.method) == ("guitar − piano", "shapley")
    with pytest.raises(UsageError, match=r"saved by version 0\.1, without the model's outputs"):
        found.with_target("score")


def test_a_result_is_done_again_with_the_same_numbers(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rerun", "--trust", str(here / "result.json")]) == 0
    assert "same" in capsys.readouterr().out


def test_a_result_with_another_weight_is_told(here: Path) -> None:
    changed = json.loads((here / "result.json").read_text(encoding="utf-8"))
    changed["weights"][0][0] += 0.1
    (here / "result.json").write_text(json.dumps(changed), encoding="utf-8")
    assert main(["rerun", "--trust", str(here / "result.json")]) != 0


def test_a_store_opens_with_all_its_rows(here: Path) -> None:
    found = Results.read(here / "store.audit")
    assert found.done.sum() == 6
    assert found.components == ("bass", "drums", "guitar", "piano")
    assert found.identity.model == "tests.audit_collection:confounded"
    assert {label for entry in found.entries for label in entry.labels} == {"guitar", "piano"}
