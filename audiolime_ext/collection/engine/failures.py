"""What could not be measured, in a table of whoever keeps the results: why, and how often it was tried.

`FAIL` and `ADOPT` are statements; ``{measured}`` stands for the table of what was measured, which is no failure.
"""

from __future__ import annotations

from audiolime_ext.collection.engine.jobs import Failure
from audiolime_ext.files.plain import held, require

FAILURES = """
CREATE TABLE failures (task TEXT PRIMARY KEY, name TEXT NOT NULL, reason TEXT NOT NULL, tries INTEGER NOT NULL)
    WITHOUT ROWID;
"""
LISTED = "SELECT task, name, reason, tries FROM failures ORDER BY name, task"
FAIL = (
    "INSERT INTO failures SELECT ?, ?, ?, 1 WHERE NOT EXISTS (SELECT 1 FROM {measured} WHERE task = ?) "
    "ON CONFLICT (task) DO UPDATE SET reason = excluded.reason, tries = tries + 1"
)
ADOPT = (
    "INSERT INTO failures SELECT ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM {measured} WHERE task = ?) "
    "ON CONFLICT (task) DO UPDATE SET reason = excluded.reason, tries = excluded.tries "
    "WHERE excluded.tries > tries"
)


def failure_of(task: str, name: str, reason: str, tries: int) -> Failure:
    """A failure from a row of the table; `ValueError` says what is wrong with it."""
    plain = {"task": task, "name": name, "reason": reason, "tries": tries}
    found = held(plain, Failure, "its table failures")
    require("its table failures: tries must be 1 or more", found.tries > 0)
    return found
