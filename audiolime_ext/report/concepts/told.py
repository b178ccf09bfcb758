"""What the page says of a concept, in sentences: what it does to a class, what happens without it, and what is suspect.

Gradients first, where the model has them, beside random concepts; then what happens when the sound is taken out, or
put in, beside any patch as loud. Where these disagree, it is said: the intervention is what happened.
"""

from __future__ import annotations

from collections.abc import Sequence

from audiolime_ext.concepts import words
from audiolime_ext.concepts.interventions.deciding import Changed
from audiolime_ext.concepts.interventions.removing import Removed
from audiolime_ext.concepts.judgement.testing import JudgedConcept
from audiolime_ext.concepts.measurement.patches import Patch
from audiolime_ext.concepts.result import Concepts, Discovered
from audiolime_ext.files.names import utf8
from audiolime_ext.text import counted, minus

CAUTION = (
    "All this holds for this layer, these songs and these classes. It says what the classifier answers to, and not "
    "what the music is."
)
Told = tuple[str, str]  # kind, for the style sheet, and a sentence


def number(value: float) -> str:
    """A number of logits, with its sign.

    Examples
    --------
    >>> number(0.834), number(-0.0021), number(-12.34)
    ('+0.83', '−0.002', '−12.3')
    """
    digits = 2 if abs(value) >= 0.1 else 3
    return minus(f"{value:+.{1 if abs(value) >= 10 else digits}f}")


def p_told(p: float) -> str:
    """A p-value, as it is written.

    Examples
    --------
    >>> p_told(0.0002), p_told(0.034), p_told(1.0)
    ('p = .0002', 'p = .034', 'p = 1')
    """
    return f"p = {words.probability(p)}"


def band_of(one: JudgedConcept) -> tuple[float, float]:
    """What 95 % of random concepts would have on this concept's step, in logits."""
    step = one.effect / one.derivative if one.derivative else 0.0
    low, _, high = one.chance
    return min(low * step, high * step), max(low * step, high * step)


def judged(one: JudgedConcept) -> list[Told]:
    """The verdict on a concept and a class, and its numbers."""
    name, label = utf8(one.concept), utf8(one.label)
    sure = one.accuracy
    apart = f"{sure.value:.2f} (95 % interval {sure.low:.2f} to {sure.high:.2f})".replace("0.", ".")
    if one.verdict == "not a concept":
        said = (
            f"Not a concept: its patches are not told apart from others (accuracy {apart}), so its effect says nothing."
        )
        return [("verdict", said)]
    low, high = band_of(one)
    ends = "" if one.low is None or one.high is None else f" (95 % interval {number(one.low)} to {number(one.high)})"
    moves = f"moves {label} by {number(one.effect)} logits{ends}"
    sure_of = "Significant" if one.verdict == "significant" else "Not significant"
    than = "more" if one.speaks else "less"
    tail = f"{than} than random concepts do" if one.verdict == "significant" else "no surer than random concepts"
    chance = f"Of random concepts, 95 % would have {number(low)} to {number(high)} on a step of that length"
    heard = f"Unseen patches are told apart with an accuracy of {apart}; tested on {counted(one.n_songs, 'song')}."
    score = f"TCAV score: the derivative is positive in {100 * one.share:.0f} % of windows ({p_told(one.share_p)})."
    linear = (
        "Everything above this layer is linear here: a TCAV score would be 0 or 1 for any direction, so none is given."
    )
    return [
        ("verdict", f"{sure_of}: a step of the layer towards {name} {moves}, {tail}."),
        ("number", f"{chance} ({p_told(one.p)} of the derivative)."),
        ("number", heard),
        ("number", linear if one.linear else score),
    ]


def intervened(label: str, found: Removed, *, without: bool) -> Told:
    """What happens when a concept's patches are taken out of songs, or put into others.

    Parameters
    ----------
    label : str
        Class that is asked about.
    found : Removed or Added
        Mean effect and that of patches as loud, as `audiolime_ext.concepts.interventions.removing.Removed` has them.
    without : bool
        True where patches are taken out; False where they are put in.
    """
    sign = -1 if without else 1
    low, high = sorted(sign * end for end in (found.low, found.high))
    what = "When one of its patches is taken out" if without else "When one of its patches is put into another song"
    by = f"{number(sign * found.effect)} logits (95 % interval {number(low)} to {number(high)})"
    other = f"by any patch as loud, by {number(sign * found.other)} ({p_told(found.p)} of the difference)"
    of = f"{counted(found.n_patches, 'patch', 'patches')} of {counted(found.n_songs, 'song')}"
    return "heard", f"{what}, {utf8(label)} changes by {by}; {other}. Asked about {of}."


def disagreement(found: Concepts, one: JudgedConcept) -> list[Told]:
    """Where the gradients and taking the sound out say different things of a significant concept; else nothing."""
    said = words.disagreement(found, one) if one.verdict == "significant" else ""
    return [("caution", f"{utf8(minus(said[0].upper() + said[1:]))}.")] if said else []


def elsewhere(others: Sequence[JudgedConcept]) -> list[Told]:
    """What a concept means to classes that it was not found in."""
    sure = sorted((one for one in others if one.verdict == "significant"), key=lambda one: -abs(one.effect))
    if not sure:
        return []
    named = ", ".join(f"{utf8(one.label)} ({number(one.effect)})" for one in sure)
    return [("number", f"Significant for other classes, too: {named}.")]


def returning(share: float) -> Told:
    """How often a concept is found again."""
    return "number", f"Found again in {100 * share:.0f} % of other starts of the clusters."


def changed(found: Changed) -> Told:
    """How many decisions change without a concept."""
    return "heard", f"{utf8(str(found))}."


def where(patch: Patch) -> str:
    """Where a patch lies: frequencies and share of its excerpt's energy.

    Examples
    --------
    >>> where(Patch("slic:10", 0, "0", 0, 0.121, 1.0, (0.2, 0.9, 180.0, 1100.0)))
    '0.18–1.1 kHz; 12 % of the excerpt’s energy'
    >>> where(Patch("slic:10", 0, "0", 0, 0.0, 1.0))
    'silent: nothing sounds in it'
    """
    if patch.place is None:
        return "silent: nothing sounds in it"
    low, high = (hz / 1000 for hz in patch.place[2:])
    share = "less than 1 %" if patch.share < 0.01 else f"{100 * patch.share:.0f} %"
    return f"{low:.2g}–{high:.2g} kHz; {share} of the excerpt’s energy"


def stands(concept: Discovered) -> Told:
    """What a concept is made of."""
    n = len({entry.key for entry, _ in concept.patches})
    of = f"{counted(len(concept.patches), 'patch', 'patches')} of {counted(n, 'song')}"
    return "made", f"Made of {of} of {utf8(concept.of)}; those nearest to its middle: {words.place_of(concept)}."
