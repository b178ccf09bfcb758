"""Songs to train on that need no synthesizer."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

SR = 16000


def song(folder: Path, seed: int, *, duration_s: float = 8.0) -> None:
    """Tones of another timbre for each source, clicks for the drums, noise for the rest."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(duration_s * SR)) / SR
    stems, notes = np.zeros((5, len(time_s))), []
    for source, (low, harmonics) in enumerate([(60, (1,)), (64, (1, 2, 3)), (36, (1, 2))]):
        for onset_s in np.arange(0, duration_s - 0.5, 0.5):
            pitch, lasts = int(low + rng.integers(12)), (time_s >= onset_s) & (time_s < onset_s + 0.5)
            hz = 440 * 2 ** ((pitch - 69) / 12)
            stems[source, lasts] += sum(np.sin(2 * np.pi * hz * k * time_s[lasts]) / k for k in harmonics)
            notes.append((source, pitch, onset_s, onset_s + 0.5))
    for onset_s in np.arange(0, duration_s - 0.1, 0.25):
        first = round(onset_s * SR)
        stems[3, first : first + 800] += rng.normal(size=800) * np.exp(-np.arange(800) / 200)
        notes.append((3, 36, onset_s, onset_s + 0.05))
    stems[4] = 0.01 * rng.normal(size=len(time_s))
    stems *= 0.7 / np.abs(stems.sum(axis=0)).max()
    folder.mkdir(parents=True)
    np.save(folder / "stems.npy", np.round(stems * 32767).astype(np.int16))
    np.save(folder / "notes.npy", np.array(notes, np.float32))
    (folder / "song.json").write_text(json.dumps({"seed": seed}))


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of a few seconds."""
    folder = tmp_path_factory.mktemp("data")
    for number in range(4):
        song(folder / "train" / f"{number:05d}", number)
    for number in range(2):
        song(folder / "valid" / f"{number:05d}", 100 + number)
    return folder
