"""The page, written to disk and opened in a real browser: what it says, what it plays, and that it stays by itself."""

from __future__ import annotations

import base64
import io
import json
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser, Page

from audiolime_ext import Audio, Explanation, TrackExplanation, explain, explain_track, tagger
from audiolime_ext.cli import main
from audiolime_ext.errors import OutputError, UsageError
from audiolime_ext.report.page import write_page
from audiolime_ext.report.song.index import Entry, write_index
from audiolime_ext.report.song.page import page_html
from audiolime_ext.report.song.view import Note
from factorizations.oracle import OracleFactorization
from tests.browser.pages import capture, opened, wait
from tests.report.player.test_player import violations

SR = 16000
TONES_HZ = {"vocals": 440.0, "drums": 1000.0, "bass": 2600.0}
EVIL = '</script><script>alert(1)</script>"><img src=x onerror=alert(2)>'


def strengths(batch: np.ndarray) -> np.ndarray:
    turns = np.exp(-2j * np.pi * np.outer(np.arange(batch.shape[1]), list(TONES_HZ.values())) / SR)
    heard = np.abs(batch @ turns) * 2 / batch.shape[1] / 0.25
    sung, beaten, low = heard.T
    return np.stack([0.05 + 0.5 * sung, 0.3 + 0.6 * beaten - 0.2 * low, np.full(len(batch), 0.3)], axis=1)


@pytest.fixture(scope="module")
def band() -> OracleFactorization:
    """Vocals from 3 s on, drums until 6 s, bass throughout."""
    time = np.arange(9 * SR) / SR
    on = {"vocals": time >= 3, "drums": time < 6, "bass": time >= 0}
    waves = {name: 0.25 * np.sin(2 * np.pi * hz * time) * on[name] for name, hz in TONES_HZ.items()}
    return OracleFactorization({name: (wave.astype(np.float32), SR) for name, wave in waves.items()})


MODEL = tagger(strengths, sr=SR, labels=["sung", "beaten", EVIL], window_s=3.0)


@pytest.fixture(scope="module")
def track(band: OracleFactorization) -> TrackExplanation:
    return explain_track(band.mixture, MODEL, factorization=band, labels=["sung", "beaten"], cache=False)


