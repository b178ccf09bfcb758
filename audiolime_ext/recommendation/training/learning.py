"""A training run: steps, what the held-out songs say now and then, and going on where it was stopped.

Where a recipe says so, the weights that are kept are those with which held-out songs were found best, and the run ends
when that has not become better for some evaluations.

Invariants: *the same material, recipe, seed and number of steps give the same weights* with one thread on one machine,
*wherever the run was stopped in between*: batches are numbered, and all that is carried from step to step is in the
checkpoint.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext.errors import CorruptError, ModelError
from audiolime_ext.files.names import legible
from audiolime_ext.files.plain import held
from audiolime_ext.progress.stages import Stage, stage
from audiolime_ext.recommendation.training.checkpoint import write_checkpoint
from audiolime_ext.recommendation.training.drawing import batch, held_out_chunks
from audiolime_ext.recommendation.training.material import Song
from audiolime_ext.recommendation.training.network import embed, embedded, info_nce, network, pytorch, recall
from audiolime_ext.recommendation.training.recipes import Recipe
from audiolime_ext.recommendation.training.result import Point

_EACH = 3  # chunks of each half of a held-out song
_EVALUATIONS = 24
_WARM_UP = 100  # steps at most
_SAVE_S = 20.0


class Run:
    """A training run: the network, the optimiser, and how far it is.

    Parameters
    ----------
    recipe : Recipe
        Recipe to follow.
    songs, held_out : sequence of Song
        Songs to train on, and songs by which the weights are chosen.
    seed : int
        Random seed.
    n_steps : int
        Number of steps that are planned.
    patience : int
        Number of evaluations without improvement after which the run ends.
    """

    def __init__(
        self, recipe: Recipe, songs: Sequence[Song], held_out: Sequence[Song], *, seed: int, n_steps: int, patience: int
    ) -> None:
        torch = pytorch()
        self.recipe, self.songs, self.seed, self.n_steps, self.patience = recipe, songs, seed, n_steps, patience
        self.chunks = held_out_chunks(held_out, recipe, each=_EACH)
        self.network: Any = network(recipe, seed)
        self.optimiser: Any = torch.optim.Adam(self.network.parameters(), lr=recipe.rate)
        self.history: list[Point] = []
        self.best: dict[str, Any] = {}
        self.step, self.best_step = 0, 0
        self._losses: list[float] = []
        self._n_timed = 0
        self._began = time.perf_counter()

    @property
    def every(self) -> int:
        """Number of steps between two evaluations."""
        return max(1, math.ceil(self.n_steps / _EVALUATIONS))

    @property
    def is_done(self) -> bool:
        """True once all steps are made, or nothing has improved for too long."""
        if not self.history or self.history[-1].step != self.step:
            return False
        waited = sum(point.step > self.best_step for point in self.history)
        return self.step >= self.n_steps or (self.recipe.best and waited >= self.patience)

    def go_on(self, path: Path, identity: Mapping[str, str]) -> None:
        """Train until it is done, and keep the checkpoint up to date."""
        if not self.history:
            self.evaluate()
            self.save(path, identity)
        with stage("training", self.n_steps, "step", before=self.step) as counting:
            while not self.is_done:
                self._until_evaluated(path, identity, counting)
                self.save(path, identity)

    def _until_evaluated(self, path: Path, identity: Mapping[str, str], counting: Stage) -> None:
        """Make the steps up to the next evaluation, and that."""
        saved, end = time.perf_counter(), min(self.n_steps, (self.step // self.every + 1) * self.every)
        last = self.history[-1]
        lost = "" if last.loss is None else f", loss {last.loss:.2f}"
        with stage(f"held-out recall {last.recall:.0%}{lost}", end, "step", before=self.step) as inner:
            while self.step < end:
                self.advance()
                counting.advance()
                inner.advance()
                if time.perf_counter() - saved > _SAVE_S:
                    self.save(path, identity)
                    saved = time.perf_counter()
        self.evaluate()

    def advance(self) -> None:
        """One step."""
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate()
        self.network.train()
        views = batch(self.songs, self.recipe, self.seed, self.step)
        one, other = (embed(self.network, self.recipe, view) for view in views)
        loss = info_nce(one, other, self.recipe)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self._losses.append(float(loss.detach()))
        self._n_timed += 1
        self.step += 1
        if not math.isfinite(self._losses[-1]):
            raise ModelError(f"the loss is no number after {self.step} steps; take a recipe with a lower rate")

    def _rate(self) -> float:
        if not self.recipe.cosine:
            return self.recipe.rate
        warm_up = min(_WARM_UP, max(1, self.n_steps // 10))
        if self.step < warm_up:
            return self.recipe.rate * (self.step + 1) / warm_up
        return self.recipe.rate * 0.5 * (1 + math.cos(math.pi * (self.step - warm_up) / max(1, self.n_steps - warm_up)))

    def evaluate(self) -> None:
        """Listen to the held-out songs; the weights are kept, unless others are to be that found them better."""
        one, other = (embedded(self.network, self.recipe, chunks) for chunks in self.chunks)
        elapsed_s = time.perf_counter() - self._began
        point = Point(
            self.step,
            float(np.mean(self._losses)) if self._losses else None,
            recall(one, other, _EACH),
            self._n_timed / elapsed_s if self._n_timed and elapsed_s > 0 else None,
        )
        highest = max((earlier.recall for earlier in self.history), default=0.0)
        if not self.recipe.best or point.recall >= highest:
            self.best_step = self.step
            self.best = {name: value.clone() for name, value in self.network.state_dict().items()}
        self.history.append(point)
        self._losses, self._n_timed, self._began = [], 0, time.perf_counter()

    def kept(self) -> Any:
        """The network with the weights that are kept."""
        found: Any = network(self.recipe, self.seed)
        found.load_state_dict(self.best)
        return found.eval()

    def save(self, path: Path, identity: Mapping[str, str]) -> None:
        """Write all that is needed to go on."""
        tensors = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        tensors |= {f"best.{name}": value for name, value in self.best.items()}
        for i, state in self.optimiser.state_dict()["state"].items():
            tensors |= {f"adam.{i}.{name}": value for name, value in state.items()}
        plain = {"identity": dict(identity), "step": self.step, "best_step": self.best_step, "n_steps": self.n_steps}
        history = [asdict(point) for point in self.history]
        write_checkpoint(path, tensors, {**plain, "history": history, "losses": self._losses})

    def restore(self, tensors: Mapping[str, Any], state: Mapping[str, Any], path: Path) -> None:
        """Go back to where a checkpoint was written.

        Raises
        ------
        CorruptError
            If it does not hold what `save` writes.
        """
        try:
            self.step, self.best_step = held(state["step"], int), held(state["best_step"], int)
            self.history = held(state["history"], list[Point])
            self._losses = held(state["losses"], list[float])
            self.network.load_state_dict(_within(tensors, "network."))
            self.best = _within(tensors, "best.")
            adam: dict[int, dict[str, Any]] = {}
            for name, value in _within(tensors, "adam.").items():
                number, _, what = name.partition(".")
                adam.setdefault(int(number), {})[what] = value
            groups = self.optimiser.state_dict()["param_groups"]
            self.optimiser.load_state_dict({"state": adam, "param_groups": groups})
        except (KeyError, ValueError, RuntimeError, TypeError) as error:
            raise CorruptError(f"{legible(path)} is no checkpoint of this run ({error}); delete it") from error


def _within(tensors: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def steps_in(minutes: float, make: Callable[[int], Run]) -> int:
    """How many steps fit into some minutes, by a trial of a few seconds whose weights are thrown away."""
    trial = make(1)
    trial.advance()  # the first is slow
    began = time.perf_counter()
    while time.perf_counter() - began < 3.0 or trial.step < 4:
        trial.advance()
    step_s = (time.perf_counter() - began) / (trial.step - 1)
    began = time.perf_counter()
    trial.evaluate()
    evaluation_s = time.perf_counter() - began
    return max(1, int((60 * minutes - _EVALUATIONS * evaluation_s) / step_s))
