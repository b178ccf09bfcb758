"""Numbers and names that come from NumPy do what Python's own do, to the last file that is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import Audio, Explanation, explain, explain_track, load_audio, run_audit, tagger, write_page
from audiolime_ext.audit.measurement.measure import Settings
from audiolime_ext.audit.store.store import AuditStore
from audiolime_ext.errors import UnfitModel, UsageError

SR = 8000
HISS = np.random.default_rng(0).normal(0, 0.1, 2 * SR).astype(np.float32)


def level(batch: np.ndarray) -> np.ndarray:
    found = np.sqrt((batch**2).mean(axis=1))
    return np.stack([found, 1 - found], axis=1)


class Listener:
    """A model whose author computed everything with NumPy."""

    spec, fingerprint, min_s, references = None, np.str_("1"), None, ()
    sr, n_channels, batch_size = np.float64(SR), np.int64(1), np.int64(8)
    window_s, hop_s, lead_s = np.float32(0.5), np.float32(0.5), np.float32(0)
    labels = np.array(["soft", "loud"])

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        return level(batch)


PLAIN: dict[str, Any] = {"start_s": 0.25, "duration_s": 1.5, "labels": ["loud"], "max_evals": 64, "seed": 3}
OURS = tagger(level, sr=SR, labels=["soft", "loud"], window_s=0.5, batch_size=8, version="1")
FROM_NUMPY: dict[str, Any] = {
    "start_s": np.float32(0.25),
    "duration_s": np.float64(1.5),
    "labels": np.array(["loud"]),
    "max_evals": np.int64(64),
    "seed": np.uint8(3),
}
THEIRS = tagger(
    level,
    sr=np.int64(SR),  # type: ignore[arg-type]
    labels=np.array(["soft", "loud"]),  # type: ignore[arg-type]
    window_s=np.float32(0.5),  # type: ignore[arg-type]
    batch_size=np.int64(8),  # type: ignore[arg-type]
    version=np.str_("1"),
)


@pytest.mark.parametrize("model", [THEIRS, Listener()], ids=["tagger", "own class"])
def test_an_explanation_is_the_same_and_can_be_written(tmp_path: Path, model: Any) -> None:
    more: dict[str, Any] = {"level_check": np.bool_(True), "segments": np.int64(2), "settle": np.int64(1)}
    found = explain((HISS, np.int64(SR)), model, factorization=np.str_("bands:2"), **FROM_NUMPY, **more)
    wanted = explain((HISS, SR), OURS, factorization="bands:2", **PLAIN, level_check=True, segments=2, settle=1)
    ours, theirs = (json.loads(json.dumps(one.to_dict())) for one in (wanted, found))
    for said in (ours, theirs):  # a class of one's own has another name, and the same version
        said["versions"]["weights"] = [*said["versions"]["weights"].values()]
    assert theirs == ours
    assert Explanation.load(found.save(tmp_path / "saved")).provenance == found.provenance
    write_page(found, tmp_path / "page.html", title=np.str_("hiss"), audio=None)


def test_a_track_is_the_same_and_can_be_written(tmp_path: Path) -> None:
    song = Audio(HISS[None], np.int64(SR), "song")  # type: ignore[arg-type]
    found = explain_track(song, THEIRS, factorization="bands:2", cache=np.bool_(False), **FROM_NUMPY)  # type: ignore[arg-type]
    wanted = explain_track(Audio(HISS[None], SR, "song"), OURS, factorization="bands:2", cache=False, **PLAIN)
    assert json.loads(found.write(tmp_path).read_text()) == json.loads(json.dumps(wanted.to_dict()))


def test_an_audit_is_the_same_audit(tmp_path: Path) -> None:
    for i, label in enumerate(("soft", "loud") * 2):
        (tmp_path / "songs" / label).mkdir(parents=True, exist_ok=True)
        Audio(np.roll(HISS, i)[None] * (1 + i % 2), SR).write(tmp_path / "songs" / label / f"{i}.wav")
    given = Settings(np.int64(1), np.int64(0), ("own",), np.bool_(False), np.int64(32), np.int64(0))  # type: ignore[arg-type]
    store = tmp_path / "songs.sqlite"
    found = run_audit(tmp_path / "songs", THEIRS, "bands:2", store=store, settings=given, duration_s=np.float32(1))
    assert found.done.all()
    plain = Settings(1, 0, ("own",), noise=False, max_evals=32)
    run_audit(tmp_path / "songs", OURS, "bands:2", store=store, settings=plain, duration_s=1.0)  # or it is refused
    with AuditStore.read(store) as opened:
        assert len(opened.recordings()) == 4


def test_a_rate_is_a_whole_number() -> None:
    assert type(tagger(level, sr=np.float32(SR)).sr) is int  # type: ignore[arg-type]
    assert type(load_audio(Audio(HISS[None], np.int64(SR))).sr) is int  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"sr must be a whole number of Hz from 1 to 768000, not 22050\.5"):
        tagger(level, sr=22050.5)  # type: ignore[arg-type]


def test_a_model_that_answers_fewer_labels_than_before_is_told_both_numbers() -> None:
    asked = []

    def shrinking(batch: np.ndarray) -> np.ndarray:
        asked.append(len(batch))
        return level(batch) if len(asked) == 1 else level(batch)[:, :1]

    with pytest.raises(UnfitModel, match="answered 1 and 2 columns for different batches"):
        explain((HISS * 9, SR), tagger(shrinking, sr=SR, window_s=0.5), factorization="bands:2")
