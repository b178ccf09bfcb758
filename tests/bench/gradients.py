"""Integrated Gradients of one window of musicnn, beside captum's of the same network in PyTorch, equally complete.

Ours takes more nodes until its map's sum is off by no more than its tolerance. Captum's is given the fewest nodes, 16
times a power of two as ours, with which its sum is off by no more than that; only the run with these is timed, although
its user has to find them. Both are on one thread, and in batches of the same size.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext import load_audio
from audiolime_ext.gradients.hearing import hear
from audiolime_ext.gradients.integrated import integrated_gradients
from audiolime_ext.gradients.window_maps import tolerance
from audiolime_ext.models.musicnn import MusicnnModel
from audiolime_ext.models.musicnn_network import SCORES
from audiolime_ext.prediction.asking import n_at_once
from audiolime_ext.prediction.targets import make_target

CLIP, START_S, LABEL = Path("audiolime_ext/data/ezer_ev.ogg"), 15.0, "female vocalists"
NODES = tuple(16 * 2**power for power in range(7))


def report(*, rounds: int = 3) -> str:
    """The line of `make bench`."""
    lacking = [name for name in ("torch", "captum") if find_spec(name) is None]
    if lacking:
        return f"integrated gradients beside captum: not measured, since {' and '.join(lacking)} are not installed"
    import torch

    torch.set_num_threads(1)
    model = MusicnnModel("MSD_musicnn", threads=1)
    heard = hear(load_audio(CLIP), model, start_s=START_S, duration_s=model.window_s)
    labels = list(model.labels or ())
    target = make_target("score", labels).only(labels.index(LABEL))
    found: list[Any] = [None]

    def ours() -> None:
        found[0] = integrated_gradients(model, heard.features, target, baseline=heard.silence)

    theirs, nodes, delta = _captum(model, heard, labels.index(LABEL))
    ours_s, theirs_s = _seconds(ours, rounds), _seconds(theirs, rounds)
    maps = found[0]
    return (
        f"integrated gradients of a window of musicnn: {ours_s:.2f} s ({int(maps.steps[0])} nodes at last, gap "
        f"{maps.gaps[0]:.4f} of {maps.moved[0]:.2f}); captum {theirs_s:.2f} s ({nodes} nodes, gap {delta:.4f})"
    )


def _captum(model: MusicnnModel, heard: Any, column: int) -> tuple[Callable[[], object], int, float]:
    """Captum's call with the fewest nodes that are complete enough, how many these are, and its gap."""
    import torch

    graph = model._graph(None).in_torch()
    method = import_module("captum.attr").IntegratedGradients(
        lambda features: graph(features.unsqueeze(1), [SCORES])[0]
    )
    given, base = torch.from_numpy(heard.features), torch.from_numpy(heard.silence[None])
    how = {"target": column, "method": "gausslegendre", "internal_batch_size": n_at_once(model)}
    with torch.no_grad():
        full, empty = (float(graph(one.unsqueeze(1), [SCORES])[0][0, column]) for one in (given, base))
    limit = float(tolerance(np.array([full - empty]))[0])
    for nodes in NODES:
        values = method.attribute(given, base, n_steps=nodes, **how)
        gap = abs(float(values.sum()) - (full - empty))
        if gap <= limit:
            break
    return lambda: method.attribute(given, base, n_steps=nodes, **how), nodes, gap


def _seconds(call: Callable[[], object], rounds: int) -> float:
    """The median of some calls, after one that is left out."""
    call()
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        call()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


if __name__ == "__main__":
    print(report())
