"""A long recording costs what its excerpt costs, not what all of it would."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from audiolime_ext import Audio, explain, load_audio, tagger
from audiolime_ext.factorization import Scope, Stems, factorize_in_parts
from audiolime_ext.registry import build
from audiolime_ext.spectrogram import stft
from factorizations import hpss

SR, MINUTES = 44100, 10
ALLOWED_GB = 1.5

loudness = tagger(lambda batch: np.abs(batch).max(axis=1, keepdims=True), labels=["loud"])

CHILD = """
import json
import resource
import sys

import numpy as np

from audiolime_ext import explain, tagger
from audiolime_ext.resolve import resolve_factorization

loud = tagger(lambda batch: np.sqrt((batch**2).mean(axis=1, keepdims=True)), sr=16000, labels=["loud"], window_s=3.0)
path, spec, model, start = sys.argv[1:]
separator = resolve_factorization(spec)
asked = []
ask = separator.factorize


def factorize(audio, *, start_s=0.0, duration_s=None):
    asked.append([start_s, duration_s])
    return ask(audio, start_s=start_s, duration_s=duration_s)


separator.factorize = factorize
found = explain(
    path, loud if model == "loud" else model, factorization=separator,
    start_s=None if start == "none" else float(start), duration_s=3.0,
)
try:  # Linux hands ru_maxrss on to a child: it would be the peak of the test run itself
    with open("/proc/self/status") as status:
        gb = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1e6
except OSError:
    gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)
print(json.dumps({"gb": gb, "asked": asked, "start_s": found.components.start_s}))
"""


@pytest.fixture(scope="module")
def long_song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten minutes in stereo, written minute by minute; the seventh is the loudest."""
    path = tmp_path_factory.mktemp("long") / "long.flac"
    rng = np.random.default_rng(0)
    with soundfile.SoundFile(path, "w", SR, 2) as file:
        for minute in range(MINUTES):
            file.write(rng.normal(0, 0.1 if minute == 6 else 0.05, (60 * SR, 2)))
    return path


def measured(song: Path, spec: str, model: str, start: str) -> dict[str, Any]:
    """Peak memory of a process that explains three seconds, and what it asked its separator for."""
    command = [sys.executable, "-c", CHILD, str(song), spec, model, start]
    child = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert child.returncode == 0, child.stderr
    return json.loads(child.stdout.splitlines()[-1])  # type: ignore[no-any-return]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no getrusage")
@pytest.mark.parametrize(
    ("spec", "model", "start"),
    [
        ("hpss", "loud", "300"),
        ("hpss", "loud", "none"),
        ("nmf:8", "loud", "300"),
        ("spleeter:2stems", "musicnn:MSD_musicnn", "300"),
    ],
)
def test_explaining_a_moment_of_a_long_recording_stays_small(
    long_song: Path, spec: str, model: str, start: str
) -> None:
    found = measured(long_song, spec, model, start)
    assert found["gb"] < ALLOWED_GB
    ((start_s, duration_s),) = found["asked"]
    assert duration_s < 3.5, "three seconds and what the resampler needs around them"
    assert start_s == pytest.approx(found["start_s"], abs=0.3)
    if start == "none":
        assert 360 <= found["start_s"] < 420, "the loudest minute"


class Halves:
    """Two equal stems, and a note of every span that was asked for."""

    spec, fingerprint, references = None, "halves", ()
    scope: Scope = "blocks"

    def __init__(self) -> None:
        self.spans: list[tuple[float, float | None]] = []

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        self.spans.append((start_s, duration_s))
        half = audio.excerpt(start_s, duration_s).samples / np.float32(2)
        return Stems(("a", "b"), np.stack([half, half]), audio.sr)


def test_a_long_recording_is_separated_in_parts(long_song: Path) -> None:
    audio = load_audio(long_song).excerpt(0.0, 130.0)
    separator = Halves()
    n_samples = sum(stems.samples.shape[-1] for stems in factorize_in_parts(separator, audio, part_s=60.0))
    assert n_samples == audio.n_samples
    assert separator.spans == [(0.0, 60.0), (60.0, 60.0), (120.0, 10.0)]


def test_spleeter_separates_only_the_blocks_that_an_excerpt_touches(long_song: Path) -> None:
    separator = build("factorization", "spleeter:2stems")
    network, blocks = separator._network, []

    def counted(magnitudes: Any) -> Any:
        blocks.append(magnitudes.shape)
        return network(magnitudes)

    separator.__dict__["_network"] = counted
    explain(load_audio(long_song), loudness, factorization=separator, start_s=100.0, duration_s=3.0)
    assert 1 <= len(blocks) <= 2, "a block is 11.9 s long"


def test_hpss_transforms_only_the_frames_around_an_excerpt(long_song: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def counted(piece: Any, **options: Any) -> Any:
        seen.append(piece.shape[-1])
        return stft(piece, **options)

    monkeypatch.setattr(hpss, "stft", counted)
    explain(load_audio(long_song), loudness, factorization="hpss", start_s=100.0, duration_s=3.0)
    assert 0 < sum(seen) < 5 * SR
