"""Train Cerberus: ``python -m examples.cerberus.train RUN --data DATA``.

RUN is a folder. ``checkpoint.pt`` in it holds everything that training needs to go on, ``curves.csv`` the losses. The
same command goes on where an interrupted one stopped; a larger ``--steps`` trains longer. Batches are numbered, so a
resumed run sees those that an undisturbed one would have seen.

The learning rate rises for the first 100 steps, stays, and falls to zero over the last ``--decay`` steps. What is
evaluated and exported is a running mean of the weights.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
import time
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from examples.cerberus import losses
from examples.cerberus.batches import Batch, Mixer, songs
from examples.cerberus.network import Cerberus, Config

WEIGHTS = {"separation": 0.1, "notes": 2.0, "onsets": 4.0, "hits": 1.0, "clustering": 0.1}
SIZES = {
    "paper": Config(layers=("whole",) * 3, n_features=12),
    "bands": Config(layers=("time", "bands") * 3, n_features=40, n_hidden=64),
    "both": Config(),
    "smoke": Config(layers=("time", "bands"), n_features=8, n_hidden=8, widths=(8,) * 16 + (128, 256, 257)),
}
_WARM_UP = 100
_KEPT = 0.998  # of the running mean of the weights, per step


@cache
def has_bfloat16(device: str) -> bool:
    """Whether recurrent layers run in bfloat16 on this machine; on CPUs without AVX-512 they do not."""
    try:
        with torch.no_grad(), torch.autocast(device, dtype=torch.bfloat16):
            torch.nn.LSTM(8, 8).to(device)(torch.zeros(2, 1, 8, device=device))
    except RuntimeError:
        return False
    return True


def batch_losses(network: Cerberus, batch: Batch) -> tuple[dict[str, Tensor], losses.Fit]:
    """The loss of each head, by name, and how the masks fit."""
    n_sources = len(network.config.sources)
    mixture = batch.mixture
    device = mixture.device.type
    in_half = partial(torch.autocast, device, dtype=torch.bfloat16, enabled=has_bfloat16(device))
    with in_half():
        h = network.features(mixture)
        out = network.heads(h)
    some = slice(None, None, 16)  # of the frames: enough for deep clustering, whose embeddings are large
    with in_half():
        embeddings = network.embed(h[:, some])
    magnitudes = batch.spectra[:, :, some].square().sum(-1).sqrt()
    loudness = mixture[:, some].square().sum(-1).sqrt()
    fit = losses.fit(out.masks, batch.spectra[:, :n_sources], mixture)
    found = {
        "separation": losses.separation(fit),
        "notes": losses.transcription(out.notes, batch.notes, positive_weight=3),
        "onsets": losses.transcription(out.onsets, batch.onsets, positive_weight=5),
        "hits": losses.transcription(out.hits, batch.hits, positive_weight=3),
        "clustering": losses.deep_clustering(embeddings, magnitudes, loudness),
    }
    return found, fit


class Training:
    """A run that can be interrupted: the network, its running mean, the optimiser, and the number of steps made."""

    def __init__(self, config: Config, *, seed: int, rate: float, device: str) -> None:
        torch.manual_seed(seed)
        self.config, self.seed, self.rate, self.device, self.step = config, seed, rate, device, 0
        self.network = Cerberus(config).to(device)
        self.mean = torch.optim.swa_utils.AveragedModel(
            self.network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(_KEPT)
        )
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=rate, weight_decay=0.01)

    def save(self, path: Path) -> None:
        """To a temporary name first: an interrupted write leaves the older checkpoint."""
        parts = {"network": self.network, "mean": self.mean, "optimiser": self.optimiser}
        state = {name: part.state_dict() for name, part in parts.items()}
        about = {"config": dataclasses.asdict(self.config), "seed": self.seed, "step": self.step, "rate": self.rate}
        temporary = path.with_suffix(".tmp")
        torch.save({**state, **about}, temporary)
        temporary.replace(path)

    @classmethod
    def load(cls, path: Path, *, device: str) -> Training:
        """As `save` left it."""
        state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
        run = cls(Config(**_tuples(state["config"])), seed=state["seed"], rate=state["rate"], device=device)
        run.network.load_state_dict(state["network"])
        run.mean.load_state_dict(state["mean"])
        run.optimiser.load_state_dict(state["optimiser"])
        run.step = state["step"]
        return run

    def advance(self, batch: Batch, *, factor: float) -> dict[str, float]:
        """One step at `factor` times the learning rate; its losses."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * factor
        self.network.train()
        found, _ = batch_losses(self.network, batch)
        total = torch.stack([WEIGHTS[name] * loss for name, loss in found.items()]).sum()
        self.optimiser.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.mean.update_parameters(self.network)
        self.step += 1
        return {name: float(loss.detach()) for name, loss in found.items()}

    def validate(self, batches: list[Batch]) -> dict[str, float]:
        """Losses of the running mean over fixed batches, and what SI-SDR each source gains over the mixture, in dB."""
        self.mean.eval()
        network: Any = self.mean.module
        found: dict[str, list[float]] = {}
        with torch.no_grad():
            for batch in batches:
                lost, after = batch_losses(network, batch)
                targets, mixture = batch.spectra[:, : len(network.config.sources)], batch.mixture
                before = losses.fit(torch.ones_like(targets[..., 0]), targets, mixture)
                gains = (after.si_sdr - before.si_sdr).T
                for name, gain, sounds in zip(network.config.sources, gains, after.sounds.T, strict=True):
                    found.setdefault(name, []).extend(gain[sounds].tolist())
                for name, loss in lost.items():
                    found.setdefault(name, []).append(float(loss))
        return {name: sum(values) / max(1, len(values)) for name, values in found.items()}


