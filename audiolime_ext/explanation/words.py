"""What is said of a label: one sentence from one `Leading`, for terminals, files, tracks and pages alike.

Pages and terminals differ in how numbers are written and where they stand, not in what is claimed. Below the floor the
sentence is only that the model does not say the label; where one source is the whole recording, only that; and where
the leader is not known, all that are not told apart are named. A leading stem that may hold more than its name says, by
what was measured of its separator, is named with that. Leave-one-out weights are nothing where either of two sources is
enough: then no single source makes the value, which is not to say that nothing does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.explanation.arguing import NEGLIGIBLE
from audiolime_ext.explanation.leading import Leading
from audiolime_ext.factorization.confusion import every
from audiolime_ext.factorization.holding import besides
from audiolime_ext.prediction.kind import Kind, decimals
from audiolime_ext.text import counted, minus

Array = NDArray[np.float64]

MOST_NAMED = 3  # of those that are not told apart
INSTRUMENTS = "cerberus"  # a separator of instruments that needs no download
SINGLE = ("vocals", "drums", "bass", "guitar", "piano")  # no separator here splits these further
UNNAMED = (None, "oracle", "ova")  # true or own stems: whoever has them may have finer ones


@dataclass(frozen=True)
class Voice:
    """How numbers and a label are written in a sentence.

    Parameters
    ----------
    label : str
        Label of which is written.
    kind : Kind
        Kind of its values.
    off : str
        Name of the baseline.
    factorization : str or None
        Spec of what made the stems; None for own ones.
    page : bool
        True to write in the words of a page: quoted labels, no jargon, a true minus sign.
    n_evals : int
        Number of mixes that the model was asked about.
    more : int
        Number of decimals more than usual (see `fitting`).
    """

    label: str
    kind: Kind
    off: str = "silence"
    factorization: str | None = None
    page: bool = False
    n_evals: int = 0
    more: int = 0

    def digits(self, largest: float = 1.0) -> int:
        """Decimals of numbers up to `largest`."""
        return decimals(1.0 if self.kind.noun == "score" else largest) + self.more

    def number(self, value: float, largest: float = 1.0) -> str:
        """A value as it is written, never as minus nought."""
        digits = self.digits(largest)
        return self._printed(f"{round(value, digits) + 0.0:.{digits}f}")

    def signed(self, value: float, largest: float = 1.0) -> str:
        """A weight as it is written: with its sign, unless a page shows nothing of it."""
        digits = self.digits(largest)
        if self.page and not round(value, digits):
            return self.number(0.0, largest)
        return self._printed(f"{value:+.{digits}f}")

    def level(self, level_db: float) -> str:
        """A level as it is written: ``-45 dB``."""
        return self._printed(f"{level_db:.0f} dB")

    def _printed(self, number: str) -> str:
        return minus(number) if self.page else number

    @property
    def name(self) -> str:
        """The label as it is called."""
        called = self.kind.called(self.label)
        return f"“{called}”" if self.page and not self.kind.numbered else called

    def noun_and_value(self, value: float) -> str:
        """A value by itself: ``score 0.35``."""
        return f"{self.kind.noun} {self.number(value)}"

    def values(self, found: Leading) -> str:
        """The value and the baseline's: ``score 0.35, silence 0.05``, or ``0.35; silence: 0.05``."""
        full, empty = (self.number(value, found.largest) for value in (found.full, found.empty))
        if self.page:
            return f"{full}; {self.off}: {empty}"
        return f"{self.kind.noun} {full}, {self.off} {empty}"


def sentence(found: Leading, names: Sequence[str], voice: Voice, *, k: int = 1) -> str:
    """The sentence of a label.

    Parameters
    ----------
    found : Leading
        Knowledge of the label's sources.
    names : sequence of str
        Names of the components.
    voice : Voice
        Way in which the label and numbers are written.
    k : int
        Least number of sources to name, where one leads.

    Examples
    --------
    >>> found = Leading("tied", ("drums", "bass"), (1, 1), (0.2, 0.2), (-3.0, -3.0), (0, 0), 0.5, 0.1, 0.5, (0, 1))
    >>> sentence(found, ("drums", "bass"), Voice("rock", Kind("score")))
    'rock comes most from drums or bass, not told apart (+0.20, +0.20); score 0.50, silence 0.10'
    """
    voice = fitting(found, voice)
    about = f"{voice.name} ({voice.values(found)})"
    if found.state == "not said":
        text = f"the model does not say {voice.name} here ({voice.values(found)})"
    elif found.state == "whole":
        text = _all_there_is(found, names, voice, about)
    elif found.state == "unknown":
        text = f"what {about} comes most from is not known: {_why_unknown(found, voice)}"
    elif found.state == "nothing":
        text = _nothing(found, voice, about)
    else:
        text = _comes_from(found, names, voice, about, k)
    if not voice.page:
        return text
    return f"{text if found.state == 'whole' else text[0].upper() + text[1:]}."  # a source keeps its spelling


