"""The app in a real browser: songs are given, followed, cancelled and heard."""

from __future__ import annotations

import re
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import soundfile
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.app.songs import LOUD, QUIET, wav
from tests.app.test_serving import asked
from tests.browser.pages import wait
from tests.cli.test_serve import serving
from tests.report.player.test_player import violations

pytestmark = pytest.mark.browser
SLOW_MS = 60_000
STILL = "() => !document.querySelector('#songs [aria-disabled]')"  # every button may be pressed
Opening = Callable[..., Page]


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("music")
    for name, content in {
        "quiet.wav": QUIET,
        "loud.wav": LOUD,
        "short.wav": wav(0.2),
        "broken.wav": QUIET[: len(QUIET) // 2],
        "words.mp3": b"these are words, and no song",
        "empty.flac": b"",
        "a-very-long-name-without-any-space-" * 3 + ".wav": QUIET,
    }.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def where(music: Path) -> Iterator[str]:
    """The address of a server whose model sleeps at loud songs."""
    with serving("--allow-paths", str(music)) as (_, address):
        yield address


@pytest.fixture
def show(browser: Browser, where: str) -> Iterator[Opening]:
    """Opens the home; complaints of the browser, other than of refusals, fail at the end."""
    with opening(browser) as go:
        yield lambda address=where, **options: go(address, **options)
    for job in 2 * asked(where, "api/jobs")["jobs"]:  # what runs is cancelled first, then deleted
        with suppress(urllib.error.HTTPError):
            urllib.request.urlopen(urllib.request.Request(f"{where}api/jobs/{job['id']}", method="DELETE")).close()


@contextmanager
def opening(browser: Browser) -> Iterator[Opening]:
    complaints: list[str] = []

    def go(address: str, **options: Any) -> Page:
        page = browser.new_context(**options).new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        return page

    yield go
    for context in browser.contexts:
        context.close()
    told = ("the server responded with a status of 4", "ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED")
    assert [each for each in complaints if not any(words in each for words in told)] == []


def row(page: Page, name: str) -> Any:
    return page.locator(".song", has=page.locator(".name", has_text=name)).first


def choose(page: Page, *files: Path) -> None:
    page.set_input_files("#files", list(files))


def done(page: Page, name: str) -> None:
    expect(row(page, name).locator("a")).to_be_visible(timeout=SLOW_MS)


@pytest.mark.usefixtures("published")
def test_a_song_is_given_followed_and_heard_with_the_published_models(
    browser: Browser, ezer_ev: Path, tmp_path: Path
) -> None:
    sound, sr = soundfile.read(ezer_ev)
    song = tmp_path / "ezer_ev.flac"
    soundfile.write(song, sound[: 9 * sr], sr)
    with serving(published=True) as (_, address), opening(browser) as go:
        page = go(address)
        expect(page.locator("h1")).to_have_text("What does a music model listen to?")
        choose(page, song)
        bar = row(page, "ezer_ev.flac").locator("progress")
        expect(bar).to_be_visible()
        expect(row(page, "ezer_ev.flac")).to_contain_text(re.compile(r"explaining: \d of \d windows"), timeout=SLOW_MS)
        done(page, "ezer_ev.flac")
        expect(row(page, "ezer_ev.flac")).to_contain_text(re.compile(r"0:09 · mean of \d windows: \w+.* 0\.\d\d \("))
        expect(page.locator("#says")).to_have_text("ezer_ev.flac: done")
        row(page, "ezer_ev.flac").locator("a").click()
        expect(page.locator("h1")).to_have_text("ezer_ev")
        page.get_by_role("button", name="Play", exact=True).first.click()
        wait(page, "() => audiolime.views[0].player.state === 'playing'")


def test_what_is_no_song_is_refused_in_words_and_can_be_dismissed(show: Opening, music: Path) -> None:
    page = show()
    choose(page, music / "words.mp3", music / "broken.wav", music / "empty.flac")
    for name, told in {
        "words.mp3": "cannot be read as audio",
        "broken.wav": "cut short",
        "empty.flac": "empty",
    }.items():
        expect(row(page, name)).to_contain_text("Not taken: ")
        expect(row(page, name)).to_contain_text(told)
    page.get_by_role("button", name="Dismiss words.mp3").click()
    expect(row(page, "words.mp3")).to_have_count(0)
    assert page.evaluate("document.activeElement.textContent") == "Dismiss"
    choose(page, music / "short.wav")
    expect(row(page, "short.wav").locator(".told")).to_have_text(re.compile("^(Failed: |0:00)"), timeout=SLOW_MS)


def test_a_reload_shows_what_runs_another_browser_too_and_cancel_ends_it(show: Opening, music: Path) -> None:
    page, other = show(), show()
    choose(page, music / "loud.wav")
    choose(page, music / "quiet.wav")
    for one in (page, other):
        expect(row(one, "loud.wav").locator("progress")).to_be_visible(timeout=SLOW_MS)
        expect(row(one, "quiet.wav")).to_contain_text("waiting")
    page.reload()
    expect(row(page, "loud.wav").locator("progress")).to_be_visible()
    page.get_by_role("button", name="Cancel loud.wav").click()
    for one in (page, other):
        expect(row(one, "loud.wav").locator(".told")).to_have_text("cancelled")
        done(one, "quiet.wav")
    wait(page, STILL)
    page.get_by_role("button", name="Delete quiet.wav").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="No: delete quiet.wav")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    wait(page, STILL)
    page.keyboard.press("Enter")
    for one in (page, other):
        expect(row(one, "quiet.wav")).to_have_count(0)
    expect(page.get_by_role("button", name="Delete loud.wav")).to_be_focused()


