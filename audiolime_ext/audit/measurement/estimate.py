"""What an audit will take, from one recording that is measured, and not kept."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from audiolime_ext.audit.measurement.heard import Ears
from audiolime_ext.audit.measurement.measure import Measured, Settings, measure
from audiolime_ext.audit.measurement.plan import Donors
from audiolime_ext.audit.store.records import Entry
from audiolime_ext.collection.engine.jobs import DonorError, Job


@dataclass(frozen=True)
class Estimate:
    """What an audit takes: recordings, mixes to ask the model about, seconds of one worker, bytes of the store."""

    n_recordings: int
    n_asked: int
    seconds: float
    n_bytes: int


def estimate(entries: Sequence[Entry], donors: Donors, ears: Ears, settings: Settings) -> Estimate:
    """Estimate what these recordings take, from the first of them that can be measured.

    Raises
    ------
    Exception
        That of the first recording, if none can be measured.
    """
    measured, seconds = _first(entries, donors, ears, settings)
    n_bytes = sum(4 * len(row.values) + 24 for row in measured.measurements) + 800
    n = len(entries)
    return Estimate(n, measured.n_asked * n, seconds * n, n_bytes * n)


def _first(entries: Sequence[Entry], donors: Donors, ears: Ears, settings: Settings) -> tuple[Measured, float]:
    """The first recording that can be measured, and the seconds that it took."""
    hosts, failures = deque(entries), list[Exception]()
    while hosts:
        host, begun = hosts.popleft(), time.perf_counter()
        try:
            return measure(Job(host, donors.of(host)), ears, settings), time.perf_counter() - begun
        except DonorError as error:
            donors.leave_out(error.donor, error.host)
            hosts.appendleft(host)
        except Exception as error:
            if getattr(error, "for_all", False):
                raise
            failures.append(error)
    raise failures[0]