@pytest.fixture(scope="module")
def excerpt(band: OracleFactorization) -> Explanation:
    return explain(band.mixture, MODEL, factorization=band, labels=["sung", EVIL], start_s=3.0, segments=3)


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Open a page from disk, offline; at the end it must have had no complaint and asked for nothing."""
    opening: list[Any] = []

    def page(html: str, **options: Any) -> Page:
        opening.append(opened(browser, tmp_path, html, **options))
        return opening[-1].__enter__()  # type: ignore[no-any-return]

    yield page
    for one in opening:
        one.__exit__(None, None, None)


def at(page: Page, selector: str) -> str:
    return page.locator(selector).first.inner_text()


def state(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(
        "() => { const [view] = audiolime.views; return {tag: view.data.labels[view.tag], window: view.window, "
        "position: view.player?.position(), hash: window.location.hash, choice: view.player?.choice.kind}; }"
    )
    return found


def amplitudes(sound: np.ndarray, sr: int) -> list[float]:
    time = np.arange(sound.shape[-1]) / sr
    window = np.hanning(len(time)) / len(time) * 4
    return [float(abs(np.sum(sound[0] * window * np.exp(-2j * np.pi * hz * time)))) for hz in TONES_HZ.values()]


browser_test = pytest.mark.browser


@browser_test
def test_it_opens_with_the_moment_in_which_the_first_tag_is_strongest(
    show: Callable[..., Page], track: TrackExplanation
) -> None:
    page = show(page_html(track))
    assert at(page, ".say") == "“sung” (0.55; silence: 0.05) comes most from vocals: +0.50."
    assert at(page, ".place") == "0:03.0–0:06.0"
    assert state(page)["position"] == pytest.approx(3.0, abs=0.01)
    assert [part.get_attribute("data-stem") for part in page.locator(".al-part:visible").all()] == ["0"]
    assert [one.inner_text() for one in page.locator(".scores .number").all()] == ["0.55", "0.55", "0.05", "0.05"]
    assert page.locator('[data-tag="sung"]').get_attribute("aria-pressed") == "true"
    assert at(page, "table").splitlines()[0].split("\t")[::6] == ["label", "top source"]
    assert at(page, ".scores >> xpath=../h3") == "model score for"
    assert "vocals in 2 of 2 windows of 0.30 or more" in at(page, "table")


@browser_test
def test_it_never_opens_with_a_silent_moment_whatever_the_model_says_of_silence(show: Callable[..., Page]) -> None:
    time = np.arange(9 * SR) / SR
    stems = {name: 0.1 * np.sin(2 * np.pi * hz * time) * (time >= 3) for name, hz in TONES_HZ.items()}
    late = OracleFactorization({name: (wave.astype(np.float32), SR) for name, wave in stems.items()})
    calm = tagger(lambda b: 1 / (1 + 10 * b.std(axis=1, keepdims=True)), sr=SR, labels=["calm"], window_s=3.0)
    track = explain_track(late.mixture, calm, factorization=late, labels=["calm"], cache=False)
    assert track.windows[0].silent
    assert np.argmax(track.score("calm")[0]) == 0
    page = show(page_html(track, audio=None))
    assert at(page, ".place") == "0:03.0–0:06.0"


@browser_test
def test_a_tag_and_a_moment_are_chosen_by_buttons_and_by_the_picture(
    show: Callable[..., Page], track: TrackExplanation
) -> None:
    page = show(page_html(track))
    page.get_by_role("button", name="beaten", exact=True).click()
    assert state(page) | {"hash": ""} == {"tag": "beaten", "window": 0, "position": 0, "hash": "", "choice": "mix"}
    assert at(page, ".say") == "“beaten” (0.70; silence: 0.30) comes most from drums: +0.60, against bass: −0.20."
    page.get_by_role("button", name="later ›").click()
    page.get_by_role("button", name="later ›").click()
    assert state(page)["window"] == 2
    assert page.get_by_role("button", name="later ›").is_disabled()
    assert at(page, ".say").startswith("Nothing here argues for “beaten”")
    page.locator(".taggram canvas").scroll_into_view_if_needed()
    box = page.locator(".taggram canvas").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + box["height"] / 6)
    assert (state(page)["tag"], state(page)["window"]) == ("sung", 1)


@pytest.fixture(scope="module")
def ragged(band: OracleFactorization) -> TrackExplanation:
    """Two windows of 2.992 s from 1 s on, and a rest of 1.016 s."""
    model = tagger(strengths, sr=SR, labels=MODEL.labels, window_s=2.992)
    more: dict[str, Any] = {"start_s": 1.0, "duration_s": 7.0, "labels": ["sung", "beaten"], "cache": False}
    return explain_track(band.mixture, model, factorization=band, **more)


@browser_test
def test_the_map_and_the_bars_lie_where_they_sound_and_what_is_no_whole_window_is_empty(
    show: Callable[..., Page], ragged: TrackExplanation
) -> None:
    page = show(page_html(ragged, audio=None))
    assert ragged.taggram.padded.tolist() == [False, False, True]
    opaque = """() => {
        const map = document.querySelector(".taggram canvas");
        const row = map.getContext("2d").getImageData(0, 0, map.width, 1).data;
        const at = (part) => row.slice(4 * Math.round(part * map.width)).slice(0, 4).join();
        const blue = (from, to) => [from, to].map(at);
        const [first, second] = [blue(0.001, 0.42), blue(0.43, 0.85)];
        return [first[0] === first[1], second[0] === second[1], first[0] !== second[0],
            row[4 * Math.round(0.86 * map.width) + 3], row[row.length - 1]];
    }"""
    assert page.evaluate(opaque) == [True, True, True, 0, 0], "5.984 s of 7 s are coloured, one colour a window"
    lefts = page.evaluate("() => [...document.querySelectorAll('.over-time .ground')].map((one) => one.getBBox().x)")
    assert lefts == pytest.approx([0, 1000 * 2.992 / 7], abs=0.5)
    box, mark = (page.locator(f".taggram {part}").bounding_box() for part in ("canvas", ".mark"))
    assert box is not None
    assert mark is not None
    assert (mark["x"] - box["x"]) / box["width"] == pytest.approx(2.992 / 7, abs=0.005)
    assert mark["width"] / box["width"] == pytest.approx(2.992 / 7, abs=0.005)
    page.locator(".taggram canvas").scroll_into_view_if_needed()
    box = page.locator(".taggram canvas").bounding_box()
    assert box is not None
    for share, window in ((0.1, 0), (0.9, 0), (0.84, 1), (0.44, 1), (0.86, 1), (0.41, 0)):
        page.mouse.click(box["x"] + share * box["width"], box["y"] + 3)
        assert state(page)["window"] == window, share
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 3)
    assert page.locator(".taggram canvas").get_attribute("title") == "not a whole window"


@browser_test
def test_of_windows_that_overlap_the_one_whose_column_is_clicked_is_chosen(
    show: Callable[..., Page], band: OracleFactorization
) -> None:
    model = tagger(strengths, sr=SR, labels=MODEL.labels, window_s=3.0, hop_s=1.0)
    found = explain_track(band.mixture, model, factorization=band, labels=["sung"], cache=False)
    page = show(page_html(found, audio=None))
    page.locator(".taggram canvas").scroll_into_view_if_needed()
    box = page.locator(".taggram canvas").bounding_box()
    assert box is not None
    for second, window in ((0.5, 0), (1.5, 1), (2.5, 2), (5.5, 5), (6.5, 6), (8.5, 6)):
        page.mouse.click(box["x"] + second / 9 * box["width"], box["y"] + 3)
        assert state(page)["window"] == window, second


@browser_test
def test_the_link_of_a_window_leads_to_that_window(show: Callable[..., Page], ragged: TrackExplanation) -> None:
    page = show(page_html(ragged, audio=None))
    for button, window in (("‹ earlier", 0), ("later ›", 1)):
        page.get_by_role("button", name=button).click()
        there = state(page)["hash"]
        page.evaluate("() => { window.location.hash = '#t=0' }")
        wait(page, "() => audiolime.views[0].window === 0")
        page.evaluate(f"() => {{ window.location.hash = '{there}' }}")
        wait(page, f"() => audiolime.views[0].window === {window}")


@browser_test
def test_a_link_leads_to_a_moment(show: Callable[..., Page], track: TrackExplanation, tmp_path: Path) -> None:
    page = show(page_html(track))
    page.evaluate("() => { window.location.hash = '#t=0.5&tag=beaten' }")
    wait(page, "() => audiolime.views[0].tag === 1")
    assert state(page)["window"] == 0
    page.get_by_role("button", name="sung", exact=True).click()
    assert state(page)["hash"] == "#t=3&tag=sung"
    page.evaluate("() => { window.location.hash = '#t=never&tag=nothing' }")
    wait(page, "() => audiolime.views[0].tag === 0")


@browser_test
def test_only_and_without_play_what_they_say(show: Callable[..., Page], track: TrackExplanation) -> None:
    page = show(page_html(track, audio="flac"))
    page.get_by_role("button", name="Only: vocals").click()
    page.get_by_role("button", name="Play", exact=True).click()
    wait(page, "() => audiolime.views[0].player.state === 'playing'")
    page.evaluate("() => { globalThis.players = audiolime.views.map((view) => view.player) }")
    sound, sr = capture(page, 2.2)
    heard = amplitudes(sound[:, sr // 2 :], sr)
    assert heard[0] > 0.15
    assert max(heard[1:]) < 0.002
    page.get_by_role("button", name="Without vocals").click()
    page.wait_for_timeout(100)
    sound, sr = capture(page, 2.2)
    heard = amplitudes(sound[:, sr // 2 :], sr)
    assert heard[0] < 0.002
    assert heard[2] > 0.15


@browser_test
def test_the_explanation_follows_the_player(show: Callable[..., Page], track: TrackExplanation) -> None:
    page = show(page_html(track))
    page.evaluate("() => audiolime.views[0].player.seek(5.6)")
    page.get_by_role("button", name="Play", exact=True).click()
    wait(page, "() => audiolime.views[0].window === 2")
    assert at(page, ".place") == "0:06.0–0:09.0"


@browser_test
def test_an_excerpt_in_segments_plays_just_its_segment(show: Callable[..., Page], band: OracleFactorization) -> None:
    begins = tagger(lambda batch: strengths(batch[:, :SR]), sr=SR, labels=MODEL.labels, window_s=3.0)
    page = show(page_html(explain(band.mixture, begins, factorization=band, labels="sung", start_s=3.0, segments=3)))
    said = "“sung” (0.55; silence: 0.05) comes most from vocals: +0.50, most of it at 0.00–1.00 s: +0.50."
    assert at(page, ".say") == said
    choice = page.evaluate("() => audiolime.views[0].player.explanation.top.on")
    (spans,) = [one for one in choice if one]
    assert spans[0][1] - spans[0][0] == pytest.approx(1.0, abs=0.01)
    assert page.locator(".taggram").count() == 0


@browser_test
def test_many_segments_are_drawn_where_they_lie(show: Callable[..., Page], excerpt: Explanation) -> None:
    page = show(page_html(excerpt, audio=None))
    boxes = page.evaluate("() => [...document.querySelectorAll('.segments rect')].map((one) => one.getBBox().x)")
    assert sorted(boxes) == pytest.approx([0, 0, 0, 333.3, 333.3, 333.3, 666.7, 666.7, 666.7], abs=1)
    heights = page.evaluate("() => [...document.querySelectorAll('.segments rect')].map((one) => one.getBBox().height)")
    weights = np.abs(list(excerpt.weights("sung").values()))
    np.testing.assert_allclose(np.array(heights) / max(heights), weights / weights.max(), atol=0.01)


@browser_test
def test_hostile_names_are_text(show: Callable[..., Page], excerpt: Explanation, tmp_path: Path) -> None:
    told: dict[str, Any] = {"title": EVIL, "notes": [Note(3.5, EVIL)], "source_url": f"https://example.org/{EVIL}"}
    hostile = write_page(excerpt, tmp_path / "hostile.html", **told)
    page = show(hostile.read_text(encoding="utf-8"))
    assert page.title() == EVIL
    assert page.locator(".tags button").nth(1).inner_text() == EVIL
    assert page.locator("img[src=x]").count() == 0
    assert EVIL in at(page, ".notes")


@browser_test
def test_a_blind_page_says_nothing_until_the_reader_has_guessed(
    show: Callable[..., Page], track: TrackExplanation
) -> None:
    page = show(page_html(track, blind=True))
    assert not page.locator(".why").is_visible()
    assert page.get_by_role("button", name="Only: vocals").count() == 0
    page.locator(".quiz").get_by_role("button", name="drums").click()
    told = "“sung” (0.55; silence: 0.05) comes most from vocals: +0.50."
    assert at(page, ".say") == f"Wrong (0 of 1 right so far). {told}"
    page.get_by_role("button", name="later ›").click()
    page.locator(".quiz").get_by_role("button", name="vocals").click()
    assert at(page, ".say").startswith("Right (1 of 2 right so far).")


@browser_test
def test_numbers_beside_a_sentence_have_its_decimals(show: Callable[..., Page], band: OracleFactorization) -> None:
    model = tagger(lambda b: np.stack([np.full(len(b), 0.045), strengths(b)[:, 0]], 1), sr=SR, labels=["tiny", "sung"])
    page = show(page_html(explain(band.mixture, model, factorization=band, start_s=3.0, duration_s=3.0), audio=None))
    for label, score, weight in (("tiny", "0.045", "0.000"), ("sung", "0.55", "+0.50")):
        page.get_by_role("button", name=label, exact=True).click()
        assert score in at(page, ".say")
        assert at(page, ".scores .number") == score
        assert at(page, ".bars .number") == weight


COLOURED = "() => document.querySelectorAll('.over-time [fill]').length"


@browser_test
def test_a_blind_page_tells_a_labels_means_and_a_windows_bars_only_once_they_are_guessed(
    show: Callable[..., Page], track: TrackExplanation
) -> None:
    page = show(page_html(track, blind=True))
    assert page.evaluate(COLOURED) == 0
    for steps, n in ((["later ›"], 3), (["‹ earlier"] * 2, 6), ([], 9)):
        assert not page.get_by_text("Over all 3 windows").is_visible(), "it would tell of what is not guessed yet"
        page.locator(".quiz").get_by_role("button", name="drums").click()
        assert page.evaluate(COLOURED) == n, "of the windows that are guessed"
        for step in steps:
            page.get_by_role("button", name=step).click()
    page.get_by_text("Over all 3 windows").click()
    rows = page.locator(".summary tbody tr:visible")
    assert [row.locator("td").first.inner_text() for row in rows.all()] == ["sung"]
    page.get_by_role("button", name="beaten", exact=True).click()
    assert page.evaluate(COLOURED) == 0


def near_ties(batch: np.ndarray) -> np.ndarray:
    turns = np.exp(-2j * np.pi * np.outer(np.arange(batch.shape[1]), list(TONES_HZ.values())) / SR)
    sung, beaten, low = (np.abs(batch @ turns) * 2 / batch.shape[1] / 0.25).T
    return np.stack([0.1 + 0.3 * sung + 0.26 * beaten, 0.4 + 0.2 * beaten - 0.2 * low], axis=1)


TIES = tagger(near_ties, sr=SR, labels=["both", "neither"], window_s=3.0)


@browser_test
def test_a_guess_is_judged_as_the_page_says_it(show: Callable[..., Page], band: OracleFactorization) -> None:
    """Sources that differ by less than what counts are all right; so are both answers where the baseline has it all."""
    found = explain_track(band.mixture, TIES, factorization=band, labels=["both", "neither"], cache=False)
    page = show(page_html(found, blind=True, audio=None))
    assert at(page, ".place") == "0:03.0–0:06.0"
    page.locator(".quiz").get_by_role("button", name="drums").click()
    said = "Right (1 of 1 right so far). drums adds as much as what is named first, to within 0.05. “both” (0.66; "
    assert at(page, ".say").startswith(said)
    page.get_by_role("button", name="neither").click()
    page.locator(".quiz").get_by_role("button", name="none of them").click()
    said = "Right (2 of 2 right so far). “neither” (0.40; silence: 0.40) is nearly as for silence"
    assert at(page, ".say").startswith(said)
    page.get_by_role("button", name="both").click()
    assert at(page, ".say").startswith("Right (1 of 1 right so far). drums"), "what was said is still there"


@browser_test
def test_a_guess_where_nothing_is_known_is_not_counted(show: Callable[..., Page], track: TrackExplanation) -> None:
    html = page_html(track, blind=True, audio=None)
    unknown = '"answers":{"right":[],"close":[],"none":false'
    page = show(re.sub(r'"answers":{"right":[^}]*"none":(true|false)', unknown, html))
    page.locator(".quiz").get_by_role("button", name="drums").click()
    assert at(page, ".say").startswith("Nobody can say here, so this is not counted. ")
    assert page.evaluate("() => audiolime.views[0].judged") == 0


@browser_test
def test_silence_is_not_asked_about(show: Callable[..., Page]) -> None:
    time = np.arange(6 * SR) / SR
    stems = {name: 0.1 * np.sin(2 * np.pi * hz * time) * (time >= 3) for name, hz in TONES_HZ.items()}
    late = OracleFactorization({name: (wave.astype(np.float32), SR) for name, wave in stems.items()})
    found = explain_track(late.mixture, MODEL, factorization=late, labels=["sung"], cache=False)
    page = show(page_html(found, blind=True, audio=None))
    page.locator(".quiz").get_by_role("button", name="vocals").click()
    assert page.get_by_text("In the one window that is not silent").is_visible(), "nothing is left to guess"
    page.get_by_role("button", name="‹ earlier").click()
    assert at(page, ".say").startswith("There is silence here")


@browser_test
def test_the_keyboard_goes_on_where_an_answer_is_read(show: Callable[..., Page], track: TrackExplanation) -> None:
    page = show(page_html(track, blind=True))
    page.locator(".quiz").get_by_role("button", name="drums").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.className") == "say"


@pytest.mark.usefixtures("studio")
def test_the_index_of_blind_pages_names_no_source() -> None:
    for options in ((), ("--blind",)):
        assert main(["page", "song.wav", *COMMAND, *options, "-o", "out"]) == 0
        assert ("top source" in Path("out/index.html").read_text(encoding="utf-8")) == (not options)


@browser_test
def test_two_factorizations_stand_side_by_side_and_only_one_sounds(
    show: Callable[..., Page], track: TrackExplanation, band: OracleFactorization
) -> None:
    other = explain_track(band.mixture, MODEL, factorization="hpss", labels=["sung"], cache=False)
    page = show(page_html([track, other]), viewport={"width": 1400, "height": 900})
    left, right = (one.bounding_box() for one in page.locator("section.view").all())
    assert left is not None
    assert right is not None
    assert left["y"] == right["y"]
    for number in (0, 1):
        page.get_by_role("button", name="Play", exact=True).nth(0).click()
        wait(page, f"() => audiolime.views[{number}].player.state === 'playing'")
    assert page.evaluate("() => audiolime.views[0].player.state") == "paused"


def chosen(page: Page) -> list[tuple[str, int, float]]:
    """Label, window and the player's second of each view."""
    told = "(v) => [v.data.labels[v.tag], v.window, v.player ? v.player.position() : 0]"
    return [(label, n, round(t, 1)) for label, n, t in page.evaluate(f"() => audiolime.views.map({told})")]


