"""What is meant to matter: read whole, or refused with everything that is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audiolime_ext import tagger
from audiolime_ext.audit.measurement.measure import Settings
from audiolime_ext.audit.run import run_audit
from audiolime_ext.audit.verdict.expected import Expectation, Expected, load_expected
from audiolime_ext.cli import main
from audiolime_ext.errors import UsageError
from tests.audit_collection import SR, make_collection

LABELS = ("guitar", "piano", "female vocalists")


def test_what_is_meant_to_matter_is_read(tmp_path: Path) -> None:
    path = tmp_path / "expected.csv"
    path.write_text("class,component,sign\nGuitar,guitar,+\nguitar,drums,\n")
    expected = load_expected(path, labels=LABELS, components=["guitar", "piano", "drums"])
    assert expected.rows == (
        Expectation("guitar", "guitar"),
        Expectation("guitar", "drums"),
    )
    assert expected.covers("guitar", "drums")
    assert not expected.covers("piano", "drums")
    assert not expected.covers("drums", "guitar")


def test_what_is_wrong_with_it_is_said_at_once(tmp_path: Path) -> None:
    path = tmp_path / "expected.csv"
    path.write_text("class,component,sign\ngitar,drums,+\nguitar,drum,\nguitar,drums,-\nguitar,drums,+\npiano,,\n")
    with pytest.raises(UsageError, match="5 problems") as caught:
        load_expected(path, labels=LABELS, components=["drums", "bass"])
    for says in (
        "line 2: unknown label 'gitar'; did you mean 'guitar'",
        "line 3: unknown component 'drum'; did you mean 'drums'?",
        "line 4: sign '-'; only what speaks for a class is judged, so write + or nothing, or leave out",
        "line 5: 'guitar' and 'drums' are on line 4 already",
        "line 6: no component",
    ):
        assert says in str(caught.value)
    path.write_text("class,component\n")
    with pytest.raises(UsageError, match="it declares nothing"):
        load_expected(path)


def test_what_a_store_keeps_is_read_back_and_forgives_nothing_that_spoke_against_a_class() -> None:
    expected = Expected((Expectation("guitar", "drums"),))
    assert Expected.of(expected.kept) == expected
    assert Expected.of([("guitar", "drums", 1), ("guitar", "bass", -1)]) == expected


def test_a_report_takes_a_class_that_no_recording_has_as_the_gate_does(tmp_path: Path) -> None:
    manifest, store = make_collection(tmp_path, 4, duration_s=0.25), str(tmp_path / "s.sqlite")
    model = tagger(lambda batch: np.full((len(batch), 3), 0.3), sr=SR, labels=["guitar", "piano", "drummer"])
    run_audit(manifest, model, store=store, settings=Settings(n_donors=1, n_same=0, noise=False), workers=0)
    expected = tmp_path / "expected.csv"
    expected.write_text("class,component\ndrummer,drums\nguitar,bass\n")
    assert main(["audit", "gate", store, "--expected", str(expected)]) in (0, 6, 7)
    page = ["-o", str(tmp_path / "page"), "--no-audio", "--expected", str(expected)]
    assert main(["audit", "report", store, *page]) == 0
    expected.write_text("class,component\ngitarre,bass\n")
    assert main(["audit", "report", store, *page]) == 2
