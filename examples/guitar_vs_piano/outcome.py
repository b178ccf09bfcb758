"""What the audits of many models amount to, in a table for each factorization.

Models that intervention shows to be neither confounded nor clean are not scored. Shares of models have Clopper and
Pearson's intervals; shares of errors have intervals for which seeds are drawn with replacement, and songs within them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext.audit.verdict.rates import clopper_pearson
from audiolime_ext.audit.verdict.verdicts import conclude
from examples.guitar_vs_piano.audits import factorizations, results, store_of
from examples.guitar_vs_piano.confounders import CONFOUNDERS
from examples.guitar_vs_piano.scores import Error, attributed, component_of, errors

N_DRAWS = 2000


@dataclass
class Tally:
    """Of one factorization: models found out, models that were not, and errors by (kind, seed)."""

    flagged: list[bool] = field(default_factory=list)
    accused: list[bool] = field(default_factory=list)
    misled: list[float] = field(default_factory=list)
    by_seed: dict[tuple[str, str], list[Error]] = field(default_factory=dict)


def told(folder: Path) -> Iterator[str]:
    """The tables, line by line."""
    models = [json.loads(path.read_text()) for path in sorted((folder / "models").glob("[!.]*/model.json"))]
    for name in factorizations():
        tally = Tally()
        for about in models:
            _score(tally, folder / "models" / about["name"], about, name)
        yield f"{name}:"
        yield f"  confounded models whose first confounder is the planted one  {_of_models(tally.flagged)}"
        yield f"  clean models accused of any                                  {_of_models(tally.accused)}"
        for kind in ("commission", "omission"):
            groups = [found for (of, _), found in tally.by_seed.items() if of == kind]
            yield f"  {kind} errors that name it".ljust(63) + _of_errors(groups)
        yield "  other errors".ljust(63) + str(sum(len(v) for (of, _), v in tally.by_seed.items() if of == "other"))
        if tally.misled:
            share = np.nanmean(tally.misled)
            yield f"  right answers of clean models in which it has the largest weight  {100 * share:.0f} %"


def _score(tally: Tally, model: Path, about: dict[str, Any], factorization: str) -> None:
    confounder, truth = CONFOUNDERS[about["confounder"]], about["truth"]["verdict"]
    component = component_of(confounder, factorization)
    if truth == "intermediate" or not store_of(model, "std", factorization).exists():
        return
    std = results(model, "std", factorization)
    found = [verdict for verdict in conclude(std)[0] if verdict.reading == "confounder"]
    if truth == "clean":
        tally.accused.append(bool(found))
        if component is not None:
            tally.misled.append(attributed(std, component))
    elif component is not None:
        tally.flagged.append(bool(found) and found[0].component == component)
    if truth == "confounded" and component is not None and store_of(model, "bad", factorization).exists():
        bad = results(model, "bad", factorization)
        for error in errors(std, bad, confounder, component):
            tally.by_seed.setdefault((error.kind, model.name), []).append(error)


def _of_models(found: Sequence[bool]) -> str:
    if not found:
        return "-"
    low, high = clopper_pearson(sum(found), len(found))
    return f"{sum(found)} of {len(found)} (95 % interval {100 * low:.0f} to {100 * high:.0f} %)"


def _of_errors(groups: Sequence[Sequence[Error]]) -> str:
    """The share that is named, and its interval over models and songs."""
    if not groups:
        return "-"
    rng = np.random.default_rng(0)
    named = [np.array([error.named for error in group], float) for group in groups]
    n = sum(map(len, named))
    share = sum(group.sum() for group in named) / n
    drawn = []
    for _ in range(N_DRAWS):
        chosen = [rng.choice(named[i], len(named[i])) for i in rng.integers(len(named), size=len(named))]
        drawn.append(np.concatenate(chosen).mean())
    low, high = np.quantile(drawn, (0.025, 0.975))
    return f"{100 * share:.1f} % of {n} (95 % interval {100 * low:.1f} to {100 * high:.1f} %)"