@browser_test
def test_splits_of_a_recording_are_chosen_together(
    show: Callable[..., Page], track: TrackExplanation, band: OracleFactorization
) -> None:
    other = explain_track(band.mixture, MODEL, factorization="hpss", labels=["beaten", "sung"], cache=False)
    page = show(page_html([track, other]), viewport={"width": 1400, "height": 900})
    assert chosen(page) == [("sung", 1, 3.0)] * 2
    page.get_by_role("button", name="beaten", exact=True).nth(1).click()
    assert chosen(page) == [("beaten", 0, 0.0)] * 2
    assert page.evaluate("() => location.hash") == "#t=0&tag=beaten&view=1"
    page.get_by_role("button", name="later ›").nth(0).click()
    assert chosen(page) == [("beaten", 1, 3.0)] * 2
    page.evaluate("() => audiolime.views[1].player.seek(4.5)")
    assert [t for _, _, t in chosen(page)] == [4.5, 4.5]
    page.evaluate("() => audiolime.views[0].player.seek(5.7)")
    page.get_by_role("button", name="Play", exact=True).nth(0).click()
    wait(page, "() => audiolime.views[1].window === 2")
    page.evaluate("() => audiolime.views[0].player.pause()")
    assert len({t for _, _, t in chosen(page)}) == 1
    page.evaluate("() => { location.hash = '#t=3&tag=sung&view=1' }")
    wait(page, "() => audiolime.views[0].tag === 0")
    assert [(label, n) for label, n, _ in chosen(page)] == [("sung", 1)] * 2


