"""Probes of how an implementation of audioLIME behaves: one for each row of the table of what differs.

A probe is given a `Dialect`, the original's or ours, does the same with either, and answers something small.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from sklearn.linear_model import LinearRegression, Ridge

from tests.compat.original import Planted, predict_fn

SR = 16000


@dataclass(frozen=True)
class Dialect:
    """An explainer's class, a way to bind true stems to a mix, and what a separator is given of a file."""

    explainer: Any
    separated: Callable[..., Any]  # (mix (n_samples,), stems by name, cut)
    heard: Callable[[str], list[int]]  # path → sampling rate, number of channels

    def ask(self, of: Any = None, ask: Any = predict_fn, *, state: Any = 0, **options: Any) -> Any:
        """An explanation of the planted object, or another."""
        options = {"labels": [0], "num_samples": 40, **options}
        given = Planted() if of is None else of
        return self.explainer(random_state=state).explain_instance(given, ask, **options)


def tones(n: int, n_samples: int = SR) -> dict[str, NDArray[np.float32]]:
    """Tones of 200, 400, … Hz at a tenth of full scale, by name."""
    time = np.arange(n_samples) / SR
    return {f"tone {i}": (0.1 * np.sin(2 * np.pi * 200 * (i + 1) * time)).astype(np.float32) for i in range(n)}


def bound(dialect: Dialect, n: int = 2, n_samples: int = SR, cut: Any = 1) -> Any:
    stems = tones(n, n_samples)
    return dialect.separated(sum(stems.values()), stems, cut)


class Recorder:
    """A predict function that keeps what it is given; with `sr`, one that names its rate."""

    def __init__(self, sr: int | None = None) -> None:
        self.batches: list[NDArray[Any]] = []
        if sr is not None:
            self.sr = sr

    def __call__(self, batch: NDArray[Any]) -> NDArray[Any]:
        self.batches.append(np.array(batch))
        return np.asarray(np.abs(batch).max(axis=1, keepdims=True))


def rate(dialect: Dialect) -> Any:
    listener = Recorder(sr=8000)
    dialect.ask(bound(dialect, n_samples=3 * SR), listener)
    return listener.batches[0].shape[1]


def predictions(dialect: Dialect) -> Any:
    listener = Recorder()
    dialect.ask(bound(dialect, 5), listener, num_samples=1000)
    return sum(map(len, listener.batches))


def all_on(dialect: Dialect) -> Any:
    stems, listener = tones(2), Recorder()
    estimated = np.sum(list(stems.values()), axis=0)
    dialect.ask(dialect.separated(2 * estimated, stems), listener)
    return round(float(max(batch.max() for batch in listener.batches) / estimated.max()), 2)


def separation(dialect: Dialect) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "stereo.wav")
        soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, (3 * 44100, 2)), 44100)
        return dialect.heard(path)


def end(dialect: Dialect) -> Any:
    return len(bound(dialect, n_samples=SR + 1, cut=3).compose_model_input())


def borders(dialect: Dialect) -> Any:
    ones = np.ones(SR, np.float32)
    first = dialect.separated(2 * ones, {"a": ones, "b": ones}, 2).retrieve_components([0])[0]
    return bool(((first > 0.01) & (first < 0.99)).any())


