"""An embedding trained on one's own folder: the whole way, on one screen.

Songs become levels (`material`), some are held out; batches of pairs (`drawing`) train a network (`network`,
`learning`), and the weights with which held-out songs are told apart best become a file (`exporting`) that is a model
at once. Nobody has to label anything: that two chunks are of one song is all that is known.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from audiolime_ext.errors import OutputError, UsageError
from audiolime_ext.extras import require
from audiolime_ext.files.fresh import make_folder, write_bytes
from audiolime_ext.files.names import legible
from audiolime_ext.files.places import require_writable, require_writable_file
from audiolime_ext.files.plain import Fact, differences, to_json
from audiolime_ext.networks.runtime import MOST_THREADS
from audiolime_ext.prediction.stated import KEY, Stated
from audiolime_ext.progress.stages import Told, tells_progress
from audiolime_ext.recommendation.similar import require_seed
from audiolime_ext.recommendation.training.checkpoint import read_checkpoint
from audiolime_ext.recommendation.training.exporting import exported
from audiolime_ext.recommendation.training.learning import Run, steps_in
from audiolime_ext.recommendation.training.material import Material, Song, Wanted, held_out, material_of
from audiolime_ext.recommendation.training.network import EXTRA, pytorch
from audiolime_ext.recommendation.training.recipes import DEFAULT, Recipe, recipe_of
from audiolime_ext.recommendation.training.result import FILE_NAME, TrainedEmbedding
from audiolime_ext.recommendation.training.spectra import SR, VERSION, WINDOW_S
from audiolime_ext.recommendation.training.splitting import splitting_of
from audiolime_ext.text import counted

MINUTES = 30.0


@tells_progress
def train_embedding(
    source: str | os.PathLike[str],
    *,
    output: str | os.PathLike[str],
    recipe: str | Recipe = DEFAULT,
    minutes: float | None = None,
    steps: int | None = None,
    stems: Any = None,
    seed: int = 0,
    run: str | os.PathLike[str] | None = None,
    threads: int = 1,
    middle_s: float | None = 120.0,
    patience: int = 6,
    root: str | os.PathLike[str] | None = None,
    progress: Told = None,
) -> TrainedEmbedding:
    """Train an embedding on the songs of a folder or a table, and write it as a model.

    The same call goes on where it was stopped, at whatever moment, and with one thread ends with the same weights as if
    it had not been. It needs the extra ``training``; the model that it writes does not.

    Parameters
    ----------
    source : str or path
        Folder of recordings, at any depth, or table with a ``path`` on every line, as for `make_index`.
    output : str or path
        File to write, ending in .onnx; ``onnx:PATH`` is then the spec string of the model.
    recipe : str or Recipe
        Recipe to follow: ``"parts"``, or ``"founding"``, a published one as it is described.
    minutes : float or None
        Time to train for, about, above 0, without preparing the songs; how many steps that is, is tried before the
        first one, and told. None: 30, unless `steps` are given.
    steps : int or None
        Number of steps in its place, from 0 on (0: the network as it is drawn, for comparisons). None: see `minutes`.
    stems : Factorization, str, path or None
        Factorization by which songs are split, such as ``"hpss"``, or a folder that holds a folder of true stems for
        each song, named like its file: stems are then muted, made louder or softer, and exchanged. None: songs are not
        split.
    seed : int
        Random seed, from 0 on.
    run : str, path or None
        Folder of the run: prepared songs, checkpoint, history. None: the output with ``.training`` in place of .onnx.
    threads : int
        Number of threads, from 1 on; with one, equal runs give equal weights.
    middle_s : float or None
        Seconds to take from the middle of each song, above 0; None: all of it.
    patience : int
        Number of evaluations without improvement after which training ends, from 1 on; there are 24 in all.
    root : str, path or None
        Folder that the paths of a table are relative to; None: its own.
    progress : as for `explain`
        Function that is told how far the work is; False: nothing is shown; None: a bar, or a line now and then in a
        log.

    Raises
    ------
    UsageError
        If an argument cannot be used, there are too few songs, or the folder holds a run of other songs or settings.
    MissingError
        If PyTorch is not installed; `CorruptError` if the checkpoint is damaged.
    OutputError
        If the file or the folder cannot be written.
    ModelError
        If the file would not answer as the network does.

    Examples
    --------
    >>> train_embedding("songs", output="own.pt")
    Traceback (most recent call last):
    audiolime_ext.errors.UsageError: the model is written as 'own.pt'; end its name in .onnx
    >>> found = train_embedding("songs", output="own.onnx", minutes=10)  # doctest: +SKIP
    >>> make_index("songs", found.spec, index="songs.index")  # doctest: +SKIP
    """
    chosen, target = recipe_of(recipe), Path(output)
    _require(target, minutes, steps, seed, threads, patience, middle_s)
    pytorch()
    require("safetensors", extra=EXTRA)
    splitting = splitting_of(stems)
    if splitting is not None and not chosen.stems:
        raise UsageError(f"the recipe {chosen.name} does not use stems; leave stems (--stems) out, or take another one")
    folder = target.with_suffix(".training") if run is None else Path(run)
    require_writable(folder)
    wanted = Wanted(middle_s, bool(chosen.copy), splitting)
    with _threads(threads), _only_one(folder):
        material = material_of(os.fspath(source), folder, wanted, root=None if root is None else os.fspath(root))
        trained, parts = _trained(material, chosen, folder, minutes, steps, seed, patience)
        notes = [*material.notes, *_notes(chosen, splitting is not None, len(parts[0]), trained)]
        best = next(point for point in trained.history if point.step == trained.best_step)
        about: dict[str, Fact] = {"made by": "audiolime train-embedding", "recipe": chosen.name, "seed": seed}
        about |= {"steps": trained.best_step, "songs": len(parts[0]), "material": material.digest}
        about |= {"held-out songs": len(parts[1]), "held-out recall": round(best.recall, 4)}
        found = TrainedEmbedding(
            target, chosen.to_dict(), tuple(trained.history), trained.best_step, trained.n_steps, len(parts[0]),
            len(parts[1]), seed, material.digest, folder, tuple(notes), material.left_out,
        )  # fmt: skip
        write_bytes(exported(trained.kept(), chosen, {KEY: Stated(SR, WINDOW_S, True, about).text}), target)
        write_bytes(to_json(found.to_dict(), indent=1).encode(), folder / FILE_NAME)
    return found


def _trained(
    material: Material, recipe: Recipe, folder: Path, minutes: float | None, steps: int | None, seed: int, patience: int
) -> tuple[Run, tuple[list[Song], list[Song]]]:
    """The run when it is done, and the songs that were trained on and held out."""
    songs, others = ([material.songs[i] for i in places] for places in held_out(material.songs, seed))
    length = {"steps": steps} if steps is not None else {"minutes": minutes or MINUTES}
    asked = {"recipe": recipe.to_dict(), "songs": material.digest, "seed": seed, "length": length, "patience": patience}
    identity = {name: to_json(value) for name, value in {**asked, "version": VERSION}.items()}
    checkpoint = folder / "checkpoint.safetensors"
    before = read_checkpoint(checkpoint) if checkpoint.exists() else None
    if before is not None:
        _require_same(before[1].get("identity"), identity, folder)

    def make(n_steps: int) -> Run:
        return Run(recipe, songs, others, seed=seed, n_steps=n_steps, patience=patience)

    if before is not None:
        run = make(int(before[1].get("n_steps", 0)))
        run.restore(*before, checkpoint)
    else:
        run = make(steps_in(minutes or MINUTES, make) if steps is None else steps)
    run.go_on(checkpoint, identity)
    return run, (songs, others)


def _require(
    target: Path,
    minutes: float | None,
    steps: int | None,
    seed: int,
    threads: int,
    patience: int,
    middle_s: float | None,
) -> None:
    """Refuse before any work what cannot be."""
    if target.suffix.lower() != ".onnx":
        raise UsageError(f"the model is written as {legible(target.name)!r}; end its name in .onnx")
    if minutes is not None and steps is not None:
        raise UsageError("give minutes or steps, not both: one follows from the other")
    if minutes is not None and not 0 < minutes < 1e6:
        raise UsageError(f"minutes is {minutes!r}; give a number above 0")
    for name, value, least, most in (("steps", steps, 0, 10**9), ("threads", threads, 1, MOST_THREADS)):
        if value is not None and not (isinstance(value, int) and least <= value <= most):
            raise UsageError(f"{name} is {value!r}; give a whole number from {least} to {most}")
    if not (isinstance(patience, int) and patience >= 1):
        raise UsageError(f"patience is {patience!r}; give a whole number from 1 on")
    if middle_s is not None and not middle_s >= 2 * WINDOW_S:
        raise UsageError(
            f"middle_s is {middle_s!r}; give the seconds to take of each song, {2 * WINDOW_S:.1f} or more (two "
            "chunks: one has to find the other), or None for all"
        )
    require_seed(seed)
    require_writable_file(target)


def _require_same(before: Any, identity: dict[str, str], folder: Path) -> None:
    if not isinstance(before, dict) or set(before) != set(identity):
        before = dict.fromkeys(identity, "null")
    if changed := differences(before, identity):
        named = "; ".join("other songs, or other parts of them" if c.startswith("songs") else c for c in changed)
        raise UsageError(
            f"{legible(folder)} holds a training of something else ({named}); name another folder (run, --run), or "
            f"delete {legible(folder / 'checkpoint.safetensors')} to start anew"
        )


def _notes(recipe: Recipe, split: bool, n_songs: int, run: Run) -> list[str]:
    notes = []
    if n_songs < recipe.batch:
        notes.append(
            f"a batch holds {counted(n_songs, 'song')}, as there are no more, in place of {recipe.batch}: songs are "
            "told from few others"
        )
    if recipe.stems and not split:
        notes.append("songs were not split (stems, --stems), so no stems were muted or exchanged")
    if not run.best_step and run.step:
        notes.append("training made nothing better: the kept weights are those that were drawn")
    first, best = run.history[0].recall, next(one.recall for one in run.history if one.step == run.best_step)
    if best < first:
        notes.append(
            f"training made held-out recall lower ({best:.0%}, untrained {first:.0%}), and this recipe keeps its last "
            "weights"
        )
    return notes


@contextmanager
def _threads(n: int) -> Iterator[None]:
    """As many threads for PyTorch; afterwards as many as before."""
    torch = pytorch()
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Keep others from training in the same folder; the lock ends with the process."""
    from filelock import FileLock, Timeout

    make_folder(folder)
    lock = FileLock(folder / "run.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise UsageError(f"another process trains in {legible(folder)}; wait for it, or name another folder") from error
    except OSError as error:
        raise OutputError(f"cannot write {legible(folder)}: {error.strerror or error}; name another folder") from error
    try:
        yield
    finally:
        lock.release()
