"""The page of concepts: five panels that say, show and play the same concept, by pointer and by keys."""

from __future__ import annotations

import base64
import html
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image
from playwright.sync_api import Browser, Page

from audiolime_ext.concepts.finding import find_concepts
from audiolime_ext.concepts.interventions.intervening import JudgedBySound
from audiolime_ext.concepts.measurement.sounds import HearingAgain
from audiolime_ext.concepts.measurement.store import ConceptStore
from audiolime_ext.concepts.result import Concepts
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import utf8
from audiolime_ext.report.concepts.features import NONE
from audiolime_ext.report.concepts.judged import STRONGEST, Judged, shown_of
from audiolime_ext.report.concepts.media import Plan, media_of
from audiolime_ext.report.concepts.members import NO_CONCEPT, Members
from audiolime_ext.report.concepts.page import page_html, write_concepts_page
from audiolime_ext.report.concepts.told import band_of, disagreement, intervened, judged
from audiolime_ext.report.concepts.view import page_view
from tests.browser.pages import opened, wait
from tests.concepts.planted import BEEP_HZ, MODEL
from tests.report.concepts.planted import HOSTILE, everything, large, planted_store
from tests.report.concepts.planted import judged as judged_of
from tests.report.player.test_player import violations

browser_test = pytest.mark.browser
PAGE = "globalThis.audiolime.concepts"
# What the page's audio element plays, from now on: its samples go through a node that keeps them.
CAPTURE = f"""() => {{
  const context = new AudioContext();
  const source = context.createMediaElementSource({PAGE}.sounds.audio);
  const node = context.createScriptProcessor(4096, 2, 2);
  const blocks = [];
  node.onaudioprocess = ({{ inputBuffer }}) => blocks.push([...inputBuffer.getChannelData(0)]);
  source.connect(node).connect(context.destination);
  source.connect(context.destination);
  globalThis.captured = {{ blocks, sr: context.sampleRate, context }};
}}"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted_store(tmp_path_factory.mktemp("planted"))


@pytest.fixture(scope="module")
def found(store: Path) -> Concepts:
    """Concepts of which none is suspect; tests add flags of their own."""
    return replace(find_concepts(store, n_clusters=8, n_null=200, progress=False), flags={}, groups=None)


@pytest.fixture(scope="module")
def members(store: Path, found: Concepts) -> Members:
    return Members.of(found, store)


@pytest.fixture(scope="module")
def features(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of three features of all songs but two."""
    with ConceptStore.read(store) as opened_store:
        entries = opened_store.entries()
    lines = ["path,energy,valence,tempo"]
    lines += [
        f'"{one.path.replace(chr(34), chr(34) * 2)}",{n / 40:.3f},{(n % 5) / 5},{90 + n}'
        for n, one in enumerate(entries[2:])
    ]
    path = tmp_path_factory.mktemp("features") / "features.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def write(store: Path, features: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    def written(concepts: Concepts, **options: Any) -> str:
        given = {"features": features, "trust": True, "progress": False, **options}
        path = write_concepts_page(concepts, store, tmp_path_factory.mktemp("page"), **given)
        return path.read_text(encoding="utf-8")

    return written


@pytest.fixture(scope="module")
def whole(found: Concepts, write: Callable[..., str]) -> str:
    """The page of a result that has everything."""
    return write(everything(found))


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    opening: list[Any] = []

    def page(text: str, *, fragment: str = "", **options: Any) -> Page:
        opening.append(opened(browser, tmp_path, text, **options))
        shown: Page = opening[-1].__enter__()
        if fragment:
            shown.goto("about:blank")
            shown.goto((tmp_path / "page.html").as_uri() + fragment)
        wait(shown, PAGE)
        return shown

    yield page
    for one in opening:
        one.__exit__(None, None, None)


def data_of(text: str, name: str = "concepts-data") -> Any:
    return json.loads(text.partition(f'class="{name}">')[2].partition("</script>")[0])


