"""From a collection and a model to a store of what the model says of its patches: the whole way on one screen.

::

    manifest ─► songs of each class, drawn ─► jobs ─► workers: patches, answers, gradients, controls ─► store

What follows from the store, concepts and their tests, is `audiolime_ext.concepts.result`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext.audio.recording import Samples
from audiolime_ext.audit.measurement.plan import DURATION_S, entries_of
from audiolime_ext.collection.engine.choosing import chosen
from audiolime_ext.collection.engine.driver import Driver
from audiolime_ext.collection.engine.jobs import Job, shard_of
from audiolime_ext.collection.engine.models import noise_for
from audiolime_ext.collection.engine.policy import Policy
from audiolime_ext.collection.engine.workers import Engine
from audiolime_ext.collection.manifest import Manifest, load_manifest
from audiolime_ext.concepts.artefacts.augmenting import Augmentation, name_of
from audiolime_ext.concepts.measurement.estimate import Estimate, estimate
from audiolime_ext.concepts.measurement.measuring import Measured, are_scores
from audiolime_ext.concepts.measurement.partners import Partners
from audiolime_ext.concepts.measurement.records import Entry, Identity
from audiolime_ext.concepts.measurement.store import ConceptStore
from audiolime_ext.concepts.measurement.trying import without_gradients
from audiolime_ext.concepts.measurement.work import Ears, Measuring
from audiolime_ext.errors import UsageError
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.factorization.loading import load_factorization, require_fingerprint
from audiolime_ext.files.names import legible
from audiolime_ext.prediction.asking import predict
from audiolime_ext.prediction.capabilities import Layered
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.labels import label_indices
from audiolime_ext.prediction.layers import require_layer
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.prediction.plain_values import takes_plain
from audiolime_ext.progress.stages import Told, tells_progress
from audiolime_ext.text import counted

UNSTATED_SR = 22050  # at which an augmentation is tried where the model has no rate of its own
SPLITS = ("slic:10", "slic:15", "slic:25")
N_SONGS, FEWEST_SONGS = 50, 10


@dataclass(frozen=True, eq=False)
class Finding:
    """A store that is ready to be made: all that can be checked before the long work has been checked.

    Parameters
    ----------
    identity : Identity
        Identity of the store.
    entries, mine : tuple of Entry
        Songs of the classes, and those that this run measures.
    engine : callable without arguments, giving an Engine
        Maker of the workers.
    seed : int
        Random seed by which each song's partner is drawn.
    notes : tuple of str
        Notes on what was left out.
    """

    identity: Identity
    entries: tuple[Entry, ...]
    mine: tuple[Entry, ...]
    engine: Callable[[], Engine]
    seed: int = 0
    notes: tuple[str, ...] = ()

    def estimate(self) -> Estimate:
        """What measuring takes, from a few songs that are measured, and not kept."""
        partners = self._partners()
        entries = sorted(self.mine, key=lambda entry: entry.key)
        return estimate(entries, self.engine(), job_of=lambda entry: Job(entry, partners.of(entry)))

    def _partners(self) -> Partners:
        """Who draws each song's partner; from no songs where there are to be no controls."""
        return Partners(self.entries if self.identity.controls else (), self.seed)

    def run(self, path: str | Path, policy: Policy | None = None, *, say: Callable[[str], None] | None = None) -> Path:
        """Measure what the store at `path` lacks, and return it; parameters and errors as an audit's `run` has."""
        policy, engine = policy or Policy(), self.engine()
        policy.require_kept_by(engine)
        with ConceptStore.create_or_resume(Path(path), self.identity) as store:
            store.describe(self.entries)

            def keep(entry: Entry, found: Measured) -> None:
                store.put(entry.task, entry.name, found)

            partners, words = self._partners(), ("asking about patches", "song")
            driver = Driver(store, keep, engine, policy, donors=partners, doing=words[0], unit=words[1], say=say)
            driver.run(sorted(self.mine, key=lambda entry: entry.key))
            if names := partners.left_out:
                told = f"{counted(len(names), 'song')} cannot be put beside others, which were put beside the next"
                driver.say(f"{told}: {', '.join(names)}")
        return Path(path)


