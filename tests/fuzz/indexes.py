"""Indexes, damaged: their catalogues, vectors and stems, and what is worked out from them; and tables of vectors."""

from __future__ import annotations

import io
import json
import random
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from tests.fuzz.damage import WINDOWED, Input, mutated
from tests.fuzz.ours import _table, _with_another_cell, changed
from tests.fuzz.recordings import SR, encoded

SIMILAR = ("similar", "0.wav", "--in", "x.index", "-k", "2", "--trust", "--json")
INDEX = ("index", "music", "-m", WINDOWED, "--stems", "bands:2", "-o", "x.index", "--workers", "0", "--json")
MERGE = ("index", "merge", "x.index", "-o", "all.index", "--json")
CATALOGUE, VECTORS, STEMS = "x.index/catalogue.sqlite", "x.index/vectors.f32", "x.index/stems.f32"
NUMBERS = (np.nan, np.inf, -1e308, 1e308, 0.0)


@cache
def saved() -> dict[str, bytes]:
    """Four songs and their index, as our own command writes it."""
    from tests.fuzz.running import run

    files = {**{f"music/{n}.wav": _song(n) for n in range(4)}, "0.wav": encoded("pcm.wav")}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        (folder / "music").mkdir()
        for what, content in files.items():
            (folder / what).write_bytes(content)
        run(folder, INDEX)
        return {**files, **{what: (folder / what).read_bytes() for what in (CATALOGUE, VECTORS, STEMS)}}


def _song(number: int) -> bytes:
    file = io.BytesIO()
    rng = np.random.default_rng(number)
    soundfile.write(file, rng.normal(0, 0.02 + 0.02 * number, 2 * SR), SR, format="WAV", subtype="PCM_16")
    return file.getvalue()


@cache
def said(command: tuple[str, ...]) -> Any:
    """What a command says of the whole index."""
    from tests.fuzz.running import run

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        for what, content in saved().items():
            (folder / what).parent.mkdir(exist_ok=True)
            (folder / what).write_bytes(content)
        return json.loads(run(folder, command).out)


def indexes(rng: random.Random, _number: int) -> Input:
    """Indexes with damaged bytes, other cells, or other tables: refused, or read as if nothing had happened."""
    files = dict(saved())
    if rng.random() < 0.3:
        matrix = rng.choice((VECTORS, STEMS))
        how, files[matrix] = mutated(files[matrix], rng)
    else:
        damage = rng.choice((mutated, _with_another_cell, _with_another_cell, _as_something_else))
        how, files[CATALOGUE] = damage(files[CATALOGUE], rng)
    command = rng.choice((SIMILAR, SIMILAR, INDEX, MERGE))
    return Input(f"{command[0]} {how}", files, command, frozenset({0, 1, 2, 3, 5}), check=_faults)


def _faults(given: Input, _folder: Path, ended: Any) -> list[str]:
    if ended.code != 0:
        return []
    return [] if json.loads(ended.out) == said(tuple(given.command)) else ["other answer"]


def _as_something_else(content: bytes, rng: random.Random) -> tuple[str, bytes]:
    return changed(content, rng.choice((
        *(f"DROP TABLE {table}" for table in ("songs", "vectors", "files", "failures", "identity", "seals")),
        "ALTER TABLE songs RENAME COLUMN facts TO more", "PRAGMA user_version = 99", "PRAGMA application_id = 7",
        "UPDATE identity SET value = '9' WHERE name = 'n_features'", "DELETE FROM identity WHERE name = 'labels'",
        "DELETE FROM identity WHERE name = 'stems'", "UPDATE songs SET facts = json_remove(facts, '$.stems')",
    )))  # fmt: skip


def vectors(rng: random.Random, _number: int) -> Input:
    """Vectors that a catalogue brings: tables and archives with other cells, shapes and bytes."""
    if rng.random() < 0.5:
        rows = [("a", "Air", "Bach", "0.5", "120"), ("b", "Jig", "Ane", "0.1", "60")]
        name, content = "v.csv", _table(rng, ("track_id", "track_name", "artists", "energy", "tempo"), rows)
    else:
        name, content = "v.npz", _archive(rng)
    command = ("index", *(["music"] if rng.random() < 0.3 else []), "--vectors", name, "-o", "y.index", "--json")
    files = {what: content for what, content in saved().items() if "index" not in what}
    return Input("vectors", {**files, name: content}, command, frozenset({0, 2}))


def _archive(rng: random.Random) -> bytes:
    numbers = np.random.default_rng(rng.randrange(99)).normal(size=rng.choice(((3, 4), (3, 0), (0, 4), (3,), (2, 4))))
    if numbers.size and rng.random() < 0.3:
        numbers.flat[0] = rng.choice(NUMBERS)
    keys = np.array(rng.choice((["a", "b", "c"], ["a", "a", "c"], ["", "b", "c"], ["../x", "é💥", "\x1b"], [1, 2, 3])))
    file = io.BytesIO()
    arrays: dict[str, Any] = {rng.choice(("vectors", "vectors", "vectors", "embedding")): numbers, "keys": keys}
    np.savez(file, **arrays)
    return mutated(file.getvalue(), rng)[1] if rng.random() < 0.4 else file.getvalue()
