"""Which rule tells planted concepts from random ones? A small network is trained on sounds, and both are tried on it.

::

    python -m tests.studies.concept_rules [SEED]

Needs PyTorch, and five minutes. Five classes of synthetic music, four of which always hold a planted sound: three
claps, a tone of 1 kHz, hum, or a bar of silence such as masking leaves. A network of three convolutions learns them;
concepts are looked for in the last one, on songs that it has not seen.

- *ours*: `audiolime_ext.concepts.judgement.testing`: 2,000 random concepts of the same structure, a permutation p, and
  control of false discoveries over all concepts.
- *t-test*: 30 runs of a concept's CAV, each against other random patches, beside 30 runs of random patches; a two-sided
  t-test of their TCAV scores at p < .05 (Kim et al. 2018). Another run against the same patches is no new evidence of
  the concept, so p shrinks with their number.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext import Audio
from audiolime_ext.audio.recording import load_audio
from audiolime_ext.concepts.discovery.drawing import Structure, draw
from audiolime_ext.concepts.discovery.halves import halves
from audiolime_ext.concepts.finding import find_concepts, in_windows, pool_of
from audiolime_ext.concepts.judgement.cavs import Floats
from audiolime_ext.concepts.judgement.tcav import Gradients, scored
from audiolime_ext.concepts.judgement.testing import Concept, Pool, all_tested
from audiolime_ext.concepts.measurement.store import ConceptStore
from audiolime_ext.concepts.pipeline import measure_concepts
from audiolime_ext.concepts.result import Concepts
from audiolime_ext.factorization.loading import load_factorization
from audiolime_ext.prediction.front_end import LogMel
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.text import text_table

SR, LENGTH_S = 8000, 1.0
LABELS = ("bar", "beep", "clap", "hum", "plain")
LAYER = "relu_2"
N_TRAINING, N_SONGS, N_EPOCHS = 80, 50, 15
N_DRAWS, N_EACH, N_RUNS, N_NULL, N_CLUSTERS_EACH = 20, 3, 30, 2000, 15
STRUCTURE, QUIET = Structure(10, 2), 1e-3
FRONT_END = LogMel(SR, 256, 128, 32)
OPTIONS = f"sr={SR}&labels={';'.join(LABELS)}&front_end=log-mel:256,128,32&window_s=1&activation=sigmoid"
SPLITS = ("slic:10", "slic:15", "slic:25")
Array = np.ndarray


def clap(rng: np.random.Generator) -> Array:
    """Three bursts of noise, 120 ms apart."""
    found, t = np.zeros(round(SR * 0.34), np.float32), np.arange(round(SR * 0.08)) / SR
    for k in range(3):
        at = round(k * 0.12 * SR)
        found[at : at + len(t)] += rng.normal(0, 0.35, len(t)) * np.exp(-t / 0.02)
    return found


def beep(rng: np.random.Generator) -> Array:
    """A tone of 1 kHz, a quarter of a second long."""
    t = np.arange(SR // 4) / SR
    return np.asarray(0.3 * np.sin(2 * np.pi * 1000 * t + rng.uniform(0, 6)) * np.hanning(len(t)), np.float32)


def hum(rng: np.random.Generator) -> Array:
    """Mains hum of 100 Hz and its overtones, all along."""
    t, phase = np.arange(round(SR * LENGTH_S)) / SR, rng.uniform(0, 6)
    return np.asarray(sum(0.12 / k * np.sin(2 * np.pi * 100 * k * t + phase * k) for k in (1, 2, 3)), np.float32)


PLANTS: dict[str, Callable[[np.random.Generator], Array]] = {"clap": clap, "beep": beep, "hum": hum}


def music(rng: np.random.Generator) -> Array:
    """Five notes at random, and noise."""
    n = round(SR * LENGTH_S)
    found, t = rng.normal(0, 0.01, n), np.arange(n) / SR
    for _ in range(5):
        at, hz = rng.integers(0, n // 2), 150 * 2 ** rng.uniform(0, 4)
        own = t[: n - at]
        found[at:] += rng.uniform(0.03, 0.12) * np.sin(2 * np.pi * hz * own) * np.exp(-own / rng.uniform(0.1, 0.5))
    return np.asarray(found, np.float32)


def song(label: str, number: int) -> tuple[Array, Array]:
    """A song, and where in it the planted sound is: the sound alone or, of a bar, 1 where there is silence."""
    rng = np.random.default_rng([LABELS.index(label), number])
    found, planted = music(rng), np.zeros(round(SR * LENGTH_S), np.float32)
    if label in PLANTS:
        sound = PLANTS[label](rng)
        at = rng.integers(0, len(found) - len(sound) + 1)
        planted[at : at + len(sound)] = sound
        return found + planted, planted
    if label == "bar":
        at = rng.integers(SR // 10, len(found) - 3 * SR // 10)
        planted[at : at + SR // 5] = 1
        return found * (1 - planted), planted
    return found, planted


def network() -> Any:
    """Three convolutions, and the mean over time and frequency of what the last one answers."""
    from torch import nn

    class Network(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.features = nn.Sequential(
                *(nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)),
                *(nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2)),
                *(nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU()),
            )
            self.last = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, len(LABELS)))

        def forward(self, x: Any) -> Any:
            return self.last(self.features(x[:, None]).mean(dim=(2, 3)))

    return Network()


def trained(folder: Path, *, seed: int = 0, n: int = N_TRAINING, n_epochs: int = N_EPOCHS) -> tuple[str, float]:
    """The spec of a network that has learnt the classes, and its accuracy on songs that it has not seen."""
    import torch

    torch.manual_seed(seed)
    net, answers = network(), np.repeat(np.arange(len(LABELS)), n)
    signals = np.stack([song(label, 10_000 + i)[0] for label in LABELS for i in range(n)])
    inputs, wanted = torch.from_numpy(FRONT_END(signals)), torch.eye(len(LABELS))[answers] * 0.9 + 0.05
    step, loss_of = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=0.05), torch.nn.BCEWithLogitsLoss()
    for _ in range(n_epochs):
        for some in torch.randperm(len(inputs)).split(32):
            step.zero_grad()
            loss_of(net(inputs[some]), wanted[some]).backward()
            step.step()
    example = torch.from_numpy(FRONT_END(signals[:2]))
    program = torch.export.export(net.eval(), (example,), dynamic_shapes=({0: torch.export.Dim.AUTO},))
    torch.export.save(program, folder / "net.pt2")
    spec = f"torch:{folder / 'net.pt2'}?{OPTIONS}"
    unseen = np.stack([song(label, 20_000 + i)[0] for label in LABELS for i in range(40)])
    right = load_model(spec)(unseen).argmax(axis=1) == np.repeat(np.arange(len(LABELS)), 40)
    return spec, float(right.mean())


def measured(folder: Path, model: str, *, n_songs: int = N_SONGS, seed: int = 0) -> Path:
    """A store of songs that the network has not seen."""
    for label in LABELS:
        (folder / "songs" / label).mkdir(parents=True)
        for i in range(seed * n_songs, (seed + 1) * n_songs):
            Audio(song(label, i)[0][None], SR).write(folder / "songs" / label / f"{label}{i:03d}.wav")
    given: dict[str, Any] = {"splits": list(SPLITS), "duration_s": LENGTH_S, "controls": False}
    given |= {"workers": 0, "progress": False}
    return measure_concepts(folder / "songs", model, LAYER, store=folder / "a.concepts", **given)


def plants(folder: Path, *, n: int = 20) -> dict[str, Path]:
    """A folder for each planted sound, each of its files that sound alone."""
    for label, sound in PLANTS.items():
        (folder / label).mkdir(parents=True)
        for i in range(n):
            Audio(sound(np.random.default_rng([9, i]))[None], SR).write(folder / label / f"{i}.wav")
    return {label: folder / label for label in PLANTS}


def precision(concepts: Concepts, name: str) -> float:
    """The share of a concept's patches that are what was planted in its class."""
    (concept,) = (one for one in concepts.kept if one.name == name)
    return float(np.mean([is_planted(concept.of, entry.path, patch) for entry, patch in concept.patches]))


