"""Training that can be interrupted: an epoch is one pass over all pictures, in batches of 16.

Each time that a picture is shown it begins elsewhere (its end is moved to its beginning), is up to 6 dB louder or
softer, and has passed an equaliser that is drawn (5 dB at six points), but for the founding recipe: no two SoundFonts
are equally bright. All that is drawn in an epoch is drawn by the seed and its number, so that a resumed run sees what
an undisturbed one would have seen. What is kept in the end are the weights of the epoch with the smallest loss in
validation. The twin *without masking* is trained alike, but every version of its pictures is the picture itself.

RUN/checkpoint.pt holds what training needs to go on, RUN/best.pt the weights, RUN/history.json the losses.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, pi
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional
from tqdm import tqdm

from audiolime_ext.errors import UsageError
from audiolime_ext.files.fresh import fresh_file, make_folder, write_bytes
from audiolime_ext.files.names import legible
from audiolime_ext.files.plain import from_json, to_json
from audiolime_ext.files.reading import text_of
from examples.genre_classifier.bars import KINDS, blackened, drawn
from examples.genre_classifier.network import WHITE, Plan, ResNet, freeze, load_imagenet

BATCH = 16
LEVEL_DB, EQUALISER_DB, N_KNOTS = 6.0, 5.0, 6
Floats = NDArray[np.float32]
Batch = tuple[Floats, NDArray[np.int64]]


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Parameters
    ----------
    masked
        True if versions of pictures have bars.
    n_epochs
        Number of epochs.
    rate
        Learning rate of Adam.
    falling
        True if the rate falls to 0 as half a cosine does; else it stays.
    views
        4: every batch has four pictures in all four versions (`KINDS`), as the founding recipe has it; 1: 16 pictures,
        each in a version that is drawn.
    varied
        True if a picture begins elsewhere, at another level and equalised otherwise, each time that it is shown.
    weights
        Path of ImageNet's weights, with which only the parts `UNFROZEN` learn; None: all is trained from random ones.
    seed
        Draws everything.
    """

    masked: bool = True
    n_epochs: int = 40
    rate: float = 1e-3
    views: int = 1
    varied: bool = True
    falling: bool = True
    weights: str | None = None
    seed: int = 0

    def rate_in(self, epoch: int) -> float:
        """The learning rate of an epoch, which are counted from 0."""
        return self.rate * (0.5 + 0.5 * cos(pi * epoch / self.n_epochs) if self.falling else 1)


FOUNDING = Recipe(n_epochs=50, rate=1e-4, views=4, varied=False, falling=False)


def batches(values: Floats, classes: NDArray[np.int64], recipe: Recipe, epoch: int) -> Iterator[Batch]:
    """The batches of an epoch: pictures and their classes."""
    rng = np.random.default_rng([recipe.seed, epoch])
    order = rng.permutation(len(values))
    n_songs = BATCH // recipe.views
    for at in range(0, len(order), n_songs):
        some = np.repeat(order[at : at + n_songs], recipe.views)
        if len(some) < 2:
            continue  # batch normalisation needs two
        every = np.tile(np.arange(len(KINDS)), len(some))[: len(some)]
        kinds = every if recipe.views == len(KINDS) else rng.integers(0, len(KINDS), len(some))
        bars = [drawn(KINDS[kind], values.shape[1], rng) for kind in kinds]
        shown = [varied(values[i], rng) if recipe.varied else values[i] for i in some]
        made = [blackened(one, own if recipe.masked else ()) for one, own in zip(shown, bars, strict=True)]
        yield np.stack(made), classes[some]


def varied(picture: Floats, rng: np.random.Generator) -> Floats:
    """A picture that begins elsewhere, at another level and through another equaliser; what is black stays black."""
    n_bands = picture.shape[1]
    knots = rng.uniform(-LEVEL_DB, LEVEL_DB) + rng.normal(0, EQUALISER_DB, N_KNOTS)
    gains_db = np.interp(np.linspace(0, N_KNOTS - 1, n_bands), np.arange(N_KNOTS), knots)
    power = 10 ** (WHITE * np.roll(picture, int(rng.integers(len(picture))), axis=0)) - 1
    return np.asarray(np.log10(1 + 10 ** (gains_db / 10) * power) / WHITE, np.float32)


