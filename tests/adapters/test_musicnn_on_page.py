"""Maps of the published musicnn on a page, over the bundled clip: drawn, told, and beside bands switched off."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from audiolime_ext import Explanation, explain
from audiolime_ext.gradients.parts.agreement import agreement
from audiolime_ext.gradients.parts.beside import map_beside
from audiolime_ext.gradients.pipeline import relevance
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.report.player.layer import NOT_EXPLAINED, layer_of
from audiolime_ext.report.song.page import page_html

START_S, LABEL = 14.96, "female vocalists"


@pytest.fixture(scope="module")
def model(published: None) -> Any:
    return load_model("musicnn:MSD_musicnn")


@pytest.fixture(scope="module")
def explained(ezer_ev: Path, model: Any) -> Explanation:
    return explain(
        ezer_ev, model, factorization="bands:mel-4", labels=[LABEL], start_s=START_S, duration_s=3.0, level_check=False
    )


def test_integrated_gradients_are_drawn_where_the_window_is_and_compared(
    ezer_ev: Path, explained: Explanation, model: Any
) -> None:
    found = relevance(ezer_ev, model, label=LABEL, at=[START_S], n_steps=4, most_steps=4)
    grid: dict[str, Any] = {"start_s": 0.0, "duration_s": 20.0, "sr": 44100, "n_columns": 1000}
    layer = layer_of(found, **grid)
    assert np.array(layer.gaps) == pytest.approx(np.array([(0, START_S), (START_S + 3, 20)]), abs=0.01)
    opaque = np.asarray(Image.open(io.BytesIO(layer.picture)).convert("RGBA"))[..., 3].T > 0
    columns = np.flatnonzero(opaque.any(axis=1))
    assert (columns.min() / 50, columns.max() / 50) == pytest.approx((START_S, START_S + 3), abs=0.05)
    said = [layer.phrases[i] for i in layer.said]
    assert said[0] == said[-1] == NOT_EXPLAINED
    assert any(re.match(r"most (for|against) “female vocalists” at [\d.–]+ k?Hz", phrase) for phrase in said)
    text = page_html(explained, maps=[found])
    assert 'alt="Map of relevance for female vocalists, over the spectrogram"' in text
    assert all(sentence[1:] in text for sentence in agreement(found, explained).sentences()[:1])


def test_grad_cam_of_a_layer_without_frequency_says_when_and_not_in_which_band(
    ezer_ev: Path, explained: Explanation, model: Any
) -> None:
    found = map_beside(explained, ezer_ev, model, method="grad-cam", layer="cnn2")
    assert (found.label, [window.start_s for window in found.windows]) == (LABEL, [START_S])
    grid: dict[str, Any] = {"start_s": START_S, "duration_s": 3.0, "sr": 44100, "n_columns": 300}
    phrases = set(layer_of(found, **grid).phrases)
    assert phrases <= {f"for “{LABEL}”, in all bands alike", f"little for or against “{LABEL}”"}
    assert "--gradients grad-cam --layer cnn2" in page_html(explained, maps=[found], audio=None)
