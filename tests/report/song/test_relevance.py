"""Maps of relevance on a page: what they say beside the sources, what is heard, and how a real browser shows them."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from audiolime_ext import Audio, TrackExplanation, explain, explain_track, load_audio
from audiolime_ext.errors import UsageError
from audiolime_ext.gradients.parts.agreement import agreement
from audiolime_ext.gradients.parts.beside import map_beside
from audiolime_ext.gradients.pipeline import relevance
from audiolime_ext.gradients.relevance import Relevance
from audiolime_ext.report.page import write_page
from audiolime_ext.report.song import relevance as on_page
from audiolime_ext.report.song.page import page_html
from audiolime_ext.report.song.relevance import matched
from tests.browser.pages import opened, wait
from tests.gradients.networks import Network, logistic, one_place
from tests.gradients.stems import ALL, HIGH, LOW, hears_bass, saturated, stems
from tests.report.player.test_player import violations

BAND = stems([0.1, 0.1, 0.02, 0.1], [0.1, 0.1, 0.1, 0.02])
MIX = BAND.mixture
LABELS = ["deep", "bright", "plain"]
HEARS = Network(
    logistic(
        np.concatenate(
            [2 * one_place(ALL, LOW) - one_place(ALL, HIGH), 2 * one_place(ALL, HIGH), one_place(ALL, slice(8, 20))]
        ),
        -1.0,
    ),
    labels=LABELS,
)
USUAL: dict[str, Any] = {"factorization": BAND, "cache": False, "progress": False}


@pytest.fixture(scope="module")
def track() -> TrackExplanation:
    return explain_track(MIX, HEARS, labels=LABELS, **USUAL)


@pytest.fixture(scope="module")
def maps(track: TrackExplanation) -> list[Relevance]:
    """Of two of the three labels; the second is of two windows only."""
    return [
        map_beside(track, MIX, HEARS, label="deep"),
        relevance(MIX, HEARS, label="bright", at=[0.0, 2.0]),
    ]


# Which map belongs where.


def test_maps_go_to_the_views_of_their_recording_and_label_in_the_order_of_the_labels(
    track: TrackExplanation, maps: list[Relevance]
) -> None:
    few = explain_track(MIX, HEARS, labels=["bright"], **USUAL)
    assert [[one.label for one in own] for own in matched(maps[::-1], [track, few])] == [["deep", "bright"], ["bright"]]


def test_a_map_that_fits_nothing_is_refused_with_the_reason(track: TrackExplanation, maps: list[Relevance]) -> None:
    few = explain_track(MIX, HEARS, labels=["bright"], **USUAL)
    late = explain_track(MIX, HEARS, labels=["deep"], start_s=2.0, **USUAL)
    early = relevance(MIX, HEARS, label="deep", duration_s=2.0)
    cases = [
        (
            replace(maps[0], sha256="0"),
            track,
            "'deep' in .* fits nothing on the page: its recording is not on the page",
        ),
        (maps[0], few, "its label is not explained there, but 'bright'; leave it out"),
        (early, late, r"it is of 0:00\.0 to 0:02\.0, and the page shows 0:02\.0 to 0:04\.0"),
    ]
    for one, view, why in cases:
        with pytest.raises(UsageError, match=why):
            page_html(view, maps=[one], audio=None)
    with pytest.raises(UsageError, match=r"two maps are of 'deep' in .*; give one for each label"):
        page_html(track, maps=[maps[0], maps[0]], audio=None)
    with pytest.raises(UsageError, match="the map is of the target log-odds, and the weights of score"):
        page_html(track, maps=[relevance(MIX, HEARS, label="deep", target="log-odds")], audio=None)


# What is said.


def test_the_page_says_that_the_mass_lies_where_the_one_stem_is_that_is_read(track: TrackExplanation) -> None:
    network = hears_bass()
    one = explain(MIX, network, factorization=BAND, start_s=0.0, progress=False)
    found = map_beside(one, MIX, network)
    bass = next(row for row in agreement(found, one).rows if row.component == "bass")
    assert bass.on_for is not None
    assert bass.on_for >= 0.95
    told = on_page.map_view(found, one, sound=False, mixture=True, player=True)
    assert told.agreed == ("The map and the weights agree on every component.",)
    assert told.header[-1] == "verdict"
    own = dict(zip(told.header, next(row for row in told.rows if row[0] == "bass"), strict=True))
    assert own["verdict"] == "agrees"
    assert int(own["map for"].removesuffix(" %")) >= 95
    hz = re.findall(r"most for “loud” at (\d+)–(\d+)\sHz", " ".join(told.told))
    assert len(hz) == 1, "the eight lowest bands of 32"


def test_the_page_says_where_the_map_and_the_sources_disagree() -> None:
    network = saturated()
    one = explain(MIX, network, factorization=BAND, start_s=0.0, progress=False)
    text = page_html(one, maps=[map_beside(one, MIX, network, method="gradients")], audio=None)
    assert re.search(
        r"<li>cymbals: the map puts 9\d\s% of what is for loud there \(.*switching it off changes nothing", text
    )
    assert "A map says what the network does with its input, not what is true of the music." in text


def test_where_bands_are_not_known_no_layer_is_drawn_and_it_is_said(
    track: TrackExplanation, maps: list[Relevance]
) -> None:
    text = page_html(track, maps=[replace(maps[0], bands_hz=None, top_hz=None)])
    assert "does not say which frequencies its bands are, so the map is not drawn here." in text
    assert 'class="al-map"' not in text
    assert "Its most relevant part cannot be heard: the bands’ frequencies are not known." in text.replace("&#39;", "’")


def test_without_a_player_it_is_said_why_nothing_is_drawn(track: TrackExplanation, maps: list[Relevance]) -> None:
    text = page_html(track, maps=maps, audio=None)
    assert "over the spectrogram of the player, which this page does not have." in text
    assert "<audio" not in text


def test_references_and_the_command_name_what_the_maps_were_made_with(
    track: TrackExplanation, maps: list[Relevance]
) -> None:
    text = page_html(track, maps=maps, audio=None)
    assert text.count("sundararajan2017axiomatic") == 1
    assert "--gradients integrated" in text
    assert "--gradients" not in page_html(track, audio=None)


# What is heard.


def decoded(address: str, tmp_path: Any) -> Audio:
    file = tmp_path / "clip.mp3"
    file.write_bytes(base64.b64decode(address.partition(",")[2]))
    return load_audio(file)


def test_the_part_and_the_rest_are_heard_and_not_where_they_would_be_the_recording(
    maps: list[Relevance], tmp_path: Any
) -> None:
    sounds, why = on_page.sounds_of(maps[0], mixture=True)
    assert [name for name, _ in sounds] == ["Most relevant part, 0:00.0–0:04.0", "The rest, 0:00.0–0:04.0"]
    assert why == ""
    part = decoded(sounds[0][1], tmp_path)
    spectrum = np.abs(np.fft.rfft(part.samples[0])) ** 2
    low = np.fft.rfftfreq(part.n_samples, 1 / part.sr) < 700
    assert spectrum[low].sum() / spectrum.sum() > 0.95
    sounds, why = on_page.sounds_of(maps[0], mixture=False)
    assert sounds == ()
    assert why == "Its most relevant part and the rest cannot be heard here: together they are the recording."
    assert on_page.sounds_of(replace(maps[0], audio=None), mixture=True)[0] == ()
    none = replace(maps[0], values=-np.abs(maps[0].values))
    assert on_page.sounds_of(none, mixture=True) == (
        (),
        "Nothing speaks for “deep”, so there is no most relevant part to hear.",
    )


def test_of_a_long_map_the_window_of_the_highest_value_is_heard(
    maps: list[Relevance], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_page, "MOST_S", 3.0)
    best = max(maps[0].windows, key=lambda one: one.value).start_s
    sounds, _ = on_page.sounds_of(maps[0], mixture=True)
    assert sounds[0][0] == f"Most relevant part, 0:{best:04.1f}–0:{best + 1:04.1f}"


def test_a_page_that_must_not_hold_the_recording_holds_neither(track: TrackExplanation, maps: list[Relevance]) -> None:
    text = page_html(track, maps=maps, mixture=False)
    assert "<figure><figcaption>Most relevant part" not in text
    assert "together they are the recording." in text
    assert "<figure><figcaption>Most relevant part" in page_html(track, maps=maps)


# A real browser.

browser_test = pytest.mark.browser


@pytest.fixture
def show(browser: Browser, tmp_path: Any) -> Iterator[Callable[..., Page]]:
    opening: list[Any] = []

    def page(html: str, **options: Any) -> Page:
        opening.append(opened(browser, tmp_path, html, **options))
        return opening[-1].__enter__()  # type: ignore[no-any-return]

    yield page
    for one in opening:
        one.__exit__(None, None, None)


def seen(page: Page) -> dict[str, Any]:
    """What of the maps is seen: labels of layers and blocks, the number of gaps, the line, and the button's state."""
    found: dict[str, Any] = page.evaluate(
        """() => {
          const visible = (one) => one.checkVisibility();
          const alts = [...document.querySelectorAll(".al-map")].filter(visible).map((one) => one.alt.split(" ")[4]);
          const button = document.querySelector("[data-do=map]");
          return {
            layers: alts.map((alt) => alt.replace(",", "")),
            blocks: [...document.querySelectorAll(".map")].filter(visible).map((one) => one.dataset.map),
            gaps: [...document.querySelectorAll(".al-unexplained span")].filter(visible).length,
            told: document.querySelector(".al-told").textContent,
            button: visible(button) ? button.getAttribute("aria-pressed") : null,
            none: [...document.querySelectorAll(".no-map")].filter(visible).map((one) => one.textContent),
          };
        }"""
    )
    return found


