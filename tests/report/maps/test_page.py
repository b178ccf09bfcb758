"""The page of a map: what is drawn, told and played, and that it is done with the pointer as with keys."""

from __future__ import annotations

import base64
import html
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image
from playwright.sync_api import Browser, Page

from audiolime_ext import write_page
from audiolime_ext.collection.songs import Song
from audiolime_ext.recommendation.maps.presets import DEFAULT, PRESETS
from audiolime_ext.recommendation.maps.result import EmbeddingMap, Groups, MapSettings, Movement
from audiolime_ext.recommendation.maps.words import UNSTABLE
from audiolime_ext.report.maps.figures import MOST_ROWS, curve_of, picture_of, vectors_of
from audiolime_ext.report.maps.groups import group_view, legend_of
from audiolime_ext.report.maps.page import command_of, map_html, served_html
from audiolime_ext.report.maps.sounds import KBPS, LEVEL_DB, MOST_SONGS, SECONDS, kbps_for, level_gain
from audiolime_ext.report.maps.view import SIDE, map_view, places_of
from tests.browser.pages import opened, wait
from tests.report.maps.planted import planted_index, planted_map, with_sounds
from tests.report.player.test_player import violations

browser_test = pytest.mark.browser
FILLED = "[...document.querySelectorAll('.canvas canvas')].map(c => c.getContext('2d')"
FILLED += ".getImageData(0, 0, c.width, c.height).data.some(v => v))"

ON_MAP = "document.activeElement.classList.contains('canvas')"


@pytest.fixture(scope="module")
def found() -> EmbeddingMap:
    return planted_map(planted_index(120, 5), marked={"query": (3,), "candidates": (8, 9)}, notes=("2 are left out",))


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> EmbeddingMap:
    return planted_map(with_sounds(tmp_path_factory.mktemp("music")))


@pytest.fixture(scope="module")
def silent_page(found: EmbeddingMap) -> str:
    return map_html(found, sounds=False)


@pytest.fixture(scope="module")
def sounding_page(heard: EmbeddingMap) -> str:
    return map_html(heard)


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    opening: list[Any] = []

    def page(text: str, **options: Any) -> Page:
        opening.append(opened(browser, tmp_path, text, **options))
        shown: Page = opening[-1].__enter__()
        wait(shown, "globalThis.audiolime?.map")
        shown.locator(".canvas").scroll_into_view_if_needed()
        return shown

    yield page
    for one in opening:
        one.__exit__(None, None, None)


def data_of(text: str, name: str = "map-data") -> Any:
    return json.loads(text.partition(f'class="{name}">')[2].partition("</script>")[0])


def point_at(page: Page, song: int, *, click: bool = False) -> None:
    page.mouse.move(5, 5)
    x, y = page.evaluate(f"audiolime.map.map.placeOf({song})")
    page.mouse.move(x, y)
    if click:
        page.mouse.click(x, y)


def named(page: Page) -> str:
    return page.locator(".song-name").inner_text()


