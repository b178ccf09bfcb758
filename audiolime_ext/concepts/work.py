"""What a worker of a store of concepts does: it splits a song into patches and asks the model about each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from audiolime_ext.audio.recording import Audio, load_audio
from audiolime_ext.collection.engine.jobs import Job
from audiolime_ext.collection.engine.models import noise_for, same_factorization, same_model
from audiolime_ext.collection.vectors import middle
from audiolime_ext.concepts.measuring import Measured, measure
from audiolime_ext.concepts.patches import patches_of
from audiolime_ext.concepts.records import Entry
from audiolime_ext.errors import AudioError
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.files.names import legible
from audiolime_ext.prediction.asking import predict
from audiolime_ext.prediction.contract import Model


@dataclass(frozen=True, eq=False)
class Ears:
    """What hears songs: a model and its layer, the factorizations of the patches, and the classes.

    Parameters
    ----------
    model : Model
        Model that is `Layered`.
    layer : str
        Name of the layer.
    splits : tuple of Factorization
        Factorizations.
    labels : tuple of str
        Classes.
    columns : tuple of int
        Output of each class.
    duration_s : float
        Length of the excerpts in seconds.
    """

    model: Model
    layer: str
    splits: tuple[Factorization, ...]
    labels: tuple[str, ...]
    columns: tuple[int, ...]
    duration_s: float

    def hear(self, audio: Audio, entry: Entry) -> Measured:
        """Ask the model about the patches of a song."""
        span = self.span(audio, entry)
        patches = patches_of(audio, self.model, self.splits, start_s=span[0], duration_s=span[1])
        return measure(self.model, self.layer, patches, self.columns, self.labels.index(entry.label))

    def span(self, audio: Audio, entry: Entry) -> tuple[float, float]:
        """Start and length of a song's excerpt in seconds."""
        if entry.start_s is None and entry.duration_s is None:
            return middle(audio.duration_s, self.duration_s)
        start_s = entry.start_s or 0.0
        return start_s, min(entry.duration_s or self.duration_s, audio.duration_s - start_s)


@dataclass(frozen=True)
class Measuring:
    """The work of a worker, by specs and fingerprints; see `Ears`."""

    model: str
    fingerprint: str
    layer: str
    labels: tuple[str, ...]
    columns: tuple[int, ...]
    splits: tuple[str, ...]
    split_fingerprints: tuple[str, ...]
    duration_s: float
    sr: int | None = None
    batch_size: int | None = None

    def ready(self) -> Ears:
        """Build the model and the factorizations.

        Raises
        ------
        AudiolimeError
            If one cannot be built, or is another than the driver's.
        """
        model = same_model(self.model, self.fingerprint, sr=self.sr, batch_size=self.batch_size)
        given = zip(self.splits, self.split_fingerprints, strict=True)
        splits = tuple(same_factorization(spec, fingerprint) for spec, fingerprint in given)
        return Ears(model, self.layer, splits, self.labels, self.columns, self.duration_s)

    def done(self, ready: Ears, job: Job) -> Measured | None:
        """Measure a song, or do what its probe asks for."""
        if job.probe == "noise":
            predict(ready.model, noise_for(ready.model, ready.duration_s, 1))
            return None
        entry: Any = job.host
        audio = load_audio(entry.path)
        if job.probe == "stems":
            start_s, duration_s = ready.span(audio, entry)
            patches_of(audio, ready.model, ready.splits, start_s=start_s, duration_s=duration_s)
            return None
        if audio.sha256 != entry.sha256:
            raise AudioError(f"{legible(entry.path)} was changed meanwhile; run the command again to measure it anew")
        return ready.hear(audio, entry)
