"""What lands where: the definition on known masks, the rules that follow from it, and what the package ships."""

from __future__ import annotations

import json
import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext import Explanation, TrackExplanation, explain, explain_track, load_audio, registry, tagger
from audiolime_ext.audio.recording import Audio
from audiolime_ext.errors import CorruptError
from audiolime_ext.factorization.confusion import (
    LARGE,
    NOTICEABLE,
    NOW_AND_THEN,
    OFTEN,
    OWN,
    Confusion,
    Observation,
    read_confusion,
)
from audiolime_ext.factorization.holding import confusion_of, holding_notes
from audiolime_ext.factorization.landing import lands_in
from audiolime_ext.factorization.loading import load_factorization
from audiolime_ext.report.song.facts import stems_are
from audiolime_ext.report.song.view import as_track, make_view
from examples.cerberus.references import Song
from examples.confusion.__main__ import measure
from examples.confusion.material import EXCERPT_S, MOST_EXCERPTS, SINGER, excerpts, sung
from factorizations.bands import BandsFactorization
from factorizations.cerberus import CerberusFactorization

SR = 8000
SHIPPED = sorted((Path(__file__).parents[2] / "factorizations" / "weights").glob("confusion-*.json"))
Samples = NDArray[np.float32]


def tone(hz: float, seconds: float = 2.0) -> Samples:
    return np.asarray(0.1 * np.sin(2 * np.pi * hz / SR * np.arange(round(seconds * SR))), np.float32)[None]


def noise(seed: int, seconds: float = 2.0) -> Samples:
    return np.random.default_rng(seed).normal(0, 0.1, (1, round(seconds * SR))).astype(np.float32)


def seen(source: str, *rows: tuple[float, ...], material: str = "real") -> list[Observation]:
    return [Observation(material, f"song {i}", source, -6.0, row) for i, row in enumerate(rows)]


def test_a_source_lands_where_the_mixture_of_its_bins_goes() -> None:
    """Known masks: low sound to one stem, high sound half and half, whatever the sources are."""
    low, high = tone(500), tone(3000)
    mixture, stems = low + high, np.stack([low + 0.5 * high, 0.5 * high])
    np.testing.assert_allclose(lands_in(low, mixture, stems, SR), [1.0, 0.0], atol=1e-3)
    np.testing.assert_allclose(lands_in(high, mixture, stems, SR), [0.5, 0.5], atol=1e-3)
    np.testing.assert_allclose(lands_in(mixture, mixture, stems, SR), [0.75, 0.25], atol=1e-3)


def test_what_matters_is_where_the_source_goes_not_how_much_of_the_stem_it_is() -> None:
    """A soft source that is all in its stem is there to 1, though the stem holds more of another."""
    soft, loud = 0.1 * tone(500), tone(3000)
    stems = np.stack([soft + 0.5 * loud, 0.5 * loud])
    np.testing.assert_allclose(lands_in(soft, soft + loud, stems, SR), [1.0, 0.0], atol=1e-3)


def test_shares_sum_to_one_and_those_of_merged_stems_add_up() -> None:
    piano, guitar = noise(1), noise(2)
    mixture = piano + guitar
    stems = BandsFactorization(3).factorize(Audio(mixture, SR)).samples
    shares = lands_in(guitar, mixture, stems, SR)
    assert shares.sum() == pytest.approx(1.0, abs=1e-3)
    merged = lands_in(guitar, mixture, np.stack([stems[0] + stems[1], stems[2]]), SR)
    np.testing.assert_allclose(merged, [shares[0] + shares[1], shares[2]], atol=1e-4)


def test_bins_in_which_the_mixture_is_silent_do_not_count() -> None:
    mixture = tone(500)
    assert np.isnan(lands_in(1e-7 * tone(3000), mixture, np.stack([mixture, 0 * mixture]), SR)).sum() == 0
    assert np.isnan(lands_in(tone(500), 0 * mixture, np.stack([mixture, mixture]), SR)).all()