def fitting(found: Leading, voice: Voice) -> Voice:
    """The voice with one decimal more, where two would hide what is said: below the floor, and between near equals."""
    return replace(voice, more=1) if found.state == "not said" or _hardly_less(found, voice) else voice


def _hardly_less(found: Leading, voice: Voice) -> list[int]:
    """What argues and is less than the last decimal behind the leader, heaviest first: it would be written alike."""
    if found.state not in ("leads", "tied"):
        return []
    least, most = 10.0 ** -replace(voice, more=0).digits(found.largest), found.weights[found.first[0]]
    return [i for i in found.arguing if i not in found.first and abs(most - found.weights[i]) < least]


def _nothing(found: Leading, voice: Voice, about: str) -> str:
    gained = found.full - found.empty
    if gained > found.near and max(map(abs, found.weights), default=0.0) <= NEGLIGIBLE * gained:
        return f"no single source makes {about}, all together do"
    least = f" by more than {voice.number(found.near, found.largest)}" if found.arguing else ""
    return f"nothing here argues for {about}{least}{f': {_taken(found, voice)}' if found.takes_away else ''}"


def _taken(found: Leading, voice: Voice) -> str:
    return f"together the sources take {voice.number(found.empty - found.full, found.largest)} away"


def _why_unknown(found: Leading, voice: Voice) -> str:
    if found.fit is None:
        return f"{counted(voice.n_evals, 'evaluation is', 'evaluations are')} too few for error bars"
    fit = "" if voice.page else f" (R² {found.fit:.2f})"
    return f"the linear fit that gives the weights does not describe the model here{fit}"


def source_and_weight(found: Leading, voice: Voice, places: Sequence[int]) -> str:
    """``drums (+0.50), bass (+0.15)``, or on a page ``drums: +0.50, bass: +0.15``."""
    return ", ".join(_with_weight(found.sources[i], found.weights[i], found, voice) for i in places)


def in_short(found: Leading, voice: Voice) -> str:
    """A cell of a table: all that argue with their weights, or why none is named."""
    if found.state == "tied":
        after = [i for i in found.arguing if i not in found.first]
        rest = source_and_weight(found, voice, after)
        return f"{leaders(found, voice)}{f'; {rest}' if rest else ''}"
    if found.state == "leads":
        return source_and_weight(found, voice, found.arguing)
    if found.state == "whole":
        return f"{found.sources[found.first[0]]} is all there is: nothing to tell apart"
    if found.state == "not said":
        return f"the model does not say {voice.name}"
    return "not known" if found.state == "unknown" else f"nothing here argues for {voice.name}"


def leaders(found: Leading, voice: Voice) -> str:
    """The one that leads, with what it may hold besides, or those that are not told apart."""
    if found.state != "tied":
        first = found.first[0]
        return _with_weight(f"{found.sources[first]}{_besides(found, voice)}", found.weights[first], found, voice)
    named, others = found.first[:MOST_NAMED], len(found.first) - MOST_NAMED
    rest = [] if others <= 0 else [f"one of {others} others" if others > 1 else "1 other"]
    listed = [*(found.sources[i] for i in named), *rest]
    weights = ", ".join(voice.signed(found.weights[i], found.largest) for i in named)
    apart = "not told apart when the excerpt is shifted" if found.by_shift else "not told apart"
    return f"{either(listed)}, {apart}{f': {weights}' if voice.page else f' ({weights})'}"