@browser_test
def test_two_recordings_and_two_passages_of_one_are_chosen_each_by_itself(
    show: Callable[..., Page], track: TrackExplanation, band: OracleFactorization
) -> None:
    how: dict[str, Any] = {"factorization": band, "labels": ["sung", "beaten"], "cache": False}
    part = explain_track(band.mixture, MODEL, start_s=3.0, **how)
    named = Audio(band.mixture.samples, SR, "another")
    for html in (page_html([track, part]), page_html([track, explain_track(named, MODEL, **how)])):
        page = show(html)
        page.get_by_role("button", name="beaten", exact=True).nth(0).click()
        assert [label for label, _, _ in chosen(page)] == ["beaten", "sung"]


@browser_test
def test_charts_of_one_label_have_one_scale(
    show: Callable[..., Page], track: TrackExplanation, band: OracleFactorization
) -> None:
    """Across splits, and across recordings; of a blind page only what has been guessed is in it."""
    how: dict[str, Any] = {"labels": ["sung", "beaten"], "cache": False}
    soft = Audio(band.mixture.samples * np.float32(0.5), SR, "soft")
    both = [track, explain_track(soft, MODEL, factorization="hpss", **how)]
    reach = "(v) => [...v.root.querySelectorAll('.bars rect')].map((one) => Number(one.getAttribute('width')))"
    page = show(page_html(both, audio=None))
    for label in ("sung", "beaten"):
        for button in page.get_by_role("button", name=label, exact=True).all():
            button.click()
        tops = [one.inner_text() for one in page.locator(".most").all()]
        assert len(set(tops)) == 1
        widths = np.concatenate(page.evaluate(f"() => audiolime.views.map({reach})"))
        shown = "(v) => v.cell.weights.map(Math.abs)"
        weights = np.concatenate(page.evaluate(f"() => audiolime.views.map({shown})"))
        np.testing.assert_allclose(widths / widths.max(), weights / weights.max(), atol=0.01)
    blind = show(page_html(both, audio=None, blind=True))
    top = blind.locator(".most").nth(1).inner_text()
    blind.locator(".quiz").first.get_by_role("button", name="drums").click()
    assert [one.inner_text() for one in blind.locator(".most").all()] == [blind.locator(".most").first.inner_text()] * 2
    assert top == "0.55", "the score itself is no secret"