def test_a_share_is_a_mean_over_songs_with_students_interval() -> None:
    found = Confusion("some", ("a", "b"), tuple(seen("a", (0.9, 0.1), (0.5, 0.5), (0.7, 0.3)) + seen("a", (0.5, 0.5))))
    share = found.share("a", "a")
    assert share is not None
    assert (share.n_songs, share.n_excerpts) == (3, 4)  # the first song has two excerpts
    assert share.mean == pytest.approx((0.7 + 0.5 + 0.7) / 3)
    half = 4.302653 * np.std([0.7, 0.5, 0.7], ddof=1) / np.sqrt(3)
    assert share.interval == pytest.approx((share.mean - half, share.mean + half))
    one = Confusion("some", ("a", "b"), tuple(seen("a", (0.9, 0.1)))).share("a", "b")
    assert one is not None
    assert one.interval is None
    assert found.share("b", "a") is found.share("a", "c") is None


@pytest.mark.parametrize(("share", "held"), [(NOTICEABLE, ("b",)), (NOTICEABLE - 0.001, ())])
def test_a_stem_may_hold_what_lands_in_it_from_a_tenth_on(share: float, held: tuple[str, ...]) -> None:
    assert NOTICEABLE == 0.1
    found = Confusion("some", ("a", "b"), tuple(seen("b", (share, 1 - share)) + seen("a", (1.0, 0.0))))
    assert found.may_hold("a") == held
    assert found.may_hold("b") == ()


@pytest.mark.parametrize(
    ("n_large", "share", "held"), [(1, LARGE, ("b",)), (1, LARGE - 0.001, ()), (0, 0.0, ()), (2, LARGE, ("b",))]
)
def test_a_stem_may_hold_what_lands_in_it_now_and_then(n_large: int, share: float, held: tuple[str, ...]) -> None:
    """A mean of .0125 in twenty excerpts, nearly all of it in one."""
    assert (LARGE, NOW_AND_THEN) == (0.25, 0.05)
    rows = [(share, 1 - share)] * n_large + [(0.0, 1.0)] * (20 - n_large)
    assert Confusion("some", ("a", "b"), tuple(seen("b", *rows))).may_hold("a") == held
    fewer = Confusion("some", ("a", "b"), tuple(seen("b", (0.9, 0.1), *[(0.0, 1.0)] * 20)))
    assert fewer.may_hold("a") == ()  # one of 21


def test_a_low_piano_and_a_voice_are_where_they_were_measured() -> None:
    measured = confusion_of("cerberus")
    assert measured is not None
    assert "piano" in measured.may_hold("bass")
    piano = measured.share("piano", "bass")
    assert piano is not None
    assert piano.mean < NOTICEABLE
    voice = measured.share("vocals", "piano+guitar")
    assert voice is not None
    assert (round(voice.mean, 2), voice.n_songs, voice.n_excerpts) == (0.95, 3, 60)
    assert "vocals" in measured.may_hold("piano+guitar")


def test_nobody_measured_spleeter_by_its_own_voices() -> None:
    (note,) = holding_notes("spleeter:2stems", ["vocals", "accompaniment"])
    assert note == "how well voices are found was not measured, nor where other sounds (strings, winds …) land"


def test_what_one_kind_of_material_shows_is_not_averaged_away() -> None:
    rows = seen("b", (0.15, 0.85)) + seen("b", *[(0.0, 1.0)] * 9, material="rendered")
    assert Confusion("some", ("a", "b"), tuple(rows)).may_hold("a") == ("b",)


