"""A page of one model: what it was given, what it says of it, and what it listens to.

After the web page of the paper that the experiment comes from; ``python -m examples.guitar_vs_piano.page
DIR/models/NAME OUT.html``.

References
----------
V. Haunschmid, E. Manilow and G. Widmer, "Towards Musically Meaningful Explanations Using Source Separation", 2020.
"""

from __future__ import annotations

import base64
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jinja2 import Environment

from audiolime_ext import Audio, explain
from audiolime_ext.audio.encoding import encode
from audiolime_ext.files.fresh import write_bytes
from audiolime_ext.prediction.asking import predict
from audiolime_ext.prediction.grid import Grid
from audiolime_ext.prediction.loading import load_model
from examples.guitar_vs_piano.audits import factorizations, tagger_of
from examples.guitar_vs_piano.confounders import CONFOUNDERS, LABELS, Recording
from examples.guitar_vs_piano.experiment import Experiment
from examples.guitar_vs_piano.recordings import mixture, stems
from examples.guitar_vs_piano.songs import SR
from factorizations.oracle import OracleFactorization

TEMPLATE = Path(__file__).with_name("page.html.j2")


class Example(NamedTuple):
    """A recording on the page: what sounds in it, as sound, and ŷ, the score of "piano"."""

    song: str
    label: str
    sounds: str
    address: str
    score: float


class Explained(NamedTuple):
    """What made a model's answer, by one factorization."""

    factorization: str
    component: str
    weights: list[tuple[str, float]]
    address: str


def write(folder: Path, target: Path) -> None:
    """Write the page of the model in a folder, unless it is there."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    confounder, model = CONFOUNDERS[about["confounder"]], load_model(tagger_of(folder))
    experiment = Experiment.read(folder.parent.parent)
    sets = ("train", "validation", "test_std", "test_bad")
    rows = [(name, list(_examples(experiment, about, model, name))) for name in sets]
    song, audio, parts = _wrong(experiment, about, model)
    decided = LABELS[int(np.argmax(_scores(model, audio)))]
    explained = [_explained(audio, parts, model, name, decided) for name in factorizations()]
    page = Environment(autoescape=True, trim_blocks=True).from_string(TEMPLATE.read_text(encoding="utf-8"))
    html = page.render(about=about, confounder=confounder, rows=rows, song=song, decided=decided, explained=explained)
    write_bytes(html.encode(), target)


def _examples(experiment: Experiment, about: dict[str, Any], model: Any, name: str) -> Iterator[Example]:
    sizes = experiment.sizes
    drawn = random.Random(f"songs {about['seed']}").sample(range(sizes.train_pool), sizes.n_train + sizes.n_valid)
    of_training = {"train": ("train", drawn[0]), "validation": ("train", drawn[-1])}
    split, number = of_training.get(name, ("test", _tested(experiment, about)[0]))
    confounder = CONFOUNDERS[about["confounder"]]
    for label in LABELS:
        present = (label == confounder.on) != (name == "test_bad")
        audio, found = _recording(experiment, split, Recording(number, label, present), about)
        yield Example(f"{number:04d}", label, ", ".join(found), _address(audio), float(_scores(model, audio)[1]))


def _wrong(experiment: Experiment, about: dict[str, Any], model: Any) -> tuple[str, Audio, dict[str, Any]]:
    """The recording with the confounder that the model is most wrong about."""
    other = next(label for label in LABELS if label != CONFOUNDERS[about["confounder"]].on)
    tested = [Recording(number, other, True) for number in _tested(experiment, about)]
    made = [(recording.song, *_recording(experiment, "test", recording, about)) for recording in tested]
    number, audio, parts = min(made, key=lambda one: float(_scores(model, one[1])[LABELS.index(other)]))
    return f"{number:04d} ({other})", audio, parts


def _tested(experiment: Experiment, about: dict[str, Any]) -> list[int]:
    """The test songs of the model's seed."""
    sizes = experiment.sizes
    return sorted(random.Random(f"test {about['seed']}").sample(range(sizes.test_pool), sizes.n_test))


def _recording(
    experiment: Experiment, split: str, recording: Recording, about: dict[str, Any]
) -> tuple[Audio, dict[str, Any]]:
    confounder = CONFOUNDERS[about["confounder"]]
    tracks = confounder.present if recording.present else confounder.absent
    found = dict(stems(experiment.pool(split)[recording.song], recording.label, tracks))
    return Audio(mixture(found)[None], SR, f"{recording.song:04d}-{recording.label}"), found


def _scores(model: Any, audio: Audio) -> Any:
    grid = Grid.of(model, audio.sr)
    return predict(model, grid.cut(grid.listen(audio.samples[None], audio.sr, 0, audio.n_samples)))[0]


def _explained(audio: Audio, parts: dict[str, Any], model: Any, name: str, label: str) -> Explained:
    separator: Any = name
    if name == "oracle":
        separator = OracleFactorization({stem: (samples, SR) for stem, samples in parts.items()}, mixture=audio)
    whole: dict[str, Any] = {"start_s": 0.0, "duration_s": audio.duration_s}
    found = explain(audio, model, factorization=separator, labels=[label], target="log-odds", **whole)
    weights = sorted(found.weights(label).items(), key=lambda pair: -pair[1])
    top = found.top(label=label)
    return Explained(name, ", ".join(top.components) or "nothing", weights, _address(top.listen()) if top else "")


def _address(audio: Audio) -> str:
    samples = audio.samples / max(1.0, float(np.abs(audio.samples).max()))
    return "data:audio/mpeg;base64," + base64.b64encode(encode(samples, audio.sr, "MP3", "MPEG_LAYER_III")).decode()


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