class Training:
    """A network in training, with what it needs to go on."""

    def __init__(self, plan: Plan, recipe: Recipe) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.network = recipe, ResNet(plan)
        if recipe.weights is not None:
            load_imagenet(self.network, Path(recipe.weights))
            freeze(self.network)
        learning = [weight for weight in self.network.parameters() if weight.requires_grad]
        self.optimiser = torch.optim.Adam(learning, lr=recipe.rate)
        self.history: list[dict[str, Any]] = []

    def epoch(self, values: Floats, classes: NDArray[np.int64]) -> float:
        """One more; its mean loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe.rate_in(len(self.history))
        self.network.train()
        for part in self.network.modules():  # what does not learn stays as it is, its running means, too
            if isinstance(part, torch.nn.BatchNorm2d) and not part.weight.requires_grad:
                part.eval()
        losses = []
        for pictures, targets in batches(values, classes, self.recipe, len(self.history)):
            loss = functional.cross_entropy(self.network(torch.from_numpy(pictures)), torch.from_numpy(targets))
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            losses.append(float(loss.detach()) * len(targets))
        return sum(losses) / len(values) / self.recipe.views

    def save(self, folder: Path) -> None:
        """All of it; the weights apart if they are the best yet."""
        write_bytes(to_json({"recipe": dataclasses.asdict(self.recipe), "epochs": self.history}, indent=1).encode(),
                    folder / "history.json")  # fmt: skip
        state = {"network": self.network.state_dict(), "optimiser": self.optimiser.state_dict()}
        if self.history[-1]["valid_loss"] == min(one["valid_loss"] for one in self.history):
            _write(state["network"], folder / "best.pt")
        _write({**state, "history": self.history, "recipe": self.named}, folder / "checkpoint.pt")

    @property
    def named(self) -> dict[str, Any]:
        """What a checkpoint must be of: the recipe and the plan."""
        plan = dataclasses.asdict(self.network.plan)
        return {**dataclasses.asdict(self.recipe), **plan, "labels": list(plan["labels"])}

    def resume(self, folder: Path) -> None:
        """Go on from what is there, if there is something.

        Raises
        ------
        UsageError
            If the folder holds a training by another recipe, or of another network.
        """
        if not (folder / "checkpoint.pt").exists():
            return
        state = torch.load(folder / "checkpoint.pt", map_location="cpu", weights_only=True)
        if state["recipe"] != self.named:
            raise UsageError(
                f"{legible(folder)} holds a training by another recipe or of another network; name another folder"
            )
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.history = state["history"]


def _write(state: Any, path: Path) -> None:
    with fresh_file(path) as temporary:
        torch.save(state, temporary)


def answers(network: ResNet, values: Floats) -> Floats:
    """Logits (n, n_labels) of pictures."""
    network.eval()
    with torch.no_grad():
        parts = [network(torch.from_numpy(values[at : at + 64])).numpy() for at in range(0, len(values), 64)]
    return np.concatenate(parts)


def train(folder: Path, plan: Plan, recipe: Recipe, train_set: Batch, valid_set: Batch) -> ResNet:
    """The network of the best epoch; what is there is gone on from."""
    make_folder(folder)
    training = Training(plan, recipe)
    training.resume(folder)
    todo = range(len(training.history), recipe.n_epochs)
    for number in tqdm(todo, desc=folder.name, unit="epoch", disable=None, leave=False):
        loss = training.epoch(*train_set)
        logits = answers(training.network, valid_set[0])
        lost = float(functional.cross_entropy(torch.from_numpy(logits), torch.from_numpy(valid_set[1])))
        right = float((logits.argmax(axis=1) == valid_set[1]).mean())
        told = {"epoch": number + 1, "train_loss": loss, "valid_loss": lost, "valid_accuracy": right}
        training.history.append({name: round(value, 5) for name, value in told.items()})
        training.save(folder)
    return best(folder, plan)


def best(folder: Path, plan: Plan) -> ResNet:
    """The network of a training's best epoch."""
    network = ResNet(plan)
    network.load_state_dict(torch.load(folder / "best.pt", map_location="cpu", weights_only=True))
    return network.eval()


def history(folder: Path) -> list[dict[str, float]]:
    """The losses of a training, epoch by epoch."""
    found: list[dict[str, float]] = from_json(text_of(folder / "history.json"))["epochs"]
    return found
