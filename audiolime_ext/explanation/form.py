"""The form of ``saved.json``, format 2: what is missing, of another kind, of another shape or not finite is named.

`Saved` says which fields there are and of which kind; `checked` holds a file to it. What needs the numbers beside each
other (shapes, names that occur twice) is held where arrays are made of them, by `shaped`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.files.plain import held, require

FILE_NAME = "saved.json"
FORMAT = 2

LARGEST = float(np.finfo(np.float32).max)

Numbers = list[float]
Table = list[list[float]]
Gaps = list[float | None]  # None: not a number


class SavedStem(TypedDict):
    """A stem's name, and the peak by which its file was divided."""

    name: str
    scale: float


class SavedGrid(TypedDict):
    """The model's windows, see `audiolime_ext.prediction.grid.Grid`."""

    sr: int
    lead: int
    window: int | None
    hop: int | None
    n_channels: int
    min_samples: int
    fill: str | None


class SavedComponents(TypedDict):
    """Everything of `Components` but samples."""

    stems: list[SavedStem]
    stem_notes: list[str]
    transcription: dict[str, dict[str, Table]] | None
    sr: int
    offset: int
    start_s: float
    duration_s: float
    boundaries_s: Numbers
    grid: SavedGrid
    recording_name: str
    uncut: list[str]
    off: Numbers | None
    only_rolled_off: bool


class SavedNeighborhood(TypedDict):
    """Masks as rows of 0 and 1, values, and the model's outputs."""

    masks: list[list[int]]
    counts: list[int]
    exhaustive: bool
    scores: Table
    outputs: Table | None


class SavedAttribution(TypedDict):
    """Weights and their errors."""

    method: str
    weights: Table
    std_errors: Table | None
    covariance: list[Table] | None
    dof: float | None
    exact: bool
    intercept: Numbers | None
    fidelity: Gaps | None
    settings: dict[str, Any]
    references: list[str]


class SavedLevel(TypedDict):
    """What the level check found."""

    sources: list[str]
    remaining_db: Numbers
    without: Table
    at_level: Table
    restored: Table | None


class SavedMissing(TypedDict):
    """What a missing stem would do."""

    component: str
    donor: str
    values: Numbers


class SavedNoise(TypedDict):
    """How answers to one mix differ."""

    n_evals: int
    repeated: Numbers
    batched: Numbers
    scale: Numbers
    sd: Numbers
    dof: int


class SavedChecks(TypedDict):
    """What else could make the score."""

    n_spare: int
    n_evals: int
    level: SavedLevel | None
    missing: list[SavedMissing]
    shifts: Table | None
    left_out: list[str]
    noise: SavedNoise | None


class SavedAgreement(TypedDict):
    """What two separators say about a label, see `audiolime_ext.explanation.cross_check.Agreement`."""

    label: str
    first: str | None
    second: str | None
    lies_in: float | None
    reverse: float | None
    word: str


class SavedCrossCheck(TypedDict):
    """What a second separator says."""

    factorization: str
    n_evals: int
    labels: list[SavedAgreement]


class SavedSettings(TypedDict):
    """`Settings` in plain values."""

    method: str
    target: str | tuple[str, str]
    baseline: str
    segments: int | str | Numbers
    max_evals: int
    seed: int
    settle: int | None
    level_check: bool
    shifts: bool


class SavedVersions(TypedDict):
    """Versions of packages, and spec or name → fingerprint; None: not known."""

    audiolime_ext: str
    numpy: str
    weights: dict[str, str | None]


class _LaterProvenance(TypedDict, total=False):
    """What files of this format did not always hold."""

    baseline_sha256: str | None


class SavedProvenance(_LaterProvenance):
    """Where it comes from."""

    file: str | None
    sha256: str
    sr: int
    n_channels: int
    factorization: str | None
    model: str | None
    settings: SavedSettings
    labels: list[str]
    versions: SavedVersions
    references: list[str]


class Saved(TypedDict):
    """A whole file."""

    format: int
    labels: list[str]
    all_labels: list[str]
    notes: list[str]
    warnings: list[str]
    provenance: SavedProvenance
    components: SavedComponents
    neighborhood: SavedNeighborhood
    attribution: SavedAttribution
    checks: SavedChecks
    settled: bool | None
    cross_check: SavedCrossCheck | None


def checked(content: Any) -> Saved:
    """The content of a file, each field of its kind.

    Raises
    ------
    ValueError
        If a field is missing or of another kind; the message says where.
    """
    return held(content, Saved)


def shaped(
    name: str, values: Any, *shape: int | None, gaps: bool = False, least: float = -LARGEST
) -> NDArray[np.float64]:
    """Numbers of a field as an array of a shape.

    Parameters
    ----------
    name : str
        Field, for the message.
    values : nested lists of float or None
        Numbers as they are in the file.
    *shape : int or None
        Shape that they must have; None: any length.
    gaps : bool
        True to take None for "not known".
    least : float
        Least that they may be.

    Raises
    ------
    ValueError
        If they have another shape, are larger than float32 holds, or less than `least`.

    Examples
    --------
    >>> shaped("weights", [[0.5, 1]], 1, 2)
    array([[0.5, 1. ]])
    """
    try:
        found = np.array(values, dtype=np.float64)
    except ValueError:
        found = np.zeros(0)
    if found.ndim != len(shape) or any(want not in (None, have) for want, have in zip(shape, found.shape, strict=True)):
        asked = ", ".join("any" if length is None else str(length) for length in shape)
        raise ValueError(f"`{name}` must have shape ({asked}), not {found.shape}")
    if not (gaps | (np.abs(found) <= LARGEST)).all():
        raise ValueError(f"`{name}` must be finite, and no larger than float32 holds")
    require(f"`{name}` must be {least:g} or more", not (found < least).any())
    return found


def within(name: str, chosen: Sequence[str], among: Sequence[str]) -> tuple[str, ...]:
    """Names that must occur among others, each once.

    Raises
    ------
    ValueError
        If one does not, or occurs twice.
    """
    require(f"`{name}` must name each once", len(set(chosen)) == len(chosen))
    require(f"`{name}` names {sorted(set(chosen) - set(among))}, which are not there", set(chosen) <= set(among))
    return tuple(chosen)
