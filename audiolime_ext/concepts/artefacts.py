"""Concepts of what a classifier should not hear: silence, edges, hum, a codec's cut, one album.

Each concept is held to a list of checks by the patches that stand for it. What most of them have in common with such a
fault is said in words, with numbers: "8 of 10 patches are silent, and so are 3 % of all". A check speaks only where the
concept's patches differ from the class's other patches, by a margin that is stated: at least half of the patches, and
`MORE` times as many as elsewhere. A flag is a reason to listen, not a verdict: whether the classifier depends on it is
asked by taking it out (`audiolime_ext.concepts.removing`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from audiolime_ext.concepts.patches import Patch
from audiolime_ext.concepts.records import Entry
from audiolime_ext.text import counted

MORE = 3.0  # times as many as among the class's other patches
EDGE_S = 0.05
HUM_HZ, HUM_WIDTH_HZ = (50.0, 60.0, 100.0, 120.0), 8.0
CLICK_S, CLICK_WIDE_HZ = 0.02, 2000.0

Placed = tuple[Entry, Patch]


@dataclass(frozen=True)
class Flag:
    """Something that a concept's patches have in common, and that may be no music.

    Parameters
    ----------
    kind : str
        Name of the check, from `CHECKS`, or "one song" or "one group".
    text : str
        Sentence that says so.
    share, elsewhere : float
        Share of the concept's patches, and of the class's other patches, that are so.
    """

    kind: str
    text: str
    share: float
    elsewhere: float


def _silent(patch: Patch, _: float) -> bool:
    return patch.silent


def _at_the_edge(patch: Patch, window_s: float) -> bool:
    if patch.place is None:
        return False
    begin, end = patch.place[:2]
    return (begin < EDGE_S) != (end > window_s - EDGE_S)  # what fills the whole window lies at neither edge


def _hum(patch: Patch, _: float) -> bool:
    if patch.place is None:
        return False
    low, high = patch.place[2:]
    return high - low < HUM_WIDTH_HZ and any(low - HUM_WIDTH_HZ <= hz <= high + HUM_WIDTH_HZ for hz in HUM_HZ)


def _click(patch: Patch, _: float) -> bool:
    if patch.place is None:
        return False
    begin, end, low, high = patch.place
    return end - begin < CLICK_S and high - low > CLICK_WIDE_HZ


def _steady(patch: Patch, window_s: float) -> bool:
    if patch.place is None:
        return False
    begin, end, low, high = patch.place
    return end - begin > 0.85 * window_s and high - low < HUM_WIDTH_HZ


CHECKS: dict[str, tuple[Callable[[Patch, float], bool], str]] = {
    "silence": (_silent, "silent: nothing of the recording sounds in them, as in the bar of a mask"),
    "edge": (_at_the_edge, f"within {1000 * EDGE_S:.0f} ms of an edge of the window, and sound nowhere else"),
    "hum": (_hum, "a narrow band at the mains' frequency, 50 or 60 Hz or its octave"),
    "click": (_click, f"shorter than {1000 * CLICK_S:.0f} ms and broad, as a click is"),
    "steady tone": (_steady, f"one tone of less than {HUM_WIDTH_HZ:g} Hz that sounds all the time"),
}


def flags(patches: Sequence[Placed], others: Sequence[Placed], *, window_s: float) -> list[Flag]:
    """What is suspect of a concept.

    Parameters
    ----------
    patches : sequence of (Entry, Patch)
        Patches of the concept.
    others : sequence of (Entry, Patch)
        Other patches of its class.
    window_s : float
        Length of a window in seconds.

    Examples
    --------
    >>> songs = [Entry(f"{i}.wav", str(i), f"{i}", "rock", f"album {i}") for i in range(6)]
    >>> bars = [(song, Patch("slic:10", 0, "bar", 0, 0.0, 1.0)) for song in songs]
    >>> notes = [(song, Patch("slic:10", 1, "note", 0, 0.5, 1.0, (0.5, 1.0, 200.0, 900.0))) for song in songs]
    >>> print(flags(bars, notes, window_s=3.0)[0].text)
    6 of 6 patches are silent: nothing of the recording sounds in them, as in the bar of a mask (0 % of the class's
    other patches)
    """
    found = []
    for kind, (check, words) in CHECKS.items():
        n = sum(check(patch, window_s) for _, patch in patches)
        share, elsewhere = n / len(patches), _share(others, check, window_s)
        if share >= 0.5 and share > MORE * elsewhere:
            text = f"{n} of {counted(len(patches), 'patch', 'patches')} are {words}"
            found.append(Flag(kind, f"{text} ({100 * elsewhere:.0f} % of the class's other patches)", share, elsewhere))
    return [*found, *_of_one(patches, others)]


def _share(patches: Sequence[Placed], check: Callable[[Patch, float], bool], window_s: float) -> float:
    return sum(check(patch, window_s) for _, patch in patches) / len(patches) if patches else 0.0


def _of_one(patches: Sequence[Placed], others: Sequence[Placed]) -> list[Flag]:
    """Where most patches are of one song, or of one group of songs, and the class's are not."""
    found: list[Flag] = []
    for kind, attribute in (("one song", "key"), ("one group", "group")):
        owners = [str(getattr(entry, attribute)) for entry, _ in patches]
        most, n = Counter(owners).most_common(1)[0]
        share = n / len(patches)
        elsewhere = sum(getattr(entry, attribute) == most for entry, _ in others) / len(others) if others else 0.0
        if share >= 0.5 and share > MORE * elsewhere and not found:
            entry = patches[owners.index(most)][0]
            name = entry.name if attribute == "key" else entry.group
            text = f"{n} of {counted(len(patches), 'patch', 'patches')} are of {kind}, {name}"
            found.append(Flag(kind, f"{text} ({100 * elsewhere:.0f} % of the class's other patches)", share, elsewhere))
    return found
