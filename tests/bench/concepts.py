"""Concepts: TCAV beside captum's in one run, and what all of ten classes would cost.

*Beside captum.* Random concepts of 40 patches against 40, one layer of 200 numbers, one class of 25 songs with three
windows each. Captum's loop is `captum.concept.TCAV`, with a classifier that is scikit-learn's logistic regression of
the same strength, so that both make the same CAVs; their TCAV scores are compared, and the largest gap is told. Captum
is handed the layer's activations as its inputs: it runs no network for a patch, and its user would wait longer. Both
have one thread, and time of the processor is told. Few CAVs are made by captum and many by ours, since both take as
long for each.

*The plan of cost*: 10 classes of 50 recordings of 10 s, three splits, 25 clusters a class, and a null of 10,000 for
each structure. A part of each stage is measured, in time of processors, so that a busy machine counts for
little; the whole is *extrapolated* from it: to all songs and classes, and to two cores where a stage uses both. Patches
are planted, but for one song of the bundled clip.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext import load_audio
from audiolime_ext.concepts.discovery.discovering import clusters
from audiolime_ext.concepts.discovery.drawing import STRUCTURES, Structure, draw
from audiolime_ext.concepts.discovery.grouping import groups_of
from audiolime_ext.concepts.discovery.stability import found_again
from audiolime_ext.concepts.judgement.tcav import Gradients, scored
from audiolime_ext.concepts.judgement.testing import N_NULL, Concept, Pool
from audiolime_ext.concepts.measurement.records import Entry
from audiolime_ext.concepts.measurement.work import Ears
from audiolime_ext.concepts.pipeline import SPLITS
from audiolime_ext.factorization.loading import load_factorization
from audiolime_ext.models.musicnn import MusicnnModel

CLIP, LAYER = Path("audiolime_ext/data/ezer_ev.ogg"), "penultimate"
N_CLASSES, N_SONGS, PER_SONG, N_FEATURES, N_WINDOWS = 10, 50, 50, 200, 3
N_CLUSTERS, N_CORES = 25, 2
FEW, MANY = 20, 500  # CAVs, by captum and by ours
TIMES, COLD_S, AGAIN_S = 20.0, 1800.0, 60.0  # the targets
NULL = 1000  # of the 10,000, of which each structure's time is told


def report(*, quick: bool = False) -> str:
    """The lines of `make bench`."""
    pool = _pool()
    return f"{_beside_captum(pool, FEW // 4 if quick else FEW)}\n{_plan(pool)}"


def _pool() -> Pool:
    """The half of the songs in which concepts are found, evenly scaled."""
    rng = np.random.default_rng(0)
    n_songs = N_CLASSES * N_SONGS // 2
    kinds = rng.normal(size=(40, N_FEATURES))[rng.integers(40, size=(n_songs, PER_SONG))]
    found = kinds / 2 + rng.normal(size=kinds.shape) + rng.normal(size=(n_songs, 1, N_FEATURES)) / 2
    songs = np.repeat(np.arange(n_songs), PER_SONG)
    classes = np.array([f"class {song // (N_SONGS // 2)}" for song in songs])
    return Pool(np.maximum(found, 0).reshape(-1, N_FEATURES), songs, classes).scaled()[0]


def _gradients(pool: Pool, n_classes: int) -> dict[str, Gradients]:
    rng, songs = np.random.default_rng(1), np.arange(N_SONGS // 2).repeat(N_WINDOWS)
    slopes = rng.normal(size=(n_classes, len(songs), N_FEATURES))
    return {f"class {i}": Gradients.of(one, songs, pool.activations) for i, one in enumerate(slopes)}


def _drawn(pool: Pool, structure: Structure, n: int) -> tuple[Any, Any]:
    """Random concepts of the first class, and patches of the others."""
    rng, first = np.random.default_rng(2), pool.classes == "class 0"
    own, others = np.flatnonzero(first), np.flatnonzero(~first)
    mine, theirs = (side[draw(pool.songs[side], structure, n, rng=rng)] for side in (own, others))
    return mine, theirs


def seconds(call: Callable[[], object]) -> float:
    """How long processors work for a call."""
    begun = time.process_time()
    call()
    return time.process_time() - begun


def _beside_captum(pool: Pool, n_captum: int) -> str:
    lacking = [name for name in ("torch", "captum") if find_spec(name) is None]
    if lacking:
        return f"concepts beside captum: not measured, since {' and '.join(lacking)} are not installed"
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(1)
    sides = _drawn(pool, STRUCTURES[0], MANY)
    products = pool.activations @ pool.activations.T
    rng, songs = np.random.default_rng(3), np.arange(N_SONGS // 2).repeat(N_WINDOWS)
    windows = torch.from_numpy(rng.normal(size=(len(songs), N_FEATURES)))
    network = _network(rng)
    with threadpool_limits(1):
        begun = time.process_time()
        slopes = Gradients.of(_slopes(network, windows), songs, pool.activations)
        ours = scored(products, *sides, {"class 0": slopes})["class 0"].shares[:n_captum]
        ours_s = (time.process_time() - begun) / MANY
        begun = time.process_time()
        theirs = captum_scores(network, windows, pool, *(side[:n_captum] for side in sides))
        captum_s = (time.process_time() - begun) / n_captum
    times = captum_s / ours_s
    return (
        f"concepts: {1000 * ours_s:.2f} ms a CAV with its TCAV score; captum {1000 * captum_s:.1f} ms ({n_captum} "
        f"CAVs, no network run for a patch), {times:.0f}× (target {TIMES:g}×{'' if times >= TIMES else ': MISSED'}); "
        f"largest gap of the scores {np.abs(ours - theirs).max():.1e}"
    )


def _network(rng: np.random.Generator) -> Any:
    """What lies above the layer: 200 numbers → tanh of 30 → the logit of a class."""
    import torch

    made = torch.nn.Sequential(
        torch.nn.Identity(), torch.nn.Linear(N_FEATURES, 30), torch.nn.Tanh(), torch.nn.Linear(30, 1)
    )
    for weights in made.parameters():
        weights.data = torch.from_numpy(rng.normal(size=tuple(weights.shape)) / weights.shape[-1] ** 0.5)
    return made.double()


def _slopes(network: Any, windows: Any) -> Any:
    import torch

    given = windows.clone().requires_grad_()
    return torch.autograd.grad(network(given).sum(), given)[0].numpy()


def captum_scores(network: Any, windows: Any, pool: Pool, positives: Any, negatives: Any) -> Any:
    """The TCAV score of each concept by captum's loop.

    Parameters
    ----------
    network : torch.nn.Sequential
        Network whose first part is the layer.
    windows : torch.Tensor, shape (n_windows, n_features)
        Activations of the windows.
    pool : Pool
        Patches.
    positives, negatives : ndarray of int, shape (n_concepts, n_patches)
        Patches of each concept, and others.
    """
    import torch

    captum = import_module("captum.concept")
    given, sets = torch.from_numpy(pool.activations), []
    for number, sides in enumerate(zip(positives, negatives, strict=True)):
        loaders = [torch.utils.data.DataLoader(given[side], batch_size=len(side)) for side in sides]
        sets.append([captum.Concept(2 * number + i, f"{number}-{i}", one) for i, one in enumerate(loaders)])
    with tempfile.TemporaryDirectory() as folder:
        tcav = captum.TCAV(network, ["0"], classifier=_classifier(captum.Classifier)(), save_path=folder)
        found = tcav.interpret(windows, experimental_sets=sets, target=0)
    return np.array([float(found[f"{one.id}-{other.id}"]["0"]["sign_count"][0]) for one, other in sets])


def _classifier(kind: Any) -> Any:
    """A classifier for captum that is scikit-learn's logistic regression of all patches, as ours."""
    import torch
    from sklearn.linear_model import LogisticRegression

    class Regression(kind):  # type: ignore[misc]
        def __init__(self) -> None:
            self.fitted: Any = None

        def train_and_eval(self, dataloader: Any, **_: Any) -> dict[str, Any]:
            parts = list(dataloader)
            given, labels = (torch.cat([part[i] for part in parts]).numpy() for i in (0, 1))
            self.fitted = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000).fit(given, labels)
            return {"accs": torch.tensor(self.fitted.score(given, labels))}

        def weights(self) -> Any:
            own = torch.from_numpy(self.fitted.coef_[0])
            return torch.stack([-own, own])

        def classes(self) -> list[int]:
            return [int(one) for one in self.fitted.classes_]

    return Regression


