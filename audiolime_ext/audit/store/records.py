"""What an audit's store holds: the audit's identity, what is to be measured, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.engine.jobs import Task, canonical
from audiolime_ext.files.names import legible
from audiolime_ext.files.plain import Fact, from_json, held, require

AUDIT_VERSION = 1  # raise it whenever the same task would give other results
OWN_MODEL, OWN_FACTORIZATION = "own model", "own factorization"  # stand for the specs of what lives in memory only


@dataclass(frozen=True)
class Identity:
    """What all results in a store have in common.

    Parameters
    ----------
    model, factorization : str
        Spec strings.
    model_fingerprint, factorization_fingerprint : str
        Fingerprints: a model that was retrained under the same name has another one; "" with true stems.
    labels : tuple of str
        Labels of the model, in the order of every measurement.
    settings : mapping of str to plain values
        Settings: everything else that results follow from.
    version : int
        Version of the audit's own arithmetic.
    """

    model: str
    model_fingerprint: str
    factorization: str
    factorization_fingerprint: str
    labels: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    version: int = AUDIT_VERSION

    def plain(self) -> dict[str, str]:
        """Its fields, each as JSON."""
        return {name: canonical(getattr(self, name)) for name in self.__dataclass_fields__}


@dataclass(frozen=True)
class Entry:
    """A recording of the manifest, as an audit knows it: the excerpt that is heard, and its classes.

    Parameters
    ----------
    path : str
        Path of the file.
    sha256 : str
        SHA-256 of the file's bytes.
    labels : tuple of str
        Classes of the recording.
    song : str
        Song that the recording is a sample of.
    start_s, duration_s : float
        Start and length in seconds of the excerpt that is heard.
    split : str or None
        Split that the recording belongs to, such as ``"test"``; None: the manifest names none.
    stems : str or None
        Folder of the true stems; None: the manifest names none.
    stems_sha256 : str
        SHA-256 of the names and bytes of the true stems; "" where there are none.
    known_as : str
        Name that tells it from all other recordings of its manifest, for people; "": the file's name.
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
        """The key by which its results are found, as a host and as a donor."""
        return self.task.key

    @property
    def name(self) -> str:
        """Its name, for people."""
        return self.known_as or legible(Path(self.path).name)


@dataclass(frozen=True)
class Reading:
    """How results are read. It is no part of them, so it may change without anything being measured again.

    Parameters
    ----------
    thresholds : tuple of float or None
        Scores from which on a label is decided for, one for each label; None: the highest score decides.
    expected : tuple of (str, str, int or None) or None
        Components that are meant to matter, as (class, component, None); None: nobody said. Older stores have a sign
        in the third place.
    """

    thresholds: tuple[float, ...] | None = None
    expected: tuple[tuple[str, str, int | None], ...] | None = None


@dataclass(frozen=True)
class Measurement:
    """One measure of one component of a recording.

    Parameters
    ----------
    measure : str
        Name of the measure, such as ``"without"``.
    component : str
        Name of the component; "" for what concerns the whole recording.
    values : tuple of (float or None)
        Values, one for each label or a single one; None where undetermined.
    donor : str or None
        Key of the recording that a transplant comes from; None: there is no donor.
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
    facts: dict[str, Fact]

    def told(self, fact: str) -> list[str]:
        """The sentences that a fact holds."""
        found = self.facts.get(fact)
        return found if isinstance(found, list) else []


@dataclass(frozen=True, eq=False)
class Vectors:
    """All measurements of one measure, row by row.

    Parameters
    ----------
    tasks : sequence of str
        Key of each row's recording.
    components : sequence of str
        Name of each row's component; "" for what concerns the whole recording.
    donors : sequence of (str or None)
        Key of each row's donor; None where there is none.
    values : ndarray of float32, shape (n_rows, n_labels) or (n_rows, 1)
        Values of each row; NaN where undetermined.
    """

    tasks: Sequence[str]
    components: Sequence[str]
    donors: Sequence[str | None]
    values: NDArray[np.float32]


def entry_of(text: str) -> Entry:
    """An entry from a row of the table; `ValueError` says what is wrong with it, as of all of these."""
    found = held(from_json(text), Entry, "its table manifest")
    excerpt = found.start_s >= 0 and found.duration_s > 0
    require("its table manifest: start_s must be 0 or more, duration_s more than 0", excerpt)
    return found


def reading_of(text: str, n_labels: int) -> Reading:
    """A reading from a row of the table."""
    found = held(from_json(text), Reading, "its table reading")
    each = found.thresholds is None or len(found.thresholds) == n_labels
    require("its table reading: there must be a threshold for each label", each)
    return found


def recording_of(task: str, name: str, facts: str) -> Recording:
    """A recording from a row of the table."""
    Task.from_key(task)
    return held({"task": task, "name": name, "facts": from_json(facts)}, Recording, "its table recordings")
