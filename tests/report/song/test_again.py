"""The command on a page, of what has no file or spec string; `tests.cli.test_page` runs those of files."""

from __future__ import annotations

from typing import Any

import numpy as np

from audiolime_ext import explain_track, tagger
from audiolime_ext.report.song.again import Options, command_of
from factorizations.oracle import OracleFactorization

SR = 8000
MODEL = tagger(lambda batch: np.abs(batch).mean(axis=1, keepdims=True), sr=SR, labels=["loud"], window_s=1.0)


def test_what_was_given_as_an_object_has_a_stand_in_and_what_is_not_usual_a_flag() -> None:
    waves = np.random.default_rng(0).normal(0, 0.1, (2, 4 * SR)).astype(np.float32)
    band = OracleFactorization({"drums": (waves[0], SR), "bass": (waves[1], SR)})
    usual: dict[str, Any] = {"factorization": band, "labels": ["loud"], "cache": False}
    own = "audiolime page RECORDING -f OWN_STEMS -m OWN_MODEL --labels loud"
    track = explain_track(band.mixture, MODEL, **usual)
    assert command_of([track]) == own
    some = explain_track(band.mixture, MODEL, at=[1.25, 3], method="lime", seed=3, min_score=0.01, **usual)
    assert command_of([some]) == f"{own} --at 1.25 3 --method lime --seed 3 --min-score 0.01"
    options = Options(title="-", audio=None, mixture=False, blind=True, page_name="a b.html")
    assert command_of([track], options) == f"{own} --title=- --audio none --no-mixture --blind -o 'a b.html'"


def test_a_part_of_a_recording_is_named_by_its_start_and_where_it_ends_early_by_its_length() -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 4 * SR).astype(np.float32)
    usual: dict[str, Any] = {"factorization": "hpss", "labels": ["loud"], "cache": False}
    parts: dict[str, dict[str, Any]] = {
        "": {},
        " --duration 2": {"duration_s": 2},
        " --start 1 --duration 2": {"start_s": 1, "duration_s": 2},
    }
    parts[" --start 2"] = {"start_s": 2}
    for flags, part in parts.items():
        command = command_of([explain_track((sound, SR), MODEL, **part, **usual)])
        assert command == f"audiolime page RECORDING -f hpss -m OWN_MODEL --labels loud{flags}"
