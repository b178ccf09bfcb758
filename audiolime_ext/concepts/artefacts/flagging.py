"""All that is suspect of every concept: each is held to the checks of `audiolime_ext.concepts.artefacts.checks`.

What a concept is compared with are the other patches of its class, in the songs in which it was found. Two checks need
more than the patches' places:

- "place": the patch's mask was put on another song's audio (`audiolime_ext.concepts.measurement.elsewhere`). Patches
  stay where what is heard then lies nearer to the concept's middle than to that of any other cluster of the class.
  Silent patches are left out, as there is nothing to put elsewhere.
- augmentation: "what the augmentation does" where it moves windows towards the concept
  (`audiolime_ext.concepts.artefacts.augmenting`); "augmentation's bar" where patches are silent and the augmentation is
  one that silences; "augmentation's place" where it leaves less than 1 % of the patches' energy in one draw or more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.concepts.artefacts.augmenting import Moved
from audiolime_ext.concepts.artefacts.checks import Flag, Placed, compared, few, flags, of_a_place
from audiolime_ext.concepts.interventions.removing import Members, nearest
from audiolime_ext.concepts.judgement.cavs import Floats
from audiolime_ext.concepts.measurement.measuring import Measured
from audiolime_ext.concepts.measurement.records import Entry
from audiolime_ext.concepts.measurement.traits import Traits

SILENCED = 0.01  # of a patch's energy: what is left of one that an augmentation silences


@dataclass(frozen=True, eq=False)
class FirstHalf:
    """The patches of the songs in which a class's concepts were found, in the order of the clusters' numbers.

    Parameters
    ----------
    placed : tuple of (Entry, Patch)
        Song and place of each.
    lands : ndarray of int, shape (n_patches,)
        Number of the cluster that each comes to lie in under another song's audio; −1: not asked, or silent.
    silenced : ndarray of bool, shape (n_patches,)
        True where the augmentation silences it.
    traits : dict of str to Traits
        Key of each song → its traits.
    """

    placed: tuple[Placed, ...]
    lands: NDArray[np.intp]
    silenced: Members
    traits: dict[str, Traits]

    @classmethod
    def of(cls, known: Sequence[tuple[Entry, Measured]], middles: Floats) -> FirstHalf:
        """From what was measured of its songs, and the middles of the class's clusters."""
        placed = tuple((entry, patch) for entry, found in known for patch in found.patches)
        lands = [
            np.full(len(found.patches), -1)
            if found.elsewhere is None
            else np.where([one.silent for one in found.patches], -1, nearest(found.elsewhere.astype(float), middles))
            for _, found in known
        ]
        silenced = [
            np.zeros(len(found.patches), bool) if found.left is None else (found.left <= SILENCED).any(axis=1)
            for _, found in known
        ]
        traits = {entry.key: found.traits for entry, found in known}
        return cls(placed, np.concatenate(lands), np.concatenate(silenced), traits)

    def flags(self, members: NDArray[np.intp], number: int, *, silences: bool, moved: Moved | None) -> tuple[Flag, ...]:
        """What is suspect of one concept.

        Parameters
        ----------
        members : ndarray of int
            Patches of it.
        number : int
            Number of its cluster.
        silences : bool
            True if there is an augmentation, and it silences patches.
        moved : Moved or None
            Movement of windows by the augmentation; None: there is none.
        """
        own = np.isin(np.arange(len(self.placed)), members)
        mine, others = ([self.placed[i] for i in np.flatnonzero(side)] for side in (own, ~own))
        found = flags(mine, others, self.traits)
        asked = self.lands >= 0
        stays, comes = ((self.lands[side & asked] == number).tolist() for side in (own, ~own))
        found += [*of_a_place(stays, comes), *few(len(members), len(self.placed))]
        if silences:
            bars = ([patch.silent for _, patch in some] for some in (mine, others))
            found += compared("augmentation's bar", "are the black bar of the augmentation, which silences", *bars)
            words = "lie where the augmentation silences, in a draw or more of three"
            found += compared("augmentation's place", words, *(self.silenced[side].tolist() for side in (own, ~own)))
        return (*found, *([] if moved is None else does(moved)))


def does(moved: Moved) -> list[Flag]:
    """A flag where an augmentation moves windows towards a concept, more than towards random ones."""
    if not moved.discovered or moved.towards <= 0:
        return []
    text = (
        f"the augmentation moves the windows of {moved.of} towards it by {moved.towards:.2g}, and towards random "
        f"concepts by {moved.low:.2g} to {moved.high:.2g} (p = {moved.p:.2g})"
    )
    return [Flag("what the augmentation does", text, moved.share, moved.elsewhere)]


def all_flags(
    concepts: Mapping[str, tuple[str, int, NDArray[np.intp]]],
    halves: Mapping[str, FirstHalf],
    moved: Sequence[Moved] = (),
) -> dict[str, tuple[Flag, ...]]:
    """What is suspect of each concept; empty where nothing is.

    Parameters
    ----------
    concepts : mapping of str to (str, int, ndarray of int)
        Name of each concept → its class, the number of its cluster, and its patches.
    halves : mapping of str to FirstHalf
        First half of each class.
    moved : sequence of Moved
        Movements by an augmentation.
    """
    of = {one.concept: one for one in moved}
    silences = any(half.silenced.any() for half in halves.values())
    return {
        name: halves[label].flags(members, number, silences=silences, moved=of.get(name))
        for name, (label, number, members) in concepts.items()
    }


def first_halves(
    entries: Sequence[Entry], measured: Sequence[Measured], first: Sequence[bool], middles: Mapping[str, Floats]
) -> dict[str, FirstHalf]:
    """The first half of each class, from all songs and whether concepts were found in them."""
    found = {}
    for label, own in middles.items():
        some = [(entry, measured[i]) for i, entry in enumerate(entries) if entry.label == label and first[i]]
        found[label] = FirstHalf.of(some, own)
    return found
