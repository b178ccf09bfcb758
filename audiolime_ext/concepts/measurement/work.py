"""What a worker of a store of concepts does: it splits a song into patches and asks the model about each.

A song comes with a *partner*, into whose place its patches are put (`audiolime_ext.concepts.measurement.partners`). A
partner that cannot be read, or that the model cannot hear, does not cost the song: another is drawn.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from audiolime_ext.audio.recording import Audio, Samples, load_audio
from audiolime_ext.collection.engine.jobs import DonorError, Job
from audiolime_ext.collection.engine.models import noise_for, same_factorization, same_model
from audiolime_ext.collection.vectors import middle
from audiolime_ext.concepts.artefacts.augmenting import Augmentation, augmented
from audiolime_ext.concepts.measurement.elsewhere import fitted, left, there, windows_of
from audiolime_ext.concepts.measurement.measuring import Measured, controlled, measure
from audiolime_ext.concepts.measurement.patches import Patches, patches_of
from audiolime_ext.concepts.measurement.records import Entry
from audiolime_ext.concepts.measurement.traits import traits_of
from audiolime_ext.errors import AudioError, told
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.files.names import legible
from audiolime_ext.prediction.asking import predict
from audiolime_ext.prediction.capabilities import Layered
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
    augmentation : Augmentation or None
        Function that windows are heard with, too.
    seed : int
        Random seed of the augmentation.
    """

    model: Model
    layer: str
    splits: tuple[Factorization, ...]
    labels: tuple[str, ...]
    columns: tuple[int, ...]
    duration_s: float
    augmentation: Augmentation | None = None
    seed: int = 0

    def hear(self, audio: Audio, entry: Entry, partner: Entry | None = None) -> Measured:
        """Ask the model about the patches of a song, and again in a partner's place.

        Raises
        ------
        DonorError
            If the partner cannot be used.
        """
        start_s, duration_s = self.span(audio, entry)
        patches = patches_of(audio, self.model, self.splits, start_s=start_s, duration_s=duration_s)
        traits = traits_of(audio.excerpt(start_s, duration_s), patches.windows, patches.sr, patches.lead)
        own = self.labels.index(entry.label)
        found = measure(self.model, self.layer, patches, self.columns, own, traits=traits)
        if self.augmentation is not None:
            found = self._with_augmentation(found, patches, self.augmentation, entry)
        if partner is None:
            return found
        other = self._windows_of(partner, audio)
        try:
            put = there(patches, fitted(other, patches.windows.shape[-1]))
            return controlled(found, self.model, self.layer, patches, self.columns, put, partner.key)
        except Exception as error:
            raise _of_partner(error, partner, entry.key) from error

    def _windows_of(self, partner: Entry, beside: Audio) -> Samples:
        """The windows of a partner; what keeps them from being heard keeps them from every song."""
        try:
            audio = unchanged(partner)
            start_s, duration_s = self.span(audio, partner)
            return windows_of(audio, self.model, sr=beside.sr, start_s=start_s, duration_s=duration_s)
        except Exception as error:
            raise _of_partner(error, partner, None) from error

    def _with_augmentation(
        self, found: Measured, patches: Patches, augmentation: Augmentation, entry: Entry
    ) -> Measured:
        rng = np.random.default_rng([self.seed, *hashlib.sha256(entry.key.encode()).digest()])
        changed = augmented(augmentation, patches.windows, patches.sr, rng=rng)
        assert isinstance(self.model, Layered)
        flat = changed.reshape(-1, 1, *changed.shape[2:])
        heard = np.asarray(predict(self.model.at(self.layer), flat), np.float32)
        return replace(found, augmented=heard, left=left(patches, changed))

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
        if job.probe == "stems":
            audio = load_audio(entry.path)
            start_s, duration_s = ready.span(audio, entry)
            patches_of(audio, ready.model, ready.splits, start_s=start_s, duration_s=duration_s)
            return None
        return ready.hear(unchanged(entry), entry, *job.donors)


def unchanged(entry: Entry) -> Audio:
    """A song, as it was when the work was planned.

    Raises
    ------
    AudioError
        If it cannot be read, or was changed since.
    """
    audio = load_audio(entry.path)
    if audio.sha256 != entry.sha256:
        raise AudioError(f"{legible(entry.path)} was changed meanwhile; run the command again to measure it anew")
    return audio


def _of_partner(error: Exception, partner: Entry, host: str | None) -> Exception:
    """The error by which the next partner is drawn; one that every song would meet stays as it is."""
    return error if getattr(error, "for_all", False) else DonorError(partner.key, told(error), host)
