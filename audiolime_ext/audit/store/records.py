"""What an audit's store holds: whose results they are, what is to be done, what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.files import legible

AUDIT_VERSION = 1  # raise it whenever the same task would give other results


@dataclass(frozen=True)
class Identity:
    """What all results in a store have in common.

    Parameters
    ----------
    model, factorization
        Their specs.
    model_fingerprint, factorization_fingerprint
        What they really are: a model that was retrained under the same name has another one.
    labels
        The model's labels, in the order of every measurement.
    settings
        Everything else that results follow from, as plain values.
    version
        That of the audit's own arithmetic.
    """

    model: str
    model_fingerprint: str
    factorization: str
    factorization_fingerprint: str
    labels: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    version: int = AUDIT_VERSION

    def plain(self) -> dict[str, str]:
        """Its parts as JSON, one by one."""
        return {name: canonical(getattr(self, name)) for name in self.__dataclass_fields__}


@dataclass(frozen=True)
class Task:
    """One recording or excerpt to be measured.

    Parameters
    ----------
    sha256
        Of its audio: the same content under another name is the same task.
    start_s, duration_s
        The excerpt.
    detail
        Whatever else the results follow from, such as the donors that are drawn for it.

    Examples
    --------
    >>> Task("9f2c", 1.5, 10).key
    '["9f2c", 1.5, 10.0, ""]'
    """

    sha256: str
    start_s: float | None = None
    duration_s: float | None = None
    detail: str = ""

    @property
    def key(self) -> str:
        """What it is found by; a store holds each once."""
        end = None if self.duration_s is None else float(self.duration_s)
        return canonical([self.sha256, float(self.start_s or 0), end, self.detail])

    @classmethod
    def from_key(cls, key: str) -> Task:
        """The reverse of `key`."""
        return cls(*json.loads(key))


@dataclass(frozen=True)
class Entry:
    """A recording of the manifest, as an audit knows it: what is heard of it, and what it is.

    Parameters
    ----------
    path
        The file.
    sha256
        Of its bytes.
    labels
        Its classes.
    song
        What it is one sample of.
    start_s, duration_s
        The excerpt that is heard, in seconds.
    split
        None where nothing is said.
    stems, stems_sha256
        The folder of its true stems, and the hash of what is in it.
    known_as
        What tells it from all others of its manifest, for people; by default the file's name.
    """

    path: str
    sha256: str
    labels: tuple[str, ...]
    song: str
    start_s: float
    duration_s: float
    split: str | None = None
    stems: str | None = None
    stems_sha256: str = ""
    known_as: str = ""

    @property
    def task(self) -> Task:
        """What is to be measured."""
        return Task(self.sha256, self.start_s, self.duration_s, self.stems_sha256)

    @property
    def key(self) -> str:
        """What its results are found by, as a host and as a donor."""
        return self.task.key

    @property
    def name(self) -> str:
        """What people call it."""
        return self.known_as or legible(Path(self.path).name)


@dataclass(frozen=True)
class Reading:
    """How results are read: which is no part of them, so that it may change without anything being measured again.

    Parameters
    ----------
    thresholds
        The score from which on each label is decided for; None: the highest decides.
    expected
        What is meant to matter, as (class, component, sign); None: nobody said.
    """

    thresholds: tuple[float, ...] | None = None
    expected: tuple[tuple[str, str, int | None], ...] | None = None


@dataclass(frozen=True)
class Measurement:
    """One measure of one component of a recording.

    Parameters
    ----------
    measure
        Such as ``"necessity"``.
    component
        The component's name; "" for what concerns the whole recording.
    values
        One for each label, or a single one; None where undetermined.
    donor
        The song that a transplant comes from.
    """

    measure: str
    component: str
    values: tuple[float | None, ...]
    donor: str | None = None


@dataclass(frozen=True)
class Recording:
    """A recording that was measured: its task's key, its name, and small facts about it."""

    task: str
    name: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class Failure:
    """A recording that could not be measured, why, and how often it was tried."""

    task: str
    name: str
    reason: str
    tries: int


@dataclass(frozen=True, eq=False)
class Vectors:
    """All of one measure, row by row.

    Parameters
    ----------
    tasks
        The key of each row's recording.
    components
        "" for what concerns the whole recording.
    donors
        The key of each row's donor; None where there is none.
    values
        Shape (n_rows, n_labels) or (n_rows, 1), float32; NaN where undetermined.
    """

    tasks: Sequence[str]
    components: Sequence[str]
    donors: Sequence[str | None]
    values: NDArray[np.float32]


def canonical(value: Any) -> str:
    """Plain values as the one JSON text that stands for them."""
    return json.dumps(value, sort_keys=True, ensure_ascii=True, allow_nan=False)
