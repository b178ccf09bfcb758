"""What would have to change for another song to win: the smallest change of a stem by which B comes before A.

A *margin* says of a vector of the whole song whether B comes before A: it is above 0 where B does. It may be any
function, such as the difference of two similarities (`nearer`), or of two nearnesses that are corrected for hubs. One
stem of the song is turned up or down by some dB, the model is asked about every window that sounds, and the margin of
the mean of its answers decides.

*What is told was heard by the model*; nothing is concluded from the Shapley vectors φ alone. They only say where to
begin: x being the song's vector, the effect of a stem is margin(x + φ/4) − margin(x − φ/4), a quarter more of it less a
quarter less. The stem of the largest effect comes first, in the direction in which B gains. Only where no single stem
is enough are several turned together, by the same number of dB, each in its own direction: the two of largest effect,
then three, and so on.

*How small is smallest?* Of every stem (or set), up and down, the changes that are multiples of `step_db` are tried in
order, up to the smallest one found so far; where B wins at one and not at that before, their distance is halved down
to a quarter of a dB. So

- at a quarter of a dB less, the change that is told does not put B first;
- no other stem does it at any multiple of `step_db` below that change;
- where a margin is above 0 only between two neighbouring multiples, that is not found; where there is one limit beyond
  which B wins, as there is for a margin that rises, it is found to a quarter of a dB.

Stems that lie 60 dB below the song are not turned. A stem that is taken out altogether is told beside: the answers to
all masks are known, so that asks nothing. (In songs of more than ten stems masks are a sample, and it does.)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.silence import SILENT_DB
from audiolime_ext.collection.song_parts import parts_of
from audiolime_ext.errors import UsageError
from audiolime_ext.prediction.contract import Scores
from audiolime_ext.recommendation.space import Space
from audiolime_ext.recommendation.why.flipped import Flip
from audiolime_ext.track.asked import AskedTrack
from audiolime_ext.track.remix import Remix

Vector = NDArray[np.float64]
Margin = Callable[[Vector], float]
Ways = Mapping[str, int]  # stem → 1 louder, −1 softer

MOST_DB = 12.0
STEP_DB = 3.0
RESOLUTION_DB = 0.25

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
    (-0.5, 0.013, 12)
    """
    most, step = _quarters(most_db, "most_db"), _quarters(step_db, "step_db")
    if asked.asking.settings.baseline != "silence":
        raise UsageError("stems are turned up and down, so what is off is silent; ask with baseline='silence'")
    remix = Remix(asked)
    before = float(margin(asked.whole.outputs.full))
    if math.isnan(before):
        raise UsageError("the margin of the song as it is is not a number, so no change can be measured against it")
    trials = _Trials(remix, margin, step)
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
class _Trial:
    """What the model answered to a change: its outputs, (n_windows, n_outputs), and the margin of their mean."""

    changes_db: Mapping[str, float]
    outputs: Scores
    margin: float


@dataclass(eq=False)
class _Trials:
    """The model asked about changes, and the search for the smallest; changes are counted in quarters of a dB."""

    remix: Remix
    margin: Margin
    step: int
    n_evals: int = 0
    _bar: Any = None

    @contextmanager
    def progress(self) -> Iterator[None]:
        from tqdm import tqdm

        with tqdm(desc="turning stems", unit="mix", delay=1.0, disable=None, leave=False) as self._bar:
            yield

    def asked(self, changes_db: Mapping[str, float]) -> _Trial:
        outputs = self.remix.outputs(changes_db)
        self.n_evals += len(outputs)
        self._bar.update(len(outputs))
        return _Trial(changes_db, outputs, _measured(self.margin, outputs.mean(axis=0)))

    def turned(self, ways: Ways, quarters: int) -> _Trial:
        return self.asked({stem: way * quarters * RESOLUTION_DB for stem, way in ways.items()})

    def smallest(self, candidates: Iterable[Ways], most: int) -> _Trial | None:
        """The smallest change that puts B first, of all candidates; None where none does up to `most`."""
        found, limit = None, most
        for ways in candidates:
            if limit and (change := self._first(ways, limit)) is not None:
                found, limit = change[0], change[1] - 1
        return found

    def _first(self, ways: Ways, limit: int) -> tuple[_Trial, int] | None:
        below = 0
        for quarters in [*range(self.step, limit, self.step), limit]:
            if (trial := self.turned(ways, quarters)).margin > 0:
                return self._halved(ways, below, quarters, trial)
            below = quarters
        return None

    def _halved(self, ways: Ways, below: int, above: int, trial: _Trial) -> tuple[_Trial, int]:
        while above - below > 1:
            middle = (below + above) // 2
            tried = self.turned(ways, middle)
            if tried.margin > 0:
                above, trial = middle, tried
            else:
                below = middle
        return trial, above


def _measured(margin: Margin, vector: Vector) -> float:
    """The margin of an altered song; NaN where it has none. (A margin that is wrong failed for the song as it is.)"""
    try:
        return float(margin(vector))
    except UsageError:
        return math.nan


def _found(trials: _Trials, most: int) -> _Trial | None:
    """The smallest change of one stem; where there is none, of several together."""
    ways = _ways(trials.remix.asked, trials.margin)
    singles = [{stem: way} for stem, way in ways.items()]
    found = trials.smallest([*singles, *({stem: -way} for stem, way in ways.items())], most)
    sets = [dict(list(ways.items())[:size]) for size in range(2, len(ways) + 1)]
    return found or trials.smallest(sets, most)


def _ways(asked: AskedTrack, margin: Margin) -> Ways:
    """Stems that are heard, that of the largest effect first: 1 where B gains when it becomes louder, else −1."""
    parts = parts_of(asked.whole)
    effects = {}
    for stem, level_db, vector in zip(parts.names, asked.whole.levels_db, parts.vectors[1:], strict=True):
        if level_db > SILENT_DB:
            more, less = (_measured(margin, parts.whole + share * vector) for share in (_SHARE, -_SHARE))
            effects[stem] = more - less if math.isfinite(more - less) else 0.0
    ordered = sorted(effects, key=lambda stem: -abs(effects[stem]))
    return {stem: 1 if effects[stem] >= 0 else -1 for stem in ordered}


def _without(trials: _Trials) -> dict[str, float]:
    """The margin of the song without each stem."""
    game = trials.remix.asked.whole
    if len(game.names) == 1:
        return {}
    found = {}
    for stem, off in zip(game.names, np.eye(len(game.names), dtype=bool), strict=True):
        known = game.outputs.answer(~off)
        found[stem] = trials.asked({stem: -math.inf}).margin if known is None else _measured(trials.margin, known)
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
