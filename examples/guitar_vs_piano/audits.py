"""The audits of the models: each on its standard and its bad test songs, by true stems, Cerberus and HPSS.

A store ``audits/MODEL-SET-FACTORIZATION.sqlite`` is made once and found again. Meant to matter is the instrument
that the class is named after; of HPSS's two parts, the harmonic one.
"""

from __future__ import annotations

from pathlib import Path

from audiolime_ext.audit.measure import Settings
from audiolime_ext.audit.records import Reading
from audiolime_ext.audit.results import Results
from audiolime_ext.audit.run import run_audit
from examples.guitar_vs_piano.confounders import LABELS
from examples.guitar_vs_piano.experiment import SETS, TAGGER

FACTORIZATIONS = ("oracle", "cerberus", "hpss")
SETTINGS = Settings(n_donors=5, n_same=2, kinds=("own",), noise=False)


def tagger_of(model: Path) -> str:
    """The spec of a model."""
    return TAGGER.replace("model.keras", str(model / "model.keras"), 1)


def store_of(model: Path, kind: str, factorization: str) -> Path:
    """Where the audit of a model's ``"std"`` or ``"bad"`` test songs is kept."""
    return model.parent.parent / "audits" / f"{model.name}-{kind}-{factorization}.sqlite"


def audit(model: Path, kind: str, factorization: str) -> None:
    """Audit a model, or go on where that was stopped."""
    if kind not in SETS:
        raise ValueError(f"no test set {kind!r}; there are {', '.join(SETS)}")
    run_audit(
        model / f"{kind}.csv",
        tagger_of(model),
        factorization,
        store=store_of(model, kind, factorization),
        ignore=() if factorization == "oracle" else ("stems",),
        settings=SETTINGS,
        workers=0,
    )


def results(model: Path, kind: str, factorization: str) -> Results:
    """What an audit found, read with what is meant to matter."""
    meant = ("harmonic",) if factorization == "hpss" else LABELS
    expected = tuple((label, component, None) for label in LABELS for component in meant)
    return Results.read(store_of(model, kind, factorization), reading=Reading(None, expected))
