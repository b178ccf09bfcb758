"""Which explanation is faithful to the model? Maps of gradients and weights of components, by one definition for all.

::

    OMP_NUM_THREADS=1 python -m tests.studies.attributions LIBRARY --keep FOLDER --csv tests/studies/attributions.csv

LIBRARY is a folder that ``make library`` made (one song is drawn for each soundtrack), or any folder of recordings; the
bundled clip comes first. MSD_musicnn is asked about *the window of the middle half minute in which its own highest
score lies, and is not silent*, one of each recording, so that windows are independent; the label is the one of that
score. What cannot be read, or has no score of .1 there, is left out. All this was fixed before the numbers were seen,
and so was what is compared:

- *Maps of gradients*: Integrated Gradients from silence, the same of the contrast with the second label, SmoothGrad,
  and Grad-CAM at ``cnn2`` (which has no frequency); 16 gradients each, but one for Grad-CAM.
- *Weights of components*: Shapley values and LIME over two stems (Spleeter), six bands and about eight superpixels
  (``slic``), each with all masks. They become maps where each component sounds: its weight is spread over the cells in
  proportion to its soft mask there (`audiolime_ext.gradients.parts.component_power`), so that *a component's cells sum
  to its weight*, as those of Integrated Gradients sum to the difference from silence. Cells where nothing sounds get
  nothing.

Then all are maps of 187 × 96 cells, and are judged alike, beside *loudest first* (farthest from silence) and *random*
(the mean of three): deletion and insertion areas as `audiolime_ext.gradients.checks.faithfulness` has them, in fifths;
and the sound of the first fifth of the cells *of each map's order*, whichever sign they have, so that every part is of
equally many cells; how much of the energy that is stands beside it. AI, AD, AG, FF and Fid-In are of that part and the
rest.
*Randomised* is Spearman's correlation of the sizes of cells with those of the map of the network with random weights in
all layers (not made of the contrast).

A window takes a minute on one core. Each is kept as soon as it is done, and a run goes on where the last one stopped.
`tests.studies.attributions_told` makes sentences of the numbers.
"""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from audiolime_ext import Explanation, explain, load_audio, tag
from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.attribution.lime import lime
from audiolime_ext.attribution.shapley import shapley_values
from audiolime_ext.audio.recording import Audio
from audiolime_ext.components.game import Game
from audiolime_ext.components.masks import Neighborhood
from audiolime_ext.errors import AudioError
from audiolime_ext.faithfulness.check import removal_measures
from audiolime_ext.faithfulness.curves import area_under
from audiolime_ext.faithfulness.randomisation import spearman
from audiolime_ext.gradients.checks.faithfulness import _ranks
from audiolime_ext.gradients.checks.randomised import _sizes
from audiolime_ext.gradients.hearing import hear
from audiolime_ext.gradients.parts.component_power import soft_masks
from audiolime_ext.gradients.parts.placing import _powers
from audiolime_ext.gradients.pipeline import relevance
from audiolime_ext.gradients.relevance import Relevance
from audiolime_ext.gradients.sound import parted
from audiolime_ext.models.musicnn import MusicnnModel
from audiolime_ext.prediction.asking import predict

Array = NDArray[np.float64]
Outputs = Callable[[NDArray[np.float32]], Array]  # from features (n, n_frames, n_bands) to all outputs

ROOT = Path(__file__).parents[2]
BUNDLED = ROOT / "audiolime_ext" / "data" / "ezer_ev.ogg"
SUFFIXES = (".flac", ".mp3", ".ogg", ".opus", ".wav")
MIDDLE_S, AROUND_S, SEED = 30.0, 5.0, 0
N_NODES, LAYER = 16, "cnn2"
N_STEPS, N_RANDOM, SHARE = 5, 3, 0.2
FAINTEST_SCORE = 0.1  # below it the highest of 50 scores says little
SPLITS = {"stems": "spleeter:2stems", "bands": "bands:mel-6", "slic": "slic:8"}
MOST_MASKS = 2**12
GRADIENTS: dict[str, dict[str, Any]] = {
    "integrated gradients": {"n_steps": N_NODES, "most_steps": N_NODES},
    "contrast": {"n_steps": N_NODES, "most_steps": N_NODES},
    "SmoothGrad": {"method": "gradients", "n_draws": N_NODES},
    "Grad-CAM": {"method": "grad-cam", "layer": LAYER},
}
WEIGHTS: dict[str, Callable[[Neighborhood], Attribution]] = {"Shapley": shapley_values, "LIME": lime}
CHANCE = ("loudest", "random")


@dataclass(frozen=True, eq=False)
class Map:
    """A map of one window, what it cost, and the same of a network with random weights (None: not made)."""

    values: Array
    n_gradients: int
    n_predictions: int
    randomised: Array | None
    gap: float | None = None


