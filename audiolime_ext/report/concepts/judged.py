"""Concepts as the page orders them: how strong each is, where it is marked, and which have pictures and sounds.

Strength is what a concept is ordered by, and what decides which five of a class have pictures and sounds: significant
ones first, then by the size of the effect for their own class. Without gradients it is what happens when the sound is
taken out, beyond what any patch as loud does.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from audiolime_ext.concepts.judgement.testing import JudgedConcept
from audiolime_ext.concepts.result import Concepts, Discovered
from audiolime_ext.errors import unknown
from audiolime_ext.report.concepts import told
from audiolime_ext.report.concepts.media import N_PATCHES, Shown
from audiolime_ext.report.concepts.members import Members

STRONGEST = 5  # of each class, with pictures and sounds


@dataclass(frozen=True)
class Mark:
    """A concept in the row of a class: where it stands, between which ends, beside which band of random concepts."""

    concept: int
    row: int
    x: float
    low: float | None
    high: float | None
    band: tuple[float, float] | None
    significant: bool
    told: str

    def plain(self) -> list[Any]:
        """Itself for the script."""
        ends = [None if one is None else round(one, 4) for one in (self.low, self.high)]
        band = None if self.band is None else [round(one, 4) for one in self.band]
        return [self.concept, self.row, round(self.x, 4), *ends, band, int(self.significant), self.told]


class Judged:
    """The concepts as the page orders them: those that were found, then those that were given."""

    def __init__(self, concepts: Concepts) -> None:
        self.concepts = concepts
        self.labels = concepts.identity.labels
        self.given = concepts.given
        self.names = (*(one.name for one in concepts.kept), *(one.name for one in self.given))
        self.tested = {(one.concept, one.label): one for one in concepts.tested}
        self.by_gradients = bool(concepts.tested)
        self.by_sound = {(one.concept, one.label): one for one in concepts.heard}

    def own(self, concept: Discovered) -> JudgedConcept | None:
        """What a concept is to its own class."""
        return self.tested.get((concept.name, concept.of))

    def strength(self, concept: Discovered) -> tuple[bool, float]:
        """What concepts are ordered by."""
        one, taken = self.own(concept), self.concepts.removals.get((concept.name, concept.of))
        if one is not None:
            return one.verdict == "significant", abs(one.effect) if one.verdict != "not a concept" else -1.0
        sure = (concept.name, concept.of) in self.concepts.intervened
        return sure, -2.0 if taken is None else abs(taken.beyond)

    def with_sound(self, heard: Collection[str] = ()) -> list[int]:
        """Places of concepts to embed, the most wanted first: those named, the strongest of each class, suspects."""
        for name in heard:
            if name not in self.names:
                raise unknown("concept", name, self.names)
        kept, flagged = self.concepts.kept, self.concepts.flags
        named = [n for n, one in enumerate(kept) if one.name in heard]
        ranked = sorted(range(len(kept)), key=lambda n: self.strength(kept[n]), reverse=True)
        best = [[n for n in ranked if kept[n].of == label][:STRONGEST] for label in self.labels]
        in_turn = [own[rank] for rank in range(STRONGEST) for own in best if rank < len(own)]
        return list(dict.fromkeys([*named, *in_turn, *(n for n in ranked if flagged.get(kept[n].name))]))

    def marks(self) -> list[Mark]:
        """The marks of the first panel."""
        found = []
        for place, name in enumerate(self.names):
            of = self.concepts.kept[place].of if place < len(self.concepts.kept) else None
            for row, label in enumerate(self.labels):
                if of in (None, label) and (mark := self._mark(place, name, row, label)) is not None:
                    found.append(mark)
        return found

    def _mark(self, place: int, name: str, row: int, label: str) -> Mark | None:
        one, taken = self.tested.get((name, label)), self.concepts.removals.get((name, label))
        if one is not None:
            if one.verdict == "not a concept":
                return None
            said = f"{told.number(one.effect)} logits, {told.p_told(one.p)}, {one.verdict}"
            sure = one.verdict == "significant"
            return Mark(place, row, one.effect, one.low, one.high, told.band_of(one), sure, said)
        if taken is None or self.by_gradients:
            return None
        heard = self.by_sound[name, label]
        if heard.verdict == "not a concept":
            return None
        sure = heard.verdict == "significant"
        other = f"any patch as loud {told.number(taken.other)}"
        said = f"{told.number(taken.effect)} logits, {other}, {told.p_told(heard.p)}, {heard.verdict}"
        return Mark(place, row, taken.effect, taken.low, taken.high, None, sure, said)


def shown_of(concepts: Concepts, members: Members, places: Sequence[int]) -> list[Shown]:
    """The patches of some concepts that are shown, the nearest to the middle first, of all concepts in turn."""
    songs = {song.entry.key: n for n, song in enumerate(members.songs)}
    found = [
        Shown(place, rank, songs[entry.key], patch)
        for place in places
        for rank, (entry, patch) in enumerate(concepts.kept[place].patches[:N_PATCHES])
    ]
    return sorted(found, key=lambda one: one.rank)
