"""The same question by intervention: does a class fall without a concept's sound, and rise where it is added?

A gradient says where a logit would go if a layer moved; taking a patch out of its window, or adding it to another
song's (`audiolime_ext.concepts.measurement.elsewhere`), says what the model does. Where they disagree, the intervention
is what happened. In the songs on which a concept is tested, its members are the patches that lie nearer to its middle
than to that of any other cluster of its class. For each song the mean change by one of them stands beside that by any
patch of the same energy: louder patches change more, whatever they are. So changes are compared within thirds of the
patches' energy. The p-value is that of changing which patches of a song, within a third, are the members (a permutation
within songs). All concepts and classes see the same permutations.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.attribution.intervals import t_quantile
from audiolime_ext.concepts.discovery.drawing import Numbers
from audiolime_ext.concepts.judgement.cavs import Floats
from audiolime_ext.concepts.judgement.tcav import p_value
from audiolime_ext.gradients.relevance import mean_intervals

Members = NDArray[np.bool_]

N_PERMUTED = 10_000
FEWEST_SONGS = 5
_N_LEVELS = 3


@dataclass(frozen=True)
class Removed:
    """What taking a concept's patches out does to a class.

    Parameters
    ----------
    effect : float
        Mean over songs of the logits by which the class is lower without a member.
    low, high : float
        Ends of its 95 % interval, Student's over songs.
    other : float
        The same of any patch of these songs, as loud as the members.
    p : float
        Permutation p of the difference of the two.
    n_songs, n_patches : int
        Number of songs with a member, and of members.
    """

    effect: float
    low: float
    high: float
    other: float
    p: float
    n_songs: int
    n_patches: int

    @property
    def beyond(self) -> float:
        """How much more the class changes than by any patch as loud."""
        return self.effect - self.other

    @property
    def p_of_both(self) -> float:
        """The larger p-value of two: that of what goes beyond patches as loud, and that of the effect itself.

        The second is Student's over songs. Patches that do nothing fall behind others as loud where one of those does
        much, which is no effect of theirs; and where the two have different signs, nothing is shown (1).
        """
        from scipy.special import stdtr

        if self.effect * self.beyond <= 0:
            return 1.0
        dof = self.n_songs - 1
        error = (self.high - self.low) / 2 / t_quantile(0.975, dof)
        return max(self.p, float(2 * stdtr(dof, -abs(self.effect) / error)) if error > 0 else 0.0)


class Added(Removed):
    """What adding a concept's patches to songs of other classes does to a class; fields as `Removed` has them.

    Its `effect` is the mean over songs, from which the patches are, of the logits by which the class is *higher* with a
    member. So both effects are positive where a concept raises a class.
    """


Told = TypeVar("Told", bound=Removed)


def nearest(activations: Floats, middles: Floats) -> Numbers:
    """The middle that each patch lies nearest to, shape (n_patches,)."""
    distances = np.square(middles).sum(axis=1) - 2 * activations @ middles.T
    return np.asarray(distances.argmin(axis=1))


@dataclass(frozen=True, eq=False)
class Exchange:
    """Which patches of a song may stand for each other: those of the same third by energy.

    Parameters
    ----------
    songs, cells : ndarray of int, shape (n_patches,)
        Song of each patch, and a number for its song and third.
    places : ndarray of int, shape (n_patches, n_permuted)
        Patch whose place each takes, within its cell.
    """

    songs: Numbers
    cells: Numbers = field(repr=False)
    places: Numbers = field(repr=False)

    @classmethod
    def of(cls, energies: Floats, songs: Numbers, *, seed: int = 0, n_permuted: int = N_PERMUTED) -> Exchange:
        """Permutations within the thirds of each song, by the patches' energies and songs, each (n_patches,)."""
        numbers = np.unique(songs, return_inverse=True)[1]
        cells, rng = _cells(energies, numbers), np.random.default_rng(seed)
        places = np.empty((len(cells), n_permuted), np.intp)
        for cell in np.unique(cells):
            own = np.flatnonzero(cells == cell)
            places[own] = own[rng.random((n_permuted, len(own))).argsort(axis=1)].T
        return cls(numbers, cells, places)

    def told(self, members: Members, changes: Floats, kind: type[Told]) -> tuple[Told, ...]:
        """What a concept's patches do to each class; empty where fewer than five songs have a member.

        Parameters
        ----------
        members : ndarray of bool, shape (n_patches,)
            True for members.
        changes : ndarray of float64, shape (n_patches, n_classes)
            Logits by which each class is lower without each patch, or higher with it; NaN: not known.
        kind : {Removed, Added}
            Kind of the intervention.

        Examples
        --------
        >>> songs, members = np.repeat(np.arange(8), 10), np.arange(80) % 10 == 0
        >>> changes = np.where(members, 2.0, 0.1) + np.random.default_rng(0).normal(0, 0.01, 80)
        >>> (found,) = Exchange.of(np.ones(80), songs).told(members, changes[:, None], Removed)
        >>> round(found.effect, 1), round(found.other, 1), found.p < 0.01
        (2.0, 0.6, True)
        """
        known = np.asarray(np.isfinite(changes).all(axis=1))
        with_some, counts = np.unique(self.songs[members & known], return_counts=True)
        if len(with_some) < FEWEST_SONGS:
            return ()
        chosen = np.flatnonzero(members & known)
        weights = 1 / (counts[np.searchsorted(with_some, self.songs[chosen])] * len(with_some))
        expected = self._expected(np.where(known[:, None], changes, 0), known)
        of_song = (self.songs[chosen] == with_some[:, None]) * weights * len(with_some)
        own, other = of_song @ changes[chosen], weights @ expected[chosen]
        residuals = np.where(known[:, None], changes - expected, 0)
        null = np.zeros((self.places.shape[1], changes.shape[1]))
        for patch, weight in zip(chosen, weights, strict=True):
            null += weight * residuals[self.places[patch]]
        beyond, ends = weights @ residuals[chosen], mean_intervals(own, 0.95)
        assert ends is not None  # of five songs or more
        effects, lows, highs, others = (one.tolist() for one in (own.mean(axis=0), *ends, other))
        ps = [p_value(float(beyond[k]), null[:, k]) for k in range(len(beyond))]
        numbers = zip(effects, lows, highs, others, ps, strict=True)
        return tuple(kind(*five, len(with_some), len(chosen)) for five in numbers)

    def _expected(self, changes: Floats, known: Members) -> Floats:
        """The mean change of each patch's cell, shape (n_patches, n_classes)."""
        sums = np.zeros((self.cells.max() + 1, changes.shape[1]))
        np.add.at(sums, self.cells, changes)
        counts = np.bincount(self.cells, known, minlength=len(sums))
        return np.asarray((sums / np.maximum(counts, 1)[:, None])[self.cells])


def _cells(energies: Floats, songs: Numbers) -> Numbers:
    """A number for each song and third of its patches by energy."""
    level = np.empty(len(energies), np.intp)
    for song in np.unique(songs):
        own = np.flatnonzero(songs == song)
        ranks = np.argsort(np.argsort(energies[own], kind="stable"), kind="stable")
        level[own] = ranks * _N_LEVELS // len(own)
    return songs * _N_LEVELS + level