@pytest.mark.parametrize(
    ("lost", "apart"),
    [
        ([(0.51, 0.49, 0.0)] * 2, True),  # its own stem's lower bound
        ([(0.49, 0.51, 0.0)], False),  # one of ten excerpts
        ([(0.49, 0.3, 0.21)], False),
        ([], True),
    ],
)
def test_stems_are_not_told_apart_where_a_tenth_of_the_excerpts_is_mostly_in_the_other(
    lost: list[tuple[float, ...]], apart: bool
) -> None:
    assert (OWN, OFTEN) == (0.5, 0.1)
    rows = [*lost, *[(0.9, 0.05, 0.05)] * (10 - len(lost))]
    found = Confusion("some", ("a", "b", "c"), tuple(seen("a", *rows)))
    assert found.not_told_apart == (() if apart else (("a", "b"),))
    fewer = Confusion("some", ("a", "b", "c"), tuple(seen("a", *rows, (0.9, 0.05, 0.05))))
    assert fewer.not_told_apart == ()  # one of eleven


def test_stems_that_are_named_after_no_source_are_taken_for_nothing() -> None:
    found = Confusion("some", ("harmonic", "percussive"), tuple(seen("piano", (0.2, 0.8))))
    assert found.not_told_apart == ()
    assert found.may_hold("percussive") == found.may_hold("harmonic") == ("piano",)
    meant = Confusion(
        "some", ("vocals", "accompaniment"), tuple(seen("bass", (0.2, 0.8))), {"accompaniment": ("bass",)}
    )
    assert meant.may_hold("accompaniment") == ()
    assert meant.may_hold("vocals") == ("bass",)


def test_merged_stems_hold_what_their_parts_hold() -> None:
    rows = seen("a", (0.3, 0.6, 0.1)) + seen("c", (0.2, 0.05, 0.75))
    merged = Confusion("some", ("a", "b", "c"), tuple(rows)).split_as(["a+b", "c"])
    shares = [merged.share(*pair) for pair in product("ac", ("a+b", "c"))]
    assert [share and round(share.mean, 6) for share in shares] == [0.9, 0.1, 0.25, 0.75]
    assert merged.not_told_apart == ()
    assert merged.may_hold("a+b") == ("c",)
    assert merged.split_as(["a", "b", "c"]).not_told_apart == (("a", "b"),)  # what was merged can be taken apart again


def test_bands_of_any_width_follow_from_narrow_ones() -> None:
    measured = confusion_of("bands:8", ["0–1000 Hz", "1000–8000 Hz"])
    assert measured is not None
    for source in measured.sources:
        low, high = (measured.share(source, stem) for stem in measured.stems)
        assert low is not None
        assert high is not None
        assert low.mean + high.mean == pytest.approx(1.0, abs=0.01)
    assert measured.may_hold("0–1000 Hz")[0] == "bass"
    beyond = confusion_of("bands:8", ["0–8000 Hz", "8000–22050 Hz"])
    assert beyond is not None
    assert beyond.stems == ("0–8000 Hz",)  # it was measured up to there


def test_every_separator_whose_weights_can_be_had_was_measured_on_real_and_rendered_material() -> None:
    assert [path.stem for path in SHIPPED] == [
        "confusion-bands",
        "confusion-cerberus",
        "confusion-hpss",
        "confusion-spleeter-2stems",
    ]
    for path in SHIPPED:
        measured = read_confusion(path)
        voices = [seen for seen in measured.observations if seen.source == "vocals"]  # a proxy, and none for its maker
        assert len(voices) == (0 if measured.separator == SINGER else 60)
        assert {seen.material for seen in voices} <= {"voice by Spleeter"}
        others = [seen for seen in measured.observations if seen.source != "vocals"]
        assert {seen.source for seen in others} == {"piano", "guitar", "bass", "drums"}
        assert {seen.material for seen in others} == {"real", "rendered"}
        songs = {(seen.material, seen.song) for seen in others}
        assert (len(songs), sum(material == "real" for material, _ in songs)) == (69, 9)
        sums = np.array([sum(seen.shares) for seen in measured.observations])
        np.testing.assert_allclose(sums, 1.0, atol=0.01)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_is_shipped_is_of_the_separator_that_is_shipped(path: Path) -> None:
    """Other weights or another algorithm: measure again."""
    content = json.loads(path.read_text(encoding="utf-8"))
    assert load_factorization(content["separator"]).fingerprint == content["fingerprint"]


