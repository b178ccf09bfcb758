"""The map on the page about why songs are near: its colours, its bars, what is played of it, and what is said."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser

from audiolime_ext import why
from audiolime_ext.errors import UsageError
from audiolime_ext.gradients.parts.nearness import NearnessMap, nearness_map
from audiolime_ext.report.neighbours.bands import BARS, GAP, bands_view
from audiolime_ext.report.neighbours.page import why_html
from audiolime_ext.report.neighbours.spectrograms import LEFT, TOP, WIDTH
from audiolime_ext.report.page import write_page
from tests.browser.pages import opened
from tests.gradients.parts.test_nearness import EMBEDDER, SONG, A, mapped, over
from tests.gradients.stems import HIGH, LOW
from tests.report.neighbours import planted
from tests.report.player.test_player import violations


def altered(**of: Any) -> NearnessMap:
    """The map with other values, windows …"""
    return replace(mapped(), relevance=replace(mapped().relevance, **of), agreement=None)


def picture(encoded: str) -> np.ndarray:
    """The pixels of a picture, (n_frames, n_bands, 4), low bands first."""
    image = Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGBA")
    return np.asarray(image, int)[::-1].transpose(1, 0, 2)


def test_blue_adds_red_takes_away_and_what_has_no_relevance_shows_what_sounds() -> None:
    (part,) = bands_view(mapped(), sound=False).stretches
    pixels = picture(part.map)
    assert pixels.shape[:2] == mapped().relevance.values.shape
    red, blue, opacity = (np.median(pixels[..., at], axis=0) for at in (0, 2, 3))
    assert (blue > red)[LOW].all()
    assert (red > blue)[HIGH].all()
    assert (opacity[LOW] > 0).all()
    assert (opacity[8:20] == 0).all(), "the model does not hear these bands"
    ink = picture(part.sound)[..., 3]
    assert ink[:, LOW].mean() > 2 * ink[:, 12:16].mean(), "nothing sounds between the stems"


def test_windows_that_follow_each_other_are_one_stretch_and_what_is_not_explained_is_no_part_of_it() -> None:
    found = mapped().relevance
    (whole,) = bands_view(mapped(), sound=False).stretches
    assert (whole.x, whole.width, whole.name) == (LEFT, WIDTH, "0:00.01–0:03.99")
    windows = [replace(one, abstained=number == 1) for number, one in enumerate(found.windows)]
    first, second = bands_view(altered(windows=tuple(windows)), sound=False).stretches
    assert first.x + first.width + GAP == pytest.approx(second.x, abs=0.2)
    assert second.width / first.width == pytest.approx(2, abs=0.1)
    assert second.name.startswith("0:02.0")


def test_bars_are_the_bands_with_their_intervals_on_one_scale() -> None:
    view, bands = bands_view(mapped(), sound=False), mapped().relevance.bands()
    assert len(view.bars) == len(bands) == 32
    for bar, band in zip(view.bars, bands, strict=True):
        assert bar.adds == (band.mean >= 0)
        assert (bar.y + bar.height if bar.adds else bar.y) == pytest.approx(view.zero, abs=0.02)
        assert bar.reach is not None
        assert bar.reach[0] <= bar.reach[1]
        assert TOP - 0.01 <= bar.reach[0] <= TOP + BARS + 0.01
    tallest = max(range(32), key=lambda at: abs(bands[at].mean))
    assert view.bars[tallest].height == max(bar.height for bar in view.bars)
    ratio = view.bars[0].height / view.bars[25].height
    assert ratio == pytest.approx(abs(bands[0].mean / bands[25].mean), rel=0.02)
    assert re.fullmatch(r"0\.\d\d kHz: \+0\.\d{4} \(\+0\.\d{4} to \+0\.\d{4}\)", view.bars[0].name)


def test_a_map_that_is_the_same_in_all_bands_has_no_bars() -> None:
    """As that of a layer without an axis of frequency: bars would look as if bands had been told apart."""
    found = mapped().relevance
    flat = np.repeat(found.per_window[:, :1], found.per_window.shape[1], axis=1)
    assert bands_view(altered(per_window=flat), sound=False).bars == ()


def test_what_is_played_are_the_relevant_part_and_the_rest_of_the_strongest_windows() -> None:
    view = bands_view(mapped())
    names = [clip.caption.split(": ", 1)[1].split(";")[0] for clip in view.clips]
    assert names == ["the relevant part", "the rest"] * 3
    values = [one.value for one in mapped().relevance.windows]
    strongest = sorted(np.argsort(values)[-3:].tolist())
    assert [clip.caption[:6] for clip in view.clips[::2]] == [f"0:0{start}.0" for start in strongest]
    assert all(clip.address.startswith("data:audio/mpeg") for clip in view.clips)
    assert bands_view(mapped(), sound=False).clips == ()
    nothing = bands_view(altered(values=-np.abs(mapped().relevance.values)))
    assert nothing.clips == ()
    assert "no relevant part to listen to" in nothing.silent


def test_the_stems_stand_beside_the_map() -> None:
    view = bands_view(mapped(), sound=False)
    assert view.table is not None
    assert [(name, cells[-1]) for name, cells in view.table.rows] == [("bass", "agree"), ("cymbals", "agree")]
    assert view.agreement == ("The map and the weights agree on every component.",)
    assert any("another question, with B as the baseline" in note for note in view.notes)
    assert set(mapped().agreement.to_dict()["notes"]) < set(view.notes)  # type: ignore[union-attr]


def test_where_nothing_is_explained_or_bands_have_no_frequencies_that_is_said() -> None:
    found = mapped().relevance
    none = tuple(replace(one, abstained=True) for one in found.windows)
    view = bands_view(altered(windows=none, values=np.zeros_like(found.values), covered=np.zeros_like(found.covered)))
    assert (view.stretches, view.bars, view.clips) == ((), (), ())
    assert view.told == ("No window is explained, so nothing is said of bands.",)
    numbered = bands_view(altered(bands_hz=None, top_hz=None))
    assert numbered.unit == "number of the band"
    assert numbered.stretches[0].sound == ""
    assert numbered.clips == ()


@pytest.mark.parametrize("width", [360, 1200])
@pytest.mark.browser
def test_the_page_shows_it_and_runs_nothing_else(browser: Browser, tmp_path: Path, width: int) -> None:
    text = why_html(over(), bands=mapped())
    with opened(browser, tmp_path, text, viewport={"width": width, "height": 800}) as page:
        section = page.get_by_label("By bands")
        assert section.locator("svg.sheet").count() == 2
        assert section.locator("audio").count() == 6
        assert section.locator("rect.adds").count() + section.locator("rect.takes").count() == 32
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert violations(page) == []


def test_names_are_text() -> None:
    evil = planted.EVIL
    reason = replace(mapped().relevance, recording=evil, label=evil)
    with pytest.raises(UsageError, match="give its own map"):
        why_html(over(), bands=replace(mapped(), relevance=reason))
    told = replace(mapped(), relevance=replace(mapped().relevance, recording=evil), reading=(evil,))
    text = why_html(over(), bands=told, audio=None)
    assert "<img src=x" not in text
    assert "&lt;img src=x" in text


def test_a_map_of_another_answer_and_one_in_a_study_are_refused(tmp_path: Path) -> None:
    to_one = nearness_map(why((SONG.mixture, SONG), A, model=EMBEDDER, cache=False))
    with pytest.raises(UsageError, match=r"the map is of 'similarity to A', and the page of 'A over B'"):
        write_page(over(), tmp_path / "why.html", bands=to_one)
    with pytest.raises(UsageError, match="a study asks about stems, and shows no map"):
        why_html(over(), study=True, bands=mapped())
