"""What a worker of an index does: it hears a song, and gives back its vector."""

from __future__ import annotations

from dataclasses import dataclass

from audiolime_ext.audio.recording import load_audio
from audiolime_ext.collection.engine.jobs import Job
from audiolime_ext.collection.engine.models import noise_for, same_model
from audiolime_ext.collection.indexing.records import Embedded, Facts
from audiolime_ext.collection.vectors import song_vector
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
    """The model with its fingerprint, what is heard of each song in seconds, and whether windows are given back."""

    model: str
    fingerprint: str
    middle_s: float | None = None
    windows: bool = False
    sr: int | None = None
    batch_size: int | None = None

    def ready(self) -> Model:
        """Build the model.

        Raises
        ------
        AudiolimeError
            If it cannot be built, or is another than the driver's.
        """
        return same_model(self.model, self.fingerprint, sr=self.sr, batch_size=self.batch_size)

    def done(self, ready: Model, job: Job) -> Embedded | None:
        """Hear a song, or do what its probe asks for."""
        if job.probe == "noise":
            answers_to_noise(ready)
            return None
        audio = load_audio(job.host.path)
        if job.probe == "stems":
            return None
        if audio.sha256 != job.host.sha256:
            raise AudioError(f"{legible(job.host.path)} was changed meanwhile; index again to hear it anew")
        found = song_vector(audio, ready, middle_s=self.middle_s)
        facts = Facts(found.duration_s, len(found.windows), found.notes)
        return Embedded(found.mean, found.windows if self.windows else None, facts)
