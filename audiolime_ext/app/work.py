"""What a worker process of the app does: it makes the models and separators once, then one recording after another.

It speaks with the server by JSON through a pipe, never by pickles: what decodes strangers' files is not trusted more
than the files are. Its words are pairs of a kind and a value: ``["ready", labels by model]``, ``["at", progress]``,
``["troubles", reasons by spec]``, ``["done", value]``, ``["failed", reason]``, ``["unready", reason]``.

Nothing is kept in the cache of results: the folder of work is all that knows of a recording.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audiolime_ext.app.jobs import PAGE, RESULT, UPLOAD
from audiolime_ext.audio.recording import Audio, load_audio
from audiolime_ext.collection.engine.workers import begin
from audiolime_ext.errors import AudiolimeError, UsageError, told
from audiolime_ext.files.fresh import write_bytes
from audiolime_ext.files.plain import json_of, to_json
from audiolime_ext.progress.progress import Progress
from audiolime_ext.progress.stages import reporting, stage
from audiolime_ext.text import counted, shortened

if TYPE_CHECKING:
    from audiolime_ext.track.explanation import TrackExplanation

LONGEST_WORD = 1 << 22  # bytes of what a worker says at once
_TOLD_LABELS = 3
_LEAST_MEMORY = 4_000_000_000  # bytes, for the models and a song


@dataclass(frozen=True)
class Duty:
    """What a worker process is for; `models` and `factorizations` are specs, none of one that only checks files.

    Parameters
    ----------
    models, factorizations : tuple of str
        Specs of what it makes once.
    longest_s : float
        Length of the longest recording in seconds.
    min_score : float
        Least score of a label where none is named.
    memory : int or None
        Bytes of memory that it may ask the system for; None: no bound.
    """

    models: tuple[str, ...] = ()
    factorizations: tuple[str, ...] = ()
    longest_s: float = 3600.0
    min_score: float = 0.3
    memory: int | None = None


@dataclass(frozen=True)
class Order:
    """One thing to do.

    Parameters
    ----------
    kind : {"check", "explain", "tag"}
        Kind of work.
    folder : str
        Folder of the job, which holds its upload.
    name : str
        Name of the recording, to be shown.
    options : dict
        Options: ``model``, ``factorization``, ``labels``.
    """

    kind: str
    folder: str
    name: str
    options: dict[str, Any] = field(default_factory=dict)

    def written(self) -> bytes:
        """The order as it goes through a pipe."""
        return to_json(asdict(self)).encode()


@dataclass(frozen=True)
class _Ready:
    models: dict[str, Any]
    factorizations: dict[str, Any]
    troubles: dict[str, str]  # why a model or a separator could not be made, by its spec

    def require(self, order: Order) -> None:
        """Raise `UsageError` where what is asked for could not be made."""
        for what in ("model", "factorization"):
            if (spec := order.options.get(what)) in self.troubles:
                raise UsageError(f"{spec} cannot be used: {self.troubles[spec]}")


def attend(pipe: Connection, duty: Duty) -> None:
    """Be a worker process: make ready, then do what is ordered until the pipe closes."""
    begin()
    bound_memory(duty.memory)

    def say(kind: str, value: Any) -> None:
        pipe.send_bytes(to_json([kind, value]).encode("utf-8", "replace"))

    with suppress(EOFError, OSError):
        ready = _made(duty, say)
        while ready is not None:
            order = Order(**json_of(pipe.recv_bytes(LONGEST_WORD)))
            _answer(order, duty, ready, say)


def bound_memory(most: int | None) -> None:
    """Bound the memory that this process may ask the system for, where the system can: Linux, and no other.

    What counts is data that can be written to, used or not; addresses that are only set aside, as CUDA does, are free.

    Parameters
    ----------
    most : int or None
        Bytes; None: no bound.
    """
    if most is None:
        return
    with suppress(ImportError, OSError, ValueError):  # Windows has no such limits, and macOS does not keep them
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (most if hard < 0 else min(most, hard), hard))


def share_of_memory(n_workers: int) -> int | None:
    """Bytes that each worker may take, so that together they leave a quarter of the machine's; None: it is not known.

    Parameters
    ----------
    n_workers : int
        Number of workers.

    Examples
    --------
    >>> share_of_memory(1) is None or share_of_memory(1) >= share_of_memory(100) >= 4_000_000_000
    True
    """
    try:
        whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None
    return max(_LEAST_MEMORY, whole * 3 // 4 // max(1, n_workers))


def _made(duty: Duty, say: Callable[[str, Any], None]) -> _Ready | None:
    """The models and separators that can be made; None where no model can, or no separator."""
    from audiolime_ext.factorization.loading import load_factorization
    from audiolime_ext.prediction.loading import load_model

    ready = _Ready({}, {}, {})
    kinds: tuple[tuple[tuple[str, ...], Callable[[str], Any], dict[str, Any]], ...] = (
        (duty.models, load_model, ready.models),
        (duty.factorizations, load_factorization, ready.factorizations),
    )
    with reporting(_telling(say)):
        for specs, load, made in kinds:
            for spec in specs:
                try:
                    made[spec] = load(spec)
                except Exception as error:  # noqa: BLE001 - whatever it is, the server must hear of it
                    ready.troubles[spec] = told(error)
            if specs and not made:
                say("unready", ready.troubles[specs[0]])
                return None
    say("troubles", ready.troubles)
    say("ready", {spec: list(model.labels or ()) for spec, model in ready.models.items()})
    return ready


def _answer(order: Order, duty: Duty, ready: _Ready, say: Callable[[str, Any], None]) -> None:
    try:
        ready.require(order)
        with reporting(_telling(say)):
            say("done", done(order, duty, ready.models, ready.factorizations))
    except MemoryError as error:
        ours = isinstance(error, AudiolimeError)
        say("failed", str(error) if ours else "it needs more memory than a worker may take; cut it into shorter files")
    except Exception as error:  # noqa: BLE001 - one recording never costs another
        say("failed", told(error))


def _telling(say: Callable[[str, Any], None]) -> Callable[[Progress], None]:
    def tell(at: Progress) -> None:
        outermost = at
        while outermost.outer is not None:
            outermost = outermost.outer
        line = outermost.stage if outermost.total is None and not outermost.done else str(outermost)
        say("at", {**outermost.to_dict(), "line": line, "inner": None if at is outermost else str(at)})

    return tell


def done(order: Order, duty: Duty, models: dict[str, Any], factorizations: dict[str, Any]) -> Any:
    """Do what is ordered.

    Parameters
    ----------
    order : Order
        Order to carry out.
    duty : Duty
        Limits.
    models, factorizations : dict
        Models and separators by their specs.

    Returns
    -------
    float or str
        Length of the recording in seconds, of a check; else a line on what was found.

    Raises
    ------
    AudiolimeError
        If the recording cannot be read, or cannot be explained.
    """
    audio = _recording(order, duty)
    if order.kind == "check":
        return audio.duration_s
    model = _served(models, order.options.get("model"), "model")
    if order.kind == "tag":
        return _tagged(order, audio, model)
    separator = _served(factorizations, order.options.get("factorization"), "separator")
    return _explained(order, duty, audio, model, separator)


def _recording(order: Order, duty: Duty) -> Audio:
    with (Path(order.folder) / UPLOAD).open("rb") as file:  # without a path: no result names a place on this machine
        name = order.name if order.kind == "check" else Path(order.name).stem  # as commands call a recording
        return load_audio(file, name=name, longest_s=duty.longest_s)


def _served(served: dict[str, Any], spec: Any, what: str) -> Any:
    if spec not in served:
        raise UsageError(f"the {what} {spec} is not served any more; analyse the recording again with another one")
    return served[spec]


def _tagged(order: Order, audio: Audio, model: Any) -> str:
    """The scores, as ``audiolime tag --json`` prints them."""
    from audiolime_ext.prediction.taggram import tag

    taggram = tag(audio, model)
    found = {"file": order.name, "model": order.options["model"]} | taggram.to_dict()
    _write(order, RESULT, to_json(found))
    highest = sorted(zip(taggram.mean.tolist(), taggram.labels, strict=True), reverse=True)[:_TOLD_LABELS]
    return _mean_of(int(taggram.counted.sum())) + ", ".join(f"{label} {score:.2f}" for score, label in highest)


def _explained(order: Order, duty: Duty, audio: Audio, model: Any, separator: Any) -> str:
    """The page, and the numbers as ``audiolime explain --track --json`` prints them."""
    from audiolime_ext.report.page import write_page
    from audiolime_ext.track.pipeline import explain_track

    labels = order.options.get("labels") or None
    track = explain_track(audio, model, factorization=separator, labels=labels, min_score=duty.min_score, cache=False)
    _write(order, RESULT, to_json(track.to_dict()))
    with stage("writing the page"):
        write_page(track, Path(order.folder) / PAGE)
    return _summary(track)


def _write(order: Order, name: str, text: str) -> None:
    write_bytes(text.encode("utf-8", "legible"), Path(order.folder) / name)


def _summary(track: TrackExplanation) -> str:
    """The labels of highest mean, each with the source that it comes most from."""
    from audiolime_ext.report.song.index import Entry

    rows = Entry.of(track, PAGE).labels[:_TOLD_LABELS]
    found = "; ".join(f"{label} {mean} ({top})" for label, mean, top in rows)
    return shortened(_mean_of(int(track.sounds.sum())) + found, 300) if rows else ""


def _mean_of(n_windows: int) -> str:
    return f"mean of {counted(n_windows, 'window')}: "