def beep_of(found: Concepts) -> int:
    """The concept whose patches are the beep alone: narrow, and of class a."""

    def width(place: int) -> float:
        places = [patch.place for _, patch in found.kept[place].patches if patch.place is not None]
        return float(np.mean([high - low for *_, low, high in places]))

    return min((n for n, one in enumerate(found.kept) if one.of == "a"), key=width)


def test_members_are_the_clusters_patches_and_elsewhere_those_nearest_to_the_middle(
    found: Concepts, members: Members
) -> None:
    known = {song.entry.key: song for song in members.songs}
    for place, concept in enumerate(found.kept):
        for entry, patch in concept.patches:
            song = known[entry.key]
            assert song.found
            assert song.of[song.patches.index(patch)] == place
    others = [song for song in members.songs if not song.found]
    assert 0 < len(others) < len(members.songs)
    own = {NO_CONCEPT, *(n for n, one in enumerate(found.kept) if one.of == "a")}
    assert {of for song in others if song.entry.label == "a" for of in song.of} <= own
    beep = beep_of(found)
    assert all(beep in song.of for song in others if song.entry.label == "a")
    assert np.allclose(np.diag(members.cosines), 1)


def test_another_store_and_one_that_has_grown_are_refused(store: Path, found: Concepts) -> None:
    with pytest.raises(UsageError, match="not of"):
        Members.of(replace(found, identity=replace(found.identity, layer="other")), store)
    first = found.kept[0]
    moved = replace(first, patches=found.kept[1].patches)
    with pytest.raises(UsageError, match="since the concepts were found"):
        Members.of(replace(found, kept=(moved, *found.kept[1:])), store)


def test_the_strongest_of_each_class_suspect_ones_and_those_asked_for_have_sounds(
    found: Concepts, members: Members
) -> None:
    order = Judged(found)
    places = order.with_sound()
    for label in "ab":
        own = [n for n, one in enumerate(found.kept) if one.of == label]
        heard = [n for n in places if n in own]
        assert len(heard) == min(STRONGEST, len(own))
        silent = [order.strength(found.kept[n]) for n in own if n not in heard]
        assert all(order.strength(found.kept[n]) >= max(silent, default=(False, -9.0)) for n in heard)
    left = next(n for n in range(len(found.kept)) if n not in places)
    name = found.kept[left].name
    assert left in order.with_sound([name])
    flagged = replace(everything(found), flags={name: everything(found).flags[found.kept[1].name]})
    assert left in Judged(flagged).with_sound()
    with pytest.raises(UsageError, match="unknown concept 'rock 99'"):
        order.with_sound(["rock 99"])
    shown = shown_of(found, members, places)
    assert [one.rank for one in shown] == sorted(one.rank for one in shown)


def test_the_page_holds_the_sound_of_each_patch_alone_and_the_songs_it_is_of(found: Concepts, whole: str) -> None:
    data, media = data_of(whole), data_of(whole, "concepts-media")
    beep = data["concepts"][beep_of(found)]
    assert len(beep["patches"]) == min(10, len(found.kept[beep_of(found)].patches))
    for patch in beep["patches"]:
        sound, sr = soundfile.read(
            io.BytesIO(base64.b64decode(media["alone"][f"{patch['song']} {patch['split']} {patch['number']}"]))
        )
        spectrum = np.abs(np.fft.rfft(sound))
        assert np.fft.rfftfreq(len(sound), 1 / sr)[spectrum.argmax()] == pytest.approx(BEEP_HZ, abs=60)
        assert len(sound) / sr < 1.2
        song = media["songs"][str(patch["song"])]
        picture, labels = (Image.open(io.BytesIO(base64.b64decode(one))) for one in song[:2])
        assert labels.width == picture.width
        assert labels.height == len(data["splits"]) * picture.height
        whole_song, sr = soundfile.read(io.BytesIO(base64.b64decode(song[2][0])))
        assert len(whole_song) / sr == pytest.approx(1.0, abs=0.15)
        assert np.abs(whole_song).max() <= 1


