"""Is a store about the model as it is now? A gate that is told the model asks this first.

A store keeps the model's spec string, its labels and its fingerprint, and all three must be the same. The fingerprint
is the version that was declared; else a hash of a network's weights and of its answer to a second of noise; else, of a
function, of that answer alone: a change that leaves this one answer as it was is then not seen. A declared version is
believed: with the same version a model counts as the same, whatever it answers. A model that was made in Python,
without a spec string, has no name to compare.
"""

from __future__ import annotations

import shlex
from typing import Any

from audiolime_ext.audit.measurement.measure import Settings
from audiolime_ext.audit.store.records import OWN_FACTORIZATION, OWN_MODEL
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import legible
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.loading import load_model

_FLAGS = {"n_donors": "--n-donors", "n_same": "--same", "max_evals": "--max-evals", "seed": "--seed"}


def require_current(results: Results, given: Any) -> None:
    """Raise `UsageError` unless these are the results of a model as it is now; it says what to run.

    Parameters
    ----------
    results : Results
        Results of an audit.
    given : Model, str or callable
        Model as it is now.

    Raises
    ------
    UsageError
        If it has changed since, or is another one.
    MissingError
        If it cannot be built.
    """
    model = load_model(given)
    if told := changed(results, model):
        raise UsageError(
            f"{told}. Audit that into a new store, with what a store does not keep (--root, --duration, …) as before, "
            f"and ask about the new one: {_command(results, model)}"
        )


def changed(results: Results, given: Any) -> str:
    """What tells a model as it is now from the one that was audited, in one sentence; "" where nothing does.

    Parameters
    ----------
    results : Results
        Results of an audit.
    given : Model, str or callable
        Model as it is now.

    Raises
    ------
    MissingError
        If it cannot be built.
    """
    model, then = load_model(given), results.identity
    named = model.spec or "the model"
    name = then.model if OWN_MODEL in (then.model, model.spec or OWN_MODEL) else model.spec
    differs = [
        f"{what} {was!r} then, {now!r} now"
        for what, was, now in (
            ("model", then.model, name),
            ("labels", list(then.labels), list(model.labels or ())),
            ("fingerprint", _short(then.model_fingerprint), _short(model.fingerprint or "")),
        )
        if was != now
    ]
    rate = "; it states no rate: say it where the model is made, with sr=…" if model.sr is None else ""
    told = f"{legible(results.path)} does not hold the audit of {named} as it is now ({'; '.join(differs)}{rate})"
    return told if differs else ""


def _command(results: Results, model: Model) -> str:
    """The command that audits a model as these results were made, with every setting that they keep."""
    usual, then = vars(Settings()), results.identity
    settings = {**usual, **then.settings}
    other = {name: settings[name] for name in _FLAGS if settings[name] != usual[name]}
    words = ["audiolime", "audit", "MANIFEST", "-m", model.spec or "MODEL"]
    words += ["-f", "SPEC" if then.factorization == OWN_FACTORIZATION else then.factorization]
    words += [word for name, value in other.items() for word in (_FLAGS[name], str(value))]
    if tuple(settings["kinds"]) != usual["kinds"]:
        words += ["--kinds", *settings["kinds"]]
    words += [] if settings["noise"] else ["--no-noise"]
    words += ["--map", settings["label_map"]] if "label_map" in settings else []
    thresholds = set(results.reading.thresholds or ())
    words += ["--threshold", str(thresholds.pop())] if len(thresholds) == 1 else []
    return shlex.join([*words, "-o", "NEW"])


def _short(fingerprint: str) -> str:
    """A hash by its beginning, which tells it from any other; a declared version as it is."""
    return f"{fingerprint[:12]}…" if len(fingerprint) == 64 else fingerprint
