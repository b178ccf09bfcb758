"""What results say about a separator's stems: what each may hold besides its own source, by measured `Confusion`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from audiolime_ext import registry
from audiolime_ext.errors import MissingError
from audiolime_ext.factorization.confusion import Array, Confusion, sources_named


def confusion_of(spec: str | None, stems: Sequence[str] | None = None) -> Confusion | None:
    """What was measured of the separator that a spec string names, without building it; None: nothing was.

    Parameters
    ----------
    spec : str or None
        Spec string of the separator; None: one that has none.
    stems : sequence of str or None
        Names of a result's stems, where they may differ from those that the spec gives today; None: they do not.

    Examples
    --------
    >>> confusion_of("cerberus?merge=none").not_told_apart
    (('piano', 'guitar'),)
    >>> confusion_of("cerberus").stems, confusion_of("oracle:stems")
    (('piano+guitar', 'bass', 'drums', 'residual'), None)
    """
    measured = _measured(spec)
    found: Confusion | None = None if measured is None else measured(registry.split_spec(spec or "")[1])
    return found if found is None or stems is None else found.split_as(stems)


def holding_notes(spec: str | None, stems: Iterable[str], *, brief: bool = False) -> list[str]:
    """What a result says about its stems: what they may hold, or that it was not measured. At most one note.

    Parameters
    ----------
    spec : str or None
        Spec string of the separator; None: one that has none.
    stems : iterable of str
        Names of the stems.
    brief : bool
        True to leave out by which rule a stem may hold a source.

    Examples
    --------
    >>> holding_notes("spleeter:4stems", ["vocals", "drums", "bass", "other"])
    ['how much of a true source lands in which stem was not measured for spleeter:4stems']
    >>> holding_notes("oracle:stems", ["drums"]), holding_notes(None, ["drums"])
    ([], [])
    """
    if _measured(spec) is None:
        return []
    found = confusion_of(spec, tuple(stems))
    if found is None:
        return [f"how much of a true source lands in which stem was not measured for {spec}"]
    note = found.told() if brief else found.note
    return [note] if note else []


@lru_cache(maxsize=256)
def besides(spec: str | None, stems: tuple[str, ...], stem: str) -> tuple[str, ...]:
    """What a stem named after a source may hold besides, the largest first; empty where nothing was measured.

    Bands, and parts such as ``harmonic``, are named after no source, and promise none.

    Examples
    --------
    >>> besides("cerberus?merge=none", ("piano", "guitar", "bass", "drums", "residual"), "guitar")
    ('vocals', 'piano', 'bass')
    >>> besides("hpss", ("harmonic", "percussive"), "harmonic")
    ()
    """
    found = confusion_of(spec, stems)
    return () if found is None or not set(sources_named(stem)) & set(found.sources) else found.may_hold(stem)


def not_told_apart(label: str, stems: Sequence[str], weights: Array, measured: Confusion | None) -> list[str]:
    """A remark where the two stems that argue most for a label are not told apart; else none.

    Examples
    --------
    >>> measured = confusion_of("cerberus?merge=none")
    >>> not_told_apart("rock", ["piano", "guitar", "drums"], np.array([0.3, 0.2, 0.1]), measured)[0].partition(":")[0]
    'rock'
    >>> not_told_apart("rock", ["piano", "guitar", "drums"], np.array([0.3, 0.0, 0.1]), measured)
    []
    """
    if measured is None or len(stems) < 2:
        return []
    first, second = (int(i) for i in np.argsort(-np.asarray(weights), kind="stable")[:2])
    why = measured.why((stems[first], stems[second]))
    return [f"{label}: {why}"] if why and weights[second] > 0 else []


@lru_cache(maxsize=256)
def _measured(spec: str | None) -> Any:
    """The function ``confusion`` of a plug-in's module; None where there is none."""
    name = registry.split_spec(spec or "")[0]
    if name not in registry.names("factorization"):
        return None
    try:
        return registry.plugin("factorization", name).confusion
    except MissingError:
        return None
