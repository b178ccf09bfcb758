"""What a notebook shows: the table and a player that stands alone, at most 2 MB a cell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

from audiolime_ext import Audio, Explanation, TrackExplanation, explain, explain_track, tagger
from audiolime_ext.report.notebook import MOST_BYTES, html_of
from factorizations.oracle import OracleFactorization
from tests.browser.pages import wait

SR = 16000


def band(seconds: float) -> OracleFactorization:
    rng = np.random.default_rng(0)
    waves = {name: gain * rng.normal(size=round(seconds * SR)) for name, gain in {"<i>hum": 0.1, "hiss": 0.02}.items()}
    return OracleFactorization({name: (wave.astype(np.float32), SR) for name, wave in waves.items()})


LOUD = tagger(lambda b: np.sqrt((b**2).mean(axis=1, keepdims=True)), sr=SR, labels=["<b>loud"], window_s=1.0)


@pytest.fixture(scope="module")
def excerpt() -> Explanation:
    oracle = band(4.0)
    return explain(oracle.mixture, LOUD, factorization=oracle, start_s=1.0, segments=2)


def track(seconds: float) -> TrackExplanation:
    oracle = band(seconds)
    return explain_track(oracle.mixture, LOUD, factorization=oracle, labels=[0], cache=False)


@pytest.mark.browser
def test_a_cell_plays_the_component_that_explains(browser: Browser, excerpt: Explanation, tmp_path: Path) -> None:
    cell = tmp_path / "cell.html"
    cell.write_text(f"<!doctype html><meta charset=utf-8><body>{excerpt._repr_html_()}", encoding="utf-8")
    page = browser.new_context(offline=True).new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(cell.as_uri())
    top = excerpt.top().components[0]
    page.get_by_role("button", name=f"Only: {top}").click()
    page.get_by_role("button", name="Play", exact=True).click()
    playing = "() => audiolime.mountPlayer(document.querySelector('.audiolime')).state === 'playing'"
    wait(page, playing)
    assert page.locator("b").count() == 0
    assert "<b>loud comes most from <i>hum" in page.inner_text("body")
    assert not errors


def test_numbers_below_zero_have_a_minus_sign(excerpt: Explanation) -> None:
    shown = html_of(excerpt).split("<div class")[0]
    levels = [level for level in excerpt.components.levels_db if level < 0]
    assert levels
    assert all(f"<td>\N{MINUS SIGN}{-level:.1f}</td>" in shown for level in levels)
    assert "<td>-" not in shown


def test_every_result_fits_a_cell(excerpt: Explanation) -> None:
    noise = 0.1 * np.random.default_rng(0).normal(size=(2, 180 * 44100))
    long = Audio(noise.astype(np.float32), 44100, "three minutes")
    for html in (html_of(excerpt), html_of(track(8.0)), html_of(long)):
        assert len(html) <= MOST_BYTES
        assert 'data-piece="0"' in html
    assert "180.00 s, of which the first" in html


def test_a_track_is_a_table_of_means_with_their_lowest_and_highest() -> None:
    of_three = track(3.0)
    shown = html_of(of_three).split("<div class")[0]
    weights = of_three.weights(0)
    hum = weights["<i>hum"]
    assert "<pre>" not in shown
    assert f"<td>{hum.mean():+.2f}</td>" in shown
    assert "<tr><td>- lowest weight</td>" in shown
    assert f"<td>{hum.min():+.2f}</td>" in shown.split("lowest weight")[1].split("</tr>")[0]
    assert f"<td>{hum.max():+.2f}</td>" in shown.split("highest weight")[1].split("</tr>")[0]
    assert "lowest weight" not in html_of(track(1.0)), "one window has no others"
    assert "<i>" not in shown


def test_a_track_too_large_for_a_cell_says_where_to_hear_it() -> None:
    html = track(61.0)._repr_html_()
    assert "write_page" in html
    assert "data-piece" not in html
    assert "&lt;b&gt;loud" in html
    assert "<b>" not in html


def test_something_else_has_no_view() -> None:
    with pytest.raises(TypeError, match="no notebook view of int"):
        html_of(3)
