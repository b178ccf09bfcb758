"""Files of ours, damaged: results and the stores of audits."""

from __future__ import annotations

import json
import random
import sqlite3
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tests.fuzz.damage import MODEL, WINDOWED, Input, mutated
from tests.fuzz.recordings import encoded

OTHERS: tuple[object, ...] = (None, "", "x", 0, -1, 1e308, [], {}, [[]], True, "../0.wav", "os:system", {"a": 1})
BROKEN_JSON = ("{", '{"labels": null}', '{"a": [1, 2}', "[" * 5000, "NaN", '{"x": 1e999}', "\0", "")


@cache
def saved() -> dict[str, bytes]:
    """A result, and an audit's store, as our own commands write them."""
    from tests.fuzz.running import run

    files = {
        "0.wav": encoded("pcm.wav"),
        "1.wav": encoded("float.wav"),
        "m.csv": b"path,label\n0.wav,loud\n1.wav,quiet\n",
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for what, content in files.items():
            (folder / what).write_bytes(content)
        run(folder, ("explain", "0.wav", "-f", "bands:2", "-t", MODEL, "-o", "out"))
        run(folder, ("audit", "m.csv", "-t", WINDOWED, "-f", "bands:2", "-o", "s.sqlite", "--workers", "0"))
        results = [path.read_bytes() for path in folder.glob("out/**/explanation.json")]
        return {**files, "r.json": results[0], "s.sqlite": (folder / "s.sqlite").read_bytes()}


def results(rng: random.Random, _number: int) -> Input:
    """Results of ours with values of another kind, without keys, or with damaged bytes."""
    content = json.loads(saved()["r.json"])
    for _ in range(rng.choice((1, 1, 2, 5))):
        inside = content
        while True:
            keys = list(inside) if isinstance(inside, dict) else range(len(inside))
            if not keys:
                break
            key = rng.choice(list(keys))
            if isinstance(inside[key], (dict, list)) and inside[key] and rng.random() < 0.7:
                inside = inside[key]
                continue
            if isinstance(inside, dict) and rng.random() < 0.3:
                del inside[key]
            else:
                inside[key] = rng.choice(
                    (None, "", "x", 0, -1, 1e308, [], {}, [[]], True, "../0.wav", "os:system", {"a": 1})
                )
            break
    written = json.dumps(content).encode()
    if rng.random() < 0.3:
        written = rng.choice((mutated(written, rng)[1], rng.choice(BROKEN_JSON).encode()))
    files = {"0.wav": saved()["0.wav"], "r.json": written}
    return Input("result", files, ("rerun", "--trust", "r.json"), frozenset({0, 1, 2, 3, 4}))


def stores(rng: random.Random, _number: int) -> Input:
    """Audit stores with damaged bytes, or with other values in a cell."""
    content = saved()["s.sqlite"]
    if rng.random() < 0.5:
        how, content = mutated(content, rng)
    else:
        how, content = _with_another_cell(content, rng)
    command: Sequence[str] = rng.choice((
        ("audit", "gate", "s.sqlite"),
        ("audit", "report", "s.sqlite", "-o", "page.html"),
        ("audit", "export", "s.sqlite", "-o", "t.csv"),
        ("audit", "merge", "s.sqlite", "-o", "all.sqlite"),
        ("audit", "m.csv", "-t", WINDOWED, "-f", "bands:2", "-o", "s.sqlite", "--workers", "0"),
    ))  # fmt: skip
    files = {**saved(), "s.sqlite": content}
    return Input(f"{command[1]} {how}", files, command, frozenset({0, 1, 2, 3, 4, 5, 6, 7}))


def _with_another_cell(content: bytes, rng: random.Random) -> tuple[str, bytes]:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "s.sqlite"
        path.write_bytes(content)
        with sqlite3.connect(path) as database:
            listed = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            table = rng.choice(listed)[0]
            column = rng.choice(database.execute(f"PRAGMA table_info('{table}')").fetchall())[1]
            value = rng.choice((None, "", "x", -1, 1e308, b"\xff\0", "[", "{}", 2**62))
            try:
                database.execute(f'UPDATE "{table}" SET "{column}" = ?', (value,))
            except sqlite3.Error:
                database.execute(f'DELETE FROM "{table}"')
        database.close()
        return f"{table}.{column}", path.read_bytes()