def test_a_patch_of_silence_says_so_and_is_not_played_alone(found: Concepts, members: Members) -> None:
    entry, patch = found.kept[0].patches[0]
    silent = replace(patch, place=None, share=0.0)
    kept = replace(found.kept[0], patches=((entry, silent), *found.kept[0].patches[1:]))
    bars = replace(found, kept=(kept, *found.kept[1:]))
    order = Judged(bars)
    media = media_of(members, shown_of(bars, members, order.with_sound()), HearingAgain.of(found.identity, MODEL), 1e7)
    first = page_view(order, members, media, NONE).data["concepts"][0]
    assert first["patches"][0]["where"] == "silent: nothing sounds in it"
    assert first["patches"][0]["alone"] is None
    assert f"1 of {len(first['patches'])} patches silent" in first["told"][-1][1]


def test_what_has_no_sound_says_so_and_how_to_hear_it(found: Concepts, write: Callable[..., str]) -> None:
    left = next(n for n in range(len(found.kept)) if n not in Judged(found).with_sound())
    name = found.kept[left].name
    text = write(found)
    why = data_of(text)["concepts"][left]["why"]
    assert "Not all pictures and sounds" in why
    assert f"heard=[{name!r}]" in why
    assert data_of(write(found, heard=[name]))["concepts"][left]["why"] == ""


def test_a_store_that_is_not_trusted_and_a_page_without_audio_have_numbers_alone(
    found: Concepts, write: Callable[..., str]
) -> None:
    text = write(found, trust=False)
    assert "add --trust" in html.unescape(text)
    assert data_of(text, "concepts-media") == {"alone": {}, "songs": {}}
    assert all(one["alone"] is None for concept in data_of(text)["concepts"] for one in concept["patches"])
    assert "made without pictures and sounds" in write(found, audio=False)


def test_a_model_that_is_at_hand_is_taken(found: Concepts, write: Callable[..., str]) -> None:
    assert data_of(write(found, trust=False, model=MODEL), "concepts-media")["songs"]


def test_a_song_that_changed_is_told_and_the_others_are_heard(
    found: Concepts, store: Path, tmp_path: Path, write: Callable[..., str]
) -> None:
    entry = found.kept[0].patches[0][0]
    before = Path(entry.path).read_bytes()
    try:
        Path(entry.path).write_bytes(Path(found.kept[0].patches[1][0].path).read_bytes() + b"0")
        data = data_of(write(found, features=None))
    finally:
        Path(entry.path).write_bytes(before)
    patches = data["concepts"][0]["patches"]
    assert patches[0]["alone"] is None
    assert "no longer the file that was measured" in data["songs"][patches[0]["song"]]["why"]
    assert any(one["alone"] for one in patches)


def test_names_are_text_whatever_characters_they_hold(whole: str) -> None:
    assert "<img src=x" not in whole
    assert "\u202e" not in whole
    names = [song["name"] for song in data_of(whole)["songs"]]
    assert sum("<img src=x" in name for name in names) == 2


def test_every_part_of_a_result_is_told(found: Concepts, whole: str) -> None:
    data = data_of(whole)
    said = [" ".join(text for _, text in one["told"]) for one in data["concepts"]]
    assert "When one of its patches is put into another song" in said[0]
    assert "5 of 28 windows are decided otherwise without one of its patches: 5 for b." in said[0]
    assert all("Found again in 80 % of other starts of the clusters." in one for one in said[:-1])
    assert "Suspect: 6 of 10 patches are silent" in said[1]
    assert data["concepts"][1]["flags"] == 1
    given = data["concepts"][-1]
    assert (given["name"], given["of"]) == ("clap", -1)
    assert "A given concept: 8 files of claps/ (8 units)." in said[-1]
    assert [mark[1] for mark in data["marks"] if mark[0] == len(found.kept)] == [0, 1]
    assert f"{len(found.kept) + 1} clusters fall into 3 groups" in whole
    rows = re.findall(r"<tr data-row=", whole)
    assert len(rows) == len(found.kept) + 1