def test_softer_sources_do_not_decide_what_is_told_apart() -> None:
    """Sources that hardly sound are leakage of others: those above −10 dB alone give the same pairs."""
    measured = confusion_of("cerberus?merge=none")
    assert measured is not None
    loud = Confusion(
        measured.separator, measured.stems, tuple(seen for seen in measured.observations if seen.level_db > -10)
    )
    assert len(loud.observations) < len(measured.observations)
    assert loud.not_told_apart == measured.not_told_apart == (("piano", "guitar"),)


def test_the_table_that_people_read_is_what_was_measured() -> None:
    measured = confusion_of("cerberus?merge=none")
    assert measured is not None
    page = (SHIPPED[0].parent / "cerberus.md").read_text(encoding="utf-8")
    for source in measured.sources:
        shares = [measured.share(source, stem) for stem in measured.stems]
        cells = re.search(rf"^\| {source} \| (.*\(\..*) \|$", page, flags=re.MULTILINE)
        assert cells is not None
        told = [float(cell.strip().split(" ")[0].strip("*")) for cell in cells[1].split("|")[:5]]
        assert told == pytest.approx([share.mean if share else np.nan for share in shares], abs=0.0051)
        below = measured.below_half(source)
        assert cells[1].split("|")[5].strip() == ("" if below is None else f"{100 * below:.0f} %")
        assert shares[0] is not None
        assert cells[1].endswith(f"{shares[0].n_songs}, {shares[0].n_excerpts}")
    merged = confusion_of("cerberus")
    assert merged is not None
    piano, guitar = (merged.share(source, "piano+guitar") for source in ("piano", "guitar"))
    assert piano is not None
    assert guitar is not None
    assert f"holds {piano.mean:.2f} of a piano and {guitar.mean:.2f} of a guitar".replace("0.", ".") in page


def test_a_true_guitar_is_mostly_in_the_piano_stem_of_real_samples() -> None:
    measured = confusion_of("cerberus?merge=none")
    assert measured is not None
    at = measured.stems.index("piano")
    guitars = [seen for seen in measured.observations if (seen.material, seen.source) == ("real", "guitar")]
    of = {seen.song: seen.shares[at] for seen in guitars}  # of each song, the last excerpt
    assert min(of["Feelings"], of["Metal madness"], of["slakh_Track00001"]) > 0.6
    assert (measured.below_half("guitar") or 0) > OFTEN


@pytest.mark.parametrize(
    ("spec", "stem", "held"),
    [
        ("cerberus?merge=none", "piano", "guitar"),
        ("cerberus?merge=none", "guitar", "piano"),
        ("cerberus", "piano+guitar", "bass"),
        ("hpss", "percussive", "guitar"),
        ("hpss", "percussive", "piano"),
    ],
)
def test_what_the_stems_may_hold(spec: str, stem: str, held: str) -> None:
    measured = confusion_of(spec)
    assert measured is not None
    assert held in measured.may_hold(stem)


def test_what_was_not_measured_is_not_known() -> None:
    for spec in ("spleeter:4stems", "spleeter:5stems", "demucs:htdemucs", "openunmix:umxl", "cerberus:own.onnx"):
        assert confusion_of(spec) is None
        assert holding_notes(spec, ["vocals"]) == [
            f"how much of a true source lands in which stem was not measured for {spec}"
        ]
    for told in ("oracle:stems", "own factorization", "my_module:split", None):
        assert confusion_of(told) is None
        assert holding_notes(told, ["vocals"]) == []


def test_measured_without_building_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a network was built")

    monkeypatch.setattr(CerberusFactorization, "__init__", refuse)
    assert confusion_of("cerberus") is not None


