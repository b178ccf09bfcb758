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
from pathlib import Path
from typing import Any

from tqdm import tqdm

from audiolime_ext.collection.engine.workers import THREADS
from examples.guitar_vs_piano.audits import audit, factorizations
from examples.guitar_vs_piano.confounders import CONFOUNDERS, LABELS
from examples.guitar_vs_piano.experiment import SETS, Experiment
from examples.guitar_vs_piano.page import write as write_page

KINDS = ("confounded", "clean")


def make_all(experiment: Experiment, confounders: Sequence[str], seeds: Sequence[int], *, n_jobs: int) -> None:
    """Everything that is missing."""
    versions = {
        (label, t) for c in confounders for label in LABELS for t in (CONFOUNDERS[c].present, CONFOUNDERS[c].absent)
    }
    with _processes(n_jobs) as pool:
        both_pools = [(song,) for split in ("train", "test") for song in experiment.pool(split)]
        _each(pool, experiment.make_song, both_pools, "songs")
        _each(pool, experiment.make_spectra, sorted(versions), "spectra")
        _each(pool, experiment.make_model, product(confounders, KINDS, seeds), "models")
        _each(pool, experiment.make_test_set, [(name,) for name in confounders], "test sets")


def audit_all(folder: Path, *, n_jobs: int) -> None:
    """Every audit of every model that is missing: of clean models those of the standard songs only."""
    models = sorted(path.parent for path in (folder / "models").glob("[!.]*/model.json"))
    wanted = [
        (model, kind, factorization)
        for factorization, model, kind in product(factorizations(), models, SETS)
        if kind == "std" or "-confounded-" in model.name
    ]
    with _processes(n_jobs) as pool:
        _each(pool, audit, wanted, "audits")
        _each(pool, write_page, [(model, folder / "pages" / f"{model.name}.html") for model in models], "pages")


def _processes(n_jobs: int) -> ProcessPoolExecutor:
    """Processes of one thread each, in whatever they import: they inherit what is said here."""
    os.environ |= dict.fromkeys(THREADS, "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    return ProcessPoolExecutor(n_jobs, mp_context=get_context("spawn"))


def _each(pool: ProcessPoolExecutor, make: Callable[..., None], wanted: Iterable[tuple[Any, ...]], what: str) -> None:
    listed = list(wanted)
    for _ in tqdm(pool.map(make, *zip(*listed, strict=True)), desc=what, total=len(listed)):
        pass
