"""Files of ours, damaged: results, the stores of audits, what is kept in the cache, and the tables beside them."""

from __future__ import annotations

import copy
import csv
import io
import json
import random
import sqlite3
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tests.fuzz.damage import MODEL, WINDOWED, Input, mutated
from tests.fuzz.recordings import encoded

OTHERS: tuple[object, ...] = (None, "", "x", 0, -1, 1e308, float("nan"), "1", [], {}, [[]], [[1.0], [1.0, 2.0]], True,
                              "../0.wav", "os:system", {"a": 1})  # fmt: skip
BROKEN_JSON = ("{", '{"labels": null}', '{"a": [1, 2}', "[" * 100_000, "NaN", '{"x": 1e999}', "\0", "")
AUDIT = ("audit", "m.csv", "-t", WINDOWED, "-f", "bands:2", "-o", "s.sqlite", "--workers", "0")
GATE = ("audit", "gate", "s.sqlite")
EXPORT = ("audit", "export", "s.sqlite", "-o", "t.csv")
MERGE = ("audit", "merge", "s.sqlite", "-o", "all.sqlite")
REPORT = ("audit", "report", "s.sqlite", "--no-audio", "-o", "page.html")
TRACK = ("explain", "0.wav", "--track", "-f", "bands:2", "-t", WINDOWED, "--json")
BLOCKS = tuple(zlib.compress(np.array(numbers, "<f4").view(np.uint8).reshape(-1, 4).T.tobytes())
               for numbers in ([np.nan], [np.inf, 1.0], [-1.0, 2.0], [0.5] * 7, []))  # fmt: skip
CACHE = {"AUDIOLIME_CACHE": "cache", "AUDIOLIME_CACHE_MAX": "1GB"}
UNSEAL = "DROP TABLE seals; PRAGMA user_version = 0"
ANY_STORE = frozenset({0, 1, 2, 3, 4, 5, 6, 7})


