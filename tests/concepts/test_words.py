"""The first sentence is true in every case, every cluster is told, and what happens is set above what gradients say."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audiolime_ext.concepts import telling, words
from audiolime_ext.concepts.artefacts.checks import Flag
from audiolime_ext.concepts.discovery.discovering import Cluster
from audiolime_ext.concepts.interventions.removing import Removed
from audiolime_ext.concepts.judgement.separating import Accuracy
from audiolime_ext.concepts.judgement.testing import JudgedConcept
from audiolime_ext.concepts.result import Concepts
from tests.concepts.test_finding import found as found
from tests.concepts.test_finding import measured as measured

UNSURE = Accuracy(0.55, 0.4, 0.7)


def judged(found: Concepts, **changes: Any) -> Concepts:
    return replace(found, tested=tuple(replace(one, **changes) for one in found.tested))


def cluster(reason: str) -> Cluster:
    return Cluster(np.arange(2), np.zeros(2), 1, None, np.empty(0, np.intp), reason)


def given(label: str, *, discovered: bool) -> JudgedConcept:
    told = "claps", "", label, 1.5, 1.0, 2.0, 0.3, 0.001, 1.0, 0.001, (-0.1, 0.0, 0.1), (0.0, 0.5, 1.0)
    return JudgedConcept(*told, Accuracy(0.9, 0.8, 0.95), 12, False, discovered)


def test_the_first_sentence_says_what_is_significant_in_every_case(found: Concepts) -> None:
    n, kept = len(found.significant), len(found.kept)
    assert words.headline(found).startswith(f"{n} of {kept} concepts are significant for the class that it was found")
    assert words.headline(found).endswith(f": {n} speak for it more than random patches do.")
    below = judged(found, derivative=-1.0)
    assert words.headline(below).endswith(f": {n} speak for it less than random patches do.")
    assert words.headline(judged(found, discovered=False)).startswith(
        f"Nothing is significant: none of {kept} concepts surely moves its class otherwise than random patches do"
    )
    own = {one.concept for one in found.significant}
    elsewhere = tuple(replace(one, discovered=one.discovered and one.of != one.label) for one in found.tested)
    told = replace(found, tested=elsewhere)
    assert words.headline(told).startswith("Nothing is significant for the class that it was found in: none of ")
    assert words.headline(told).endswith(f" {len(own)} are significant for another class.")
    alone = replace(told, heard=())
    for name in own:
        (line,) = [line for line in telling.as_text(alone).splitlines() if line.startswith(f"  {name}: ")]
        assert re.search(r"; significant for b -\d\.\d\d alone$", line)
    assert words.headline(judged(found, accuracy=UNSURE)) == (
        f"Nothing is significant: none of {kept} clusters is told apart from other patches."
    )
    nothing = replace(found, kept=(), tested=(), removals={}, dropped=(("a", cluster("are too few")),) * 3)
    assert words.headline(nothing) == "No concept was found: of 3 clusters of patches, none lies in enough songs."


def test_without_gradients_the_first_sentence_is_about_what_happens(found: Concepts) -> None:
    blind = replace(found, tested=())
    own = words.by_sound(found)
    sure = [one.surest.beyond > 0 for one in own if one.verdict == "significant"]
    assert any(sure)
    first = f"{len(sure)} of {len(own)} concepts are significant for the class that it was found in, by sound alone: "
    assert words.headline(blind).startswith(first) or len(sure) == 1
    chance = tuple(replace(one, discovered=False) for one in found.heard)
    assert words.headline(replace(blind, heard=chance)).startswith(
        f"Nothing is significant: taking out any of {len(own)} concepts, or putting it into other songs, changes its "
    )
    assert words.headline(replace(blind, heard=())).startswith("Nothing can be told")
    text = telling.as_text(blind)
    assert "a 6" in text
    assert "put elsewhere" in text
    assert "TCAV" not in text


def test_what_is_significant_by_its_sound_alone_is_told(found: Concepts) -> None:
    unsure = replace(found, tested=tuple(replace(one, discovered=False) for one in found.tested))
    sure = {one.concept for one in words.by_sound(found) if one.verdict == "significant"}
    text = telling.as_text(unsure)
    assert sure
    for name in sure:
        (line,) = [line for line in text.splitlines() if line.startswith(f"  {name}: ")]
        assert re.search(r"; significant by its sound alone \((taken out|put into other songs): ", line)


def test_where_all_above_is_linear_the_score_is_not_shown(found: Concepts) -> None:
    said = words.LINEAR.format(classes="a, b")
    assert said not in telling.as_text(found)
    assert "TCAV  " in telling.as_text(found)
    linear = telling.as_text(judged(found, linear=True))
    assert said in linear
    some = replace(found, tested=tuple(replace(one, linear=one.label == "b") for one in found.tested))
    assert words.LINEAR.format(classes="b") in telling.as_text(some)
    assert "TCAV  " not in linear


def test_what_happens_is_set_above_what_gradients_say(found: Concepts) -> None:
    one = found.significant[0]
    assert words.disagreement(found, one) == ""
    key = one.concept, one.label
    assert key in found.intervened
    other = {**found.removals, key: Removed(-0.5, -0.7, -0.3, 0.2, 0.0005, 12, 12)}
    assert words.disagreement(replace(found, removals=other), one) == (
        "by the gradients it speaks for a more than random patches do, but a rises by 0.50 without it, and falls by "
        "0.20 without any patch as loud: this is what happened"
    )
    unsure = {**found.removals, key: Removed(1.0, 0.1, 1.9, 0.9, 0.4, 12, 12)}
    assert "no sure difference among so many (p .4)" in words.disagreement(replace(found, removals=unsure), one)
    text = telling.as_text(replace(found, removals=other))
    assert (
        f"1 does the opposite there of what the gradients say ({one.concept}): what happens without the sound" in text
    )
    open_ = telling.as_text(replace(found, removals=unsure))
    assert (
        f"1 is not for sure missed more or less than any patch as loud ({one.concept}): by their sound it is" in open_
    )


def test_every_cluster_of_a_class_is_told(found: Concepts) -> None:
    own = [one.concept for one in found.tested if one.of == one.label == "a"]
    none = own[0]
    tested = tuple(replace(one, accuracy=UNSURE) if one.concept == none else one for one in found.tested)
    reasons = ("2 patches of 1 of 12 songs are too few", "its patches are of 3 songs, too few to test it over songs")
    told = telling.of_class(
        replace(found, tested=tested, dropped=(*(("a", cluster(one)) for one in reasons),)), "a", {}
    )
    sure = [one.concept for one in found.significant if one.label == "a"]
    lines = told.splitlines()
    assert lines[0] == f"a: {len(sure)} of {len(own) - 1} concepts are significant"
    for name in sure:
        assert any(line.startswith(f"  {name}: ") for line in lines)
    assert f"  {len(own) - len(sure) - 1} are not significant; the strongest of them: " in told
    assert f"not a concept, as its patches are not told apart from random ones: {none}" in told
    assert "2 clusters are dropped (1: too few patches, or of too few songs (ACE's rule); 1: too few songs to" in told


def test_what_is_suspect_and_what_is_given_is_told(found: Concepts) -> None:
    name = found.significant[0].concept
    flag = Flag("silence", "8 of 10 patches are silent", 0.8, 0.1)
    assert "suspect: 8 of 10 patches are silent" in telling.as_text(found, {name: (flag,)})
    both = replace(found, tested=(*found.tested, given("a", discovered=True), given("b", discovered=False)))
    alone = replace(both, kept=(), tested=both.tested[-2:], dropped=())
    assert words.headline(alone) == (
        "No concept was found: of 0 clusters of patches, none lies in enough songs. 1 of 2 pairs of a given concept "
        "and a class is significant."
    )
    unsure = replace(both, tested=(*(replace(one, discovered=False) for one in found.tested), *both.tested[-2:]))
    assert words.headline(unsure).startswith("Of what was found nothing is significant: none of ")
    assert words.headline(both).endswith(". 1 of 2 pairs of a given concept and a class is significant.")
    assert "\n\ngiven concepts\n  concept  class  verdict" in telling.as_text(both)
    assert telling.of_given(found.tested) == ""


def test_names_break_no_line(found: Concepts) -> None:
    told = telling.as_text(replace(found, notes=("one\nnote: two",)))
    assert "\nnote: one\\x0anote: two" in told


@pytest.mark.parametrize(
    ("effect", "told"),
    [
        (1.2, "put into 12 other songs, the class rises by 1.20, and by 0.30 with any patch as loud (p .001)"),
        (-1.2, "put into 12 other songs, the class falls by 1.20, and rises by 0.30 with any patch as loud (p .001)"),
    ],
)
def test_what_is_added_is_told(effect: float, told: str) -> None:
    assert words.told_added(Removed(effect, effect - 1, effect + 1, 0.3, 0.001, 12, 40)) == told


def test_a_place_with_silent_patches_says_how_many(found: Concepts) -> None:
    heard = [patch for _, patch in found.kept[0].patches[:3]]
    assert words.place([*heard, replace(heard[0], place=None)]).endswith(", 1 of 4 patches silent")
    assert words.place([replace(heard[0], place=None)] * 4) == "silence"
