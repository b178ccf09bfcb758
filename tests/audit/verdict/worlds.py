"""Trials whose true rate of flips is known."""

from __future__ import annotations

import numpy as np

from audiolime_ext.audit.verdict.rates import Trials

QUICK = 100  # resamples


def world(
    rng: np.random.Generator,
    rate: float,
    *,
    pair: tuple[str, str] = ("guitar", "drums"),
    n_hosts: int = 30,
    n_donors: int = 30,
    each: int = 5,
    spread: tuple[float, float] = (0.5, 0.5),
    sign: int = 1,
) -> Trials:
    """Trials of hosts that are given `each` donors; the log-odds of a flip vary by host and by donor."""
    hosts = np.repeat(np.arange(n_hosts), each)
    donors = np.concatenate([rng.choice(n_donors, each, replace=False) for _ in range(n_hosts)])
    middle = np.log(rate / (1 - rate))
    by_host, by_donor = (rng.normal(0, s, n) for s, n in zip(spread, (n_hosts, n_donors), strict=True))
    flips = rng.random(len(hosts)) < 1 / (1 + np.exp(-(middle + by_host[hosts] + by_donor[donors])))
    return Trials(*pair, flips, hosts.astype(str).tolist(), donors.astype(str).tolist(), sign * (1.0 + flips))