def test_verdicts_are_the_tests_own_and_bands_are_of_the_concepts_step() -> None:
    one = judged_of("rock 1", "rock", "rock", 0.5)
    assert judged(one)[0][1].startswith("Significant: a step of the layer towards rock 1 moves rock by +0.50 logits")
    assert judged(one)[0][1].endswith("more than random concepts do.")
    assert judged(replace(one, derivative=-0.1))[0][1].endswith("less than random concepts do.")
    assert judged(replace(one, discovered=False))[0][1].endswith("no surer than random concepts.")
    weak = replace(one, accuracy=replace(one.accuracy, low=0.4))
    assert judged(weak)[0][1].startswith("Not a concept: its patches are not told apart")
    assert len(judged(weak)) == 1
    assert not any("TCAV score: the derivative" in text for _, text in judged(replace(one, linear=True)))
    assert band_of(replace(one, effect=1.0)) == pytest.approx((-0.2, 0.24))
    assert band_of(replace(one, effect=-1.0, derivative=-0.5)) == pytest.approx((-0.2, 0.24))


def test_without_its_sound_a_class_changes_the_other_way_and_disagreement_is_told(found: Concepts) -> None:
    taken = replace(next(iter(found.removals.values())), effect=0.5, low=0.2, high=0.8, other=0.1)
    text = intervened("rock", taken, without=True)[1]
    assert "rock changes by −0.50 logits (95 % interval −0.80 to −0.20); by any patch as loud, by −0.10" in text
    assert "rock changes by +0.50 logits" in intervened("rock", taken, without=False)[1]
    less = judged_of("a 1", "a", "a", -0.5)
    by_sound = JudgedBySound("a 1", "a", "a", replace(taken, p=0.0005), None, 0.0005, less.accuracy, True)
    out = replace(found, removals={("a 1", "a"): replace(taken, p=0.0005)}, heard=(by_sound,))
    assert disagreement(out, less)[0][0] == "caution"
    assert "this is what happened" in disagreement(out, less)[0][1]
    assert disagreement(out, replace(less, derivative=0.5)) == []
    assert disagreement(out, replace(less, discovered=False)) == []


def test_without_gradients_what_happens_without_the_sound_is_drawn_and_named(
    found: Concepts, write: Callable[..., str]
) -> None:
    text = write(replace(found, tested=()), features=None)
    data = data_of(text)
    assert "No gradients were taken" in text
    told = [one for one in found.heard if one.of == one.label and one.removed and one.verdict != "not a concept"]
    assert len(data["marks"]) == len(told) > 0
    concept = found.kept[data["marks"][0][0]]
    assert data["marks"][0][2] == pytest.approx(found.removals[concept.name, concept.of].effect, abs=1e-3)
    assert data["marks"][0][5] is None


def test_features_are_percentiles_of_the_stores_songs_and_without_them_the_page_says_how(
    found: Concepts, whole: str, write: Callable[..., str]
) -> None:
    drawn = data_of(whole)["features"]
    assert drawn["names"] == ["energy", "valence", "tempo"]
    shares = [row[0][0] for row in drawn["songs"].values() if row[0][0] is not None]
    assert max(shares) == 100
    assert len(shares) == len(data_of(whole)["songs"]) - 2
    assert "2 of 28 songs are not in features.csv" in whole
    without = write(found, features=None)
    assert data_of(without)["features"] is None
    assert "no radar is drawn" in without


@browser_test
def test_pointing_at_a_concept_lights_those_near_to_it_everywhere(show: Callable[..., Page], whole: str) -> None:
    page, data = show(whole), data_of(whole)
    concept = data["marks"][0][0]
    page.locator(".swarm .dot").first.hover()
    lit = page.locator(".dot.lit").all()
    assert len(lit) == 2  # in both pictures
    name = data["concepts"][concept]["name"]
    assert all(one.get_attribute("aria-label").startswith(name) for one in lit)  # type: ignore[union-attr]
    group = next(one[1] for one in data["groups"]["of"] if one[0] == concept)
    near = {one[0] for one in data["groups"]["of"] if one[1] == group} | {
        n for n, _ in data["concepts"][concept]["near"]
    }
    assert page.locator(".groups-picture .dot.kin").count() == len(near - {concept})
    assert page.locator(".groups-picture .dot.dim").count() == len(data["groups"]["of"]) - len(near | {concept})
    assert page.locator(".readout").inner_text().startswith(name)
    assert page.locator("tr.lit").count() == 1
    assert page.locator(".interval").get_attribute("d")
    page.locator("h1").hover()
    wait(page, "!document.querySelector('.dot.lit')")