def _plan(pool: Pool) -> str:
    stages = [*_measuring(), *_testing(pool)]
    cold, again = sum(one[1] for one in stages), sum(one[1] for one in stages[1:])
    lines = [f"  {name}: {part}; all {whole:.0f} s" for name, whole, part in stages]
    return "\n".join(
        [
            f"concepts of {N_CLASSES} classes × {N_SONGS} recordings, extrapolated to {N_CORES} cores: {cold / 60:.0f} "
            f"min cold (target {COLD_S / 60:g}{_missed(cold, COLD_S)}), {again:.0f} s for a re-test (target "
            f"{AGAIN_S:g}{_missed(again, AGAIN_S)})",
            *lines,
        ]
    )


def _missed(found: float, target: float) -> str:
    return ": MISSED" if found > target else ""


def _measuring() -> list[tuple[str, float, str]]:
    """One song of the clip, with its controls: the clip is its own partner."""
    if find_spec("torch") is None:
        return [("measuring", float("nan"), "not measured, since torch is not installed")]
    model, clip = MusicnnModel("MSD_musicnn", threads=1), load_audio(CLIP)
    splits, columns = tuple(load_factorization(one) for one in SPLITS), tuple(range(N_CLASSES))
    ears = Ears(model, LAYER, splits, tuple(map(str, columns)), columns, 10.0)
    entry, partner = (Entry(str(CLIP), clip.sha256, clip.name, label, clip.sha256, 3.0, 10.0) for label in ("0", "1"))

    def song() -> None:
        ears.hear(clip, entry, partner)

    song()
    one_s = seconds(song)
    return [("measuring", one_s * N_CLASSES * N_SONGS / N_CORES, f"{one_s:.1f} s a song of one core")]


