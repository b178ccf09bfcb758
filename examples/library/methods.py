"""Ways to say what a song sounds like: models of this library, plain features, and other packages where installed.

A method turns a file into an array, which is kept: vectors of windows (n_windows, n_features), whose mean is the song's
vector, or whatever another package keeps of a song. Most are compared by cosine (see `treatments`); a package with a
nearness of its own is compared by that, too.

Other packages (bliss-audio, sonara, pymusly) take part where they are installed, under their own
licences; nothing of them is in this library. ``make evaluate-retrieval`` installs them.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext import Audio, load_audio, load_model, tag
from audiolime_ext.audio.resampling import resample_span, resampled_length
from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.evaluation.ears import LOG_MEL, MFCC, mean_log_mel, mfcc

Array = NDArray[Any]
ROOT = Path(__file__).parents[2]
TRAINED = "musicnn:MSD_musicnn"
PENULTIMATE = "penultimate"


@dataclass(frozen=True)
class Method:
    """A way to say what a song sounds like.

    Parameters
    ----------
    name
        What it is called in tables; `version` changes with what it computes.
    extract
        Array of a file.
    nearness
        The package's own similarities (n, n) of the arrays of n songs; None: it has none.
    is_vector
        Whether the arrays are vectors of windows, which have cosines.
    """

    name: str
    extract: Callable[[Path], Array]
    version: str = "1"
    nearness: Callable[[list[Array]], Array] | None = None
    is_vector: bool = True


def mono(path: Path, sr: int) -> NDArray[np.float32]:
    """The samples (n_samples,) of a file at a rate."""
    audio = load_audio(path)
    n_samples = resampled_length(audio.n_samples, audio.sr, sr)
    return resample_span(audio.samples.mean(axis=0), audio.sr, sr, 0, n_samples)


@lru_cache(maxsize=4)
def _model(spec: str) -> Any:
    return load_model(spec)


@lru_cache(maxsize=1)
def _untrained() -> Any:
    model = load_model(TRAINED)
    return model.randomised(model.trained_layers, seed=0).at(PENULTIMATE)


def _windows(path: Path, model: Any) -> Array:
    """A model's answers to the windows that count, (n_windows, n_outputs)."""
    found = tag(load_audio(path), model)
    return np.asarray(found.scores[found.counted], np.float32)


def _by_model(spec: str) -> Callable[[Path], Array]:
    return lambda path: _windows(path, _model(spec))


def _bliss(path: Path) -> Array:
    import bliss_audio

    return np.asarray(bliss_audio.Song(str(path)).analysis, float)[None]


def _euclidean(arrays: list[Array]) -> Array:
    vectors = np.concatenate(arrays)
    return -np.linalg.norm(vectors[:, None] - vectors, axis=-1)


def _sonara(path: Path) -> Array:
    import sonara

    return np.asarray(sonara.analyze_file(str(path), features=["embedding"])["embedding"], float)[None]


def _sonara_nearness(arrays: list[Array]) -> Array:
    import sonara

    vectors = [array[0].tolist() for array in arrays]
    return np.array([[-sonara.embedding_distance(one, other) for other in vectors] for one in vectors])


@lru_cache(maxsize=1)
def _jukebox() -> Any:
    import pymusly

    return pymusly.MuslyJukebox("mandelellis", "none")


def _musly(path: Path) -> Array:
    """A song as pymusly writes it, as bytes."""
    track = _jukebox().track_from_audiodata(mono(path, 22050).tolist())
    return np.frombuffer(_jukebox().serialize_track(track), np.uint8)


def _musly_nearness(arrays: list[Array]) -> Array:
    jukebox = _jukebox()
    tracks = [jukebox.deserialize_track(array.tobytes()) for array in arrays]
    jukebox.set_style(tracks)
    known = list(enumerate(tracks))
    jukebox.add_tracks(known)
    found = np.array([jukebox.compute_similarity(track, known) for track in known], float)
    jukebox.remove_tracks([number for number, _ in known])
    return -(found + found.T) / 2


OWN = (
    Method("musicnn", _by_model(f"{TRAINED}?layer={PENULTIMATE}")),
    Method("vibenet", _by_model("vibenet?layer=pooled")),
    Method("features:", _by_model("features:")),
    Method(MFCC, lambda path: mfcc(load_audio(path))[None], version="2"),
    Method(LOG_MEL, lambda path: mean_log_mel(load_audio(path))[None], version="2"),
    Method("untrained musicnn", lambda path: _windows(path, _untrained())),
)
PEERS: Mapping[str, Method] = {
    "bliss_audio": Method("bliss-audio", _bliss, nearness=_euclidean),
    "sonara": Method("sonara", _sonara, nearness=_sonara_nearness),
    "pymusly": Method("pymusly", _musly, nearness=_musly_nearness, is_vector=False),
}


def available() -> tuple[list[Method], list[str]]:
    """The methods that can run here, and a line for each that cannot."""
    found, missing = [], []
    for method in OWN:
        if method.name == "vibenet" and not _is_model("vibenet"):
            missing.append("vibenet is left out: there is no such model here")
        else:
            found.append(method)
    for package, method in PEERS.items():
        if find_spec(package) is None:
            missing.append(f"{method.name} is left out: it is not installed (pip install {method.name})")
        elif why := broken(package):
            missing.append(f"{method.name} is left out: it does not run on this machine ({why})")
        else:
            found.append(replace(method, version=version(method.name)))
    return found, missing


def broken(package: str) -> str:
    """Why a package of `PEERS` cannot hear a few seconds of noise; "" where it can.

    It is tried in a process of its own: code compiled for newer processors ends a process, and no error can be caught.
    """
    noise = np.random.default_rng(0).normal(0, 0.1, (1, 22050 * 8)).astype(np.float32)
    with TemporaryDirectory() as folder:
        path = Audio(noise, 22050).write(Path(folder, "noise.wav"))
        code = f"from examples.library.methods import PEERS, Path; PEERS[{package!r}].extract(Path({str(path)!r}))"
        run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    said = run.stderr.strip().splitlines()
    if run.returncode < 0:
        return signal.Signals(-run.returncode).name
    return (said or [f"exit code {run.returncode}"])[-1] if run.returncode else ""


def _is_model(spec: str) -> bool:
    try:
        load_model(spec)
    except UsageError:
        return False
    return True