def is_planted(label: str, path: str, patch: Any) -> bool:
    """Whether half of a patch's energy is the planted sound's; of a bar: whether it is quiet and lies there."""
    if label not in (*PLANTS, "bar"):
        return False
    _, planted = song(label, int(Path(path).stem[len(label) :]))
    if label == "bar":
        begin, end = (float(one) for one in patch.name.split(" s,")[0].split("–"))
        return patch.share < QUIET and bool(planted[round((begin + end) / 2 * SR)])
    sound = _stems(path, patch.split)[patch.name].samples.mean(axis=0)
    return float(sound @ planted) >= 0.5 * float(sound @ sound)


@cache
def _stems(path: str, split: str) -> Any:
    return load_factorization(split).factorize(load_audio(path))


def half_of(store: Path) -> tuple[Pool, dict[str, tuple[Floats, Any]]]:
    """The patches that concepts are made of, and the gradients that they are tested by, as `find_concepts` has them."""
    with ConceptStore.read(store) as opened:
        entries, found = zip(*opened.measured(), strict=True)
    first, _ = halves(entries)
    return pool_of(entries, found, first), {
        label: in_windows("gradients", entries, found, first, label) for label in LABELS
    }


def at_random(pool: Pool, *, within: bool, seed: int) -> list[Concept]:
    """Patches at random in the place of each class's concepts; `within`: of that class, else of all."""
    rng, made = np.random.default_rng([7, seed]), []
    for label in LABELS:
        own = np.flatnonzero((pool.classes == label) | (not within))
        drawn = own[draw(pool.songs[own], STRUCTURE, N_EACH, rng=rng)]
        made += [Concept(f"{label} {i + 1}", label, STRUCTURE, one) for i, one in enumerate(drawn)]
    return made


