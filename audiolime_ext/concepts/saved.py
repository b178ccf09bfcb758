"""Concepts as plain values, as a table, and in a notebook.

The object of `as_dict` (``--json``) has `schema_version` and

- `headline`, `sentences`, `notes`: what is said; `identity`: model, layer, classes and factorizations of the store;
  `seed`; `failures`: songs that could not be measured, each with `name` and `reason`
- `concepts`: each with `name`, `of` (class), `number`, `place` (where its patches lie, in words), `structure` (songs,
  and patches of each, that it was tested by), `n_songs`, `tests`, `removals` and `patches`, the nearest to the middle
  first, each with its song, its window and its place there, `distance` from the middle, and `stands` (whether it is
  one of those by which the concept was tested)
- in `tests`, by class: the fields of `audiolime_ext.concepts.judgement.testing.JudgedConcept`, and the `verdict`; in
  `removals` those of `audiolime_ext.concepts.interventions.removing.Removed`, with `beyond`; in `additions` those of
  `Added`, with `beyond`; in `by_sound` the `p` and the `verdict` of these two together; in `changed` those of
  `audiolime_ext.concepts.interventions.deciding.Changed`; in `flags` what is suspect
- `disagreements`: sentences on what interventions say otherwise than gradients, or than each other
- `given`: tests of concepts that a person named; `dropped`: clusters that are no concepts, each with its `reason`

Invariant: all numbers that are told in words are in it, unrounded.
"""

from __future__ import annotations

import csv
import html
import io
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from audiolime_ext.concepts import telling, words
from audiolime_ext.concepts.interventions.intervening import JudgedBySound
from audiolime_ext.concepts.judgement.testing import JudgedConcept
from audiolime_ext.files.names import legible
from audiolime_ext.text import html_table

if TYPE_CHECKING:
    from audiolime_ext.concepts.result import Concepts, Discovered

SCHEMA_VERSION = 1


