"""Sums over the rows of a database's tables, by which a row that was changed, lost or doubled is noticed.

SQLite notices a damaged file only where its structure is; a flipped bit in a name, a number or a count is read as if it
had been written. So beside each table stands the *sum* of its rows' hashes (SHA-256, modulo 2¹²⁸). It follows every
insertion, deletion and change in the same transaction, by triggers of the connection that writes.

A file of an earlier form has no sums. It is read as it is, and gets them when it is next written to.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

Columns = Mapping[str, tuple[str, ...]]  # of each table that has a sum

SCHEMA = "CREATE TABLE seals (name TEXT PRIMARY KEY, sum BLOB NOT NULL) WITHOUT ROWID"
_BYTES = 16
_SUMMAND = {"INSERT": "plus(sum, {new})", "DELETE": "minus(sum, {old})", "UPDATE": "plus(minus(sum, {old}), {new})"}


def keep(connection: sqlite3.Connection, columns: Columns) -> None:
    """Let the sums follow whatever this connection writes; tables that have none yet get theirs now."""
    for name, sign in (("plus", 1), ("minus", -1)):
        connection.create_function(name, -1, lambda total, *row, sign=sign: _add(total, row, sign), deterministic=True)
    if not sealed(connection):
        connection.execute(SCHEMA)
        for table, named in columns.items():
            connection.execute("INSERT INTO seals VALUES (?, ?)", (table, _sum(connection, table, named)))
    for table, named in columns.items():
        rows = {row: ", ".join(f"{row}.{column}" for column in named) for row in ("old", "new")}
        for event, summand in _SUMMAND.items():
            connection.execute(
                f"CREATE TEMP TRIGGER {event}_{table} AFTER {event} ON main.{table} BEGIN "
                f"UPDATE seals SET sum = {summand.format(**rows)} WHERE name = '{table}'; END"
            )


def sealed(connection: sqlite3.Connection) -> bool:
    """Whether a file has sums."""
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'seals'").fetchone() is not None


def require(connection: sqlite3.Connection, columns: Columns) -> None:
    """Raise `ValueError` unless every table's rows are those that were written; it names the table."""
    found = dict(connection.execute("SELECT name, sum FROM seals"))
    for table, named in columns.items():
        if found.get(table) != _sum(connection, table, named):
            raise ValueError(f"rows of its table {table} were changed or lost")


def _sum(connection: sqlite3.Connection, table: str, columns: Iterable[str]) -> bytes:
    total = sum(map(_hash, connection.execute(f"SELECT {', '.join(columns)} FROM {table}")))
    return _written(total)


def _add(total: bytes, row: Iterable[Any], sign: int) -> bytes:
    return _written(int.from_bytes(total, "big") + sign * _hash(row))


def _written(total: int) -> bytes:
    return (total & (1 << 8 * _BYTES) - 1).to_bytes(_BYTES, "big")


def _hash(row: Iterable[Any]) -> int:
    parts = list[bytes]()
    for value in row:
        is_bytes = isinstance(value, bytes)
        content = value if is_bytes else ascii(value).encode()
        parts += (b"%d %d " % (is_bytes, len(content)), content)
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest()[:_BYTES], "big")
