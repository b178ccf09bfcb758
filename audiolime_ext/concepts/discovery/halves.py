"""Two halves of a class's songs: in one concepts are found, on the other they are tested.

What was found in some songs is there; whether it means anything has to be asked of others. Songs of a group, such as an
album, lie in one half, else a concept could be an album's sound and be confirmed by the same album. A class of a single
group cannot be divided so; its songs are divided one by one, and that is told.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from audiolime_ext.concepts.measurement.records import Entry


def halves(entries: Sequence[Entry], *, seed: int = 0) -> tuple[list[bool], list[str]]:
    """Which songs concepts are found in, and notes on classes whose groups cannot be kept apart.

    Parameters
    ----------
    entries : sequence of Entry
        Songs.
    seed : int
        Random seed.

    Examples
    --------
    >>> songs = [Entry(f"{i}.wav", str(i), f"{i}", "rock", f"album {i // 2}") for i in range(8)]
    >>> found, notes = halves(songs)
    >>> sum(found), all(found[i] == found[i + 1] for i in range(0, 8, 2)), notes
    (4, True, [])
    """
    first: dict[str, bool] = {}
    notes = []
    for label in sorted({entry.label for entry in entries}):
        own = [entry for entry in entries if entry.label == label]
        groups: dict[str, list[str]] = {}
        for entry in own:
            groups.setdefault(entry.group, []).append(entry.key)
        if len(groups) == 1:
            notes.append(f"all songs of {label!r} are of one group: what is confirmed of it may be that group's own")
            groups = {entry.key: [entry.key] for entry in own}
        rng, names = np.random.default_rng(seed), list(groups)
        order = [names[i] for i in rng.permutation(len(names))]
        sizes = [0, 0]
        for name in sorted(order, key=lambda one: -len(groups[one])):  # the largest first, each to the smaller half
            half = int(sizes[1] < sizes[0])
            sizes[half] += len(groups[name])
            first |= dict.fromkeys(groups[name], half == 0)
    return [first[entry.key] for entry in entries], notes
