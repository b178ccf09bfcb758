"""What is said of why a song is near: the headline, the sentence, the matrix, and what would be so without a stem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.attribution.told_apart import ROUNDING
from audiolime_ext.explanation.leading import Leading
from audiolime_ext.explanation.summary import how_known
from audiolime_ext.explanation.words import Voice, sentence
from audiolime_ext.files.names import legible
from audiolime_ext.recommendation.why.matrix import StemMatrix
from audiolime_ext.recommendation.why.standing import Standing, ordinal

if TYPE_CHECKING:
    from audiolime_ext.recommendation.why.result import Removal, Why

Array = NDArray[np.float64]

SMALL = 0.01  # a score that is as good as none
SHOWN = 0.005  # less is written as 0.00
_TOLD = 3  # outputs


def as_text(why: Why) -> str:
    """The whole answer for a terminal."""
    parts = [_head(why), "\n".join([why.sentence, *agreement(why), *by_outputs(why), *of_pairs(why)])]
    parts += [f"{song.name}:\n{matrix}" for song, matrix in zip(why.candidates, why.matrices, strict=True) if matrix]
    if without := without_stems(why):
        parts.append("\n".join(without))
    if why.alike is not None:
        parts.append(str(why.alike))
    if why.flip is not None:
        parts.append(str(why.flip))
    if told := remarks(why):
        parts.append("\n".join(f"note: {legible(note)}" for note in told))
    return "\n\n".join(parts)


def answer(why: Why, *, page: bool = False) -> str:
    """The answer in a sentence; first, where it is so, that the second candidate is nearer, and what silence has."""
    voice, found, before = replace(why.voice, page=page), why.leading, list[str]()
    told = sentence(found, found.sources, voice, k=2)
    if len(why.candidates) > 1 and why.score < -ROUNDING:
        first, second = (legible(song.name) for song in why.candidates)
        before.append(f"{second} is nearer than {first} by similarity")
    if beside := _silence_first(found, voice):
        before.append(beside)
        below = found.empty - found.full > found.near  # together the stems take away, so no sum comes from one
        told = told if found.unheard or below else f"{'Among' if page else 'among'} the stems, {told}"
    if not page:
        return "; ".join([*before, told])
    return " ".join([*(f"{one[0].upper()}{one[1:]}." for one in before), told])


def _silence_first(found: Leading, voice: Voice) -> str:
    """That silence alone has more than any stem adds, or no less, as numbers are shown; "" where a stem adds more."""
    if found.state not in ("leads", "tied") or found.as_baseline or found.errors is None:
        return ""
    weights, errors, digits = np.array(found.weights), np.array(found.errors), voice.digits(found.largest)
    empty, least, most = (round(float(value), digits) for value in (found.empty, *_span(weights, errors)))
    if empty < least or empty <= 0:
        return ""
    than = "more than any stem adds" if empty > most else "and no stem adds clearly more"
    return f"silence alone has {voice.number(found.empty, found.largest)}, {than}"


def _span(weights: Array, errors: Array) -> tuple[float, float]:
    """Between which values the largest weight lies."""
    return float((weights - errors).max()), float((weights + errors).max())


def _head(why: Why) -> str:
    names = " over ".join(legible(song.name) for song in why.candidates) or "does it fit the taste"
    n_asked = [song.asked.whole for song in (why.query, *why.candidates) if song.asked is not None]
    mixes = " + ".join(str(game.n_windows * len(game.outputs.masks)) for game in n_asked)
    exact = how_known(why.track.exact, why.track.noise, why.track.provenance.settings.seed)
    return (
        f"{legible(why.query.name)}: why {names}?\n"
        f"{why.query.separator or 'own stems'} and {why.model}, Shapley values ({exact}) from {mixes} mixes"
        + "".join(f"\n{place}" for place in places(why))
    )


def places(why: Why) -> list[str]:
    """Where each candidate stands: ``Feelings: similarity 0.62, the 3rd nearest of 395 songs by mutual proximity``."""
    found = []
    for i, (song, similarity) in enumerate(zip(why.candidates, why.similarities, strict=True)):
        place = ""
        if why.standing is not None:
            by = f" by {why.ranked_by}" if why.ranked_by != "similarity" else ""
            place = f", {why.standing.place(i)}{by}"
        found.append(f"{legible(song.name)}: similarity {shown(similarity)}{place}")
    return found


def agreement(why: Why) -> list[str]:
    """In how many windows which stem leads."""
    return [] if len(why.track.windows) < 2 else [str(why.track.leaders())]


def by_outputs(why: Why) -> list[str]:
    """By which outputs, and which stem carries each: ``most by tempo +0.41 (by drums +0.38)``."""
    totals = {name: sum(parts.values()) for name, parts in why.by_output.items()}
    sign = 1 if why.score >= 0 else -1
    largest = sorted(totals, key=lambda name: -sign * totals[name])[:_TOLD]
    told = [_carried(name, totals[name], why) for name in largest if sign * totals[name] > 0]
    return [f"most {'by' if sign > 0 else 'against it by'} {', '.join(told)}"] if told else []


def _carried(name: str, total: float, why: Why) -> str:
    parts = why.by_output[name]
    sign = 1 if total >= 0 else -1
    most = max(parts, key=lambda part: sign * parts[part])
    return f"{name} {total:+.2f} (by {most} {parts[most]:+.2f})"


def of_pairs(why: Why) -> list[str]:
    """By which pair of stems the query is near to each candidate, or that no single pair makes it."""
    return [
        f"{legible(song.name)}: {told}"
        for song, matrix in zip(why.candidates, why.matrices, strict=True)
        if matrix is not None and (told := _of_pair(matrix, single=why.leading.state == "whole"))
    ]


def _of_pair(matrix: StemMatrix, *, single: bool) -> str:
    """Which pair of two stems adds most, and what is added by the others and by those with silence; "" for no pair."""
    if matrix.cancels:
        return (
            f"single pairs add or take away up to {np.abs(matrix.cells).max():.1f}, far more than the similarity "
            f"({shown(matrix.similarity)}), and cancel: no single pair makes it, a stem counts by the sum of its row"
        )
    row, column, cell = matrix.largest()
    if single or cell <= 0:
        return ""
    told = f"of pairs of stems, the query's {row} with this song's {column} adds most to the similarity ({cell:+.2f})"
    rest = {
        "the other pairs of stems": matrix.similarity - cell - matrix.with_silence,
        "all pairs with silence": matrix.with_silence,
    }
    beside = ", ".join(f"{name} together {value:+.2f}" for name, value in rest.items() if round(value, 2))
    return f"{told}; {beside}" if beside else told


def without_stems(why: Why) -> list[str]:
    """What would be so without each stem, where that changes what is nearest or which candidate comes first."""
    return [line for removal in why.removals if (line := _without(removal, why))]


def _without(removal: Removal, why: Why) -> str:
    then, now = removal.standing, why.standing
    similarity = ", ".join(map(shown, removal.similarities))
    if then is None or now is None:
        return f"without {removal.stem}: similarity {similarity}"
    places = ", ".join(f"{legible(song.name)} the {ordinal(rank)}" for song, rank in _ranked(why, then))
    said = f"without {removal.stem}: {places} (similarity {similarity})"
    if then.nearest is not None and now.nearest is not None and then.nearest.key != now.nearest.key:
        nearest = "the nearest song of the index" if any(then.outside) else "the nearest song"
        said += f"; {nearest} would be {legible(then.nearest_name or '')} and not {legible(now.nearest_name or '')}"
    return said


def _ranked(why: Why, then: Standing) -> list[tuple[Any, int]]:
    return list(zip(why.candidates, then.ranks, strict=True))


def order_notes(
    names: Sequence[str], standing: Standing | None, similarities: Sequence[float], ranked_by: str, meaning: str
) -> list[str]:
    """That a candidate is not near, that the second comes first or both are as near, or that hubs reverse the two.

    Parameters
    ----------
    names : sequence of str
        Names of the candidates.
    standing : Standing or None
        Places of them; None: there is no index.
    similarities : sequence of float
        Their similarities to the query.
    ranked_by : str
        Number that ranks.
    meaning : str
        Sentence on what a similarity of 0 means; see `Space.meaning`.
    """
    if len(names) == 1:
        far = f"{names[0]} is not near: its similarity is {shown(similarities[0])} ({meaning})"
        return [far] if similarities[0] < SHOWN else []
    if len(names) < 2:
        return []
    by_similarity = _first(similarities)
    by_rank = by_similarity if standing is None else _first(standing.nearness)
    found = []
    if by_similarity is None:
        found.append(f"by similarity {names[0]} and {names[1]} are equally near")
    if by_rank is not None and by_similarity is not None and by_similarity != by_rank:
        found.append(
            f"by {ranked_by}, which ranks, {names[by_rank]} comes first: the correction for hubs reverses the two; "
            "what is explained is the similarity without it"
        )
    return found


def _first(nearness: Sequence[float]) -> int | None:
    """Which of two is nearer; None: neither, but for rounding."""
    one, other = nearness
    return None if abs(one - other) <= ROUNDING else int(other > one)


def shown(similarity: float) -> str:
    """A similarity as it is written, never as minus nought."""
    return f"{round(similarity, 2) + 0.0:.2f}"


def silence_notes(found: Leading, noun: str) -> list[str]:
    """That much of the score is not due to anything that sounds: where silence alone has half of it or more, or as much
    against it, so that stems count first of all by being there.

    Parameters
    ----------
    found : Leading
        Knowledge of the stems.
    noun : str
        Name of the score: "similarity", "difference" or "log-odds".
    """
    if abs(found.full) < SMALL:
        return []
    told, part = f"silence alone has {found.empty:.2f} of the {noun} {found.full:.2f}", found.empty / found.full
    if part >= 0.5:
        return [f"{told}: so much comes from nothing that sounds, and songs can be alike by what both lack"]
    if part <= -1:
        return [f"{told}: what the stems add is first of all that there is sound"]
    return []


def remarks(why: Why) -> list[str]:
    """What to know before believing it."""
    return list(dict.fromkeys([*why.notes, *why.track.notes, *why.track.warnings]))


def standing_dict(standing: Standing | None) -> dict[str, Any]:
    """Places as plain values."""
    if standing is None:
        return {}
    return {
        "ranks": list(standing.ranks),
        "n_songs": standing.n_songs,
        "nearness": list(standing.nearness),
        "nearest": standing.nearest_name,
    }