def by_t_test(
    pool: Pool,
    concepts: Sequence[Concept],
    gradients: dict[str, tuple[Floats, Any]],
    *,
    n_runs: int = N_RUNS,
    seed: int,
) -> list[bool]:
    """Which concepts the t-test calls significant for their own class."""
    from scipy.stats import ttest_ind_from_stats

    even, size = pool.scaled()
    products, rng = even.activations @ even.activations.T, np.random.default_rng([8, seed])
    asked = {label: Gradients.of(own * size, songs, even.activations) for label, (own, songs) in gradients.items()}
    found = []
    for one in concepts:
        positives, negatives, others = (draw(pool.songs, one.structure, n_runs, rng=rng) for _ in range(3))
        its = scored(products, np.tile(one.standing, (n_runs, 1)), negatives, asked)[one.of].shares
        random = scored(products, positives, others, asked)[one.of].shares
        if max(np.ptp(its), np.ptp(random)) < 1e-9:  # scores of 0 or 1 alone have no spread
            found.append(bool(abs(its.mean() - random.mean()) > 1e-9))
        else:
            both = [value for one in (its, random) for value in (one.mean(), one.std(ddof=1), n_runs)]
            found.append(bool(ttest_ind_from_stats(*both).pvalue < 0.05))
    return found


def called(pool: Pool, gradients: dict[str, tuple[Floats, Any]], *, within: bool, n_draws: int = N_DRAWS) -> list[int]:
    """Of draws of random concepts, how many call anything significant: by ours, and by the t-test."""
    counts = [0, 0]
    for seed in range(n_draws):
        made = at_random(pool, within=within, seed=seed)
        ours = all_tested(pool, made, gradients, n_null=N_NULL, seed=seed)
        counts[0] += any(one.verdict == "significant" for one in ours)
        counts[1] += any(by_t_test(pool, made, gradients, seed=seed))
    return counts


def told(concepts: Concepts) -> list[list[str]]:
    """A row for each concept that is significant for its own class, and for each that was given."""
    rows = []
    for name in dict.fromkeys(one.concept for one in concepts.tested):
        some = [one for one in concepts.tested if one.concept == name]
        of = some[0].of or name.split()[0]
        (own,) = (one for one in some if one.label == of)
        if some[0].of and own.verdict != "significant":
            continue
        others = [one for one in some if one.label != of and one.verdict == "significant"]
        moved = [", ".join(one.label for one in others if (one.effect > 0) == up) for up in (True, False)]
        share = f"{precision(concepts, name):.2f}" if some[0].of else ""
        rows.append([name, share, own.verdict, f"{own.effect:.1f}", f"{own.p:.4f}", *moved])
    return rows


def main(seed: int = 0) -> None:
    """Print what was found."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model, right = trained(folder, seed=seed)
        print(f"accuracy on unseen songs: {right:.2f}")
        store = measured(folder, model, seed=seed)
        given = [f"{label} alone=sounds:{place}" for label, place in plants(folder / "alone").items()]
        found = find_concepts(store, given=given, n_clusters=N_CLUSTERS_EACH, n_null=N_NULL, progress=False)
        head = ["concept", "planted", "own class", "logits", "p", "also raises", "also lowers"]
        print(text_table(head, told(found), left=(0, 2, 5, 6)))
        pool, gradients = half_of(store)
        rows = [
            [words, *(f"{n} of {N_DRAWS}" for n in called(pool, gradients, within=within))]
            for words, within in (("of all classes", False), ("of the class itself", True))
        ]
        print(text_table(["random patches", "ours", "t-test"], rows))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
