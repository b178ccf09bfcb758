"""What an audit's store holds: whose results they are, what is to be done, what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

AUDIT_VERSION = 1  # raise it whenever the same task would give other results


@dataclass(frozen=True)
class Identity:
    """What all results in a store have in common.

    Parameters
    ----------
    tagger, factorization
        Their specs.
    tagger_fingerprint, factorization_fingerprint
        What they really are: a model that was retrained under the same name has another one.
    labels
        The tagger's labels, in the order of every measurement.
    settings
        Everything else that results follow from, as plain values.
    version
        That of the audit's own arithmetic.
    """

    tagger: str
    tagger_fingerprint: str
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


def canonical(value: Any) -> str:
    """Plain values as the one JSON text that stands for them."""
    return json.dumps(value, sort_keys=True, ensure_ascii=True, allow_nan=False)


def packed(measurement: Measurement, n_labels: int) -> bytes:
    """A measurement's numbers as float32.

    Raises
    ------
    ValueError
        If there is neither one for each label nor a single one, or one is not finite.
    """
    values = measurement.values
    if len(values) not in (1, n_labels):
        raise ValueError(f"{measurement.measure}: {len(values)} values; give one, or one for each of {n_labels} labels")
    numbers = np.array([np.nan if value is None else value for value in values], "<f4")
    if int(np.isfinite(numbers).sum()) != sum(value is not None for value in values):
        raise ValueError(f"{measurement.measure} of {measurement.component!r} is not finite; None: undetermined")
    return numbers.tobytes()


def unpacked(numbers: bytes) -> tuple[float | None, ...]:
    """The reverse of `packed`."""
    return tuple(None if value != value else value for value in np.frombuffer(numbers, "<f4").tolist())
