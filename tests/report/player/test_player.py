"""A real browser plays the page: what is chosen sounds, and only that, aligned, gapless, without a network."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page

from audiolime_ext.audio.recording import Samples, load_audio
from audiolime_ext.factorization.stems import Stems
from audiolime_ext.report.player.media import Media, encode_media
from audiolime_ext.report.player.player import PALETTE, describe, player_html, script_text, stem_colors, style_text
from tests.browser.pages import (
    TooBusyError,
    capture,
    captured,
    captured_in_part,
    document,
    downloaded,
    js,
    opened,
    rendered,
    wait,
)
from tests.browser.pages import start_capture as start

BROWSER_FILES = Path(__file__).parents[2] / "browser"
AXE = BROWSER_FILES / "node_modules" / "axe-core" / "axe.min.js"
SR = 16000
TONES_HZ = (440.0, 1000.0, 2600.0)
NAMES = ("vocals", "drums", "bass")

pytestmark = pytest.mark.browser


# Sounds whose parts can be told apart.


def seconds(duration_s: float, sr: int = SR) -> NDArray[np.float64]:
    return np.arange(round(duration_s * sr)) / sr


def media_of(*signals: NDArray[Any], names: Sequence[str] = NAMES, sr: int = SR, **how: Any) -> Media:
    stems = np.stack([np.atleast_2d(signal) for signal in signals]).astype(np.float32)
    return encode_media([Stems(tuple(names[: len(stems)]), stems, sr)], **{"codec": "flac", "piece_s": 2.0, **how})


def tones(duration_s: float = 12.0) -> list[NDArray[np.float64]]:
    return [0.25 * np.sin(2 * np.pi * hz * seconds(duration_s)) for hz in TONES_HZ]


def amplitudes(sound: Samples, sr: int = SR) -> list[float]:
    """Of the tones, in what was captured."""
    t = np.arange(sound.shape[-1]) / sr
    window = np.hanning(len(t)) / len(t) * 4
    return [float(abs(np.sum(sound[0] * window * np.exp(-2j * np.pi * hz * t)))) for hz in TONES_HZ]


def glide(duration_s: float = 12.0) -> NDArray[np.float64]:
    """A tone whose frequency tells the time: 500 Hz + 200 Hz a second."""
    t = seconds(duration_s)
    return np.asarray(0.5 * np.sin(2 * np.pi * (500 * t + 100 * t**2)))


def times_heard(sound: Samples, sr: int = SR) -> NDArray[np.float64]:
    """Times of the `glide` that sound in consecutive twentieths of a second."""
    frames = sound[0][: len(sound[0]) // 800 * 800].reshape(-1, 800) * np.hanning(800)
    return np.asarray((np.abs(np.fft.rfft(frames, 16000)).argmax(axis=-1) * (sr / 16000) - 500) / 200)


def onsets(sound: Samples) -> NDArray[np.intp]:
    """Where clicks stand in one channel."""
    above = np.flatnonzero(np.abs(sound) > 0.25)
    return above[np.diff(above, prepend=-1000) > 100]


def after_silence(sound: Samples) -> Samples:
    return sound[:, np.flatnonzero(np.abs(sound).max(axis=0) > 1e-4)[0] :]


# The browser.


Opener = Callable[..., Page]


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Opener]:
    """Open a page of players of some media; at the end it must have had no complaint."""
    open_pages: list[Any] = []

    def page(*media: Media, script: str | None = None, options: dict[str, Any] | None = None, **how: Any) -> Page:
        given = {"name": "a recording", "model_sr": 8000, **how}
        fragments = [player_html(each, player_id=f"player-{i}", **given) for i, each in enumerate(media)]
        opening = opened(browser, tmp_path, document(*fragments, script=script), **(options or {}))
        open_pages.append(opening)
        return opening.__enter__()

    yield page
    for opening in open_pages:
        opening.__exit__(None, None, None)


@pytest.fixture(scope="module")
def three_tones() -> Media:
    return media_of(*tones())


def press(page: Page, name: str) -> None:
    page.locator("#player-0").get_by_role("button", name=name, exact=True).click()


def keys(page: Page, *names: str) -> None:
    page.locator("#player-0").focus()
    for name in names:
        page.keyboard.press(name)


def choose(page: Page, step: str) -> None:
    """Press a button by its name, or a key: ``"key 3"``."""
    if step.startswith("key "):
        keys(page, step.removeprefix("key "))
    else:
        press(page, step)


def playing(page: Page) -> None:
    press(page, "Play")
    wait(page, "players[0].state === 'playing'")


EXPLANATION = """player => player.setExplanation({
  label: "song", span: [3, 6],
  top: {name: "vocals", on: [[[0, 12]], [], []], gain_db: 3.0},
  without: {on: [[], [[0, 12]], [[0, 12]]], gain_db: 1.0},
})"""


# What is chosen sounds, and only that.


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([], (1, 1, 1)),
        (["Solo drums"], (0, 1, 0)),
        (["Mute drums"], (1, 0, 1)),
        (["Solo drums", "Solo bass"], (0, 1, 1)),
        (["Solo drums", "Solo drums"], (1, 1, 1)),
        (["Mute drums", "Mix"], (1, 1, 1)),
        (["Only: vocals"], (1, 0, 0)),
        (["Without vocals"], (0, 1, 1)),
        (["key 3"], (0, 0, 1)),
        (["key 3", "key 0"], (1, 1, 1)),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, list) else None,
)
def test_what_is_chosen_sounds_and_only_that(
    show: Opener, three_tones: Media, steps: list[str], expected: tuple[int, ...]
) -> None:
    page = show(three_tones)
    js(page, EXPLANATION)
    for step in steps:
        choose(page, step)
    assert amplitudes(rendered(page)[:, SR : 2 * SR]) == pytest.approx([0.25 * on for on in expected], abs=1e-4)


def test_clicks_and_keys_change_what_is_heard_live(show: Opener, three_tones: Media) -> None:
    page = show(three_tones)
    playing(page)
    heard = []
    for step in ("Solo drums", "key 1", "Mute vocals"):
        choose(page, step)
        page.wait_for_timeout(200)
        sound, sr = capture(page, 2.5)
        assert sr == SR
        heard.append(amplitudes(sound[:, -SR // 2 :]))
    assert heard[0] == pytest.approx([0, 0.25, 0], abs=1e-3)
    assert heard[1] == pytest.approx([0.25, 0, 0], abs=1e-3)
    assert heard[2] == pytest.approx([0, 0, 0], abs=1e-3)


def test_a_component_sounds_in_its_own_time_only(show: Opener, three_tones: Media) -> None:
    page = show(three_tones)
    js(page, "listen({kind: 'only', label: 'song', on: [[], [[1, 2], [3.99, 5.5]], []], gain_db: 0})")
    sound = rendered(page)[0]
    truth = tones()[1]
    t = seconds(12.0)
    inside = ((t > 1.006) & (t < 1.994)) | ((t > 3.996) & (t < 5.494))
    outside = (t < 0.994) | ((t > 2.006) & (t < 3.984)) | (t > 5.506)
    assert np.abs(sound - truth)[inside].max() < 1e-4
    assert np.abs(sound)[outside].max() == 0
    assert sound[SR] == pytest.approx(truth[SR] / 2, abs=1e-4)


def test_the_background_sounds_with_the_mix_and_without_a_component_only(show: Opener) -> None:
    page = show(media_of(*tones()), background=["bass"])
    assert page.locator(".al-stem").count() == 2
    js(page, EXPLANATION)
    for button, expected in (("Mix", (1, 1, 1)), ("Without vocals", (0, 1, 1)), ("Only: vocals", (1, 0, 0))):
        press(page, button)
        assert amplitudes(rendered(page)[:, :SR]) == pytest.approx([0.25 * on for on in expected], abs=1e-4)


# Aligned and gapless.


def clicks(duration_s: float = 31.0) -> tuple[list[NDArray[np.float32]], NDArray[np.intp]]:
    """Stereo stems, one to the left and one to the right, with clicks at the same odd times; and those times."""
    times = np.cumsum(np.random.default_rng(1).integers(SR // 5, SR // 2, size=round(duration_s * 3)))
    times = times[times < (duration_s - 0.1) * SR]
    train = np.zeros(round(duration_s * SR), np.float32)
    for at in times:
        train[at : at + 20] = 0.5
    nothing = np.zeros_like(train)
    return [np.stack([train, nothing]), np.stack([nothing, train])], times


def test_stems_stay_aligned_within_a_millisecond_over_half_a_minute(show: Opener) -> None:
    stems, times = clicks()
    page = show(media_of(*stems, piece_s=10.0, codec="mp3"))
    start(page)
    playing(page)
    wait(page, "players[0].state !== 'playing'", at_most_s=120)  # to the end, which a busy machine reaches later
    page.wait_for_timeout(2000)  # what is captured comes in blocks of a second
    sound, heard, _ = captured_in_part(page)
    left, right = onsets(sound[0]), onsets(sound[1])
    starts = [left[0] + times - first for first in times[:5]]  # the first click that was heard need not be the first
    expected = min(starts, key=lambda places: np.abs(left[:, None] - places).min(axis=1).sum())
    near = np.arange(-SR // 50, SR // 50)
    whole = [heard[np.clip(found[:, None] + near, 0, len(heard) - 1)].all(axis=1) for found in (left, right, expected)]
    left, right, expected = (found[kept] for found, kept in zip((left, right, expected), whole, strict=True))
    if len(expected) < 0.8 * len(times):
        raise TooBusyError("the browser was too busy to capture most of the sound")
    assert len(left) == len(right) == len(expected)
    assert np.abs(left - right).max() < SR / 1000
    assert np.abs(left - expected).max() < SR / 1000


def seams_db(sound: Samples, truth: Samples, sr: int, *, piece_s: float) -> tuple[float, float]:
    """Error at the seams of pieces and elsewhere, in dB below the recording there."""
    n = min(sound.shape[-1], truth.shape[-1])
    at_seam = np.arange(n) % round(piece_s * sr) < 0.025 * sr
    at_seam[: round(0.1 * sr)] = False
    error = np.square(sound[:, :n] - truth[:, :n], dtype=np.float64).sum(axis=0)
    power = np.square(truth[:, :n], dtype=np.float64).sum(axis=0)
    seam, rest = (float(10 * np.log10(error[part].sum() / power[part].sum())) for part in (at_seam, ~at_seam))
    return seam, rest


@pytest.fixture(scope="module")
def song(feelings: dict[str, Path]) -> tuple[Media, Samples, int]:
    """Two true stems in MP3 pieces of one second, their sum, and the rate."""
    stems = [load_audio(path) for path in feelings.values()]
    n = min(stem.n_samples for stem in stems)
    samples = [stem.samples[:, :n] for stem in stems]
    media = media_of(*samples, names=("guitar", "other"), sr=stems[0].sr, codec="mp3", piece_s=1.0)
    return media, samples[0] + samples[1], stems[0].sr


def test_the_stems_sum_to_the_mix_at_seams_as_elsewhere(show: Opener, song: tuple[Media, Samples, int]) -> None:
    media, mixture, sr = song
    at_seams, elsewhere = seams_db(rendered(show(media)), mixture, sr, piece_s=1.0)
    assert elsewhere < -20
    assert at_seams < elsewhere + 3


def test_what_is_heard_live_is_the_mix(show: Opener, song: tuple[Media, Samples, int]) -> None:
    media, mixture, sr = song
    page = show(media)
    start(page)
    playing(page)
    page.wait_for_timeout(6000)
    sound = after_silence(captured(page)[0])[:, : 5 * sr]
    lag = int(np.argmax(np.correlate(mixture[0, : 3 * sr], sound[0, sr : 2 * sr], "valid")))
    at_seams, elsewhere = seams_db(sound[:, sr:], mixture[:, lag:], sr, piece_s=1.0)
    assert lag == pytest.approx(sr, abs=2000)  # what stands before is the silence in which the recording begins
    assert elsewhere < -20
    assert at_seams < elsewhere + 3


def broken(old: str, new: str) -> str:
    source = script_text()
    assert source.count(old) == 1
    return source.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rise: before?.tail ?? 0", "rise: 0"),  # pieces that overlap without a crossfade
        ("if (fading) sound(", "if (fading && false) sound("),  # a piece ends before the next one has risen
        ("source.start(at / rate,", "source.start(at / rate + stem / 1000,"),  # one stem is late by a millisecond
    ],
)
def test_a_player_that_joins_pieces_badly_is_caught(
    show: Opener, song: tuple[Media, Samples, int], old: str, new: str
) -> None:
    media, mixture, sr = song
    page = show(media, script=broken(old, new))
    at_seams, elsewhere = seams_db(rendered(page), mixture, sr, piece_s=1.0)
    assert elsewhere > -20 or at_seams > elsewhere + 3


def test_flac_pieces_sum_to_the_mix_bit_by_bit_where_a_stem_is_loud_or_silent(show: Opener) -> None:
    stems = [0.2 * np.random.default_rng(seed).standard_normal((2, 5 * SR)) for seed in (0, 1)]
    stems[0][:, SR // 2 :] *= 10
    stems[1][:, SR : 3 * SR] = 0
    media = media_of(*stems, piece_s=1.0)
    assert max(piece.scale for piece in media.pieces) > 5
    assert len(media.pieces) == 9  # of ten; the other silent one holds 20 ms of what follows
    sound = rendered(show(media))
    assert sound.shape == (2, 5 * SR)
    assert np.abs(sound - (stems[0] + stems[1])).max() < 1e-5


def test_switching_neither_pauses_nor_clicks(show: Opener, three_tones: Media) -> None:
    page = show(three_tones)
    playing(page)
    start(page)
    for stem in (0, 1, 2, 0):
        page.wait_for_timeout(300)
        js(page, f"listen({{kind: 'stem', index: {stem}}})")
    page.wait_for_timeout(2000)
    sound = captured(page)[0][0]
    loudness = np.sqrt(np.square(sound[: len(sound) // 160 * 160].reshape(-1, 160)).mean(axis=1))
    assert loudness.min() > 0.1  # one tone's is .18; two tones may cancel in part while one turns into the other
    steepest = 2 * np.pi * sum(0.25 * hz for hz in TONES_HZ) / SR
    assert np.abs(np.diff(sound)).max() < steepest


def test_seeking_goes_where_it_was_asked_to(show: Opener) -> None:
    page = show(media_of(glide()))
    playing(page)
    start(page)
    page.wait_for_timeout(400)
    page.get_by_label("Position").fill("8")
    page.wait_for_timeout(2500)
    heard = times_heard(captured(page)[0])
    jumps = np.flatnonzero(np.abs(np.diff(heard)) > 0.5)
    assert len(jumps) in (1, 2)  # two where the seek falls within a twentieth
    assert heard[jumps[-1] + 1] == pytest.approx(8.0, abs=0.1)
    assert np.diff(heard[jumps[-1] + 1 :]) == pytest.approx(0.05, abs=0.02)


def test_a_loop_repeats_its_range_without_a_gap(show: Opener) -> None:
    page = show(media_of(glide()))
    js(page, "loop(3.5, 4.25)")  # across a seam
    playing(page)
    sound, _ = capture(page, 4.0)
    sound = after_silence(sound)[:, SR // 10 :]
    heard = times_heard(sound)
    assert heard.min() > 3.4
    assert heard.max() < 4.35
    assert (np.diff(heard) < -0.5).sum() >= 2
    assert np.abs(sound[0, : len(sound[0]) // 200 * 200]).reshape(-1, 200).max(axis=1).min() > 0.1
    period = round(0.75 * SR)
    assert np.abs(sound[0, : 2 * period][: period // 2] - sound[0, period : period + period // 2]).max() < 0.01
    assert js(page, "position()") < 4.25


def test_arrows_space_and_L_work_within_the_player(show: Opener) -> None:
    page = show(media_of(glide()))
    keys(page, "ArrowRight", "ArrowRight", "ArrowLeft")
    assert js(page, "position()") == pytest.approx(5.0)
    keys(page, " ")
    wait(page, "players[0].state === 'playing'")
    keys(page, " ", "l")
    assert js(page, "state") == "paused"
    assert page.get_by_role("button", name="Loop").get_attribute("aria-pressed") == "true"


def test_A_and_B_select_what_is_repeated(show: Opener) -> None:
    page = show(media_of(glide(20.0)), start_s=60.0)
    page.get_by_label("Position").fill("6")
    keys(page, "a")
    assert page.locator(".al-status").inner_text() == "Mix. Selection from 1:06.0: press B where it ends"
    keys(page, "ArrowRight", "b")
    assert (js(page, "selection"), js(page, "looping")) == ([6.0, 11.0], True)
    assert page.locator(".al-status").inner_text() == "Mix"
    keys(page, "A", "Escape")
    assert (js(page, "selection"), js(page, "begin"), js(page, "looping")) == (None, None, False)
    keys(page, "B")
    assert js(page, "selection") == [0, 11.0]


def test_times_are_those_of_the_recording(show: Opener) -> None:
    page = show(media_of(glide(20.0)), start_s=60.04)
    assert page.locator(".al-time").inner_text() == "1:00.0 / 1:20.0"
    page.get_by_label("Position").fill("6")
    assert page.locator(".al-now").inner_text() == "1:06.0"
    assert page.get_by_label("Position").get_attribute("aria-valuetext") == "1:06.0 of 1:20.0"


def test_space_on_a_button_reached_by_keyboard_presses_it_and_after_a_click_plays(
    show: Opener, three_tones: Media
) -> None:
    page = show(three_tones)
    page.locator("[data-do=play]").focus()
    page.keyboard.press("Tab")  # to Mix
    page.keyboard.press("Tab")  # to the mute button of the first stem
    page.keyboard.press(" ")
    assert js(page, "muted.has(0)")
    assert js(page, "state") == "paused"
    press(page, "Solo drums")
    page.keyboard.press(" ")
    wait(page, "players[0].state === 'playing'")
    assert js(page, "choice") == {"kind": "stem", "index": 1}


def test_keys_do_nothing_while_the_focus_is_elsewhere(show: Opener, three_tones: Media) -> None:
    page = show(three_tones)
    page.get_by_label("Elsewhere").focus()
    for key in (" ", "1", "ArrowRight", "l"):
        page.keyboard.press(key)
    state = js(page, "player => [player.state, player.choice.kind, player.position(), player.looping]")
    assert state == ["paused", "mix", 0, False]


def test_clicks_on_a_waveform_seek_and_drags_select_a_loop(show: Opener) -> None:
    page = show(media_of(glide()))
    box = page.locator(".al-stem .al-lane").bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.click(box["x"] + box["width"] * 0.25, y)
    assert js(page, "position()") == pytest.approx(3.0, abs=0.05)
    page.keyboard.press("ArrowRight")  # the click gave the player the focus
    assert js(page, "position()") == pytest.approx(8.0, abs=0.05)
    page.mouse.move(box["x"] + box["width"] * 0.5, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, y, steps=3)
    page.mouse.up()
    assert js(page, "selection") == pytest.approx([6.0, 9.0], abs=0.05)
    assert js(page, "looping")
    keys(page, "Escape")
    assert js(page, "selection") is None


def test_one_player_of_a_page_sounds_at_a_time(show: Opener, three_tones: Media) -> None:
    page = show(three_tones, three_tones)
    plays = page.get_by_role("button", name="Play", exact=True)
    plays.nth(0).click()
    wait(page, "players[0].state === 'playing'")
    plays.nth(0).click()  # the first one's button says Pause now
    wait(page, "players[1].state === 'playing'")
    assert js(page, "state") == "paused"
    assert page.evaluate("players[0].context === players[1].context")


def test_a_player_at_rest_holds_nothing_and_wakes_up(show: Opener, three_tones: Media) -> None:
    page = show(three_tones, three_tones)
    playing(page)
    js(page, "pause()")
    wait(page, "players[0].context.state === 'suspended'")
    assert js(page, "decoded.now") > 0
    js(page, "play()", player=1)
    assert js(page, "decoded.now") == 0
    js(page, "play()")
    wait(page, "players[0].position() > 0.3")
    assert js(page, "state", player=1) == "paused"


def test_the_end_is_reached_and_play_begins_anew(show: Opener) -> None:
    page = show(media_of(*tones(1.0)))
    page.evaluate("players[0].root.addEventListener('audiolime:state', ({detail}) => events.push(detail.state))")
    playing(page)
    wait(page, "players[0].state === 'paused'")
    assert js(page, "position()") == pytest.approx(1.0)
    playing(page)
    assert js(page, "position()") < 0.9
    wait(page, "players[0].state === 'paused'")
    assert page.evaluate("events") == ["loading", "playing", "paused"] * 2


def test_events_tell_time_and_choice(show: Opener, three_tones: Media) -> None:
    page = show(three_tones)
    page.evaluate("""() => ["time", "choice"].forEach((what) =>
        document.addEventListener(`audiolime:${what}`, ({ detail }) => events.push([what, detail])))""")
    js(page, "seek(2)")
    press(page, "Solo bass")
    assert page.evaluate("events") == [
        ["time", {"position": 2}],
        ["choice", {"choice": {"kind": "stem", "index": 2}, "muted": [], "gain_db": 0}],
    ]


# Options.


def test_same_loudness_applies_the_gain_that_is_shown(show: Opener, three_tones: Media) -> None:
    page = show(three_tones)
    js(page, EXPLANATION)
    press(page, "Only: vocals")
    page.get_by_label("Same loudness").check()
    assert page.get_by_text("+3.0 dB").is_visible()
    assert amplitudes(rendered(page)[:, :SR])[0] == pytest.approx(0.25 * 10 ** (3 / 20), abs=1e-3)
    press(page, "Mix")
    assert amplitudes(rendered(page)[:, :SR]) == pytest.approx([0.25] * 3, abs=1e-4)


def test_as_the_model_heard_it_is_mono_at_the_models_rate(show: Opener) -> None:
    t = seconds(6.0)
    stereo = np.stack([0.4 * np.sin(2 * np.pi * 440 * t), 0.4 * np.sin(2 * np.pi * 6000 * t)])
    page = show(media_of(stereo))
    playing(page)
    page.get_by_label("As the model heard it").check()
    wait(page, "players[0].context.sampleRate === 8000 && players[0].state === 'playing'")
    sound, sr = capture(page, 4.5)
    assert sr == 8000
    assert np.array_equal(sound[0], sound[1])
    last = sound[0, -4000:]
    assert np.sqrt(2 * np.mean(last**2)) == pytest.approx(0.2, abs=0.01)  # half of the left; 6 kHz is beyond
    assert rendered(page).shape == (1, 6 * 8000)
    page.get_by_label("As the model heard it").uncheck()
    wait(page, "players[0].context.sampleRate === 16000")


def test_download_saves_what_is_chosen(show: Opener, three_tones: Media) -> None:
    page = show(three_tones)
    press(page, "Solo drums")
    js(page, "loop(1, 3.5)")
    name, samples, sr = downloaded(page)
    assert (name, sr, samples.shape) == ("a recording - Solo_ drums.wav", SR, (1, round(2.5 * SR)))
    assert np.abs(samples[0] - tones()[1][SR : round(3.5 * SR)]).max() < 1e-5


# Long recordings.


def test_ten_minutes_of_six_stems_stay_within_bounds(show: Opener) -> None:
    t = seconds(10.02, 44100)
    piece = np.stack([0.2 * np.sin(2 * np.pi * 220 * t), 0.2 * np.sin(2 * np.pi * 330 * t)])
    names = ("vocals", "drums", "bass", "guitar", "piano", "other")
    short = media_of(*[piece] * 6, names=names, sr=44100, piece_s=10.0, codec="mp3")
    pieces = [dataclasses.replace(each, index=index) for index in range(60) for each in short.pieces if not each.index]
    page = show(dataclasses.replace(short, duration_s=600.0, pieces=tuple(pieces)))
    waited = page.evaluate("""async () => {
      const begun = performance.now();
      await players[0].play();
      return performance.now() - begun;
    }""")
    for at in (8.5, 100, 205, 318.5, 592, 0, 450):  # the last piece, but far from the end on a slow machine
        js(page, f"seek({at})")
        page.wait_for_timeout(700)
    js(page, "loop(109, 111)")
    page.wait_for_timeout(3000)
    decoded = js(page, "decoded")
    print(
        f"first sound after {waited:.0f} ms; decoded {decoded['now'] / 1e6:.0f} MB, peak {decoded['peak'] / 1e6:.0f} MB"
    )
    assert decoded["now"] > 6 * 10 * 44100 * 2 * 4  # the counter counts
    assert decoded["peak"] < 150e6
    assert js(page, "state") == "playing"


# Names, looks, access.

HOSTILE = ("</script><script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }} & <b>'`")


def test_names_are_text_whatever_they_hold(show: Opener) -> None:
    page = show(media_of(*tones(1.0), names=HOSTILE), name=HOSTILE[0])
    assert page.locator(".al-stem .al-name").all_text_contents() == list(HOSTILE)
    assert page.locator(".al-mixture .al-name").text_content() == HOSTILE[0]
    js(
        page,
        """player => player.setExplanation({label: "x", span: null,
        top: {name: player.data.stems[1].name, on: [], gain_db: 0}, without: {on: [], gain_db: 0}})""",
    )
    assert page.locator("[data-do=only]").text_content() == f"Only: {HOSTILE[1]}"
    press(page, f"Solo {HOSTILE[0]}")
    assert page.locator(".audiolime b, .audiolime img:not([alt^=Spectrogram], .al-part)").count() == 0


def test_the_pages_policy_would_stop_a_script_and_the_tests_would_hear_of_it(
    browser: Browser, tmp_path: Path, three_tones: Media
) -> None:
    injected = "<script>document.title = 'ran'</script>"
    html = document(player_html(three_tones, name="x", model_sr=SR) + injected)
    titles: list[str] = []
    with (
        pytest.raises(AssertionError, match="Content Security Policy"),
        opened(browser, tmp_path, html) as page,
    ):
        titles.append(page.title())
    assert titles == ["Players"]
    html = document(player_html(three_tones, name="x", model_sr=SR) + '<img src="https://example.org/x.png" alt="">')
    with pytest.raises(AssertionError, match=r"example\.org"), opened(browser, tmp_path, html):
        pass


def violations(page: Page, *, impacts: Sequence[str] = ("serious", "critical")) -> list[str]:
    """What axe finds of these impacts."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: make tests/browser/node_modules/.installed")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    return [
        f"{each['id']}: {each['help']} {[node['html'] for node in each['nodes']]}"
        for each in found
        if each["impact"] in impacts
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_serious_and_the_page_fits(show: Opener, three_tones: Media, scheme: str, width: int) -> None:
    page = show(three_tones, options={"color_scheme": scheme, "viewport": {"width": width, "height": 700}})
    js(page, EXPLANATION)
    press(page, "Only: vocals")
    page.wait_for_timeout(200)  # colours move to their places
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_axe_would_find_a_button_without_a_name(show: Opener, three_tones: Media) -> None:
    page = show(three_tones)
    js(page, "player => player.root.querySelector('[data-do=play]').removeAttribute('aria-label')")
    js(page, "player => player.root.querySelector('[data-do=play]').removeAttribute('title')")
    assert any("button-name" in each for each in violations(page))


def test_paper_shows_the_waveforms_and_no_controls(show: Opener, three_tones: Media) -> None:
    page = show(three_tones)
    page.emulate_media(media="print")
    assert not page.locator(".audiolime button:visible, .audiolime input:visible").count()
    assert page.locator(".al-stem .al-lane svg:visible").count() == 3


def test_without_scripts_the_waveforms_remain_and_a_sentence_says_why(show: Opener, three_tones: Media) -> None:
    page = show(three_tones, options={"java_script_enabled": False})
    assert "Switching the sources needs JavaScript" in (page.locator("noscript").text_content() or "")
    assert not page.locator(".audiolime button:visible").count()
    assert page.locator(".al-stem .al-lane svg:visible").count() == 3


def test_a_piece_that_cannot_be_decoded_is_said(show: Opener, three_tones: Media) -> None:
    pieces = [dataclasses.replace(piece, encoded=b"no audio") for piece in three_tones.pieces]
    page = show(dataclasses.replace(three_tones, pieces=tuple(pieces)))
    page.evaluate("addEventListener('unhandledrejection', (event) => event.preventDefault())")
    press(page, "Play")
    wait(page, "players[0].state === 'failed'")
    assert page.get_by_text("cannot decode").is_visible()


def test_a_later_piece_that_cannot_be_decoded_is_said_when_its_turn_comes(show: Opener, three_tones: Media) -> None:
    pieces = [dataclasses.replace(each, encoded=b"no audio") if each.index else each for each in three_tones.pieces]
    page = show(dataclasses.replace(three_tones, pieces=tuple(pieces)))
    press(page, "Play")
    wait(page, "players[0].state === 'failed'")
    assert page.get_by_text("cannot decode").is_visible()


def test_a_fragment_stands_alone(browser: Browser, tmp_path: Path, three_tones: Media) -> None:
    fragment = player_html(three_tones, name="x", model_sr=SR, player_id="cell-1", alone=True)
    again = fragment.replace("cell-1", "cell-2")  # another cell of the same notebook brings everything once more
    html = f"<!doctype html><html><head><meta charset=utf-8></head><body>{fragment}{again}</body></html>"
    with opened(browser, tmp_path, html) as page:
        for name in ("cell-1", "cell-2"):
            page.locator(f"#{name} [data-do=play]").click()
            wait(page, f"audiolime.sounding?.root.id === '{name}'")
        assert page.locator(".playing").count() == 1
        assert page.evaluate("Object.keys(globalThis).filter((name) => /audio|player|sound/i.test(name))") == [
            "audiolime"
        ]


# Without a browser.


def test_the_pure_functions_pass_their_own_tests() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on PATH")
    run = subprocess.run([node, "--test"], cwd=BROWSER_FILES, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    assert re.search(r"pass [1-9]\d", run.stdout)


def test_scripts_and_styles_reach_for_nothing_outside() -> None:
    for text in (script_text(), style_text()):
        assert not re.findall(r"\bfetch\(|XMLHttpRequest|@import|url\(|\beval\(|new Function|https?://", text)


def test_instruments_keep_their_colours_and_no_two_stems_share_one() -> None:
    assert stem_colors(["vocals", "drums"]) == ["#D55E00", "#0072B2"]
    assert stem_colors(["kazoo", "vocals"])[1] == "#D55E00"
    names = ["other", "accompaniment", "vocals", "a", "b", "c", "d", "e"]
    assert len(set(stem_colors(names))) == len(names) == len(PALETTE)


def test_the_description_counts_samples_at_the_stored_rate() -> None:
    media = media_of(np.ones(96000 * 2) / 4, sr=96000, codec="mp3")
    found = describe(media, name="x", model_sr=16000, background=["vocals"])
    assert (found["sr"], found["duration_s"]) == (48000, 2.0)
    assert found["stems"][0]["background"]