@browser_test
def test_the_map_of_the_chosen_label_is_seen_and_a_label_without_one_says_so(
    show: Callable[..., Page], track: TrackExplanation, maps: list[Relevance]
) -> None:
    page = show(page_html(track, maps=maps))
    first = seen(page)
    assert (first["layers"], first["blocks"], first["gaps"], first["button"]) == (["deep"], ["deep"], 0, "true")
    page.get_by_role("button", name="bright", exact=True).click()
    second = seen(page)
    assert (second["layers"], second["blocks"], second["gaps"]) == (["bright"], ["bright"], 2)
    page.get_by_role("button", name="plain", exact=True).click()
    third = seen(page)
    assert (third["layers"], third["blocks"], third["gaps"], third["button"]) == ([], [], 0, None)
    assert third["told"] == third["none"][0] == "No map was made for “plain”."
    page.get_by_role("button", name="deep", exact=True).click()
    assert seen(page)["layers"] == ["deep"]


@browser_test
def test_the_layer_lies_on_the_spectrogram_and_under_the_playhead(
    show: Callable[..., Page], track: TrackExplanation, maps: list[Relevance]
) -> None:
    page = show(page_html(track, maps=maps))
    page.get_by_role("button", name="bright", exact=True).click()
    boxes = page.evaluate(
        """() => ["img:not(.al-part, .al-map)", ".al-map:not([hidden])", ".al-unexplained span"].map((selector) => {
          const box = document.querySelector(`.al-picture ${selector}`).getBoundingClientRect();
          return [box.left, box.top, box.width, box.height];
        })"""
    )
    assert boxes[0] == boxes[1]
    left, _, width, _ = boxes[0]
    assert boxes[2][0] == pytest.approx(left + width / 4, abs=1)
    assert boxes[2][2] == pytest.approx(width / 4, abs=1)
    page.evaluate("audiolime.views[0].player.seek(0.5)")
    picture = np.asarray(Image.open(io.BytesIO(page.locator(".al-picture").screenshot())).convert("RGB"), float)
    white = (picture > 240).all(axis=(0, 2))
    assert np.flatnonzero(white).mean() == pytest.approx(width / 8, abs=1), "the playhead is over everything"
    colours = picture[:, : round(width / 8) - 4].reshape(-1, 3)
    assert (colours[:, 0] > colours[:, 2] + 80).any(), "orange is seen"


