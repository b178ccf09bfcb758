"""All of an experiment that is missing, made by several processes.

Processes are started afresh: a forked one would hang where TensorFlow has run before. So what they run must not stand
in ``__main__``, which they do not import.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from multiprocessing import get_context
from typing import Any

from tqdm import tqdm

from examples.guitar_vs_piano.confounders import CONFOUNDERS, LABELS
from examples.guitar_vs_piano.experiment import Experiment

KINDS = ("confounded", "clean")


def make_all(experiment: Experiment, confounders: Sequence[str], seeds: Sequence[int], *, n_jobs: int) -> None:
    """Everything that is missing."""
    versions = {
        (label, t) for c in confounders for label in LABELS for t in (CONFOUNDERS[c].present, CONFOUNDERS[c].absent)
    }
    with ProcessPoolExecutor(n_jobs, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
        both_pools = [(song,) for split in ("train", "test") for song in experiment.pool(split)]
        _each(pool, experiment.make_song, both_pools, "songs")
        _each(pool, experiment.make_spectra, sorted(versions), "spectra")
        _each(pool, experiment.make_model, product(confounders, KINDS, seeds), "models")
        _each(pool, experiment.make_test_set, [(name,) for name in confounders], "test sets")


def _each(pool: ProcessPoolExecutor, make: Callable[..., None], wanted: Iterable[tuple[Any, ...]], what: str) -> None:
    listed = list(wanted)
    for _ in tqdm(pool.map(make, *zip(*listed, strict=True)), desc=what, total=len(listed)):
        pass


def _one_thread() -> None:
    """One thread a process, in whatever is imported there."""
    os.environ |= {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
