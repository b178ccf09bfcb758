"""What a worker of an audit does: it hears recordings through the models of the audit, and measures them."""

from __future__ import annotations

from dataclasses import dataclass

from audiolime_ext.audit.measurement.fitness import ask_about_noise
from audiolime_ext.audit.measurement.heard import Ears
from audiolime_ext.audit.measurement.measure import Measured, Settings, measure
from audiolime_ext.collection.engine.jobs import Job
from audiolime_ext.collection.engine.models import same_factorization, same_model


@dataclass(frozen=True)
class Measuring:
    """The models with their fingerprints, and the settings; `factorization` None: recordings bring their stems."""

    model: str
    model_fingerprint: str
    factorization: str | None
    factorization_fingerprint: str
    settings: Settings
    sr: int | None = None
    batch_size: int | None = None

    def ready(self) -> Ears:
        """Build the models.

        Raises
        ------
        AudiolimeError
            If one cannot be built, or is another than the driver's.
        """
        model = same_model(self.model, self.model_fingerprint, sr=self.sr, batch_size=self.batch_size)
        if self.factorization is None:
            return Ears(model, None)
        return Ears(model, same_factorization(self.factorization, self.factorization_fingerprint))

    def done(self, ready: Ears, job: Job) -> Measured:
        """Measure a recording, or what its probe asks for."""
        if job.probe == "stems":
            ready.hear(job.host)
        elif job.probe == "noise":
            ask_about_noise(ready.model, job.usual_s or job.host.duration_s)
        if job.probe:
            return Measured((), {}, 0)
        return measure(job, ready, self.settings)
