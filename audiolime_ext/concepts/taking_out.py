"""All of a concept's patches taken out at once, and the model asked again: how many decisions hang on it?

The store knows each window without one patch (`audiolime_ext.concepts.deciding`). A concept is often in a window more
than once, in regions of several sizes that overlap. So its songs are read again, and each window is heard without all
of the concept: what is left of every cell of its spectrum is 1 less the largest share that one of the patches has in
it (`audiolime_ext.concepts.elsewhere.shares`).

Invariant: *what is taken out is taken out once*, however many patches hold it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from audiolime_ext.audio.recording import Samples
from audiolime_ext.concepts.deciding import Changed
from audiolime_ext.concepts.elsewhere import heard_through, shares
from audiolime_ext.concepts.measuring import are_scores, logits_of
from audiolime_ext.concepts.patches import Patch, Patches, patches_of
from audiolime_ext.concepts.records import Entry
from audiolime_ext.concepts.result import Concepts
from audiolime_ext.concepts.work import Ears, unchanged
from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.factorization.loading import load_factorization
from audiolime_ext.prediction.asking import predict
from audiolime_ext.prediction.labels import label_indices
from audiolime_ext.prediction.loading import load_model


def removing_all(concepts: Concepts, name: str, model: Any) -> Changed:
    """How many decisions change when all of a concept is taken out, in the songs on which it is tested.

    Parameters
    ----------
    concepts : Concepts
        Concepts of a store, whose songs can still be read.
    name : str
        Name of one that was found.
    model : Model or str
        Model of the store.

    Raises
    ------
    UsageError
        If there is no such concept, or the model is another.
    AudioError
        If a song cannot be read, or was changed.
    """
    identity = concepts.identity
    if name not in concepts.again:
        raise unknown("concept", name, concepts.again)
    asked = load_model(model, sr=identity.sr)
    if asked.fingerprint != identity.fingerprint:
        raise UsageError(f"the store was measured with another model than {asked.spec or 'this one'}; give that one")
    splits = tuple(load_factorization(spec) for spec in identity.splits)
    columns = tuple(label_indices(identity.labels, tuple(asked.labels or ())))
    ears = Ears(asked, identity.layer, splits, identity.labels, columns, identity.duration_s)
    songs: dict[Entry, list[Patch]] = {}
    for entry, patch in concepts.again[name]:
        songs.setdefault(entry, []).append(patch)
    to: Counter[str] = Counter()
    n_windows = 0
    for entry, members in songs.items():
        before, after = _decisions(ears, entry, members)
        n_windows += len(before)
        to.update(identity.labels[new] for old, new in zip(before, after, strict=True) if old != new)
    return Changed(n_windows, to.total(), dict(to), at_once=True)


def _decisions(ears: Ears, entry: Entry, members: Sequence[Patch]) -> tuple[list[int], list[int]]:
    """The class that wins in each window with a patch of the concept, and the one that wins without it."""
    audio = unchanged(entry)
    start_s, duration_s = ears.span(audio, entry)
    patches = patches_of(audio, ears.model, ears.splits, start_s=start_s, duration_s=duration_s)
    held = sorted({patch.window for patch in members})
    signals = np.concatenate([patches.windows[held], without(patches, members)])
    outputs = predict(ears.model, signals[:, None])
    logits = logits_of(outputs, are_scores(outputs))[:, list(ears.columns)]
    winners = logits.argmax(axis=1).tolist()
    return winners[: len(held)], winners[len(held) :]


def without(patches: Patches, members: Sequence[Patch]) -> Samples:
    """Each window that holds one of these patches, without all of them: (n_windows, n_channels, n_samples).

    Examples
    --------
    >>> from audiolime_ext import Audio, tagger
    >>> from factorizations.bands import BandsFactorization
    >>> low, high = (np.sin(2 * np.pi * hz * np.arange(8000) / 8000).astype(np.float32) for hz in (500, 3000))
    >>> model = tagger(lambda batch: batch.mean(axis=1, keepdims=True), sr=8000, window_s=1.0)
    >>> bands, song = [BandsFactorization(2), BandsFactorization(4)], Audio((low + high)[None], 8000)
    >>> patches = patches_of(song, model, bands, start_s=0.0, duration_s=1.0)
    >>> rest = without(patches, [one for one in patches.of if one.name.startswith("0–")])[0, 0]  # twice the low tone
    >>> bool(np.allclose(rest[500:-500], high[500:-500], atol=0.02))
    True
    """
    wanted = {(patch.split, patch.number) for patch in members}
    taken: dict[int, Any] = {}
    for patch, share in zip(patches.of, shares(patches), strict=True):
        if (patch.split, patch.number) in wanted:
            taken[patch.window] = np.maximum(taken.get(patch.window, 0), share)
    kept = [heard_through(1 - taken[window], patches.windows[window], patches.sr) for window in sorted(taken)]
    return np.stack(kept)
