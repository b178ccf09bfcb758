"""An audit that never was: 50 classes, five components, seven donors for each recording, all transplants and controls.

One truth is planted: the drums of class 0 carry the class wherever they are put.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audit.store.records import Entry, Identity, Measurement, Reading
from audiolime_ext.audit.store.store import AuditStore

N_RECORDINGS, N_LABELS, N_DONORS, N_SAME = 10_000, 50, 5, 2
COMPONENTS = ("bass", "drums", "other", "piano", "vocals")

Array = NDArray[np.float64]


def simulate(store: Path, *, n_recordings: int = N_RECORDINGS, n_labels: int = N_LABELS, seed: int = 0) -> None:
    """Write the store of an audit that never was."""
    rng = np.random.default_rng(seed)
    labels = tuple(f"class {label}" for label in range(n_labels))
    classes = np.arange(n_recordings) % n_labels
    rest = rng.normal(-4.0, 0.7, (n_recordings, n_labels))
    rest[np.arange(n_recordings), classes] += 5.5
    adds = rng.normal(0.0, 0.4, (n_recordings, len(COMPONENTS), n_labels))
    adds[classes == 0, COMPONENTS.index("drums"), 0] += 7.0
    entries = [
        Entry(f"{i:05d}.wav", f"{i:064x}", (labels[classes[i]],), f"song {i // 2}", 0.0, 10.0)
        for i in range(n_recordings)
    ]
    settings = {"n_donors": N_DONORS, "n_same": N_SAME, "kinds": ["own", "matched"], "noise": True, "seed": seed}
    identity = Identity("simulated:tag", "1", "simulated", "1", labels, settings)
    with AuditStore.create_or_resume(store, identity) as opened:
        opened.describe(entries, Reading())
        for i, entry in enumerate(entries):
            opened.put(entry.task, entry.name, _measured(i, entries, classes, rest, adds, rng))


def _measured(
    i: int,
    entries: list[Entry],
    classes: NDArray[np.int64],
    rest: Array,
    adds: Array,
    rng: np.random.Generator,
) -> list[Measurement]:
    whole = rest[i] + adds[i].sum(axis=0)
    others = rng.permutation(np.flatnonzero(classes != classes[i]))[:N_DONORS]
    same = rng.permutation(np.flatnonzero((classes == classes[i]) & (np.arange(len(classes)) // 2 != i // 2)))[:N_SAME]
    found = [_scores("score", "", whole), _scores("silence", "", np.full_like(whole, -4.0))]
    for j, name in enumerate(COMPONENTS):
        found += [
            Measurement("attribution", name, tuple(adds[i, j].tolist())),
            Measurement("presence", name, (float(rng.normal(-9.0, 3.0)),)),
            _scores("without", name, whole - adds[i, j]),
            _scores("alone", name, adds[i, j] - 4.0),
            _scores("equal level", name, whole + rng.normal(0.0, 0.05, whole.shape)),
            _scores("white noise", name, whole - adds[i, j] + rng.normal(0.0, 0.3, whole.shape)),
            _scores("spectral noise", name, whole - adds[i, j] + rng.normal(0.0, 0.3, whole.shape)),
        ]
        for donor in (*others, *same):
            given = whole - adds[i, j] + adds[donor, j]
            softer = given + rng.normal(0.0, 0.1, given.shape)
            found.append(_scores("own", name, given, entries[donor].key))
            found.append(_scores("matched", name, softer, entries[donor].key))
    return found


def _scores(measure: str, component: str, log_odds: Array, donor: str | None = None) -> Measurement:
    return Measurement(measure, component, tuple((1 / (1 + np.exp(-log_odds))).tolist()), donor)
