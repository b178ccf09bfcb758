"""Test pages that stand alone as a report's page does, opened by a real browser without a network."""

from __future__ import annotations

import base64
import hashlib
import io
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright

from audiolime_ext.report.player.player import script_text, style_text

FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
BODY_STYLE = "body { margin: 8px } @media (prefers-color-scheme: dark) { body { background: #101114; color: #fff } }"
START = "globalThis.players = audiolime.mountAll(document); globalThis.events = [];"
# Beside the sound's two channels a third one counts frames, so that no lost block goes unseen.
_CAPTURE = """player => {
  const { context } = player;
  const merger = new ChannelMergerNode(context, { numberOfInputs: 3 });
  const splitter = new ChannelSplitterNode(context, { numberOfOutputs: 2 });
  const stereo = new GainNode(context, { channelCount: 2, channelCountMode: "explicit" });
  player.output.connect(stereo).connect(splitter);
  splitter.connect(merger, 0, 0);
  splitter.connect(merger, 1, 1);
  const clock = new AudioBuffer({ length: 240 * context.sampleRate, sampleRate: context.sampleRate });
  clock.getChannelData(0).forEach((_, i, frames) => { frames[i] = i; });
  const counter = new AudioBufferSourceNode(context, { buffer: clock });
  counter.connect(merger, 0, 2);
  const node = context.createScriptProcessor(16384, 3, 1);
  const blocks = [];
  node.onaudioprocess = ({ inputBuffer }) => {
    blocks.push([0, 1, 2].map((channel) => inputBuffer.getChannelData(channel).slice()));
  };
  merger.connect(node).connect(context.destination);
  counter.start();
  globalThis.capturing = { blocks, stop: () => player.output.disconnect(stereo), counter, node };
}"""
_PACK = """
const pack = (arrays) => {
  const bytes = new Uint8Array(arrays.reduce((sum, array) => sum + array.byteLength, 0));
  let at = 0;
  for (const array of arrays) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
    at += array.byteLength;
  }
  let text = "";
  for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return btoa(text);
};
"""
_CAPTURED = f"""player => {{ {_PACK}
  const {{ blocks, stop }} = capturing;
  stop();
  return {{ sr: player.context.sampleRate, channels: [0, 1, 2].map((c) => pack(blocks.map((block) => block[c]))) }};
}}"""
_RENDER = f"""async player => {{ {_PACK}
  const channels = [];
  for await (const chunk of player.render()) chunk.forEach((samples, c) => (channels[c] ??= []).push(samples));
  return channels.map(pack);
}}"""


class TooBusyError(Exception):
    """The machine let blocks of the captured sound go: the capture failed, whatever the page did."""


def chromium() -> str | None:
    """The path of a browser that speaks to Playwright."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=chromium(), args=FLAGS)


def document(*fragments: str, script: str | None = None, style: str = "") -> str:
    """A page of players, as strict as a report's: only what is in it, only scripts and styles with known hashes."""
    script, style = f"{script or script_text()}\n{START}", f"{style_text()}\n{BODY_STYLE}\n{style}"

    def source(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    policy = (
        f"default-src 'none'; script-src {source(script)}; style-src {source(style)}; "
        "img-src data:; media-src data: blob:"
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width"><title>Players</title>'
        f"<style>{style}</style></head><body><main><h1>Players</h1>{''.join(fragments)}"
        f'<label>Elsewhere <input id="elsewhere"></label></main><script>{script}</script></body></html>'
    )


@contextmanager
def opened(browser: Browser, folder: Path, html: str, **options: Any) -> Iterator[Page]:
    """The page in the browser, opened from disk and offline; errors and requests beyond the page fail at the end."""
    file = folder / "page.html"
    file.write_text(html, encoding="utf-8")
    context = browser.new_context(offline=True, **options)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if _is_complaint(said) else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(f"dialog {dialog.message}"))
    page.on("request", lambda made: None if _inside(made.url, file) else complaints.append(f"request {made.url}"))
    try:
        page.goto(file.as_uri())
        yield page
        assert not complaints, complaints
    finally:
        context.close()


def _is_complaint(said: ConsoleMessage) -> bool:
    return said.type in ("error", "warning") and "ScriptProcessorNode is deprecated" not in said.text


def _inside(url: str, file: Path) -> bool:
    return url == file.as_uri() or url.startswith(("data:", "blob:"))


def js(page: Page, expression: str, *, player: int = 0) -> Any:
    """Evaluate something of a player: ``player => …``, or what follows ``player.``."""
    body = expression if "=>" in expression else f"player => player.{expression}"
    return page.evaluate(f"() => ({body})(players[{player}])")


def wait(page: Page, condition: str, *, at_most_s: float = 20.0) -> None:
    """Until an expression holds; the page's policy forbids Playwright's own way, which evaluates strings."""
    until = time.monotonic() + at_most_s
    while not page.evaluate(condition):
        assert time.monotonic() < until, f"still not: {condition}"
        page.wait_for_timeout(20)


def capture(page: Page, seconds: float, *, player: int = 0) -> tuple[NDArray[np.float32], int]:
    """What passes through a player's output for a while, shape (2, n_samples), and its rate; no block is missing."""
    js(page, _CAPTURE, player=player)
    page.wait_for_timeout(1000 * seconds)
    return captured(page, player=player)


def start_capture(page: Page, *, player: int = 0) -> None:
    js(page, _CAPTURE, player=player)


def captured(page: Page, *, player: int = 0) -> tuple[NDArray[np.float32], int]:
    """What has passed since `start_capture`; no block is missing."""
    sound, heard, sr = captured_in_part(page, player=player)
    if not heard.all():
        raise TooBusyError("the browser was too busy to capture all sound")
    return sound, sr


def captured_in_part(page: Page, *, player: int = 0) -> tuple[NDArray[np.float32], NDArray[np.bool_], int]:
    """What has passed since `start_capture`, each frame in its place: samples (2, n), which were heard (n), rate.

    A busy machine loses blocks of about a third of a second; they are silent here, and not heard.
    """
    found = js(page, _CAPTURED, player=player)
    *captured, frames = (_floats(channel) for channel in found["channels"])
    counted = frames > 0
    if not counted.any():
        raise TooBusyError("the browser was too busy to capture any sound")
    places = frames[counted].astype(np.intp)
    places -= places[0]
    sound, heard = np.zeros((2, places[-1] + 1), np.float32), np.zeros(places[-1] + 1, np.bool_)
    sound[:, places] = np.stack(captured)[:, counted]
    heard[places] = True
    return sound, heard, found["sr"]


def rendered(page: Page, *, player: int = 0) -> NDArray[np.float32]:
    """The present choice as `Player.render` gives it, shape (n_channels, n_samples)."""
    return np.stack([_floats(channel) for channel in js(page, _RENDER, player=player)])


def downloaded(page: Page) -> tuple[str, NDArray[np.float32], int]:
    """What the Download button saves: the file's name, samples (n_channels, n_samples) and rate."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download").click()
    samples, sr = soundfile.read(io.BytesIO(Path(waiting.value.path()).read_bytes()), dtype="float32", always_2d=True)
    return waiting.value.suggested_filename, samples.T, sr


def _floats(packed: str) -> NDArray[np.float32]:
    return np.frombuffer(base64.b64decode(packed), np.float32)
