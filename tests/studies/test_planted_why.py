"""The study of `why`: two sources of one song, and the study itself — it must catch what it is made to catch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audiolime_ext.recommendation.why.result import Removal, Why
from tests.studies.planted import songs, table
from tests.studies.planted.judge import ABSTAINED, RIGHT, WRONG
from tests.studies.planted.songs import Song
from tests.studies.planted_why import study
from tests.studies.planted_why.__main__ import summary
from tests.studies.planted_why.asking import Query, Truth
from tests.studies.planted_why.embedders import BESIDE_A_CONSTANT, SEVERAL, questions, scores_of
from tests.studies.planted_why.pairs import pair_cases, partner

QUICK = ("each has its own", "as much of both", "unrelated", "mostly silence", "unlike")
PLANTED = [one for one in SEVERAL if one.name in QUICK] + [one for one in BESIDE_A_CONSTANT if one.name == "or"]


@pytest.fixture(scope="module")
def duet() -> Song:
    """Two of a sketch's sources, in one channel at 8 kHz."""
    sketch = songs.sketch(0)
    return Song("duet", 8000, {name: sketch.stems[name][:1, ::2].copy() for name in ("bass", "drums")})


@pytest.fixture(scope="module", params=["true stems", "hpss"])
def asked(request: pytest.FixtureRequest, duet: Song) -> Query:
    return Query.of(duet, request.param)


@pytest.fixture(scope="module")
def judged(asked: Query) -> list[dict[str, Any]]:
    return list(study.cases(asked, PLANTED))


def test_no_answer_is_wrong_and_nearly_all_are_right(judged: list[dict[str, Any]]) -> None:
    assert [record["why"] for record in judged if record["outcome"] == WRONG] == []
    assert table.counts(judged)[RIGHT] >= table.LEAST_RIGHT * len(judged)
    assert {record["label"] for record in judged} == {"A", "A over B", "B over A"}


def test_two_windows_are_asked_about_and_agree() -> None:
    sketch = songs.sketch(1)
    twice = {name: np.tile(sketch.stems[name][:1, :64000:2], 2) for name in ("bass", "drums")}
    query = Query.of(Song("twice", 8000, twice), "true stems", 2)
    found = list(study.cases(query, [one for one in SEVERAL if one.name == "each has its own"], turn=0))
    assert len(query.windows) == 2
    assert {record["outcome"] for record in found} == {RIGHT}


def test_the_score_is_the_cosine_and_a_contrast_the_difference_of_two(duet: Song) -> None:
    query = Query.of(duet, "true stems")
    (question, _) = questions(duet, query.hearing, [one for one in SEVERAL if one.name == "the song itself"])
    whole = question.answer(query.of_sources[0])[-1:]
    score = scores_of(question, whole[0])
    towards = [one - question.centre for one in (*question.candidates, whole[0])]
    a, b, own = (one / np.linalg.norm(one) for one in towards)
    assert score(whole, False)[0, 0] == pytest.approx(own @ a)
    assert score(whole, True)[0, 0] == pytest.approx(own @ a - own @ b)
    assert own @ a == pytest.approx(1.0)


@pytest.fixture(scope="module")
def answered(duet: Song) -> tuple[Why, Truth]:
    query = Query.of(duet, "true stems")
    question = questions(duet, query.hearing, [one for one in SEVERAL if one.name == "mostly silence"])[0]
    found = query.why(question, "A over B")
    return found, Truth(query, question, query.split(found))


def test_what_is_wrong_beside_the_headline_is_caught(answered: tuple[Why, Truth]) -> None:
    found, truth = answered
    assert study.record_of(found, truth, "A over B")["outcome"] == RIGHT
    removal = found.removals[0]
    wrong_weights = replace(found.leading, weights=tuple(reversed(found.leading.weights)))
    altered = {
        "a number": replace(found, leading=wrong_weights),
        "a note that is missing": replace(found, notes=()),
        "a note that is not so": replace(found, notes=(*found.notes, "by similarity A and B are equally near")),
        "a similarity without a stem": replace(found, removals=(replace(removal, similarities=(0.9, 0.1)),)),
        "places": replace(found, removals=(_placed_last(removal),)),
    }
    for what, wrong in altered.items():
        assert study.record_of(wrong, truth, "A over B")["outcome"] == WRONG, what


def _placed_last(removal: Removal) -> Removal:
    assert removal.standing is not None
    return replace(removal, standing=replace(removal.standing, ranks=(99, 99)))


def test_a_pair_of_stems_is_named_and_another_is_caught(duet: Song, monkeypatch: pytest.MonkeyPatch) -> None:
    twice = {name: np.concatenate([stem, stem[:, ::-1]], axis=1) for name, stem in duet.stems.items()}
    song = Song("twice", duet.sr, twice)
    assert partner(duet) is None
    found = list(pair_cases(song, "true stems"))
    assert {record["outcome"] for record in found} == {RIGHT}
    assert "the query's bass with this song's drums" in next(
        r["sentence"] for r in found if r["roles"] == ("bass", "drums")
    )
    said = "audiolime_ext.recommendation.why.words.of_pairs"
    monkeypatch.setattr(said, lambda _: ["the query's bass with this song's bass adds most"])
    told = {record["roles"]: record["outcome"] for record in pair_cases(song, "true stems")}
    assert told[("bass", "bass")] == RIGHT
    assert told[("bass", "drums")] == told[("drums", "drums")] == WRONG
    monkeypatch.setattr(said, lambda _: [])
    assert {record["outcome"] for record in pair_cases(song, "true stems")} == {ABSTAINED}


def test_the_summary_has_a_row_for_each_way_of_asking(judged: list[dict[str, Any]]) -> None:
    told = summary([record | {"song": "duet", "factorization": "hpss", "setting": "excerpt"} for record in judged])
    assert told.splitlines()[1].split()[:3] == ["hpss", "excerpt", str(len(judged))]
