"""What the original audioLIME 0.0.3 answers to 51 combinations of its options, and how it behaves: a reference.

``python -m tests.compat.original CHECKOUT`` asks it and writes ``tests/reference/audiolime.json``; CHECKOUT is a folder
of its repository at v0.0.3. Its dependency ``regressors``, which no longer builds and is never used, is stubbed.

Both are asked about the same planted object, which is written as the original wants it: eight components, each a
number of its own in what the "model" is given, and a model of three outputs, one linear, one with products, one that is
mostly one component.
"""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LinearRegression, Ridge

STORED = Path(__file__).parents[1] / "reference" / "audiolime.json"
N = 8
LINEAR = np.array([0.5, -0.25, 0.125, -0.4, 0.03, 0.27, -0.07, 0.19])
REGRESSORS = {"least squares": LinearRegression, "ridge .1": lambda: Ridge(0.1)}
KERNELS = {"linear": lambda d, kernel_width: np.maximum(0.0, 1.0 - kernel_width * d)}
OF_EXPLAINER = ("kernel_width", "kernel", "feature_selection", "absolute_feature_sort", "random_state")


class Planted:
    """A factorization as the original's users wrote them."""

    def get_number_components(self) -> int:
        return N

    def retrieve_components(self, selection_order: Any = None) -> list[NDArray[np.float32]]:
        order = range(N) if selection_order is None else selection_order
        return [self.compose_model_input([i]) for i in order]

    def compose_model_input(self, components: Any = None) -> NDArray[np.float32]:
        composed = np.zeros(N, np.float32)
        composed[list(range(N) if components is None else components)] = 1.0
        return composed

    def get_ordered_component_names(self) -> list[str]:
        return [f"part{i}" for i in range(N)]


def predict_fn(batch: NDArray[Any]) -> NDArray[Any]:
    """Three outputs of what was composed, (n, 8)."""
    on = np.asarray(batch, np.float64)
    products = 0.4 * on[:, 0] * on[:, 1] - 0.3 * on[:, 2] * on[:, 5] * on[:, 7] + 0.11 * on[:, 3] + 0.02 * on[:, 6]
    mostly = 0.6 * on[:, 4] + 0.05 * on @ np.arange(N) / N
    return np.stack([on @ LINEAR + 0.1, products, mostly], axis=1)


def combinations() -> list[dict[str, Any]]:
    """The options of each case: those of the explainer and those of `explain_instance`, by name."""
    few: dict[str, Any] = {"labels": [0, 1], "num_samples": 200}
    selections = ("auto", "forward_selection", "highest_weights", "lasso_path", "none")
    found = [{**few, "feature_selection": way, "num_features": n} for way in selections for n in (100000, 7, 3)]
    found += [{"labels": labels, "num_samples": 60} for labels in ([0], [2, 1], [1, 1])]
    found += [{"top_labels": n, "num_samples": 60} for n in (1, 2, 3)]
    found += [{"num_reg_targets": n, "num_samples": 60} for n in (1, 2, 3)]
    found += [
        {"labels": [0, 1], "num_samples": n, "random_state": state}
        for n in (1, 2, 50, 1000, "exhaustive")
        for state in (0, 7)
    ]
    found += [{**few, "kernel_width": width} for width in (0.1, 0.25, 1.0, 25.0)]
    found += [{**few, "kernel": "linear"}]
    found += [{**few, "distance_metric": metric} for metric in ("cosine", "euclidean", "manhattan", "hamming")]
    found += [{**few, "model_regressor": name} for name in REGRESSORS] + [{**few, "fit_intercept": False}]
    found += [{**few, "absolute_feature_sort": True, **more} for more in ({}, {"num_features": 3})]
    found += [{**few, "batch_size": size} for size in (1, 7, 1000)]
    return found


def explained(explainer_class: Any, options: dict[str, Any]) -> Any:
    """What an explainer answers to one combination."""
    of_explainer = {"random_state": 0, **{name: options[name] for name in OF_EXPLAINER if name in options}}
    asked = {name: value for name, value in options.items() if name not in OF_EXPLAINER}
    if "kernel" in of_explainer:
        of_explainer["kernel"] = KERNELS[of_explainer["kernel"]]
    if "model_regressor" in asked:
        asked["model_regressor"] = REGRESSORS[asked["model_regressor"]]()
    return explainer_class(**of_explainer).explain_instance(Planted(), predict_fn, **asked)


def as_json(explanation: Any) -> dict[str, Any]:
    """What is compared of an explanation."""
    labels = sorted({int(label) for label in explanation.local_exp})

    def number(value: Any) -> float | None:
        rounded = round(float(np.ravel(value)[0]), 8)
        return None if np.isnan(rounded) else rounded

    return {
        "weights": {str(i): [[int(at), number(weight)] for at, weight in explanation.local_exp[i]] for i in labels},
        "intercept": {str(i): number(explanation.intercept[i]) for i in labels},
        "score": {str(i): number(explanation.score[i]) for i in labels},
        "local_pred": {str(i): number(explanation.local_pred[i]) for i in labels},
        "top_labels": [int(i) for i in getattr(explanation, "top_labels", None) or []],
        "first_rows": np.asarray(explanation.neighborhood_data)[:3].tolist(),
        "positive": {str(i): _positive(explanation, i) for i in labels},
    }


def _positive(explanation: Any, label: int) -> list[int]:
    asked = {"negative_components": False, "num_components": 3, "return_indeces": True}
    return [int(i) for i in explanation.get_sorted_components(label, **asked)[1]]


def main(checkout: str) -> None:
    """Ask the original, and write the references."""
    regressors = types.ModuleType("regressors")
    regressors.stats = None  # type: ignore[attr-defined]
    sys.modules["regressors"] = regressors
    sys.path.insert(0, checkout)
    from audioLIME.factorization_base import SourceSeparationBasedFactorization  # type: ignore[import-not-found]
    from audioLIME.lime_audio import LimeAudioExplainer  # type: ignore[import-not-found]

    from tests.compat.behaviour import PROBES, Dialect, observed, of_sources_and_segments

    class Separated(SourceSeparationBasedFactorization):  # type: ignore[misc]
        def __init__(self, given: Any, stems: Any, cut: Any) -> None:
            self.stems = stems
            super().__init__(given, 16000, cut)

        def initialize_components(self) -> Any:
            names = list(self.stems)
            self.heard = [16000, int(np.ndim(self._original_mix))]
            return [self.stems[name] for name in names], names

    def separated(mix: Any, stems: Any, cut: Any = 1) -> Any:
        return Separated(mix, stems, cut)

    def heard(path: str) -> list[int]:
        return list(Separated(path, {"all": np.zeros(48000, np.float32)}, 1).heard)

    dialect = Dialect(LimeAudioExplainer, separated, heard)
    cases = [{"options": of, "answer": as_json(explained(LimeAudioExplainer, of))} for of in combinations()]
    lines = ",\n".join(json.dumps(case) for case in cases)
    seen = json.dumps({subject: observed(probe, dialect) for subject, probe in PROBES.items()}, indent=1)
    parts = json.dumps(as_json(of_sources_and_segments(dialect)))
    written = f'{{"cases": [\n{lines}\n],\n"sources_and_segments": {parts},\n"behaviour": {seen}}}\n'
    STORED.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
