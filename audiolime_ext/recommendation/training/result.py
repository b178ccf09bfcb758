"""What a training brought: the model's file, and how the training went."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from audiolime_ext.display import Plotted
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import legible
from audiolime_ext.files.plain import from_json, held, require
from audiolime_ext.files.reading import text_of
from audiolime_ext.text import counted

if TYPE_CHECKING:
    from audiolime_ext.prediction.contract import Model

SCHEMA_VERSION = 1
FILE_NAME, SPEC = "history.json", "onnx:"


@dataclass(frozen=True)
class Point:
    """How far a training was at a step.

    Parameters
    ----------
    step : int
        Number of steps that were made.
    loss : float or None
        Mean loss since the point before; None before the first step.
    recall : float
        Share of chunks of held-out songs, altered as in training, that found their song first, between 0 and 1.
    steps_per_s : float or None
        Steps in a second since the point before; None before the first step.
    """

    step: int
    loss: float | None
    recall: float
    steps_per_s: float | None = None


class _Told(TypedDict):
    """What `TrainedEmbedding.to_dict` says, less what follows from the rest."""

    schema_version: int
    model: str
    recipe: dict[str, Any]
    history: list[Point]
    best_step: int
    n_steps: int
    n_songs: int
    n_held_out: int
    seed: int
    material: str
    notes: list[str]
    left_out: list[str]


@dataclass(frozen=True, eq=False)
class TrainedEmbedding(Plotted):
    """An embedding that was trained, and how that went.

    Parameters
    ----------
    path : Path
        File of the model, ONNX.
    recipe : mapping of str to any
        Recipe, as plain values.
    history : tuple of Point
        Points at which the held-out songs were listened to.
    best_step : int
        Step whose weights were kept: the last or, where the recipe says so, that of the highest recall.
    n_steps : int
        Number of steps that were planned; fewer were made where nothing improved.
    n_songs, n_held_out : int
        Numbers of songs that were trained on, and of songs that were held out.
    seed : int
        Random seed.
    material : str
        Digest of what was trained on.
    run : Path
        Folder of the run: material, checkpoint, history.
    notes : tuple of str
        Sentences on what was left out, and on what else to know.
    left_out : tuple of str
        Songs that could not be used, all of them, each with the reason.
    """

    path: Path
    recipe: Mapping[str, Any] = field(repr=False)
    history: tuple[Point, ...] = field(repr=False)
    best_step: int
    n_steps: int
    n_songs: int
    n_held_out: int
    seed: int
    material: str = field(repr=False)
    run: Path = field(repr=False)
    notes: tuple[str, ...] = field(default=(), repr=False)
    left_out: tuple[str, ...] = field(default=(), repr=False)

    @property
    def spec(self) -> str:
        """Spec string of the model: ``onnx:PATH``."""
        return f"{SPEC}{os.fspath(self.path)}"

    @property
    def model(self) -> Model:
        """The model, ready to be asked."""
        from audiolime_ext.prediction.loading import load_model

        return load_model(self.spec)

    @property
    def chance(self) -> float:
        """The recall of guessing."""
        return 1 / self.n_held_out

    @property
    def best(self) -> Point:
        """The point whose weights were kept."""
        return next(point for point in self.history if point.step == self.best_step)

    def __str__(self) -> str:
        songs = f"{counted(self.n_songs, 'song')}, {self.n_held_out} more held out"
        made = self.history[-1].step
        stopped = "" if made == self.n_steps else f" of {self.n_steps}, as nothing improved"
        first, best = self.history[0], self.best
        fast = [point.steps_per_s for point in self.history if point.steps_per_s]
        speed = f", {sum(fast) / len(fast):.2g} a second" if fast else ""
        lines = [
            f"{self.spec}: an embedding of {self.recipe['n_features']} values, trained by the recipe "
            f"{self.recipe['name']} on {songs}",
            f"{counted(made, 'step')}{stopped}{speed}; the weights of step {self.best_step} are kept",
            f"a chunk of a held-out song finds its own song first, among {self.n_held_out}, in {best.recall:.0%} of "
            f"cases (untrained {first.recall:.0%}, by chance {self.chance:.0%})",
        ]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    @classmethod
    def load(cls, run: str | os.PathLike[str]) -> TrainedEmbedding:
        """How a training went, from the folder of its run: to draw the curves another day.

        Parameters
        ----------
        run : str or path
            Folder of a run that came to its end, or the JSON of a training (its ``history.json``, or what ``--json``
            printed), wherever that lies by now.

        Raises
        ------
        UsageError
            If there is no such file, or it tells no training.

        Examples
        --------
        >>> import json, tempfile
        >>> history = (Point(0, None, 0.1), Point(50, 2.0, 0.6))
        >>> trained = TrainedEmbedding(Path("own.onnx"), {"name": "parts"}, history, 50, 50, 90, 10, 0, "", Path("own"))
        >>> with tempfile.TemporaryDirectory() as run:
        ...     _ = Path(run, "history.json").write_text(json.dumps(trained.to_dict()))
        ...     TrainedEmbedding.load(run).best.recall
        0.6
        """
        file = Path(run, FILE_NAME) if Path(run).is_dir() else Path(run)
        try:
            told = held(from_json(text_of(file)), _Told)
            require(f"it is of schema version {told['schema_version']}", told["schema_version"] == SCHEMA_VERSION)
            require("no song was held out", told["n_held_out"] > 0)
            require("its best step is not in its history", told["best_step"] in [one.step for one in told["history"]])
        except (OSError, ValueError) as error:
            raise UsageError(
                f"{legible(file)} does not tell how a training went ({error}); name the folder of a run that came to "
                f"its end, which holds {FILE_NAME}"
            ) from error
        return cls(
            Path(told["model"].removeprefix(SPEC)), told["recipe"], tuple(told["history"]), told["best_step"],
            told["n_steps"], told["n_songs"], told["n_held_out"], told["seed"], told["material"], file.parent,
            tuple(told["notes"]), tuple(told["left_out"]),
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {
            "schema_version": SCHEMA_VERSION,
            "model": self.spec,
            "recipe": dict(self.recipe),
            "seed": self.seed,
            "n_steps": self.n_steps,
            "best_step": self.best_step,
            "n_songs": self.n_songs,
            "n_held_out": self.n_held_out,
            "recall": self.best.recall,
            "chance": self.chance,
            "material": self.material,
            "run": legible(self.run),
            "history": [asdict(point) for point in self.history],
            "notes": list(self.notes),
            "left_out": list(self.left_out),
        }
