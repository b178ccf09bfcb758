"""How often the model agrees with the manifest, and what follows for the trials."""

from __future__ import annotations

from pathlib import Path

import pytest

from audiolime_ext.audit.store.records import Entry, Identity, Measurement, Reading
from audiolime_ext.audit.store.store import AuditStore
from audiolime_ext.audit.verdict.agreement import accuracy, agreement
from audiolime_ext.audit.verdict.results import Results

LABELS = ("guitar", "piano", "jazz")
SCORES = {label: tuple(float(label == other) for other in LABELS) for label in LABELS}


def audited(path: Path, decided: str, reading: Reading | None = None) -> Results:
    """Guitars, one for each letter: the label that the model decides for."""
    entries = [Entry(f"{i}.wav", f"{i:064x}", ("guitar",), f"song {i}", 0.0, 1.0) for i in range(len(decided))]
    with AuditStore.create_or_resume(path, Identity("m:t", "f", "hpss", "2", LABELS)) as store:
        store.describe(entries, reading or Reading())
        for entry, letter in zip(entries, decided, strict=True):
            label = next(label for label in LABELS if label.startswith(letter))
            found = [Measurement("score", "", SCORES[label]), Measurement("presence", "drums", (-6.0,))]
            store.put(entry.task, entry.name, found)
    return Results.read(path)


@pytest.mark.parametrize(
    ("decided", "share", "said"),
    [
        ("gggg", 1.0, "100 % of the model's decisions agree with the manifest"),
        (
            "gjjj",
            0.25,
            "25 % of the model's decisions agree with the manifest; 75 % are for labels that it does not use; only the "
            "1 recording that agrees can lose its class when something is taken out",
        ),
        (
            "ggpj",
            0.5,
            "50 % of the model's decisions agree with the manifest; 50 % are for labels that it does not use; only the "
            "2 recordings that agree can lose their class when something is taken out",
        ),
    ],
)
def test_a_sentence_says_what_it_means(decided: str, share: float, said: str, tmp_path: Path) -> None:
    results = audited(tmp_path / "s.sqlite", decided)
    assert accuracy(results, results.decided) == share
    assert agreement(results) == (said,)


def test_where_no_single_label_is_decided_for_nothing_is_said(tmp_path: Path) -> None:
    assert agreement(audited(tmp_path / "s.sqlite", "gp", Reading(thresholds=(0.5, 0.5, 0.5)))) == ()
