"""Whether a stem makes songs alike, or only how loud it is: the level check of `audiolime_ext.explanation.checks`.

It asks about more mixes, so not about every window: of five, spread over those that sound and have the stem that leads,
the values are averaged.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from audiolime_ext.components.game import Game
from audiolime_ext.explanation.checks import Checks, LevelCheck, check_level
from audiolime_ext.explanation.leading import Leading
from audiolime_ext.prediction.asking import predict
from audiolime_ext.prediction.targets import Target
from audiolime_ext.text import counted
from audiolime_ext.track.asked import AskedTrack
from audiolime_ext.track.windows import N_WINDOWS, Answer


def level_remarks(asked: AskedTrack, target: Target, found: Leading, name: str) -> list[str]:
    """That level explains most of what the stem that leads does, where it does; nothing where none leads.

    Parameters
    ----------
    asked : AskedTrack
        Song whose windows are asked about.
    target : Target
        Target that is explained, of one value.
    found : Leading
        Knowledge of the song's stems.
    name : str
        Name of the value in sentences.
    """
    if not found.known:
        return []
    source = found.sources[found.first[0]]
    having = [answer for answer in asked.answers if answer.names == found.sources]
    if not having:
        return []
    some = [having[i] for i in np.unique(np.linspace(0, len(having) - 1, N_WINDOWS).astype(int))]
    level = _mean([_checked(asked, answer, target) for answer in some])
    near = some[0].neighborhood
    scores = np.mean([target.apply(answer.neighborhood.scores) for answer in some], axis=0)
    said = Checks(level=level).remarks(name, 0, replace(near, scores=scores), source)
    of_windows = "" if len(some) == 1 else f", the mean of {counted(len(some), 'window')}"
    return [f"{remark} (by the score with its length frozen{of_windows})" for remark in said]


def _checked(asked: AskedTrack, answer: Answer, target: Target) -> LevelCheck:
    built = asked.asking.components((answer.start_s, answer.duration_s))
    model, grid = asked.asking.model, built.grid
    game = Game.of(built, model, known=answer.neighborhood, progress=False).of_values(target.apply)
    return check_level(built, game, lambda mixes: target.apply(predict(model, grid.cut(mixes))))


def _mean(checks: list[LevelCheck]) -> LevelCheck:
    remaining = 10 * np.log10(np.mean([10 ** (np.array(check.remaining_db) / 10) for check in checks], axis=0))
    values = ("without", "at_level", "restored")
    means = {name: np.mean([getattr(check, name) for check in checks], axis=0) for name in values}
    return LevelCheck(checks[0].sources, tuple(remaining.tolist()), **means)
