"""Was it right, wrong, or no answer? One verdict for each listener, song and factorization.

*Of the parts that were switched* (true stems, or a separator's), right: the sentence names all that lead and none that
is not within a tenth of them; or it abstains where nothing argues. Wrong: it names a part that does not lead, or one of
several that lead alike as if it were the one; or anything where nothing argues or the model does not say this; or the
one stem that is the whole recording. Also wrong: "against" a part that does not argue against it, "together" of parts
that do not act together, a segment in which the listener does not listen, a sentence that disagrees with the structured
result.

*Of the names of a separator's stems*: one that names instruments is right if a source that leads is among them, or the
source that gives most to this stem; what a source contributes lands in the stems as the source does. Else it is wrong,
however true the numbers. A source whose instruments nobody knows (``rest``) contradicts no name. Bands, harmonic,
percussive and the residual name no instrument, whatever they are said to hold.

Anything else is an abstention: nothing named, or right and wrong stems "not told apart". So is, with true stems,
silence about sources that act together where no weight shows it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.factorization.stems import RESIDUAL
from tests.studies.planted.ear import EDGE
from tests.studies.planted.listeners import Kind
from tests.studies.planted.reading import Said, seconds_of
from tests.studies.planted.songs import DURATION_S
from tests.studies.planted.truth import INSTRUMENTS, NEAR, Expected, claimed, is_everything

Array = NDArray[np.float64]

RIGHT, WRONG, ABSTAINED = "right", "wrong", "abstained"
HEARD_DB = -20.0  # of the mixture
SAME_S = 0.02  # a crossfade: segments that reach no further into another moment


@dataclass(frozen=True)
class Verdict:
    """What became of one answer, and why, in words for whoever mends it."""

    outcome: str
    why: str = ""


@dataclass(frozen=True, eq=False)
class Splitting:
    """How a factorization split the excerpt.

    Parameters
    ----------
    true
        Whether its stems are the true sources.
    levels_db
        Stem → its level relative to the mixture.
    landed
        Source → stem → how much of what the listener hears of the source is in it.
    """

    true: bool
    levels_db: Mapping[str, float]
    landed: Mapping[str, Mapping[str, float]]

    @property
    def divides(self) -> bool:
        """Whether two stems or more can be heard in the excerpt: else nothing can be told apart by naming one."""
        loud = [name for name, level in self.levels_db.items() if name != RESIDUAL and level > HEARD_DB]
        return self.true or len(loud) > 1


def judge(sources: Expected, parts: Expected, said: Said, kind: Kind, splitting: Splitting) -> Verdict:
    """The verdict.

    Parameters
    ----------
    sources, parts
        What may be said of the true sources, and of what was switched; the same for true stems.
    """
    for found in (said.disagrees, _besides(parts, said, kind, splitting)):
        if found:
            return Verdict(WRONG, found)
    of_parts = _of_parts(parts, said, splitting)
    if splitting.true or of_parts.outcome == WRONG or not said.stems:
        verdict = of_parts
    else:
        verdict = _of_names(of_parts, sources, said.may_hold, said.stems, splitting)
    if verdict.outcome == RIGHT and splitting.true and kind.together and not said.together:
        return Verdict(ABSTAINED, "no word on the sources that act together")
    return verdict


def _of_parts(truth: Expected, said: Said, splitting: Splitting) -> Verdict:
    named = frozenset(said.stems)
    if not named:
        silent = truth.must_abstain or truth.may_abstain
        return Verdict(RIGHT) if silent else Verdict(ABSTAINED, f"{_listed(truth.leaders)} leads")
    if truth.must_abstain:
        why = "the model does not say this" if truth.unsaid else "nothing argues"
        return Verdict(WRONG, f"{why}, yet {_listed(named)} is named")
    if not truth.leaders <= named:
        missing, tied = truth.leaders - named, "as much" if truth.leaders & named else "more"
        return Verdict(WRONG, f"{_listed(missing)} counts {tied} ({_numbers(truth.shares)})")
    everything = [name for name in named if is_everything(name, truth, splitting.levels_db)]
    if everything and not splitting.true:
        return Verdict(WRONG, f"{everything[0]} is the whole recording: nothing is told apart")
    if not named <= truth.near:
        return Verdict(ABSTAINED, f"only {_listed(truth.leaders)} leads")
    return Verdict(RIGHT)


def judge_track(
    places: Sequence[tuple[Expected, Expected, Splitting]],
    counts: Mapping[str, int],
    may_hold: Mapping[str, Sequence[str]],
) -> Verdict:
    """The verdict on "A leads in 3 of 4 windows": no part may lead in more than it does, alone and by that name.

    `may_hold` is what the track's notes say of its stems. Right: most of the windows in which one part leads are
    counted, and saying nothing is not as right.
    """
    leads: Counter[str] = Counter()
    due = 0
    for sources, parts, splitting in places:
        if len(parts.leaders) == 1 and not parts.must_abstain:
            (leader,) = parts.leaders
            true = splitting.true or not _false_name(leader, sources, may_hold.get(leader, ()), splitting)
            leads[leader] += true
            due += true and not parts.may_abstain
    if over := [name for name, count in counts.items() if count > leads[name]]:
        return Verdict(WRONG, "; ".join(f"{name} leads in {leads[name]}, not in {counts[name]}" for name in over))
    if 2 * sum(counts.values()) < due:
        return Verdict(ABSTAINED, f"in {due} windows one leads")
    return Verdict(RIGHT)


def _of_names(
    verdict: Verdict,
    sources: Expected,
    may_hold: Mapping[str, Sequence[str]],
    stems: Sequence[str],
    splitting: Splitting,
) -> Verdict:
    """The verdict on the parts, unless their names say what is not so."""
    why = {stem: _false_name(stem, sources, may_hold.get(stem, ()), splitting) for stem in stems}
    false = {stem: reason for stem, reason in why.items() if reason}
    if not false:
        return verdict
    outcome = WRONG if len(false) == len(stems) else ABSTAINED
    return Verdict(outcome, "; ".join(f"{stem}: {why}" for stem, why in false.items()))


def _false_name(stem: str, sources: Expected, also: Sequence[str], splitting: Splitting) -> str:
    """What a stem's name says that is not so, `also` what it is said to hold besides; empty: nothing."""
    names = claimed(stem, also)
    if not claimed(stem) or names & sources.near or not set(sources.shares) <= set(INSTRUMENTS):
        return ""
    if not sources.leaders:
        return "" if names & sources.involved else f"only {_listed(sources.involved)} do anything"
    gives = {source: share * splitting.landed[source][stem] for source, share in sources.shares.items()}
    giver = max(gives, key=lambda source: gives[source])
    if any(gives[source] >= (1 - NEAR) * gives[giver] for source in names if source in gives):
        return ""
    return f"it is {giver} here ({_numbers(gives)}), which its name does not say"


def _besides(truth: Expected, said: Said, kind: Kind, splitting: Splitting) -> str:
    """What is wrong besides the leaders; empty: nothing."""
    for stem in said.against:
        if stem not in truth.against:
            return f"{stem} does not argue against it ({_numbers(truth.shares)})"
    for group in said.together:
        if group and group not in truth.pairs | truth.threes:
            return f"{_listed(group)} do not act together"
    for component in said.named:
        if (span := seconds_of(component)) and splitting.true and not _listens(kind, span):
            return f"it does not listen at {component}"
    return ""


def _listens(kind: Kind, span: tuple[float, float]) -> bool:
    if kind.matter == "first":
        return span[0] < EDGE * DURATION_S - SAME_S
    return span[1] > (1 - EDGE) * DURATION_S + SAME_S if kind.matter == "last" else True


def _listed(names: frozenset[str] | set[str] | tuple[str, ...]) -> str:
    return " and ".join(sorted(names)) or "nothing"


def _numbers(shares: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {share:+.3f}" for name, share in shares.items())
