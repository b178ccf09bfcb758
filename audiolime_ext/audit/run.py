"""The whole audit on one screen: manifest → recordings → jobs → workers → store → results."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from audiolime_ext.audit.measurement.effects import thresholds_for
from audiolime_ext.audit.measurement.estimate import Estimate, estimate
from audiolime_ext.audit.measurement.fitness import ask_about_noise, fingerprint_of, labels_of
from audiolime_ext.audit.measurement.heard import TRUE_STEMS, Ears
from audiolime_ext.audit.measurement.measure import Measured, Settings
from audiolime_ext.audit.measurement.plan import DURATION_S, Donors, entries_of, of_one_song, usual_duration_s
from audiolime_ext.audit.measurement.work import Measuring
from audiolime_ext.audit.store.records import OWN_FACTORIZATION, OWN_MODEL, Entry, Identity, Reading
from audiolime_ext.audit.store.store import AuditStore
from audiolime_ext.audit.verdict.expected import load_expected
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.collection.engine.choosing import chosen
from audiolime_ext.collection.engine.driver import Driver
from audiolime_ext.collection.engine.jobs import shard_of
from audiolime_ext.collection.engine.policy import Policy
from audiolime_ext.collection.engine.workers import Engine
from audiolime_ext.collection.label_map import load_label_map
from audiolime_ext.collection.manifest import Manifest, load_manifest
from audiolime_ext.errors import UsageError
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.factorization.loading import load_factorization, require_fingerprint
from audiolime_ext.files.names import legible
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.prediction.plain_values import plain, takes_plain
from audiolime_ext.progress.stages import Told, tells_progress
from audiolime_ext.text import counted


@dataclass(frozen=True, eq=False)
class Audit:
    """An audit that is ready to run: all that can be checked before the long work has been checked.

    Parameters
    ----------
    identity : Identity
        Identity of the audit, to which its store will belong.
    entries : tuple of Entry
        Recordings of the manifest.
    mine : tuple of Entry
        Recordings that this run measures: all, or a shard of them.
    settings : Settings
        Settings that results follow from, besides the models.
    reading : Reading
        Reading of the results: thresholds, and what is meant to matter.
    ears : Ears
        Models in this process.
    engine : callable without arguments, giving an Engine
        Maker of the workers.
    notes : tuple of str
        Notes on what was left out of the manifest, and on what these recordings cannot tell.
    """

    identity: Identity
    entries: tuple[Entry, ...]
    mine: tuple[Entry, ...]
    settings: Settings
    reading: Reading
    ears: Ears
    engine: Callable[[], Engine]
    notes: tuple[str, ...] = ()

    def run(
        self, store: str | Path, policy: Policy | None = None, *, say: Callable[[str], None] | None = None
    ) -> Results:
        """Measure what the store lacks, in an order that is drawn.

        Parameters
        ----------
        store : str or Path
            File in which results are kept.
        policy : Policy or None
            Policy for recordings that cannot be measured; None: the defaults.
        say : callable of str, or None
            Receiver of warnings about the workers while it runs; None: each is a line on stderr.

        Raises
        ------
        UsageError
            If the store belongs to another audit, or is being written, or the policy's time limit cannot be kept.
        WorkersLost
            If the workers are gone, or do not answer, for longer than the policy allows; what is done is kept.
        """
        policy, engine = policy or Policy(), self.engine()
        policy.require_kept_by(engine)
        with AuditStore.create_or_resume(store, self.identity) as opened:
            opened.describe(self.entries, self.reading)

            def keep(entry: Entry, measured: Measured) -> None:
                opened.put(entry.task, entry.name, measured.measurements, measured.facts)

            donors, usual_s = Donors(self.entries, self.settings), usual_duration_s(self.mine)
            driver = Driver(
                opened,
                keep,
                engine,
                policy,
                donors=donors,
                usual_s=usual_s,
                doing="auditing",
                besides="and the stems that were made so far in the cache" if self.ears.keeps else "",
                say=say,
            )
            if opened.n_forgotten:
                failed = counted(opened.n_forgotten, "recording")
                driver.say(f"an earlier version could not measure {failed}, perhaps for want of a donor: tried again")
            driver.run(self.in_drawn_order)
        return Results.read(store)

    @property
    def in_drawn_order(self) -> tuple[Entry, ...]:
        """The recordings by their contents' hashes, so that those measured first are a sample of all classes."""
        return tuple(sorted(self.mine, key=lambda entry: entry.key))

    def estimate(self) -> Estimate:
        """Estimate what it will take, by measuring the first few that are drawn; only their stems are kept."""
        donors = Donors(self.entries, self.settings)
        return estimate(self.in_drawn_order, donors, self.engine(), is_kept=self.ears.is_kept)