@browser_test
def test_a_click_chooses_a_concept_in_all_panels_and_the_address_says_so(
    show: Callable[..., Page], whole: str, found: Concepts
) -> None:
    page, data = show(whole), data_of(whole)
    beep = beep_of(found)
    at = next(n for n, mark in enumerate(data["marks"]) if mark[0] == beep)
    page.locator(".swarm .dot").nth(at).click()
    name = found.kept[beep].name
    assert page.locator(".concept-card .name").all_inner_texts() == [name]
    assert page.locator(".patches li").count() == len(data["concepts"][beep]["patches"])
    first = data["songs"][data["concepts"][beep]["patches"][0]["song"]]["name"]
    assert page.locator(".lane h3").inner_text() == first
    song = page.evaluate("encodeURIComponent(document.querySelector('.lane h3').textContent)")
    assert page.evaluate("location.hash") == f"#concept={name.replace(' ', '%20')}&song={song}"
    assert page.locator(f'[data-shows="{beep}"]').is_checked()
    assert page.locator(".groups-picture .dot.chosen").count() == 1
    page.locator(".radar li button").nth(1).click()
    chosen = page.locator(".radar li button").nth(1).inner_text()
    assert page.locator(".lane h3").inner_text() == chosen
    page.locator(".concepts-table button").first.click()
    assert page.locator(".concept-card .name").all_inner_texts() == [found.kept[0].name]
    page.get_by_role("button", name="Its patches").click()
    assert page.evaluate("document.activeElement.id") == "panel-3"
    assert page.evaluate("location.hash").startswith("#concept=")


@browser_test
def test_pointing_at_a_song_of_the_radar_dims_the_others(show: Callable[..., Page], whole: str) -> None:
    page = show(whole)
    n = page.locator(".blob").count()
    assert n > 2
    page.locator("[data-radar] button").nth(1).hover()
    assert page.locator(".blob.dim").count() == n - 1
    song = page.locator("[data-radar]").nth(1).get_attribute("data-radar")
    assert page.locator(".blob.lit").get_attribute("data-song") == song
    page.locator("h1").hover()
    assert page.locator(".blob.dim").count() == 0
    page.locator("[data-radar] button").nth(1).focus()
    assert page.locator(".blob.dim").count() == n - 1