@cache
def saved() -> dict[str, bytes]:
    """A result, an audit's store, the half of another, and a cache, as our own commands write them."""
    from tests.fuzz.running import run

    files = {
        "0.wav": encoded("pcm.wav"),
        "1.wav": encoded("float.wav"),
        "m.csv": b"path,label\n0.wav,loud\n1.wav,quiet\n",
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        for what, content in files.items():
            (folder / what).write_bytes(content)
        run(folder, ("explain", "0.wav", "-f", "bands:2", "-t", MODEL, "-o", "out"))
        run(folder, AUDIT)
        run(folder, (*AUDIT[:6], "-o", "half.sqlite", "--workers", "0", "--shard", "1/2"))
        run(folder, TRACK, CACHE)
        run(folder, (*AUDIT[:6], "-o", "other.sqlite", "--workers", "0"), CACHE)
        results = [path.read_bytes() for path in folder.glob("out/**/explanation.json")]
        kept = {str(path.relative_to(folder)): path.read_bytes() for path in folder.glob("cache/results/*/*")}
        return {**files, "r.json": results[0], **_stores(folder), **kept}


def _stores(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in ("s.sqlite", "half.sqlite")}


@cache
def said(command: tuple[str, ...]) -> str:
    """What a command on the whole store, or with a whole cache, prints and writes."""
    from tests.fuzz.running import run

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        for what, content in with_a_store().items():
            (folder / what).write_bytes(content)
        return _told(run(folder, command).out, folder)


def _told(out: str, folder: Path) -> str:
    table = folder / "t.csv"
    return out + (table.read_text(encoding="utf-8") if table.exists() else "")


def results(rng: random.Random, _number: int) -> Input:
    """Results of ours with values of another kind, without keys, or with damaged bytes."""
    files = {"0.wav": saved()["0.wav"], "r.json": _damaged_json(saved()["r.json"], rng)}
    return Input("result", files, ("rerun", "--trust", "r.json"), frozenset({0, 1, 2, 3, 4}))


def _damaged_json(written: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.3:
        return rng.choice((mutated(written, rng)[1], rng.choice(BROKEN_JSON).encode()))
    content = json.loads(written)
    for _ in range(rng.choice((1, 1, 2, 5))):
        _change(content, rng)
    return json.dumps(content).encode()


def _change(content: Any, rng: random.Random) -> None:
    """Put something else in one place of an object, or take it out."""
    inside = content
    while keys := list(inside) if isinstance(inside, dict) else range(len(inside)):
        key = rng.choice(list(keys))
        if isinstance(inside[key], (dict, list)) and inside[key] and rng.random() < 0.7:
            inside = inside[key]
            continue
        if isinstance(inside, dict) and rng.random() < 0.3:
            del inside[key]
        else:
            inside[key] = copy.deepcopy(rng.choice(OTHERS))
        return


def stores(rng: random.Random, _number: int) -> Input:
    """Audit stores with damaged bytes, with other values in a cell, without a table, or of another program.

    Whoever reads one and does not refuse it must say what the whole store says.
    """
    whole = saved()["s.sqlite"]
    how, content = rng.choice((mutated, _with_another_cell, _with_another_cell, _as_something_else))(whole, rng)
    return _of_a_store(how, content, rng)


def old_stores(rng: random.Random, _number: int) -> Input:
    """Stores of a form that has no sums, with other values: what cannot be told from another audit may be said."""
    how, content = _with_another_cell(changed(saved()["s.sqlite"], UNSEAL)[1], rng)
    return replace(_of_a_store(how, content, rng), check=None)


def _of_a_store(how: str, content: bytes, rng: random.Random) -> Input:
    command: Sequence[str] = rng.choice((
        GATE, REPORT, EXPORT, MERGE, AUDIT, ("audit", "merge", "s.sqlite", "-o", "half.sqlite"),
        ("audit", "gate", "half.sqlite", "--compare-with", "s.sqlite"),
    ))  # fmt: skip
    files = {**with_a_store(), "s.sqlite": content}
    return Input(f"{command[1]} {how}", files, command, ANY_STORE, check=store_faults)


def with_a_store() -> dict[str, bytes]:
    """Recordings, their manifest and stores."""
    return {name: content for name, content in saved().items() if "cache" not in name and name != "r.json"}


def store_faults(given: Input, folder: Path, ended: Any) -> list[str]:
    """What was in the store to write must still be there; and where no error is told, nothing else may be said."""
    found = []
    if given.command[1] == "merge" and "half.sqlite" in given.command:
        before = _rows(given.files["half.sqlite"])
        found += [] if before <= _rows((folder / "half.sqlite").read_bytes()) else ["lost rows"]
    if ended.code in (0, 6, 7) and given.command[1] != "report":
        whole = said(tuple(given.command))
        found += [] if _told(ended.out, folder) == whole else ["other answer"]
    return found


def _rows(content: bytes) -> set[tuple[object, ...]]:
    """Each recording and each measurement, as it stands in a store."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "s.sqlite"
        path.write_bytes(content)
        database = sqlite3.connect(path)
        try:
            rows = database.execute("SELECT 1, task, name, facts FROM recordings").fetchall()
            rows += database.execute(
                "SELECT r.task, n.name, x.of, x.numbers FROM measurements x "
                "JOIN recordings r ON r.id = x.recording JOIN names n ON n.id = x.measure"
            )
            return {row[:3] for row in rows}
        finally:
            database.close()


def _with_another_cell(content: bytes, rng: random.Random) -> tuple[str, bytes]:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "s.sqlite"
        path.write_bytes(content)
        with sqlite3.connect(path) as database:
            listed = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            table = rng.choice(listed)[0]
            column = rng.choice(database.execute(f"PRAGMA table_info('{table}')").fetchall())[1]
            cells = database.execute(f'SELECT "{column}" FROM "{table}"').fetchall()
            how, value = "other", rng.choice((None, "", "x", -1, 1e308, b"\xff\0", "[", "{}", 2**62, *BLOCKS))
            if cells and isinstance(cells[0][0], str) and cells[0][0][:1] in "[{" and rng.random() < 0.6:
                how, value = "damaged", _damaged_json(cells[0][0].encode(), rng).decode("utf-8", "replace")
            some = f'WHERE "{column}" IN (SELECT "{column}" FROM "{table}" LIMIT 1)' if rng.random() < 0.5 else ""
            try:
                if rng.random() < 0.15:
                    how = "gone"
                    database.execute(f'DELETE FROM "{table}" {some}')
                else:
                    database.execute(f'UPDATE "{table}" SET "{column}" = ? {some}', (value,))
            except sqlite3.Error:
                database.execute(f'DELETE FROM "{table}"')
        database.close()
        return f"{table}.{column} {how}", path.read_bytes()


def _as_something_else(content: bytes, rng: random.Random) -> tuple[str, bytes]:
    """A store without a table or a column, of a newer version, or another program's file."""
    statement = rng.choice((
        "DROP TABLE recordings", "DROP TABLE measurements", "DROP TABLE names", "DROP TABLE manifest",
        "DROP TABLE reading", "DROP TABLE failures", "DROP TABLE identity", "DROP TABLE seals",
        "ALTER TABLE recordings RENAME COLUMN facts TO more", "ALTER TABLE measurements RENAME COLUMN of TO other",
        "PRAGMA user_version = 99", "PRAGMA user_version = -1", "PRAGMA user_version = 0", "PRAGMA application_id = 7",
        "UPDATE identity SET value = '2' WHERE name = 'version'", "UPDATE identity SET value = '\"x\"'",
        "CREATE TABLE more (x)", "DELETE FROM identity WHERE name = 'labels'",
    ))  # fmt: skip
    return changed(content, statement)


def changed(content: bytes, statements: str) -> tuple[str, bytes]:
    """A store after some SQL."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "s.sqlite"
        path.write_bytes(content)
        database = sqlite3.connect(path, isolation_level=None)
        try:
            database.executescript(statements)
        except sqlite3.Error:
            database.execute("CREATE TABLE others (x)")
        database.close()
        return statements, path.read_bytes()


def kept(rng: random.Random, _number: int) -> Input:
    """What the cache keeps, damaged; the answer is that of a whole cache."""
    files = {name: content for name, content in saved().items() if name not in ("r.json", "s.sqlite", "half.sqlite")}
    names = sorted(name for name in files if name.startswith("cache"))
    for name in rng.sample(names, rng.choice((1, 1, 3, len(names)))):
        damaged = _damaged_json if name.endswith(".json") and rng.random() < 0.6 else lambda *given: mutated(*given)[1]
        files[name] = damaged(files[name], rng)
        if rng.random() < 0.1:
            del files[name]
    command = rng.choice((TRACK, AUDIT))
    return Input("kept", files, command, frozenset({0}), CACHE, _cache_faults)


def _cache_faults(given: Input, folder: Path, ended: Any) -> list[str]:
    whole = said(tuple(given.command))
    return [] if ended.code != 0 or _but_warnings(ended.out) == _but_warnings(whole) else ["other answer"]


def _but_warnings(out: str) -> Any:
    return {**json.loads(out), "warnings": None} if out.startswith("{") else out


CELLS = ("class", "component", "sign", "time", "text", "loud", "quiet", "0–8000 Hz", "+", "-", "−", "nan", "inf", "-1",
         "1e999", "1:23", "1:2:3:4", "83.5", "the choir, at last", '"', "=1+1", "", " ", "\0", "x" * 200_000, "é", "💥",
         "<b>", "±")  # fmt: skip


def expected(rng: random.Random, _number: int) -> Input:
    """Tables of what is meant to matter."""
    content = _table(rng, ("class", "component", "sign"), [("loud", "drums", "+"), ("quiet", "bass", "")])
    command = rng.choice((GATE, REPORT, AUDIT))
    files = {**with_a_store(), "e.csv": content}
    return Input("expected", files, (*command, "--expected", "e.csv"), frozenset({0, 2, 6, 7}))


def remarks(rng: random.Random, _number: int) -> Input:
    """A listener's remarks on a recording."""
    content = _table(rng, ("time", "text"), [("0.5", "a <b>"), ("0:01", "the choir")])
    command = ("page", "0.wav", "-f", "bands:2", "-t", WINDOWED, "--audio", "none", "-o", "p.html", "--notes", "n.csv")
    return Input("remarks", {"0.wav": saved()["0.wav"], "n.csv": content}, command, frozenset({0, 2}))


def _table(rng: random.Random, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """A good table with other cells, columns and bytes."""
    table = [list(columns), *map(list, rows), *([list(rows[0])] if rng.random() < 0.2 else [])]
    for _ in range(rng.choice((0, 1, 1, 3))):
        row = rng.choice(table)
        if row:
            row[rng.randrange(len(row))] = rng.choice(CELLS)
    if rng.random() < 0.2:
        rng.choice(table).append(rng.choice(CELLS))
    table = table[: rng.choice((0, 1, 9, 9, 9, 9))]
    text = io.StringIO()
    csv.writer(text, delimiter=rng.choice(",,,;\t")).writerows(table)
    content = text.getvalue().encode(rng.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1")), "replace")
    return mutated(content, rng)[1] if content and rng.random() < 0.3 else content