def test_a_double_click_deletes_no_song_and_cancels_one_alone(show: Opening, music: Path) -> None:
    page = show()
    for name in ("quiet.wav", "loud.wav"):
        choose(page, music / name)
    done(page, "quiet.wav")
    expect(row(page, "loud.wav").locator("progress")).to_be_visible(timeout=SLOW_MS)
    page.get_by_role("button", name="Cancel loud.wav").dblclick()
    expect(row(page, "loud.wav").locator(".told")).to_have_text("cancelled")
    page.get_by_role("button", name="Delete loud.wav").dblclick()
    expect(row(page, "loud.wav")).to_contain_text("Delete? Yes No")
    page.get_by_role("button", name="No: delete loud.wav").click()
    expect(page.get_by_role("button", name="Delete loud.wav")).to_be_focused()
    page.get_by_role("button", name="Delete loud.wav").click()
    page.get_by_role("button", name="Yes: delete loud.wav").dblclick()
    expect(row(page, "loud.wav")).to_have_count(0)
    expect(row(page, "quiet.wav")).to_contain_text("Delete")
    expect(row(page, "quiet.wav")).not_to_contain_text("Delete?")


def test_twenty_songs_at_once_are_all_explained(show: Opening, music: Path) -> None:
    page = show()
    songs: list[FilePayload] = [{"name": f"song {i}.wav", "mimeType": "audio/wav", "buffer": QUIET} for i in range(20)]
    page.set_input_files("#files", songs)
    expect(page.locator(".song a")).to_have_count(20, timeout=SLOW_MS)


def test_songs_are_dropped_and_labels_are_chosen(show: Opening) -> None:
    page = show()
    page.locator("#options summary").click()
    page.get_by_label("these labels").check()
    expect(page.locator("#chosen-count")).to_have_text("choose at least one")
    page.evaluate(DROP)
    expect(page.locator(".song")).to_have_count(0)
    expect(page.locator("#says")).to_have_text("choose at least one label first")
    page.get_by_label("bright").check()
    expect(page.locator("#asked")).to_contain_text("bands:2 · bright")
    page.evaluate(DROP)
    done(page, "dropped.wav")
    expect(row(page, "dropped.wav")).to_contain_text("bright 0.")
    expect(row(page, "dropped.wav")).not_to_contain_text("loud")


DROP = """() => {
  const n = 24000, view = new DataView(new ArrayBuffer(44 + 2 * n));
  const text = (at, words) => [...words].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
  text(0, "RIFF"); text(8, "WAVEfmt "); text(36, "data");
  [[4, 36 + 2 * n], [16, 16], [24, 8000], [28, 16000], [40, 2 * n]].forEach(([at, x]) => view.setUint32(at, x, true));
  [[20, 1], [22, 1], [32, 2], [34, 16]].forEach(([at, x]) => view.setUint16(at, x, true));
  for (let i = 0; i < n; i++) view.setInt16(44 + 2 * i, 9000 * Math.sin(i / 2), true);
  const moved = new DataTransfer();
  moved.items.add(new File([view.buffer], "dropped.wav", { type: "audio/wav" }));
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: moved, bubbles: true, cancelable: true }));
}"""


def test_a_file_is_named_by_its_path_with_the_keyboard_alone(show: Opening) -> None:
    page = show()
    page.locator("#path").focus()
    page.keyboard.type("quiet.wav")
    page.keyboard.press("Enter")
    done(page, "quiet.wav")
    page.locator("#path").fill("../secret.wav")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(row(page, "../secret.wav")).to_contain_text("no such file within the folder")


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_axe_finds_nothing_serious_and_the_page_fits(show: Opening, music: Path, width: int, scheme: str) -> None:
    page = show(color_scheme=scheme, viewport={"width": width, "height": 800})
    choose(page, music / "words.mp3", *music.glob("a-very-long*"), music / "loud.wav")
    expect(row(page, "loud.wav").locator("progress")).to_be_visible(timeout=SLOW_MS)
    done(page, "a-very-long")
    page.locator("#options summary").click()
    page.get_by_label("these labels").check()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_page_goes_on_when_the_server_comes_back(browser: Browser, music: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    words = ("--keep", "--work", str(tmp_path / "work"), "--port", port)
    with opening(browser) as go:
        with serving(*words) as (running, address):
            page = go(address)
            choose(page, music / "quiet.wav")
            done(page, "quiet.wav")
            choose(page, music / "loud.wav")
            expect(row(page, "loud.wav")).to_contain_text("tagging", timeout=SLOW_MS)
            running.send_signal(signal.SIGKILL)
            running.wait(20)
            expect(page.locator("#server")).to_contain_text("does not answer at the moment")
        with serving(*words):
            expect(page.locator("#server")).to_be_hidden(timeout=SLOW_MS)
            done(page, "quiet.wav")
            expect(row(page, "loud.wav")).to_contain_text("tagging", timeout=SLOW_MS)


def test_the_address_with_a_token_leads_to_everything(browser: Browser, music: Path) -> None:
    with serving("--token", "a-secret-of-many-letters") as (_, address), opening(browser) as go:
        assert address.endswith("/t/a-secret-of-many-letters/")
        page = go(address)
        choose(page, music / "quiet.wav")
        done(page, "quiet.wav")
        row(page, "quiet.wav").locator("a").click()
        expect(page.locator("h1")).to_have_text("quiet")


def test_without_scripts_the_page_says_what_to_do(show: Opening) -> None:
    page = show(java_script_enabled=False)
    assert "audiolime page SONG" in (page.locator("noscript").text_content() or "")
    expect(page.locator("#give")).to_be_hidden()
