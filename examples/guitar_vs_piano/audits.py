"""The audits of the models: each on its standard and its bad test songs, by true stems, Cerberus and HPSS.

By Spleeter's four stems, too, where its weights are at hand. A store ``audits/MODEL-SET-FACTORIZATION.sqlite`` is made
once and found again. Meant to matter is the instrument that the class is named after, or what holds both instruments:
HPSS's harmonic part, Spleeter's ``other``. Cerberus is asked for piano and guitar apart, which it merges by default, as
the question is which of the two a model hears.
"""

from __future__ import annotations

import re
from pathlib import Path

from audiolime_ext.audit.measurement.measure import Settings
from audiolime_ext.audit.run import run_audit
from audiolime_ext.audit.store.records import Reading
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.networks.checkpoints import is_cached
from examples.guitar_vs_piano.confounders import LABELS
from examples.guitar_vs_piano.experiment import SETS, TAGGER
from factorizations import spleeter

_SPLEETER = "spleeter:4stems"
MEANT = {"hpss": ("harmonic",), _SPLEETER: ("other",)}  # of others: `LABELS`
SETTINGS = Settings(n_donors=5, n_same=2, kinds=("own",), noise=False)


def factorizations() -> tuple[str, ...]:
    """Those that models are audited by on this machine."""
    published = spleeter.VARIANTS[_SPLEETER.partition(":")[2]]
    at_hand = published is not None and is_cached(published)
    return ("oracle", "cerberus?merge=none", "hpss", *([_SPLEETER] if at_hand else ()))


def tagger_of(model: Path) -> str:
    """The spec of a model."""
    return TAGGER.replace("model.keras", str(model / "model.keras"), 1)


def store_of(model: Path, kind: str, factorization: str) -> Path:
    """Where the audit of a model's ``"std"`` or ``"bad"`` test songs is kept."""
    split = re.sub("[:?=]", "-", factorization)
    return model.parent.parent / "audits" / f"{model.name}-{kind}-{split}.sqlite"


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
    expected = tuple((label, part, None) for label in LABELS for part in MEANT.get(factorization, LABELS))
    return Results.read(store_of(model, kind, factorization), reading=Reading(None, expected))
