"""Stores of planted concepts, songs with hostile names among them, and results that have everything a page can show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext.concepts.artefacts.checks import Flag
from audiolime_ext.concepts.discovery.discovering import Cluster
from audiolime_ext.concepts.discovery.grouping import Groups
from audiolime_ext.concepts.given.tested import Given
from audiolime_ext.concepts.interventions.deciding import Changed
from audiolime_ext.concepts.interventions.removing import Added
from audiolime_ext.concepts.judgement.separating import Accuracy
from audiolime_ext.concepts.judgement.testing import JudgedConcept
from audiolime_ext.concepts.measurement.patches import Patch
from audiolime_ext.concepts.measurement.records import Entry, Identity
from audiolime_ext.concepts.pipeline import measure_concepts
from audiolime_ext.concepts.result import Concepts, Discovered
from audiolime_ext.report.concepts.members import Members, Song
from tests.concepts.planted import MODEL, collection

HOSTILE = "</script><img src=x onerror=alert(1)>\"'&\u202egnp"


def planted_store(folder: Path, **options: Any) -> Path:
    """A store of two classes, one of which has a beep in every song; a song of each has a hostile name."""
    songs = collection(folder / "songs", n_songs=14)
    for label in "ab":
        name = HOSTILE.replace("/", "∕") + f" {label}.wav"
        (songs / label / f"{label}3.wav").rename(songs / label / name)
    given = {"splits": ["slic:6", "bands:3"], "duration_s": 1.0, "workers": 0, "progress": False, **options}
    return measure_concepts(songs, MODEL, "hidden", store=folder / "planted.concepts", **given)


def everything(found: Concepts) -> Concepts:
    """The same with a given concept, groups, flags and more."""
    names, own = [*(one.name for one in found.kept), "clap"], found.kept[0]
    classes = (*(one.of for one in found.kept), "")
    places = np.random.default_rng(0).normal(size=(len(names), 2))
    group = np.sort(np.arange(len(names)) % 3)
    return replace(
        found,
        tested=(
            *found.tested,
            *(judged("clap", "", one, 0.4 * (-1) ** n) for n, one in enumerate(found.identity.labels)),
        ),
        given=(Given("clap", "sounds", "8 files of claps/", 8),),
        groups=Groups(tuple(names), classes, group, places, 0.8, 0.7, 0.2, 0.4, 0.01, "principal components"),
        flags={names[1]: (Flag("silence", "6 of 10 patches are silent (3 % of the others)", 0.6, 0.03),)},
        additions={(own.name, own.of): Added(0.6, 0.2, 1.0, 0.1, 0.003, 9, 20)},
        changed={own.name: Changed(28, 5, {"b": 5})},
        returning=dict.fromkeys(names[:-1], 0.8),
    )


def judged(concept: str, of: str, label: str, effect: float, *, sure: bool = True) -> JudgedConcept:
    """A concept and a class with an effect."""
    apart = Accuracy(0.91, 0.85, 0.95)
    chance = (-0.1, 0.0, 0.12)
    ends = (effect - 0.1, effect + 0.1)
    return JudgedConcept(
        concept, of, label, effect, *ends, effect, 0.0004, 0.8, 0.01, chance, (0.3, 0.5, 0.7), apart, 14, False, sure
    )


def large(n_classes: int, n_concepts: int, *, n_songs: int = 50, called: str = "class") -> tuple[Concepts, Members]:
    """So many concepts of each of so many classes, by numbers alone: nothing of it can be heard."""
    rng = np.random.default_rng(0)
    labels = tuple(f"{called} {n}" for n in range(n_classes))
    splits = ("slic:10", "slic:15", "slic:25")
    identity = Identity("musicnn:MSD_musicnn", "f", "penultimate", labels, splits, ("a", "b", "c"), 10.0)
    kept, tested, songs = list[Discovered](), list[JudgedConcept](), list[Song]()
    for label in labels:
        own = []
        for n in range(n_songs):
            key = f"{label} {n}"
            entry = Entry(
                f"/music/{key}.flac", key, f"An Artist of {label} – A Song of Some Length {n}.flac", label, key
            )
            patches = tuple(_patch(split, i, rng) for split in splits for i in range(int(split[5:])))
            of = (rng.integers(n_concepts, size=len(patches)) + len(kept)).tolist()
            own.append(Song(entry, patches, tuple(of), n < n_songs // 2))
        songs += own
        for number in range(n_concepts):
            place = len(kept)
            some = [(one.entry, one.patches[i]) for one in own if one.found for i in range(50) if one.of[i] == place]
            some = [some[i] for i in rng.permutation(len(some))]
            members = np.arange(len(some))
            cluster = Cluster(members, np.sort(rng.random(len(some))), 25, None, members[:0])
            kept.append(Discovered(number, label, cluster, tuple(some)))
        tested += [
            judged(one.name, label, label, float(rng.normal(0, 0.3)), sure=bool(rng.random() < 0.3))
            for one in kept[-n_concepts:]
        ]
    middles = rng.normal(size=(len(kept), 8))
    middles /= np.linalg.norm(middles, axis=1, keepdims=True)
    found = Concepts(identity, tuple(kept), (), tuple(tested), {}, (), 0)
    return found, Members(tuple(songs), middles @ middles.T)


def _patch(split: str, number: int, rng: np.random.Generator) -> Patch:
    begin, length, low = float(rng.uniform(0, 1.5)), float(rng.uniform(0.3, 1.5)), float(rng.uniform(50, 3000))
    place = (begin, begin + length, low, 3 * low)
    return Patch(split, number, f"region {number}", int(rng.integers(3)), float(rng.uniform(0, 0.1)), 0.9, place)
