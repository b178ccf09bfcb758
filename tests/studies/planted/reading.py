"""What the product says of a label: the only module of the study that knows its sentences.

Sentences are read as a person reads them, and the structured result beside them; where the two disagree, that is a
fault of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from audiolime_ext import Explanation, TrackExplanation

_LEADERS = re.compile(r" comes most from (?!is not known)(?P<named>.+?)(?=, not told apart|,? against |, then |;|$)")
_WHOLE = re.compile(r" is all there is here[:;]")
_AGAINST = re.compile(r" against (?P<named>.+?) \(")
_ASIDE = re.compile(
    r" ?\([^)]*\)|, which may hold [^;:()]+?(?= \(|:|$)|, spread over its \d+ segments"
    r"|, where in its \d+ segments is open"
)
_MOST_AT = re.compile(r", most of it at (?P<spans>.+)$")
_OTHERS = re.compile(r" or (?:1 other|one of \d+ others)$")
_TOGETHER = re.compile(r": (?P<named>[^:]+?) interact")
_MANY = re.compile(r": more than two \w+ act together")
_MAY_HOLD = re.compile(r"(?:^|[;:,] )(?P<stem>[^;:,]+?),?(?: which)? may hold (?P<named>[^;:().]+)")
_APART = re.compile(r": (?P<named>[^:]+) are not told apart")
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
        Stem → instruments that it is said to hold besides, or not to be told apart from.
    together
        Groups of stems that are said to act together; an empty one: more than two, which is not said.
    notes
        The remarks on this label and on the stems.
    disagrees
        What the sentence and the structured result disagree in; empty: nothing.
    """

    sentence: str
    named: tuple[str, ...]
    stems: tuple[str, ...]
    against: tuple[str, ...]
    may_hold: Mapping[str, tuple[str, ...]]
    together: tuple[frozenset[str], ...]
    notes: tuple[str, ...]
    disagrees: str = ""


def read(explanation: Explanation, label: str) -> Said:
    """What the explanation says of a label."""
    top, sources = explanation.top(label=label), explanation.components.sources
    notes = (*explanation.remarks(label), *explanation.notes)
    return read_words(str(top), top.components, notes, sources)


def read_words(sentence: str, components: Sequence[str], notes: tuple[str, ...], sources: Sequence[str]) -> Said:
    """The same from its parts.

    >>> said = read_words("tag comes most from a or b, not told apart; score 1.00", ["a", "b"], (), ["a", "b", "c"])
    >>> said.stems, said.disagrees
    (('a', 'b'), '')
    """
    named = _leaders(sentence, components, sources)
    against = _AGAINST.search(sentence)
    stems = tuple(dict.fromkeys(stem_of(name, sources) for name in named))
    structured = {stem_of(name, sources) for name in components}
    agree = set(stems) == structured or _WHOLE.search(sentence)
    return Said(
        sentence,
        named,
        stems,
        tuple(stem_of(name, sources) for name in split(against["named"], sources)) if against else (),
        held([sentence, *notes], sources),
        tuple(_groups(notes, sources)),
        notes,
        "" if agree else f"the sentence names {sorted(stems)}, the result {sorted(structured)}",
    )


def _leaders(sentence: str, components: Sequence[str], sources: Sequence[str]) -> tuple[str, ...]:
    """The components that a sentence names; those that it only counts are in the structured result."""
    match = _LEADERS.search(sentence)
    if match is None or _WHOLE.search(sentence):
        return ()
    words = _ASIDE.sub("", match["named"])
    if spans := _MOST_AT.search(words):
        stem = words[: spans.start()]
        return tuple(f"{stem} {span}" for span in _JOINED.split(spans["spans"]))
    named = split(_OTHERS.sub("", words), sources)
    return tuple(dict.fromkeys([*named, *(components if _OTHERS.search(words) else ())]))


def held(texts: Iterable[str], sources: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Stem → what it is said to hold besides its own, or not to be told apart from."""
    found: dict[str, tuple[str, ...]] = {}
    for text in texts:
        for match in _MAY_HOLD.finditer(text):
            stem = next((s for s in sources if re.search(rf"(?:^|\W){re.escape(s)}$", match["stem"])), "")
            found[stem] = (*found.get(stem, ()), *(name.strip() for name in _JOINED.split(match["named"])))
        if apart := _APART.search(text):
            pair = split(apart["named"], sources)
            found |= {stem: (*found.get(stem, ()), *(name for name in pair if name != stem)) for stem in pair}
    return found


def _groups(notes: Iterable[str], sources: Sequence[str]) -> Iterable[frozenset[str]]:
    for note in notes:
        if _MANY.search(note):
            yield frozenset()
        elif found := _TOGETHER.search(note):
            yield frozenset(stem_of(name, sources) for name in split(found["named"], sources))


def counted(track: TrackExplanation, label: str) -> tuple[str, dict[str, int], str]:
    """What is said of a label over a track: the sentence, component → windows that it leads, what they disagree in."""
    leaders = track.leaders(label)
    sentence, counts = str(leaders), dict(leaders.counts)
    match = re.search(rf"^(?P<first>.+) leads {re.escape(label)} in (?P<n>\d+) of \d+ windows(?P<rest>[^;]*)", sentence)
    read = {match["first"]: int(match["n"])} if match else {}
    read |= {name: int(n) for name, n in re.findall(r", (.+?) in (\d+)", match["rest"])} if match else {}
    return sentence, counts, "" if read == counts else f"the sentence counts {read}, the result {counts}"


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