WHOLE = {"separator": "s", "stems": ["a", "b"], "meant": {"a": ["x"]}, "observations": [["m", "1", "x", 0, [0.5, 0.5]]]}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{}", "missing required field `separator`"),
        ("[" * 100_000, "nested too deeply"),
        (json.dumps({**WHOLE, "stems": ["a", "a"]}), "`stems` must name each once"),
        (json.dumps({**WHOLE, "meant": {"c": ["x"]}}), "`meant` must name stems"),
        (json.dumps({**WHOLE, "observations": [["m", "1", "x", 0, [1.0]]]}), "a share for each stem"),
        (json.dumps({**WHOLE, "observations": [["m", "1", "x", 0, [1.0, float("nan")]]]}), "NaN is not finite"),
        (json.dumps({**WHOLE, "observations": [["m", "1", "x", "loud", [1, 0]]]}), r"got `str` - at `\$.observations"),
    ],
)
def test_a_damaged_file_says_what_is_wrong(tmp_path: Path, content: str, said: str) -> None:
    (path := tmp_path / "confusion.json").write_text(json.dumps(WHOLE))
    assert read_confusion(path).stems == ("a", "b")
    (tmp_path / "damaged.json").write_text(content)
    with pytest.raises(CorruptError, match=rf"(?s)damaged\.json holds no measured confusion .*{said}"):
        read_confusion(tmp_path / "damaged.json")


def test_the_recipe_measures_known_masks() -> None:
    """Two sources in bands of their own, by a separator that gives half of the upper band away."""
    stems = {"piano": np.tile(tone(500, 1), 45), "bass": np.tile(tone(3000, 1), 45), "drums": 1e-4 * noise(1, 45)}
    song = Song("tones", Audio(np.sum(list(stems.values()), axis=0), SR, "tones"), stems)
    rows = measure(excerpts(song), BandsFactorization(2), ("0–2000 Hz", "2000–4000 Hz"))
    assert [row[0] for row in rows] == ["piano", "bass"] * MOST_EXCERPTS  # drums hardly sound
    np.testing.assert_allclose([row[2] for row in rows], [[1, 0], [0, 1]] * MOST_EXCERPTS, atol=1e-3)
    np.testing.assert_allclose([row[1] for row in rows], -3.0, atol=0.1)
    assert [each.start_s for each in excerpts(song)] == [7.5 - 5, 22.5 - 5, 37.5 - 5]
    assert {each.mixture.duration_s for each in excerpts(song)} == {EXCERPT_S}


def test_voices_of_a_recording_are_laid_over_a_song_as_loud_as_it(tmp_path: Path) -> None:
    stems = np.zeros((5, 16000 * 12), np.int16)
    stems[2] = np.random.default_rng(0).normal(0, 3000, stems.shape[1])
    np.save(tmp_path / "stems.npy", stems)
    np.save(tmp_path / "notes.npy", np.zeros((0, 4), np.float32))
    clip = Path(__file__).parents[2] / "audiolime_ext" / "data" / "ezer_ev.ogg"
    (excerpt,) = sung(clip, [tmp_path])
    assert list(excerpt.sources) == ["vocals"]
    vocals, mixture = excerpt.sources["vocals"], excerpt.mixture.samples
    assert mixture.shape == vocals.shape
    assert np.square(vocals).mean() == pytest.approx(np.square(mixture - vocals).mean(), rel=0.01)
    assert np.square(vocals).mean() == pytest.approx((3000 / 32768) ** 2, rel=0.05)


LOUDNESS = tagger(lambda x: np.abs(x).mean(-1, keepdims=True), sr=16000, window_s=3.0, labels=["loud"])


@pytest.fixture(scope="module")
def song(feelings: dict[str, Path]) -> Audio:
    return load_audio(feelings["guitar"]).excerpt(0.0, 6.0)


@pytest.fixture(scope="module")
def apart(song: Audio) -> Explanation:
    return explain(song, LOUDNESS, factorization="cerberus?merge=none", labels=["loud"], start_s=1.0, level_check=False)