@tells_progress
def run_audit(
    manifest: str | Path | Mapping[str, Any] | Iterable[Any],
    model: Any,
    factorization: Factorization | str = TRUE_STEMS,
    *,
    store: str | Path,
    policy: Policy | None = None,
    progress: Told = None,
    **options: Any,
) -> Results:
    """Audit a classifier over a collection; what the store already holds is not measured again.

    With worker processes (the default for models that a spec string names) a script must call this under
    ``if __name__ == "__main__":``, like everything that starts processes.

    Parameters
    ----------
    manifest : str, Path, mapping or iterable
        Table of recordings, folder with a folder for each class, table of a published data set, or tracks of mirdata;
        see `audiolime_ext.collection.manifest`. A warning names what is left out of it.
    model : Model, str or callable
        Model to audit, as for `explain`.
    factorization : Factorization or str
        Factorization, as for `explain`; ``"oracle"``: the manifest names the true stems of every recording.
    store : str or Path
        File in which results are kept.
    policy : Policy or None
        Policy for recordings that cannot be measured; None: the defaults.
    progress : as for `explain`
        Function that is told how far the work is; False: nothing is shown; None: a bar, or a line now and then in a
        log.
    **options : any
        Options of `audiolime_ext.audit.run.plan_audit`, such as ``label_map`` and ``expected``.

    Raises
    ------
    UsageError
        If the manifest, the models or the store cannot be used; it names everything that is wrong.
    WorkersLost
        If the workers are gone, or do not answer, for longer than `policy` allows; what is done is kept.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from audiolime_ext import Audio, tagger
    >>> def high(batch):
    ...     return np.abs(np.diff(batch)).mean(axis=1, keepdims=True)
    >>> hiss = tagger(high, sr=8000, labels=["hiss", "hum"], version="1")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for i, label in enumerate(["hiss", "hum"] * 2):
    ...         noise = np.random.default_rng(i).normal(0, 0.1, (1, 8000)).astype(np.float32)
    ...         sound = noise if label == "hiss" else np.cumsum(noise, axis=1) / 100
    ...         Path(folder, label).mkdir(exist_ok=True)
    ...         _ = Audio(sound, 8000).write(Path(folder, label, f"{i}.wav"))
    ...     found = run_audit(folder, hiss, "hpss", store=Path(folder, "audit.sqlite"))
    ...     found.components, int(found.done.sum())
    (('harmonic', 'percussive'), 4)
    """
    AuditStore.require_place(Path(store))
    audit = plan_audit(manifest, model, factorization, **options)
    for note in audit.notes:
        warnings.warn(note, stacklevel=3)
    return audit.run(store, policy)