@browser_test
def test_where_windows_alone_are_in_the_page_they_are_played_one_after_another(
    show: Callable[..., Page], found: Concepts, write: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan(24, "windows")
    monkeypatch.setattr("audiolime_ext.report.concepts.media.PLANS", (plan,))
    text = write(found, features=None)
    data = data_of(text)
    assert plan.told in text
    assert all(song["spans"] == [[0.0, 1.0]] for song in data["songs"] if "spans" in song)
    page = show(text)
    page.locator(".patch").first.get_by_text("In context", exact=True).click()
    wait(page, f"{PAGE}.sounds.second > 0.1")
    wait(page, f"{PAGE}.sounds.playing === null", at_most_s=10)
    page.evaluate(f"{PAGE}.data.songs[{PAGE}.song].spans = [[0, 0.4], [0.7, 1]]")
    page.evaluate(f"{PAGE}.media.songs[{PAGE}.song][2].push({PAGE}.media.songs[{PAGE}.song][2][0])")
    page.evaluate(f"{PAGE}.open({PAGE}.song)")
    assert page.locator(".heard-spans span").count() == 2
    page.locator(".lane .play").click()
    wait(page, f"{PAGE}.sounds.playing?.at === 1", at_most_s=10)
    wait(page, f"{PAGE}.sounds.playing === null", at_most_s=10)


@browser_test
def test_the_patch_is_outlined_where_its_sound_is(show: Callable[..., Page], whole: str, found: Concepts) -> None:
    beep = beep_of(found)
    page = show(whole, fragment=f"#concept={found.kept[beep].name.replace(' ', '%20')}")
    wait(page, "document.querySelector('.seen canvas').width > 50")
    page.wait_for_timeout(300)
    drawn = page.evaluate(
        "(() => { const c = document.querySelector('.seen canvas'); return [c.width, c.height,"
        " [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]]; })()"
    )
    pixels = np.array(drawn[2]).reshape(drawn[1], drawn[0], 4)[..., :3]
    white = (pixels > 250).all(axis=2)
    assert 0.002 < white.mean() < 0.3
    patch = found.kept[beep].patches[0][1]
    assert patch.place is not None
    columns = np.flatnonzero(white.any(axis=0)) / drawn[0]
    assert columns.min() < patch.place[0] + 0.1
    assert columns.max() > patch.place[1] - 0.1


@browser_test
def test_what_is_chosen_is_what_is_played_alone_and_in_context(
    show: Callable[..., Page], whole: str, found: Concepts
) -> None:
    beep = beep_of(found)
    page = show(whole, fragment=f"#concept={found.kept[beep].name.replace(' ', '%20')}")
    page.evaluate(CAPTURE)
    tone = {}
    for kind in ("Alone", "In context"):
        page.evaluate("captured.blocks.length = 0")
        page.locator(".patch").first.get_by_text(kind, exact=True).click()
        assert page.locator(f".patch [aria-pressed=true]:text-is('{kind}')").count() == 1
        wait(page, f"{PAGE}.sounds.playing === null", at_most_s=10)
        page.wait_for_timeout(200)
        sound = np.concatenate(page.evaluate("captured.blocks"))
        sr = page.evaluate("captured.sr")
        power = np.abs(np.fft.rfft(sound)) ** 2
        hz = np.fft.rfftfreq(len(sound), 1 / sr)
        tone[kind] = power[np.abs(hz - BEEP_HZ) < 60].sum() / power.sum()
        assert power.sum() > 0
        assert hz[power.argmax()] == pytest.approx(BEEP_HZ, abs=60)
    assert tone["Alone"] > tone["In context"]
    assert page.locator(".patch [aria-pressed=true]").count() == 0


@browser_test
def test_a_song_plays_with_a_playhead_from_where_it_is_clicked_and_escape_stops(
    show: Callable[..., Page], whole: str
) -> None:
    page = show(whole)
    page.locator(".lane .play").click()
    wait(page, f"{PAGE}.sounds.second > 0.1")
    assert page.locator(".field .playhead").is_visible()
    page.keyboard.press("Escape")
    wait(page, f"{PAGE}.sounds.playing === null && {PAGE}.sounds.audio.paused")
    assert page.locator(".field .playhead").is_hidden()
    box = page.locator(".field").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.6 * box["width"], box["y"] + 20)
    wait(page, f"{PAGE}.sounds.second > 0.55")
    wait(page, f"{PAGE}.sounds.playing === null", at_most_s=10)


@browser_test
def test_the_first_panel_is_walked_and_chosen_by_keys(show: Callable[..., Page], whole: str) -> None:
    page = show(whole)
    page.locator(".swarm .dot[tabindex='0']").focus()
    assert page.locator(".swarm .dot[tabindex='0']").count() == 1
    focused = "document.activeElement.getAttribute('aria-label')"
    where = "(() => { const b = document.activeElement.getBoundingClientRect(); return [b.x, b.y]; })()"
    page.keyboard.press("Home")
    for key, axis, sign in (("ArrowRight", 0, 1), ("ArrowLeft", 0, -1), ("ArrowDown", 1, 1), ("ArrowUp", 1, -1)):
        before = np.array(page.evaluate(where))
        page.keyboard.press(key)
        moved = np.array(page.evaluate(where)) - before
        assert moved[axis] * sign >= 0, key
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    told = page.evaluate(focused)
    name = told.partition(":")[0].partition(" and ")[0]
    assert page.locator(".readout").inner_text().startswith(name)
    page.keyboard.press("Enter")
    assert page.locator(".concept-card .name").all_inner_texts() == [name]
    assert page.evaluate(focused) == told
    page.keyboard.press("p")
    assert page.locator("[data-pin][aria-pressed=true]").count() == 1
    assert "kept for comparison" in page.locator(".announce").inner_text()


