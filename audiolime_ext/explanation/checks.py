"""What else could make the score: level, absence, the excerpt's start, chance. Each asks the model a few more times.

- *Level.* Removing a stem also makes the mix softer, and models move with level alone. Two controls undo one half of a
  removal each: the whole mix made as soft as it is without the stem (softer, and nothing is missing), and what is left
  made as loud as the whole mix (the stem is missing, and nothing is softer). A model that goes by level answers to the
  first as to the removal, to the second as to the recording. Where each explains more than half of what the removal of
  a label's heaviest stem does, level alone may be the reason, and that is said. A share means the same for scores of
  any size and for log-odds and contrasts.
- *Absence.* A wrong "piano" for a guitar without drums is explained by what is missing, which no weight of a present
  component can show. So the stems of donors that the excerpt lacks are added to it, one at a time.
- *The shift.* "Exact" is not "certain": the excerpt shifted by a quarter of a second moves the weights a little. This
  spread is no sampling error and is shown apart from it.
- *Chance.* A model may answer differently when it is asked again; see `audiolime_ext.prediction.repeatability`.

The half was chosen on 88 level listeners (11 kinds: loudness, decibels, peaks, thresholds, …, on 8 excerpts of true
stems) and 396 others (energy of a band or a stem, linear, logistic or thresholded, AND and XOR of two, rhythm,
spectral shape): a smaller share accuses more of the others (30 at .3), a larger one misses more level listeners (78 at
.6). It was judged on other listeners (9 kinds of level, other bands), other songs and other parts of one song; both are
repeated by ``tests/studies/level_note.py``::

                                            chosen on            judged on
    remark at                            level   others       level   others
    ±6 dB moves the score by .1         76 / 88  161 / 396    72 / 72  164 / 403
    the softer mix explains half        81 / 88   60 / 396    56 / 72   79 / 403
    each control explains half          81 / 88   22 / 396    56 / 72   49 / 403

No listener to a stem's level is among the accused; they are bands that the stems share in equal parts, so that their
level is all that a removal changes, and thresholds on such bands. Level listeners that are missed are those that no
single stem moves, or moves upwards by leaving.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Samples, level_db
from audiolime_ext.components.components import Components
from audiolime_ext.components.game import Game
from audiolime_ext.components.masks import Neighborhood
from audiolime_ext.explanation.arguing import AUDIBLE_DB
from audiolime_ext.factorization.stems import RESIDUAL
from audiolime_ext.prediction.repeatability import N_TO_TELL, Noise
from audiolime_ext.text import counted

LEVEL_EXPLAINS = 0.5
FAINT = 0.01  # of the range of values over all masks: a removal that does less has nothing to be explained
MISSING_MOVES = 0.25  # of that range: as much as a stem that counts does (a convention)
ROUNDING = 1e-6  # of the largest value
BEYOND_NOISE = 4.0  # standard deviations of an answer: three of the difference of two
SHIFT_S = 0.25

Array = NDArray[np.float64]
Ask = Callable[[Samples], Array]  # signals (n, n_channels, n_samples) as the model hears them -> values (n, n_values)
WeightsAt = Callable[[float], Array]  # start in seconds -> weights (n_values, n_components)


@dataclass(frozen=True, eq=False)
class LevelCheck:
    """How the values change with level alone.

    Parameters
    ----------
    sources : tuple of str
        Names of the stems that were removed.
    remaining_db : tuple of float
        Level of the mix without each stem, in dB relative to the whole mix.
    without : ndarray of float64, shape (n_sources, n_values)
        Values without each stem.
    at_level : ndarray of float64, shape (n_sources, n_values)
        Values of the whole mix made as soft as the mix without each stem.
    restored : ndarray of float64, shape (n_sources, n_values), or None
        Values of the mix without each stem, made as loud as the whole mix; None in results of earlier versions.
    """

    sources: tuple[str, ...]
    remaining_db: tuple[float, ...]
    without: Array = field(repr=False)
    at_level: Array = field(repr=False)
    restored: Array | None = field(default=None, repr=False)

    def explains(self, source: str, column: int, here: float) -> float:
        """The share of a stem's removal effect that level explains, by the control that explains less of it.

        NaN where there is no such effect, or nothing audible is left without the stem.
        """
        at = self.sources.index(source)
        without, effect = float(self.without[at, column]), here - float(self.without[at, column])
        if self.restored is None or effect == 0 or self.remaining_db[at] <= AUDIBLE_DB:
            return math.nan
        softer, louder = here - float(self.at_level[at, column]), float(self.restored[at, column]) - without
        return min(softer / effect, louder / effect)


def n_level_evals(components: Components, game: Game) -> int:
    """How many predictions `check_level` takes beyond the evaluated masks."""
    return 2 * len(components.sources) + game.n_unknown(_removals(components))


def check_level(components: Components, game: Game, ask: Ask) -> LevelCheck:
    """Values without each stem (known where that mask was evaluated), and of the two controls for each."""
    whole = components.heard_mixes(np.ones((1, components.n), bool))[0]
    rest = components.heard_mixes(_removals(components))
    remaining = [level_db(mix, whole) for mix in rest]
    gains = (10 ** (np.array(remaining) / 20))[:, None, None].astype(np.float32)
    softer, louder = np.split(ask(np.concatenate([gains * whole, rest / gains])), 2)
    return LevelCheck(components.sources, tuple(remaining), game(_removals(components)), softer, louder)


def _removals(components: Components) -> NDArray[np.bool_]:
    return np.stack([~components.mask(source) for source in components.sources])


@dataclass(frozen=True, eq=False)
class Missing:
    """What a stem that the excerpt lacks would do.

    Parameters
    ----------
    component, donor : str
        Names of the stem and of the recording that it was taken from.
    values : ndarray of float64, shape (n_values,)
        Values of the excerpt with this stem added.
    """

    component: str
    donor: str
    values: Array = field(repr=False)


def _stem_levels(components: Components) -> dict[str, float]:
    mixture = components.heard.sum(axis=0)
    pairs = zip(components.stems.names, components.heard, strict=True)
    return {name: level_db(stem, mixture) for name, stem in pairs}


def absent_stems(components: Components, donors: Sequence[Components]) -> list[tuple[str, Components]]:
    """Stems that a donor has and the excerpt lacks, or holds below −40 dB of its mix."""
    present = {name for name, db in _stem_levels(components).items() if db > AUDIBLE_DB} | {RESIDUAL}
    levels = [(donor, name, db) for donor in donors for name, db in _stem_levels(donor).items()]
    return [(name, donor) for donor, name, db in levels if name not in present and db > AUDIBLE_DB]


def nothing_absent(components: Components, donors: Sequence[Components]) -> str:
    """Why no stem of the donors could be tried, in words."""
    here = _stem_levels(components)
    theirs = dict.fromkeys(name for donor in donors for name in donor.stems.names if name != RESIDUAL)
    found = [f"{name} is here at {here[name]:.0f} dB" for name in theirs if here.get(name, -math.inf) > AUDIBLE_DB]
    found += [f"no donor has an audible {name}" for name in theirs if here.get(name, -math.inf) <= AUDIBLE_DB]
    return (
        f"nothing was tried as missing: a source is absent where it lies below {AUDIBLE_DB:g} dB of the mix (what a "
        f"separator leaks counts as the source), and {', '.join(found)}"
    )


def check_missing(components: Components, absent: Sequence[tuple[str, Components]], ask: Ask) -> tuple[Missing, ...]:
    """Add each absent stem to the excerpt, at the ratio of stem to mix that it has in its own recording."""
    whole = components.heard_mixes(np.ones((1, components.n), bool))[0]
    signals = []
    for name, donor in absent:
        gain = np.float32(10 ** (level_db(whole, donor.heard.sum(axis=0)) / 20))
        signals.append(whole + gain * donor.heard[donor.stems.names.index(name)])
    values: Any = ask(np.stack(signals)) if signals else []
    return tuple(Missing(name, donor.recording_name, row) for (name, donor), row in zip(absent, values, strict=True))


def shifted_starts(start_s: float, duration_s: float, total_s: float) -> list[float]:
    """The excerpt's start a quarter of a second earlier and later, where the recording has it."""
    return [s for s in (start_s - SHIFT_S, start_s + SHIFT_S) if s >= 0 and s + duration_s <= total_s]


