"""What the product says of a label: the only module of the study that knows its sentences.

Sentences are read as a person reads them, and the structured result beside them; where the two disagree, that is a
fault of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from audiolime_ext import Explanation, TrackExplanation

_LEADERS = re.compile(r" comes most from (?P<named>.+?)(?=, not told apart| against |;|$)")
_AGAINST = re.compile(r" against (?P<named>.+?) \(")
_MAY_HOLD = re.compile(r"which may hold (?P<named>[^;().]+)")
_PAIR = re.compile(r": (?P<named>.+) together (?:add|take away)")
_ASIDE = re.compile(r" ?\([^)]*\)|, which may hold [^;,()]+")
_SPAN = re.compile(r" [\d.]+–[\d.]+ s$")
_JOINED = re.compile(r", (?:and |or )?| and | or ")


@dataclass(frozen=True)
class Said:
    """What was said of one label.

    Parameters
    ----------
    sentence
        The sentence itself.
    named
        Components that are said to lead; empty where it abstains.
    stems
        Their stems, without the spans of segments, each once.
    against
        Stems that are said to argue against it.
    may_hold
        Instruments that the leading stems are said to hold besides.
    together
        Groups of stems that are said to act together.
    notes
        The remarks on this label.
    disagrees
        What the sentence and the structured result disagree in; empty: nothing.
    """

    sentence: str
    named: tuple[str, ...]
    stems: tuple[str, ...]
    against: tuple[str, ...]
    may_hold: tuple[str, ...]
    together: tuple[frozenset[str], ...]
    notes: tuple[str, ...]
    disagrees: str = ""


def read(explanation: Explanation, label: str) -> Said:
    """What the explanation says of a label."""
    top, sources = explanation.top(label=label), explanation.components.sources
    notes = tuple(explanation.remarks(label))
    return read_words(str(top), top.components, notes, sources)


def read_places(track: TrackExplanation, label: str) -> dict[int, Said]:
    """What is said to lead a label in each place: number of the window → what was said.

    The sentence of the whole track stands in every one; it disagrees where it counts other places than there are.
    """
    leaders, windows = track.leaders(label), range(len(track.windows))
    places = [i for i in windows if track.score(label)[0][i] >= track.min_score]
    named = {i: tuple(track.what_argues(i, label)[:1]) for i in places}
    counted = Counter(name for names in named.values() for name in names)
    differs = "" if counted == leaders.counts else f"it counts {leaders.counts}, the places are {dict(counted)}"
    notes = tuple(track.remarks(label))
    return {i: Said(str(leaders), names, names, (), (), (), notes, differs) for i, names in named.items()}


def read_words(sentence: str, components: Sequence[str], notes: tuple[str, ...], sources: Sequence[str]) -> Said:
    """The same from its parts.

    >>> said = read_words("tag comes most from a or b, not told apart; score 1.00", ["a", "b"], (), ["a", "b", "c"])
    >>> said.stems, said.disagrees
    (('a', 'b'), '')
    """
    match = _LEADERS.search(sentence)
    named = tuple(split(_ASIDE.sub("", match["named"]), sources)) if match else ()
    against = _AGAINST.search(sentence)
    pairs = tuple(
        frozenset(stem_of(name, sources) for name in split(found["named"], sources))
        for note in notes
        if (found := _PAIR.search(note))
    )
    held = [
        name for found in _MAY_HOLD.finditer(" ".join([sentence, *notes])) for name in _JOINED.split(found["named"])
    ]
    stems = tuple(dict.fromkeys(stem_of(name, sources) for name in named))
    structured = {stem_of(name, sources) for name in components}
    differs = "" if set(stems) == structured else f"the sentence names {sorted(stems)}, the result {sorted(structured)}"
    return Said(
        sentence,
        named,
        stems,
        tuple(stem_of(name, sources) for name in split(against["named"], sources)) if against else (),
        tuple(name.strip() for name in held),
        pairs,
        notes,
        differs,
    )


def split(words: str, sources: Sequence[str]) -> list[str]:
    """Names in a list of words: ``a, b or c``; names that hold such words themselves are kept whole.

    >>> split("drums or bass", ["drums", "bass"]), split("rock and roll", ["rock and roll"])
    (['drums', 'bass'], ['rock and roll'])
    """
    if stem_of(words, sources) in sources:
        return [words]
    return [name for name in _JOINED.split(words) if name]


def stem_of(component: str, sources: Sequence[str]) -> str:
    """The stem of a component: without the span of a segment."""
    return component if component in sources else _SPAN.sub("", component)


def seconds_of(component: str) -> tuple[float, float] | None:
    """The span of a segment, in seconds of the excerpt.

    >>> seconds_of("drums 0.40–0.80 s"), seconds_of("drums")
    ((0.4, 0.8), None)
    """
    found = re.search(r" ([\d.]+)–([\d.]+) s$", component)
    return (float(found[1]), float(found[2])) if found else None