@browser_test
def test_up_to_three_concepts_are_kept_and_songs_side_by_side(
    show: Callable[..., Page], whole: str, found: Concepts
) -> None:
    page = show(whole)
    names = [one.name for one in found.kept[:5]]
    for name in names:
        page.get_by_role("button", name=name, exact=True).and_(page.locator(".concepts-table button")).click()
        page.locator(f'.concept-card[aria-label="{name}"] [data-pin]').click()
    assert page.locator(".concept-card .name").all_inner_texts() == names[2:]
    colors = page.locator(".concept-card .swatch").evaluate_all("all => all.map(one => one.style.background)")
    assert len(set(colors)) == 3
    assert page.evaluate("location.hash").count("pin=") == 3
    page.locator("[data-keep]").first.click()
    kept = page.locator(".lane h3").first.inner_text()
    options = page.locator(".song-choice option").all_inner_texts()
    other = next(one for one in options if one != kept and "not in this page" not in one)
    page.locator(".song-choice").select_option(label=other)
    assert page.locator(".lane h3").all_inner_texts() == [other, kept]
    page.get_by_role("button", name="All concepts").first.click()
    boxes = page.locator(".lane").first.locator("[data-shows]")
    assert all(boxes.nth(n).is_checked() for n in range(boxes.count()))


@browser_test
def test_a_deep_link_opens_what_it_names_and_says_where_there_is_none(
    show: Callable[..., Page], whole: str, found: Concepts
) -> None:
    name, other = found.kept[2].name, found.kept[-1].name
    song = data_of(whole)["songs"][5]["name"]
    ask = "&".join(
        f"{key}={value.replace(' ', '%20')}" for key, value in (("concept", name), ("song", song), ("pin", other))
    )
    page = show(whole, fragment=f"#{ask}")
    assert page.locator(".concept-card .name").all_inner_texts() == [other, name]
    assert page.locator(".lane h3").inner_text() == song
    page = show(whole, fragment="#concept=%3Cimg%20src%3Dx%3E")
    assert page.locator(".message").inner_text() == "There is no concept <img src=x> in this page."


@browser_test
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_serious_and_the_page_fits(
    show: Callable[..., Page], whole: str, found: Concepts, scheme: str, width: int
) -> None:
    pins = "".join(f"&pin={one.name.replace(' ', '%20')}" for one in found.kept[:2])
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}, "reduced_motion": "reduce"}
    page = show(whole, fragment=f"#concept={found.kept[1].name.replace(' ', '%20')}{pins}", **options)
    page.locator(".swarm .dot").first.hover()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@browser_test
def test_classes_and_titles_are_text_whatever_characters_they_hold(show: Callable[..., Page]) -> None:
    found, members = large(2, 3, n_songs=10, called=HOSTILE)
    text = page_html(Judged(found), members, HOSTILE, HOSTILE, title=HOSTILE)
    assert "<img src=x" not in text
    page = show(text)  # which ends with the test that nothing was run or fetched
    name = utf8(f"{HOSTILE} 0")
    assert page.locator(".swarm .class").all_text_contents() == [name, utf8(f"{HOSTILE} 1")]
    page.locator(".swarm .dot").first.click()
    assert page.locator(".concept-card .name").inner_text().startswith(HOSTILE[:20])
    page.reload()
    wait(page, PAGE)
    assert page.locator(".concept-card .name").inner_text().startswith(HOSTILE[:20])
    assert page.locator("img").count() == 0


@browser_test
def test_a_page_without_concepts_opens(show: Callable[..., Page], found: Concepts, write: Callable[..., str]) -> None:
    page = show(write(replace(found, kept=(), dropped=found.dropped, tested=(), removals={}), features=None))
    assert "No concept was found" in page.locator(".say").inner_text()