@browser_test
def test_without_the_mixture_not_all_stems_are_there(show: Callable[..., Page], track: TrackExplanation) -> None:
    page = show(page_html(track, mixture=False, source_url="https://example.org/song"))
    names = page.evaluate("() => audiolime.views[0].player.data.stems.map((stem) => stem.name)")
    assert sorted(names) == ["drums", "vocals"]
    assert not page.get_by_role("button", name="Without vocals").is_visible()
    assert page.get_by_role("link", name="https://example.org/song").count() == 1


def test_without_the_mixture_a_recording_that_has_one_source_has_no_sound() -> None:
    hiss = 0.1 * np.random.default_rng(0).normal(size=9 * SR).astype(np.float32)
    alone = OracleFactorization({"bass": (hiss, SR)})
    only = explain_track(alone.mixture, MODEL, factorization=alone, labels=["sung"], min_score=0, cache=False)
    assert "<audio" not in page_html(only, mixture=False)
    assert 'data-piece="0"' not in page_html(only, mixture=False)
    assert 'data-piece="0"' in page_html(only)


def test_names_that_begin_alike_are_told_apart(band: OracleFactorization) -> None:
    parts = {"vocals": "vocal", "drums": "vocal choir", "bass": "bass"}
    named = OracleFactorization({new: (band.factorize(band.mixture)[old].samples, SR) for old, new in parts.items()})
    found = explain_track(named.mixture, MODEL, factorization=named, labels=["beaten"], cache=False)
    assert '"name":"vocal choir"' in page_html(found, mixture=False)
    assert '"name":"vocal"' not in page_html(found, mixture=False).split("audiolime-data")[1].split("</script>")[0]


@browser_test
def test_without_sound_all_numbers_are_there(show: Callable[..., Page], track: TrackExplanation) -> None:
    page = show(page_html(track, audio=None))
    assert page.get_by_role("button", name="Play").count() == 0
    page.get_by_role("button", name="beaten", exact=True).click()
    assert at(page, ".say").startswith("“beaten” (0.70; silence: 0.30) comes most from drums")


@browser_test
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_barrier_is_found(show: Callable[..., Page], track: TrackExplanation, scheme: str) -> None:
    assert violations(show(page_html(track, notes=[Note(1.0, "a breath")]), color_scheme=scheme)) == []


@browser_test
def test_every_part_of_a_page_and_of_the_index_lies_in_a_landmark_of_its_own(
    show: Callable[..., Page], track: TrackExplanation, tmp_path: Path
) -> None:
    index = write_index([Entry.of(track, "song.html")], tmp_path / "index.html").read_text(encoding="utf-8")
    for html in (page_html([track] * 3), index):
        assert violations(show(html), impacts=("minor", "moderate", "serious", "critical")) == []


LONG = {"vocals": "piano+guitar", "drums": "accompaniment", "bass": "female-vocals-and-a-choir"}
FAULTS = """() => {
  const cut = [...document.querySelectorAll("button, th, td, .name, .al-name, .say")].filter(
    (one) => one.offsetParent && one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflow !== "visible");
  const wide = document.scrollingElement.scrollWidth > innerWidth;
  return [...cut.map((one) => one.textContent), ...(wide ? [`page of ${document.scrollingElement.scrollWidth}`] : [])];
}"""

BROKEN = """() => [...document.querySelectorAll(".bar .name")].filter((one) => {  // names that break within a word
  const text = one.firstChild;
  return [...text.data.matchAll(/[a-z]+/g)].some(({ index, 0: word }) => {
    const range = document.createRange();
    range.setStart(text, index);
    range.setEnd(text, index + word.length);
    return range.getClientRects().length > 1;
  });
}).map((one) => one.textContent)"""


@pytest.fixture(scope="module")
def splits(band: OracleFactorization) -> list[TrackExplanation]:
    """The recording split in three ways, one of them into sources of long names."""
    stems = band.factorize(band.mixture)
    named = OracleFactorization({new: (stems[old].samples, SR) for old, new in LONG.items()})
    made: list[Any] = [named, "hpss", "bands:4"]
    return [explain_track(named.mixture, MODEL, factorization=one, labels=[0, 1, EVIL], cache=False) for one in made]


