"""How good a classifier is, and what bars change.

The units are songs: a song's answer is the mean of its windows' probabilities, and intervals are over songs (Wilson's
of accuracy, Student's of differences). Songs of one soundtrack are alike, so an interval over songs of the library is
narrower than it should be; accuracy is told by group, too.

*Bars*: the same bars are put on the pictures of test songs for both twins. What is counted are decisions that change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor

from audiolime_ext.gradients.relevance import mean_intervals
from examples.genre_classifier.bars import KINDS, blackened, drawn
from examples.genre_classifier.network import ResNet
from examples.genre_classifier.pictures import Pictures
from examples.genre_classifier.training import Batch, answers

N_DRAWN = 8  # bars of each kind for each picture
Floats = NDArray[np.float64]
Numbers = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Set:
    """The pictures of some songs, and the class of each song."""

    pictures: Pictures
    classes: NDArray[np.int64]

    @property
    def batch(self) -> Batch:
        """Pictures, and the class of each."""
        return self.pictures.values, self.classes[self.pictures.songs]


@dataclass(frozen=True)
class Rate:
    """So many of so many, with the ends of Wilson's 95 % interval."""

    n: int
    of: int
    low: float
    high: float

    @classmethod
    def counted(cls, right: NDArray[np.bool_]) -> Rate:
        """How many are true."""
        n, of = int(right.sum()), len(right)
        ends = stats.binomtest(n, of).proportion_ci(method="wilson")
        return cls(n, of, float(ends.low), float(ends.high))

    def __str__(self) -> str:
        return f"{self.n / self.of:.2f} ({self.low:.2f}–{self.high:.2f})"


def probabilities(network: ResNet, pictures: Pictures) -> Floats:
    """Mean probabilities of each song, shape (n_songs, n_labels)."""
    logits = answers(network, pictures.values).astype(np.float64)
    scores = np.exp(logits - logits.max(axis=1, keepdims=True))
    return by_song(scores / scores.sum(axis=1, keepdims=True), pictures.songs)


def by_song(values: Floats, songs: Numbers) -> Floats:
    """Means (n_songs, …) over the windows of each song."""
    return np.stack([values[songs == song].mean(axis=0) for song in range(songs.max() + 1)])


def baseline(train: Set, test: Pictures) -> Floats:
    """Probabilities of the test songs by logistic regression on the mean over time of each picture."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pictures, classes = train.batch
    fitted = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    fitted.fit(pictures.mean(axis=1), classes)
    return by_song(np.asarray(fitted.predict_proba(test.values.mean(axis=1)), np.float64), test.songs)


def accuracies(found: Floats, classes: Numbers, labels: Sequence[str]) -> dict[str, Rate]:
    """Of all songs (under ""), and of those of each class."""
    right = found.argmax(axis=1) == classes
    there = [(label, classes == number) for number, label in enumerate(labels)]
    return {"": Rate.counted(right)} | {label: Rate.counted(right[own]) for label, own in there if own.any()}


def changed(networks: Mapping[str, ResNet], pictures: Pictures, *, seed: int = 0) -> dict[str, dict[str, Floats]]:
    """Share of each song's decisions that bars change: by network, by kind of bar, (n_songs,).

    Bars are drawn once for each picture and kind, `N_DRAWN` times, and are the same for all networks.
    """
    before = {name: answers(network, pictures.values).argmax(axis=1) for name, network in networks.items()}
    found: dict[str, dict[str, Floats]] = {name: {} for name in networks}
    for number, kind in enumerate(KINDS[1:]):
        shares = {name: np.zeros(len(pictures.values)) for name in networks}
        rng = np.random.default_rng([seed, number])
        for _ in range(N_DRAWN):
            size = pictures.values.shape[1]
            barred = np.stack([blackened(picture, drawn(kind, size, rng)) for picture in pictures.values])
            for name, network in networks.items():
                shares[name] += answers(network, barred).argmax(axis=1) != before[name]
        for name in networks:
            found[name][kind] = by_song(shares[name] / N_DRAWN, pictures.songs)
    return found


def inside(network: ResNet, pictures: Pictures, kind: str, layer: str, *, seed: int = 0) -> tuple[Floats, float]:
    """Whether bars of one kind can be read off a layer, and how far they move it.

    Parameters
    ----------
    network
        A network.
    pictures
        Pictures of test songs; each is given with a bar and without.
    kind
        One of `KINDS`.
    layer
        Its activations' means over time and frequency are looked at.

    Returns
    -------
    right
        Share of each song's pictures that logistic regression, fitted on other songs, rightly says to have a bar or
        none, (n_songs,); chance is 0.5.
    moved
        Mean distance between a picture with a bar and without, relative to the mean distance of pictures from their
        middle.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng, size = np.random.default_rng(seed), pictures.values.shape[1]
    barred = np.stack([blackened(picture, drawn(kind, size, rng)) for picture in pictures.values])
    before, after = (activations(network, values, layer).astype(np.float64) for values in (pictures.values, barred))
    has, songs = np.repeat([False, True], len(before)), np.tile(pictures.songs, 2)
    fitted = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
    folds = GroupKFold(min(5, len(np.unique(songs))))
    said = cross_val_predict(fitted, np.concatenate([before, after]), has, groups=songs, cv=folds)
    spread = np.linalg.norm(before - before.mean(axis=0), axis=1).mean()
    moved = np.linalg.norm(after - before, axis=1).mean() / max(spread, 1e-9)
    return by_song((said == has).astype(np.float64), songs), float(moved)


def activations(network: ResNet, values: NDArray[np.float32], layer: str) -> NDArray[np.float32]:
    """A layer's activations, means over time and frequency, (n, n_features)."""
    seen: list[Tensor] = []
    hook = network.get_submodule(layer).register_forward_hook(lambda _, __, out: seen.append(out.mean(dim=(2, 3))))
    try:
        answers(network, values)
    finally:
        hook.remove()
    return np.concatenate([part.numpy() for part in seen])


def interval(values: Floats) -> tuple[float, float, float]:
    """The mean over songs, and the ends of Student's 95 % interval."""
    ends = mean_intervals(values[:, None], 0.95)
    mean = float(values.mean())
    return (mean, mean, mean) if ends is None else (mean, float(ends[0][0]), float(ends[1][0]))