def _tuples(config: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in config.items()}


def factor(step: int, *, steps: int, decay: int) -> float:
    """The learning rate at a step, relative to its maximum."""
    return min(1.0, (step + 1) / _WARM_UP, (steps - step) / decay if decay else 1.0)


def plot(curves: Path) -> None:
    """Draw the curves beside their numbers."""
    from matplotlib.figure import Figure

    with curves.open(newline="") as file:
        rows = list(csv.DictReader(file))
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots(1, 2)
    steps = [int(row["step"]) for row in rows]
    for name in rows[0]:
        kind, _, what = name.partition("_")
        if kind in ("train", "valid") and what in WEIGHTS:
            values = [float(row[name]) / abs(float(rows[0][name])) for row in rows]
            style = {"linestyle": "-" if kind == "valid" else ":", "color": f"C{list(WEIGHTS).index(what)}"}
            axes[0].plot(steps, values, label=what if kind == "valid" else None, **style)
        elif kind == "valid":
            axes[1].plot(steps, [float(row[name]) for row in rows], label=what)
    axes[0].set(xlabel="step", title="losses, relative to the first (dotted: training)")
    axes[1].set(xlabel="step", title="gain in SI-SDR on held-out grooves (dB)")
    for each in axes:
        each.legend()
        each.grid(alpha=0.3)
    figure.savefig(curves.with_suffix(".png"), dpi=120)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", metavar="RUN", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="folder that examples.cerberus.dataset rendered")
    parser.add_argument("--songs", type=int, help="train on the first N songs (default: all)")
    parser.add_argument("--size", choices=SIZES, default="both", help="size of a new network (default: both)")
    parser.add_argument("--steps", type=int, default=20000, help="number of steps in all (default: 20000)")
    parser.add_argument("--decay", type=int, default=0, help="steps at the end over which the learning rate falls to 0")
    parser.add_argument("--batch", type=int, default=16, help="mixtures per step (default: 16)")
    parser.add_argument("--duration-s", type=float, default=4.0, help="length of a mixture in seconds (default: 4)")
    parser.add_argument("--rate", type=float, default=3e-3, help="highest learning rate (default: 0.003)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every", type=int, default=200, help="steps between two lines of the curves (default: 200)")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser.parse_args()


def main() -> None:
    """Train up to a number of steps, from wherever the run is."""
    args = arguments()
    args.run.mkdir(parents=True, exist_ok=True)
    checkpoint, curves = args.run / "checkpoint.pt", args.run / "curves.csv"
    if checkpoint.exists():
        run = Training.load(checkpoint, device=args.device)
        print(f"going on from step {run.step}")
    else:
        run = Training(SIZES[args.size], seed=args.seed, rate=args.rate, device=args.device)
    n_parameters = sum(p.numel() for name, p in run.network.named_parameters() if not name.startswith("embeddings"))
    print(f"{n_parameters / 1e6:.2f} M parameters without deep clustering")
    shape = {"n_batch": args.batch, "duration_s": args.duration_s}
    mixer = Mixer(songs(args.data / "train")[: args.songs], run.config, seed=run.seed, **shape)
    held_out = Mixer(songs(args.data / "valid"), run.config, seed=1, augment=False, **shape)
    fixed = [held_out.batch(i).to(run.device) for i in range(6)]
    began, seen, sums = time.perf_counter(), 0, dict.fromkeys(WEIGHTS, 0.0)
    for batch in mixer.stream(run.step):
        if run.step >= args.steps:
            break
        found = run.advance(batch.to(run.device), factor=factor(run.step, steps=args.steps, decay=args.decay))
        seen += 1
        sums = {name: sums[name] + value for name, value in found.items()}
        if run.step % args.every == 0 or run.step == args.steps:
            heard_s = seen * args.batch * args.duration_s
            row = {"step": run.step, "times_real_time": round(heard_s / (time.perf_counter() - began), 1)}
            row |= {f"train_{name}": round(value / seen, 4) for name, value in sums.items()}
            row |= {f"valid_{name}": round(value, 4) for name, value in run.validate(fixed).items()}
            _append(curves, row)
            run.save(checkpoint)
            print(json.dumps(row), flush=True)
            began, seen, sums = time.perf_counter(), 0, dict.fromkeys(WEIGHTS, 0.0)
    if curves.exists():
        plot(curves)


def _append(path: Path, row: dict[str, Any]) -> None:
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)


if __name__ == "__main__":
    main()
