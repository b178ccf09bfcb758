"""Why nothing was tried of a pair is said as it is, and how many songs could have been donors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from audiolime_ext.audit.store.records import Entry, Identity, Measurement, Reading
from audiolime_ext.audit.store.store import AuditStore
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.audit.verdict.supply import n_offered, untried
from audiolime_ext.audit.verdict.verdicts import conclude

LABELS = ("guitar", "piano")
GUITAR, PIANO, BOTH = (0.9, 0.1), (0.1, 0.9), (0.9, 0.8)
ONE_SONG = "all recordings are of one song, and a donor must be of another"


def audited(
    path: Path,
    *,
    songs: int = 8,
    own: bool = True,
    of_donors: float = -6.0,
    score: tuple[float, float] = PIANO,
    alone: bool = False,
    n_donors: int | None = 5,
) -> Results:
    """Eight recordings, guitars and pianos by turns; the drums of the first guitar go into every piano."""
    entries = [Entry(f"{i}.wav", f"{i:064x}", (LABELS[i % 2],), f"song {i % songs}", 0.0, 1.0) for i in range(8)]
    settings: dict[str, Any] = {} if n_donors is None else {"n_donors": n_donors}
    identity = Identity("m:t", "f", "oracle", "2", LABELS, settings=settings)
    with AuditStore.create_or_resume(path / "s.sqlite", identity) as store:
        store.describe(entries, Reading(thresholds=(0.5, 0.5)))
        for i, entry in enumerate(entries):
            found = [Measurement("score", "", score if i % 2 else GUITAR)]
            levels = {"bass": -90.0 if alone else -6.0, "drums": of_donors if i == 0 else -0.1 if alone else -6.0}
            found += [Measurement("presence", name, (level,)) for name, level in levels.items()]
            if i % 2 and own:
                found.append(Measurement("own", "drums", GUITAR, entries[0].key))
            store.put(entry.task, entry.name, found)
    return Results.read(path / "s.sqlite")


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"songs": 1, "own": False}, ONE_SONG),
        ({"own": False, "n_donors": 0}, "the audit drew no donors (--n-donors 0)"),
        ({"own": False}, "no recording of 'guitar' was a donor of one of another class"),
        ({"of_donors": -90.0}, "no donor of 'guitar' that was drawn and measured offers drums"),
        ({"alone": True}, "drums is nearly all of the sound wherever it could be put in"),
        ({"score": BOTH}, "the model decides for 'guitar' anyway, wherever drums could be put in"),
    ],
)
def test_the_reason_is_the_true_one(how: dict[str, Any], why: str, tmp_path: Path) -> None:
    results = audited(tmp_path, **how)
    assert untried(results, "guitar", "drums") == why
    if "alone" not in how:
        (one,) = [v for v in conclude(results)[0] if (v.label, v.component) == ("guitar", "drums")]
        assert f"; no recording could be tried, as {why}; about 9 songs of each class would decide" in one.text


def test_songs_are_offered_where_fewer_donors_were_drawn_than_there_are(tmp_path: Path) -> None:
    (tmp_path / "few").mkdir()
    few = audited(tmp_path / "few")
    assert n_offered(few, "guitar", "drums") == 4
    (one,) = [v for v in conclude(few)[0] if (v.label, v.component) == ("guitar", "drums")]
    assert (one.status, one.n_offered) == ("open", 4)
    for i, n in enumerate((7, None)):
        (tmp_path / str(i)).mkdir()
        assert n_offered(audited(tmp_path / str(i), n_donors=n), "guitar", "drums") is None, "all were drawn"
