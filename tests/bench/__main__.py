"""``make bench``: how long our side takes, and how many times longer the genuine packages take.

One process for each side, models loaded, the first call of each task left out; both sides take turns, so that a
machine that is busy for a while is busy for both. Medians are reported. The genuine side needs the environment of
``make parity``; without it only our own times are given. Tasks, all on the first 10.9 s of the bundled clip:

- *separation* of the whole excerpt by Spleeter's two stems. The genuine `Separator.separate` builds its graph anew at
  every call; a second row keeps that graph alive, which the package itself does not.
- *prediction* of MSD_musicnn for 3 s signals, front end included, and a row for the network alone.
- *explanation* of 3 s for all 50 tags, audio in memory. The genuine side is audioLIME's loop: its separation, then 1000
  random masks, summed, passed through librosa's front end and predicted in batches of ten.
- *separation* of five minutes by our own separator: see ``separation.py``.
- a *page* of three minutes: see ``page.py``; *why* of two songs of three minutes: see ``why.py``.
- an *audit* by one worker and by two: see ``workers.py``; the report on one of 10,000 recordings: ``audit.py``.
- *similar songs*: a vector of five minutes, beside other packages; the nearest of 100,000 and of a million; the reasons
  by stems of a hundred neighbours: see ``similar.py``. A *map* of 10,000 songs, and a playlist: see ``maps.py``.
- *integrated gradients* of a window, beside captum; of an excerpt; their memory: see ``gradients.py``.
- *concepts*: TCAV beside captum's, and what all of ten classes would cost: see ``concepts.py``.
- the *cold command*: ``audiolime explain CLIP`` as a process of its own, checkpoints cached.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext import Audio, explain, load_audio
from audiolime_ext.models.musicnn import MusicnnModel, log_mel
from factorizations import spleeter
from tests.bench import audit, concepts, gradients, maps, page, separation, similar, why, workers
from tests.parity.environment import lay_out_models

CLIP = Path("audiolime_ext/data/ezer_ev.ogg")
WORKER = Path(__file__).with_name("genuine.py")
EXCERPT_S, START_S, N_MASKS = 10.9, 3.0, 1000


class CountingTagger(MusicnnModel):
    """Counts the signals that it is asked about."""

    n_asked = 0

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        self.n_asked += len(batch)
        return super().__call__(batch)


class Genuine:
    """The other side's process; see ``genuine.py``."""

    def __init__(self, python: str, models: Path) -> None:
        self._process = subprocess.Popen(
            [python, WORKER, CLIP, str(EXCERPT_S)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
            env={**os.environ, "MODEL_PATH": str(models)},
        )

    def seconds(self, task: str, *, scale: int = 1, **arguments: Any) -> float:
        """How long one call takes there; `scale` multiplies what grows with the number of masks."""
        requests, answers = self._process.stdin, self._process.stdout
        assert requests is not None
        assert answers is not None
        requests.write(json.dumps({"task": task, **arguments}) + "\n")
        answer = answers.readline()
        if not answer:
            sys.exit(f"the genuine side died at {task!r}; run {WORKER} by hand to see why")
        measured = json.loads(answer)
        once = float(measured.get("once", 0.0))
        return once + scale * (float(measured["seconds"]) - once)

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


@dataclass(frozen=True)
class Task:
    """One row: our call, the other side's request, and how often ours is called in a turn."""

    name: str
    ours: Callable[[], object]
    theirs: dict[str, Any]
    target: float | None = None
    calls: int = 5
    scale: int = 1  # of what grows with the number of masks there


def our_seconds(call: Callable[[], object]) -> float:
    """How long one call takes here."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def tasks(model: MusicnnModel, *, quick: bool) -> list[Task]:
    """The rows of the table."""
    clip = load_audio(CLIP)
    audio = Audio(clip.samples[:, : round(EXCERPT_S * clip.sr)], clip.sr, "excerpt")
    separator = spleeter.make("2stems")
    signals = np.random.default_rng(0).normal(0, 0.1, (10, round((model.lead_s + 2.992) * model.sr)))
    batch = signals.astype(np.float32)
    patches = log_mel(batch)
    network = model._network(None)
    asked = N_MASKS // 10 if quick else N_MASKS
    loop = {"task": "explain", "n_masks": asked, "start_s": START_S}

    def explanation() -> object:
        return explain(
            audio, model, factorization=separator, labels=list(model.labels or ()), start_s=START_S, duration_s=3.0
        )

    return [
        Task("separation, 10.9 s", lambda: separator.factorize(audio), {"task": "separate"}, 8),
        Task("  … its graph kept alive", lambda: separator.factorize(audio), {"task": "separate_kept"}),
        Task("prediction, 3 s", lambda: model(batch[:1]), {"task": "predict", "n": 1}, 2, calls=20),
        Task("prediction, 10 × 3 s", lambda: model(batch), {"task": "predict", "n": 10}, 2),
        Task("  … the network alone", lambda: network(patches), {"task": "network", "n": 10}),
        Task("explanation, 3 s, 50 tags", explanation, loop, 60, scale=N_MASKS // asked),
    ]


def measure(task: Task, genuine: Genuine | None, rounds: int) -> tuple[float, float | None]:
    """Medians of both sides in seconds; the first call of each is left out."""
    ours, theirs = [], []
    task.ours()
    if genuine is not None:
        genuine.seconds(**{**task.theirs, **({"n_masks": 20} if "n_masks" in task.theirs else {})})
    for _ in range(rounds):
        ours += [our_seconds(task.ours) for _ in range(task.calls)]
        if genuine is not None:
            theirs.append(genuine.seconds(**task.theirs, scale=task.scale))
    return statistics.median(ours), statistics.median(theirs) if theirs else None


def report(task: Task, ours: float, theirs: float | None) -> str:
    """One line of the table."""
    if theirs is None:
        return f"{task.name:26} {1000 * ours:9.1f} ms"
    missed = task.target is not None and theirs / ours < task.target
    target = "" if task.target is None else f"   (target {task.target:g}×{': MISSED' if missed else ''})"
    scaled = f"   from {N_MASKS // task.scale} masks, scaled" if task.scale > 1 else ""
    return f"{task.name:26} {1000 * ours:9.1f} ms {1000 * theirs:11.1f} ms {theirs / ours:8.1f}×{target}{scaled}"


def cold_command() -> float:
    """Median seconds of the whole command."""
    command = [str(Path(sys.executable).with_name("audiolime")), "explain", str(CLIP)]

    def run() -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    run()
    return statistics.median(our_seconds(run) for _ in range(3))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--genuine", metavar="PYTHON", help="of the environment with the genuine packages")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each side (default: 3)")
    parser.add_argument("--quick", action="store_true", help="1 turn; the genuine loop with 100 masks, scaled")
    arguments = parser.parse_args()
    rounds = 1 if arguments.quick else arguments.rounds
    model = CountingTagger("MSD_musicnn")
    with tempfile.TemporaryDirectory() as folder:
        present = arguments.genuine is not None and Path(arguments.genuine).exists()
        genuine = Genuine(arguments.genuine, lay_out_models(Path(folder))) if present else None
        if genuine is None:
            print("only our own side: 'make parity' sets up the genuine packages to compare with\n")
        print(f"{'':26} {'ours':>12} {'' if genuine is None else '     genuine    ratio'}")
        for task in tasks(model, quick=arguments.quick):
            print(report(task, *measure(task, genuine, rounds)), flush=True)
        if genuine is not None:
            genuine.close()
    before = model.n_asked
    found: Any = tasks(model, quick=True)[-1].ours()
    n_asked = model.n_asked - before
    print(f"\npredictions for an explanation: {n_asked} ({found.checks.n_evals} of them checks; {N_MASKS} in the loop)")
    if n_asked != found.n_evals + found.checks.n_evals:
        raise SystemExit("a mix was predicted twice")
    print(f"cold command, 'audiolime explain {CLIP.name}': {cold_command():.1f} s")
    print(separation.report(), flush=True)
    print(page.report(), flush=True)
    print(why.report(), flush=True)
    print(workers.report(), flush=True)
    print(audit.report(), flush=True)
    print(similar.report(quick=arguments.quick), flush=True)
    print(maps.report(quick=arguments.quick), flush=True)
    print(gradients.report(rounds=rounds), flush=True)
    print(concepts.report(quick=arguments.quick), flush=True)
    print(f"{os.cpu_count()} CPU cores; medians of {rounds} turns")


if __name__ == "__main__":
    main()
