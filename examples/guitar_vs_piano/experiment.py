"""Which songs, which models, and what is written of each; everything is made once and found again.

``songs/{train,test}/NAME`` are songs; ``test/CONFOUNDER-CLASS/{std,bad}`` test sets of all test songs; and
``models/CONFOUNDER-CLASS-{confounded,clean}-SEED`` holds ``model.keras``, ``model.json``, and the manifests ``std.csv``
and ``bad.csv`` of the test songs that this seed's audit is given. A seed draws songs to train on, to validate on and to
audit with, and initial weights; no groove of the test songs is in the others.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from examples.guitar_vs_piano import classifier, songs
from examples.guitar_vs_piano.confounders import CONFOUNDERS, LABELS, Recording, confounded, matched
from examples.guitar_vs_piano.recordings import write_manifest, write_test_set
from examples.guitar_vs_piano.spectra import FRONT_END, gathered, spectra
from examples.guitar_vs_piano.truth import intervene

TAGGER = f"keras:model.keras?sr={songs.SR}&labels={';'.join(LABELS)}&window_s={songs.WINDOW_S}&front_end={FRONT_END}"
SIZES = "sizes.json"  # of the experiment in a folder
SETS = {"std": False, "bad": True}  # whether swapped


@dataclass(frozen=True)
class Sizes:
    """How many songs there are, and how many of them a seed draws."""

    train_pool: int = 520
    test_pool: int = 90
    n_train: int = 320
    n_valid: int = 40
    n_test: int = 45
    training: classifier.Training = field(default_factory=classifier.Training)


QUICK = Sizes(32, 8, 26, 6, 3, classifier.Training(n_epochs=16))


@dataclass(frozen=True)
class Experiment:
    """A folder, and how large the experiment in it is."""

    folder: Path
    sizes: Sizes

    @classmethod
    def read(cls, folder: Path) -> Experiment:
        """The one that is in a folder."""
        sizes = json.loads((folder / SIZES).read_text(encoding="utf-8"))
        return cls(folder, Sizes(**{**sizes, "training": classifier.Training(**sizes["training"])}))

    def pool(self, split: str) -> list[Path]:
        """Folders of the songs of ``"train"`` or ``"test"``."""
        n_songs = {"train": self.sizes.train_pool, "test": self.sizes.test_pool}[split]
        return [self.folder / "songs" / split / f"{number:04d}" for number in range(n_songs)]

    def make_song(self, folder: Path) -> None:
        """Render one song of `pool`."""
        songs.make(folder, folder.parent.name, f"guitar vs piano {folder.parent.name} {folder.name}")

    def make_test_set(self, name: str) -> None:
        """Write both test sets of a confounder, such as ``"drums-guitar"``."""
        for kind, swapped in SETS.items():
            write_test_set(self.folder / "test" / name / kind, self.pool("test"), CONFOUNDERS[name], swapped=swapped)

    def make_spectra(self, label: str, tracks: Sequence[str]) -> None:
        """Compute what classifiers hear of all songs in one version."""
        for split in ("train", "test"):
            spectra(self.folder / "spectra", self.pool(split), label, tracks)

    def make_model(self, name: str, kind: str, seed: int) -> None:
        """Train the model of a confounder, ``"confounded"`` or ``"clean"``, and measure what it is."""
        target = self.folder / "models" / f"{name}-{kind}-{seed}"
        if target.exists():
            return
        drawn = random.Random(f"songs {seed}").sample(
            range(self.sizes.train_pool), self.sizes.n_train + self.sizes.n_valid
        )
        data = []
        for part in (drawn[: self.sizes.n_train], drawn[self.sizes.n_train :]):
            chosen = confounded(CONFOUNDERS[name], part) if kind == "confounded" else matched(part, target.name)
            data.append(self._windows(name, "train", chosen))
        model, best_epoch = classifier.train(*data[0], data[1], seed=seed, training=self.sizes.training)
        about = {"name": target.name, "confounder": name, "kind": kind, "seed": seed, "tagger": TAGGER}
        about |= {"training": {**asdict(self.sizes), "best_epoch": best_epoch}, **self._measured(model, name)}
        self._save(target, model, about)

    def _windows(
        self, name: str, split: str, recordings: Sequence[Recording]
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        windows = gathered(self.folder / "spectra", self.pool(split), CONFOUNDERS[name], recordings)
        return windows, np.array([LABELS.index(recording.label) for recording in recordings])

    def _measured(self, model: Any, name: str) -> dict[str, Any]:
        """Accuracies, and the truth by intervention, on all test songs."""
        found, accuracy = {}, {}
        for kind, swapped in SETS.items():
            recordings = confounded(CONFOUNDERS[name], range(self.sizes.test_pool), swapped=swapped)
            windows, classes = self._windows(name, "test", recordings)
            found[kind] = classifier.answers(model, windows)
            accuracy[kind] = float(np.mean(found[kind].argmax(axis=1) == classes))
        truth = intervene(found["std"], found["bad"])
        return {"accuracy": accuracy, "truth": {**asdict(truth), "verdict": truth.verdict}}

    def _save(self, target: Path, model: Any, about: dict[str, Any]) -> None:
        temporary = target.with_name(f".{target.name}")
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        model.save(temporary / "model.keras")
        audited = sorted(random.Random(f"test {about['seed']}").sample(range(self.sizes.test_pool), self.sizes.n_test))
        for kind, swapped in SETS.items():
            recordings = confounded(CONFOUNDERS[about["confounder"]], audited, swapped=swapped)
            inside = self.folder / "test" / about["confounder"] / kind
            write_manifest(temporary / f"{kind}.csv", inside, self.pool("test"), recordings)
        (temporary / "model.json").write_text(json.dumps(about, indent=1), encoding="utf-8")
        temporary.replace(target)