def recordings(folder: Path, n: int) -> list[Path]:
    """The bundled clip, and one recording for each soundtrack of a library, or all of another folder; n at most."""
    manifest = folder / "manifest.csv"
    groups: dict[str, list[Path]] = {}
    if manifest.exists():
        for row in csv.DictReader(manifest.read_text(encoding="utf-8").splitlines()):
            groups.setdefault(row["group"], []).append(folder / row["path"])
    else:
        groups = {str(one): [one] for one in sorted(folder.iterdir()) if one.suffix in SUFFIXES}
    drawn = [sorted(own)[_rng(name).integers(len(own))] for name, own in sorted(groups.items())]
    return [BUNDLED, *(drawn[i] for i in _rng("order").permutation(len(drawn)))][:n]


def named(path: Path) -> str:
    """The name of a recording; of a song in stems, its folder's."""
    return path.parent.name if path.stem == "mixture" else path.stem


def _rng(name: str) -> np.random.Generator:
    return np.random.default_rng((SEED, crc32(name.encode())))


def window_of(audio: Audio, model: Any) -> tuple[float, list[str]] | None:
    """Start of the window in which the highest score lies, and its labels, the highest first; None: too faint."""
    held = min(MIDDLE_S, audio.duration_s)
    found = tag(audio, model, start_s=(audio.duration_s - held) / 2, duration_s=held)
    scores = np.where(found.counted[:, None], found.scores, -1.0)
    best = int(scores.max(axis=1).argmax())
    if scores[best].max() < FAINTEST_SCORE:
        return None
    return float(found.times_s[best]), [found.labels[i] for i in np.argsort(-scores[best], kind="stable")]


def clip_around(audio: Audio, start_s: float, window_s: float) -> tuple[Audio, float]:
    """The window with a few seconds around it, which separators hear, and its start within that."""
    begin = max(0.0, start_s - AROUND_S)
    end = min(audio.duration_s, start_s + window_s + AROUND_S)
    return audio.excerpt(begin, end - begin), start_s - begin


def spread(weights: Array, masks: Array) -> Array:
    """Each component's weight over the cells where it sounds, in proportion to its mask there, (n_frames, n_bands).

    Examples
    --------
    >>> spread(np.array([1.0, -0.5]), np.array([[[1.0, 0.5]], [[0.0, 0.5]]])).round(3)
    array([[ 0.667, -0.167]])
    """
    sizes = masks.sum(axis=(1, 2))
    return np.asarray(
        np.einsum("c,ctb->tb", np.where(sizes > 0, weights / np.where(sizes > 0, sizes, 1.0), 0.0), masks)
    )


def gradient_maps(clip: Audio, model: Any, random: Any, labels: list[str], place: dict[str, Any]) -> dict[str, Any]:
    """`Map` by name, and the `Relevance` of Integrated Gradients under ""."""
    found: dict[str, Any] = {}
    for name, options in GRADIENTS.items():
        what: dict[str, Any] = {"target": tuple(labels[:2])} if name == "contrast" else {"label": labels[0]}
        asked = {**what, **options, **place, "near": 0.0, "progress": False}
        own = relevance(clip, model, **asked)
        other = None if name == "contrast" else relevance(clip, random, **asked).values
        n = 1 if name == "Grad-CAM" else N_NODES
        found[name] = Map(own.values, n, 0, other, own.windows[0].gap)
        found.setdefault("", own)
    return found


def component_maps(clip: Audio, model: Any, random: Any, told: Relevance, place: dict[str, Any]) -> dict[str, Map]:
    """Maps of weights, by the names of method and split."""
    found = {}
    for split, spec in SPLITS.items():
        options: dict[str, Any] = {"labels": [told.label], "level_check": False, "max_evals": MOST_MASKS}
        e = explain(clip, model, factorization=spec, method="shapley", progress=False, **options, **place)
        masks = masks_of(told, e)
        near, column = e.neighborhood, e.column(told.label)
        assert near.exhaustive
        again = replace(near, scores=Game.of(e.components, random)(near.masks)[:, _numbers(e, model)])
        for method, attribute in WEIGHTS.items():
            own, other = (spread(attribute(one).weights[column], masks) for one in (near, again))
            found[f"{method}, {split}"] = Map(own, 0, len(near.masks), other)
    return found


def masks_of(told: Relevance, explanation: Explanation) -> Array:
    """Soft masks of the components on the window's grid, (n_components, n_frames, n_bands)."""
    return soft_masks(_powers(told, np.arange(len(told.values)), explanation))


def _numbers(explanation: Explanation, model: Any) -> list[int]:
    """Positions of the explanation's labels among the model's."""
    return [list(model.labels).index(label) for label in explanation.all_labels]


def areas(
    outputs: Outputs, column: int, features: NDArray[np.float32], base: NDArray[np.float32], places: Array
) -> Any:
    """Deletion and insertion area of one window, whose cells go, or come, in the order of `places` (0 to below 1)."""
    limits = np.linspace(0, 1, N_STEPS + 1)[:, None, None]
    taken = places < limits
    mixed = np.concatenate([np.where(taken, base, features), np.where(taken, features, base)])
    values = outputs(mixed.astype(np.float32))[:, column]
    return area_under(values[: N_STEPS + 1]), area_under(values[N_STEPS + 1 :])