@browser_test
def test_the_line_says_what_the_map_says_at_the_playhead_and_follows_it(
    show: Callable[..., Page], track: TrackExplanation, maps: list[Relevance]
) -> None:
    page = show(page_html(track, maps=maps))
    page.get_by_role("button", name="bright", exact=True).click()
    player = "audiolime.views[0].player"
    page.evaluate(f"{player}.seek(0.3)")
    assert re.fullmatch(r"At 0:00: most for “bright” at 1\.\d–\d(\.\d)? kHz\.", seen(page)["told"])
    page.evaluate(f"{player}.seek(1.5)")
    assert seen(page)["told"] == "At 0:01: not explained."
    described = page.locator(".al-seek").get_attribute("aria-describedby")
    assert page.locator(f"#{described}").text_content() == "At 0:01: not explained.", "readers of screens hear it"
    page.evaluate(f"{player}.play()")
    wait(page, "document.querySelector('.al-told').textContent.startsWith('At 0:02: most for “bright”')")
    page.evaluate(f"{player}.pause()")


@browser_test
def test_the_layer_is_switched_by_button_and_key_and_the_spectrogram_comes_back(
    show: Callable[..., Page], track: TrackExplanation, maps: list[Relevance]
) -> None:
    page = show(page_html(track, maps=maps))
    part = page.locator(".al-part:not([hidden])").first
    assert not part.is_visible()
    button = page.get_by_role("button", name="Map of relevance")
    button.click()
    off = seen(page)
    assert (off["layers"], off["gaps"], off["told"], off["button"]) == ([], 0, "", "false")
    assert part.is_visible()
    assert off["blocks"] == ["deep"], "what is said stays"
    page.locator(".audiolime").first.focus()
    page.keyboard.press("m")
    assert seen(page)["button"] == "true"
    button.focus()
    page.keyboard.press("Enter")
    assert seen(page)["button"] == "false"
    page.get_by_role("button", name="bright", exact=True).click()
    assert seen(page)["layers"] == [], "off stays off"


