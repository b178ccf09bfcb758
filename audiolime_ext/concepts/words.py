"""What is said of concepts, in sentences.

A concept is called by its class and a number, and told apart by where its patches lie ("0.2–1.1 kHz, 0.4 s long"). What
it sounds like is not said: that is for whoever listens.

Kept true: the first sentence says whether anything is significant, in every case; a number stands beside what random
concepts have, or what any patch as loud does; and where gradients and taking the sound out disagree, that is said with
both numbers, since the latter is what happened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from audiolime_ext.concepts.artefacts.checks import Flag
from audiolime_ext.concepts.interventions.intervening import JudgedBySound
from audiolime_ext.concepts.interventions.removing import Removed
from audiolime_ext.concepts.judgement.testing import FALSE_DISCOVERIES, JudgedConcept
from audiolime_ext.concepts.measurement.patches import Patch
from audiolime_ext.files.names import legible
from audiolime_ext.text import counted, share_of

if TYPE_CHECKING:
    from audiolime_ext.concepts.result import Concepts, Discovered

N_SHOWN = 10  # patches nearest to the middle, by which a concept's place is told
LINEAR = (
    "Above this layer everything is linear in the windows of {classes}, so that the TCAV score is 0 or 1 for every "
    "direction, also for a random one; effects are given instead, which are the same in all songs."
)


def headline(found: Concepts) -> str:
    """Whether anything is significant, in a sentence; another tells of given concepts, where there are some."""
    given = [one for one in found.tested if not one.of]
    if not found.kept:
        first = (
            f"No concept was found: of {counted(len(found.dropped), 'cluster')} of patches, none lies in enough songs."
        )
    elif not found.tested:
        first = _by_interventions(found)
    else:
        first = _by_gradients(found, "Of what was found nothing" if given else "Nothing")
    return " ".join([first, *([_of_given(given)] if given else [])])


def _of_given(given: Sequence[JudgedConcept]) -> str:
    sure = sum(one.verdict == "significant" for one in given)
    verb = "is" if sure == 1 else "are"
    return f"{sure} of {counted(len(given), 'pair')} of a given concept and a class {verb} significant."


def _by_gradients(found: Concepts, nothing: str) -> str:
    """Of concepts that were found; `nothing` is how the sentence begins where none is significant."""
    own = [one for one in found.tested if one.of and one.of == one.label]
    sure, heard = found.significant, sum(one.verdict != "not a concept" for one in own)
    if not heard:
        return (
            f"{nothing} is significant: none of {counted(len(found.kept), 'cluster')} is told apart from other patches."
        )
    than = "than random patches do"
    if not sure:
        elsewhere = {one.concept for one in found.tested if one.of and one.verdict == "significant"}
        where = " for the class that it was found in" if elsewhere else ""
        end = f" {counted(len(elsewhere), 'is', 'are')} significant for another class." if elsewhere else ""
        concepts = counted(heard, "concept")
        return f"{nothing} is significant{where}: none of {concepts} surely moves its class otherwise {than}.{end}"
    more = sum(one.speaks for one in sure)
    less = len(sure) - more
    ways = [f"{counted(more, 'speaks', 'speak')} for it more {than}"] * (more > 0)
    ways += [f"{less} less" if more else f"{counted(less, 'speaks', 'speak')} for it less {than}"] * (less > 0)
    first = f"{share_of(len(sure), heard, 'concept')} significant for the class that it was found in"
    return f"{first}: {', '.join(ways)}."


def _by_interventions(found: Concepts) -> str:
    """The same of a model without gradients."""
    own = [one for one in by_sound(found) if one.verdict != "not a concept"]
    if not own:
        return (
            "Nothing can be told: no concept that is told apart from other patches is in enough of the other songs to "
            "be taken out of them."
        )
    sure = [one.surest.beyond > 0 for one in own if one.verdict == "significant"]
    if not sure:
        elsewhere = ", or putting it into other songs," if any(one.added for one in own) else ""
        return (
            f"Nothing is significant: taking out any of {counted(len(own), 'concept')}{elsewhere} changes its class no "
            "more surely than patches as loud do."
        )
    more, less = sum(sure), len(sure) - sum(sure)
    ways = [f"{counted(more, 'speaks', 'speak')} for it more than patches as loud do"] * (more > 0)
    ways += [f"{less} less" if more else f"{counted(less, 'speaks', 'speak')} for it less than patches as loud do"] * (
        less > 0
    )
    told = f"{share_of(len(sure), len(own), 'concept')} significant for the class that it was found in, by sound alone"
    return f"{told}: {', '.join(ways)}."


def _beside_removals(found: Concepts, sure: Sequence[JudgedConcept]) -> list[str]:
    """Whether what is significant is missed when it is taken out, in a sentence or two."""
    proven = {one.concept: _proven(found, one) for one in sure}
    against = [legible(one.concept) for one in sure if proven[one.concept] and disagreement(found, one)]
    unsure = [legible(one.concept) for one in sure if not proven[one.concept]]
    of = f"Of {counted(len(sure), 'significant concept')} whose sound was taken out, "
    told = []
    if against:
        turn = (
            f"{counted(len(against), 'does', 'do')} the opposite there of what the gradients say ({', '.join(against)})"
        )
        told.append(f"{of}{turn}: what happens without the sound is what counts.")
    if unsure:
        verb = counted(len(unsure), "is", "are")
        told.append(
            f"{of}{verb} not for sure missed more or less than any patch as loud ({', '.join(unsure)}): by their sound "
            "it is open."
        )
    return told


def _proven(found: Concepts, one: JudgedConcept) -> bool:
    """Whether taking a concept out of a class is among what is significant by sound."""
    pair = one.concept, one.label
    return pair in found.intervened and pair in found.removals and found.removals[pair].p_of_both < FALSE_DISCOVERIES


def by_sound(found: Concepts) -> tuple[JudgedBySound, ...]:
    """What the sound of each concept does to the class that it was found in."""
    return tuple(one for one in found.heard if one.of == one.label)


def sentences(found: Concepts) -> tuple[str, ...]:
    """What else is to be known of all, in the order in which it should be read."""
    told = []
    if straight := list(dict.fromkeys(legible(one.label) for one in found.tested if one.linear)):
        told.append(LINEAR.format(classes=", ".join(straight)))
    if found.tested:
        told.append("An effect is by how many logits the class rises on a step towards the concept.")
    if any(one.discovered for one in found.tested) or (not found.tested and found.intervened):
        told.append(
            f"Of all that is called significant, at most {100 * FALSE_DISCOVERIES:.0f} % are expected to be so by "
            "chance."
        )
    near = sum(one.p < FALSE_DISCOVERIES and one.verdict == "not significant" for one in found.tested)
    if near:
        told.append(
            f"{share_of(near, len(found.tested), 'test')} not significant though p is below .05: among so many tests, "
            "some are so by chance."
        )
    if any((one.concept, one.label) in found.removals for one in found.significant) or (
        not found.tested and found.removals
    ):
        told.append(
            '"Without it" is by how many logits the class falls where one of the concept\'s patches is taken out; "any '
            'as loud" is the same of any patch of these songs in the same third by energy.'
        )
    sure = [one for one in found.significant if (one.concept, one.label) in found.removals]
    told += _beside_removals(found, sure)
    return tuple(told)


def disagreement(found: Concepts, one: JudgedConcept) -> str:
    """Where taking the sound of a concept out says another thing of a class than the gradients; "" where it does not.

    Parameters
    ----------
    found : Concepts
        Concepts.
    one : JudgedConcept
        Judgement by gradients, of those that are significant.
    """
    taken = found.removals.get((one.concept, one.label))
    proven = _proven(found, one)
    if taken is None or ((taken.beyond > 0) == one.speaks and proven):
        return ""
    more, label = "more" if one.speaks else "less", legible(one.label)
    numbers = f"{label} {fall(taken.effect)} without it, and {fall(taken.other)} without any patch as loud"
    end = "this is what happened" if proven else f"no sure difference among so many (p {probability(taken.p)})"
    return f"by the gradients it speaks for {label} {more} than random patches do, but {numbers}: {end}"


def place(patches: Sequence[Patch]) -> str:
    """Where patches lie, in words: frequencies, and how long they are or when in their window.

    Parameters
    ----------
    patches : sequence of Patch
        Patches of a concept.

    Examples
    --------
    >>> places = [(t, t + 0.4, 210.0, 1090.0) for t in (0.1, 0.9, 1.8, 2.4)]
    >>> place([Patch("slic:10", i, str(i), 0, 0.2, 1.0, one) for i, one in enumerate(places)])
    '210 Hz–1.1 kHz, 0.40 s long, at different times'
    >>> place([Patch("bands:2", 0, "0–2000 Hz", 0, 0.2, 1.0, (0.0, 1.5, 60.0, 1900.0))] * 4)
    '60 Hz–1.9 kHz, at 0.0–1.5 s of its window, 0–2000 Hz of bands:2'
    >>> place([Patch("slic:10", 0, "bar", 0, 0.0, 1.0)])
    'silence'
    """
    heard = [one.place for one in patches if one.place is not None]
    if not heard:
        return "silence"
    begin, end, low, high = np.array(heard).T
    told = [_band(float(np.median(low)), float(np.median(high))), _when(begin, end)]
    (split, name), n = Counter((one.split, one.name) for one in patches).most_common(1)[0]
    if n > len(patches) / 2 and len(patches) > 1:
        told.append(f"{legible(name)} of {legible(split)}")
    if n_silent := len(patches) - len(heard):
        told.append(f"{n_silent} of {counted(len(patches), 'patch', 'patches')} silent")
    return ", ".join(told)


def place_of(concept: Discovered) -> str:
    """Where the patches of a concept lie that are nearest to its middle."""
    return place([patch for _, patch in concept.patches[:N_SHOWN]])


def _band(low: float, high: float) -> str:
    first, last = hertz(low), hertz(high)
    if first == last:
        return f"about {first}"
    (number, unit), (_, other) = first.split(), last.split()
    return f"{number if unit == other else first}–{last}"


def _when(begin: np.ndarray, end: np.ndarray) -> str:
    """When patches sound, where most of them do at one time; else how long they are."""
    length = float(np.median(end - begin))
    digits = 1 if length >= 1 else 2
    low, high = np.quantile((begin + end) / 2, [0.25, 0.75])
    if high - low > length / 2:
        return f"{length:.{digits}f} s long, at different times"
    return f"at {np.median(begin):.{digits}f}–{np.median(end):.{digits}f} s of its window"


def hertz(frequency: float) -> str:
    """A frequency with two digits.

    Examples
    --------
    >>> hertz(49.8), hertz(996.0), hertz(1149.0), hertz(11420.0)
    ('50 Hz', '1.0 kHz', '1.1 kHz', '11 kHz')
    """
    rounded = float(f"{frequency:.2g}")
    if rounded < 1000:
        return f"{rounded:g} Hz"
    return f"{rounded / 1000:.{1 if rounded < 10_000 else 0}f} kHz"


def probability(p: float) -> str:
    """A p-value with two digits.

    Examples
    --------
    >>> probability(0.00019998), probability(0.0514), probability(1.0)
    ('.0002', '.051', '1')
    """
    return f"{p:.2g}".replace("0.", ".", 1)


def signed(value: float) -> str:
    """A number of logits with its sign.

    Examples
    --------
    >>> signed(1.5978), signed(-0.0018713), signed(0.0)
    ('+1.60', '-0.0019', '+0.00')
    """
    return f"{value:+.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:+.2g}"


def fall(value: float) -> str:
    """What a class does without something, in words.

    Examples
    --------
    >>> fall(1.5), fall(-0.25)
    ('falls by 1.50', 'rises by 0.25')
    """
    return f"{'falls' if value >= 0 else 'rises'} by {signed(abs(value))[1:]}"


def told_flags(found: Sequence[Flag]) -> str:
    """What is suspect of a concept, in one sentence; "" where nothing is."""
    return f"suspect: {'; '.join(legible(one.text) for one in found)}" if found else ""


def told_added(found: Removed) -> str:
    """What adding a concept's patches to other songs does to a class.

    Examples
    --------
    >>> told_added(Removed(1.2, 0.9, 1.5, 0.3, 0.001, 12, 40))
    'put into 12 other songs, the class rises by 1.20, and by 0.30 with any patch as loud (p .001)'
    """
    songs = counted(found.n_songs, "other song")
    one, other = (fall(-value) for value in (found.effect, found.other))
    does = other.removeprefix("rises ") if one.split()[0] == other.split()[0] else other
    return f"put into {songs}, the class {one}, and {does} with any patch as loud (p {probability(found.p)})"
