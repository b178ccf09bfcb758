"""Which recipe trains the better embedding: ``python -m examples.library.recipes LIBRARY --kept DIR``.

Recipes are compared in equal time: each trains for as many seconds of one core as the others, which is less steps for a
larger network or batch. Only songs of half A of the soundtracks take part (`judging.halves`, seed 0); half B is kept
for judging what was chosen. Of the soundtracks of A, one half by lot is trained on, and the songs of the other half are
judged: whether the nearest songs are of the same soundtrack, by centred cosine of mean embeddings, as the songs are and
all as copies of 32 kb/s, from which production is harder to tell; and with the last weights besides those that are
kept. So no song that is judged was trained on, and no soundtrack. A row of ``recipes.csv`` is one training; those that
are there are not made again. ``recipes.md`` is the table. Differences of a few hundredths are noise: few soundtracks
are judged, and each recipe is trained once or twice.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from audiolime_ext.files.fresh import make_folder, write_bytes
from audiolime_ext.recommendation.retrieval import by_group
from audiolime_ext.recommendation.training.learning import Run
from audiolime_ext.recommendation.training.material import KeptLevels, Levels, Song, Wanted, held_out, material_of
from audiolime_ext.recommendation.training.network import embedded
from audiolime_ext.recommendation.training.recipes import FOUNDING, Recipe
from audiolime_ext.recommendation.training.spectra import N_FRAMES, seen
from audiolime_ext.recommendation.training.splitting import splitting_of
from examples.library.judging import K, halves

TWO = replace(FOUNDING, name="two chunks", pair="two chunks")
BATCH = replace(
    TWO, name="+ batch 32, symmetric, cosine", batch=32, symmetric=True, cosine=True, scaled=True, best=True
)
NARROW = replace(BATCH, name="+ 4 blocks, 16 to 128 channels", channels=(16, 32, 64, 128))
STRIDED = replace(BATCH, name="or 4 blocks, 32 to 256, stride 2", channels=(32, 64, 128, 256), stride=2)
BALANCE = replace(STRIDED, name="+ balance altered", tilt_db=12.0, bumps_db=6.0)
LIMITS = replace(BALANCE, name="+ band limits", band_limit=0.3)
COPIES = replace(LIMITS, name="+ copies", copy=0.5)
STEMS = replace(COPIES, name="+ stems (hpss)", stems=0.5)
LARGE = replace(COPIES, name="copies, but batch 64", batch=64)
WARM = replace(COPIES, name="copies, but temperature 0.2", temperature=0.2)
FAST = replace(COPIES, name="copies, but rate 0.003", rate=3e-3)
TRIALS: Sequence[Recipe] = (
    *(FOUNDING, TWO, BATCH, NARROW, STRIDED, BALANCE, LIMITS, COPIES, STEMS, LARGE, WARM, FAST),
)
FIELDS = (
    "recipe",
    "seed",
    "cpu_s",
    "steps",
    "best_step",
    "recall",
    "MAP",
    "P@1",
    "MAP copies",
    "P@1 copies",
    "MAP last",
)


def vectors(network: Any, recipe: Recipe, arrays: Sequence[Levels | KeptLevels]) -> NDArray[np.float32]:
    """The mean embedding of each song, over chunks that follow each other."""
    found = []
    for array in arrays:
        starts = range(0, len(array) - N_FRAMES + 1, N_FRAMES)
        chunks = np.stack([np.asarray(array[start : start + N_FRAMES], np.float32) for start in starts])
        found.append(embedded(network, recipe, seen(chunks)).mean(axis=0))
    return np.stack(found)


def judged(network: Any, recipe: Recipe, songs: Sequence[Song], groups: Sequence[str]) -> dict[str, float]:
    """Retrieval of songs of the same soundtrack by their mean embeddings."""
    return measured(songs, groups, lambda arrays: vectors(network, recipe, arrays))


def mean_levels(arrays: Sequence[Levels | KeptLevels]) -> NDArray[np.float32]:
    """What costs nothing: the mean of what the network would see."""
    return np.stack([seen(np.asarray(array[:], np.float32)[None])[0].mean(axis=0) for array in arrays])


def measured(
    songs: Sequence[Song],
    groups: Sequence[str],
    hear: Callable[[Sequence[Levels | KeptLevels]], NDArray[np.float32]],
) -> dict[str, float]:
    """Retrieval of songs of the same soundtrack, as they are and of their copies."""
    rows: dict[str, float] = {}
    for what, arrays in (("", [song.levels for song in songs]), (" copies", [song.copy for song in songs])):
        found = hear([array for array in arrays if array is not None])
        found -= found.mean(axis=0)
        found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
        by_soundtrack = by_group((found @ found.T).astype(float), groups, k=K)
        rows |= {f"MAP{what}": by_soundtrack.mean("AP"), f"P@1{what}": by_soundtrack.mean("P@1")}
    return rows


def free(songs: Sequence[Song], groups: Sequence[str]) -> list[dict[str, str]]:
    """Rows of what needs no training: guessing, and the mean of the levels."""
    rng = np.random.default_rng(0)
    rows = {
        "chance": measured(songs, groups, lambda arrays: rng.normal(size=(len(arrays), 128)).astype(np.float32)),
        "mean log-mel": measured(songs, groups, mean_levels),
    }
    return [{"recipe": name} | {what: f"{value:.3f}" for what, value in row.items()} for name, row in rows.items()]


def trained(recipe: Recipe, songs: Sequence[Song], others: Sequence[Song], seed: int, seconds: float) -> Run:
    """A training of some seconds of one core; how many steps they are is tried first."""
    trial = Run(recipe, songs, others, seed=seed, n_steps=1, patience=1)
    trial.advance()
    began = time.process_time()
    for _ in range(3):
        trial.advance()
    steps = max(1, int(seconds / ((time.process_time() - began) / 3)))
    run = Run(recipe, songs, others, seed=seed, n_steps=steps, patience=10**6)
    run.evaluate()
    while run.step < run.n_steps:
        run.advance()
        if run.step % max(1, steps // 10) == 0 or run.step == steps:
            run.evaluate()
    return run


def table(rows: Sequence[dict[str, str]]) -> str:
    """``recipes.md``."""
    head = "| " + " | ".join(FIELDS) + " |\n|---|" + "--:|" * (len(FIELDS) - 1)
    lines = ["| " + " | ".join(row.get(field) or "–" for field in FIELDS) + " |" for row in rows]
    title = "# Recipes by time\n\nWritten by `python -m examples.library.recipes`, whose docstring says what is here."
    return "\n".join([title, "", head, *lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path, help="folder with manifest.csv")
    parser.add_argument("--kept", type=Path, required=True, help="folder for prepared songs")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder for recipes.csv and recipes.md")
    parser.add_argument("--seconds", type=float, default=150.0, help="seconds of one core for each (default: 150)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--split", type=int, help="split this many of the songs that are trained on (default: all)")
    parser.add_argument("--only", nargs="+", type=int, help="places of the recipes to try, from 0 on (default: all)")
    args = parser.parse_args()
    torch.set_num_threads(1)
    with (args.library / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    half = halves([row["group"] for row in rows])
    mine = [row for row, chosen in zip(rows, half, strict=True) if chosen]
    make_folder(args.kept)
    listed = args.kept / "A.csv"
    write_bytes("\n".join(["path,group", *(f'"{r["path"]}","{r["group"]}"' for r in mine)]).encode(), listed)
    chosen = [TRIALS[i] for i in args.only] if args.only else list(TRIALS)
    wanted = Wanted(60.0, True)
    material = material_of(listed, args.kept / "A", wanted, root=args.library)
    print(*material.notes, sep="\n")
    groups = dict(_groups(material.songs, mine))
    songs = [song for song in material.songs if song.name in groups]
    train_on = halves([groups[song.name] for song in songs], 1)
    training = [song for song, chosen_one in zip(songs, train_on, strict=True) if chosen_one]
    others = [song for song, chosen_one in zip(songs, train_on, strict=True) if not chosen_one]
    if any(recipe.stems for recipe in chosen):
        training = _split(training, mine, wanted, args)
    own, apart = ([training[i] for i in places] for places in held_out(training, 0))
    print(f"{len(own)} songs to train on, {len(apart)} of the same soundtracks held out, {len(others)} judged")
    for seed in args.seeds:
        for recipe in chosen:
            _one(recipe, own, apart, others, [groups[song.name] for song in others], seed, args)


def _split(training: Sequence[Song], rows: Sequence[dict[str, str]], wanted: Wanted, args: Any) -> list[Song]:
    """The songs that are trained on, some of them with their stems, which take long."""
    named = sorted({row["path"] for song in training for row in rows if _same(song.name, row["path"])})
    drawn = np.random.default_rng(0).permutation(named)[: args.split]
    listed = args.kept / "split.csv"
    write_bytes("\n".join(["path", *(f'"{path}"' for path in sorted(drawn))]).encode(), listed)
    wanted = replace(wanted, splitting=splitting_of("hpss"))
    split = {song.sha256: song for song in material_of(listed, args.kept / "A", wanted, root=args.library).songs}
    return [split.get(song.sha256, song) for song in training]


def _groups(songs: Sequence[Song], rows: Sequence[dict[str, str]]) -> list[tuple[str, str]]:
    """The soundtrack of each song, by the end of its path."""
    return [(song.name, row["group"]) for song in songs for row in rows if _same(song.name, row["path"])]


def _same(name: str, path: str) -> bool:
    return f"/{path}".endswith(f"/{name}") or f"/{name}".endswith(f"/{path}")


def _one(
    recipe: Recipe,
    own: Sequence[Song],
    apart: Sequence[Song],
    others: Sequence[Song],
    groups: Sequence[str],
    seed: int,
    args: argparse.Namespace,
) -> None:
    log = args.out / "recipes.csv"
    before: list[dict[str, str]] = []
    if log.exists():
        with log.open(newline="", encoding="utf-8") as file:
            before = list(csv.DictReader(file))
    done = {(row["recipe"], row.get("seed"), row.get("cpu_s")) for row in before}
    if (recipe.name, str(seed), f"{args.seconds:g}") in done:
        return
    run = trained(recipe, own, apart, seed, args.seconds)
    row = {"recipe": recipe.name, "seed": str(seed), "cpu_s": f"{args.seconds:g}", "steps": str(run.n_steps)}
    row |= {"best_step": str(run.best_step), "recall": f"{max(point.recall for point in run.history):.3f}"}
    row |= {name: f"{value:.3f}" for name, value in judged(run.kept(), recipe, others, groups).items()}
    row["MAP last"] = f"{judged(run.network.eval(), recipe, others, groups)['MAP']:.3f}"
    before = before or free(others, groups)
    if not any(one["recipe"] == "untrained" for one in before) and recipe == FOUNDING:
        start = Run(recipe, own, apart, seed=seed, n_steps=0, patience=1)
        start.evaluate()
        told = {"recipe": "untrained", "seed": str(seed), "cpu_s": "0", "steps": "0", "best_step": "0"}
        told |= {"recall": f"{start.history[0].recall:.3f}"}
        before.append(told | {k: f"{v:.3f}" for k, v in judged(start.kept(), recipe, others, groups).items()})
    before.append(row)
    print(row, flush=True)
    with log.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(before)
    write_bytes(table(before).encode(), args.out / "recipes.md")


if __name__ == "__main__":
    main()