@browser_test
@pytest.mark.parametrize("n_splits", [1, 2, 3])
def test_nothing_scrolls_sideways_and_nothing_is_cut_at_any_width(
    show: Callable[..., Page], splits: list[TrackExplanation], n_splits: int
) -> None:
    page = show(page_html(splits[:n_splits]))
    for width in (360, 768, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(FAULTS) == [], width
        places = page.evaluate("() => [...document.querySelectorAll('section.view')].map((v) => v.offsetLeft)")
        assert len(set(places)) == (n_splits if width >= 1280 else 1), f"{width}: beside each other, or below"


@browser_test
def test_a_long_word_of_a_note_and_names_in_bars_fit_a_telephone(
    show: Callable[..., Page], splits: list[TrackExplanation]
) -> None:
    page = show(page_html(splits, notes=[Note(1.0, "a" * 73)]), viewport={"width": 360, "height": 900})
    assert page.evaluate(FAULTS) == []
    for one in page.get_by_role("button", name="beaten", exact=True).all():
        one.click()
    for width in (360, 768, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(BROKEN) == [], width


@browser_test
def test_what_is_alike_in_splits_lies_at_one_height(show: Callable[..., Page], splits: list[TrackExplanation]) -> None:
    page = show(page_html(splits), viewport={"width": 1280, "height": 900})
    for part in (".tags", ".over", ".explanation", ".listen"):
        tops = page.evaluate(f"() => [...document.querySelectorAll('.view > {part}')].map((one) => one.offsetTop)")
        assert len(tops) == 3
        assert max(tops) - min(tops) <= 1, part


@browser_test
def test_a_legend_says_what_is_seen_and_can_be_folded_away(show: Callable[..., Page], track: TrackExplanation) -> None:
    page = show(page_html(track))
    said = page.locator(".legend").inner_text()
    for what in ("Map.", "Tick.", "Hatched ground.", "Grey foot of a bar.", "Pale bars."):
        assert what in said
    for what in ("below 0.30", "window of 3.0 s"):
        assert what in said
    for what in ("Label: a word", "Window: the 3.0 s", "Score: how strongly", "Source: one of", "Silence: what"):
        assert what in said
    page.get_by_text("What the words and colours mean").click()
    assert not page.get_by_text("Hatched ground.").is_visible()


@browser_test
def test_windows_that_are_not_explained_or_stay_low_are_seen(
    show: Callable[..., Page], band: OracleFactorization
) -> None:
    some = explain_track(
        band.mixture, MODEL, factorization=band, labels=["beaten"], at=[0, 6], min_score=0.5, cache=False
    )
    page = show(page_html(some, audio=None))
    drawn = "(name) => [...document.querySelectorAll(`.over-time .${name}`)].map((one) => one.getBBox().x)"
    assert page.evaluate(drawn, "ground") == pytest.approx([0, 666.67], abs=1)
    assert page.evaluate(drawn, "faded") == pytest.approx([666.67], abs=1)  # without drums it stays at 0.10
    assert page.locator("details.summary > summary").inner_text() == "In the 2 windows chosen"


@browser_test
def test_what_is_jargon_is_folded_away(show: Callable[..., Page], track: TrackExplanation) -> None:
    page = show(page_html(track))
    for word in ("Shapley", "R²", "exact", "mask", "baseline", "prediction", " of 100", "%"):
        assert word not in page.locator("body").inner_text(), word
    page.get_by_text("How this was computed").click()
    assert "Shapley" in page.locator("body").inner_text()


@browser_test
def test_numbers_have_one_minus_sign(show: Callable[..., Page], track: TrackExplanation) -> None:
    page = show(page_html(track))
    page.get_by_role("button", name="beaten", exact=True).click()
    said = page.locator("body").inner_text()
    assert "−0.20" in said
    assert not re.findall(r"(?<!\w)-\.?\d", said)


@browser_test
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_of_seven_stems_has_a_colour_of_its_own(show: Callable[..., Page], scheme: str) -> None:
    rng, names = np.random.default_rng(0), ("vocals", "drums", "bass", "guitar", "piano", "other", "strings")
    parts = {name: (0.1 * rng.normal(size=3 * SR).astype(np.float32), SR) for name in names}
    band = OracleFactorization(parts)
    seven = explain_track(band.mixture, MODEL, factorization=band, labels=["sung"], min_score=0, cache=False)
    page = show(page_html(seven), color_scheme=scheme)
    fill = "(which) => [...document.querySelectorAll(which)].map((one) => getComputedStyle(one).fill)"
    swatches = page.evaluate(fill, ".al-swatch rect")
    assert len(set(swatches)) == 7
    assert page.evaluate(fill, ".bars rect") == swatches
    assert not set(swatches) & set(page.evaluate(fill, ".over-time .empty, .beyond, .ground, .track, .scores .empty"))


@browser_test
def test_without_javascript_the_tables_are_there(show: Callable[..., Page], track: TrackExplanation) -> None:
    page = show(page_html(track), java_script_enabled=False)
    assert "vocals in 2 of 2 windows of 0.30 or more" in at(page, "table")
    assert "Without JavaScript" in page.content()


@browser_test
@pytest.mark.parametrize("blind", [False, True])
def test_without_javascript_nothing_is_there_that_needs_it(
    show: Callable[..., Page], track: TrackExplanation, blind: bool
) -> None:
    page = show(page_html(track, blind=blind, notes=[Note(1.0, "a breath")]), java_script_enabled=False)
    assert [one.inner_text() for one in page.locator("button:visible:enabled").all()] == []
    assert page.locator("canvas:visible, .over-time:visible, .legend:visible, .quiz:visible").count() == 0
    assert page.get_by_text("a breath").is_visible()
    assert page.locator("table").is_visible() == (not blind)
    said = page.locator("noscript").first.inner_text()
    assert ("This page is a quiz and needs JavaScript" in said) == blind
    assert ("this page shows the tables below" in said) == (not blind)


@browser_test
def test_without_javascript_it_is_said_what_can_be_heard(show: Callable[..., Page], ragged: TrackExplanation) -> None:
    said = "0:03.99–0:06.98: “sung” (0.55; silence: 0.05) comes most from vocals: +0.50."
    page = show(page_html(ragged, notes=[Note(2.0, "a breath")]), java_script_enabled=False)
    assert said in page.locator(".listen > noscript").inner_text()
    assert page.locator("audio:visible").count() == 2
    assert "Listening needs" not in page.content()
    assert said not in page_html(ragged, blind=True), "it would tell"


def test_a_page_of_several_splits_names_each_reference_once_and_explains_what_any_of_them_has(
    track: TrackExplanation, excerpt: Explanation
) -> None:
    left = replace(track, windows=tuple(replace(one, names=(*one.names[:-1], "residual")) for one in track.windows))
    html = page_html([excerpt, left], audio=None)
    keys = re.findall(r"@\w+\{([^,]+),", html)
    assert keys
    assert len(keys) == len(set(keys))
    assert "<b>Residual:</b> what of the recording is in none of the other sources." in html
    assert "<b>Residual:</b>" not in page_html(track, audio=None)


def test_without_javascript_the_strongest_moment_can_be_heard(track: TrackExplanation) -> None:
    found = re.findall(r"<p>([^<]*): <audio controls src=.data:audio/mpeg;base64,([^\"']+)", page_html(track))
    assert [name for name, _ in found] == ["mixture", "mixture: vocals"]
    mix, vocals = (soundfile.read(io.BytesIO(base64.b64decode(data)), always_2d=True)[0].T for _, data in found)
    assert mix.shape[-1] == vocals.shape[-1] == 3 * SR
    assert amplitudes(vocals[:, SR // 2 : -SR // 2], SR)[0] == pytest.approx(0.25, abs=0.02)
    assert max(amplitudes(vocals[:, SR // 2 : -SR // 2], SR)[1:]) < 0.01
    assert amplitudes(mix, SR)[2] > 0.2  # the bass, which plays throughout
    assert "<audio" not in page_html(track, audio=None)


def test_the_first_lines_say_what_there_is(track: TrackExplanation, band: OracleFactorization) -> None:
    other = explain_track(
        Audio(band.mixture.samples, SR, "other"), MODEL, factorization=band, labels=["sung"], cache=False
    )
    loud, mute, blind = page_html(track), page_html([track, other], audio=None), page_html(track, blind=True)
    assert "listened to this recording and" in loud
    assert "Which of its sources" in loud
    assert "a label and a window, read the explanation, and listen." in loud
    assert "listened to these recordings and" in mute
    assert "Which of their sources" in mute
    assert "a label and a window, and read the explanation." in mute
    assert "a label and a window, guess, read the explanation, and listen." in blind


NOTES = [Note(7.0, "the end"), Note(4.5, "a breath")]


@browser_test
def test_notes_stand_once_in_their_order_above_all_and_play_from_there(
    show: Callable[..., Page], track: TrackExplanation, band: OracleFactorization
) -> None:
    other = explain_track(band.mixture, MODEL, factorization="hpss", labels=["sung"], cache=False)
    page = show(page_html([track, other], notes=[Note(9.0, "gone"), *NOTES]))
    assert page.locator(".notes li").all_inner_texts() == ["0:04.5\na breath", "0:07.0\nthe end", "0:09.0\ngone"]
    tops = page.evaluate("() => ['.notes', '.view', '.caveat'].map((one) => document.querySelector(one).offsetTop)")
    assert tops == sorted(tops)
    page.evaluate("() => audiolime.views[0].player.loop(0, 1)")
    page.get_by_role("button", name="0:07.0").click()
    wait(page, "() => audiolime.views[0].player.state === 'playing'")
    assert 7.0 <= page.evaluate("() => audiolime.views[0].player.position()") < 8.5
    assert [n for _, n, _ in chosen(page)] == [2, 2]
    page.get_by_role("button", name="Play", exact=True).click()
    wait(page, "() => audiolime.views[1].player.state === 'playing'")
    page.get_by_role("button", name="0:04.5").click()
    wait(page, "() => audiolime.views[1].player.position() < 6")
    assert page.evaluate("() => audiolime.views.map((view) => view.player.state)") == ["paused", "playing"]
    page.get_by_role("button", name="0:09.0").click()
    wait(page, "() => audiolime.views[1].player.state === 'paused'")
    assert page.evaluate("() => audiolime.views[1].player.position()") == pytest.approx(9.0)
    page.get_by_role("button", name="0:09.0").click()
    page.wait_for_timeout(500)
    assert page.evaluate("() => audiolime.views[0].player.position()") > 8.9, "it would begin anew"


@browser_test
def test_a_passage_is_told_in_the_recordings_time_everywhere(
    show: Callable[..., Page], band: OracleFactorization
) -> None:
    part = explain_track(band.mixture, MODEL, factorization=band, labels=["sung"], start_s=3.0, cache=False)
    page = show(page_html(part, notes=[Note(7.0, "here")]))
    assert (at(page, ".place"), at(page, ".al-now"), at(page, ".al-total")) == ("0:03.0–0:06.0", "0:03.0", "/ 0:09.0")
    assert page.get_by_label("Position").get_attribute("aria-valuetext") == "0:03.0 of 0:09.0"
    page.get_by_role("button", name="0:07.0").click()
    page.evaluate("() => audiolime.views[0].player.pause()")
    assert at(page, ".al-now").startswith("0:07.")
    assert at(page, ".place") == "0:06.0–0:09.0"


def test_notes_that_no_player_could_go_to_are_refused(
    track: TrackExplanation, excerpt: Explanation, band: OracleFactorization
) -> None:
    named = Audio(band.mixture.samples, SR, "another")
    other = explain_track(named, MODEL, factorization="hpss", labels=["sung"], cache=False)
    with pytest.raises(UsageError, match=r"the note at 0:02\.9 is outside what is explained, 0:03\.0 to 0:06\.0"):
        page_html(excerpt, notes=[Note(2.9, "before")])
    with pytest.raises(UsageError, match="notes are remarks on one recording"):
        page_html([track, other], notes=NOTES)


def test_nothing_in_it_points_outside(track: TrackExplanation) -> None:
    html = page_html(track)
    assert "default-src &#39;none&#39;" in html
    assert not re.search(r"""(src|href|action)=["']?(https?:)?//""", html)
    assert "unsafe-inline" not in html


def test_where_before_what_still_works_with_a_warning(track: TrackExplanation, tmp_path: Path) -> None:
    old: Any = tmp_path / "old.html"
    with pytest.warns(DeprecationWarning, match="what first"):
        assert write_page(old, track) == old  # type: ignore[arg-type]
    first = old.read_bytes()
    assert write_page(track, old).read_bytes() == first


def test_an_unwritable_place_leaves_the_old_page(track: TrackExplanation, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        write_page(track, tmp_path / "nowhere" / "page.html")


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from tests.cli.test_commands import furnish

    furnish(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*sys.path, str(tmp_path)])
    return tmp_path


COMMAND = ("-t", "studio_models:windowed", "-f", "oracle:stems", "--no-cache")


@pytest.mark.usefixtures("studio")
def test_one_file_becomes_one_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["page", "song.wav", *COMMAND]) == 0
    assert capsys.readouterr().out == "open song.html in a browser\n"
    data = re.search(r'class="view-data">(.*?)</script>', Path("song.html").read_text(encoding="utf-8"), re.DOTALL)
    assert data is not None
    assert json.loads(data[1])["labels"]


@pytest.mark.usefixtures("studio")
def test_folders_on_the_way_to_a_page_are_made_but_not_for_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["page", "song.wav", *COMMAND, "-o", "new/deep/page.html"]) == 0
    assert Path("new/deep/page.html").exists()
    assert main(["page", "missing.wav", *COMMAND, "-o", "other/page.html"]) == 4
    assert main(["page", "missing.wav", *COMMAND, "-o", "others"]) == 4
    assert not Path("other").exists()
    assert not Path("others").exists()
    Path("file").write_text("in the way")
    capsys.readouterr()
    for output in ("file/page.html", "file/pages"):
        assert main(["page", "song.wav", *COMMAND, "-o", output]) == 1
        assert "file is not a folder" in capsys.readouterr().err


@pytest.mark.usefixtures("studio")
def test_a_folder_becomes_pages_and_an_index(capsys: pytest.CaptureFixture[str]) -> None:
    Path("songs").mkdir()
    for name in ("one", "two <b>"):
        (Path("songs") / f"{name}.wav").write_bytes(Path("song.wav").read_bytes())
    assert main(["page", "songs", *COMMAND, "-o", "out"]) == 0
    assert {path.name for path in Path("out").iterdir()} == {"index.html", "one.html", "two <b>.html"}
    index = Path("out/index.html").read_text(encoding="utf-8")
    assert 'href="two%20%3Cb%3E.html"' in index
    assert "two &lt;b&gt;" in index


@pytest.mark.usefixtures("studio")
def test_recordings_of_one_name_have_pages_of_their_own_and_the_index_tells_them_apart() -> None:
    for name in ("same.wav", "same.flac", "other/same.wav"):
        (Path("songs") / name).parent.mkdir(parents=True, exist_ok=True)
        (Path("songs") / name).write_bytes(Path("song.wav").read_bytes())
    assert main(["page", "songs", "songs/other", *COMMAND, "-o", "out"]) == 0
    index = Path("out/index.html").read_text(encoding="utf-8")
    pages = {"same.flac.html": "same.flac", "songs-same.wav.html": "songs/same.wav"}
    pages["other-same.wav.html"] = "other/same.wav"
    assert dict(re.findall('<a href="([^"]+)">([^<]+)</a>', index)) == pages
    for page, name in pages.items():
        assert f"<title>{name}" in (Path("out") / page).read_text(encoding="utf-8")


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--notes", "none.csv"), r"cannot read none\.csv"),
        (("--notes", "bad.csv"), r"bad\.csv, line 2: a time and a text are needed"),
        (("--notes", "inf.csv"), r"inf\.csv, line 2: a time and a text are needed"),
        (("--notes", "mute.csv"), r"mute\.csv, line 1: a time and a text are needed"),
        (("--notes", "empty.csv"), r"empty\.csv holds no remark"),
        (("--labels", "lowd"), r"unknown label 'lowd'"),
        (("-f", "hppss"), r"unknown factorization 'hppss'"),
    ],
)
def test_wrong_usage_of_page(capsys: pytest.CaptureFixture[str], args: tuple[str, ...], message: str) -> None:
    Path("bad.csv").write_text("1:02,fine\nsoon,not a time\n", encoding="utf-16")
    Path("inf.csv").write_text("time,text\n1e999,never\n")
    Path("mute.csv").write_text("1.5, \n")
    Path("empty.csv").write_text("time,text\n")
    assert main(["page", "song.wav", *COMMAND, *args]) == 2
    assert re.search(message, capsys.readouterr().err)
    assert not Path("song.html").exists()


NAMES = ['it\'s "quoted".wav', "🎷 小提琴.wav", "<script>alert(1)<script>.wav"]


@browser_test
@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize("name", NAMES)
def test_any_file_name_makes_a_harmless_page(show: Callable[..., Page], name: str) -> None:
    Path("song.wav").rename(name)
    assert main(["page", name, "-t", "studio_models:windowed", "-f", "hpss", "--no-cache", "-o", "page.html"]) == 0
    page = show(Path("page.html").read_text(encoding="utf-8"))
    assert page.title() == name.removesuffix(".wav")
    command = page.locator("footer button[data-copy]").get_attribute("data-copy")
    assert shlex.split(command or "")[:3] == ["audiolime", "page", name]


@browser_test
@pytest.mark.usefixtures("studio")
def test_mono_at_96_khz_becomes_a_page_that_plays(show: Callable[..., Page]) -> None:
    rng = np.random.default_rng(0)
    hiss = 0.1 * rng.normal(size=(1, 3 * 96000)).astype(np.float32)
    Audio(hiss, 96000).write("hiss.wav")
    command = ["page", "hiss.wav", "-t", "studio_models:windowed", "-f", "hpss", "--no-cache"]
    assert main(command) == 0
    page = show(Path("hiss.html").read_text(encoding="utf-8"))
    assert "MP3 cannot hold the recording's 96,000 Hz" in page.content()
    page.get_by_role("button", name="Play", exact=True).click()
    wait(page, "() => audiolime.views[0].player.state === 'playing'")


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize(
    ("hiss", "message"),
    [
        (np.zeros((1, 3 * SR), np.float32), "is silent"),
        (np.ones((1, SR // 20), np.float32), r"is 0\.050 s long; the model needs at least 0\.100 s"),
    ],
)
def test_a_recording_that_cannot_be_explained_leaves_no_page(
    capsys: pytest.CaptureFixture[str], hiss: np.ndarray, message: str
) -> None:
    Audio(hiss, SR).write("hiss.wav")
    assert main(["page", "hiss.wav", "-t", "studio_models:windowed", "-f", "hpss", "--no-cache"]) == 4
    assert re.search(message, capsys.readouterr().err)
    assert not Path("hiss.html").exists()


@pytest.mark.usefixtures("studio")
def test_where_no_tag_is_high_the_highest_are_shown_and_that_is_said() -> None:
    assert main(["page", "song.wav", *COMMAND, "--min-score", "0.99999"]) == 0
    assert "no label reaches 0.99999 in any window" in Path("song.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("studio")
def test_a_folder_without_recordings_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    Path("empty").mkdir()
    assert main(["page", "empty", *COMMAND]) == 2
    assert "empty is a folder without recordings" in capsys.readouterr().err
