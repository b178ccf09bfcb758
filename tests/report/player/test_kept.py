"""The sound of a page is made once: from the cache it is the same, and whatever else is asked finds nothing of it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from audiolime_ext import Audio, TrackExplanation, explain_track, tagger
from audiolime_ext.cache import Cache
from audiolime_ext.factorization.stems import Stems
from audiolime_ext.report.player import media
from audiolime_ext.report.song.page import page_html
from factorizations.oracle import OracleFactorization

SR = 16000
TIME = np.arange(6 * SR) / SR
LOUDNESS = tagger(
    lambda batch: np.sqrt((batch**2).mean(axis=1, keepdims=True)), sr=SR, labels=["loud"], window_s=1.0, version="1"
)
DRUMS, BASS = ((loud * np.sin(2 * np.pi * hz * TIME)).astype(np.float32) for loud, hz in ((0.4, 1000), (0.1, 100)))


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a cache of its own."""
    monkeypatch.setenv("AUDIOLIME_CACHE", str(tmp_path))
    return tmp_path / "results"


def track(drums: np.ndarray = DRUMS, *, cache: bool = True) -> TrackExplanation:
    band = OracleFactorization({"drums": (drums, SR), "bass": (BASS, SR)})
    return explain_track(band.mixture, LOUDNESS, factorization=band, labels=["loud"], min_score=0, cache=cache)


def sounds(folder: Path) -> list[Path]:
    return sorted(path for kind in ("sound", "clips") for path in folder.glob(f"{kind}-*"))


@pytest.fixture
def no_encoder(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """From here on whatever is encoded fails."""

    def fail(*_: object) -> None:
        raise AssertionError("something is encoded")

    monkeypatch.setattr(media, "_encode", fail)
    return monkeypatch


def no_stems() -> None:
    raise AssertionError("the stems are opened")


def test_a_page_made_again_is_the_same_without_stems_and_without_an_encoder(
    kept: Path, request: pytest.FixtureRequest
) -> None:
    first = page_html(track())
    assert len(sounds(kept)) == 2
    request.getfixturevalue("no_encoder")
    again = track()
    object.__setattr__(again, "open_stems", no_stems)
    object.__setattr__(again, "open_window", no_stems)
    assert page_html(again) == first


@pytest.mark.parametrize("what", ["another codec", "other stems", "fewer stems", "another span"])
def test_whatever_else_is_asked_finds_nothing_of_it(kept: Path, what: str) -> None:
    page_html(track())
    before = len(list(kept.glob("sound-*")))
    if what == "another codec":
        page_html(track(), audio="flac")
    elif what == "fewer stems":
        page_html(track(), mixture=False)
    elif what == "other stems":
        assert page_html(track(DRUMS[::-1].copy() / 2)) != page_html(track())
    else:
        band = OracleFactorization({"drums": (DRUMS, SR), "bass": (BASS, SR)})
        page_html(explain_track(band.mixture, LOUDNESS, factorization=band, labels=["loud"], start_s=2.0))
    assert len(list(kept.glob("sound-*"))) == before + 1


@pytest.mark.parametrize("file", ["encoded.npy", "entry.json"])
def test_a_damaged_entry_is_made_anew_and_that_is_said(
    kept: Path, capsys: pytest.CaptureFixture[str], file: str
) -> None:
    first = page_html(track())
    (damaged,) = (path / file for path in kept.glob("sound-*"))
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(bytes(content))
    assert page_html(track()) == first
    assert "a kept result, is damaged" in capsys.readouterr().err
    capsys.readouterr()
    assert page_html(track()) == first
    assert capsys.readouterr().err == ""


def test_nothing_is_kept_without_a_cache(kept: Path) -> None:
    assert 'data-piece="0"' in page_html(track(cache=False))
    assert not kept.exists()


def test_the_limit_of_the_cache_holds_for_the_sound_of_pages(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIOLIME_CACHE_MAX", "900k")
    for factor in (1.0, 0.5, 0.25, 0.125):
        page_html(track(np.float32(factor) * DRUMS))
    cache = Cache.of_user()
    assert cache is not None
    assert 0 < sum(entry.n_bytes for entry in cache.entries()) <= 900_000


def test_a_page_is_the_same_where_the_cache_cannot_be_written_and_stderr_says_so(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good, begun = page_html(track()), track(np.float32(0.5) * DRUMS)
    other = page_html(begun)
    capsys.readouterr()
    shutil.rmtree(kept)
    kept.write_text("a file where the folder would be")
    assert page_html(track()) == good
    assert page_html(begun) == other, "it was explained while the cache could be written"
    told = capsys.readouterr().err
    assert told.count("audiolime: warning: cannot keep results in") == 1
    assert "Set AUDIOLIME_CACHE to a folder that is writable" in told


def test_stems_that_cannot_be_identified_are_encoded_each_time(kept: Path) -> None:
    class Halves:
        """Two halves of the sound, by something that does not say what it is."""

        spec, fingerprint, references, scope = None, "", (), "excerpt"

        def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
            half = audio.excerpt(start_s, duration_s).samples / 2
            return Stems(("left", "right"), np.stack([half, half]), audio.sr)

    recording = Audio((DRUMS + BASS)[None], SR, "two")
    page_html(explain_track(recording, LOUDNESS, factorization=cast(Any, Halves()), labels=["loud"], min_score=0))
    assert not sounds(kept)
