"""Models that answer what no model should."""

# ruff: noqa
# mypy: ignore-errors
import numpy as np
from audiolime_ext import tagger


def plain(batch):
    level = np.sqrt((np.asarray(batch, float) ** 2).mean(axis=1))
    return np.stack([level / (1 + level), 1 / (1 + level)], axis=1)


loud = tagger(plain, labels=["loud", "quiet"], version="1")
windowed = tagger(plain, sr=16000, labels=["loud", "quiet"], window_s=0.5, version="1")


def strings(batch):
    return [["a", "b"]] * len(batch)


def one(batch):
    return plain(batch)[:, 0]


def named(batch):
    return {"logits": plain(batch), "embedding": plain(batch)}


def pair(batch):
    return plain(batch), np.zeros((len(batch), 8))


def none(batch):
    return None


def ragged(batch):
    return [[1.0], [1.0, 2.0]]


def fewer(batch):
    return plain(batch)[:-1]


def varying(batch):
    return np.ones((len(batch), 2 + len(batch) % 2))


def cube(batch):
    return np.ones((len(batch), 3, 2))


def not_a_number(batch):
    return plain(batch) * np.nan


def infinite(batch):
    return plain(batch) / 0.0


def complex_ones(batch):
    return plain(batch) * 1j


def objects(batch):
    return np.array([[object()] * 2] * len(batch))


def huge(batch):
    return plain(batch) * 1e300


def nothing(batch):
    return np.zeros((len(batch), 0))


def raising(batch):
    raise RuntimeError("first line\nsecond line")


def raising_nothing(batch):
    raise ValueError


def leaving(batch):
    raise SystemExit(0)


def stopping(batch):
    raise StopIteration


def asserting(batch):
    assert batch.shape[1] == 7, batch.shape


def exhausted(batch):
    raise MemoryError


def recursive(batch):
    return recursive(batch)


def spoiling(batch):
    batch *= 0
    return plain(batch) + 1


def moving(batch):
    import os

    os.chdir("/")
    return plain(batch)


def printing(batch):
    print("predicting", len(batch))
    return plain(batch)


def strict(batch):
    np.seterr(all="raise")
    return plain(batch)


no_function = 7
text = "a model"