@dataclass(frozen=True, eq=False)
class Checks:
    """The checks that were made within the budget.

    Arrays have a row, or a column, for each of `Explanation.all_labels` (n_values), whichever labels were asked for.

    Parameters
    ----------
    n_spare : int
        Number of evaluations that the budget still allows.
    n_evals : int
        Number of evaluations that the checks have taken.
    level : LevelCheck or None
        Result of the level check; None where it was not asked for or could not be made.
    missing : tuple of Missing
        Results for the stems that the excerpt lacks; empty where none was tried.
    shifts : ndarray of float64, shape (n_values, n_components), or None
        Largest change of each weight in the shifted excerpts, see `Explanation.shift_spread`; None where they were not
        asked about.
    left_out : tuple of str
        Sentences that say which checks could not be made, and why.
    noise : Noise or None
        Differences between the model's answers to the same mix; None where it was not asked again.
    """

    n_spare: int = 0
    n_evals: int = 0
    level: LevelCheck | None = None
    missing: tuple[Missing, ...] = ()
    shifts: Array | None = field(default=None, repr=False)
    left_out: tuple[str, ...] = ()
    noise: Noise | None = None

    def _paid(self, what: str, cost: int, check: Callable[[], dict[str, Any]], *, takes_all: bool = False) -> Checks:
        """These and a check, where enough is left; `takes_all`: a sample of mixes takes up a larger budget, too."""
        if cost > self.n_spare:
            left = f"it needs {counted(cost, 'evaluation')}, the budget leaves {self.n_spare}"
            sampled = "the weights come from a sample of mixes, which takes up the budget"
            beside = "it can be made beside exact weights (fewer segments, or a larger budget)"
            return self._without(f"the {what} was left out: {f'{sampled}; {beside}' if takes_all else left}")
        return replace(self, n_spare=self.n_spare - cost, n_evals=self.n_evals + cost, **check())

    def _without(self, note: str) -> Checks:
        return replace(self, left_out=(*self.left_out, note))

    def with_noise(self, measure: Callable[[int], Noise]) -> Checks:
        """These and whether the model answers alike when it is asked again; from the most predictions to the answer."""
        noise = measure(max(self.n_spare, N_TO_TELL))
        left = max(0, self.n_spare - noise.n_evals)
        return replace(self, n_spare=left, n_evals=self.n_evals + noise.n_evals, noise=noise)

    def with_level(self, components: Components, game: Game, ask: Ask) -> Checks:
        """These and `check_level`."""
        cost = n_level_evals(components, game)
        return self._paid("level check", cost, lambda: {"level": check_level(components, game, ask)})

    def with_missing(
        self, components: Components, donors: Sequence[Components], ask: Ask, *, takes_all: bool = False
    ) -> Checks:
        """These and `check_missing`; `takes_all`: a sample of mixes takes up any budget."""
        absent = absent_stems(components, donors)
        if not absent:
            return self._without(nothing_absent(components, donors))
        return self._paid(
            "check for missing sources",
            len(absent),
            lambda: {"missing": check_missing(components, absent, ask)},
            takes_all=takes_all,
        )

    def with_shifts(
        self,
        weights: Array,
        starts: Sequence[float],
        n_masks: int,
        weights_at: WeightsAt,
        *,
        takes_all: bool = False,
    ) -> Checks:
        """These and how far the weights move in excerpts that start at other times."""

        def spread() -> dict[str, Any]:
            others = [found for start in starts if (found := weights_at(start)).shape == weights.shape]
            return {"shifts": np.max([np.abs(other - weights) for other in others], axis=0) if others else None}

        cost = n_masks * len(starts)
        found = self._paid("shift check", cost, spread, takes_all=takes_all) if starts else self
        if found.shifts is not None or found.left_out != self.left_out:
            return found
        why = f"the recording does not go on for {SHIFT_S:g} s before or after the excerpt"
        other = f"the components are not the same {SHIFT_S:g} s earlier and later"
        return found._without(f"the shift check was left out: {other if starts else why}")

    def remarks(self, name: str, column: int, neighborhood: Neighborhood, heaviest: str | None) -> list[str]:
        """What they say about a label, whatever its values are.

        Parameters
        ----------
        name, column : str, int
            Label, and its position among the values.
        neighborhood : Neighborhood
            Masks that were evaluated, with their values.
        heaviest : str or None
            Stem that weighs most for the label; None where none does.
        """
        values = neighborhood.scores[:, column]
        here, reach = float(values[-1]), float(np.ptp(values))
        noise = 0.0 if self.noise is None else BEYOND_NOISE * float(self.noise.sd[column])
        nothing = max(ROUNDING * float(np.abs(values).max()), noise)
        found = []
        if self.level is not None and heaviest is not None:
            found += self._level_remark(self.level, name, column, here, heaviest, max(FAINT * reach, nothing))
        if self.missing:
            found += self._missing_remarks(name, column, here, max(MISSING_MOVES * reach, nothing))
        if self.shifts is not None:
            (moved,) = written([float(self.shifts[column].max())])
            found.append(
                f"{name}: the weights change by up to {moved} when the excerpt is shifted "
                f"({SHIFT_S:g} s earlier and later)"
            )
        return found

    def _level_remark(
        self, level: LevelCheck, name: str, column: int, here: float, source: str, least: float
    ) -> list[str]:
        at = level.sources.index(source)
        without = float(level.without[at, column])
        share = level.explains(source, column, here)
        if level.restored is None or abs(here - without) <= least or not share > LEVEL_EXPLAINS:
            return []
        softer, louder = float(level.at_level[at, column]), float(level.restored[at, column])
        said = written([here, without, softer, louder])
        return [
            f"{name}: this may be the level and not {source}: without {source} {said[1]}, the whole mix made as soft "
            f"as that {said[2]}, what is left made as loud as the mix {said[3]} (here {said[0]})"
        ]

    def _missing_remarks(self, name: str, column: int, here: float, least: float) -> list[str]:
        found = []
        for missing in self.missing:
            there = float(missing.values[column])
            if abs(there - here) > least:
                said, without = written([there, here])
                found.append(
                    f"{name}: missing {missing.component}: with those of {missing.donor} the score is {said} "
                    f"({without} without)"
                )
        if not found:
            tried = ", ".join(f"{one.component} of {one.donor}" for one in self.missing)
            (most,) = written([max(abs(float(one.values[column]) - here) for one in self.missing)])
            found.append(f"{name}: of what is missing here ({tried}) nothing moves the score by more than {most}")
        return found


def written(values: Sequence[float]) -> list[str]:
    """Values with as many decimals as tell them apart: two, or more where they are small.

    Examples
    --------
    >>> written([0.5, 0.314]), written([0.0021, 0.0034]), written([0.004])
    (['0.50', '0.31'], ['0.0021', '0.0034'], ['0.004'])
    """
    apart = max(values) - min([*values, 0.0] if len(values) == 1 else values)
    digits = 2 if apart >= 0.02 or apart < ROUNDING else min(6, math.ceil(-math.log10(apart)) + (len(values) > 1))
    return [f"{value:.{max(2, digits)}f}" for value in values]
