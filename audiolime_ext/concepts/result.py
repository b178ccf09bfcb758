"""What was found of concepts: what they are, what they mean to each class, and what is suspect of them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audiolime_ext.collection.engine.jobs import Failure
from audiolime_ext.concepts import saved, telling
from audiolime_ext.concepts.artefacts.augmenting import Moved
from audiolime_ext.concepts.artefacts.checks import Flag
from audiolime_ext.concepts.discovery.discovering import Cluster
from audiolime_ext.concepts.discovery.grouping import Groups
from audiolime_ext.concepts.given.tested import Given
from audiolime_ext.concepts.interventions.deciding import Changed
from audiolime_ext.concepts.interventions.intervening import JudgedBySound, disagreements
from audiolime_ext.concepts.interventions.removing import Added, Removed
from audiolime_ext.concepts.judgement.testing import JudgedConcept
from audiolime_ext.concepts.measurement.patches import Patch
from audiolime_ext.concepts.measurement.records import Entry, Identity
from audiolime_ext.extras import require
from audiolime_ext.files.fresh import write_bytes
from audiolime_ext.files.plain import to_json

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False)
class Discovered:
    """A concept that was found in a class.

    Parameters
    ----------
    number : int
        Number of its cluster among those of the class, from 0.
    of : str
        Class of its patches.
    cluster : Cluster
        Patches of it, by their place in the class's half.
    patches : tuple of (Entry, Patch)
        Song and place of each patch, the nearest to the middle (the prototype) first.
    """

    number: int
    of: str
    cluster: Cluster = field(repr=False)
    patches: tuple[tuple[Entry, Patch], ...] = field(repr=False)

    @property
    def name(self) -> str:
        """Its class and a number, from 1."""
        return f"{self.of} {self.number + 1}"


@dataclass(frozen=True, eq=False)
class Concepts:
    """What a classifier has learnt of some classes.

    Parameters
    ----------
    identity : Identity
        Identity of the store.
    kept : tuple of Discovered
        Concepts.
    dropped : tuple of (str, Cluster)
        Class and cluster of what is no concept, with its reason.
    tested : tuple of JudgedConcept
        Every concept and every class, by gradients; empty where the model has none. Of given concepts `of` is "".
    removals : mapping of (str, str) to Removed
        Concept and class → what taking its patches out of its own class's songs does; only where enough songs have one.
    failures : tuple of Failure
        Songs that could not be measured.
    seed : int
        Random seed.
    notes : tuple of str
        Sentences on what else to know.
    additions : mapping of (str, str) to Added
        Concept and class → what adding its patches to songs of other classes does; empty without controls.
    heard : tuple of JudgedBySound
        Every concept and every class, by these interventions; only where enough songs have one.
    changed : mapping of str to Changed
        Concept → decisions that change when one of its patches is taken out.
    again : mapping of str to tuple of (Entry, Patch)
        Concept → patches that lie nearest to its middle in the songs of its class on which it is tested.
    flags : mapping of str to tuple of Flag
        Concept → what is suspect of it; empty where nothing is.
    moved : tuple of Moved
        Movements towards each concept by the augmentation; empty where none was given.
    groups : Groups or None
        Concepts that lead the same way, across classes; None: there are too few concepts, or no groups, as a note says.
    returning : mapping of str to float
        Share of other seeds in which each concept is found again, by its name.
    given : tuple of Given
        Concepts that were given.
    """

    identity: Identity
    kept: tuple[Discovered, ...]
    dropped: tuple[tuple[str, Cluster], ...] = field(repr=False)
    tested: tuple[JudgedConcept, ...] = field(repr=False)
    removals: dict[tuple[str, str], Removed] = field(repr=False)
    failures: tuple[Failure, ...]
    seed: int
    notes: tuple[str, ...] = ()
    additions: dict[tuple[str, str], Added] = field(default_factory=dict, repr=False)
    heard: tuple[JudgedBySound, ...] = field(default=(), repr=False)
    changed: dict[str, Changed] = field(default_factory=dict, repr=False)
    again: dict[str, tuple[tuple[Entry, Patch], ...]] = field(default_factory=dict, repr=False)
    flags: dict[str, tuple[Flag, ...]] = field(default_factory=dict, repr=False)
    moved: tuple[Moved, ...] = field(default=(), repr=False)
    groups: Groups | None = None
    returning: dict[str, float] = field(default_factory=dict, repr=False)
    given: tuple[Given, ...] = ()

    @property
    def significant(self) -> tuple[JudgedConcept, ...]:
        """What is significant for its own class, the largest effect first."""
        own = [one for one in self.tested if one.of == one.label and one.verdict == "significant"]
        return tuple(sorted(own, key=lambda one: -abs(one.effect)))

    @property
    def disagreements(self) -> tuple[str, ...]:
        """Sentences on what interventions say otherwise than gradients, or than each other."""
        return disagreements(self.tested, self.heard)

    @cached_property
    def intervened(self) -> frozenset[tuple[str, str]]:
        """Concepts and classes that are significant by sound: taken out, or put into other songs."""
        return frozenset((one.concept, one.label) for one in self.heard if one.verdict == "significant")

    def __str__(self) -> str:
        return telling.as_text(self, self.flags)

    def _repr_html_(self) -> str:
        return saved.as_html(self)

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON; `audiolime_ext.concepts.saved` names the keys."""
        return saved.as_dict(self)

    def to_json(self, *, indent: int | None = None) -> str:
        """The same as a text."""
        return to_json(self.to_dict(), indent=indent)

    def to_dataframe(self) -> pandas.DataFrame:
        """One row for each concept and class (needs the extra ``dataframe``)."""
        table: pandas.DataFrame = require("pandas", extra="dataframe").DataFrame(
            saved.rows(self), columns=list(saved.COLUMNS)
        )
        return table

    def write_csv(self, path: str | os.PathLike[str]) -> Path:
        """Write one row for each concept and class, and return the file's path.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        write_bytes(saved.as_csv(self).encode(), Path(path))
        return Path(path)