def heard_part(told: Relevance, places: Array, model: Any, full: Array, column: int) -> dict[str, float | None]:
    """Measures of the sound of the first `SHARE` of the cells, and its share of the window's energy."""
    part, rest = parted(told, places < SHARE, told.audio)
    clip = cast("Audio", told.audio)
    begin = round(told.windows[0].start_s * clip.sr)
    alone = np.zeros_like(clip.samples)
    alone[:, begin : begin + part.n_samples] = part.samples
    place: dict[str, Any] = {"start_s": told.excerpt_s[0], "duration_s": told.excerpt_s[1]}
    both = [hear(Audio(one, clip.sr, ""), model, **place).signals for one in (alone, clip.samples - alone)]
    answers = np.asarray(predict(model, np.concatenate(both)[:, None]), np.float64)
    whole = part.samples + rest.samples
    found = {name: one.value for name, one in removal_measures(full, answers, column).items()}
    return {"energy": float(np.square(part.samples).sum() / np.square(whole).sum()), **found}


def rows_of(
    clip: Audio, start_s: float, labels: list[str], model: Any, random: Any, outputs: Outputs
) -> list[dict[str, Any]]:
    """One row of numbers for each method, and for `CHANCE`."""
    place: dict[str, Any] = {"start_s": start_s, "duration_s": float(model.window_s)}
    maps = gradient_maps(clip, model, random, labels, place)
    told: Relevance = maps.pop("")
    maps |= component_maps(clip, model, random, told, place)
    heard, column = hear(clip, model, **place), list(model.labels).index(labels[0])
    features, base = heard.features[0], heard.silence
    full = np.asarray(predict(model, heard.signals[:, None]), np.float64)[0]
    far = np.abs(features.astype(np.float64) - base)
    rng = _rng("cells")
    orders = {name: [one.values] for name, one in maps.items()} | {"loudest": [far]}
    orders["random"] = [rng.random(far.shape) for _ in range(N_RANDOM)]
    rows = []
    for name, drawn in orders.items():
        places = [_ranks(one[None], rng)[0] for one in drawn]
        curves = np.mean([areas(outputs, column, features, base, one) for one in places], axis=0)
        parts = [heard_part(told, one, model, full, column) for one in places]
        means = {key: _mean([one[key] for one in parts]) for key in parts[0]}
        own = maps.get(name)
        extra: dict[str, Any] = {"n_gradients": 0, "n_predictions": 0, "gap": None, "randomised": None}
        if own is not None:
            alike = None if own.randomised is None else spearman(_sizes(own.values), _sizes(own.randomised))
            extra = {"n_gradients": own.n_gradients, "n_predictions": own.n_predictions, "gap": own.gap}
            extra["randomised"] = alike
        elif name == "loudest":
            extra["randomised"] = 1.0
        rows.append({"method": name, "deletion": curves[0], "insertion": curves[1], **means, **extra})
    return [{"start_s": round(start_s, 3), "label": labels[0], "score": full[column], **row} for row in rows]


def _mean(values: list[float | None]) -> float | None:
    known = [one for one in values if one is not None]
    return float(np.mean(known)) if known else None


def of_features(model: MusicnnModel) -> Outputs:
    """musicnn's outputs for features, without the way back that gradients need."""
    return lambda features: np.asarray(model._network(None)(features[:, None])[0], np.float64)


def measured(paths: list[Path], keep: Path) -> Iterator[dict[str, Any]]:
    """The rows of each recording, from the folder of kept ones where they are there."""
    model = MusicnnModel("MSD_musicnn", threads=1)
    random = model.randomised(model.trained_layers, seed=SEED)
    keep.mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(paths):
        file = keep / f"{named(path)}_{crc32(path.read_bytes()):08x}.csv"
        if not file.exists():
            rows: list[dict[str, Any]] = []
            try:
                audio = load_audio(path)
                found = window_of(audio, model)
            except AudioError as error:
                print(f"left out: {error}", flush=True)
                found = None
            if found is not None:
                clip, start_s = clip_around(audio, found[0], float(model.window_s))
                rows = rows_of(clip, start_s, found[1], model, random, of_features(model))
                rows = [{"recording": named(path), **row, "start_s": round(found[0], 2)} for row in rows]
            written = file.with_suffix(".part")
            written.write_text(as_csv(rows), encoding="utf-8")
            written.replace(file)
        print(f"{number + 1} of {len(paths)}: {named(path)}", flush=True)
        yield from csv.DictReader(file.read_text(encoding="utf-8").splitlines())


def as_csv(rows: list[dict[str, Any]]) -> str:
    """Rows as text; what is None is empty."""
    if not rows:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: f"{one:.5g}" if isinstance(one, float) else one for key, one in row.items()})
    return text.getvalue()


def main() -> None:
    """Measure, and write the numbers of all windows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="LIBRARY")
    parser.add_argument("--keep", type=Path, required=True, help="a folder in which windows are kept and looked for")
    parser.add_argument("--csv", type=Path, help="a file for the numbers of all windows")
    parser.add_argument("-n", type=int, default=16, help="recordings (default %(default)s)")
    chosen = parser.parse_args()
    rows = list(measured(recordings(chosen.folder, chosen.n), chosen.keep))
    if chosen.csv is not None:
        chosen.csv.write_text(as_csv(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
