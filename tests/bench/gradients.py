"""Integrated Gradients of musicnn: windows, beside captum's of the same network in PyTorch; an excerpt; memory.

*Windows.* Ours takes more nodes until its map's sum is off by no more than its tolerance. Captum's takes as many as it
is told to, so its user has to find how many these are: 16, twice as many, and so on, until its sum is off by no more
than that. Both differentiate the same network of ours, on one thread, in batches of the same size, and tell their gap.
Beside the search stands its last run alone, as if one had known. At kinks a gap is small by luck, too, and the number
of nodes is not the same for the two: look at the sum over windows, and at the time for each node.

*An excerpt* of three windows, through the whole pipeline and on all cores, and what a song of three minutes takes if
all its windows are like these. *Memory*: the peak of a process that explains 3 windows, and of one that explains 60,
with two nodes each: of a window that is done nothing is kept but its map.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext import Audio, load_audio, relevance
from audiolime_ext.gradients.differentiating import windows_at_once
from audiolime_ext.gradients.hearing import hear
from audiolime_ext.gradients.methods.integrated import integrated_gradients
from audiolime_ext.gradients.window_maps import tolerance
from audiolime_ext.models.musicnn import MusicnnModel
from audiolime_ext.models.musicnn_network import SCORES
from audiolime_ext.prediction.targets import make_target

CLIP, STARTS_S, LABEL = Path("audiolime_ext/data/ezer_ev.ogg"), (0.0, 6.0, 12.0, 15.0), "female vocalists"
NODES = tuple(16 * 2**power for power in range(5))  # as many as ours at most
EXCERPT_S, SONG_S = 9.0, 180.0
LONGEST_EXCERPT_S, LONGEST_SONG_MIN = 60.0, 20.0  # the targets
FEW, MANY = 3, 60  # windows


def report(*, rounds: int = 1) -> str:
    """The lines of `make bench`."""
    lacking = [name for name in ("torch", "captum") if find_spec(name) is None]
    if lacking:
        return f"integrated gradients beside captum: not measured, since {' and '.join(lacking)} are not installed"
    import torch

    excerpt = _excerpt(MusicnnModel("MSD_musicnn"))
    torch.set_num_threads(1)
    return f"{_windows(MusicnnModel('MSD_musicnn', threads=1), rounds)}\n{excerpt}\n{_memory()}"


def _windows(model: MusicnnModel, rounds: int) -> str:
    labels = list(model.labels or ())
    column, lines, seconds, nodes = labels.index(LABEL), [], np.zeros(3), np.zeros(3)
    target = make_target("score", labels).only(column)
    for start_s in STARTS_S:
        heard = hear(load_audio(CLIP), model, start_s=start_s, duration_s=model.window_s)
        runs = []
        for _ in range(rounds):
            begun = time.perf_counter()
            maps = integrated_gradients(model, heard.features, target, baseline=heard.silence)
            runs.append((time.perf_counter() - begun, *_captum(model, heard, column)))
        ours_s, searched_s, last_s, searched, last, delta = np.median(runs, axis=0).tolist()
        seconds += ours_s, searched_s, last_s
        nodes += int(maps.nodes[0]), searched, last
        gap = abs(float(maps.values.sum() - maps.moved[0]))
        lines.append(
            f"  at {start_s:g} s: {ours_s:.2f} s ({int(maps.nodes[0])} nodes, gap {gap:.4f} of "
            f"{maps.moved[0]:.2f}); captum {searched_s:.2f} s, the last run {last_s:.2f} s ({last:.0f} nodes, gap "
            f"{delta:.4f})"
        )
    each = (1000 * seconds / nodes).tolist()
    return "\n".join(
        [
            f"integrated gradients of {len(STARTS_S)} windows of musicnn: {seconds[0]:.1f} s, {each[0]:.0f} ms a node; "
            f"captum {seconds[1]:.1f} s, {each[1]:.0f} ms a node; its last runs {seconds[2]:.1f} s",
            *lines,
        ]
    )


def _excerpt(model: MusicnnModel) -> str:
    begun = time.perf_counter()
    found = relevance(load_audio(CLIP), model, label=LABEL, duration_s=EXCERPT_S, cache=False)
    taken_s = time.perf_counter() - begun
    n, nodes = len(found.windows), " + ".join(str(one.steps) for one in found.windows)
    whole_min = taken_s / n * SONG_S / (model.window_s or 1.0) / 60
    return (
        f"  {EXCERPT_S:g} s: {taken_s:.1f} s (target {LONGEST_EXCERPT_S:g}; {n} windows, {nodes} nodes at last, "
        f"{taken_s / n:.1f} s each); a song of {SONG_S / 60:g} minutes, --every, by that: {whole_min:.1f} min "
        f"(target {LONGEST_SONG_MIN:g})"
    )


def _memory() -> str:
    few, many = (peak_mb(n) for n in (FEW, MANY))
    return f"  peak memory: {few:.0f} MB for {FEW} windows, {many:.0f} MB for {MANY}"


def peak_mb(n_windows: int) -> float:
    """The most that a process of its own holds while it explains so many windows."""
    command = [sys.executable, "-m", "tests.bench.gradients", str(n_windows)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def explain_windows(n_windows: int) -> float:
    """Explain so many windows, with two nodes each, and answer this process' peak in MB."""
    model, clip = MusicnnModel("MSD_musicnn", threads=1), load_audio(CLIP)
    n_samples = round(n_windows * (model.window_s or 1.0) * clip.sr) + clip.sr // 10
    song = Audio(np.resize(clip.samples.mean(axis=0), (1, n_samples)).astype(np.float32), clip.sr, "song")
    found = relevance(song, model, label=LABEL, near=0, n_steps=2, most_steps=2, cache=False)
    if len(found.windows) != n_windows:
        raise SystemExit(f"{len(found.windows)} windows were explained, not {n_windows}")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def _captum(model: MusicnnModel, heard: Any, column: int) -> tuple[float, float, int, int, float]:
    """Seconds of captum's search and of its last run, nodes of both, and its gap."""
    import torch

    graph = model._graph(None).in_torch()
    method = import_module("captum.attr").IntegratedGradients(
        lambda features: graph(features.unsqueeze(1), [SCORES])[0]
    )
    given, base = torch.from_numpy(heard.features), torch.from_numpy(heard.silence[None])
    how = {"target": column, "method": "gausslegendre", "internal_batch_size": windows_at_once(model)}
    with torch.no_grad():
        full, empty = (float(graph(one.unsqueeze(1), [SCORES])[0][0, column]) for one in (given, base))
    limit = float(tolerance(np.array([full - empty]))[0])
    begun, searched = time.perf_counter(), 0
    for nodes in NODES:
        last = time.perf_counter()
        _, delta = method.attribute(given, base, n_steps=nodes, return_convergence_delta=True, **how)
        searched += nodes
        if abs(float(delta)) <= limit:
            break
    ended = time.perf_counter()
    return ended - begun, ended - last, searched, nodes, abs(float(delta))


if __name__ == "__main__":
    print(explain_windows(int(sys.argv[1])) if len(sys.argv) > 1 else report())
