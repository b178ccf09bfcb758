"""A classifier of musical styles, and its twin without masking: ``python -m examples.genre_classifier FOLDER``.

Renders songs of known style into FOLDER (half an hour; or, with ``--library LIBRARY``, takes the soundtracks of
``make library``), makes pictures of them, trains both twins, and judges them by songs whose SoundFont or
soundtrack was not heard in training. Everything is kept, so the command goes on where it was stopped. Tables
are printed and written to ``FOLDER/DATA/measured.md``.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from audiolime_ext.errors import AudiolimeError
from audiolime_ext.files.fresh import make_folder, write_bytes
from examples.genre_classifier import judging, telling
from examples.genre_classifier.models import save
from examples.genre_classifier.network import Plan
from examples.genre_classifier.pictures import Pictures, kept_pictures
from examples.genre_classifier.rendering import SIZES, render
from examples.genre_classifier.tables import Song, of_library, read
from examples.genre_classifier.training import FOUNDING, Recipe, history, train

TWINS = {"masked": True, "plain": False}
TOLD = ("valid", "test", "other")  # the splits that are judged
LAYERS = ("layer3", "layer4.2.conv2")  # where bars are looked for
PREFIXES = {"grooves": "", "library": "library_"}  # of the names of weights


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    args = parser().parse_args(argv)
    recipe, width, size = asked(args)
    sizes = {**SIZES, **({} if args.songs is None else {"train": args.songs})}
    try:
        songs, data = songs_of(args.folder, args.library, sizes)
        told = study(args.folder / data, songs, recipe, width=width, size=size, keep=args.keep)
    except AudiolimeError as error:
        print(f"genre-classifier: error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    print(told)
    return 0


def asked(args: argparse.Namespace) -> tuple[Recipe, float, int]:
    """The recipe, the width of the network and the size of its pictures; what is not said is the preset's."""
    recipe, width, size = (FOUNDING, 1.0, 224) if args.founding else (Recipe(), 0.25, 112)
    said = {"n_epochs": args.epochs, "rate": args.rate, "weights": args.weights, "seed": args.seed}
    recipe = dataclasses.replace(recipe, **{name: value for name, value in said.items() if value is not None})
    return recipe, args.width or width, args.size or size


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("folder", metavar="FOLDER", type=Path)
    made.add_argument("--library", metavar="LIBRARY", type=Path, help="soundtracks instead of rendered songs")
    made.add_argument("--songs", metavar="N", type=int, help=f"of each style to train on (default: {SIZES['train']})")
    made.add_argument("--epochs", metavar="N", type=int, help=f"default: {Recipe.n_epochs}")
    made.add_argument("--rate", metavar="R", type=float, help=f"learning rate of Adam (default: {Recipe.rate:g})")
    made.add_argument("--width", metavar="W", type=float, help="share of ResNet34's channels (default: 0.25)")
    made.add_argument("--size", metavar="N", type=int, help="sides of the pictures in pixels (default: 112)")
    made.add_argument("--weights", metavar="PATH", help="torchvision's state dict of ResNet34, trained on ImageNet; "
                      "the last layer and two convolutions learn")  # fmt: skip
    made.add_argument("--founding", action="store_true", help="full width, 224 pixels, 50 epochs, rate 1e-4, and every "
                      "batch four pictures in four versions")  # fmt: skip
    made.add_argument("--seed", metavar="N", type=int, help="default: 0")
    made.add_argument("--keep", action="store_true", help="write both networks into examples/genre_classifier/weights")
    return made


def songs_of(folder: Path, library: Path | None, sizes: dict[str, int]) -> tuple[list[Song], str]:
    """The songs, rendered where they are missing, and what the data are called."""
    if library is not None:
        return of_library(library / "manifest.csv"), "library"
    return read(render(folder / "grooves", sizes)), "grooves"


def study(folder: Path, songs: Sequence[Song], recipe: Recipe, *, width: float, size: int, keep: bool = False) -> str:
    """Train and judge both twins; what is to be said of them."""
    make_folder(folder)
    labels = tuple(sorted({song.style for song in songs}))
    sets = sets_of(songs, kept_pictures(songs, folder / f"pictures-{size}.npz", size), labels)
    recipes = {twin: dataclasses.replace(recipe, masked=masked) for twin, masked in TWINS.items()}
    runs = {
        twin: folder / f"{twin}-{size}-rate-{recipe.rate:g}-views-{recipe.views}-seed-{recipe.seed}" for twin in TWINS
    }
    plan, material = Plan(labels, width, size), (sets["train"].batch, sets["valid"].batch)
    networks = {twin: train(runs[twin], plan, recipes[twin], *material) for twin in TWINS}
    accuracies = {}
    for split in (split for split in TOLD if split in sets):
        found = {twin: judging.probabilities(network, sets[split].pictures) for twin, network in networks.items()}
        found[telling.BASELINE] = judging.baseline(sets["train"], sets[split].pictures)
        accuracies[split] = {name: judging.accuracies(one, sets[split].classes, labels) for name, one in found.items()}
    changes = judging.changed(networks, sets["test"].pictures)
    insides = {
        (twin, layer, kind): judging.inside(network, sets["test"].pictures, kind, layer)
        for layer in LAYERS
        for kind in ("bands", "time")
        for twin, network in networks.items()
    }
    told = telling.as_markdown(accuracies, changes, insides, {twin: history(run) for twin, run in runs.items()})
    write_bytes(told.encode(), folder / "measured.md")
    for twin, network in networks.items() if keep else ():
        facts = telling.as_facts({split: of[twin] for split, of in accuracies.items()}, recipes[twin], folder.name)
        save(network, PREFIXES[folder.name] + twin, facts)
    return told


def sets_of(songs: Sequence[Song], everything: Pictures, labels: Sequence[str]) -> dict[str, judging.Set]:
    """The pictures and classes of each split."""
    found = {}
    for split in dict.fromkeys(song.split for song in songs):
        chosen = [i for i, song in enumerate(songs) if song.split == split]
        classes = np.array([labels.index(songs[i].style) for i in chosen], np.int64)
        found[split] = judging.Set(everything.of(chosen), classes)
    return found


if __name__ == "__main__":
    sys.exit(main())
