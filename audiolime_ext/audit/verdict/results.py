"""An audit's results as arrays, and the trials that they hold.

Recordings are numbered by their row in the manifest, components and labels by their position; keys are not used here.
Recordings that the manifest no longer names are left out. A decision *flips* where a class is gained or lost:

- *transplants* into recordings that are not of the class and for which the model does not decide for it: is it gained?
  The donor is of the class and has the component. Controls: donors of the host's own class (``"same"``: is it the
  component's presence, or a trait that only this class's has?) and, where the host lacks the component, donors of the
  class that lack it, too (``"leak"``: is it what a separator lets through?).
- *removals* from recordings that are of the class and for which the model decides for it: is it lost? Controls: the
  recording at the level that remains, and noise in the component's place.

Where a component is *all but alone* in its recording, with all others together below −20 dB, nothing that is done with
it counts as a trial, whether the recording is host or donor: taking it out leaves nothing, another song's component in
its place makes another song, and at such a ratio of levels it drowns whatever it is put into. Whether the model hears
the rest is not asked here, unlike where an excerpt is explained (`audiolime_ext.explanation.whole`): the rest is tried
by itself.

That limit was chosen on Cerberus' stems of rendered songs, under a clean model that hears drums. Where the others are
only what the separator lets through, they lie below −26 dB: 13 of 14 transplants of these solos buried the drums. Where
a bass plays along, it is above −15 dB: 7 of 43 flipped. −20 dB is halfway.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audit.measurement.effects import decide
from audiolime_ext.audit.measurement.placebos import PRESENT_DB
from audiolime_ext.audit.store.records import Entry, Identity, Reading, Recording
from audiolime_ext.audit.store.store import AuditStore
from audiolime_ext.audit.verdict.expected import Expected
from audiolime_ext.audit.verdict.rates import Trials
from audiolime_ext.collection.engine.jobs import Failure
from audiolime_ext.display import Plotted
from audiolime_ext.errors import CorruptError
from audiolime_ext.files.names import legible
from audiolime_ext.prediction.targets import log_odds
from audiolime_ext.text import counted

ALONE_DB = -20.0  # all components but one together, relative to the recording
ITSELF_DB = -1.0  # that one: then it cannot be fainter, unless the store lacks others

Which = Literal["class", "same", "leak"]
Floats = NDArray[np.float32]
Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Asked:
    """All of one measure, row by row: the positions of recording, component and donor (−1: none), and the values."""

    recordings: Places
    components: Places
    donors: Places
    values: Floats

    def __getitem__(self, rows: NDArray[np.bool_]) -> Asked:
        """Some of the rows."""
        return Asked(self.recordings[rows], self.components[rows], self.donors[rows], self.values[rows])


@dataclass(frozen=True, eq=False, repr=False)
class Results(Plotted):
    """What an audit has found, as it is read from a store.

    `audiolime_ext.audit.verdict.verdicts.conclude` gives the verdicts.

    Parameters
    ----------
    path : Path
        File of the store.
    identity : Identity
        Identity of the audit.
    entries : tuple of Entry
        Recordings of the manifest.
    done : ndarray of bool, shape (n_recordings,)
        Flag of each recording: True where it was measured.
    failures : tuple of Failure
        Recordings that could not be measured.
    reading : Reading
        Thresholds, and what is meant to matter.
    components : tuple of str
        Names of the components of all recordings; the residual last.
    remarks : tuple of str
        Sentences on recordings that were filled up, or with which something is wrong.
    """

    path: Path
    identity: Identity
    entries: tuple[Entry, ...]
    done: NDArray[np.bool_]
    failures: tuple[Failure, ...]
    reading: Reading
    components: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    # not for `replace`: what is kept here follows from the fields above
    _asked: dict[str, Asked] = field(default_factory=dict, repr=False, init=False)
    _decided: dict[str, NDArray[np.float64]] = field(default_factory=dict, repr=False, init=False)

    @classmethod
    def read(cls, path: str | Path, *, reading: Reading | None = None) -> Results:
        """The results in a store, even while an audit writes to it.

        Parameters
        ----------
        path : str or Path
            File of the store.
        reading : Reading or None
            Reading that replaces the store's; None: the store's.

        Raises
        ------
        MissingError, UsageError
            If there is no store; see `AuditStore.read`.
        CorruptError
            If it is damaged.
        """
        with AuditStore.read(path) as store:
            entries = tuple(store.entries())
            keys = {entry.key for entry in entries}
            measured = [recording for recording in store.recordings() if recording.task in keys]
            tasks = {recording.task for recording in measured}
            failures = tuple(failure for failure in store.failures() if failure.task in keys)
            names = dict.fromkeys(store.vectors("presence").components)
            done = np.array([entry.key in tasks for entry in entries], bool)
            if done.any() and not names and next(store.measurements(), None) is None:
                raise CorruptError(
                    f"{legible(path)} is damaged: it names recordings as measured, but holds no measurements of them"
                )
            ordered = tuple(sorted(names, key=lambda name: (name == "residual", name)))
            found = reading or store.reading(), ordered, _remarks(measured)
            return cls(Path(path), store.identity, entries, done, failures, *found)

    def __repr__(self) -> str:
        """The audit in one line; what follows from it are its verdicts."""
        measured = f"{int(self.done.sum())} of {counted(len(self.entries), 'recording')} measured"
        about = f"{self.identity.model}, {self.identity.factorization}, {measured}"
        return f"Results({legible(self.path)}: {about}; conclude(results) gives the verdicts)"

    @property
    def labels(self) -> tuple[str, ...]:
        """The model's labels."""
        return self.identity.labels

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The manifest's classes, sorted."""
        return tuple(sorted({label for entry in self.entries for label in entry.labels}))

    @cached_property
    def is_of(self) -> NDArray[np.bool_]:
        """Which recording has which label, bool (n_recordings, n_labels)."""
        return np.array([[label in entry.labels for label in self.labels] for entry in self.entries], bool)

    @property
    def expected(self) -> Expected | None:
        """What is meant to matter; None where nobody said."""
        rows = self.reading.expected
        return None if rows is None else Expected.of(rows)

    def asked(self, measure: str) -> Asked:
        """All of one measure, for recordings and donors that the manifest names."""
        if measure not in self._asked:
            place = {entry.key: i for i, entry in enumerate(self.entries)}
            component = {name: i for i, name in enumerate(self.components)}
            with AuditStore.read(self.path, whole=False) as store:
                found = store.vectors(measure)
            if not len(found.values):
                nothing = np.zeros(0, np.int64)
                self._asked[measure] = Asked(nothing, nothing, nothing, np.zeros((0, len(self.labels)), np.float32))
                return self._asked[measure]
            recordings = np.array([place.get(task, -1) for task in found.tasks], np.int64)
            donors = np.array([-1 if key is None else place.get(key, -2) for key in found.donors], np.int64)
            components = np.array([component.get(name, -1) for name in found.components], np.int64)
            if found.values.shape[1] != (1 if measure == "presence" else len(self.labels)):
                raise CorruptError(
                    f"{legible(self.path)} is damaged: {measure} has {found.values.shape[1]} values in a row"
                )
            whole = Asked(recordings, components, donors, found.values)
            self._asked[measure] = whole[(recordings >= 0) & (donors > -2)]
        return self._asked[measure]

    def matrix(self, measure: str) -> Floats:
        """A measure without donors, (n_recordings, n_components or 1, n_labels or 1); NaN where there is none."""
        asked = self.asked(measure)
        whole = bool(len(asked.components)) and bool((asked.components < 0).all())
        shape = (len(self.entries), 1 if whole else len(self.components), asked.values.shape[1])
        found = np.full(shape, np.nan, np.float32)
        found[asked.recordings, np.maximum(asked.components, 0)] = asked.values
        return found

    @cached_property
    def scores(self) -> Floats:
        """Scores of the recordings themselves, (n_recordings, n_labels); NaN where there is none."""
        asked = self.asked("score")
        found = np.full((len(self.entries), len(self.labels)), np.nan, np.float32)
        found[asked.recordings] = asked.values
        return found

    @cached_property
    def decided(self) -> NDArray[np.bool_]:
        """What is decided for the recordings, bool (n_recordings, n_labels)."""
        return self.decide(self.scores) & self.done[:, None]

    def decide(self, scores: Floats) -> NDArray[np.bool_]:
        """What is decided for scores (…, n_labels)."""
        return decide(scores, self.reading.thresholds)

    def decided_after(self, measure: str) -> NDArray[np.float64]:
        """What is decided after a measure without donors, 0 or 1, shaped as `matrix`; NaN where it was not asked."""
        if measure not in self._decided:
            scores = self.matrix(measure)
            self._decided[measure] = np.where(np.isnan(scores), np.nan, self.decide(scores))
        return self._decided[measure]

    @cached_property
    def holds_everything(self) -> NDArray[np.bool_]:
        """Where a component is all but alone, bool, shaped as `present`; what is done with it there is no trial."""
        power = 10 ** (self.matrix("presence")[..., 0].astype(np.float64) / 10)  # relative to the recording
        others = np.nansum(power, axis=1, keepdims=True) - np.nan_to_num(power)
        return np.asarray((power >= 10 ** (ITSELF_DB / 10)) & (others < 10 ** (ALONE_DB / 10)))

    @property
    def whole(self) -> dict[str, tuple[int, int]]:
        """For each component, in how many recordings it is all but alone, and how many hold it."""
        everything, held = self.holds_everything.sum(axis=0), self.present.sum(axis=0)
        return {name: (int(everything[i]), int(held[i])) for i, name in enumerate(self.components)}

    @cached_property
    def present(self) -> NDArray[np.bool_]:
        """Which recording holds which component, bool (n_recordings, n_components)."""
        return np.asarray(np.nan_to_num(self.matrix("presence")[..., 0], nan=-np.inf) >= PRESENT_DB)

    def transplants(
        self, kind: str = "own", which: Which = "class", *, labels: Collection[str] | None = None
    ) -> list[Trials]:
        """What was gained when components were put in, for every class and component that was tried; see the module.

        With `labels`, for these classes only.
        """
        asked = self.asked(kind)
        before = self.before(kind)
        decided, gained = self.decide(before), self.decide(asked.values)
        there = self.present[asked.donors, asked.components] & ~self.holds_everything[asked.donors, asked.components]
        if which == "leak":
            there = ~self.present[asked.donors, asked.components] & ~self.present[asked.recordings, asked.components]
        there &= ~self.holds_everything[asked.recordings, asked.components]
        found = []
        for label in self.classes if labels is None else labels:
            column = self.labels.index(label)
            host, donor = self.is_of[asked.recordings, column], self.is_of[asked.donors, column]
            rows = there & ~host & ~decided[:, column]
            rows &= ~donor & self._share_a_class(asked) if which == "same" else donor
            rises = _rises(before[:, column], asked.values[:, column])
            found += self._trials(asked, rows, gained[:, column], rises, label)
        return found

    def removals(self, measure: str = "without", *, labels: Collection[str] | None = None) -> list[Trials]:
        """What was lost when components were taken out (or a control was done), for every class and component."""
        asked = self.asked(measure)
        before = self.scores[asked.recordings]
        decided, kept = self.decide(before), self.decide(asked.values)
        there = self.present[asked.recordings, asked.components]
        there &= ~self.holds_everything[asked.recordings, asked.components]
        found = []
        for label in self.classes if labels is None else labels:
            column = self.labels.index(label)
            rows = self.is_of[asked.recordings, column] & decided[:, column] & there
            rises = _rises(before[:, column], asked.values[:, column])
            found += self._trials(asked, rows, ~kept[:, column], -rises, label)
        return found

    def before(self, kind: str) -> Floats:
        """The hosts' scores for each row of a kind of transplant: at the same scale, where that is not 1."""
        asked = self.asked(kind)
        before = self.scores[asked.recordings].copy()
        scaled = self.asked(f"{kind} before")
        row_of = {key: row for row, key in enumerate(zip(*_places(scaled), strict=True))}
        if row_of:
            rows = [row_of.get(key, -1) for key in zip(*_places(asked), strict=True)]
            at = np.array(rows)
            before[at >= 0] = scaled.values[at[at >= 0]]
        return before

    def _share_a_class(self, asked: Asked) -> NDArray[np.bool_]:
        return np.asarray((self.is_of[asked.recordings] & self.is_of[asked.donors]).any(axis=1))

    def _trials(
        self,
        asked: Asked,
        rows: NDArray[np.bool_],
        flips: NDArray[np.bool_],
        gains: NDArray[np.float64],
        label: str,
    ) -> list[Trials]:
        """One entry for each component that was tried."""
        found = []
        for i, component in enumerate(self.components):
            chosen = np.flatnonzero(rows & (asked.components == i))
            if len(chosen):
                hosts = self._songs(asked.recordings[chosen])
                donors = self._songs(asked.donors[chosen]) if (asked.donors[chosen] >= 0).all() else None
                found.append(Trials(label, component, flips[chosen], hosts, donors, gains[chosen], chosen))
        return found

    def _songs(self, recordings: Places) -> Sequence[str]:
        return [self.entries[i].song for i in recordings]


def _remarks(measured: Sequence[Recording]) -> tuple[str, ...]:
    """Remarks: how many recordings each is true of, and the first of them in full."""
    found = []
    for fact, what in (("filling", "shorter than the model's window"), ("warnings", "damaged, or not read to the end")):
        told = [(recording.name, recording.told(fact)[0]) for recording in measured if recording.told(fact)]
        if told:
            are = counted(len(told), "recording is", "recordings are")
            found.append(f"{are} {what}; the first, {told[0][0]}: {told[0][1]}")
    return tuple(found)


def _rises(before: Floats, after: Floats) -> NDArray[np.float64]:
    """How far one label's log-odds rise; label by label, because all labels of a large audit at once take gigabytes."""
    return np.asarray(log_odds(after.astype(np.float64)) - log_odds(before.astype(np.float64)))


def _places(asked: Asked) -> tuple[list[int], list[int], list[int]]:
    return asked.recordings.tolist(), asked.components.tolist(), asked.donors.tolist()
