"""Given concepts beside discovered ones: what each is to every class, by gradients and, for stems, without its sound.

A given concept has no class of its own, so every class is asked, and their tests are a family of their own in the
false-discovery control. The songs that it was made of (`audiolime_ext.concepts.given.sides`) lie in the half on which
no concept is tested. Of a stem it is also known what a class does without it, beside any patch as loud in the same
songs (`audiolime_ext.concepts.interventions.removing`): an intervention, which needs no gradients. The others have
nothing to take out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from audiolime_ext.concepts.discovery.drawing import Numbers
from audiolime_ext.concepts.given.asked import Asked, Kind
from audiolime_ext.concepts.given.sides import FEWEST, Half, sides_of
from audiolime_ext.concepts.interventions.removing import Exchange, Removed
from audiolime_ext.concepts.judgement.cavs import Floats
from audiolime_ext.concepts.judgement.testing import JudgedConcept, tried, with_discoveries
from audiolime_ext.concepts.measurement.measuring import Measured
from audiolime_ext.concepts.measurement.records import Entry, Identity
from audiolime_ext.progress.stages import stage
from audiolime_ext.text import counted


@dataclass(frozen=True)
class Given:
    """A concept that was given.

    Parameters
    ----------
    name : str
        Name of the concept.
    kind : "sounds", "stem", "feature" or "label"
        Kind of it.
    text : str
        Words on what it is made of.
    n_units : int
        Number of units that stand for it: files or songs.
    """

    name: str
    kind: Kind
    text: str
    n_units: int


@dataclass(frozen=True, eq=False)
class Answers:
    """What came of given concepts.

    Parameters
    ----------
    given : tuple of Given
        Concepts.
    tested : tuple of JudgedConcept
        Each of them and every class, by gradients; without those that could not be tested.
    removals : mapping of (str, str) to Removed
        Stem's concept and class → what taking it out does; only where enough songs have it.
    notes : tuple of str
        Sentences on what else to know.
    """

    given: tuple[Given, ...] = ()
    tested: tuple[JudgedConcept, ...] = ()
    removals: dict[tuple[str, str], Removed] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def divided(
    identity: Identity,
    entries: Sequence[Entry],
    measured: Sequence[Measured],
    first: Sequence[bool],
    model: Any,
    seed: int,
) -> tuple[Half, list[tuple[Entry, Measured]]]:
    """The songs that given concepts are made of, and those that they are tested on."""
    known = list(zip(entries, measured, first, strict=True))
    own = [(entry, found) for entry, found, in_first in known if in_first]
    half = Half(identity, tuple(entry for entry, _ in own), tuple(found for _, found in own), model, seed)
    return half, [(entry, found) for entry, found, in_first in known if not in_first]


def given_tested(
    asked: Sequence[Asked],
    half: Half,
    others: Sequence[tuple[Entry, Measured]],
    gradients: Mapping[str, tuple[Floats, Numbers]] | None,
    *,
    n_null: int,
    strength: float,
) -> Answers:
    """Test given concepts.

    Parameters
    ----------
    asked : sequence of Asked
        Concepts that are asked for.
    half : Half
        Songs that they are made of.
    others : sequence of (Entry, Measured)
        Songs that they are tested on.
    gradients : as for `audiolime_ext.concepts.judgement.testing.all_tested`, or None
        Gradients of each class's logit in the other songs; None: the model has none.
    n_null : int
        Number of random concepts for each.
    strength : float
        Strength of the regressions' regularisation.

    Raises
    ------
    UsageError
        If what is asked for is not there, or the model that hears it is not at hand.
    """
    given, tested, notes = [], [], list[str]()
    removals: dict[tuple[str, str], Removed] = {}
    with stage("testing given concepts", len(asked), "concept") as counting:
        for one in asked:
            sides = sides_of(one, half, n_null=n_null)
            given.append(Given(one.name, one.kind, one.text, sides.n_units))
            notes += [f"{one.name}: {note}" for note in sides.notes]
            if one.kind == "stem":
                removals |= _without(one, half, others)
            if sides.trial is None:
                few = counted(sides.n_units, "unit stands", "units stand")
                notes.append(f"{one.name}: {few} for it, and {FEWEST} are needed; it is not tested")
            elif gradients is None:
                notes.append(f"{one.name}: {_NO_GRADIENTS[one.kind == 'stem']}")
            else:
                tested += tried(sides.activations, sides.songs, sides.trial, gradients, strength=strength)
            counting.advance(1)
    return Answers(tuple(given), tuple(with_discoveries(tested)), removals, tuple(notes))


_NO_GRADIENTS = {
    True: "the model cannot be differentiated, so it is tested by taking the stem out alone",
    False: "the model cannot be differentiated, and there is no sound of it to take out, so it is not tested",
}


def _without(asked: Asked, half: Half, others: Sequence[tuple[Entry, Measured]]) -> dict[tuple[str, str], Removed]:
    """What each class does in its own songs without a stem."""
    found: dict[tuple[str, str], Removed] = {}
    for column, label in enumerate(half.identity.labels):
        own = [song for entry, song in others if entry.label == label]
        patches = [patch for song in own for patch in song.patches]
        members = np.array([(one.split, one.name) == (asked.place, asked.what) for one in patches], bool)
        if not members.any():
            continue
        removals = np.concatenate([song.removals[:, [column]] for song in own]).astype(np.float64)
        songs = np.repeat(np.arange(len(own)), [len(song.patches) for song in own])
        exchange = Exchange.of(np.array([one.share for one in patches]), songs, seed=half.seed)
        if told := exchange.told(members, removals, Removed):
            found[asked.name, label] = told[0]
    return found