@takes_plain
def plan_audit(
    manifest: str | Path | Mapping[str, Any] | Iterable[Any],
    model: Any,
    factorization: Factorization | str = TRUE_STEMS,
    *,
    columns: Mapping[str, str] | None = None,
    ignore: Collection[str] = (),
    root: str | Path | None = None,
    label_map: Mapping[str, str | None] | str | Path | None = None,
    duration_s: float | None = None,
    settings: Settings | None = None,
    thresholds: float | Mapping[str, float] | None = None,
    expected: str | Path | None = None,
    shard: tuple[int, int] | None = None,
    workers: int | None = None,
    threads: int = 1,
    executor: Executor | None = None,
    at_once: int | None = None,
    sr: int | None = None,
    batch_size: int | None = None,
) -> Audit:
    """Check an audit and make it ready to run.

    Parameters
    ----------
    manifest : str, Path, mapping or iterable
        Recordings, as for `run_audit`.
    model : Model, str or callable
        Model to audit.
    factorization : Factorization or str
        Factorization, as for `run_audit`.
    columns : mapping of str to str, or None
        Names of our columns in the manifest.
    ignore : collection of str
        Columns of the manifest to ignore.
    root : str, Path or None
        Folder that the manifest's paths are relative to; None: its own.
    label_map : mapping of str to str, str, Path or None
        Class of the manifest → label of the model, where the names differ, as a mapping, as text (``"rock=Rock"``) or a
        table; see `audiolime_ext.collection.label_map`. The store keeps it. None: the names are the same.
    duration_s : float or None
        Seconds to take from the middle where the manifest names no excerpt; None: 10, or the model's window where that
        is longer.
    settings : Settings or None
        Settings: how many donors, which transplants, the seed; None: the defaults.
    thresholds : float, mapping of str to float, or None
        Score from which on a label is decided for: one for all labels, or one for each; None: the highest decides.
    expected : str, Path or None
        Table of what is meant to matter; None: nobody said.
    shard : (int, int) or None
        Pair (i, n): measure the i-th of n parts, counted from 1; see `audiolime_ext.audit.store.merge`.
    workers : int or None
        Number of processes; 0: measure in this one; None: one for each core, or 0 for models that live in memory.
    threads : int
        Number of threads of each process.
    executor : concurrent.futures.Executor or None
        Executor that measures instead of own processes; of Dask: ``client.get_executor(pure=False)``.
    at_once : int or None
        Number of jobs that it is given at a time; None: twice the number of cores.
    sr : int or None
        Sampling rate in Hz of a model that states labels, but no rate; None: the model's own.
    batch_size : int or None
        Largest number of signals that the model hears at a time; None: the model's own.

    Raises
    ------
    UsageError
        If something cannot be used.
    ModelError
        If the model fails, or its answers are not scores between 0 and 1.
    """
    model = load_model(model, sr=sr, batch_size=batch_size)
    names = labels_of(model, sr)
    mapped = None if label_map is None else load_label_map(label_map, names)
    found = load_manifest(manifest, labels=names, columns=columns, ignore=ignore, root=root, label_map=mapped)
    meant = None if expected is None else load_expected(expected, labels=found.labels).kept
    separator = None if factorization == TRUE_STEMS else load_factorization(factorization)
    _require_one_split(found, separator)
    settings = Settings(**{name: plain(value) for name, value in vars(settings or Settings()).items()})
    reading = Reading(thresholds_for(names, thresholds), meant)
    identity = Identity(
        model=model.spec or OWN_MODEL,
        model_fingerprint=fingerprint_of(model),
        factorization=TRUE_STEMS if separator is None else separator.spec or OWN_FACTORIZATION,
        factorization_fingerprint="" if separator is None else require_fingerprint(separator),
        labels=names,
        settings={
            **asdict(settings),
            "kinds": list(settings.kinds),
            **({} if mapped is None else {"label_map": mapped.text}),
        },
    )
    ears = Ears(model, separator)
    engine = _engine(identity, ears, settings, workers, threads, executor, at_once, sr, batch_size)
    duration_s = max(DURATION_S, model.window_s or 0.0) if duration_s is None else duration_s
    entries = tuple(entries_of(found, duration_s=duration_s, stems_needed=separator is None, store=ears.store))
    ask_about_noise(model, usual_duration_s(entries) or duration_s, at_once=1)  # refuses a model before the long work
    notes = (*found.notes, *of_one_song(entries))
    return Audit(identity, entries, shard_of(entries, shard), settings, reading, ears, engine, notes)


def _require_one_split(manifest: Manifest, separator: Factorization | None) -> None:
    """Refuse true stems together with a factorization: one would be audited under the name of the other."""
    n = sum(row.stems is not None for row in manifest.rows)
    if separator is not None and n:
        named = separator.spec or "a factorization of your own"
        raise UsageError(
            f"{legible(manifest.source)} names true stems of {n} of {counted(len(manifest.rows), 'recording')} "
            f"(column stems), and {named} is to split them; choose one: -f oracle audits by the true stems; "
            f"--ignore stems leaves them out, and splits by {named} (factorization='oracle' or ignore=['stems'])"
        )


def _engine(
    identity: Identity,
    ears: Ears,
    settings: Settings,
    workers: int | None,
    threads: int,
    executor: Executor | None,
    at_once: int | None,
    sr: int | None,
    batch_size: int | None,
) -> Callable[[], Engine]:
    """A maker of the workers; models that live in this process's memory cannot travel."""
    separator = ears.factorization
    spec = None if separator is None else separator.spec
    fingerprints = identity.model_fingerprint, identity.factorization_fingerprint
    work = Measuring(identity.model, fingerprints[0], spec, fingerprints[1], settings, sr, batch_size)
    here = None
    if ears.model.spec is None or (separator is not None and spec is None):
        here = "the model" if ears.model.spec is None else "the factorization"
    return chosen(work, ears, only_here=here, workers=workers, threads=threads, executor=executor, at_once=at_once)
