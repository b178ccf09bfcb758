"""Concepts of what a classifier should not hear: silence, edges, hum, a codec's cut, level, one album, a mere place.

Each concept is held to a list of checks by the patches that stand for it. What most of them have in common with such a
fault is said in words, with numbers: "8 of 10 patches are silent, and so are 3 % of all". A check speaks only where the
concept's patches differ from the class's other patches, by a margin that is stated: at least half of the patches, and
`MORE` times as many as elsewhere. One patch is louder than another by its nature, as a drum's stroke is; so levels are
those of the songs that patches are of, and a song that holds more of them weighs more.

A flag is a reason to listen, not a verdict: whether the classifier depends on it is asked by taking it out
(`audiolime_ext.concepts.interventions.removing`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from audiolime_ext.concepts.measurement.patches import Patch
from audiolime_ext.concepts.measurement.records import Entry
from audiolime_ext.concepts.measurement.traits import Traits
from audiolime_ext.text import counted

LEAST = 0.5  # share of the patches that a flag needs
MORE = 3.0  # times as many as among the class's other patches
EDGE_S = 0.05
HUM_HZ, HUM_WIDTH_HZ = (50.0, 60.0, 100.0, 120.0), 8.0
CLICK_S, CLICK_WIDE_HZ = 0.02, 2000.0
LOUDER_DB, CUT_WIDTH_HZ = 6.0, 1000.0
FEW = 10  # patches, below which a concept is small

Placed = tuple[Entry, Patch]


@dataclass(frozen=True)
class Flag:
    """Something that a concept's patches have in common, and that may be no music.

    Parameters
    ----------
    kind : str
        Name of the check: one of `CHECKS`, "one song", "one group", "level", "codec cut", "few", "place", or what the
        augmentation does (`audiolime_ext.concepts.artefacts.flagging`).
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


def flags(patches: Sequence[Placed], others: Sequence[Placed], traits: Mapping[str, Traits]) -> list[Flag]:
    """What is suspect of a concept.

    Parameters
    ----------
    patches : sequence of (Entry, Patch)
        Patches of the concept.
    others : sequence of (Entry, Patch)
        Other patches of its class.
    traits : mapping of str to Traits
        Key of each song → its traits.

    Examples
    --------
    >>> songs = [Entry(f"{i}.wav", str(i), f"{i}", "rock", f"album {i}") for i in range(10)]
    >>> bars = [(song, Patch("slic:10", 0, "bar", 0, 0.0, 1.0)) for song in songs]
    >>> notes = [(song, Patch("slic:10", 1, "note", 0, 0.5, 1.0, (0.5, 1.0, 200.0, 900.0))) for song in songs]
    >>> print(flags(bars, notes, {song.key: Traits(3.0, -20.0, None) for song in songs})[0].text)
    10 of 10 patches are silent: nothing of the recording sounds in them, as in the bar of a mask (0 % of the class's
    other patches)
    """
    found = []
    for kind, (check, words) in CHECKS.items():
        own, other = ([check(patch, traits[entry.key].window_s) for entry, patch in some] for some in (patches, others))
        found += compared(kind, f"are {words}", own, other)
    return [*found, *_of_one(patches, others), *_level(patches, others, traits), *_cut(patches, others, traits)]


def compared(kind: str, words: str, own: Sequence[bool], others: Sequence[bool]) -> list[Flag]:
    """A flag where at least half of a concept's patches are so, and `MORE` times as many as of the others.

    Examples
    --------
    >>> compared("dull", "are dull", [True, True, False], [False] * 8)[0].text
    "2 of 3 patches are dull (0 % of the class's other patches)"
    """
    if not own:
        return []
    share, elsewhere = sum(own) / len(own), sum(others) / len(others) if others else 0.0
    if share < LEAST or share <= MORE * elsewhere:
        return []
    text = f"{sum(own)} of {counted(len(own), 'patch', 'patches')} {words}"
    return [Flag(kind, f"{text} ({100 * elsewhere:.0f} % of the class's other patches)", share, elsewhere)]


def few(n_patches: int, n_all: int) -> list[Flag]:
    """A flag where a concept has fewer than `FEW` patches, of all that its class has."""
    if n_patches >= FEW:
        return []
    text = f"it has {counted(n_patches, 'patch', 'patches')} of {n_all}; fewer than {FEW} may be alike by chance"
    return [Flag("few", text, n_patches / n_all, 1 - n_patches / n_all)]


def of_a_place(stays: Sequence[bool], comes: Sequence[bool]) -> list[Flag]:
    """A flag where patches stay what they are although another song sounds in them.

    Parameters
    ----------
    stays : sequence of bool
        True for each of the concept's patches that, under its mask on another song, still lies nearest to its middle.
    comes : sequence of bool
        True for each other patch of the class that does so.
    """
    words = "still lie in it with another song's audio in their place: it is a place, not a sound"
    return compared("place", words, stays, comes)


def _of_one(patches: Sequence[Placed], others: Sequence[Placed]) -> list[Flag]:
    """Where most patches are of one song, or of one group of songs, and the class's are not."""
    for kind, attribute in (("one song", "key"), ("one group", "group")):
        owners, others_are = ([str(getattr(entry, attribute)) for entry, _ in some] for some in (patches, others))
        most = Counter(owners).most_common(1)[0][0]
        entry = patches[owners.index(most)][0]
        name = entry.name if attribute == "key" else entry.group
        sides = ([owner == most for owner in some] for some in (owners, others_are))
        if found := compared(kind, f"are of {kind}, {name}", *sides):
            return found
    return []


def _level(patches: Sequence[Placed], others: Sequence[Placed], traits: Mapping[str, Traits]) -> list[Flag]:
    """Where the songs of the concept's patches are louder or softer than those of the others."""
    if not others:
        return []
    own, other = (np.array([traits[entry.key].level_db for entry, _ in some]) for some in (patches, others))
    difference = float(own.mean() - other.mean())
    if abs(difference) < LOUDER_DB:
        return []
    sign = np.sign(difference)
    share, elsewhere = (float((sign * (some - other.mean()) >= LOUDER_DB).mean()) for some in (own, other))
    word = "louder" if difference > 0 else "softer"
    text = f"its patches are of songs that are {abs(difference):.0f} dB {word} than those of the class's other patches"
    return [Flag("level", text, share, elsewhere)]


def _cut(patches: Sequence[Placed], others: Sequence[Placed], traits: Mapping[str, Traits]) -> list[Flag]:
    """Where the songs of the concept's patches end sharply at one frequency."""
    cuts = [cut for entry, _ in patches if (cut := traits[entry.key].cut_hz) is not None]
    if not cuts:
        return []
    middle_hz = float(np.median(cuts))

    def ends(some: Sequence[Placed]) -> list[bool]:
        found = [traits[entry.key].cut_hz for entry, _ in some]
        return [cut is not None and abs(cut - middle_hz) <= CUT_WIDTH_HZ for cut in found]

    words = f"are of songs that end sharply near {middle_hz / 1000:.1f} kHz, as a codec cuts them off"
    return compared("codec cut", words, ends(patches), ends(others))
