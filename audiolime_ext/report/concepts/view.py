"""What the page's scripts draw, and what its tables say; everything is decided here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from audiolime_ext.concepts import words
from audiolime_ext.concepts.measurement.patches import Patch
from audiolime_ext.concepts.result import Concepts, Discovered
from audiolime_ext.files.names import utf8
from audiolime_ext.report.concepts import told
from audiolime_ext.report.concepts.features import Features
from audiolime_ext.report.concepts.judged import STRONGEST, Judged
from audiolime_ext.report.concepts.media import N_PATCHES, Media, Stretch, text_of
from audiolime_ext.report.concepts.members import Members
from audiolime_ext.report.templating import clock
from audiolime_ext.text import counted

NEAR, MOST_NEAR = 0.5, 6  # cosine, and number, of concepts that are called near


@dataclass(frozen=True)
class Row:
    """A concept in the table of all."""

    place: int
    name: str
    of: str
    effect: str
    p: str
    verdict: str
    flags: str


@dataclass(frozen=True)
class PageView:
    """The parts of the page."""

    headline: str
    subtitle: str
    axis: str
    band: str
    groups: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    data: dict[str, Any] = field(repr=False)
    media: dict[str, Any] = field(repr=False)


def page_view(judged: Judged, members: Members, media: Media | str, features: Features | str) -> PageView:
    """The parts of the page.

    Parameters
    ----------
    judged : Judged
        Concepts.
    members : Members
        Songs of their store.
    media : Media or str
        Pictures and sounds; str: why there are none.
    features : Features or str
        Features of the songs; str: why there are none.
    """
    concepts = judged.concepts
    plain = [_concept(judged, members, place, media) for place in range(len(concepts.kept))]
    plain += [_given(judged, place) for place in range(len(concepts.kept), len(judged.names))]
    effect = "effect" if judged.by_gradients else "fall without its sound"
    n_out = len(concepts.kept) - len({mark.concept for mark in judged.marks() if mark.concept < len(concepts.kept)})
    notes = [*concepts.notes, *(f"{n}: {utf8(why)}" for n, why in _failures(concepts))]
    if n_out:
        why = "are no concepts, or lie in too few songs" if judged.by_gradients else "lie in too few of the other songs"
        notes.append(f"{counted(n_out, 'cluster')} {why}: in the table of all, and not in the picture")
    return PageView(
        words.headline(concepts),
        _subtitle(judged, media),
        f"{effect} for the class, in logits",
        _band(judged),
        _groups_told(concepts),
        tuple(_row(judged, place) for place in range(len(judged.names))),
        tuple(utf8(one) for one in notes),
        {
            "classes": [utf8(one) for one in judged.labels],
            "marks": [mark.plain() for mark in judged.marks()],
            "concepts": plain,
            "songs": [_song(members, n, media, concepts.identity.splits) for n in range(len(members.songs))],
            "splits": list(concepts.identity.splits),
            "groups": _groups(judged),
            "features": _features(members, features),
        },
        _files(media),
    )


def _concept(judged: Judged, members: Members, place: int, media: Media | str) -> dict[str, Any]:
    concept = judged.concepts.kept[place]
    songs = {song.entry.key: n for n, song in enumerate(members.songs)}
    shown = [_patch(songs[entry.key], patch, media) for entry, patch in concept.patches[:N_PATCHES]]
    near = np.argsort(-members.cosines[place], kind="stable")[: MOST_NEAR + 1].tolist()
    found = [[n, round(float(members.cosines[place, n]), 2)] for n in near if n != place]
    why = media if isinstance(media, str) else "" if place in media.concepts else _not_here(concept.name)
    return {
        "name": utf8(concept.name),
        "of": judged.labels.index(concept.of),
        "told": _sentences(judged, concept),
        "flags": len(judged.concepts.flags.get(concept.name, ())),
        "near": [one for one in found if one[1] >= NEAR],
        "patches": shown,
        "why": why,
    }


def _not_here(name: str) -> str:
    return (
        f"Not all pictures and sounds of {utf8(name)} are in this page: it holds those of the {STRONGEST} strongest "
        "concepts of each class and of suspect ones, as far as there is room. To hear it, write the page anew with "
        f"--heard {utf8(name)!r} (in Python: heard=[{utf8(name)!r}])."
    )


def _given(judged: Judged, place: int) -> dict[str, Any]:
    one = judged.given[place - len(judged.concepts.kept)]
    lines = [("made", f"A given concept: {utf8(one.text)} ({counted(one.n_units, 'unit')}).")]
    for label in judged.labels:
        if (found := judged.tested.get((one.name, label))) is not None:
            lines += told.judged(found)[:1]
        if (taken := judged.concepts.removals.get((one.name, label))) is not None:
            lines.append(told.intervened(label, taken, without=True))
    why = "A given concept is made of what was named, and not of patches that were found; so there are none to show."
    return {"name": utf8(one.name), "of": -1, "told": lines, "flags": 0, "near": [], "patches": [], "why": why}


def _sentences(judged: Judged, concept: Discovered) -> list[told.Told]:
    found, key = judged.concepts, (concept.name, concept.of)
    one, taken = judged.tested.get(key), found.removals.get(key)
    lines = [] if one is None else told.judged(one)
    if taken is not None:
        if one is None:
            verdict, what = judged.by_sound[key].verdict, "by what happens without its sound, or with it elsewhere"
            lines.append(("verdict", f"{verdict[0].upper()}{verdict[1:]}, {what}, beside any patch as loud."))
        lines.append(told.intervened(concept.of, taken, without=True))
        lines += [] if one is None else told.disagreement(found, one)
    elif one is None:
        lines.append(("verdict", "Not tested: too few of the other songs of its class have a patch of it."))
    if (added := found.additions.get(key)) is not None:
        lines.append(told.intervened(concept.of, added, without=False))
    if (other := found.changed.get(concept.name)) is not None:
        lines.append(told.changed(other))
    lines += told.elsewhere(
        [
            judged.tested[concept.name, label]
            for label in judged.labels
            if label != concept.of and (concept.name, label) in judged.tested
        ]
    )
    if (share := found.returning.get(concept.name)) is not None:
        lines.append(told.returning(share))
    flags = [("flag", f"Suspect: {utf8(flag.text)}.") for flag in found.flags.get(concept.name, ())]
    return [*lines[:1], *flags, *lines[1:], told.stands(concept)]


def _patch(song: int, patch: Patch, media: Media | str) -> dict[str, Any]:
    alone = None if isinstance(media, str) else media.alone.get((song, patch.split, patch.number))
    return {
        "song": song,
        "split": patch.split,
        "number": patch.number,
        "window": patch.window,
        "where": told.where(patch),
        "silent": patch.silent,
        "alone": None if alone is None else _spanned(alone),
    }


def _spanned(one: Stretch) -> list[float]:
    return [round(one.begin_s, 3), round(one.end_s, 3)]


def _song(members: Members, n: int, media: Media | str, splits: Sequence[str]) -> dict[str, Any]:
    song = members.songs[n]
    plain: dict[str, Any] = {"name": utf8(song.entry.name), "class": utf8(song.entry.label), "found": song.found}
    here = None if isinstance(media, str) else media.songs.get(n)
    if here is None:
        lacking = "its picture and sound are not in this page"
        return {**plain, "why": lacking if isinstance(media, str) else media.why_not.get(n, lacking)}
    of = {(patch.split, patch.number): concept for patch, concept in zip(song.patches, song.of, strict=True)}
    each = [
        [of.get((split, i), -1) for i in range(sum(one.split == split for one in song.patches))] for split in splits
    ]
    spans = [_spanned(one) for one in here.stretches]
    times = {"start": round(here.start_s, 3), "duration": round(here.duration_s, 3)}
    windows = {"hop": round(here.hop_s, 4), "window": round(here.window_s, 4)}
    return {**plain, **times, **windows, "top": here.top_hz, "of": each, "spans": spans, "from": clock(here.start_s)}


def _files(media: Media | str) -> dict[str, Any]:
    """The pictures and sounds as text, under the same numbers as in the data."""
    if isinstance(media, str):
        return {"songs": {}, "alone": {}}
    songs = {
        str(n): [text_of(one.picture), text_of(one.labels), [text_of(each.encoded) for each in one.stretches]]
        for n, one in media.songs.items()
    }
    return {
        "songs": songs,
        "alone": {f"{n} {split} {i}": text_of(one.encoded) for (n, split, i), one in media.alone.items()},
    }


def _features(members: Members, features: Features | str) -> dict[str, Any] | None:
    if isinstance(features, str):
        return None
    shares, digits = features.percentiles(), 3
    each = {
        str(n): [
            [share, None if value is None else float(f"{value:.{digits}g}")]
            for share, value in zip(shares[key], features.values[key], strict=True)
        ]
        for n, song in enumerate(members.songs)
        if (key := song.entry.key) in features.values
    }
    return {"names": [utf8(name) for name in features.names], "songs": each}


def _groups(judged: Judged) -> dict[str, Any] | None:
    groups = judged.concepts.groups
    if groups is None:
        return None
    places = {name: n for n, name in enumerate(judged.names)}
    some = [
        (places[name], int(group), place)
        for name, group, place in zip(groups.names, groups.group, np.asarray(groups.places), strict=True)
        if name in places
    ]
    points = np.array([place for *_, place in some], float).reshape(-1, 2)
    low, extent = points.min(axis=0, initial=np.inf), float(np.ptp(points, axis=0).max(initial=0.0)) or 1.0
    scaled = (points - (low + points.max(axis=0, initial=-np.inf)) / 2) / extent if len(points) else points
    return {"of": [[n, group, *np.round(at, 4).tolist()] for (n, group, _), at in zip(some, scaled, strict=True)]}


def _groups_told(concepts: Concepts) -> str:
    if concepts.groups is None:
        return (
            "No groups of concepts are told apart, so there is no picture of them. Near is a concept whose middle lies "
            f"in a like direction from the middle of all patches: a cosine of {NEAR} or more."
        )
    lines = concepts.groups.sentences(utf8(concepts.identity.layer))
    return " ".join(f"{utf8(line[0].upper() + line[1:])}." for line in lines)


def _subtitle(judged: Judged, media: Media | str) -> str:
    identity = judged.concepts.identity
    heard = media if isinstance(media, str) else media.plan.told
    classes = ", ".join(map(utf8, judged.labels))
    return f"{utf8(identity.model)}, layer {utf8(identity.layer)}; classes {classes}. {heard}"


def _band(judged: Judged) -> str:
    if not judged.names:
        return "No concept was found, so there is nothing to draw."
    if judged.by_gradients:
        return (
            "The grey band of a class is what 95 % of random concepts would have on the step of its concepts (the "
            "median of their bands); each concept’s own band is told with it."
        )
    return (
        "No gradients were taken, so what is drawn is by how much the class falls when one patch of the "
        "concept is taken out; there is no band of random concepts, but each is tested beside any patch as loud."
    )


def _row(judged: Judged, place: int) -> Row:
    name = judged.names[place]
    if place >= len(judged.concepts.kept):
        found = [one for label in judged.labels if (one := judged.tested.get((name, label))) is not None]
        sure = [one.label for one in found if one.verdict == "significant"]
        verdict = f"significant for {', '.join(sure)}" if sure else "not significant" if found else "not tested"
        return Row(place, utf8(name), "given", "–", "–", utf8(verdict), "")
    concept = judged.concepts.kept[place]
    one, taken = judged.own(concept), judged.concepts.removals.get((name, concept.of))
    flags = ", ".join(flag.kind for flag in judged.concepts.flags.get(name, ()))
    if one is not None:
        effect, p, verdict = told.number(one.effect), told.p_told(one.p)[4:], one.verdict
    elif taken is not None:
        heard = judged.by_sound[name, concept.of]
        effect, p, verdict = told.number(taken.effect), told.p_told(heard.p)[4:], heard.verdict
    else:
        effect, p, verdict = "–", "–", "not tested"
    return Row(place, utf8(name), utf8(concept.of), effect, p, verdict, flags)


def _failures(concepts: Concepts) -> list[tuple[str, str]]:
    return [(utf8(one.name), one.reason) for one in concepts.failures]
