"""One song, one factorization: every embedder asked why, in three ways, and what it says compared with what is so.

Asked are why A (what the query and A have in common), why A over B, and why B over A. The headline is judged by the
rules of the study of planted listeners, of true sources and of a separator's stems. Whatever else is said — places,
similarities without a stem, that a song is not near or comes second, what silence has — is computed here from the
embedder's answers, and one number or sentence that differs makes the whole answer wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.recommendation.why import words
from audiolime_ext.recommendation.why.result import Why
from tests.studies.planted.judge import WRONG, Verdict, judge, judge_track
from tests.studies.planted.reading import counted, held, read_words
from tests.studies.planted.truth import Expected
from tests.studies.planted_why.asking import SAME, Query, Truth
from tests.studies.planted_why.embedders import Planted, questions

Array = NDArray[np.float64]

EQUAL = 1e-5
_ASKED = ("A", "A over B", "B over A")


def cases(query: Query, planted: Sequence[Planted], *, turn: int | None = None) -> Iterator[dict[str, Any]]:
    """What became of each question: a record for each way of asking, or for one way, in turns that begin at `turn`."""
    for number, question in enumerate(questions(query.song, query.hearing, planted)):
        ways = _ASKED if question.planted.b else _ASKED[:1]
        truth = None
        for asked in ways if turn is None else [ways[(number + turn) % len(ways)]]:
            found = query.why(question, asked)
            truth = truth or Truth(query, question, query.split(found))
            yield record_of(found, truth, asked)


def record_of(found: Why, truth: Truth, asked: str) -> dict[str, Any]:
    """One answer, judged."""
    sources, parts = truth.expected(asked)
    notes, kind = tuple(words.remarks(found)), truth.question.planted.kind
    splitting = truth.split.splitting(kind.matter, *range(len(truth.split.built)))
    named = [found.leading.sources[i] for i in found.leading.first]
    said = read_words(found.sentence, named, notes, truth.split.names)
    verdict = judge(sources, parts, said, kind, splitting)
    bare = judge(sources, parts, replace(said, may_hold={}), kind, splitting)
    if wrong := beside(found, truth, asked, parts):
        verdict = Verdict(WRONG, wrong)
    return {
        "kind": truth.question.planted.name,
        "label": asked,
        "roles": truth.question.roles,
        "outcome": verdict.outcome,
        "why": verdict.why,
        "answerable": splitting.divides and not sources.must_abstain,
        "named": list(said.stems),
        "state": found.leading.state,
        "sentence": found.sentence,
        "notes": list(notes),
        "bare": bare.outcome,
    }


def beside(found: Why, truth: Truth, asked: str, parts: Expected) -> str:
    """What is wrong of all that is said beside the headline; empty: nothing."""
    about = (found, truth, asked)
    checks = (_numbers(found, parts), _order(*about), _silence(found, parts), _removals(*about), _agreement(*about))
    return next(filter(None, checks), "")


def _numbers(found: Why, parts: Expected) -> str:
    told = {"all": found.score, "silence": found.silence, **found.weights}
    true = {"all": parts.full, "silence": parts.empty, **parts.shares}
    wrong = [f"{name} {told[name]:+.4f} is {true[name]:+.4f}" for name in told if abs(told[name] - true[name]) > SAME]
    return "; ".join(wrong)


def _order(found: Why, truth: Truth, asked: str) -> str:
    """That a song is not near, that the second comes first or both are as near: said if and only if it is so."""
    near = _similarities(truth, truth.whole, asked)
    marks = {"far": " is not near: ", "reversed": " by similarity; ", "equal": " are equally near"}
    said = {mark for mark, words_ in marks.items() if any(words_ in told for told in (found.sentence, *found.notes))}
    so = set()
    if len(near) == 1:
        so |= {"far"} if near[0] < 0.005 else set()
    elif abs(near[0] - near[1]) < EQUAL:
        so |= {"equal"}
    elif near[0] < near[1]:
        so |= {"reversed"}
    return "" if said == so else f"{near} and yet {said or 'no word on it'}"


def _similarities(truth: Truth, vector: Array, asked: str) -> list[float]:
    centre = truth.question.centre
    rows = [vector - centre, *(truth.question.candidates - centre)]
    query, a, b = (row / np.linalg.norm(row) for row in rows)
    named = {"A": (a,), "A over B": (a, b), "B over A": (b, a)}[asked]
    return [float(query @ one) for one in named]


def _silence(found: Why, parts: Expected) -> str:
    """That silence has half of it or more, or as much against it: said if and only if it has."""
    said = [" comes from nothing that sounds" in note for note in found.notes if note.startswith("silence alone has")]
    if abs(parts.full) < words.SMALL:
        return ""
    part = parts.empty / parts.full
    if min(abs(part - 0.5), abs(part + 1)) < SAME:
        return ""
    so = [True] if part >= 0.5 else [False] if part <= -1 else []
    return "" if said == so else f"silence has {parts.empty:.3f} of {parts.full:.3f}"


def _removals(found: Why, truth: Truth, asked: str) -> str:
    """Similarities and places without each stem, from what the embedder answers to the others."""
    songs = truth.question.index.vectors.astype(float) - truth.question.centre
    songs /= np.linalg.norm(songs, axis=1, keepdims=True)
    for one in found.removals:
        place = truth.split.names.index(one.stem)
        left = np.mean(truth.of_parts, axis=0)[-1 - 2**place]
        near = _similarities(truth, left, asked)
        towards = (left - truth.question.centre) / np.linalg.norm(left - truth.question.centre)
        others = songs @ towards
        ranks = [1 + int((others > value).sum()) for value in near]
        assert one.standing is not None
        if np.abs(np.subtract(near, one.similarities)).max() > SAME or ranks != list(one.standing.ranks):
            return f"without {one.stem}: {near}, {ranks}, and not {one.similarities}, {one.standing.ranks}"
        nearest = truth.question.index.songs[int(np.argmax(others))].name
        if one.standing.nearest is None or one.standing.nearest.name != nearest:
            return f"without {one.stem} {nearest} is nearest"
    return ""


def _agreement(found: Why, truth: Truth, asked: str) -> str:
    """In how many windows which stem leads."""
    if len(found.track.windows) < 2:
        return ""
    sentence, counts, differs = counted(found.track, found.voice.label)
    may_hold = held(words.remarks(found), truth.split.names)
    verdict = judge_track(truth.by_window(asked), counts, may_hold)
    said = words.agreement(found)
    if differs or said != [sentence]:
        return differs or f"{said} is not {sentence}"
    return f"“{sentence}”: {verdict.why}" if verdict.outcome == WRONG else ""
