"""What is said: every state has its sentence, and a page claims what a terminal claims."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audiolime_ext import Explanation, explain, tagger
from audiolime_ext.explanation.checks import Checks
from audiolime_ext.explanation.leading import Leading
from audiolime_ext.explanation.words import Voice, finer, in_short, sentence, value_remarks
from audiolime_ext.prediction.kind import Kind
from audiolime_ext.report.song.view import as_track, make_view
from factorizations.oracle import OracleFactorization

SCORE = Kind("score", floor=0.05, near=0.05)
NAMES = ("drums", "guitar", "bass", "piano", "vocals")


def found(state: Any, first: tuple[int, ...] = (), **more: Any) -> Leading:
    known: dict[str, Any] = {
        "groups": (1,) * 5,
        "weights": (0.5, 0.2, 0.2, 0.15, -0.3),
        "levels_db": (-6.0, -9.0, -9.0, -45.0, -9.0),
        "errors": (0.0,) * 5,
        "full": 0.8,
        "empty": 0.05,
        "largest": 0.8,
        "arguing": (0, 1, 2),
    }
    return Leading(state, NAMES, **{**known, "first": first, **more})


def said(what: Leading, kind: Kind = SCORE, label: str = "rock", *, names: tuple[str, ...] = NAMES, **more: Any) -> str:
    options = {"k": more.pop("k")} if "k" in more else {}
    return sentence(what, names, Voice(label, kind, **more), **options)


@pytest.mark.parametrize(
    ("what", "terminal", "page"),
    [
        (
            found("leads", (0,)),
            "rock comes most from drums (+0.50); score 0.80, silence 0.05",
            "“rock” (0.80; silence: 0.05) comes most from drums: +0.50.",
        ),
        (
            found("leads", (0,), against=4),
            "rock comes most from drums (+0.50) against vocals (-0.30); score 0.80, silence 0.05",
            "“rock” (0.80; silence: 0.05) comes most from drums: +0.50, against vocals: −0.30.",
        ),
        (
            found("tied", (1, 2)),
            "rock comes most from guitar or bass, not told apart (+0.20, +0.20); score 0.80, silence 0.05",
            "“rock” (0.80; silence: 0.05) comes most from guitar or bass, not told apart: +0.20, +0.20.",
        ),
        (
            found("tied", (1, 2), by_shift=True),
            "rock comes most from guitar or bass, not told apart when the excerpt is shifted (+0.20, +0.20); score "
            "0.80, silence 0.05",
            "“rock” (0.80; silence: 0.05) comes most from guitar or bass, not told apart when the excerpt is "
            "shifted: +0.20, +0.20.",
        ),
        (
            found("tied", (0, 1, 2, 3, 4)),
            "rock comes most from drums, guitar, bass or one of 2 others, not told apart (+0.50, +0.20, +0.20); score "
            "0.80, silence 0.05",
            "“rock” (0.80; silence: 0.05) comes most from drums, guitar, bass or one of 2 others, not told apart: "
            "+0.50, +0.20, +0.20.",
        ),
        (
            found("leads", (0,), as_baseline=True, full=0.06, against=4),
            "rock (score 0.06, silence 0.05) is nearly as for silence: what there is comes most from drums (+0.50) "
            "against vocals (-0.30)",
            "“rock” (0.06; silence: 0.05) is nearly as for silence: what there is comes most from drums: +0.50, "
            "against vocals: −0.30.",
        ),
        (
            found("leads", (0,), full=0.14, empty=0.31, near=0.05, against=4),
            "rock (score 0.14, silence 0.31) is lower than for silence: together the sources take 0.17 away; what is "
            "added comes most from drums (+0.50) against vocals (-0.30)",
            "“rock” (0.14; silence: 0.31) is lower than for silence: together the sources take 0.17 away; what is "
            "added comes most from drums: +0.50, against vocals: −0.30.",
        ),
        (
            found("leads", (1,), weights=(0.0, 0.0786, 0.0773, 0.0687, 0.0684), arguing=(1, 2, 3, 4)),
            "rock comes most from guitar (+0.079), then hardly less from bass (+0.077), piano (+0.069); score 0.800, "
            "silence 0.050",
            "“rock” (0.800; silence: 0.050) comes most from guitar: +0.079, then hardly less from bass: +0.077, "
            "piano: +0.069.",
        ),
        (
            found("leads", (0,), unheard=(3,)),
            "of what can be heard, rock comes most from drums (+0.50); score 0.80, silence 0.05; not lighter, but too "
            "soft to hear: piano (+0.15) at -45 dB",
            "Of what can be heard, “rock” (0.80; silence: 0.05) comes most from drums: +0.50; not lighter, but too "
            "soft to hear: piano: +0.15 at −45 dB.",
        ),
        (
            found("nothing", arguing=()),
            "nothing here argues for rock (score 0.80, silence 0.05)",
            "Nothing here argues for “rock” (0.80; silence: 0.05).",
        ),
        (
            found("nothing", full=0.14, empty=0.2, near=0.05),
            "nothing here argues for rock (score 0.14, silence 0.20) by more than 0.05: together the sources take "
            "0.06 away",
            "Nothing here argues for “rock” (0.14; silence: 0.20) by more than 0.05: together the sources take "
            "0.06 away.",
        ),
        (
            found("nothing", arguing=(), weights=(0.0,) * 5, full=0.5, empty=0.5, near=0.05),
            "nothing here argues for rock (score 0.50, silence 0.50)",
            "Nothing here argues for “rock” (0.50; silence: 0.50).",
        ),
        (
            found("not said", full=0.0032, empty=0.0011),
            "the model does not say rock here (score 0.003, silence 0.001)",
            "The model does not say “rock” here (0.003; silence: 0.001).",
        ),
        (
            found("unknown", fit=-0.0116),
            "what rock (score 0.80, silence 0.05) comes most from is not known: the linear fit that gives the weights "
            "does not describe the model here (R² -0.01)",
            "What “rock” (0.80; silence: 0.05) comes most from is not known: the linear fit that gives the weights "
            "does not describe the model here.",
        ),
        (
            found("unknown"),
            "what rock (score 0.80, silence 0.05) comes most from is not known: 40 evaluations are too few for error "
            "bars",
            "What “rock” (0.80; silence: 0.05) comes most from is not known: 40 evaluations are too few for error "
            "bars.",
        ),
    ],
)
def test_every_state_has_its_sentence_and_a_page_claims_the_same(what: Leading, terminal: str, page: str) -> None:
    assert said(what, n_evals=40) == terminal
    assert said(what, n_evals=40, page=True) == page


def test_a_page_does_not_say_of_silences_own_score_that_a_source_makes_it() -> None:
    of_silence, page = found("leads", (0,), empty=0.4, near=0.05), "what the sources add comes most from drums: +0.50."
    assert said(of_silence, page=True) == f"“rock” (0.80; silence: 0.40) is said of silence too: {page}"
    least = found("leads", (0,), empty=0.39, near=0.05)
    assert said(least, page=True) == "“rock” (0.80; silence: 0.39) comes most from drums: +0.50."


def test_a_leader_is_named_with_what_its_separator_lets_it_hold() -> None:
    piano, held = found("leads", (3,), against=4), "piano, which may hold vocals, guitar, bass and drums"
    spec: dict[str, Any] = {"factorization": "cerberus?merge=none"}
    assert (
        said(piano, **spec) == f"rock comes most from {held} (+0.15) against vocals (-0.30); score 0.80, silence 0.05"
    )
    assert (
        said(piano, page=True, **spec) == f"“rock” (0.80; silence: 0.05) comes most from {held}: +0.15, against "
        "vocals: −0.30."
    )
    assert said(found("tied", (1, 3)), **spec) == said(found("tied", (1, 3))), "the note on all stems says it"
    for other in ("oracle:stems", "spleeter:4stems", None):
        assert said(piano, factorization=other) == said(piano), "nobody measured it, or there is nothing to measure"


def test_more_sources_are_listed_after_the_leader() -> None:
    assert said(found("leads", (0,)), k=3).startswith(
        "rock comes most from drums (+0.50), then guitar (+0.20), bass (+"
    )
    assert said(found("tied", (0, 1)), k=1) == said(found("tied", (0, 1)), k=2)
    many = found("tied", (0, 1), arguing=(0, 1, 2, 3, 4))
    assert said(many, k=1) == said(many, k=2)
    assert "then" not in said(many, k=1)


SEGMENTS = ("drums 0.00–0.30 s", "drums 0.30–0.60 s", "drums 0.60–0.90 s", "drums 0.90–1.20 s", "guitar")


@pytest.mark.parametrize(
    ("within", "carried", "clause"),
    [
        ("carried", (1,), ", most of it at 0.30–0.60 s (+0.40);"),
        ("carried", (1, 2), ", most of it at 0.30–0.90 s (+0.40);"),
        ("carried", (0, 2), ", most of it at 0.00–0.30 s and 0.60–0.90 s (+0.40);"),
        ("spread", (), ", spread over its 4 segments;"),
        ("open", (), ", where in its 4 segments is open;"),
    ],
)
def test_where_in_the_leader_is_said_after_it(within: str, carried: tuple[int, ...], clause: str) -> None:
    pair: dict[str, Any] = {"sources": ("drums", "guitar"), "groups": (4, 1), "weights": (0.5, 0.2)}
    what = Leading(
        "leads", **pair, levels_db=(-6.0, -6.0), errors=None, full=0.8, empty=0.05, largest=0.8, first=(0,),
        arguing=(0, 1), within=within, carried=carried, carried_weight=0.4 if carried else 0.0,  # type: ignore[arg-type]
    )  # fmt: skip
    assert f"rock comes most from drums (+0.50){clause} score" in said(what, names=SEGMENTS)
    kit = tuple(name.replace("drums", "my drum kit") for name in SEGMENTS)
    what = replace(what, sources=("my drum kit", "guitar"))
    assert f"rock comes most from my drum kit (+0.50){clause} score" in said(what, names=kit)


@pytest.mark.parametrize(
    ("source", "spec", "could"),
    [
        ("accompaniment", "spleeter:2stems", "a separator of instruments could, such as cerberus"),
        ("harmonic", "hpss", "a separator of instruments could, such as cerberus"),
        ("other", "demucs:htdemucs", "a separator of instruments could, such as cerberus"),
        ("vocals", "spleeter:2stems", None),
        ("drums", "openunmix:umxhq", None),
        ("piano", "cerberus", None),
        ("piano+guitar", "cerberus?merge=none", None),
        ("guitar", "oracle:stems", "finer stems could, where there are any"),
        ("guitar", None, "finer stems could, where there are any"),
    ],
)
def test_only_a_separator_that_could_is_suggested(source: str, spec: str | None, could: str | None) -> None:
    assert finer(source, spec) == could


def test_one_that_is_all_there_is_is_said_to_be_just_that() -> None:
    what = found("whole", (0,))
    begin = "drums is all there is here: nothing to tell apart for rock (score 0.80, silence 0.05)"
    assert said(what, factorization="spleeter:2stems") == begin
    assert said(what) == f"{begin}; finer stems could, where there are any"
    assert in_short(what, Voice("rock", SCORE)) == "drums is all there is: nothing to tell apart"


def test_a_cell_of_a_table_claims_no_more_than_the_sentence() -> None:
    voice = Voice("rock", SCORE)
    assert in_short(found("leads", (0,)), voice) == "drums (+0.50), guitar (+0.20), bass (+0.20)"
    assert in_short(found("tied", (0, 1)), voice) == "drums or guitar, not told apart (+0.50, +0.20); bass (+0.20)"
    assert in_short(found("not said"), voice) == "the model does not say rock"
    assert in_short(found("nothing"), voice) == "nothing here argues for rock"
    assert in_short(found("unknown"), voice) == "not known"


# values that are no scores


def test_outputs_without_names_are_called_outputs_and_have_values() -> None:
    kind = Kind("value", numbered=True)
    what = found("leads", (0,), full=-11.96, empty=-14.0, largest=14.0)
    assert said(what, kind, "69") == "output 69 comes most from drums (+0.50); value -11.96, silence -14.00"
    assert said(what, kind, "69", page=True) == "Output 69 (−11.96; silence: −14.00) comes most from drums: +0.50."


def test_small_values_are_written_so_that_they_say_something() -> None:
    what = found("leads", (0,), weights=(0.0031, 0.0, 0.0, 0.0, 0.0), full=0.0042, empty=0.0011, largest=0.0042)
    assert said(what, Kind("value")) == "rock comes most from drums (+0.0031); value 0.0042, silence 0.0011"


@pytest.mark.parametrize(
    ("kind", "full", "empty", "remarks"),
    [
        (SCORE, 0.5, 0.24, []),
        (SCORE, 0.5, 0.26, ["rock: the model says this for silence too (0.26; here 0.50)"]),
        (
            SCORE,
            0.5,
            0.46,
            [
                "rock: the model says this for silence too (0.46; here 0.50)",
                "rock: nothing to explain by presence (the score is that of silence, to 0.04)",
            ],
        ),
        (SCORE, 0.02, 0.01, []),  # the sentence says it all
        (Kind("log-odds", floor=-2.94, near=0.2), 1.0, 0.9, ["too (0.90", "the log-odds is that of silence, to 0.10"]),
        (Kind("value", near=0.05), 0.4, 0.3, ["too (0.30; here 0.40)"]),
        (Kind("value"), -11.96, -11.9, ["nothing to explain by presence (the value is that of silence, to 0.06)"]),
        (Kind("value"), -11.96, -10.0, []),
        (Kind("value", near=0.25), 0.5, 0.25, ["too (0.25; here 0.50)", "to 0.25"]),
        (Kind("value", near=0.25), 0.625, 0.25, []),
    ],
)
def test_a_value_that_the_baseline_explains_is_remarked_whatever_is_explained(
    kind: Kind, full: float, empty: float, remarks: list[str]
) -> None:
    made = value_remarks(Voice("rock", kind), full, empty, np.array([-12.0, -8.0]))
    assert len(made) == len(remarks)
    for one, expected in zip(made, remarks, strict=True):
        assert expected in one


# through and through

SR = 8000
TONES_HZ = {"drums": 1000, "guitar": 440, "bass": 100}


def strengths(batch: np.ndarray) -> np.ndarray:
    turns = np.exp(-2j * np.pi * np.outer(np.arange(batch.shape[1]), list(TONES_HZ.values())) / SR)
    return np.asarray(np.abs(batch @ turns) * 2 / batch.shape[1] / 0.2)


@pytest.fixture(scope="module")
def band() -> OracleFactorization:
    time = np.arange(SR) / SR
    tones = {name: (0.2 * np.sin(2 * np.pi * hz * time)).astype(np.float32) for name, hz in TONES_HZ.items()}
    return OracleFactorization({name: (wave, SR) for name, wave in tones.items()})


def explained(band: OracleFactorization, model: Any, **options: Any) -> Explanation:
    return explain(band.mixture, model, factorization=band, level_check=False, **options)


def test_an_embedding_is_spoken_of_as_one(band: OracleFactorization) -> None:
    model = tagger(
        lambda batch: strengths(batch) @ np.array([[3.0, 0.1], [1.0, 0.1], [0.5, 0.1]]) - 16, sr=SR, window_s=1.0
    )
    text = str(explained(band, model, labels=[0]))
    assert "output 0 comes most from drums (+3.00); value -11.50, silence -16.00" in text
    assert "note: the excerpt is where output 0 is highest of 1 window" in text
    assert "hardly" not in text
    assert "score" not in text


def test_below_the_floor_nothing_is_said_to_come_from_anywhere(band: OracleFactorization) -> None:
    e = explained(band, tagger(lambda b: 0.001 + 0.002 * strengths(b)[:, :1], sr=SR, labels=["platformer"]))
    assert str(e.top()) == "the model does not say platformer here (score 0.003, silence 0.001)"
    assert e.remarks() == []
    assert "comes most" not in str(e)
    assert not e.top()


def test_the_page_says_what_the_terminal_says(band: OracleFactorization) -> None:
    def judge(batch: np.ndarray) -> np.ndarray:
        on = (strengths(batch) > 0.5).astype(float)
        return np.stack([on[:, 0] * 0.8, on[:, 1] * on[:, 2] * 0.8, 0.3 + 0.2 * on[:, 0] - 0.2 * on[:, 1]], axis=1)

    e = explained(band, tagger(judge, sr=SR, labels=["one", "two", "three"]), labels=["one", "two", "three"])
    (one,), (two,), (three,) = make_view(as_track(e)).data["cells"]
    assert one["say"] == "“one” (0.80; silence: 0.00) comes most from drums: +0.80."
    assert two["say"] == "“two” (0.80; silence: 0.00) comes most from guitar or bass, not told apart: +0.40, +0.40."
    assert sorted(e.names[i] for i in two["top"]) == ["bass", "guitar"]
    assert (two["alone"], two["without"]) == (0.8, 0.0)
    assert three["say"].startswith("“three” (0.30; silence: 0.30) is nearly as for silence: what there is comes most")
    assert e.to_dict()["leading"][1]["told_apart"] is False
    assert sorted(e.to_dict()["leading"][1]["first"]) == ["bass", "guitar"]


def test_the_page_of_shifts_says_what_the_terminal_says(band: OracleFactorization) -> None:
    e = explained(band, tagger(lambda b: strengths(b) @ np.array([[0.4], [0.35], [0.1]]), sr=SR, labels=["rock"]))
    assert e.top().told_apart
    e = replace(e, checks=Checks(shifts=np.full((1, 3), 0.04)))
    assert "drums or guitar, not told apart when the excerpt is shifted" in str(e.top())
    assert "not told apart when the excerpt is shifted" in make_view(as_track(e)).data["cells"][0][0]["say"]