@tells_progress
def measure_concepts(
    source: Any,
    model: Any,
    layer: str,
    *,
    store: str | Path,
    policy: Policy | None = None,
    progress: Told = None,
    **options: Any,
) -> Path:
    """Ask a model about the patches of a collection's songs; what the store already holds is not asked again.

    Parameters
    ----------
    source : str, Path, mapping or iterable
        Songs with their classes, as for `audiolime_ext.run_audit`.
    model : Model or str
        Model whose layers can be read.
    layer : str
        Name of a layer.
    store : str or Path
        File in which results are kept.
    policy : Policy or None
        Policy for songs that cannot be measured; None: the defaults.
    progress : as for `explain`
        Function that is told how far the work is; False: nothing is shown; None: a bar.
    **options : any
        Options of `plan_concepts`.

    Raises
    ------
    UsageError
        If the songs, the model or the store cannot be used.
    WorkersLost
        If the workers are gone, or do not answer, for longer than `policy` allows; what is done is kept.
    """
    ConceptStore.require_place(Path(store))
    planned = plan_concepts(source, model, layer, **options)
    for note in planned.notes:
        warnings.warn(note, stacklevel=3)
    return planned.run(store, policy)


@takes_plain
def plan_concepts(
    source: str | Path | Mapping[str, Any] | Iterable[Any],
    model: Any,
    layer: str,
    *,
    splits: Sequence[Factorization | str] = SPLITS,
    n_songs: int = N_SONGS,
    labels: Sequence[str] | None = None,
    columns: Mapping[str, str] | None = None,
    ignore: Collection[str] = (),
    root: str | Path | None = None,
    label_map: Mapping[str, str | None] | str | Path | None = None,
    duration_s: float | None = None,
    controls: bool = True,
    augmentation: Augmentation | None = None,
    seed: int = 0,
    shard: tuple[int, int] | None = None,
    workers: int | None = None,
    threads: int = 1,
    executor: Executor | None = None,
    at_once: int | None = None,
    sr: int | None = None,
    batch_size: int | None = None,
) -> Finding:
    """Check what is asked for, draw the songs, and make it ready to run.

    Parameters
    ----------
    source, model, layer : as for `measure_concepts`
        Songs, model and layer.
    splits : sequence of Factorization or str
        Factorizations that make the patches.
    n_songs : int
        Most songs of each class; more are drawn from by the seed.
    labels : sequence of str or None
        Classes to take; None: all of the source's.
    columns, ignore, root, label_map, shard, workers, threads, executor, at_once, sr, batch_size : as for an audit
        See `audiolime_ext.audit.run.plan_audit`.
    duration_s : float or None
        Seconds to take from the middle where the source names no excerpt; None: 10, or the model's window where that is
        longer.
    controls : bool
        True to ask about each patch in another song's place, too, two answers more for each patch
        (`audiolime_ext.concepts.measurement.elsewhere`), without which nothing is known of places and additions.
    augmentation : callable of (samples, sr, rng) giving samples, or None
        Augmentation that the model was trained with: a function of a signal (n_channels, n_samples) in float32, its
        rate in Hz and a numpy Generator. Each window is heard with it three times, in this process.
    seed : int
        Random seed of the draw, of partners, and of the augmentation.

    Raises
    ------
    UsageError
        If something cannot be used.
    """
    asked = load_model(model, sr=sr, batch_size=batch_size)
    names = _require_fit(asked, layer)
    found = load_manifest(source, labels=names, columns=columns, ignore=ignore, root=root, label_map=label_map)
    duration_s = max(DURATION_S, asked.window_s or 0.0) if duration_s is None else duration_s
    entries, notes = _songs(found, labels, n_songs, duration_s, seed)
    classes = tuple(sorted({entry.label for entry in entries}))
    made = tuple(load_factorization(one) for one in splits)
    prints = tuple(require_fingerprint(one) for one in made)
    columns_of = tuple(label_indices(classes, names))
    noise = noise_for(asked, duration_s, 1)
    answers = predict(asked, noise)  # refuses a model before the long work
    notes += without_gradients(asked, layer, noise, are_scores(answers))
    specs = tuple(one.spec or type(one).__name__ for one in made)
    told = asked.spec or "own model", asked.fingerprint or "", layer
    augmenting = _name(augmentation, asked, noise, workers, executor)
    identity = Identity(*told, classes, specs, prints, float(duration_s), sr, controls, augmenting)
    work = Measuring(*told, classes, columns_of, specs, prints, float(duration_s), sr, batch_size)
    here = {"the model": asked.spec is None, "the augmentation": augmentation is not None}
    here |= {"a factorization": any(one.spec is None for one in made)}
    engine = chosen(
        work,
        Ears(asked, layer, made, classes, columns_of, float(duration_s), augmentation, seed),
        only_here=next((what for what, is_here in here.items() if is_here), None),
        workers=workers,
        threads=threads,
        executor=executor,
        at_once=at_once,
    )
    return Finding(identity, entries, shard_of(entries, shard), engine, seed, (*found.notes, *notes))