def _testing(pool: Pool) -> list[tuple[str, float, str]]:
    """Clusters, groups, whether concepts return, and the null."""
    owns = [np.flatnonzero(pool.classes == label) for label in np.unique(pool.classes)]
    halves = [(pool.activations[own], pool.songs[own]) for own in owns]
    begun = time.process_time()
    found = [clusters(*half, n_clusters=N_CLUSTERS) for half in halves]
    clusters_s = time.process_time() - begun
    members = [one.members for one in found[0] if one.structure is not None]
    again_s = seconds(lambda: found_again(members, halves[0][0], n_clusters=N_CLUSTERS))
    concepts = [
        Concept(f"{pool.classes[own[0]]} {i}", str(pool.classes[own[0]]), one.structure, own[one.standing])
        for own, some in zip(owns, found, strict=True)
        for i, one in enumerate(some)
        if one.structure is not None
    ]
    begun = time.process_time()
    groups = groups_of(pool, concepts)[0]
    groups_s = time.process_time() - begun
    products_s = seconds(lambda: pool.activations @ pool.activations.T)
    products, slopes = pool.activations @ pool.activations.T, _gradients(pool, N_CLASSES)

    def null(kind: Structure) -> object:
        return scored(products, *_drawn(pool, kind, NULL), slopes)

    nulls = [seconds(partial(null, kind)) for kind in STRUCTURES]
    null_s = sum(nulls) * N_NULL / NULL / N_CORES
    told = ", ".join(f"{one * N_NULL / NULL:.1f}" for one in nulls)
    return [
        ("clusters", clusters_s, "measured in whole"),
        ("clusters found again", again_s * N_CLASSES, f"{again_s:.1f} s a class"),
        (
            "groups and picture",
            groups_s,
            f"{len(concepts)} concepts, {'none' if groups is None else int(groups.group.max()) + 1} found",
        ),
        ("inner products", products_s, f"{len(pool.songs):,} patches"),
        ("null", null_s, f"{told} s of one core for each structure, if there are concepts of all"),
    ]


if __name__ == "__main__":
    print(report())
