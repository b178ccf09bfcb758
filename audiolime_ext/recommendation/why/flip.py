"""What would have to change for another song to win: the smallest change of a stem by which B comes before A.

A *margin* says of a vector of the whole song whether B comes before A: it is above 0 where B does. It may be any
function, such as the difference of two similarities (`nearer`), or of two nearnesses that are corrected for hubs. One
stem of the song is turned up or down by some dB, the model is asked about every window that sounds, and the margin of
the mean of its answers decides.

*What is told was heard by the model*; nothing is concluded from the Shapley vectors φ alone. With x the song's vector,
they let expect the vector x + (gain − 1) φ, and only say which stem and direction to begin with. (A stem that is taken
out may well do the opposite of one that is made softer.) Only where no single stem is enough are several turned
together, by the same number of dB, each in the direction in which B gains: the two of largest effect, then three, and
so on, where they need at least 1 dB less. The effect of a stem is margin(x + φ/4) − margin(x − φ/4).

*How small is smallest?* All stems, up and down, are changed by `step_db`, then by twice as much, and so on, until B
wins. Between that change and the one before, the limit is searched for down to a quarter of a dB, and all others are
tried at 1 dB less. So

- at a quarter of a dB less, the change that is told does not put B first;
- no other stem does it at any multiple of `step_db` below that change;
- where each stem has one limit beyond which B wins, as margins have that rise or fall throughout, the change that is
  told is the smallest one to 1 dB. A margin that is above 0 only between two neighbouring multiples is not found.

Stems that lie 60 dB below the song are not turned. A stem that is taken out altogether is told beside: the answers to
all masks are known, so that asks nothing. (In songs of more than ten stems masks are a sample, and it does.)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from audiolime_ext.audio.silence import SILENT_DB
from audiolime_ext.collection.song_parts import parts_of
from audiolime_ext.errors import UsageError
from audiolime_ext.prediction.contract import Scores
from audiolime_ext.recommendation.space import Space
from audiolime_ext.recommendation.why.flipped import Flip
from audiolime_ext.recommendation.why.trials import CLOSE, RESOLUTION_DB, Margin, Trial, Trials, Vector, Ways, measured
from audiolime_ext.track.asked import AskedTrack
from audiolime_ext.track.remix import Remix

MOST_DB = 12.0
STEP_DB = 4.0

_SHARE = 0.25  # of a stem, more or less, by which effects are compared


def find_flip(
    asked: AskedTrack,
    margin: Margin,
    *,
    most_db: float = MOST_DB,
    step_db: float = STEP_DB,
    songs: tuple[str, str] = ("A", "B"),
) -> Flip:
    """The smallest change of one stem, or of several together, by which B comes before A.

    Parameters
    ----------
    asked : AskedTrack
        Song whose stems are turned, as `heard_in_stems` asks about it.
    margin : callable
        Function from a vector of the whole song, float64 (n_outputs,), to a number above 0 where B comes before A. For
        a vector without a direction it may answer NaN or raise `UsageError`: then neither does.
    most_db : float
        Largest change in dB, a multiple of 0.25.
    step_db : float
        Distance in dB of the changes that are tried first, a multiple of 0.25.
    songs : tuple of (str, str)
        Names of A and B, for the sentence.

    Raises
    ------
    UsageError
        If a number of dB is no such multiple, something else than silence plays in place of stems that are off, or the
        song as it is has no margin.
    ModelError
        If the model fails.

    Examples
    --------
    >>> from audiolime_ext import tagger
    >>> from audiolime_ext.collection.song_parts import heard_in_stems
    >>> from factorizations.oracle import OracleFactorization
    >>> low, high = (np.tile(np.array(s, np.float32), 8000) for s in ([1, 1, 1, 1], [1, -1, 1, -1]))
    >>> oracle = OracleFactorization({"low": (low, 8000), "high": (high / 2, 8000)})
    >>> bands = tagger(lambda b: np.stack([b.mean(axis=1), (b[:, ::2] - b[:, 1::2]).mean(axis=1) / 2], axis=1))
    >>> flip = find_flip(heard_in_stems(oracle.mixture, bands, oracle, cache=False), lambda v: v[1] - v[0])
    >>> print(flip)
    with low 6.25 dB softer, B would come before A; without low it would, too
    >>> flip.margin_before, round(flip.margin_after, 3), flip.n_evals
    (-0.5, 0.013, 11)
    """
    most, step = _quarters(most_db, "most_db"), _quarters(step_db, "step_db")
    if asked.asking.settings.baseline != "silence":
        raise UsageError("stems are turned up and down, so what is off is silent; ask with baseline='silence'")
    remix = Remix(asked)
    before = float(margin(asked.whole.outputs.full))
    if math.isnan(before):
        raise UsageError("the margin of the song as it is is not a number, so no change can be measured against it")
    trials = Trials(remix, margin, before, step)
    with trials.progress():
        without = _without(trials)
        found = None if before > 0 else _found(trials, most)
    changes_db = {} if found is None else found.changes_db
    return Flip(
        songs,
        {stem: changes_db[stem] for stem in asked.whole.names if stem in changes_db},
        before,
        None if found is None else found.margin,
        without,
        float(most_db),
        float(step_db),
        trials.n_evals,
        0 if found is None else _of_most_effect(remix, found.outputs),
        remix,
    )


def nearer(space: Space, b: Vector, a: Vector) -> Margin:
    """The margin of two songs by similarity: how much nearer a vector's direction is to B's than to A's.

    Parameters
    ----------
    space : Space
        Space in which songs are compared.
    b, a : ndarray of float64, shape (n_features,)
        Vectors of the two songs.

    Raises
    ------
    UsageError
        If one of them has no direction, or is of another model.
    """
    between = space.direction(b, "the vector of B") - space.direction(a, "the vector of A")

    return lambda vector: float(space.direction(vector, "the song's vector") @ between)


@dataclass(frozen=True, eq=False)
class _Forecast:
    """What the Shapley vectors let expect, where `parts` has those of the stems that are heard."""

    margin: Margin
    whole: Vector
    parts: Mapping[str, Vector]

    @classmethod
    def of(cls, asked: AskedTrack, margin: Margin) -> _Forecast:
        found = parts_of(asked.whole)
        stems = zip(found.names, asked.whole.levels_db, found.vectors[1:], strict=True)
        return cls(margin, found.whole, {stem: part for stem, level_db, part in stems if level_db > SILENT_DB})

    def expected(self, ways: Ways, quarters: int) -> float:
        """The margin to expect of a change of one stem; −inf where there is none."""
        ((stem, way),) = ways.items()
        gain = 10 ** (way * quarters * RESOLUTION_DB / 20)
        margin = measured(self.margin, self.whole + (gain - 1) * self.parts[stem])
        return margin if math.isfinite(margin) else -math.inf

    def together(self) -> list[Ways]:
        """The two stems of largest effect, then three, and so on, each in the direction in which B gains."""
        effects = {stem: self._effect(part) for stem, part in self.parts.items()}
        ordered = sorted(effects, key=lambda stem: -abs(effects[stem]))
        return [{stem: 1 if effects[stem] >= 0 else -1 for stem in ordered[:n]} for n in range(2, len(ordered) + 1)]

    def _effect(self, part: Vector) -> float:
        effect = measured(self.margin, self.whole + _SHARE * part) - measured(self.margin, self.whole - _SHARE * part)
        return effect if math.isfinite(effect) else 0.0


def _found(trials: Trials, most: int) -> Trial | None:
    """The smallest change of one stem; where there is none, of as few together as do it."""
    forecast = _Forecast.of(trials.remix.asked, trials.margin)
    singles: list[Ways] = [{stem: way} for stem in forecast.parts for way in (1, -1)]
    expected = [forecast.expected(ways, min(trials.step, most)) for ways in singles]
    if (found := trials.smallest(singles, expected, most)) is not None:
        return found
    for ways in forecast.together():
        limit = most if found is None else found.quarters - CLOSE
        if limit > 0:
            found = trials.smallest([ways], [0.0], limit) or found
    return found


def _without(trials: Trials) -> dict[str, float]:
    """The margin of the song without each stem."""
    game = trials.remix.asked.whole
    if len(game.names) == 1:
        return {}
    found = {}
    for stem, off in zip(game.names, np.eye(len(game.names), dtype=bool), strict=True):
        known = game.outputs.answer(~off)
        found[stem] = trials.asked({stem: -math.inf}).margin if known is None else measured(trials.margin, known)
    return found


def _of_most_effect(remix: Remix, outputs: Scores) -> int:
    """The window whose answer moves furthest along with the mean of all."""
    moved = outputs - np.stack([answer.neighborhood.full for answer in remix.windows])
    return int(np.argmax(moved @ moved.mean(axis=0)))


def _quarters(db: float, name: str) -> int:
    quarters = db / RESOLUTION_DB
    if not (math.isfinite(quarters) and quarters >= 1 and quarters == round(quarters)):
        raise UsageError(f"{name} is a multiple of {RESOLUTION_DB} dB above 0, such as 12, not {db!r}")
    return round(quarters)