def either(names: Sequence[str]) -> str:
    """``drums, bass or guitar``.

    Examples
    --------
    >>> either(["drums"]), either(["drums", "bass", "guitar"])
    ('drums', 'drums, bass or guitar')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def finer(source: str, factorization: str | None) -> str | None:
    """What could tell apart what one source holds; None where nothing here could.

    Examples
    --------
    >>> finer("accompaniment", "spleeter:2stems"), finer("piano", "cerberus")
    ('a separator of instruments could, such as cerberus', None)
    """
    family = None if factorization is None else factorization.split(":")[0].split("?")[0]
    if family in UNNAMED:
        return "finer stems could, where there are any"
    if source in SINGLE or family == INSTRUMENTS:
        return None
    return f"a separator of instruments could, such as {INSTRUMENTS}"


def value_remarks(
    voice: Voice, full: float, empty: float, answers: Array, *, weights: Sequence[float] = (), acting: bool = False
) -> list[str]:
    """What to know of a value that the baseline explains.

    Parameters
    ----------
    voice : Voice
        Way in which the label and numbers are written.
    full, empty : float
        Value of the recording and of the baseline.
    answers : ndarray of float64, shape (n_mixes,)
        Values of the label for all mixes.
    weights : sequence of float
        Weights of the sources. Where one of them counts, sources offset each other, and there is something to explain.
    acting : bool
        True where it is said that sources act together: then there is something to explain, too.

    Examples
    --------
    >>> value_remarks(Voice("guitar", Kind("score", near=0.05)), 0.4, 0.31, np.array([0.31, 0.4]))
    ['guitar: the model says this for silence too (0.31; here 0.40)']
    """
    if full < voice.kind.floor:
        return []  # the sentence says all there is to say
    name, found = voice.kind.called(voice.label), []
    largest, near = float(np.abs(answers).max()), voice.kind.nearness(float(np.ptp(answers)))
    here, there = voice.number(full, largest), voice.number(empty, largest)
    if voice.kind.said_of_the_baseline(full, empty):
        found.append(f"{name}: the model says this for {voice.off} too ({there}; here {here})")
    if abs(full - empty) <= near and not acting and max(map(abs, weights), default=0.0) <= near:
        gap = f"the {voice.kind.noun} is that of {voice.off}, to {voice.number(abs(full - empty), largest)}"
        found.append(f"{name}: nothing to explain by presence ({gap})")
    return found


def _comes_from(found: Leading, names: Sequence[str], voice: Voice, about: str, k: int) -> str:
    close = _hardly_less(found, voice)
    after = [i for i in found.arguing if i not in (*found.first, *close)][: max(k - len(found.first) - len(close), 0)]
    then = f", then hardly less from {source_and_weight(found, voice, close)}" if close else ""
    then += f", then {source_and_weight(found, voice, after)}" if after else ""
    worst = () if found.against is None else (found.against,)
    where = _where(found, names, voice)
    comma = "," if voice.page or where else ""
    against = f"{comma} against {source_and_weight(found, voice, worst)}" if worst else ""
    sources = f"{leaders(found, voice)}{where}{then}{against}"
    if found.as_baseline:
        text = f"{about} is nearly as for {voice.off}: what there is comes most from {sources}"
    elif found.takes_away:
        taken = _taken(found, voice)
        text = f"{about} is lower than for {voice.off}: {taken}; what is added comes most from {sources}"
    elif voice.page and voice.kind.said_of_the_baseline(found.full, found.empty):
        text = f"{about} is said of {voice.off} too: what the sources add comes most from {sources}"
    elif voice.page:
        text = f"{about} comes most from {sources}"
    else:
        text = f"{voice.name} comes most from {sources}; {voice.values(found)}"
    if not found.unheard:
        return text
    unheard = ", ".join(
        f"{_with_weight(found.sources[i], found.weights[i], found, voice)} at {voice.level(found.levels_db[i])}"
        for i in found.unheard
    )
    return f"of what can be heard, {text}; not lighter, but too soft to hear: {unheard}"


def _all_there_is(found: Leading, names: Sequence[str], voice: Voice, about: str) -> str:
    source = found.sources[found.first[0]]
    if found.carried:
        when = _with_weight(_spans(found, names), found.carried_weight, found, voice)
        return f"{source} is all there is here; within it, {about} comes most from {when}"
    could = finer(source, voice.factorization)
    return f"{source} is all there is here: nothing to tell apart for {about}" + (f"; {could}" if could else "")


def _besides(found: Leading, voice: Voice) -> str:
    """What the stem that leads may hold besides what it is called: ``, which may hold vocals``."""
    held = besides(voice.factorization, tuple(found.sources), found.sources[found.first[0]])
    return f", which may hold {every(held)}" if held else ""


def _where(found: Leading, names: Sequence[str], voice: Voice) -> str:
    """Where in the source that leads: in which segments, evenly, or not known."""
    if found.within is None:
        return ""
    if found.within == "carried":
        return f", most of it at {_with_weight(_spans(found, names), found.carried_weight, found, voice)}"
    n = found.groups[found.first[0]]
    return f", spread over its {n} segments" if found.within == "spread" else f", where in its {n} segments is open"


def _spans(found: Leading, names: Sequence[str]) -> str:
    """``0.30–0.60 s``: when the segments play, neighbours joined."""
    runs = (list(run) for _, run in groupby(enumerate(found.carried), key=lambda pair: pair[1] - pair[0]))
    edges = ((names[run[0][1]], names[run[-1][1]]) for run in runs)
    return " and ".join(f"{_span(first)[0]}–{_span(last)[1]} s" for first, last in edges)


def _span(name: str) -> list[str]:
    return name.rsplit(" ", 2)[1].split("–")


def _with_weight(name: str, weight: float, found: Leading, voice: Voice) -> str:
    written = voice.signed(weight, found.largest)
    return f"{name}: {written}" if voice.page else f"{name} ({written})"