def under_a_second(dialect: Dialect) -> Any:
    return bound(dialect, n_samples=SR // 2, cut=None).get_number_components()


def gaps(dialect: Dialect) -> Any:
    cut = {"type": "manual", "manual_segments": [(0, 4000), (8000, SR)]}
    return bound(dialect, cut=cut).get_number_components()


def rows(explanation: Any) -> NDArray[Any]:
    return np.asarray(explanation.neighborhood_data)


def integer_state(dialect: Dialect) -> Any:
    explainer = dialect.explainer(random_state=3)
    twice = [explainer.explain_instance(Planted(), predict_fn, labels=[0], num_samples=40) for _ in range(2)]
    return bool((rows(twice[0]) == rows(twice[1])).all())


def no_state(dialect: Dialect) -> Any:
    found = []
    for seed in (1, 2):
        np.random.seed(seed)  # noqa: NPY002 - the global generator is what is probed
        found.append(rows(dialect.ask(state=None)))
    return bool((found[0] == found[1]).all())


def random_seed(dialect: Dialect) -> Any:
    found = [rows(dialect.ask(random_seed=seed)) for seed in (3, 4)]
    return bool((found[0] == found[1]).all())


def labels(dialect: Dialect) -> Any:
    return [int(i) for i in dialect.ask(labels=np.array([0, 1])).local_exp]


def no_labels(dialect: Dialect) -> Any:
    seven = lambda batch: np.tile(np.arange(7.0), (len(batch), 1))  # noqa: E731
    return [int(i) for i in dialect.ask(ask=seven, labels=None).local_exp]


def of_top_labels(dialect: Dialect) -> Any:
    found = dialect.ask(labels=None, top_labels=2)
    return [[int(i) for i in found.local_exp], [int(i) for i in found.top_labels]]


def negative_only(dialect: Dialect) -> Any:
    found = dialect.ask(num_samples=1000)
    asked = {"positive_components": False, "num_components": 1, "return_indeces": True}
    return [int(i) for i in found.get_sorted_components(0, **asked)[1]]


def num_components(dialect: Dialect) -> Any:
    return len(dialect.ask().get_sorted_components(0, num_components=np.int64(2)))


def not_explained(dialect: Dialect) -> Any:
    return len(dialect.ask().get_sorted_components(1))


def highest_weights(dialect: Dialect) -> Any:
    """Penalties by whose ranking the chosen components are the highest, where those of 0 and .01 differ."""
    agrees = {0.0: True, 0.01: True}
    for state in range(40):
        found = dialect.ask(num_samples=12, num_features=7, labels=[1], state=state)
        weights = np.sqrt(np.exp(-((1 - np.sqrt(rows(found).mean(axis=1))) ** 2) / 0.25**2))
        for penalty in agrees:
            fit = Ridge(penalty).fit(rows(found), found.neighborhood_labels[:, 1], sample_weight=weights)
            left_out = int(np.argmin(np.abs(fit.coef_)))
            agrees[penalty] &= left_out not in dict(found.local_exp[1])
    return [penalty for penalty, agreed in agrees.items() if agreed]


def model_regressor(dialect: Dialect) -> Any:
    given = LinearRegression()
    dialect.ask(model_regressor=given)
    return hasattr(given, "coef_")


def distance(dialect: Dialect) -> Any:
    return [int(i) for i in dialect.ask().distance]


def silent(dialect: Dialect) -> Any:
    nothing = np.zeros(SR, np.float32)
    return len(dialect.ask(dialect.separated(nothing, {"a": nothing, "b": nothing}), Recorder()).local_exp[0])


def of_sources_and_segments(dialect: Dialect) -> Any:
    """An explanation of two sources in three segments, by a model that hears the middle of each second."""
    middle = (np.arange(3 * SR) % SR > SR // 4) & (np.arange(3 * SR) % SR < 3 * SR // 4)

    def hears(batch: NDArray[Any]) -> NDArray[Any]:
        seconds = np.split(batch * middle, 3, axis=1)
        low, high = ([np.abs(s @ np.exp(-2j * np.pi * hz * np.arange(SR) / SR)) for s in seconds] for hz in (200, 400))
        return np.stack([low[0] + 0.5 * high[2], high[1] * low[1] / 100 - low[2]], axis=1) / SR

    return dialect.ask(bound(dialect, 2, 3 * SR, 3), hears, labels=[0, 1], num_samples=200)


PROBES: dict[str, Callable[[Dialect], Any]] = {
    "a model's rate": rate,
    "predictions": predictions,
    "all on": all_on,
    "separation": separation,
    "end": end,
    "borders": borders,
    "under a second": under_a_second,
    "gaps": gaps,
    "integer `random_state`": integer_state,
    "no `random_state`": no_state,
    "`random_seed`": random_seed,
    "`labels`": labels,
    "no `labels`": no_labels,
    "`local_exp` of top labels": of_top_labels,
    "negative only": negative_only,
    "`num_components`": num_components,
    "label not explained": not_explained,
    "`highest_weights`": highest_weights,
    "`model_regressor`": model_regressor,
    "`distance`": distance,
    "a silent excerpt": silent,
}


def observed(probe: Callable[[Dialect], Any], dialect: Dialect) -> Any:
    """What a probe answers, or the name of the error that it meets."""
    try:
        return probe(dialect)
    except Exception as error:  # noqa: BLE001 - which error it is, is what is observed
        return type(error).__name__
