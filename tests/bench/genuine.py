"""The genuine side of the benchmark: spleeter 2.4.2 and musicnn 0.1.0 in one process, asked over a pipe.

Runs in the environment of ``make parity`` and imports nothing of ours. Every line on stdin is a JSON request
``{"task": …, **arguments}``; the answer is ``{"seconds": …}``, for the task alone; for an explanation, ``"once"`` is
the part of it that does not grow with the number of masks. ``MODEL_PATH`` is set by the caller.

The explanation is the loop that audioLIME 0.0.3 runs: separate, resample the stems to the model's rate, draw masks,
sum the stems of every mask, compute the front end of every mix and predict in batches of ten. The fit is left out.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import time
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import librosa
import musicnn
import numpy as np
import soundfile
import tensorflow as tf
from musicnn import configuration, models
from spleeter.separator import Separator, create_estimator
from spleeter.utils.configuration import load_configuration

SR, N_FRAMES = 16000, 187


class Model:
    """musicnn's graph, restored once and asked in one session."""

    def __init__(self, name: str = "MSD_musicnn") -> None:
        graph = tf.Graph()
        with graph.as_default():
            with tf.name_scope("model"):
                self.x = tf.compat.v1.placeholder(tf.float32, [None, N_FRAMES, configuration.N_MELS])
                self.training = tf.compat.v1.placeholder(tf.bool)
                logits = models.define_model(self.x, self.training, name, 50)[0]
                self.scores = tf.nn.sigmoid(logits)
            self.session = tf.compat.v1.Session(graph=graph)
            tf.compat.v1.train.Saver().restore(self.session, str(Path(musicnn.__file__).parent / name) + "/")

    def front_end(self, signals: list) -> np.ndarray:
        """What ``musicnn.extractor.batch_data`` computes, for signals instead of a file."""
        patches = []
        for signal in signals:
            mel = librosa.feature.melspectrogram(
                y=signal,
                sr=SR,
                n_fft=configuration.FFT_SIZE,
                hop_length=configuration.FFT_HOP,
                n_mels=configuration.N_MELS,
            )
            patches.append(np.log10(10000 * mel.T.astype(np.float16) + 1)[:N_FRAMES])
        return np.stack(patches)

    def network(self, patches: np.ndarray) -> np.ndarray:
        return self.session.run(self.scores, {self.x: patches, self.training: False})

    def __call__(self, signals: list) -> np.ndarray:
        return self.network(self.front_end(signals))


class KeptGraph:
    """Spleeter's estimator with its graph kept alive; the package's own `separate` builds it anew at every call."""

    def __init__(self) -> None:
        self.waiting: queue.Queue = queue.Queue()
        self.answers = create_estimator(load_configuration("spleeter:2stems"), False).predict(
            self.dataset, yield_single_examples=False
        )

    def dataset(self) -> tf.data.Dataset:
        shapes = {"waveform": tf.TensorSpec([None, 2], tf.float32), "audio_id": tf.TensorSpec([], tf.string)}
        return tf.data.Dataset.from_generator(self.waveforms, output_signature=shapes)

    def waveforms(self):
        while True:
            yield {"waveform": self.waiting.get(), "audio_id": ""}

    def __call__(self, waveform: np.ndarray) -> dict:
        self.waiting.put(waveform)
        return next(self.answers)


class Bench:
    """The tasks, on one clip."""

    def __init__(self, clip: str, seconds: float) -> None:
        sr = soundfile.info(clip).samplerate
        self.waveform = soundfile.read(clip, frames=round(seconds * sr), dtype="float32", always_2d=True)[0]
        self.sr = sr
        self.separator = Separator("spleeter:2stems", multiprocess=False)
        self.kept_graph = KeptGraph()
        self.model = Model()
        signal = librosa.resample(self.waveform.mean(axis=1), orig_sr=sr, target_sr=SR)
        self.signals = [signal[i * 8000 : i * 8000 + 3 * SR] for i in range(10)]
        self.patches = self.model.front_end(self.signals)

    def separate(self) -> None:
        self.separator.separate(self.waveform)

    def separate_kept(self) -> None:
        self.kept_graph(self.waveform)

    def predict(self, n: int) -> None:
        self.tagger(self.signals[:n])

    def network(self, n: int) -> None:
        self.model.network(self.patches[:n])

    def explain(self, n_masks: int, start_s: float) -> dict:
        start = time.perf_counter()
        estimates = self.separator.separate(self.waveform).values()
        mono = [librosa.resample(stem.mean(axis=1), orig_sr=self.sr, target_sr=SR) for stem in estimates]
        first = round(start_s * SR)
        stems = np.stack(mono)[:, first : first + 3 * SR]
        once = time.perf_counter() - start
        masks = np.random.default_rng(0).integers(0, 2, (n_masks, len(stems))).astype(bool)
        masks[0] = True
        for at in range(0, n_masks, 10):
            self.tagger([stems[mask].sum(axis=0) for mask in masks[at : at + 10]])
        return {"once": once}


def main() -> None:
    """Answer requests until stdin ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # the packages print to stdout
    bench = Bench(sys.argv[1], float(sys.argv[2]))
    for line in sys.stdin:
        request = json.loads(line)
        task = getattr(bench, request.pop("task"))
        start = time.perf_counter()
        remarks = task(**request) or {}
        answers.write(json.dumps({"seconds": time.perf_counter() - start, **remarks}) + "\n")


if __name__ == "__main__":
    main()
