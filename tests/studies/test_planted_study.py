"""The study of planted listeners: one song of it, and the study itself — it must catch what it is made to catch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.studies.planted import songs, study, table
from tests.studies.planted.ear import Ear
from tests.studies.planted.judge import ABSTAINED, RIGHT, WRONG, Splitting, judge, judge_track
from tests.studies.planted.listeners import LIKES, MEASURES, VOTERS, Kind, listeners, model_of
from tests.studies.planted.reading import Said, read_words, seconds_of
from tests.studies.planted.songs import Song
from tests.studies.planted.truth import (
    Expected,
    all_combinations,
    answers,
    claimed,
    expected,
    is_everything,
    joint_effect,
    landing,
    matters,
    shares_of,
)

KINDS = {kind.name: kind for kind in (*LIKES, *MEASURES, *VOTERS)}
BAND = ("piano", "guitar", "bass", "drums")


@pytest.fixture(scope="module")
def sketch() -> Song:
    return songs.sketch(0)


@pytest.fixture(scope="module")
def ear(sketch: Song) -> Ear:
    return Ear(sketch.excerpts, sketch.sr)


@pytest.fixture(scope="module", params=["true stems", "hpss"])
def judged(request: pytest.FixtureRequest, sketch: Song) -> list[dict[str, Any]]:
    """One song, every listener, as the study records it."""
    about = {"song": sketch.name, "development": True, "factorization": request.param, "setting": "plain"}
    return [about | case for case in study.cases(sketch, request.param, study.SETTINGS["plain"])]


def test_there_are_more_than_25_kinds_and_all_are_planted(judged: list[dict[str, Any]]) -> None:
    assert len(KINDS) >= 40
    assert {record["kind"] for record in judged} == set(KINDS)


def test_no_sentence_names_what_is_not_so(judged: list[dict[str, Any]]) -> None:
    assert table.sentences(judged) == []


def test_enough_is_answered_rightly(judged: list[dict[str, Any]]) -> None:
    assert table.counts(judged)[RIGHT] >= table.LEAST_RIGHT * len(judged)


def test_the_ear_hears_which_true_stems_are_on(sketch: Song, ear: Ear) -> None:
    on = all_combinations(4).astype(np.float32)
    heard = ear.hear(np.einsum("ms,sct->mct", on, sketch.excerpts))
    for gains in (heard.gains, heard.first, heard.last, heard.low, heard.high):
        np.testing.assert_allclose(gains, on, atol=1e-4)
    np.testing.assert_allclose(heard.decibels, on, atol=1e-4)
    assert heard.level[-1] == pytest.approx(1)


def test_the_ear_hears_how_much_of_a_source_is_there_and_when(sketch: Song, ear: Ear) -> None:
    half = 0.5 * sketch.excerpts[1]
    early = sketch.excerpts[1].copy()
    early[:, early.shape[1] // 4 :] = 0
    heard = ear.hear(np.stack([half, early]))
    assert heard.gains[0].round(3).tolist() == [0, 0.5, 0, 0]
    assert heard.first[1].round(3).tolist() == [0, 1, 0, 0]
    assert heard.last[1].round(3).tolist() == [0, 0, 0, 0]
    tenths = heard.parts[1, 1].round(1).tolist()
    assert 0 < tenths.pop(2) < 1
    assert tenths == [1, 1, 0, 0, 0, 0, 0, 0, 0]


def test_a_sketch_is_the_same_for_the_same_seed_and_each_source_sounds(sketch: Song) -> None:
    np.testing.assert_array_equal(sketch.excerpts, songs.sketch(0).excerpts)
    assert np.abs(sketch.excerpts).max(axis=(1, 2)).min() > 0.05
    assert not np.array_equal(sketch.excerpts, songs.sketch(1).excerpts)


def test_an_excerpt_is_where_all_sources_sound_and_leaves_out_what_never_does() -> None:
    at = np.arange(80000) / 8000
    late = np.where(at >= 6, np.sin(at * 900), 0)[None].astype(np.float32)
    stems = {"bass": np.sin(at * 500)[None].astype(np.float32), "late": late, "faint": 1e-3 * late}
    found = songs.excerpt_of("song", 8000, stems)
    assert (found.sources, found.start_s, found.excerpts.shape) == (("bass", "late"), 6.0, (2, 1, 32000))


def test_shares_are_shapley_values_and_joint_effects_their_interactions() -> None:
    a, b, c = all_combinations(3).T
    scores = np.stack([a & (b | c), a ^ b, 2.0 * a], axis=1).astype(float)
    known = np.array([[2 / 3, 1 / 6, 1 / 6], [0, 0, 0], [2, 0, 0]])
    np.testing.assert_allclose(shares_of(scores, 3).T, known, atol=1e-12)
    assert joint_effect(scores, 3, 0, 1)[1:].tolist() == [-2, 0]


def truth_of(kind: Kind, sketch: Song) -> Expected:
    (planted, *_) = listeners([kind], sketch.sources)
    (found,) = expected(sketch.sources, answers(model_of(sketch, [planted]), sketch.excerpts), bounded=[kind.bounded])
    return found


@pytest.mark.parametrize(
    ("name", "leaders"),
    [
        ("level", {"piano"}),
        ("level, small scores", {"piano"}),
        ("measure far below nothing", {"piano"}),
        ("and", {"piano", "guitar"}),
        ("or", {"piano", "guitar"}),
        ("xor", set()),
        ("neither or both", set()),
        ("parity of three", {"piano", "guitar", "bass"}),
        ("absence", set()),
        ("absence of what is not there", set()),
        ("louder of two", {"piano"}),
        ("apex", {"piano"}),
        ("near dictator", {"piano"}),
        ("additive, close", {"piano"}),
        ("instead", {"piano"}),
    ],
)
def test_brute_force_finds_what_a_rule_says(name: str, leaders: set[str], sketch: Song) -> None:
    assert truth_of(KINDS[name], sketch).leaders == leaders


def test_what_acts_together_is_found(sketch: Song) -> None:
    assert truth_of(KINDS["xor"], sketch).pairs == {frozenset({"piano", "guitar"})}
    assert truth_of(KINDS["additive"], sketch).pairs == set()
    assert truth_of(KINDS["xor"], sketch).involved == {"piano", "guitar"}
    for name in ("two of three", "parity of three"):  # of "two of three" two add 1, but not if the third is there, too
        about = truth_of(KINDS[name], sketch)
        assert about.pairs == set()
        assert about.threes == {frozenset({"piano", "guitar", "bass"})}
    assert truth_of(KINDS["and"], sketch).threes == set()


@pytest.mark.parametrize(
    ("name", "must", "may"),
    [
        ("level", False, False),
        ("level, tiny scores", True, True),
        ("absence", True, True),
        ("hardly moved", False, True),
        ("instead", False, True),
        ("measure far below nothing", False, False),
    ],
)
def test_a_score_below_the_floor_is_not_to_be_explained(name: str, must: bool, may: bool, sketch: Song) -> None:
    truth = truth_of(KINDS[name], sketch)
    assert (truth.must_abstain, truth.may_abstain) == (must, may)


def test_a_source_lands_where_its_sound_is(sketch: Song) -> None:
    piano, guitar, bass, drums = sketch.excerpts
    pairs = np.stack([piano + guitar, bass + drums])
    assert landing(piano, sketch.excerpts, sketch.sr)[0] > 0.8
    assert landing(piano, pairs, sketch.sr)[0] > 0.9
    assert landing(drums, pairs, sketch.sr).sum() == pytest.approx(1, abs=1e-6)
    halves = np.stack([matters(sketch, "bass", part) for part in ("low", "high")])
    np.testing.assert_allclose(halves.sum(axis=0), bass, atol=1e-5)
    energies = np.square(halves).sum(axis=(1, 2))
    assert energies[0] / energies.sum() == pytest.approx(0.5, abs=0.2)
    assert not matters(sketch, "bass", "last")[:, : 3 * bass.shape[1] // 4 - 1].any()


def test_names_claim_the_instruments_in_them() -> None:
    assert claimed("accompaniment") == {"piano", "guitar", "bass", "drums"}
    assert claimed("residual") == claimed("0–500 Hz") == claimed("harmonic") == frozenset()


@pytest.mark.parametrize(
    ("sentence", "named", "against"),
    [
        ("rock comes most from drums (+0.50); score 0.90, silence 0.00", ("drums",), ()),
        ("rock comes most from drums (+0.50) against bass (-0.30); score 0.90, silence 0.00", ("drums",), ("bass",)),
        ("rock comes most from drums or bass, not told apart; score 0.90", ("drums", "bass"), ()),
        ("rock comes most from drums (+0.5), guitar or bass, not told apart; score 1", ("drums", "guitar", "bass"), ()),
        ("rock comes most from drums 0.40–0.80 s (+0.50); score 0.90, silence 0.00", ("drums",), ()),
        ("rock comes most from piano+guitar (+0.50); score 0.90", ("piano+guitar",), ()),
        ("rock comes most from drums, which may hold bass (+0.50); score 0.90", ("drums",), ()),
        ("rock comes most from drums, which may hold bass, guitar and piano (+0.50); score 0.90", ("drums",), ()),
        (
            "rock comes most from drums, which may hold bass and piano (+0.5), spread over its 10 segments, against "
            "bass (-1); score 0.90",
            ("drums",),
            ("bass",),
        ),
        ("nothing here argues for rock (score 0.10, silence 0.20)", (), ()),
        ("rock comes most from drums (+0.5), spread over its 10 segments; score 0.90", ("drums",), ()),
        (
            "a comes most from bass (+5), where in its 8 segments is open against drums (-1); score 1",
            ("bass",),
            ("drums",),
        ),
        ("rock comes most from drums (+0.5), then bass (+0.1) against guitar (-0.3); score 1", ("drums",), ("guitar",)),
        ("a comes most from bass (+5), where in its 8 segments is open, against drums (-1); 1", ("bass",), ("drums",)),
        (
            "rock (score 0.5, silence 0.5) is nearly as for silence: what there is comes most from bass (+1)",
            ("bass",),
            (),
        ),
        ("what rock (score 0.5, silence 0) comes most from is not known: 9 evaluations are too few", (), ()),
        ("accompaniment is all there is here: nothing to tell apart for rock (score 0.5, silence 0)", (), ()),
    ],
)
def test_sentences_are_read(sentence: str, named: tuple[str, ...], against: tuple[str, ...]) -> None:
    said = read_words(sentence, named, (), (*BAND, "piano+guitar"))
    assert (said.stems, said.against, said.disagrees) == (named, against, "")


def test_remarks_are_read_and_a_result_that_disagrees_is_noticed() -> None:
    effect = "together they add 1.00 more to the score than the sum of their separate effects; no weight is as large"
    notes = (f"tag: bass and drums interact: {effect}",)
    said = read_words("rock comes most from piano, which may hold guitar (+0.5); score 1", ["bass"], notes, BAND)
    assert said.together == (frozenset({"bass", "drums"}),)
    assert said.may_hold == {"piano": ("guitar",)}
    assert said.disagrees == "the sentence names ['piano'], the result ['bass']"
    assert seconds_of("drums 0.40–0.80 s") == (0.4, 0.8)


def truth(**shares: float) -> Expected:
    """Of an additive listener."""
    names = tuple(shares)
    scores = all_combinations(len(names)).astype(float) @ np.array(list(shares.values()))
    return expected(names, scores[:, None], bounded=[True])[0]


def said_of(sentence: str, *notes: str, sources: tuple[str, ...] = BAND) -> Said:
    said = read_words(sentence, (), notes, sources)
    return read_words(sentence, said.stems, notes, sources)


LEVEL, TRUE = KINDS["level"], Splitting(True, dict.fromkeys(BAND, -6.0), {})
AND = truth(piano=0.5, guitar=0.5, bass=0.0, drums=0.0)
MOST = truth(piano=0.5, guitar=0.1, bass=0.48, drums=-0.2)


@pytest.mark.parametrize(
    ("about", "sentence", "outcome"),
    [
        (MOST, "tag comes most from piano; score 1", RIGHT),
        (MOST, "tag comes most from piano or bass, not told apart; score 1", RIGHT),
        (MOST, "tag comes most from bass; score 1", WRONG),
        (MOST, "tag comes most from piano or guitar, not told apart; score 1", ABSTAINED),
        (MOST, "nothing here argues for tag", ABSTAINED),
        (MOST, "tag comes most from piano against drums (-0.2); score 1", RIGHT),
        (MOST, "tag comes most from piano against guitar (-0.2); score 1", WRONG),
        (AND, "tag comes most from piano; score 1", WRONG),
        (AND, "tag comes most from piano or guitar, not told apart; score 1", RIGHT),
        (truth(piano=0.03, guitar=0.0), "tag comes most from piano; score 0.03", WRONG),
        (truth(piano=0.03, guitar=0.0), "the model does not say tag here", RIGHT),
        (truth(piano=-0.5, guitar=0.0), "nothing here argues for tag", RIGHT),
        (truth(piano=-0.5, guitar=0.0), "tag comes most from guitar; score 0.5", WRONG),
    ],
)
def test_answers_about_true_stems_are_judged(about: Expected, sentence: str, outcome: str) -> None:
    assert judge(about, about, said_of(sentence), LEVEL, TRUE).outcome == outcome


def test_silence_about_what_acts_together_is_no_answer_and_a_word_on_what_does_not_is_wrong(sketch: Song) -> None:
    about, kind = truth_of(KINDS["xor"], sketch), KINDS["xor"]
    effect = "together they add 2.00 less to the score than the sum of their separate effects; no weight is as large"
    quiet, note = "nothing here argues for tag", f"tag: {{}} and {{}} interact: {effect}"
    assert judge(about, about, said_of(quiet), kind, TRUE).outcome == ABSTAINED
    assert judge(about, about, said_of(quiet, note.format("piano", "guitar")), kind, TRUE).outcome == RIGHT
    assert judge(about, about, said_of(quiet, note.format("piano", "drums")), kind, TRUE).outcome == WRONG
    three = "tag: piano, guitar and bass interact: together they add 4.00 more to the score than their effects"
    assert judge(about, about, said_of(quiet, three), kind, TRUE).outcome == WRONG


def test_a_moment_in_which_it_does_not_listen_is_wrong() -> None:
    about = truth(piano=0.5, guitar=0.1)
    early, late = (said_of(f"tag comes most from piano {span} s (+0.5)") for span in ("0.80–1.20", "1.20–1.60"))
    assert judge(about, about, early, KINDS["first quarter"], TRUE).outcome == RIGHT
    assert judge(about, about, late, KINDS["first quarter"], TRUE).outcome == WRONG
    assert judge(about, about, late, KINDS["level"], TRUE).outcome == RIGHT


LANDED = {"piano": {"piano": 0.9, "drums": 0.1}, "guitar": {"piano": 0.8, "drums": 0.2}}
CERBERUS = Splitting(False, {"piano": -1.0, "drums": -6.0}, LANDED)


@pytest.mark.parametrize(
    ("piano", "guitar", "stem", "outcome"),
    [
        (0.7, 0.1, "piano", RIGHT),
        (0.45, 0.52, "piano", RIGHT),  # by what lands there, as much piano as guitar
        (0.1, 0.7, "piano", WRONG),  # the number is right, the name is not
        (0.1, 0.7, "piano, which may hold guitar", RIGHT),
        (0.1, 0.7, "drums", WRONG),
    ],
)
def test_a_stem_that_is_called_like_another_instrument_is_wrong(
    piano: float, guitar: float, stem: str, outcome: str
) -> None:
    parts = truth(piano=0.6, drums=0.2)
    said = said_of(f"tag comes most from {stem} (+0.60); score 0.80", sources=("piano", "drums"))
    assert judge(truth(piano=piano, guitar=guitar), parts, said, LEVEL, CERBERUS).outcome == outcome


def test_a_stem_without_an_instruments_name_is_judged_by_its_number() -> None:
    parts, splitting = truth(harmonic=0.6, percussive=0.2), Splitting(False, {"harmonic": -1, "percussive": -6}, {})
    for stem, outcome in (("harmonic", RIGHT), ("harmonic, which may hold bass", RIGHT), ("percussive", WRONG)):
        said = said_of(f"tag comes most from {stem}; score 0.8", sources=("harmonic", "percussive"))
        assert judge(truth(piano=0.7, guitar=0.1), parts, said, LEVEL, splitting).outcome == outcome


def test_naming_the_stem_that_is_the_whole_recording_is_wrong() -> None:
    sources, parts = truth(piano=0.8, guitar=0.0), truth(vocals=0.0, accompaniment=0.8)
    said = said_of("tag comes most from accompaniment; score 0.80", sources=("vocals", "accompaniment"))
    for rest_db, outcome in ((-40.0, WRONG), (-30.0, RIGHT)):
        splitting = Splitting(False, {"vocals": rest_db, "accompaniment": 0.0}, {})
        assert judge(sources, parts, said, LEVEL, splitting).outcome == outcome
    half = truth(vocals=0.4, accompaniment=0.4)
    assert not is_everything("accompaniment", half, {"vocals": -40.0, "accompaniment": 0.0})


def test_the_study_goes_on_where_it_was_interrupted(tmp_path: Path, sketch: Song) -> None:
    two = Song("two", sketch.sr, {name: sketch.stems[name] for name in ("bass", "drums")})
    study.run([two], ["true stems"], ["lime"], tmp_path)
    (file,) = tmp_path.iterdir()
    assert {record["kind"] for record in study.records(tmp_path)} < set(KINDS)
    file.write_text(json.dumps({"kept": True}) + "\n")
    study.run([two], ["true stems"], ["lime"], tmp_path)
    assert study.records(tmp_path) == [{"kept": True}]


def test_the_table_counts_and_says_what_was_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    base = {"song": "s", "setting": "plain", "roles": ["a"], "sentence": "x", "why": "y", "named": ["a"]}
    true = [
        base | {"development": False, "factorization": "true stems", "kind": "or", "outcome": one, "answerable": True}
        for one in (*[RIGHT] * 18, ABSTAINED, ABSTAINED)
    ]
    hpss = [
        base | {"development": dev, "factorization": "hpss", "kind": kind, "outcome": one, "answerable": True}
        for dev, kind, one in [(True, "a", RIGHT), (False, "a", RIGHT), (False, "b", WRONG), (False, "b", ABSTAINED)]
    ]
    monkeypatch.setattr(table, "FROZEN", {"hpss": 0.6})
    assert "18 / 0 / 2" in table.as_text([*true, *hpss])
    assert "2 / 1 / 1" in table.as_text([*true, *hpss])
    bare = [record | {"bare": one} for record, one in zip(hpss, [RIGHT, WRONG, WRONG, ABSTAINED], strict=True)]
    assert table.as_text(bare).splitlines()[-1].split() == ["wrong", "without", "notes", "0.500"]
    assert table.missed([*true, *hpss]) == [
        "1 of 24 sentences name what is not so; there must be none",
        "plain: with true stems 0.900 are right; 0.95 must be",
        "hpss: 0.500 are answered rightly; 0.60 is frozen",
    ]
    assert table.missed([true[0], hpss[0], hpss[1]]) == []
    assert table.to_freeze([*true, *hpss]) == {"hpss": 0.95}
    (sentence,) = table.sentences([*true, *hpss])
    assert sentence == "hpss, plain, b (1): s, a: “x” (y)"


def test_abstaining_is_no_way_to_reach_a_rate() -> None:
    record = {"kind": "a", "answerable": True, "outcome": RIGHT, "named": []}
    assert table.rate([record]) == 0.0


def test_moments_of_a_leader_and_leaders_that_are_only_counted_are_read() -> None:
    at = read_words(
        "a comes most from bass (+1.0), most of it at 0.0–0.4 s and 1.2–1.6 s (+0.9); score 1", [], (), BAND
    )
    assert (at.named, at.stems) == (("bass 0.0–0.4 s", "bass 1.2–1.6 s"), ("bass",))
    more = "a comes most from piano, guitar, bass or 1 other, not told apart (+0.2, +0.2, +0.2); score 1"
    assert read_words(more, BAND, (), BAND).stems == BAND


@pytest.mark.parametrize(
    ("note", "group"),
    [
        ("a: bass, drums and piano interact: together they add 4", {"bass", "drums", "piano"}),
        ("a: more than two sources act together here: single ones and pairs leave 0.90 unexplained", set()),
    ],
)
def test_words_on_more_than_two_that_act_together_are_read(note: str, group: set[str]) -> None:
    assert read_words("nothing here argues for a", [], (note,), BAND).together == (frozenset(group),)


def test_what_stems_may_hold_is_read_from_notes() -> None:
    notes = (
        "estimated stems: piano may hold bass and drums; drums may hold guitar (measured: 10 % or more was there)",
        "a: piano and guitar are not told apart: in 60 % of the excerpts most of a true guitar was elsewhere",
    )
    held = read_words("a comes most from piano (+0.5); score 1", ["piano"], notes, BAND).may_hold
    assert held == {"piano": ("bass", "drums", "guitar"), "drums": ("guitar",), "guitar": ("piano",)}


def test_a_track_may_count_no_part_in_more_places_than_it_leads() -> None:
    sole, shared = truth(piano=0.5, guitar=0.1), AND
    places = [(sole, sole, TRUE), (sole, sole, TRUE), (shared, shared, TRUE)]
    for count, outcome in ((2, RIGHT), (1, RIGHT), (0, ABSTAINED), (3, WRONG)):
        assert judge_track(places, {"piano": count} if count else {}, {}).outcome == outcome
    moves = expected(("piano", "guitar"), 0.5 + all_combinations(2) @ np.array([[0.03], [0.0]]), bounded=[True])[0]
    assert judge_track([(moves, moves, TRUE)], {}, {}).outcome == RIGHT  # hardly: to name nothing is as right
    guitar = truth(piano=0.0, guitar=0.5), truth(piano=0.5, drums=0.1), CERBERUS
    assert judge_track([guitar], {"piano": 1}, {}).outcome == WRONG
    assert judge_track([guitar], {"piano": 1}, {"piano": ["guitar"]}).outcome == RIGHT


def test_a_track_is_explained_and_its_windows_are_counted(sketch: Song) -> None:
    stems = {name: np.tile(sketch.stems[name][:, :64000], 2) for name in ("bass", "drums")}
    found = list(study.track_cases(Song("twice", sketch.sr, stems), "true stems", study.SETTINGS["track"]))
    level = [case for case in found if case["kind"] == "level"]
    assert [case["sentence"].split(" in ")[-1] for case in level] == ["2 of 2 windows"] * 2
    assert [case["named"] for case in level] == [["bass"], ["drums"]]
    assert {case["outcome"] for case in level} == {RIGHT}


def test_a_share_that_nobody_can_see_argues_for_nothing() -> None:
    faint = truth(piano=0.004, guitar=0.001)
    assert not faint.leaders
    assert truth(piano=0.006, guitar=0.001).leaders == {"piano"}
    scores = all_combinations(1).astype(float) * 0.004
    assert expected(("piano",), scores, bounded=[False])[0].leaders == {"piano"}


def test_a_separator_that_leaves_all_in_one_stem_divides_nothing() -> None:
    stems = {"vocals": -40.0, "accompaniment": 0.0, "residual": -10.0}
    assert not Splitting(False, stems, {}).divides
    assert Splitting(False, stems | {"vocals": -10.0}, {}).divides
    assert Splitting(True, stems, {}).divides