def test_places_are_to_one_scale_and_what_is_up_is_up() -> None:
    placed = np.array(places_of(np.array([[0.0, 0.0], [10.0, 5.0], [5.0, 0.0]]))).reshape(-1, 2)
    assert placed[:, 0].tolist() == [0, SIDE, SIDE // 2]
    assert placed[0, 1] - placed[1, 1] == SIDE // 2
    assert placed[:2, 1].mean() == SIDE / 2


def test_the_neighbours_that_are_drawn_are_those_of_the_original_space(found: EmbeddingMap, silent_page: str) -> None:
    data = data_of(silent_page)
    assert np.array(data["near"]).reshape(-1, data["k"]).tolist() == found.neighbours.tolist()
    assert data["similar"][:3] == [round(1000 * one) for one in found.similarities[0, :3]]
    assert data["stability"][5] == round(100 * found.stability.each[5])
    assert data["marks"] == [{"name": "query", "songs": [3]}, {"name": "candidate", "songs": [8, 9]}]


def test_the_page_says_what_the_map_says_and_clusters_only_where_noise_has_none(found: EmbeddingMap) -> None:
    for state in (True, False, None):
        view = map_view(replace(found, clumped=state))
        assert view.headline == replace(found, clumped=state).headline
        assert {*view.sentences, view.caution} == set(replace(found, clumped=state).sentences)
        assert ("do not read clusters off the map" in view.noise) == (state is False)
    assert "no clumps that such noise could not have" in map_view(replace(found, clumped=False, p_clumped=0.3)).noise
    assert "lie less evenly than such noise" in map_view(replace(found, clumped=False, p_clumped=0.01)).noise
    assert found.groups is not None
    own = replace(found.groups, regions=tuple(replace(one, kind="own") for one in found.groups.regions))
    view = map_view(replace(found, clumped=False, p_clumped=0.3, groups=own))
    assert view.noise.endswith("are told from the model’s own space: do not read others off the map.")


def test_a_map_that_has_not_settled_says_so(found: EmbeddingMap) -> None:
    moving = Movement(np.array([250, 500]), np.array([0.4, 0.02]), settled=False)
    view = map_view(replace(found, layout=replace(found.layout, movement=moving)))
    assert "has not settled" in view.settled
    assert any("has not settled" in line for line in view.sentences)
    assert "has settled" in map_view(found).settled
    assert curve_of(Movement(np.zeros(0, int), np.zeros(0), settled=False), 0.001) is None


def test_the_curve_has_a_scale_of_powers_of_ten_and_both_ends_of_its_axis() -> None:
    curve = curve_of(Movement(np.array([250, 500, 750]), np.array([0.2, 0.05, 0.002]), settled=False), 0.001)
    assert curve is not None
    assert [told for _, told in curve.ticks] == ["0.1 %", "1 %", "10 %"]
    heights = [y for y, _ in curve.ticks]
    assert heights[0] - heights[1] == pytest.approx(heights[1] - heights[2], abs=0.11)
    assert heights[0] == pytest.approx(curve.tolerance_y, abs=0.05)
    assert (curve.first, curve.last) == ("250", "750 iterations")


def test_shades_have_a_number(found: EmbeddingMap, silent_page: str) -> None:
    reach = vectors_of(found)[1]
    assert f"<span>−{reach:.2g}</span>" in silent_page
    assert f"<span>{reach:.2g}</span>" in silent_page


def test_any_number_of_groups_has_colours_and_shapes_that_differ() -> None:
    counts = {f"group {n}": 100 - n for n in range(56)}
    legend = legend_of(Groups("genre", tuple(counts), counts, 0.0, 1.0, (), 999))
    assert len({(entry.color, entry.shape) for entry in legend}) == 56
    assert all(one.color != two.color and one.shape != two.shape for one, two in pairwise(legend))
    without = legend_of(Groups("genre", ("a", None), {"a": 1}, 0.0, 1.0, (), 999))
    assert [(entry.name, entry.n_songs) for entry in without] == [("a", 1), ("no group", 1)]


def test_distances_between_groups_are_a_table_where_there_are_few(found: EmbeddingMap) -> None:
    assert found.groups is not None
    view = group_view(found.groups)
    assert view.between is not None
    pair = next(one for one in found.groups.pairs if one.first != one.second)
    row = dict(view.between.rows)[pair.first]
    assert row[view.between.names.index(pair.second)][0] == f"{pair.distance:.3f}"
    assert [row[0] for row in view.rows] == list(found.groups.counts)
    many = group_view(planted_map(planted_index(200, 14)).groups or found.groups)
    assert many.between is None
    assert many.told.startswith("Of 91 pairs of groups, farthest apart are genre ")


def test_the_picture_of_the_vectors_has_a_block_for_each_group(found: EmbeddingMap) -> None:
    picture = picture_of(found)
    assert found.groups is not None
    assert [name for name, *_ in picture.bands] == list(found.groups.counts)
    assert picture.bands[0][1] == 0.0
    assert picture.bands[-1][2] == 1.0
    image = Image.open(io.BytesIO(base64.b64decode(picture.image)))
    assert image.size == (12, 120) == (picture.width, picture.height)
    shades = np.asarray(image, float)
    rows = [slice(round(120 * begin), round(120 * end)) for _, begin, end in picture.bands]
    within = np.mean([shades[row].std(axis=0).mean() for row in rows])
    assert within < 0.8 * shades.std(axis=0).mean()
    many = picture_of(planted_map(planted_index(MOST_ROWS + 10), grouped=False))
    assert many.height == MOST_ROWS
    assert any("means of 2 songs" in said for said in many.says)


def test_sounds_of_any_number_of_songs_fit_a_page() -> None:
    sizes = {n: 4 / 3 * n * SECONDS * kbps_for(n) * 125 for n in (1, 30, 100, 245, 300)}
    assert kbps_for(30) == KBPS[0]
    assert max(sizes.values()) < 9e6


def test_the_middle_of_every_song_is_played_equally_loud(sounding_page: str) -> None:
    data = data_of(sounding_page, "map-sounds")
    assert data["told"][0] == "its file was changed since it was indexed"
    assert data["told"][1] == "its file is gone"
    assert data["told"][3].startswith("0:01.0–0:06.0, ")
    assert "2 of 12 cannot be played; the list says why." in sounding_page
    played = [soundfile.read(io.BytesIO(base64.b64decode(one))) for one in data["sounds"] if one]
    assert len(played) == 10
    levels = [10 * np.log10(np.mean(sound[sr : 4 * sr] ** 2)) for sound, sr in played]
    assert levels == pytest.approx([levels[0]] * 10, abs=0.1)
    assert levels[0] == pytest.approx(LEVEL_DB - 0.4, abs=0.1)  # LAME takes 0.45 dB off whatever it encodes
    assert all(len(sound) / sr == pytest.approx(SECONDS, abs=0.1) for sound, sr in played)


def test_of_songs_without_files_no_page_says_that_they_are_played(found: EmbeddingMap, tmp_path: Path) -> None:
    for text in (map_html(found), served_html(found), map_html(planted_map(planted_index(MOST_SONGS + 1)))):
        assert "None of the songs has a file that can be played." in text
        assert not re.search("are played|--serve plays|to hear it", text.partition("<script")[0])
        assert data_of(text, "map-sounds") is None
    for name in ("0.wav", "1.wav"):
        (tmp_path / name).write_bytes(b"no sound")
    songs = tuple(Song(f"key {i}", f"{i}.wav", title=f"song {i}", genre=f"genre {i % 2}") for i in range(12))
    text = map_html(planted_map(planted_index(12, 2, songs=songs, folder=tmp_path)))
    assert "can be played; of the first, its file was changed since it was indexed." in text
    assert not re.search("are played|to hear it", text.partition("<script")[0])
    (tmp_path / "7.ogg").write_bytes(b"no sound")
    many = planted_map(planted_index(MOST_SONGS + 1, folder=tmp_path))
    assert "A page of more than 300 songs has no sounds of its own; --serve plays them." in map_html(many)


def test_a_song_of_rare_high_peaks_is_softer_and_nothing_is_clipped() -> None:
    clicks = np.zeros((1, 24000), np.float32)
    clicks[:, ::8000] = 0.5
    gain, softer = level_gain(clicks)
    assert 0.5 * 10 ** (gain / 20) < 0.9
    assert softer > 10


def test_names_are_text_whatever_characters_they_hold(sounding_page: str) -> None:
    assert "<img src=x" not in sounding_page
    assert data_of(sounding_page)["names"][2].startswith("</script>")


def test_the_command_makes_the_page_again(found: EmbeddingMap) -> None:
    assert command_of(replace(found, settings=MapSettings(perplexity=5.0, seed=3)), "A map") == (
        "audiolime map nowhere --space centred --preset local --seed 3 --group genre --query 'Band 1 – Song 3' "
        "--candidates 'Band 0 – Song 8' 'Band 0 – Song 9' '--title=A map' -o map.html"
    )
    bare = replace(found, groups=None, marked={})
    assert command_of(replace(bare, settings=PRESETS[DEFAULT])) == "audiolime map nowhere --space centred -o map.html"
    own = replace(PRESETS[DEFAULT], perplexity=7.5, max_iterations=500)
    assert "--perplexity 7.5 --early-exaggeration 4 --learning-rate 40 --max-iterations 500" in command_of(
        replace(bare, settings=own)
    )
    assert found.groups is not None
    playlists = replace(found.groups, column="playlist")
    assert "--group playlist --table TABLE.csv" in command_of(replace(found, groups=playlists))


def test_what_is_left_out_is_counted_and_notes_are_told(silent_page: str, found: EmbeddingMap) -> None:
    text = html.unescape(re.sub("<[^>]+>", " ", silent_page))
    assert re.search(r"on the map\s+120\b", text)
    assert re.search(r"groups by genre\s+5\b", text)
    assert "2 are left out" in text
    assert "This page was made without sounds" in text


def test_a_map_is_written_by_write_page(found: EmbeddingMap, tmp_path: Path) -> None:
    text = write_page(found, tmp_path / "map.html", title="My map", sounds=False).read_text(encoding="utf-8")
    assert "<title>My map</title>" in text


@browser_test
def test_pointing_at_a_song_shows_its_neighbours_in_the_original_space(
    show: Callable[..., Page], silent_page: str, found: EmbeddingMap
) -> None:
    page = show(silent_page)
    for song in (7, 20):
        point_at(page, song)
        wait(page, f"document.querySelector('.song-name').textContent === '{found.names[song]}'")
        told = page.locator(".neighbours li button").all_inner_texts()
        assert told == [found.names[other] for other in found.neighbours[song]]
        numbers = page.locator(".neighbours .number").all_inner_texts()
        assert [float(one.replace("−", "-")) for one in numbers] == pytest.approx(found.similarities[song], abs=0.006)
    assert page.locator(".tip").is_visible()
    assert found.names[20] in page.locator(".tip").inner_text()
    page.mouse.move(5, 5)
    wait(page, "document.querySelector('.chosen').hidden")


@browser_test
def test_a_neighbour_that_the_map_tears_away_is_told(show: Callable[..., Page], found: EmbeddingMap) -> None:
    torn = found.layout.positions.copy()
    other = int(found.neighbours[7, 0])
    torn[other] = -2 * torn[7]
    page = show(map_html(replace(found, layout=replace(found.layout, positions=torn)), sounds=False))
    point_at(page, 7)
    first = page.locator(".neighbours li").first
    assert re.search(r"far away on this map: \d+ songs lie nearer", first.inner_text())


@browser_test
def test_a_click_plays_a_song_another_stops_it_and_one_plays_at_a_time(
    show: Callable[..., Page], sounding_page: str
) -> None:
    page = show(sounding_page)
    point_at(page, 4, click=True)
    wait(page, "audiolime.map.heard.song === 4 && !audiolime.map.heard.audio.paused")
    wait(page, "audiolime.map.heard.audio.currentTime > 0.05")
    assert page.get_by_role("button", name="Stop").is_visible()
    point_at(page, 6, click=True)
    wait(page, "audiolime.map.heard.song === 6 && !audiolime.map.heard.audio.paused")
    page.keyboard.press("Escape")
    wait(page, "audiolime.map.heard.song === -1 && audiolime.map.heard.audio.paused")
    point_at(page, 6, click=True)
    wait(page, "!audiolime.map.heard.audio.paused")
    point_at(page, 6, click=True)
    wait(page, "audiolime.map.heard.audio.paused")
    point_at(page, 0, click=True)
    wait(page, "document.querySelector('.message').textContent.includes('changed since it was indexed')")


@browser_test
def test_the_whole_page_is_reached_by_keys(show: Callable[..., Page], sounding_page: str, heard: EmbeddingMap) -> None:
    page = show(sounding_page)
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("song 7")
    assert page.locator("[role=option]").all_inner_texts() == ["Song 7"]
    assert page.evaluate("[...audiolime.map.map.matches]") == [7]
    page.keyboard.press("Enter")
    assert named(page) == "Song 7"
    assert page.evaluate(ON_MAP)
    page.keyboard.press("Enter")
    wait(page, "audiolime.map.heard.song === 7")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    assert page.evaluate(ON_MAP)
    assert page.locator("#search").input_value() == ""
    points = np.array(page.evaluate("audiolime.map.map.data.views.map")).reshape(-1, 2)
    for key, direction in (("ArrowLeft", (-1, 0)), ("ArrowUp", (0, -1)), ("ArrowRight", (1, 0))):
        before = page.evaluate("audiolime.map.map.chosen")
        page.keyboard.press(key)
        after = page.evaluate("audiolime.map.map.chosen")
        assert after == before or (points[after] - points[before]) @ direction > 0, key
    page.evaluate("audiolime.map.choose(7, false)")
    page.keyboard.press("Enter")
    wait(page, "audiolime.map.heard.song === 7")
    assert "stability" in page.locator(".announce").inner_text()
    page.keyboard.press("+")
    page.keyboard.press("+")
    assert page.evaluate("audiolime.map.map.camera.zoom") == pytest.approx(2.25)
    page.keyboard.press("0")
    assert page.evaluate("audiolime.map.map.camera.zoom") == 1


@browser_test
def test_a_song_that_is_query_and_candidate_is_drawn_as_the_query_and_told_as_both(
    show: Callable[..., Page], found: EmbeddingMap
) -> None:
    page = show(map_html(replace(found, marked={"query": (3,), "candidates": (3, 8)}), sounds=False))
    drawn = page.evaluate("[...audiolime.songs.marked(audiolime.map.map.data.marks)]")
    assert sorted(drawn) == [[3, "query"], [8, "candidate"]]
    page.evaluate("audiolime.map.choose(3, false)")
    assert page.locator(".song-facts").inner_text().startswith("query; candidate; genre: ")


@browser_test
def test_labels_of_songs_at_one_place_do_not_lie_upon_each_other(
    show: Callable[..., Page], found: EmbeddingMap
) -> None:
    positions = found.layout.positions.copy()
    positions[[8, 9, 10, 11]] = positions[3]
    near = replace(found, layout=replace(found.layout, positions=positions))
    page = show(map_html(replace(near, marked={"query": (3,), "candidates": (8, 9, 10)}), sounds=False))
    page.evaluate("audiolime.map.choose(11, false)")
    wait(page, "audiolime.map.map.labelled.length === 5")
    boxes = page.evaluate("audiolime.map.map.labelled")
    for one, other in combinations(boxes, 2):
        assert one["bottom"] <= other["top"] or one["top"] >= other["bottom"]


@browser_test
@pytest.mark.parametrize("width", [400, 1400])
def test_what_scrolls_has_a_shadow_where_more_lies(show: Callable[..., Page], width: int) -> None:
    page = show(map_html(planted_map(planted_index(200, 40)), sounds=False), viewport={"width": width, "height": 800})
    for name in (".groups", ".tall"):
        box = page.locator(name)
        sizes = "e => [e.scrollHeight > e.clientHeight + 1, e.scrollWidth > e.clientWidth + 1]"
        assert edges_that_are_dark(box.screenshot()) == box.evaluate(sizes), name
        assert box.evaluate(sizes)[0]
        box.evaluate("e => e.scrollTo(e.scrollWidth, e.scrollHeight)")
        assert edges_that_are_dark(box.screenshot()) == [False, False], name
    assert page.locator(".tall").evaluate("e => e.scrollWidth > e.clientWidth + 1") == (width == 400)


def edges_that_are_dark(picture: bytes) -> list[bool]:
    """Whether the bottom and the right edge of a picture are darker than most of it."""
    shades = np.asarray(Image.open(io.BytesIO(picture)).convert("L"), float)
    edges = (shades[-4:-1, 30:-30], shades[30:-30, -4:-1])
    return [bool(np.median(edge) < np.median(shades) - 10) for edge in edges]


@browser_test
def test_views_colours_and_groups_are_switched(
    show: Callable[..., Page], silent_page: str, found: EmbeddingMap
) -> None:
    page = show(silent_page, reduced_motion="reduce")
    page.get_by_role("button", name="Principal components").click()
    placed = page.evaluate("[...audiolime.map.map.points]")
    assert placed == places_of(found.principal)
    page.get_by_role("button", name="Noise").click()
    assert page.evaluate("[...audiolime.map.map.points]") == places_of(found.noise.positions)
    point_at(page, 7)
    assert page.evaluate("audiolime.map.map.hovered") == -1  # its points are no songs
    page.get_by_role("button", name="Map", exact=True).click()
    look = "(i) => { const { color, hollow, faded } = audiolime.map.map.looks(i); return [color, !!hollow, !!faded]; }"
    grouped = page.evaluate(f"[...Array(120).keys()].map({look})")
    assert len({color for color, *_ in grouped}) == 5
    shaky = found.stability.each < UNSTABLE
    page.get_by_role("button", name="Stability", exact=True).click()
    steady = page.evaluate(f"[...Array(120).keys()].map({look})")
    assert [hollow for _, hollow, _ in steady] == shaky.tolist()
    assert len({color for color, *_ in steady}) == 1 + shaky.any()
    assert found.groups is not None
    first = next(iter(found.groups.counts))
    page.locator("[data-group='0']").click()
    shown = page.evaluate(f"[...Array(120).keys()].map({look})")
    assert [faded for *_, faded in shown] == [one != first for one in found.groups.of_songs]
    assert page.locator(".shown").inner_text() == f"{found.groups.counts[first]} of 120 songs"
    page.locator("[data-group='0']").click()
    assert page.locator(".shown").inner_text() == "120 songs"
    assert page.evaluate(FILLED) == [True, True]  # marks are drawn over the songs


@browser_test
def test_the_table_has_all_songs_a_page_at_a_time(
    show: Callable[..., Page], silent_page: str, found: EmbeddingMap
) -> None:
    page = show(silent_page)
    assert page.locator(".songs-table tbody tr").count() == 25
    page.get_by_role("button", name="Next").click()
    assert "page 2 of 5" in page.locator(".pages").inner_text()
    page.locator("[data-sort=stability]").click()
    cells = page.locator(".songs-table td[data-head=stability]").all_inner_texts()
    assert [int(one.split()[0]) for one in cells] == sorted((100 * found.stability.each).round(), reverse=True)[:25]
    assert page.locator("th[aria-sort=ascending]").count() == 1
    page.locator(".songs-table tbody th button").first.click()
    assert named(page) == page.locator(".songs-table tbody th button").first.inner_text()


@browser_test
@pytest.mark.parametrize(("scheme", "width"), [("light", 1400), ("dark", 1400), ("light", 360), ("dark", 800)])
def test_axe_finds_nothing_serious_and_the_page_fits(
    show: Callable[..., Page], sounding_page: str, scheme: str, width: int
) -> None:
    page = show(sounding_page, color_scheme=scheme, viewport={"width": width, "height": 800})
    page.evaluate("audiolime.map.choose(4, false)")
    page.locator("#search").fill("song")
    assert violations(page, impacts=("minor", "moderate", "serious", "critical")) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@browser_test
def test_dark_pages_have_dark_maps(show: Callable[..., Page], silent_page: str) -> None:
    page = show(silent_page)
    light = page.evaluate("audiolime.map.map.colors.paper")
    page.emulate_media(color_scheme="dark")
    wait(page, f"audiolime.map.map.colors.paper !== '{light}'")


STILL = """() => new Promise((done) => {
  const seen = [];
  const look = () => {
    seen.push(window.scrollY);
    seen.length > 10 && new Set(seen.slice(-10)).size === 1 ? done() : requestAnimationFrame(look);
  };
  look();
})"""  # a page that scrolls no more


@browser_test
def test_a_map_is_dragged_and_zoomed_and_the_page_still_scrolls(show: Callable[..., Page], silent_page: str) -> None:
    page = show(silent_page, viewport={"width": 900, "height": 700})
    box = page.locator(".canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.wheel(0, 60)
    wait(page, "window.scrollY > 0")
    page.evaluate(STILL)
    assert page.evaluate("audiolime.map.map.camera.zoom") == 1
    page.locator(".canvas").focus()
    box = page.locator(".canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    under = page.evaluate("audiolime.songs.toPoint(audiolime.map.map.camera, 199, 199)")
    page.mouse.wheel(0, -300)
    wait(page, "audiolime.map.map.camera.zoom > 1.2")
    assert page.evaluate("audiolime.songs.toPoint(audiolime.map.map.camera, 199, 199)") == pytest.approx(under, abs=30)
    before = page.evaluate("audiolime.map.map.camera.x")
    page.mouse.down()
    page.mouse.move(box["x"] + 260, box["y"] + 200, steps=4)
    page.mouse.up()
    assert page.evaluate("audiolime.map.map.camera.x") < before
    page.get_by_role("button", name="All").click()
    assert page.evaluate("audiolime.map.map.camera.zoom") == 1


@browser_test
def test_a_tap_plays_and_two_fingers_zoom(show: Callable[..., Page], sounding_page: str) -> None:
    page = show(sounding_page, has_touch=True, viewport={"width": 360, "height": 700})
    page.touchscreen.tap(*page.evaluate("audiolime.map.map.placeOf(4)"))
    wait(page, "audiolime.map.heard.song === 4")
    pinch = """() => {
      const box = document.querySelector(".canvas");
      const { left, top } = box.getBoundingClientRect();
      box.setPointerCapture = () => {}; // of fingers that are not there
      const send = (type, pointerId, x) => box.dispatchEvent(
        new PointerEvent(type, { pointerId, pointerType: "touch", button: 0, clientX: left + x, clientY: top + 100 }));
      send("pointerdown", 11, 100); send("pointerdown", 12, 150);
      send("pointermove", 12, 200); send("pointerup", 11, 100); send("pointerup", 12, 200);
      return audiolime.map.map.camera.zoom;
    }"""
    assert page.evaluate(pinch) == pytest.approx(2.0)
    assert page.evaluate("audiolime.map.heard.song") == 4


@browser_test
def test_ten_thousand_songs_are_one_small_page_that_answers(browser: Browser, tmp_path: Path) -> None:
    index = planted_index(10_000, 30)
    rng = np.random.default_rng(0)
    small = planted_map(planted_index(200, 30))
    near, stability = rng.integers(10_000, size=(10_000, 10)), rng.uniform(size=10_000)
    groups = tuple(song.genre for song in index.songs)
    assert small.groups is not None
    counts = {name: groups.count(name) for name in small.groups.counts}
    found = replace(
        small,
        index=index,
        places=np.arange(10_000),
        names=tuple(song.name for song in index.songs),
        layout=replace(small.layout, positions=rng.normal(size=(10_000, 2))),
        principal=rng.normal(size=(10_000, 2)),
        noise=replace(small.noise, positions=rng.normal(size=(10_000, 2))),
        stability=replace(small.stability, by_starts=stability, by_subsamples=stability),
        neighbours=near,
        similarities=np.sort(rng.uniform(size=(10_000, 10)))[:, ::-1],
        groups=replace(small.groups, of_songs=groups, counts=counts),
    )
    text = map_html(found)
    assert "None of the songs has a file that can be played." in text
    assert len(text.encode()) < 3e6
    with opened(browser, tmp_path, text) as page:
        wait(page, "globalThis.audiolime?.map")
        page.locator(".canvas").scroll_into_view_if_needed()
        page.mouse.move(5, 5)
        x, y = page.evaluate("audiolime.map.map.placeOf(1234)")
        page.mouse.move(x, y)
        wait(page, "audiolime.map.map.hovered >= 0")
        told = page.evaluate("audiolime.map.map.hovered")
        assert page.locator(".neighbours li button").all_inner_texts() == [found.names[one] for one in near[told]]
        page.locator("#search").fill("song 777")
        n = sum("777" in name for name in found.names)
        wait(page, f"audiolime.map.map.matches.size === {n}")
        assert page.locator(".songs-table tbody tr").count() == min(n, 25)


@browser_test
def test_without_scripts_sentences_tables_and_the_picture_remain(
    browser: Browser, tmp_path: Path, silent_page: str, found: EmbeddingMap
) -> None:
    with opened(browser, tmp_path, silent_page, java_script_enabled=False) as page:
        assert "Without JavaScript" in (page.locator("noscript").text_content() or "")
        assert page.get_by_text(found.headline).is_visible()
        assert page.locator(".kinds").is_visible()
        assert page.locator(".matrix img").is_visible()
        assert not page.locator(".board, .list").locator("visible=true").count()