def test_a_result_says_what_its_stems_may_hold(apart: Explanation, tmp_path: Path) -> None:
    (note,) = apart.notes
    assert note.startswith("piano may hold vocals, guitar, bass and drums; guitar may hold vocals, piano and bass; ")
    assert note in str(apart)
    told = apart.to_dict()["confusion"]
    assert told["may_hold"]["piano"] == ["vocals", "guitar", "bass", "drums"]
    assert told["not_told_apart"] == [["piano", "guitar"]]
    assert told["shares"]["guitar"]["piano"] == pytest.approx(0.27, abs=0.02)
    again = Explanation.load(apart.save(tmp_path / "saved"))
    assert (again.notes, again.to_dict()["confusion"]) == (apart.notes, told)
    view = make_view(as_track(apart))
    rule = " (measured: 10 % or more of such a sound landed there on average, or 25 % or more in 1 excerpt of 20)"
    estimated = "estimated stems: traces of other sources may remain in each"
    assert rule in note
    assert stems_are("cerberus?merge=none", apart.names, brief=False) == f"{estimated}; {note}"
    assert view.stems_are == f"{estimated}; {note.replace(rule, '')}"
    assert note in view.notes, "the rule is folded away with how it was computed"


def test_a_leader_and_a_runner_up_that_are_not_told_apart_are_said_to_be(apart: Explanation) -> None:
    ranked = sorted(apart.weights(), key=lambda name: -apart.weights()[name])
    assert set(ranked[:2]) == {"piano", "guitar"}  # all of it is a guitar
    told = [remark for remark in apart.remarks("loud") if "not told apart" in remark]
    assert told == [
        f"loud: {ranked[0]} and {ranked[1]} are not told apart: in 39 % of the excerpts that were measured, "
        "most of a true guitar was not in guitar"
    ]


def test_a_track_says_it_too(song: Audio) -> None:
    track: TrackExplanation = explain_track(song, LOUDNESS, factorization="hpss", labels=["loud"], cache=False)
    (note,) = [note for note in track.notes if "may hold" in note]
    assert "percussive may hold drums, bass, vocals, guitar and piano" in note
    assert track.to_dict()["confusion"]["may_hold"]["percussive"] == ["drums", "bass", "vocals", "guitar", "piano"]
    (brief,) = holding_notes("hpss", track.names, brief=True)
    assert "(measured" not in brief
    assert make_view(track).stems_are == f"harmonic and percussive parts of the sound, not instruments; {brief}"


def test_results_of_earlier_versions_are_read_by_the_stems_they_have() -> None:
    """Saved as ``cerberus`` when that gave four stems."""
    measured = confusion_of("cerberus", ["piano", "guitar", "bass", "drums", "residual"])
    assert measured is not None
    assert measured.not_told_apart == (("piano", "guitar"),)


def test_pages_say_of_true_stems_what_was_checked() -> None:
    assert stems_are("oracle:stems", ["drums"]) == "true stems: what is switched is what was recorded"
    assert stems_are("oracle:stems", ["drums"], -40.0) == "true stems: what is switched is what was recorded"
    assert "they miss part of what was recorded: what is left sounds at −39.9 dB" in stems_are("oracle", (), -39.9)


def test_a_plug_in_of_somebody_else_can_be_measured_too(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = Confusion("mine", ("a", "b"), tuple(seen("a", (0.5, 0.5))))
    mine = registry.Plugin("factorization", "mine", None, "", {}, {}, lambda argument: measured)
    monkeypatch.setattr(registry, "names", lambda kind: ["mine"])
    monkeypatch.setattr(registry, "plugin", lambda kind, name: mine)
    assert confusion_of("mine:any") is measured
    assert holding_notes("mine:any", ["a", "b"]) == [
        "b may hold a (measured: 10 % or more of such a sound landed there on average, or 25 % or more in 1 excerpt of "
        "20); "
        "where other sounds (voices, strings …) land was not measured"
    ]
