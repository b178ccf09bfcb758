"""Concepts as a text: class by class what is significant in a table, then what is not, is none, and was dropped.

Invariant: every cluster of a class is in it, by name or by number.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from audiolime_ext.concepts import words
from audiolime_ext.concepts.artefacts.checks import Flag
from audiolime_ext.concepts.interventions.intervening import JudgedBySound
from audiolime_ext.concepts.interventions.removing import Removed
from audiolime_ext.concepts.judgement.testing import JudgedConcept
from audiolime_ext.concepts.words import probability, signed
from audiolime_ext.files.names import legible
from audiolime_ext.text import counted, share_of, text_table

if TYPE_CHECKING:
    from audiolime_ext.concepts.result import Concepts, Discovered

HEADER = (
    *("concept", "effect", "95 % interval", "p", "derivative", "by chance", "TCAV"),
    *("accuracy", "songs", "patches", "without it", "any as loud", "p of that"),
)
BY_SOUND = (
    *("concept", "songs", "patches", "without it", "95 % interval", "any as loud"),
    *("put elsewhere", "95 % interval", "any as loud", "p"),
)
NO_CONCEPT = "not a concept, as its patches are not told apart from random ones"
KINDS = {
    "are too few": "too few patches, or of too few songs (ACE's rule)",
    "too few to test it over songs": "too few songs to test it over",
}


def row(concept: Discovered, judged: JudgedConcept, taken: Removed | None) -> list[str]:
    """The cells of a concept that was tested, under `HEADER`."""
    low, _, high = judged.chance
    inner = "" if judged.low is None or judged.high is None else f"{signed(judged.low)} to {signed(judged.high)}"
    told = [legible(judged.concept), signed(judged.effect), inner, probability(judged.p), signed(judged.derivative)]
    told += [f"{signed(low)} to {signed(high)}", "" if judged.linear else f"{judged.share:.2f}"]
    told += [f"{judged.accuracy.value:.2f}", str(concept.cluster.n_songs), str(len(concept.patches))]
    return told + (["", "", ""] if taken is None else [signed(taken.effect), signed(taken.other), probability(taken.p)])


def row_by_sound(concept: Discovered, judged: JudgedBySound) -> list[str]:
    """The cells of a concept that is judged by its sound alone, under `BY_SOUND`."""
    told = [legible(concept.name), str(concept.cluster.n_songs), str(len(concept.patches))]
    for one in (judged.removed, judged.added):
        told += ["", "", ""] if one is None else _by_sound(one)
    return [*told, probability(judged.p)]


def _by_sound(one: Removed) -> list[str]:
    return [signed(one.effect), f"{signed(one.low)} to {signed(one.high)}", signed(one.other)]


def dropped(found: Concepts, label: str) -> str:
    """How many clusters of a class are no concepts, with their reasons; "" where none is."""
    reasons = Counter(_kind(one.dropped) for of, one in found.dropped if of == label)
    told = "; ".join(f"{n}: {kind}" for kind, n in reasons.most_common())
    return f"{counted(sum(reasons.values()), 'cluster is', 'clusters are')} dropped ({told})" if reasons else ""


def _kind(reason: str) -> str:
    return next((kind for end, kind in KINDS.items() if reason.endswith(end)), re.sub(r"\d+", "…", reason))


def of_class(found: Concepts, label: str, flags: Mapping[str, Sequence[Flag]]) -> str:
    """All that is said of a class: a heading, the table of what is significant, and lines on the others."""
    concepts = {one.name: one for one in found.kept if one.of == label}
    judged = [one for one in found.tested if one.of == label == one.label]
    if not judged:
        return _of_class_by_sound(found, label, concepts, flags)
    sure = [one for one in found.significant if one.label == label]
    rows = [row(concepts[one.concept], one, found.removals.get((one.concept, label))) for one in sure]
    heard = sum(one.verdict != "not a concept" for one in judged)
    lines = [f"{legible(label)}: {share_of(len(sure), heard, 'concept') + ' significant' if heard else 'no concept'}"]
    lines += [_indented(text_table(*_without_empty(HEADER, rows)))] if sure else []
    lines += [_more(concepts[one.concept], found, flags, one) for one in sure]
    if unsure := sorted((one for one in judged if one.verdict == "not significant"), key=lambda one: one.p):
        n = counted(len(unsure), "is not significant", "are not significant")
        lines.append(f"  {n}; the strongest of them: {_in_words(unsure[0])}")
    elsewhere = {one.concept: others for one in unsure if (others := _elsewhere(found, one.concept))}
    lines += [
        f"  {legible(name)}: {words.place_of(concepts[name])}; significant for {others} alone"
        for name, others in elsewhere.items()
    ]
    unseen = [one for one in words.by_sound(found) if one.label == label and one.verdict == "significant"]
    alone = [one for one in unseen if one.concept in {other.concept for other in unsure}]
    lines += [f"  {_alone(concepts[one.concept], one)}" for one in alone]
    if none := sorted(legible(one.concept) for one in judged if one.verdict == "not a concept"):
        lines.append(f"  {NO_CONCEPT}: {', '.join(none)}")
    if told := dropped(found, label):
        lines.append(f"  {told}")
    return "\n".join(lines)


def _alone(concept: Discovered, one: JudgedBySound) -> str:
    """A concept that is significant by its sound, and not by gradients."""
    what = "put into other songs" if one.surest is one.added else "taken out"
    told = f"{signed(one.surest.effect)}, any as loud {signed(one.surest.other)}, p {probability(one.p)}"
    return f"{legible(one.concept)}: {words.place_of(concept)}; significant by its sound alone ({what}: {told})"


def _of_class_by_sound(
    found: Concepts, label: str, concepts: Mapping[str, Discovered], flags: Mapping[str, Sequence[Flag]]
) -> str:
    """The same of a model without gradients."""
    taken = [one for one in words.by_sound(found) if one.label == label]
    proven = [one for one in taken if one.verdict == "significant"]
    order = sorted(taken, key=lambda one: (one not in proven, one.p))
    heard = sum(one.verdict != "not a concept" for one in taken)
    lines = [f"{legible(label)}: {share_of(len(proven), heard, 'concept') + ' significant' if heard else 'no concept'}"]
    if order:
        rows = [row_by_sound(concepts[one.concept], one) for one in order]
        lines.append(_indented(text_table(*_without_empty(BY_SOUND, rows))))
    lines += [_more(concepts[one.concept], found, flags) for one in proven]
    if none := sorted(legible(one.concept) for one in taken if one.verdict == "not a concept"):
        lines.append(f"  {NO_CONCEPT}: {', '.join(none)}")
    if few := len(concepts) - len(taken):
        lines.append(f"  {counted(few, 'concept is', 'concepts are')} in too few of the other songs to be tested")
    if told := dropped(found, label):
        lines.append(f"  {told}")
    return "\n".join(lines)


def _without_empty(header: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[list[str], list[list[str]]]:
    """A table without the columns in which no row has anything."""
    kept = [at for at in range(len(header)) if any(cells[at] for cells in rows)]
    return [header[at] for at in kept], [[cells[at] for at in kept] for cells in rows]


def _more(
    concept: Discovered,
    found: Concepts,
    flags: Mapping[str, Sequence[Flag]],
    judged: JudgedConcept | None = None,
) -> str:
    """Where a concept lies, what it is to other classes, and what is suspect of it."""
    parts = [words.place_of(concept)]
    parts += [f"also significant for {others}"] if (others := _elsewhere(found, concept.name)) else []
    parts += [told] if judged and (told := words.disagreement(found, judged)) else []
    added, changed = found.additions.get((concept.name, concept.of)), found.changed.get(concept.name)
    parts += [] if added is None else [words.told_added(added)]
    parts += [str(changed)] if changed is not None and changed.n_changed else []
    parts += [told] if (told := words.told_flags(flags.get(concept.name, ()))) else []
    return f"  {legible(concept.name)}: {'; '.join(parts)}"


def _elsewhere(found: Concepts, name: str) -> str:
    """The other classes for which a concept is significant, with its effects."""
    return ", ".join(
        f"{legible(one.label)} {signed(one.effect)}"
        for one in found.tested
        if one.concept == name and one.label != one.of and one.verdict == "significant"
    )


def _in_words(one: JudgedConcept) -> str:
    low, _, high = one.chance
    derivative = f"derivative {signed(one.derivative)}, by chance {signed(low)} to {signed(high)}"
    return f"{legible(one.concept)}, effect {signed(one.effect)} ({derivative}, p {probability(one.p)})"


def of_given(tested: Sequence[JudgedConcept]) -> str:
    """What is said of concepts that a person named; "" where nobody did."""
    given = [one for one in tested if not one.of]
    if not given:
        return ""
    rows = [
        [
            *(legible(one.concept), legible(one.label), one.verdict, signed(one.effect), probability(one.p)),
            *(signed(one.derivative), f"{signed(one.chance[0])} to {signed(one.chance[2])}"),
            f"{one.accuracy.value:.2f}",
        ]
        for one in sorted(given, key=lambda one: (one.concept, one.verdict != "significant", one.p))
    ]
    header = ("concept", "class", "verdict", "effect", "p", "derivative", "by chance", "accuracy")
    return f"given concepts\n{_indented(text_table(header, rows, left=(0, 1, 2)))}"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def as_text(found: Concepts, flags: Mapping[str, Sequence[Flag]] | None = None) -> str:
    """All that is said, as it is printed."""
    about = found.identity
    splits = ", ".join(map(legible, about.splits))
    first = f"concepts of {legible(about.model)} at layer {legible(about.layer)}, patches of {splits}"
    parts = [f"{first}\n\n{words.headline(found)}", *words.sentences(found)]
    parts += [f"note: {legible(note)}" for note in found.notes]
    classes = [of_class(found, label, flags or {}) for label in about.labels]
    return "\n".join(parts) + "".join(f"\n\n{one}" for one in [*classes, of_given(found.tested)] if one)
