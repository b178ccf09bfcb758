"""A map of the published musicnn beside its own weights of bands, on the bundled clip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from audiolime_ext import Explanation, explain
from audiolime_ext.gradients.checks.faithfulness import faithfulness
from audiolime_ext.gradients.checks.randomised import map_randomisation, random_maps
from audiolime_ext.gradients.parts.agreement import agreement
from audiolime_ext.gradients.pipeline import relevance
from audiolime_ext.gradients.relevance import Relevance
from audiolime_ext.prediction.loading import load_model

START_S, LABEL = 14.96, "female vocalists"
FEW: dict[str, Any] = {"n_steps": 4, "most_steps": 4}


@pytest.fixture(scope="module")
def model(published: None) -> Any:
    return load_model("musicnn:MSD_musicnn")


@pytest.fixture(scope="module")
def found(ezer_ev: Path, model: Any) -> Relevance:
    return relevance(ezer_ev, model, label=LABEL, start_s=START_S, duration_s=3.0, **FEW)


@pytest.fixture(scope="module")
def explained(ezer_ev: Path, model: Any) -> Explanation:
    return explain(
        ezer_ev, model, factorization="bands:mel-4", labels=[LABEL], start_s=START_S, duration_s=3.0, level_check=False
    )


def test_relevance_and_weights_of_bands_add_up_to_the_same_difference(
    found: Relevance, explained: Explanation, model: Any
) -> None:
    told = agreement(found, explained, random=random_maps(found, model, **FEW))
    window = found.windows[0]
    assert (told.n_windows, len(told.rows)) == (1, 4)
    moved = window.value - (window.baseline or 0)
    assert sum(row.weight for row in told.rows) == pytest.approx(moved, abs=0.02)
    assert sum(row.relevance for row in told.rows) == pytest.approx(moved, abs=(window.gap or 0) + 0.02)
    assert sum(row.on_for or 0 for row in told.rows) == pytest.approx(1, abs=0.02)
    assert sum(row.chance.random or 0 for row in told.rows) == pytest.approx(1, abs=0.02)


def test_the_maps_order_brings_the_score_back_sooner_than_a_random_one(found: Relevance, model: Any) -> None:
    told = faithfulness(found, model, n_steps=4, n_random=1)
    assert (told.gain("insertion", "random").value or 0) > 0.05
    assert told.measures["score_drop"].n == 1


def test_the_map_changes_when_the_network_forgets(found: Relevance, model: Any) -> None:
    told = map_randomisation(found, model, layers=["dense_1"], **FEW)
    assert told.correlations.shape == (1, 1, 1)
    assert (told.means[-1].value or 0) < 0.9
