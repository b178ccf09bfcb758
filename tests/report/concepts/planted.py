"""Stores of planted concepts, songs with hostile names among them, and results that have everything a page can show."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext.concepts.artefacts import Flag
from audiolime_ext.concepts.pipeline import measure_concepts
from audiolime_ext.concepts.records import Identity
from audiolime_ext.concepts.removing import Removed
from audiolime_ext.concepts.result import Concepts
from audiolime_ext.concepts.separating import Accuracy
from audiolime_ext.concepts.testing import JudgedConcept
from tests.concepts.planted import MODEL, collection

HOSTILE = "</script><img src=x onerror=alert(1)>\"'&\u202egnp"


@dataclass(frozen=True)
class Given:
    """A concept that was given, as results have it."""

    name: str
    kind: str
    text: str
    n_units: int


@dataclass(frozen=True, eq=False)
class Groups:
    """Groups of concepts, as results have them."""

    names: tuple[str, ...]
    group: np.ndarray
    places: np.ndarray
    agreement: float | None = 0.8
    share: float | None = 0.7


@dataclass(frozen=True)
class Changed:
    """Decisions that change, as results have them."""

    n_windows: int
    n_changed: int
    to: dict[str, int]


@dataclass(frozen=True, eq=False)
class Everything(Concepts):
    """Concepts with every part that a result can have."""

    given: tuple[Any, ...] = ()
    groups: Any = None
    flags: dict[str, tuple[Flag, ...]] = field(default_factory=dict)
    additions: dict[tuple[str, str], Any] = field(default_factory=dict)
    changed: dict[str, Any] = field(default_factory=dict)
    returning: dict[str, float] = field(default_factory=dict)


def planted_store(folder: Path, **options: Any) -> Path:
    """A store of two classes, one of which has a beep in every song; a song of each has a hostile name."""
    songs = collection(folder / "songs", n_songs=14)
    for label in "ab":
        name = HOSTILE.replace("/", "∕") + f" {label}.wav"
        (songs / label / f"{label}3.wav").rename(songs / label / name)
    given = {"splits": ["slic:6", "bands:3"], "duration_s": 1.0, "workers": 0, "progress": False, **options}
    return measure_concepts(songs, MODEL, "hidden", store=folder / "planted.concepts", **given)


def everything(found: Concepts) -> Everything:
    """The same with a given concept, groups, flags and more."""
    names = [one.name for one in found.kept]
    own = found.kept[0]
    places = np.random.default_rng(0).normal(size=(len(names) + 1, 2))
    clap = tuple(judged("clap", "", label, 0.4 * (-1) ** n) for n, label in enumerate(found.identity.labels))
    added = Removed(0.6, 0.2, 1.0, 0.1, 0.003, 9, 20)
    flag = Flag("silence", "6 of 10 patches are silent (3 % of the class's other patches)", 0.6, 0.03)
    parts = vars(found) | {"tested": (*found.tested, *clap)}
    return Everything(
        **parts,
        given=(Given("clap", "sounds", "8 files of claps/", 8),),
        groups=Groups((*names, "clap"), np.arange(len(names) + 1) % 3, places),
        flags={names[1]: (flag,)},
        additions={(own.name, own.of): added},
        changed={own.name: Changed(28, 5, {"b": 5})},
        returning={name: 0.8 for name in names},
    )


def judged(concept: str, of: str, label: str, effect: float, *, sure: bool = True) -> JudgedConcept:
    """A concept and a class with an effect."""
    apart = Accuracy(0.91, 0.85, 0.95)
    chance = (-0.1, 0.0, 0.12)
    ends = (effect - 0.1, effect + 0.1)
    return JudgedConcept(
        concept, of, label, effect, *ends, effect, 0.0004, 0.8, 0.01, chance, (0.3, 0.5, 0.7), apart, 14, False, sure
    )


def many(found: Concepts, n_classes: int, n_concepts: int) -> Concepts:
    """As many concepts of as many classes as are asked for, made of those that were found."""
    rng = np.random.default_rng(0)
    labels = tuple(f"class {n}" for n in range(n_classes))
    kept, tested = [], []
    for label in labels:
        for number in range(n_concepts):
            one = found.kept[number % len(found.kept)]
            kept.append(replace(one, of=label, number=number))
            effect, sure = float(rng.normal(0, 0.3)), bool(rng.random() < 0.3)
            tested.append(judged(kept[-1].name, label, label, effect, sure=sure))
    identity = Identity(**{**vars(found.identity), "labels": labels})
    return replace(found, identity=identity, kept=tuple(kept), dropped=(), tested=tuple(tested), removals={})
