"""All of a concept's patches taken out at once, and the model asked again: how many decisions hang on it?

The store knows each window without one patch (`audiolime_ext.concepts.interventions.deciding`). A concept is often in a
window more than once, in regions of several sizes that overlap. So its songs are read again, and each window is heard
without all of the concept: what is left of every cell of its spectrum is 1 less the largest share that one of the
patches has in it (`audiolime_ext.concepts.measurement.elsewhere.shares`). Whatever is taken out changes some decisions;
so beside it stands how many change without as many other patches of the same windows, as loud as these.

Invariant: *what is taken out is taken out once*, however many patches hold it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from audiolime_ext.audio.recording import Samples
from audiolime_ext.concepts.interventions.deciding import Changed
from audiolime_ext.concepts.measurement.elsewhere import heard_through, powers, shares
from audiolime_ext.concepts.measurement.measuring import are_scores, logits_of
from audiolime_ext.concepts.measurement.patches import Patch, Patches, patches_of
from audiolime_ext.concepts.measurement.records import Entry
from audiolime_ext.concepts.measurement.work import Ears, unchanged
from audiolime_ext.concepts.result import Concepts
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
    decisions = [one for entry, members in songs.items() for one in _decisions(ears, entry, members)]
    to = Counter(identity.labels[after] for before, after, _ in decisions if after != before)
    n_by_others = sum(after != before for before, _, after in decisions)
    return Changed(len(decisions), to.total(), dict(to), at_once=True, n_by_others=n_by_others)


def _decisions(ears: Ears, entry: Entry, members: Sequence[Patch]) -> list[tuple[int, int, int]]:
    """For each window with a patch of the concept the class that wins, without it, and without others instead."""
    audio = unchanged(entry)
    start_s, duration_s = ears.span(audio, entry)
    patches = patches_of(audio, ears.model, ears.splits, start_s=start_s, duration_s=duration_s)
    own, other = without(patches, members), without(patches, as_loud(patches, members))
    whole = {window: patches.windows[window] for window in own}
    signals = np.stack([made.get(window, whole[window]) for made in (whole, own, other) for window in own])
    outputs = predict(ears.model, signals[:, None])
    logits = logits_of(outputs, are_scores(outputs))[:, list(ears.columns)]
    winners: list[list[int]] = logits.argmax(axis=1).reshape(3, -1).T.tolist()
    return [(before, after, instead) for before, after, instead in winners]


def as_loud(patches: Patches, members: Sequence[Patch]) -> list[Patch]:
    """For each of a concept's patches another of the same window, as near as can be in its share of the energy.

    Patches of which half of the energy or more lies within the concept, such as larger regions of the same sound, are
    none of them. No patch stands for two; where a window has too few others, fewer are given.
    """
    taken, free, power = _union(patches, members), [], powers(patches)
    for patch, share in zip(patches.of, shares(patches), strict=True):
        weight = power[patch.window]
        within = float((weight * np.minimum(share, taken.get(patch.window, 0))).sum())
        if patch.window in taken and not patch.silent and within < (weight * share).sum() / 2:
            free.append(patch)
    found = []
    for member in sorted(members, key=lambda one: -one.share):
        others = [one for one in free if one.window == member.window]
        if others:
            found.append(min(others, key=lambda one: abs(one.share - member.share)))
            free.remove(found[-1])
    return found


def without(patches: Patches, members: Sequence[Patch]) -> dict[int, Samples]:
    """Number of each window that holds one of these patches → the window without all of them.

    Examples
    --------
    >>> from audiolime_ext import Audio, tagger
    >>> from factorizations.bands import BandsFactorization
    >>> low, high = (np.sin(2 * np.pi * hz * np.arange(8000) / 8000).astype(np.float32) for hz in (500, 3000))
    >>> model = tagger(lambda batch: batch.mean(axis=1, keepdims=True), sr=8000, window_s=1.0)
    >>> bands, song = [BandsFactorization(2), BandsFactorization(4)], Audio((low + high)[None], 8000)
    >>> patches = patches_of(song, model, bands, start_s=0.0, duration_s=1.0)
    >>> rest = without(patches, [one for one in patches.of if one.name.startswith("0–")])[0]  # twice the low tone
    >>> bool(np.allclose(rest[0, 500:-500], high[500:-500], atol=0.02))
    True
    """
    return {
        window: heard_through(1 - share, patches.windows[window], patches.sr)
        for window, share in _union(patches, members).items()
    }


def _union(patches: Patches, members: Sequence[Patch]) -> dict[int, Any]:
    """Number of each window that holds one of these patches → the largest share that one has in each cell."""
    wanted = {(patch.split, patch.number) for patch in members}
    taken: dict[int, Any] = {}
    for patch, share in zip(patches.of, shares(patches), strict=True):
        if (patch.split, patch.number) in wanted:
            taken[patch.window] = np.maximum(taken.get(patch.window, 0), share)
    return dict(sorted(taken.items()))
