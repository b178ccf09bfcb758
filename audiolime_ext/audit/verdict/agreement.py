"""How often a model decides as the manifest says, and what that means for the number of trials."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.audit.verdict.words import percent
from audiolime_ext.text import counted

Decisions = NDArray[np.bool_]


def accuracy(results: Results, decided: Decisions) -> float | None:
    """The share of measured recordings whose decision is one of their classes; None with thresholds, or without any."""
    if results.reading.thresholds is not None or not results.done.any():
        return None
    return float(_agree(results, decided).mean())


def agreement(results: Results) -> tuple[str, ...]:
    """One sentence on how often the model agrees with the manifest; nothing where no single label is decided for.

    Parameters
    ----------
    results : Results
        Results of an audit.
    """
    right = accuracy(results, results.decided)
    if right is None:
        return ()
    elsewhere = np.array([label not in results.classes for label in results.labels])
    others = float(results.decided[results.done][:, elsewhere].any(axis=1).mean())
    told = f"{percent(right)} of the model's decisions agree with the manifest"
    if others:
        told += f"; {percent(others)} are for labels that it does not use"
    if right < 1:
        n = int(_agree(results, results.decided).sum())
        agree = counted(n, "recording that agrees can lose its", "recordings that agree can lose their")
        told += f"; only the {agree} class when something is taken out"
    return (told,)


def _agree(results: Results, decided: Decisions) -> Decisions:
    return np.asarray((decided & results.is_of)[results.done].any(axis=1))
