"""What a worker of an index does: it hears a song, and gives back its vector and, if wanted, the vector's parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audiolime_ext.audio.recording import load_audio
from audiolime_ext.collection.engine.jobs import Job
from audiolime_ext.collection.engine.models import noise_for, same_factorization, same_model
from audiolime_ext.collection.hearing import Ears
from audiolime_ext.collection.indexing.records import Embedded, Facts
from audiolime_ext.errors import AudioError
from audiolime_ext.files.names import legible
from audiolime_ext.prediction.asking import predict
from audiolime_ext.prediction.contract import Model, Scores

_WHOLE_S = 10.0  # length of the noise by which a model that hears whole songs is tried


def answers_to_noise(model: Model) -> Scores:
    """What a model answers to noise, shape (1, n_features): one window or, without windows, ten seconds of it."""
    return predict(model, noise_for(model, 0.0 if model.window_s else _WHOLE_S, 1))


@dataclass(frozen=True)
class Embedding:
    """The model and the factorization (None: songs are not split) with their fingerprints, what is heard of each song
    in seconds, and whether windows are given back.
    """

    model: str
    fingerprint: str
    middle_s: float | None = None
    windows: bool = False
    sr: int | None = None
    batch_size: int | None = None
    stems: str | None = None
    stems_fingerprint: str = ""

    def ready(self) -> Ears:
        """Build the model and the factorization.

        Raises
        ------
        AudiolimeError
            If one cannot be built, or is another than the driver's.
        """
        model = same_model(self.model, self.fingerprint, sr=self.sr, batch_size=self.batch_size)
        separator = None if self.stems is None else same_factorization(self.stems, self.stems_fingerprint)
        return Ears(model, separator, self.middle_s)

    def done(self, ready: Ears, job: Job) -> Embedded | None:
        """Hear a song, or do what its probe asks for."""
        if job.probe == "noise":
            answers_to_noise(ready.model)
            return None
        audio = load_audio(job.host.path)
        if job.probe == "stems":
            ready.split(audio)
            return None
        if audio.sha256 != job.host.sha256:
            raise AudioError(f"{legible(job.host.path)} was changed meanwhile; index again to hear it anew")
        found, parts = ready.hear(audio)
        facts = Facts(found.duration_s, len(found.windows), found.notes, () if parts is None else parts.names)
        shares = None if parts is None else parts.vectors.astype(np.float32)
        return Embedded(found.mean, found.windows if self.windows else None, facts, shares)
