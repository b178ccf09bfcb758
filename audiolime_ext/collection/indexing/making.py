"""Making an index, and bringing it up to date: the same call does both, and goes on where it was stopped."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from inspect import signature
from pathlib import Path
from typing import Any

from audiolime_ext.collection.engine.choosing import chosen
from audiolime_ext.collection.engine.driver import Driver
from audiolime_ext.collection.engine.jobs import shard_of
from audiolime_ext.collection.engine.policy import Policy
from audiolime_ext.collection.engine.workers import Engine
from audiolime_ext.collection.hearing import Ears
from audiolime_ext.collection.index import Index, load_index, write_matrices
from audiolime_ext.collection.indexing.bringing import plan_bringing
from audiolime_ext.collection.indexing.brought import Brought
from audiolime_ext.collection.indexing.catalogue import Catalogue, files_before
from audiolime_ext.collection.indexing.listing import Listing, Recording, listing
from audiolime_ext.collection.indexing.records import OWN_FACTORIZATION, Embedded, Identity
from audiolime_ext.collection.indexing.work import Embedding, answers_to_noise
from audiolime_ext.errors import UsageError
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.factorization.loading import load_factorization, require_fingerprint
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.prediction.plain_values import takes_plain
from audiolime_ext.progress.stages import Told, tells_progress

MODEL = "musicnn:MSD_musicnn?layer=penultimate"


@dataclass(frozen=True, eq=False)
class Indexing:
    """An index that is ready to be made: all that can be checked before the long work has been checked.

    Parameters
    ----------
    folder : Path
        Folder of the index.
    identity : Identity
        Identity of the index.
    listing : Listing
        Recordings of the collection.
    mine : tuple of Recording
        Songs that this run measures: all, or a shard of them.
    engine : callable without arguments, giving an Engine
        Maker of the workers.
    """

    folder: Path
    identity: Identity
    listing: Listing
    mine: tuple[Recording, ...]
    engine: Callable[[], Engine]

    def run(self, policy: Policy | None = None, *, say: Callable[[str], None] | None = None) -> Index:
        """Measure what the index lacks.

        Parameters
        ----------
        policy : Policy or None
            Policy for songs that cannot be measured; None: the defaults.
        say : callable of str, or None
            Receiver of warnings about the workers while it runs; None: each is a line on stderr.

        Raises
        ------
        UsageError
            If the folder holds another index, or is being written, or the policy's time limit cannot be kept.
        WorkersLost
            If the workers are gone, or do not answer, for longer than the policy allows; what is done is kept.
        """
        policy, engine = policy or Policy(), self.engine()
        policy.require_kept_by(engine)
        with Catalogue.create_or_resume(self.folder, self.identity) as catalogue:
            catalogue.describe(self.listing.files)

            def keep(entry: Recording, found: Embedded) -> None:
                catalogue.put(entry.task, entry.name, found)

            Driver(catalogue, keep, engine, policy, doing="indexing", unit="song", say=say).run(self.mine)
            write_matrices(self.folder, catalogue)
        return load_index(self.folder)


@tells_progress
def make_index(
    source: str | Path | None,
    model: Any = None,
    *,
    index: str | Path,
    policy: Policy | None = None,
    vectors: str | Path | Brought | None = None,
    progress: Told = None,
    **options: Any,
) -> Index:
    """Index the songs of a collection; what the index already holds is not measured again.

    With worker processes (the default for models that a spec string names) a script must call this under
    ``if __name__ == "__main__":``, like everything that starts processes.

    Parameters
    ----------
    source : str, Path or None
        Folder of recordings, at any depth, or table with a ``path`` on every line; see
        `audiolime_ext.collection.indexing.listing`. A warning names what is left out of it. None: only `vectors`.
    model : Model, str, callable or None
        Model whose answers are the vectors, such as an embedder, ``"features:"`` or any tagger. None: `MODEL`, the
        layer before the tags of musicnn; with `vectors`: it is not known.
    index : str or Path
        Folder of the index.
    policy : Policy or None
        Policy for songs that cannot be measured; None: the defaults.
    vectors : str, Path, Brought or None
        Vectors that are known already, or their file; see `audiolime_ext.collection.indexing.bringing`. None: songs are
        heard.
    progress : as for `explain`
        Function that is told how far the work is; False: nothing is shown; None: a bar, or a line now and then in a
        log.
    **options : any
        Options of `plan_index`; with `vectors`: of `plan_bringing`.

    Raises
    ------
    UsageError
        If the recordings, the model or the folder cannot be used; it names everything that is wrong.
    WorkersLost
        If the workers are gone, or do not answer, for longer than `policy` allows; what is done is kept.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from audiolime_ext import Audio, tagger
    >>> level = tagger(lambda b: np.abs(b).max(axis=1, keepdims=True), sr=8000, labels=["peak"], version="1")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for peak in (0.25, 0.5):
    ...         noise = np.random.default_rng(0).uniform(-1, 1, (1, 8000)).astype(np.float32)
    ...         _ = Audio(noise * peak / np.abs(noise).max(), 8000).write(Path(folder, f"{peak}.wav"))
    ...     found = make_index(folder, level, index=Path(folder, "songs.index"))
    ...     [song.path for song in found.songs], found.vectors.round(2).tolist()
    (['../0.25.wav', '../0.5.wav'], [[0.25], [0.5]])
    """
    if vectors is not None:
        _require_of_vectors(options)
        bringing = plan_bringing(vectors, index=index, source=source, model=model, **options)
        for note in bringing.notes:
            warnings.warn(note, stacklevel=3)
        return bringing.run()
    if source is None:
        raise UsageError("source names no recordings; give a folder or a table, or vectors that are known already")
    plan = plan_index(source, MODEL if model is None else model, index=index, **options)
    for note in plan.listing.notes:
        warnings.warn(note, stacklevel=3)
    return plan.run(policy)


def _require_of_vectors(options: Mapping[str, Any]) -> None:
    """Refuse options for songs that are heard, where vectors are brought."""
    brought, heard = (signature(plan).parameters for plan in (plan_bringing, plan_index))
    if odd := [name for name in options if name in heard and name not in brought]:
        raise UsageError(f"{odd[0]} is for songs that are heard; with vectors none is, so leave one of them out")


@takes_plain
def plan_index(
    source: str | Path,
    model: Any = MODEL,
    *,
    index: str | Path,
    root: str | Path | None = None,
    middle_s: float | None = None,
    windows: bool = False,
    stems: Any = None,
    shard: tuple[int, int] | None = None,
    workers: int | None = None,
    threads: int = 1,
    executor: Executor | None = None,
    at_once: int | None = None,
    sr: int | None = None,
    batch_size: int | None = None,
) -> Indexing:
    """Check a collection and make its index ready to be made.

    Parameters
    ----------
    source : str or Path
        Recordings, as for `make_index`.
    model : Model, str or callable
        Model, as for `make_index`.
    index : str or Path
        Folder of the index.
    root : str, Path or None
        Folder that the paths of a table are relative to; None: its own.
    middle_s : float or None
        Seconds to hear from the middle of each song, above 0; None: all of it.
    windows : bool
        True to keep the vectors of single windows, too.
    stems : Factorization, str or None
        Factorization by which each song is split, or its spec string, to keep what each stem adds to the song's vector,
        too (see `audiolime_ext.collection.stem_vectors`); the model then answers all 2^n mixes of n stems. None: songs
        are not split.
    shard : (int, int) or None
        Pair (i, n): measure the i-th of n parts, counted from 1; see `audiolime_ext.collection.indexing.merging`.
    workers : int or None
        Number of processes; 0: measure in this one; None: one for each core, or 0 for models that live in memory.
    threads : int
        Number of threads of each process.
    executor : concurrent.futures.Executor or None
        Executor that measures instead of own processes; of Dask: ``client.get_executor(pure=False)``.
    at_once : int or None
        Number of jobs that it is given at a time; None: twice the number of cores.
    sr : int or None
        Sampling rate in Hz at which a plain function listens.
    batch_size : int or None
        Largest number of signals that the model hears at a time; None: the model's own.

    Raises
    ------
    UsageError
        If something cannot be used.
    ModelError
        If the model fails.
    """
    folder = Path(index)
    if middle_s is not None and not middle_s > 0:
        raise UsageError(f"middle_s is {middle_s:g}; give the seconds to hear of each song, above 0, or None for all")
    Catalogue.require_free(folder)
    _require_of_many(separator := None if stems is None else load_factorization(stems))
    ears = Ears(
        load_model(model, sr=sr, batch_size=batch_size),
        separator,
        middle_s,
    )
    identity = replace(_identity(ears, windows), sr=sr)
    found = listing(source, folder, files_before(folder, identity), root=root)
    about_stems = identity.stems, identity.stems_fingerprint
    work = Embedding(identity.model, identity.fingerprint, middle_s, windows, sr, batch_size, *about_stems)
    engine = chosen(
        work, ears, only_here=_in_memory(ears), workers=workers, threads=threads, executor=executor, at_once=at_once
    )
    return Indexing(folder, identity, found, shard_of(found.songs, shard), engine)


def _require_of_many(separator: Factorization | None) -> None:
    """Refuse stems of a single song, which would be given to all that are as long."""
    if getattr(separator, "of_one_song", False):
        raise UsageError(
            "these are the stems of one song, and an index has many; name a factorization that splits any, such as "
            "spleeter:2stems"
        )


def _identity(ears: Ears, windows: bool) -> Identity:
    """The identity of an index; the model is asked about noise, which tells how long its vectors are."""
    model, separator = ears.model, ears.separator
    if model.sr is None:
        raise UsageError("an index needs a model that states its rate: give sr=… (--sr), or a model that has one")
    if not model.fingerprint:
        raise UsageError(
            "the model has no fingerprint, so a retrained one could not be told from it; declare a version: "
            "audiolime_ext.tagger(predict_fn, version='…', …)"
        )
    labels, n_features = None if model.labels is None else tuple(model.labels), answers_to_noise(model).shape[-1]
    plain = Identity(model.spec or "own model", model.fingerprint, labels, n_features, ears.middle_s, windows)
    if separator is None:
        return plain
    return replace(plain, stems=separator.spec or OWN_FACTORIZATION, stems_fingerprint=require_fingerprint(separator))


def _in_memory(ears: Ears) -> str | None:
    """What of it has no spec, and so lives in this process only."""
    if ears.model.spec is None:
        return "the model"
    return "the factorization" if ears.separator is not None and ears.separator.spec is None else None
