"""What else could make the score: level, absence, the moment. Each asks the model a few more times, and says how often.

- *Level.* Removing a stem also makes the mix softer, and taggers move with level alone. Beside each removal stands the
  score of the whole mix at the level that remained, and a warning where ±6 dB moves the score by more than .1.
- *Absence.* A wrong "piano" for a guitar without drums is explained by what is missing, which no weight of a present
  component can show. So the stems of donors that the excerpt lacks are added to it, one at a time.
- *The moment.* "Exact" is not "certain": the excerpt shifted by a quarter of a second moves the weights a little. This
  spread is no sampling error and is shown apart from it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio import Samples, level_db
from audiolime_ext.components import Components
from audiolime_ext.factorization import RESIDUAL
from audiolime_ext.perturbation import Neighborhood

AUDIBLE_DB = -40.0
STEP_DB = 6.0
MOVES_WITH_LEVEL = 0.1
SHIFT_S = 0.25

Array = NDArray[np.float64]
Ask = Callable[[Samples], Array]  # signals (n, n_channels, n_samples) as the tagger hears them -> values (n, n_labels)
WeightsAt = Callable[[float], Array]  # start in seconds -> weights (n_labels, n_components)


@dataclass(frozen=True, eq=False)
class LevelCheck:
    """How the values move with level alone.

    Parameters
    ----------
    sources
        The stems that were removed.
    remaining_db
        Level of the mix without each, relative to the whole; shape (n_sources,).
    without
        Values without each stem, shape (n_sources, n_labels).
    at_level
        Values of the whole mix at that level, same shape.
    softer, louder
        Values of the whole mix at −6 dB and +6 dB, shape (n_labels,).
    """

    sources: tuple[str, ...]
    remaining_db: tuple[float, ...]
    without: Array = field(repr=False)
    at_level: Array = field(repr=False)
    softer: Array = field(repr=False)
    louder: Array = field(repr=False)


def n_level_evals(components: Components, neighborhood: Neighborhood) -> int:
    """How many predictions `check_level` takes beyond the evaluated masks."""
    return len(components.sources) + 2 + int((_rows(components, neighborhood) < 0).sum())


def check_level(components: Components, neighborhood: Neighborhood, ask: Ask) -> LevelCheck:
    """Values without each stem (looked up where that mask was evaluated), of the mix at that level, and at ±6 dB."""
    whole = components.heard_mixes(np.ones((1, components.n), bool))[0]
    rest = components.heard_mixes(_removals(components))
    remaining = [level_db(mix, whole) for mix in rest]
    gains = 10 ** (np.array([*remaining, -STEP_DB, STEP_DB]) / 20)
    rows = _rows(components, neighborhood)
    values = ask(np.concatenate([gains[:, None, None].astype(np.float32) * whole, rest[rows < 0]]))
    n = len(components.sources)
    without = neighborhood.scores[rows]
    without[rows < 0] = values[n + 2 :]
    return LevelCheck(components.sources, tuple(remaining), without, values[:n], values[n], values[n + 1])


def _removals(components: Components) -> NDArray[np.bool_]:
    return np.stack([~components.mask(source) for source in components.sources])


def _rows(components: Components, neighborhood: Neighborhood) -> NDArray[np.int64]:
    """Where the mask without each stem stands in the neighbourhood; −1 where it was not evaluated."""
    known = {row.tobytes(): i for i, row in enumerate(neighborhood.masks)}
    return np.array([known.get(row.tobytes(), -1) for row in _removals(components)])


@dataclass(frozen=True, eq=False)
class Missing:
    """What a stem that the excerpt lacks would do.

    Parameters
    ----------
    component, donor
        The stem and the recording it was taken from.
    values
        Values of the excerpt with it, shape (n_labels,).
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

    Parameters
    ----------
    n_spare
        Evaluations that the budget still allows.
    n_evals
        Evaluations that the checks have taken.
    level, missing, moments
        What they found; `moments` is the largest change of each weight, shape (n_labels, n_components). None or empty
        where a check was not asked for or not affordable.
    left_out
        The checks that the budget did not allow, in words.
    """

    n_spare: int = 0
    n_evals: int = 0
    level: LevelCheck | None = None
    missing: tuple[Missing, ...] = ()
    moments: Array | None = field(default=None, repr=False)
    left_out: tuple[str, ...] = ()

    def _paid(self, what: str, cost: int, check: Callable[[], dict[str, Any]]) -> Checks:
        if cost > self.n_spare:
            note = f"the {what} was left out: it needs {cost} evaluations, the budget leaves {self.n_spare}"
            return replace(self, left_out=(*self.left_out, note))
        return replace(self, n_spare=self.n_spare - cost, n_evals=self.n_evals + cost, **check())

    def with_level(self, components: Components, neighborhood: Neighborhood, ask: Ask) -> Checks:
        """These and `check_level`."""
        cost = n_level_evals(components, neighborhood)
        return self._paid("level check", cost, lambda: {"level": check_level(components, neighborhood, ask)})

    def with_missing(self, components: Components, donors: Sequence[Components], ask: Ask) -> Checks:
        """These and `check_missing`."""
        absent = absent_stems(components, donors)
        return self._paid(
            "check for missing sources", len(absent), lambda: {"missing": check_missing(components, absent, ask)}
        )

    def with_moments(self, weights: Array, starts: Sequence[float], n_masks: int, weights_at: WeightsAt) -> Checks:
        """These and how far the weights move where the excerpt starts at other moments."""

        def spread() -> dict[str, Any]:
            others = [found for start in starts if (found := weights_at(start)).shape == weights.shape]
            return {"moments": np.max([np.abs(other - weights) for other in others], axis=0) if others else None}

        return self._paid("moment-to-moment spread", n_masks * len(starts), spread)

    def remarks(self, name: str, column: int, here: float) -> list[str]:
        """What they say about a label: its score moves with level alone, a missing source would move it."""
        found = []
        if self.level is not None:
            moved = {-STEP_DB: float(self.level.softer[column]), STEP_DB: float(self.level.louder[column])}
            worst = max(moved, key=lambda step: abs(moved[step] - here))
            if abs(moved[worst] - here) > MOVES_WITH_LEVEL:
                at = f"{moved[worst]:.2f} at {worst:+.0f} dB"
                found.append(f"{name}: the score moves with level alone ({here:.2f} as it is, {at})")
        for missing in self.missing:
            there = float(missing.values[column])
            if abs(there - here) > MOVES_WITH_LEVEL:
                found.append(
                    f"{name}: missing {missing.component}: with those of {missing.donor} the score is "
                    f"{there:.2f} ({here:.2f} without)"
                )
        return found