def _name(
    augmentation: Augmentation | None, model: Model, noise: Samples, workers: int | None, executor: Executor | None
) -> str:
    """The name of an augmentation; "" for none.

    Raises
    ------
    UsageError
        If it cannot be used, or is to be used by other processes.
    """
    if augmentation is None:
        return ""
    if workers or executor is not None:
        raise UsageError("the augmentation is a function of this process, and cannot travel to others; give workers=0")
    n_channels, n_samples = noise.shape[-2:]
    return name_of(augmentation, sr=model.sr or UNSTATED_SR, n_samples=n_samples, n_channels=n_channels)


def _require_fit(model: Any, layer: str) -> tuple[str, ...]:
    """The model's labels.

    Raises
    ------
    UsageError
        If it has none, no fingerprint, or no such layer.
    """
    named, labels, fingerprint = model.spec or type(model).__name__, model.labels, model.fingerprint
    if not isinstance(model, Layered):
        raise UsageError(
            f"{named} has no layers that can be read, and concepts are directions in a layer; take musicnn, or the "
            "saved file of a model (torch:FILE, keras:FILE, onnx:FILE); a network at hand has none as yet"
        )
    require_layer(layer, model.layers)
    if labels is None:
        raise UsageError(
            f"{named} states no labels, so nothing is known of what a concept means to a class; say labels="
        )
    if not fingerprint:
        raise UsageError(f"{named} has no fingerprint, so a retrained one could not be told from it; declare a version")
    return tuple(labels)


def _songs(
    manifest: Manifest, labels: Sequence[str] | None, n_songs: int, duration_s: float, seed: int
) -> tuple[tuple[Entry, ...], list[str]]:
    """The songs of each class, drawn by the seed from groups in turn, with notes on what was left out."""
    classes = manifest.labels if labels is None else tuple(labels)
    if missing := [one for one in classes if one not in manifest.labels]:
        raise UsageError(f"no song of the class {missing[0]!r}; classes are {', '.join(manifest.labels)}")
    if len(classes) < 2:
        raise UsageError("concepts are told apart from patches of other classes; give two classes or more")
    rows = [row for row in manifest.rows if set(row.labels) & set(classes)]
    several = [row for row in rows if len(set(row.labels) & set(classes)) > 1]
    kept = [row for row in rows if row not in several]
    found, notes = [], []
    for one in entries_of(Manifest(manifest.source, tuple(kept), ()), duration_s=duration_s):
        (label,) = set(one.labels) & set(classes)
        found.append(Entry(one.path, one.sha256, one.name, label, one.song, one.start_s, one.duration_s))
    chosen_ones: list[Entry] = []
    for label in classes:
        own = [entry for entry in found if entry.label == label]
        if len(own) < FEWEST_SONGS:
            raise UsageError(
                f"the class {label!r} of {legible(manifest.source)} has {counted(len(own), 'song')}, and "
                f"{FEWEST_SONGS} are needed: half to find concepts in and half to test them on; give more, or leave it "
                "out"
            )
        chosen_ones += _drawn(own, n_songs, seed)
    if several:
        notes.append(f"{counted(len(several), 'song is', 'songs are')} in several of the classes, and left out")
    if len(chosen_ones) < len(found):
        notes.append(
            f"of {counted(len(found), 'song')}, {len(chosen_ones)} drawn: at most {n_songs} of each class (seed {seed})"
        )
    return tuple(chosen_ones), notes


def _drawn(own: Sequence[Entry], n_songs: int, seed: int) -> list[Entry]:
    """At most so many songs, one of each group in turn, so that no album stands for a class."""
    rng = np.random.default_rng(seed)
    shuffled = [own[i] for i in rng.permutation(len(own))]
    turn: dict[str, int] = {}
    ranked = []
    for entry in shuffled:
        turn[entry.group] = turn.get(entry.group, 0) + 1
        ranked.append((turn[entry.group], entry))
    taken = {entry.key for _, entry in sorted(ranked, key=lambda one: one[0])[:n_songs]}
    return [entry for entry in own if entry.key in taken]
