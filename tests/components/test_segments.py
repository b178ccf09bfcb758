"""Time segments: they cover the excerpt, none is too short, and they begin where the music does."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext import explain, tagger
from audiolime_ext.audio.recording import Audio, load_audio
from audiolime_ext.cli import main
from audiolime_ext.components.segments import SHORTEST_S, by_hand, equal, merged, segment
from audiolime_ext.errors import AudioError, UsageError
from factorizations.oracle import OracleFactorization

SR = 44100
EARLY_S, LATE_S = 0.025, 0.005  # how far before and after an attack its segment may begin
IRREGULAR_S = (0.9, 1.3, 2.05, 2.4, 3.33, 3.6, 4.5, 5.2)


def clicks(times_s: Iterable[float], duration_s: float, *, sr: int = SR, n_channels: int = 1) -> Audio:
    """Short bursts of noise over a faint hiss."""
    rng = np.random.default_rng(0)
    samples = rng.normal(0, 1e-3, (n_channels, round(duration_s * sr)))
    burst = rng.normal(0, 0.3, round(0.03 * sr)) * np.exp(-np.arange(round(0.03 * sr)) / (0.01 * sr))
    for time_s in times_s:
        at = round(time_s * sr)
        samples[:, at : at + len(burst)] += burst
    return Audio(samples.astype(np.float32), sr, "clicks")


def assert_cut_before(boundaries_s: Sequence[float], attacks_s: Sequence[float]) -> None:
    """Each inner boundary belongs to one attack, and lies just before it."""
    assert len(boundaries_s) - 2 == len(attacks_s)
    lateness_s = np.subtract(boundaries_s[1:-1], attacks_s)
    assert lateness_s.min() > -EARLY_S
    assert lateness_s.max() < LATE_S


@pytest.mark.parametrize(
    "segments", [1, 7, 150, [0.02, 0.5, 2.98], [], (1.0,), np.array([1.0, 2.0]), "beats", "onsets"]
)
def test_segments_cover_the_excerpt_and_none_is_too_short(ezer_ev: Path, segments: int | str | Sequence[float]) -> None:
    boundaries_s = segment(load_audio(ezer_ev), segments, start_s=3.0, duration_s=3.0)
    assert (boundaries_s[0], boundaries_s[-1]) == (0.0, 3.0)
    assert all(after - before >= SHORTEST_S - 1e-9 for before, after in pairwise(boundaries_s))
    assert all(type(edge) is float for edge in boundaries_s)  # as JSON and saved explanations need them


@pytest.mark.parametrize(("sr", "n_channels"), [(44100, 2), (22050, 1), (48000, 1), (16000, 2)])
def test_onsets_are_cut_just_before_the_attack(sr: int, n_channels: int) -> None:
    audio = clicks(IRREGULAR_S, 6.0, sr=sr, n_channels=n_channels)
    assert_cut_before(segment(audio, "onsets", start_s=0.0, duration_s=6.0), IRREGULAR_S)


@pytest.mark.parametrize("word", ["beats", "onsets"])
@pytest.mark.parametrize("start_s", [0.1, 4.2, 8.0])
def test_regular_clicks_are_cut_at_every_click_of_the_excerpt(word: str, start_s: float) -> None:
    times_s = np.arange(0.37, 15, 0.5)
    boundaries_s = segment(clicks(times_s, 15.0), word, start_s=start_s, duration_s=3.0)
    assert_cut_before(boundaries_s, [time_s - start_s for time_s in times_s if 0 < time_s - start_s < 3.0])


def test_the_same_check_notices_a_boundary_within_the_attack() -> None:
    with pytest.raises(AssertionError):
        assert_cut_before((0.0, 0.91, 2.0), (0.9,))
    with pytest.raises(AssertionError):
        assert_cut_before((0.0, 2.0), (0.9,))


def test_what_begins_outside_the_excerpt_cuts_nothing() -> None:
    audio = clicks([0.5, 4.5], 6.0)
    assert segment(audio, "onsets", start_s=1.0, duration_s=3.0) == (0.0, 3.0)


@pytest.mark.parametrize("word", ["beats", "onsets"])
def test_the_same_excerpt_gives_the_same_segments(ezer_ev: Path, word: str) -> None:
    audio = load_audio(ezer_ev)
    first, again = (segment(audio, word, start_s=7.0, duration_s=3.0) for _ in range(2))
    assert first == again
    assert len(first) > 3


@pytest.mark.parametrize("word", ["beats", "onsets"])
@pytest.mark.parametrize("n_samples", [500, 3 * SR])
def test_silence_is_one_segment(word: str, n_samples: int) -> None:
    silence = Audio(np.zeros((1, n_samples), np.float32), SR)
    assert segment(silence, word, start_s=0.0, duration_s=silence.duration_s) == (0.0, silence.duration_s)


@pytest.mark.parametrize("word", ["beats", "onsets"])
@pytest.mark.parametrize(("start_s", "duration_s"), [(0.0, 6.0), (0.0, 2.0), (2.0, 2.0), (4.0, 2.0), (1.0, 0.03)])
def test_a_held_tone_and_hiss_have_no_attacks_to_cut_at(word: str, start_s: float, duration_s: float) -> None:
    hum = Audio(np.sin(np.arange(6 * SR) / 50)[None].astype(np.float32), SR)
    hiss = Audio(np.random.default_rng(5).normal(0, 0.05, (2, 6 * SR)).astype(np.float32), SR)
    for audio in (hum, hiss):
        assert segment(audio, word, start_s=start_s, duration_s=duration_s) == (0.0, duration_s)


def test_events_too_close_to_each_other_or_to_an_end_are_merged() -> None:
    assert merged([-1.0, 0.0, 0.019, 0.5, 0.519, 0.52, 1.985, 2.0, 3.0], 2.0) == (0.0, 0.5, 0.52, 2.0)


@pytest.mark.parametrize("n_segments", [0, -1, 1000])
def test_impossible_numbers_are_refused(n_segments: int) -> None:
    with pytest.raises(UsageError, match="from 1 to 150 are possible"):
        equal(n_segments, 3.0)
    with pytest.raises(UsageError, match=r"0\.01 s are too short: explanations need 0\.02 s at least"):
        equal(1, 0.01)


@pytest.mark.parametrize(
    ("inner_s", "message"),
    [
        ([0.0, 1.0], r"the boundary at 0 s does not lie within the excerpt of 3\.000 s"),
        ([1.0, 3.0], r"the boundary at 3 s does not lie within"),
        ([-0.5], r"the boundary at -0\.5 s does not lie within"),
        ([float("nan")], r"the boundary at nan s does not lie within"),
        ([1.0, float("inf")], r"the boundary at inf s does not lie within"),
        ([2.0, 1.0], r"boundaries must rise, and 1 s does not come after 2 s; sort them"),
        ([1.0, 1.0], r"boundaries must rise, and 1 s does not come after 1 s"),
        ([1.0, 1.01], r"the segment from 1 s to 1\.01 s is too short; it must last 20 ms or more"),
        ([0.01], r"the segment from 0 s to 0\.01 s is too short"),
        ([2.99], r"the segment from 2\.99 s to 3 s is too short"),
        (["one"], r"boundaries are seconds from the excerpt's start, such as 0\.5, not \['one'\]"),
        ([[1.0, 2.0]], r"boundaries are seconds from the excerpt's start"),
    ],
)
def test_impossible_boundaries_are_refused(inner_s: list[float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        by_hand(inner_s, 3.0)


@pytest.mark.parametrize(
    ("segments", "message"),
    [
        ("beets", r"unknown kind of segments 'beets'; did you mean 'beats'\? \(allowed: beats, onsets, a number"),
        ("", r"unknown kind of segments ''"),
        (2.5, r"segments is a number of equal segments, 'beats' or 'onsets', or inner boundaries.*not 2\.5"),
        (None, r"segments is a number of equal segments.*not None"),
    ],
)
def test_what_names_no_segments_is_refused(segments: object, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        segment(clicks([], 3.0), segments, start_s=0.0, duration_s=3.0)  # type: ignore[arg-type]


def test_an_excerpt_beyond_the_recording_is_refused() -> None:
    with pytest.raises(AudioError, match="does not lie within"):
        segment(clicks([], 3.0), "onsets", start_s=1.0, duration_s=3.0)


def test_equal_segments_are_the_same_when_given_by_hand() -> None:
    for n_segments in (1, 3, 7, 150):
        boundaries_s = equal(n_segments, 3.0)
        assert by_hand(json.loads(json.dumps(boundaries_s))[1:-1], 3.0) == boundaries_s


def test_the_segment_that_a_model_listens_to_is_found_out() -> None:
    audio = clicks(IRREGULAR_S, 6.0)
    hiss = Audio(np.random.default_rng(1).normal(0, 0.02, (1, audio.n_samples)).astype(np.float32), SR)
    oracle = OracleFactorization({"clicks": audio, "hiss": hiss})

    def level(batch: np.ndarray) -> np.ndarray:  # of the third click
        return np.asarray(np.sqrt((batch[:, round(2.05 * SR) : round(2.07 * SR)] ** 2).mean(axis=1, keepdims=True)))

    e = explain(oracle.mixture, tagger(level, sr=SR), factorization=oracle, segments="onsets")
    assert e.components.n_segments == 9
    assert e.top().components == (e.names[3], e.names[2])  # the boundary's crossfade lies within what it hears
    assert e.names[3].startswith("clicks 2.0")
    everything = np.ones(e.components.n, bool)
    heard = e.components.listen(everything, background=True, name="all")
    np.testing.assert_allclose(heard.samples, oracle.mixture.samples, atol=1e-5)


def test_an_explanation_says_where_there_are_no_onsets() -> None:
    hum = np.sin(np.arange(6 * SR) / 50).astype(np.float32)
    level = tagger(lambda batch: np.abs(batch).max(axis=1, keepdims=True), sr=SR)
    oracle = OracleFactorization({"hum": (hum, SR)})
    e = explain(oracle.mixture, level, factorization=oracle, segments="onsets", start_s=2.0, duration_s=2.0)
    assert e.components.n_segments == 1
    assert "there are no onsets within the excerpt: it is one segment" in e.notes


MODEL = """
import numpy as np
from audiolime_ext import tagger
loud = tagger(lambda batch: np.sqrt((batch**2).mean(axis=1, keepdims=True)), labels=["loud"])
"""


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a song of irregular clicks and a model."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    clicks(IRREGULAR_S, 6.0).write(tmp_path / "song.wav")
    (tmp_path / "segment_models.py").write_text(MODEL, encoding="utf-8")
    return tmp_path


COMMAND = ("explain", "song.wav", "-f", "bands:2", "-t", "segment_models:loud", "--max-evals", "100", "--json")


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize(
    ("given", "boundaries_s"),
    [
        ("3", (0.0, 2.0, 4.0, 6.0)),
        ("0.5,1.2,2.0", (0.0, 0.5, 1.2, 2.0, 6.0)),
        ("2.0", (0.0, 2.0, 6.0)),
        ("onsets", None),
        ("beats", None),
    ],
)
def test_a_result_on_the_command_line_holds_its_boundaries_and_can_be_repeated(
    given: str, boundaries_s: tuple[float, ...] | None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*COMMAND, "--segments", given]) == 0
    out = capsys.readouterr().out
    found = json.loads(out)
    assert len(found["boundaries_s"]) == found["n_segments"] + 1
    if boundaries_s:
        assert found["boundaries_s"] == pytest.approx(boundaries_s)
    if given == "onsets":
        assert_cut_before(found["boundaries_s"], IRREGULAR_S)
    Path("result.json").write_text(out, encoding="utf-8")
    assert main(["rerun", "--trust", "result.json"]) == 0
    assert capsys.readouterr().out == "same\n"


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize("said", [(), ("--sr", str(SR)), ("--sr", str(SR // 2))])
def test_a_function_is_asked_again_at_the_rate_that_was_said_or_at_the_recordings_own(
    said: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*COMMAND, *said]) == 0
    Path("result.json").write_text(capsys.readouterr().out, encoding="utf-8")
    assert main(["rerun", "--trust", "result.json"]) == 0
    assert capsys.readouterr().out == "same\n"


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("beets", "unknown kind of segments 'beets'; did you mean 'beats'?"),
        ("0.5,x", "argument --segments: boundaries are seconds such as 0.5,1.2,2.0, not '0.5,x'"),
        ("0.5,", "argument --segments: boundaries are seconds such as 0.5,1.2,2.0, not '0.5,'"),
        ("-3", "argument --segments: a whole number of at least 1 is needed, not '-3'"),
        ("7.5", "the boundary at 7.5 s does not lie within the excerpt of 6.000 s"),
        ("2.0,1.0", "boundaries must rise"),
    ],
)
def test_wrong_segments_on_the_command_line_are_wrong_usage(
    given: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main([*COMMAND, "--segments", given])
    except SystemExit as refused:
        code = int(refused.code or 0)
    assert code == 2
    assert message in capsys.readouterr().err