@browser_test
def test_the_part_the_rest_and_the_player_never_sound_together(
    show: Callable[..., Page], track: TrackExplanation, maps: list[Relevance]
) -> None:
    page = show(page_html(track, maps=maps))
    clips, player = "document.querySelectorAll('.map:not([hidden]) audio')", "audiolime.views[0].player"
    page.get_by_role("button", name="bright", exact=True).click()
    page.evaluate(f"{clips}[0].play()")
    wait(page, f"{clips}[0].currentTime > 0")
    page.evaluate(f"{clips}[1].play()")
    wait(page, f"{clips}[0].paused && !{clips}[1].paused")
    page.evaluate(f"{player}.play()")
    wait(page, f"{player}.state === 'playing' && {clips}[1].paused")
    page.evaluate(f"{clips}[0].play()")
    wait(page, f"{player}.state === 'paused' && !{clips}[0].paused")


@browser_test
def test_of_a_blind_page_a_map_is_seen_once_every_window_is_guessed(
    show: Callable[..., Page], track: TrackExplanation, maps: list[Relevance]
) -> None:
    page = show(page_html(track, maps=maps[:1], blind=True))
    hidden = seen(page)
    assert (hidden["layers"], hidden["blocks"], hidden["told"]) == ([], [], "")
    assert hidden["none"] == ["The map is shown once every window is guessed."]
    while page.locator(".earlier").is_enabled():
        page.locator(".earlier").click()
    for _ in range(4):
        page.locator(".quiz button").first.click()
        if page.locator(".later").is_enabled():
            page.locator(".later").click()
    assert (seen(page)["layers"], seen(page)["blocks"]) == (["deep"], ["deep"])


@browser_test
def test_a_hostile_label_is_text(show: Callable[..., Page]) -> None:
    evil = '</script><img src=x onerror=alert(1)>"'
    network = Network(HEARS.answer, labels=[evil, "b", "c"])
    one = explain(MIX, network, labels=[evil], factorization=BAND, start_s=0.0, progress=False)
    page = show(page_html(one, maps=[map_beside(one, MIX, network)]))
    assert evil in seen(page)["told"]
    assert page.locator("img[src=x]").count() == 0


@browser_test
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_no_serious_barrier_is_found_and_the_page_fits(
    show: Callable[..., Page], track: TrackExplanation, maps: list[Relevance], scheme: str, width: int
) -> None:
    page = show(page_html(track, maps=maps), color_scheme=scheme, viewport={"width": width, "height": 900})
    for details in page.locator(".map details").all():
        if details.is_visible():
            details.locator("summary").click()
    page.get_by_role("button", name="bright", exact=True).click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []


@browser_test
def test_without_javascript_all_that_is_said_of_maps_is_there(
    show: Callable[..., Page], track: TrackExplanation, maps: list[Relevance]
) -> None:
    page = show(page_html(track, maps=maps), java_script_enabled=False)
    assert page.locator(".map:visible").count() == 2
    assert not page.locator(".al-map:visible, [data-do=map]:visible, .al-says:visible").count()


@browser_test
def test_paper_shows_the_map_with_its_key_and_no_button(
    show: Callable[..., Page], track: TrackExplanation, maps: list[Relevance]
) -> None:
    page = show(page_html(track, maps=maps))
    page.emulate_media(media="print")
    assert page.locator(".al-map:visible").count() == 1
    assert page.locator(".al-key:visible").inner_text().startswith("for “deep”")
    assert not page.locator("[data-do=map]:visible").count()


def test_a_page_without_maps_has_nothing_of_them(track: TrackExplanation, tmp_path: Any) -> None:
    text = write_page(track, tmp_path / "page.html").read_text(encoding="utf-8")
    assert 'class="maps"' not in text
    assert '<button type="button" class="al-live" data-do="map"' not in text
    assert "Map of relevance" not in text