def as_dict(found: Concepts) -> dict[str, Any]:
    """All of it as plain values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "headline": words.headline(found),
        "sentences": list(words.sentences(found)),
        "identity": asdict(found.identity),
        "seed": found.seed,
        "concepts": [_concept(one, found) for one in found.kept],
        "given": [_tested(one) for one in found.tested if not one.of],
        "dropped": [
            {"of": of, "n_patches": len(one.members), "n_songs": one.n_songs, "reason": one.dropped}
            for of, one in found.dropped
        ],
        "failures": [{"name": one.name, "reason": one.reason} for one in found.failures],
        "disagreements": list(found.disagreements),
        "notes": list(found.notes),
    }


def _concept(one: Discovered, found: Concepts) -> dict[str, Any]:
    standing = set(one.cluster.standing.tolist())
    structure = one.cluster.structure
    members = zip(one.patches, one.cluster.members.tolist(), one.cluster.distances.tolist(), strict=True)
    return {
        "name": one.name,
        "of": one.of,
        "number": one.number,
        "place": words.place_of(one),
        "structure": None if structure is None else asdict(structure),
        "n_songs": one.cluster.n_songs,
        "tests": {judged.label: _tested(judged) for judged in found.tested if judged.concept == one.name},
        "removals": {
            label: {**asdict(taken), "beyond": taken.beyond}
            for (name, label), taken in found.removals.items()
            if name == one.name
        },
        "additions": {
            label: {**asdict(added), "beyond": added.beyond}
            for (name, label), added in found.additions.items()
            if name == one.name
        },
        "by_sound": {
            judged.label: {"p": judged.p, "verdict": judged.verdict}
            for judged in found.heard
            if judged.concept == one.name
        },
        "changed": asdict(found.changed[one.name]) if one.name in found.changed else None,
        "flags": [asdict(flag) for flag in found.flags.get(one.name, ())],
        "patches": [
            {"song": entry.name, "path": entry.path, "sha256": entry.sha256, "group": entry.group}
            | asdict(patch)
            | {"distance": distance, "stands": member in standing}
            for (entry, patch), member, distance in members
        ],
    }


def _tested(one: JudgedConcept) -> dict[str, Any]:
    return {**asdict(one), "verdict": one.verdict}


def rows(found: Concepts) -> list[dict[str, Any]]:
    """A row for each concept and each class about which anything is known of it."""
    tested = {(one.concept, one.label): one for one in found.tested}
    kept = {one.name: one for one in found.kept}
    heard = {(one.concept, one.label): one for one in found.heard}
    pairs = dict.fromkeys([*tested, *((name, label) for name, label in found.removals)])
    told = []
    for name, label in pairs:
        one, judged, taken = kept.get(name), tested.get((name, label)), found.removals.get((name, label))
        row: dict[str, Any] = {"concept": name, "of": one.of if one else "", "class": label}
        row |= {"n_patches": len(one.patches) if one else None, "n_found_in": one.cluster.n_songs if one else None}
        row |= _numbers(judged)
        row |= {"fall": None, "fall_low": None, "fall_high": None, "fall_of_others": None, "fall_p": None}
        row["fall_n_songs"] = None
        row |= _by_sound(heard.get((name, label)))
        if taken is not None:
            row |= {"fall": taken.effect, "fall_low": taken.low, "fall_high": taken.high, "fall_p": taken.p}
            row |= {"fall_of_others": taken.other, "fall_n_songs": taken.n_songs}
        told.append(row | {"place": words.place_of(one) if one else None})
    return told


def _by_sound(one: JudgedBySound | None) -> dict[str, Any]:
    """What is put into other songs, and the verdict on both interventions together."""
    told: dict[str, Any] = dict.fromkeys(BY_SOUND)
    if one is None:
        return told
    if (added := one.added) is not None:
        told |= {"rise": added.effect, "rise_low": added.low, "rise_high": added.high, "rise_p": added.p}
        told |= {"rise_of_others": added.other, "rise_n_songs": added.n_songs}
    sure = one.accuracy
    return told | {"sound_verdict": one.verdict, "sound_p": one.p, "sound_accuracy": sure.value}


def _numbers(one: JudgedConcept | None) -> dict[str, Any]:
    names = ("verdict", "effect", "low", "high", "derivative", "p", "share", "share_p", "linear", "n_songs")
    told: dict[str, Any] = {name: None if one is None else getattr(one, name) for name in names}
    bands = (None,) * 3 if one is None else one.chance, (None,) * 3 if one is None else one.share_chance
    for name, band in zip(("chance", "share_chance"), bands, strict=True):
        told |= dict(zip((f"{name}_low", f"{name}_middle", f"{name}_high"), band, strict=True))
    sure = None if one is None else one.accuracy
    parts = {"accuracy": "value", "accuracy_low": "low", "accuracy_high": "high"}
    return told | {column: None if sure is None else getattr(sure, part) for column, part in parts.items()}


BY_SOUND: tuple[str, ...] = (
    *("rise", "rise_low", "rise_high", "rise_of_others", "rise_p", "rise_n_songs"),
    *("sound_verdict", "sound_p", "sound_accuracy"),
)
COLUMNS = (
    *("concept", "of", "class", "n_patches", "n_found_in", *_numbers(None)),
    *("fall", "fall_low", "fall_high", "fall_of_others", "fall_p", "fall_n_songs", *BY_SOUND, "place"),
)


def as_csv(found: Concepts) -> str:
    """The rows as CSV; what is not known is an empty cell."""
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, COLUMNS)
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows(found))
    return file.getvalue()


def is_table(text: str) -> bool:
    """Whether a text begins as such a table does, of this version or another."""
    return text.startswith("concept,of,class,")


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return repr(value)
    return legible(value) if isinstance(value, str) else value


def as_html(found: Concepts) -> str:
    """What is said, and a row for each significant concept, for a notebook."""
    told = [words.headline(found), *words.sentences(found), *(f"note: {legible(note)}" for note in found.notes)]
    return f"<div>{''.join(f'<p>{html.escape(line)}</p>' for line in told)}{_strongest(found)}</div>"


def _strongest(found: Concepts) -> str:
    kept = {one.name: one for one in found.kept}
    if found.tested:
        lines = [
            [
                *telling.row(kept[one.concept], one, found.removals.get((one.concept, one.label))),
                words.place_of(kept[one.concept]),
            ]
            for one in found.significant
        ]
        return html_table([*telling.HEADER, "place"], lines) if lines else ""
    lines = [
        [*telling.row_by_sound(kept[one.concept], one), words.place_of(kept[one.concept])]
        for one in words.by_sound(found)
        if one.verdict == "significant"
    ]
    return html_table([*telling.BY_SOUND, "place"], lines) if lines else ""
