"""Train Cerberus: ``python -m examples.cerberus.train RUN --data DATA``.

RUN is a folder. ``checkpoint.pt`` in it holds everything that training needs to go on, ``curves.csv`` the losses. The
same command goes on where an interrupted one stopped; a larger ``--steps`` trains longer. Batches are numbered, so a
resumed run sees those that an undisturbed one would have seen.

The learning rate rises for the first 200 steps, stays, and falls to zero over the last ``--decay`` steps. What is
evaluated and exported is a running mean of the weights.
"""

from __future__ import annotations

import argparse
import os
import csv
import dataclasses
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("GOMP_SPINCOUNT", "3000")  # threads that spin for long get nothing done on a shared machine

import torch  # noqa: E402
from torch import Tensor  # noqa: E402

from examples.cerberus import losses  # noqa: E402
from examples.cerberus.batches import Batch, Mixer, songs  # noqa: E402
from examples.cerberus.network import Cerberus, Config  # noqa: E402

WEIGHTS = {"separation": 0.1, "notes": 1.0, "onsets": 1.0, "hits": 0.5, "clustering": 0.1}
SIZES = {
    "paper": Config(layers=("whole",) * 3, n_features=12),
    "bands": Config(layers=("time", "bands") * 3, n_features=40, n_hidden=64),
    "both": Config(),
    "smoke": Config(layers=("time", "bands"), n_features=8, n_hidden=8, widths=(8,) * 16 + (128, 256, 257)),
}
_WARM_UP = 200
_KEPT = 0.999  # of the running mean of the weights, per step


def batch_losses(network: Cerberus, batch: Batch, *, clustering: bool = True) -> dict[str, Tensor]:
    """The loss of each head, by name."""
    n_sources = len(network.config.sources)
    mixture = batch.mixture
    device = mixture.device.type
    with torch.autocast(device, dtype=torch.bfloat16):
        h = network.features(mixture)
        out = network.heads(h)
    found = {
        "separation": losses.separation(losses.fit(out.masks, batch.spectra[:, :n_sources], mixture)),
        "notes": losses.transcription(out.notes, batch.notes, positive_weight=3),
        "onsets": losses.transcription(out.onsets, batch.onsets, positive_weight=5),
        "hits": losses.transcription(out.hits, batch.hits, positive_weight=3),
    }
    if clustering:
        some = slice(None, None, 16)  # of the frames: enough for a loss, and embeddings are large
        with torch.autocast(device, dtype=torch.bfloat16):
            embeddings = network.embed(h[:, some])
        magnitudes = batch.spectra[:, :, some].square().sum(-1).sqrt()
        loudness = mixture[:, some].square().sum(-1).sqrt()
        found["clustering"] = losses.deep_clustering(embeddings, magnitudes, loudness)
    return found


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
        found = batch_losses(self.network, batch)
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
                for name, loss in batch_losses(network, batch).items():
                    found.setdefault(name, []).append(float(loss))
                targets, mixture = batch.spectra[:, : len(network.config.sources)], batch.mixture
                after = losses.fit(network(mixture).masks, targets, mixture)
                before = losses.fit(torch.ones_like(targets[..., 0]), targets, mixture)
                for name, gain, sounds in zip(
                    network.config.sources, (after.si_sdr - before.si_sdr).T, after.sounds.T, strict=True
                ):
                    found.setdefault(name, []).extend(gain[sounds].tolist())
        return {name: sum(values) / max(1, len(values)) for name, values in found.items()}


def _tuples(config: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in config.items()}


def factor(step: int, *, steps: int, decay: int) -> float:
    """The learning rate at a step, relative to its maximum."""
    return min(1.0, (step + 1) / _WARM_UP, (steps - step) / decay if decay else 1.0)


def ahead(mixer: Mixer, first: int, *, workers: int) -> Iterator[Batch]:
    """The mixer's batches from number `first` on, made by other processes while the network trains."""
    if not workers:
        yield from mixer.stream(first)
        return
    loader = torch.utils.data.DataLoader(_Numbered(mixer, first), batch_size=None, num_workers=workers)
    yield from loader


class _Numbered(torch.utils.data.Dataset[Batch]):
    def __init__(self, mixer: Mixer, first: int) -> None:
        self.mixer, self.first = mixer, first

    def __len__(self) -> int:
        return 10**9

    def __getitem__(self, index: int) -> Batch:
        return self.mixer.batch(self.first + index)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--size", choices=SIZES, default="both")
    parser.add_argument("--songs", type=int, help="train on so many only (default: all)")
    parser.add_argument("--steps", type=int, default=20000)
    parser.add_argument("--decay", type=int, default=0, help="steps at the end over which the learning rate falls to 0")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--duration-s", type=float, default=4.0)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every", type=int, default=250, help="steps between two lines of curves.csv")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    args.run.mkdir(parents=True, exist_ok=True)
    checkpoint = args.run / "checkpoint.pt"
    config = SIZES[args.size]
    if checkpoint.exists():
        run = Training.load(checkpoint, device=args.device)
        print(f"going on from step {run.step}")
    else:
        run = Training(config, seed=args.seed, rate=args.rate, device=args.device)
    n = sum(p.numel() for name, p in run.network.named_parameters() if not name.startswith("embeddings"))
    print(f"{n / 1e6:.2f} M parameters without deep clustering")
    mixer = Mixer(
        songs(args.data / "train")[: args.songs], run.config, n_batch=args.batch, duration_s=args.duration_s, seed=args.seed
    )
    held_out = Mixer(songs(args.data / "valid"), run.config, n_batch=args.batch, duration_s=8, seed=1, augment=False)
    fixed = [held_out.batch(i) for i in range(4)]
    began, seen = time.perf_counter(), 0
    sums: dict[str, float] = {}
    for batch in mixer.stream(run.step):
        if run.step >= args.steps:
            break
        found = run.advance(batch, factor=factor(run.step, steps=args.steps, decay=args.decay))
        seen += 1
        sums = {name: sums.get(name, 0.0) + value for name, value in found.items()}
        if run.step % args.every == 0 or run.step == args.steps:
            seconds = time.perf_counter() - began
            speed = seen * args.batch * args.duration_s / seconds
            row = {"step": run.step, "times_real_time": round(speed, 1)}
            row |= {f"train_{name}": round(value / seen, 4) for name, value in sums.items()}
            row |= {f"valid_{name}": round(value, 4) for name, value in run.validate(fixed).items()}
            _append(args.run / "curves.csv", row)
            run.save(checkpoint)
            print(json.dumps(row), flush=True)
            began, seen, sums = time.perf_counter(), 0, {}


def _append(path: Path, row: dict[str, Any]) -> None:
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)


if __name__ == "__main__":
    main()
