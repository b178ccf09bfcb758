"""Small models for the app's workers: one that listens, and some that misbehave at a loud recording."""

from __future__ import annotations

import os
import time

import numpy as np
from numpy.typing import NDArray

from audiolime_ext import tagger

Batch = NDArray[np.float32]
SR, LABELS, LOUD = 8000, ["loud", "bright"], 0.9


def answer(batch: Batch) -> NDArray[np.float64]:
    """How loud, and how bright, each signal is."""
    level = np.sqrt(np.square(batch).mean(axis=-1))
    edge = np.abs(np.diff(batch, axis=-1)).mean(axis=-1)
    return np.asarray(np.clip(np.stack([level, edge], axis=-1), 0, 1), np.float64)


def _is_loud(batch: Batch) -> bool:
    return bool(np.abs(batch).max() > LOUD)


def _dies(batch: Batch) -> NDArray[np.float64]:
    if _is_loud(batch):
        os.kill(os.getpid(), 11)
    return answer(batch)


def _is_killed(batch: Batch) -> NDArray[np.float64]:
    if _is_loud(batch):
        os.kill(os.getpid(), 9)
    return answer(batch)


def _sleeps(batch: Batch) -> NDArray[np.float64]:
    if _is_loud(batch):
        time.sleep(600)
    return answer(batch)


def _hoards(batch: Batch) -> NDArray[np.float64]:
    if _is_loud(batch):
        return answer(np.ones((1 << 34,), np.float32)[None])  # 64 GB
    return answer(batch)


def _model(predict: object) -> object:
    return tagger(predict, sr=SR, labels=LABELS, window_s=1.0, version="1")


listens = _model(answer)
dies = _model(_dies)
is_killed = _model(_is_killed)
sleeps = _model(_sleeps)
hoards = _model(_hoards)
