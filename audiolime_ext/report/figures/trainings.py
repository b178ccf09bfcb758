"""How a training went: the recall of held-out songs, beside chance, and the loss, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.training.result import TrainedEmbedding
from audiolime_ext.report.figures.sheet import Panel, Room, Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HEIGHT_IN = 1.4
_FOUND, _LOSS = "#0072B2", "#D55E00"


def curves(found: TrainedEmbedding, labels: Sequence[str | int] | None, room: Room) -> Sheet:
    """Recall and loss over the steps; the weights that are kept are marked.

    Raises
    ------
    UsageError
        If labels are asked for.
    """
    if labels is not None:
        raise UsageError("a training has no labels; leave labels out")
    beside = ["100"]
    kept = f"weights of step {found.best_step} are kept, {found.best.recall:.0%}"
    title = room.title("held-out songs found by a chunk of theirs", f"{kept}; dashed: chance", beside=beside)
    panels = [Panel(_HEIGHT_IN, partial(_recall, found, room), title)]
    if any(point.loss is not None for point in found.history):
        panels.append(Panel(_HEIGHT_IN, partial(_loss, found, room), room.title("loss", beside=beside)))
    return Sheet(tuple(panels), of="curve")


def _recall(found: TrainedEmbedding, room: Room, axis: Axes) -> None:
    steps, recalls = [point.step for point in found.history], [100 * point.recall for point in found.history]
    axis.plot(steps, recalls, color=_FOUND, linewidth=2 * room.style.line)
    axis.plot([found.best_step], [100 * found.best.recall], "o", color=_FOUND, markersize=0.6 * room.style.points)
    axis.axhline(100 * found.chance, color=room.style.ink, linewidth=room.style.line, linestyle=(0, (4, 3)))
    axis.set_ylim(0, 105)
    axis.set_ylabel("%")
    axis.set_xlabel("step")


def _loss(found: TrainedEmbedding, room: Room, axis: Axes) -> None:
    known = [(point.step, point.loss) for point in found.history if point.loss is not None]
    axis.plot(*zip(*known, strict=True), color=_LOSS, linewidth=2 * room.style.line)
    axis.set_ylim(bottom=0)
    axis.set_xlabel("step")
