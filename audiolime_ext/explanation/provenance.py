"""Where a result comes from: enough to do it again."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import numpy as np

from audiolime_ext.audio.recording import Audio
from audiolime_ext.components.baselines import baseline_name
from audiolime_ext.explanation.settings import Settings
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.targets import Target

AUDIOLIME_REFERENCE = """@inproceedings{haunschmid2020audiolime,
  author = {Haunschmid, Verena and Manilow, Ethan and Widmer, Gerhard},
  title = {audio{LIME}: Listenable Explanations Using Source Separation},
  booktitle = {13th International Workshop on Machine Learning and Music (MML)},
  year = {2020},
  eprint = {2008.00582}
}"""


@dataclass(frozen=True)
class Provenance:
    """What was explained, with what: enough to do it again.

    `factorization` and `tagger` are spec strings, None for objects that live in memory only; `versions` holds package
    versions and, under ``"weights"``, the fingerprints of both.
    """

    file: str | None
    sha256: str
    sr: int
    n_channels: int
    factorization: str | None
    model: str | None
    max_evals: int
    seed: int
    requested_method: str
    versions: dict[str, Any] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    target: str = "score"
    contrast: tuple[str, str] | None = None
    settle: int | None = None
    baseline: str = "silence"


def provenance_of(
    audio: Audio, separator: Factorization, model: Model, settings: Settings, target: Target
) -> Provenance:
    """Where a result comes from; `target` is the one that was made for the model."""
    weights = {built.spec: built.fingerprint for built in (separator, model) if built.spec}
    return Provenance(
        file=audio.path,
        sha256=audio.sha256,
        sr=audio.sr,
        n_channels=audio.n_channels,
        factorization=separator.spec,
        model=model.spec,
        versions={"audiolime_ext": version("audiolime-ext"), "numpy": np.__version__, "weights": weights},
        references=(*separator.references, *model.references),
        max_evals=settings.max_evals,
        seed=settings.seed,
        requested_method=settings.method,
        target=target.spec,
        contrast=target.contrast,
        settle=settings.settle,
        baseline=baseline_name(settings.baseline),
    )
