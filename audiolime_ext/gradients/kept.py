"""Maps of windows, made one by one and kept: what an interruption costs is one window.

Each window is asked about alone, and its map (values, full, base, gap, steps) is kept in the user's cache as soon as it
is made. The next run that asks the same goes on from there. Invariants:

- *The result is the same to the last bit with the cache and without*: windows are never mixed in a batch, so nothing
  depends on which of them were known.
- *An entry is named by all that it depends on*: the features that the network is given and those where the way begins
  (their hashes, which hold the recording, the window and the front end), the model, the value, the method with its
  settings, and how many copies are computed at once.
- A model whose states might be confused (`audiolime_ext.cache.identity`), and a target that is a function nobody can
  read, are not kept. One whose value is a cosine, or linear, is known by its vectors.
- *In memory are the maps of the windows, and what one window needs.*
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.cache import Entry, Key, Store, identity
from audiolime_ext.files.names import legible
from audiolime_ext.gradients.differentiating import Features, windows_at_once
from audiolime_ext.gradients.window_maps import WindowMaps, together
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.similarity import Cosine, Linear
from audiolime_ext.prediction.targets import Target, TargetSpec
from audiolime_ext.progress.stages import Ended, mention, stage
from audiolime_ext.text import counted, share_of

STAGE = "explaining"
_VERSION = 1  # of the methods' arithmetic
_ARRAYS = ("values", "full", "base", "gaps", "steps", "abstained")
_FACTS = ("method", "notes", "references")


@dataclass(frozen=True, eq=False)
class Question:
    """What is asked of each window alone.

    Parameters
    ----------
    method : callable
        Function from a model, features (1, n_frames, n_bands) and a target of one value to `WindowMaps`.
    settings : mapping of str to plain values
        Its keywords that are the same for every window.
    each : mapping of str to sequence
        Its keywords that each window has its own of: arrays, or sequences of whole numbers.
    model : Model
        Model.
    target : Target
        Target of one value.
    value : list or None
        Plain values that identify that value, as `value_key` makes them; None: nothing does, and nothing is kept.
    """

    method: Callable[..., WindowMaps]
    settings: Mapping[str, Any]
    each: Mapping[str, Sequence[Any] | NDArray[Any]] = field(repr=False)
    model: Model
    target: Target
    value: list[Any] | None

    @property
    def near(self) -> float:
        """Difference from the baseline's value below which a window is not explained; 0: all are."""
        return float(self.settings.get("near", 0.0))

    def ask(self, features: Features, i: int) -> WindowMaps:
        """The map of window number `i`."""
        own = {name: values[i] for name, values in self.each.items()}
        return self.method(self.model, features[i : i + 1], self.target, **self.settings, **own)

    def keys(self, features: Features, store: Store) -> list[Key | None]:
        """What each window's entry is named by; None: it is not kept."""
        who = None if store.cache is None else identity(self.model)
        if who is None or self.value is None:
            return [None] * len(features)
        same = {
            "kind": "map",
            "version": _VERSION,
            "model": who,
            "at_once": windows_at_once(self.model),
            "value": self.value,
            "method": f"{self.method.__module__}.{self.method.__qualname__}",
            "settings": dict(self.settings),
        }
        each = [{name: _plain(values[i]) for name, values in self.each.items()} for i in range(len(features))]
        return [{**same, "features": _plain(x), "each": own} for x, own in zip(features, each, strict=True)]


def window_by_window(question: Question, features: Features, store: Store, *, recording: str) -> WindowMaps:
    """The maps of all windows; those that are kept are read, the others made and kept, each as soon as it is there.

    Parameters
    ----------
    question : Question
        Question that is asked of each window.
    features : ndarray of float32, shape (n_windows, n_frames, n_bands)
        Windows, as the front end makes them.
    store : Store
        Store of the maps.
    recording : str
        Name of the recording, for whoever lists the cache.

    Raises
    ------
    KeyboardInterrupt
        If it is interrupted; its last argument says what is kept, and how to go on.
    """
    keys, by = question.keys(features, store), question.model.spec or "own model"
    known: list[WindowMaps | None] = [store.read(key, partial(_restored, shape=features.shape[1:])) for key in keys]
    n, before = len(known), sum(one is not None for one in known)
    if 0 < before < n:
        mention(f"{before} of {counted(n, 'window')} kept from before")
    with stage(STAGE, n, "window", before=before) as explaining, _saying_what_is_kept(known, keys, store):
        for i, key in enumerate(keys):
            if known[i] is None:
                made = known[i] = question.ask(features, i)
                arrays = {name: one for name in _ARRAYS if (one := getattr(made, name)) is not None}
                facts = {name: getattr(made, name) for name in _FACTS}
                store.write(key, arrays, facts, recording=recording, by=by)
                explaining.advance()
    return together([one for one in known if one is not None], question.target, question.near)


def value_key(target: TargetSpec | Target, aim: Target, label: str) -> list[Any] | None:
    """Plain values that identify the one value that is explained; None where only a function of the user's knows it.

    Parameters
    ----------
    target : as in `audiolime_ext.gradients.pipeline.relevance`
        Target as it was asked for.
    aim : Target
        Target of one value that was made of it.
    label : str
        Name of that value.

    Examples
    --------
    >>> from audiolime_ext.prediction.targets import make_target
    >>> value_key("score", make_target("score", ["rock", "pop"]).only(1), "pop")
    ['score', 'pop', []]
    >>> value_key(max, make_target(max, []), "max") is None
    True
    """
    found = target.apply if isinstance(target, Target) else target
    if isinstance(found, (Cosine, Linear)):
        return [type(found).__name__, {one.name: _plain(getattr(found, one.name)) for one in fields(found)}]
    if isinstance(target, Target) or callable(target):
        return None
    return [aim.name, label, list(aim.contrast or ())]


def _plain(value: Any) -> Any:
    """A number as it is, an array by its hash."""
    if not isinstance(value, np.ndarray):
        return value
    found = np.ascontiguousarray(value)
    return f"{found.dtype} {found.shape} {hashlib.sha256(found.tobytes()).hexdigest()}"


def _restored(entry: Entry, shape: tuple[int, ...]) -> WindowMaps:
    """The map of a window; `ValueError` or `KeyError` where an entry holds no such map."""
    arrays = {name: entry.arrays.get(name) for name in _ARRAYS}
    if entry.arrays["values"].shape != (1, *shape) or any(len(one) != 1 for one in entry.arrays.values()):
        raise ValueError("it holds no map of one window")
    method, notes, references = (entry.facts[name] for name in _FACTS)
    return WindowMaps(method, **arrays, notes=tuple(notes), references=tuple(references))  # type: ignore[arg-type]


@contextmanager
def _saying_what_is_kept(
    known: Sequence[WindowMaps | None], keys: Sequence[Key | None], store: Store
) -> Iterator[None]:
    """Let whoever interrupts know how much is kept; where nothing is, nothing is said."""
    try:
        yield
    except Ended:
        raise
    except KeyboardInterrupt as interrupted:
        done = sum(one is not None for one in known)
        if done and store.cache is not None and not store.complaint and None not in keys:
            done_of = share_of(done, len(known), "window").rpartition(" ")[0]
            place = legible(store.cache.folder)
            words = f"{done_of} done and kept in {place}; run the same command again to go on"
            interrupted.args = (*interrupted.args, words)
        raise
