"""Where a result comes from: enough to do it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import numpy as np

from audiolime_ext.audio.recording import Audio
from audiolime_ext.components.baselines import baseline_sha256
from audiolime_ext.explanation.settings import Settings
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.factorization.kept import KeptStems
from audiolime_ext.factorization.loading import Completed
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.function_model import FunctionModel
from audiolime_ext.prediction.kind import numbers
from audiolime_ext.prediction.steps import name_of
from audiolime_ext.prediction.targets import Target, contrast_name

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

    Parameters
    ----------
    file : str or None
        Path of the recording; None where it was given as an array.
    sha256 : str
        SHA-256 of the recording's file, or of its samples.
    sr, n_channels : int
        Sampling rate in Hz and number of channels of the recording.
    factorization, model : str or None
        Spec strings; None for objects that live in memory only, which `versions` names.
    settings : Settings
        Settings in plain values (see `Settings.stated`).
    labels : tuple of str
        Names of the model's outputs.
    versions : dict
        Versions of packages and, under ``"weights"``, what tells this state of the separator and the model from
        another: spec → fingerprint, or, of an object without a spec, ``"own model WaveCRNN"`` → fingerprint (with the
        name of its class or function). A model's is its declared ``version``, else a network's or an estimator's hash;
        None: not known, as of a function without a ``version``.
    references : tuple of str
        BibTeX entries of both.
    baseline_sha256 : str or None
        SHA-256 of the samples of the recording that plays where a component is off; None: none does, or it is not known
        (saved by an earlier version).
    """

    file: str | None
    sha256: str
    sr: int
    n_channels: int
    factorization: str | None
    model: str | None
    settings: Settings = field(default_factory=Settings)
    labels: tuple[str, ...] = ()
    versions: dict[str, Any] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    baseline_sha256: str | None = None

    @property
    def target(self) -> str:
        """The target's name: ``"score"``, ``"log-odds"``, ``"rock − pop"``; of a function, its own with ()."""
        if self.contrast is None:
            return str(self.settings.target)
        return contrast_name(*self.contrast, numbered=bool(self.labels) and numbers(self.labels))

    @property
    def contrast(self) -> tuple[str, str] | None:
        """The two labels of a contrast; None where the target is none."""
        stated = self.settings.target
        return (str(stated[0]), str(stated[1])) if isinstance(stated, (tuple, list)) else None

    @property
    def model_state(self) -> str:
        """The model and what tells this state of it from another, as `versions_line` has it.

        Examples
        --------
        >>> Provenance(None, "", 8000, 1, None, None, versions={"weights": {"own model CRNN": "run-7"}}).model_state
        'own model CRNN run-7'
        """
        weights = self.versions.get("weights", {})
        name = self.model or next((name for name in weights if name.startswith("own model")), "own model")
        return _in_state(name, weights.get(name))

    @property
    def model_fingerprint(self) -> str | None:
        """What tells this state of the model from another, as `fingerprint_of` has it; None: not known."""
        weights = self.versions.get("weights", {})
        own = (state for name, state in weights.items() if name.startswith("own model"))
        found = next(own, None) if self.model is None else weights.get(self.model)
        return None if found is None else str(found)


def provenance_of(
    audio: Audio, separator: Factorization, model: Model, settings: Settings, target: Target, labels: Sequence[str]
) -> Provenance:
    """Where a result comes from; `target` is the one that was made for the model, whose outputs have these labels."""
    weights = dict([_identity(separator, "own separator"), _identity(model, "own model")])
    return Provenance(
        file=audio.path,
        sha256=audio.sha256,
        sr=audio.sr,
        n_channels=audio.n_channels,
        factorization=separator.spec,
        model=model.spec,
        versions={"audiolime_ext": version("audiolime-ext"), "numpy": np.__version__, "weights": weights},
        references=(*separator.references, *model.references),
        settings=settings.stated(target),
        labels=tuple(labels),
        baseline_sha256=baseline_sha256(settings.baseline),
    )


def versions_line(found: Sequence[Provenance]) -> str:
    """Packages, separators and models with their versions, each once, on one line.

    Examples
    --------
    >>> versions = {"audiolime_ext": "0.3", "numpy": "2.1", "weights": {"own model CRNN": "run-7", "spleeter": "ab12"}}
    >>> versions_line([Provenance(None, "", 8000, 1, None, None, versions=versions)])
    'audiolime_ext 0.3, NumPy 2.1, own model CRNN run-7, spleeter ab12'
    """
    known = found[0].versions
    listed = [f"audiolime_ext {known['audiolime_ext']}", f"NumPy {known['numpy']}"]
    for one in found:
        listed += [_in_state(name, state) for name, state in one.versions["weights"].items()]
    return ", ".join(dict.fromkeys(listed))


def _in_state(name: str, state: str | None) -> str:
    return f"{name} {state or '(version unknown)'}"


def _identity(built: Any, own: str) -> tuple[str, str | None]:
    """The spec, or the name, and the fingerprint of a separator or a model."""
    return built.spec or f"{own} {_name_of(built)}", fingerprint_of(built)


def fingerprint_of(built: Any) -> str | None:
    """What tells this state of a separator or a model from another, as results keep it; None: not known."""
    if built.spec is None and isinstance(built, FunctionModel) and built.state is None:
        fingerprint = built.version  # a function is not asked once more, beyond the budget, for a hash of its answers
    else:
        fingerprint = getattr(built, "fingerprint", None)
    return str(fingerprint) if fingerprint else None


def _name_of(built: Any) -> str:
    """The name of the function or the class that was given."""
    while isinstance(built, KeptStems):
        built = built.factorization
    if isinstance(built, FunctionModel):
        return name_of(built.predict_fn)
    return name_of(built.given if isinstance(built, Completed) else built)
