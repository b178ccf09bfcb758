"""The result: which component made the prediction, as numbers and as sound.

An `Explanation` holds the evaluated neighbourhood, the weights for every output of the model, and the stems, so that
any component can be heard. It never asks the model anything.

When nothing argues for a label, it says so rather than play an artefact: see `audiolime_ext.top`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext import storage, summary
from audiolime_ext._optional import require
from audiolime_ext._shown import plotted, shown
from audiolime_ext.attribution import Attribution
from audiolime_ext.attribution.interactions import shapley_interactions
from audiolime_ext.attribution.methods import METHODS, method_named
from audiolime_ext.audio import Audio
from audiolime_ext.checks import Checks
from audiolime_ext.components import Components
from audiolime_ext.confusion import Confusion, confusion_of, not_told_apart
from audiolime_ext.cross_check import CrossCheck
from audiolime_ext.errors import UsageError
from audiolime_ext.files import file_name, fresh_folder, to_json
from audiolime_ext.perturbation import Neighborhood
from audiolime_ext.prediction import label_indices
from audiolime_ext.provenance import Provenance
from audiolime_ext.top import SAME_AS_SILENCE, Top, score_remarks, what_argues

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

AUDIOLIME_REFERENCE = """@inproceedings{haunschmid2020audiolime,
  author = {Haunschmid, Verena and Manilow, Ethan and Widmer, Gerhard},
  title = {audio{LIME}: Listenable Explanations Using Source Separation},
  booktitle = {13th International Workshop on Machine Learning and Music (MML)},
  year = {2020},
  eprint = {2008.00582}
}"""


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why a model answered as it did for one excerpt of a recording.

    Parameters
    ----------
    labels
        The labels asked for.
    all_labels
        Every output of the model; each can be asked about.
    components, neighborhood, attribution
        What was switched, what the model answered, what follows.
    provenance
        What was explained, with what.
    notes, warnings
        Remarks for the reader; nothing is done silently.
    checks
        What else could make the score.
    settled
        Whether the heaviest components were told apart from the others; None if that was not asked.
    cross_check
        What a second separator says; None if none was asked.

    Examples
    --------
    >>> import numpy as np
    >>> from audiolime_ext import explain, tagger
    >>> from factorizations.oracle import OracleFactorization
    >>> tone = np.sin(np.arange(8000) / 10).astype(np.float32)
    >>> oracle = OracleFactorization({"loud": (tone, 8000), "soft": (tone / 10, 8000)})
    >>> peak = tagger(lambda batch: np.abs(batch).max(axis=1, keepdims=True), labels=["peak"])
    >>> e = explain(oracle.mixture, peak, factorization=oracle)
    >>> print(e.top(label="peak"))
    peak comes most from loud (+1.00); score 1.10, silence 0.00
    """

    labels: tuple[str, ...]
    all_labels: tuple[str, ...]
    components: Components = field(repr=False)
    neighborhood: Neighborhood = field(repr=False)
    attribution: Attribution = field(repr=False)
    provenance: Provenance = field(repr=False)
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    checks: Checks = field(default_factory=Checks, repr=False)
    settled: bool | None = None
    cross_check: CrossCheck | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The components' names."""
        return self.components.names

    @property
    def n_evals(self) -> int:
        """Number of different masks that the model was asked about."""
        return len(self.neighborhood.masks)

    def column(self, label: str | int | None = None) -> int:
        """Position of a label among `all_labels`; by default of the first one asked for."""
        return label_indices([self.labels[0] if label is None else label], self.all_labels)[0]

    def weights(self, label: str | int | None = None) -> dict[str, float]:
        """Component → weight for a label (by default the first one asked for)."""
        return dict(zip(self.names, self.attribution.weights[self.column(label)].tolist(), strict=True))

    def score(self, label: str | int | None = None) -> tuple[float, float]:
        """The model's score of a label for the excerpt and for silence."""
        column = self.column(label)
        return float(self.neighborhood.full[column]), float(self.neighborhood.empty[column])

    def top(self, k: int = 1, *, label: str | int | None = None) -> Top:
        """The k components that argue most for a label, as audio; or the word that none does (see the module).

        Raises
        ------
        UsageError
            If the label is unknown or k is not positive.
        """
        if k < 1:
            raise UsageError(f"k must be at least 1, not {k}")
        column = self.column(label)
        name = self.all_labels[column]
        full, empty = self.score(column)
        weights = self.attribution.weights[column]
        interval = None if self.attribution.exact else self.attribution.interval()
        certain = weights if interval is None else interval[0][column]
        chosen = what_argues(weights, certain, self.components.levels_db)[:k]
        if not chosen:
            return Top(name, (), (), f"nothing here argues for {name} (score {full:.2f}, {self._off} {empty:.2f})")
        names = tuple(self.names[i] for i in chosen)
        picked = tuple(float(weights[i]) for i in chosen)
        sources = ", ".join(f"{source} ({weight:+.2f})" for source, weight in zip(names, picked, strict=True))
        worst = int(np.argsort(-weights, kind="stable")[-1])
        against = f" against {self.names[worst]} ({weights[worst]:+.2f})" if weights[worst] < -picked[0] / 4 else ""
        message = f"{name} comes most from {sources}{against}; score {full:.2f}, {self._off} {empty:.2f}"
        return Top(name, names, picked, message, self.audio(names))

    def remarks(self, label: str | int | None = None) -> list[str]:
        """What to know before believing the weights of a label."""
        column = self.column(label)
        name, (full, empty) = self.all_labels[column], self.score(column)
        found = [*self._pair_that_counts_most(column), *self._not_told_apart(column)]
        if self.provenance.target != "score":
            return found  # the thresholds of the others are those of scores between 0 and 1
        return [*found, *score_remarks(name, full, empty, self._off), *self.checks.remarks(name, column, full)]

    @property
    def confusion(self) -> Confusion | None:
        """How much of a true source lands in each stem, where that was measured of the separator."""
        return confusion_of(self.provenance.factorization, self.components.sources)

    def _not_told_apart(self, column: int) -> list[str]:
        parts, weights = self.components, self.attribution.weights[column]
        stems = np.array([float(weights[parts.indices(source)].sum()) for source in parts.sources])
        return not_told_apart(self.all_labels[column], parts.sources, stems, self.confusion)

    def _pair_that_counts_most(self, column: int) -> list[str]:
        """A word on two components that do more together than any does by itself, which no weight can show."""
        if not self.neighborhood.exhaustive or not (pairs := self.interactions(column)):
            return []
        (one, other), together = next(iter(pairs.items()))
        if abs(together) <= max(SAME_AS_SILENCE, float(np.max(np.abs(self.attribution.weights[column])))):
            return []
        effect = "together add" if together > 0 else "together take away"
        return [
            f"{self.all_labels[column]}: {one} and {other} {effect} {abs(together):.2f} beyond what each does alone, "
            "which is more than any weight"
        ]

    @property
    def _off(self) -> str:
        """What the empty score is the score of."""
        return self.provenance.baseline

    def attribute(self, method: str) -> Explanation:
        """The same answers of the model seen by another method, without a further prediction.

        Raises
        ------
        UsageError
            If the method is unknown, or needs masks that were not evaluated.
        """
        how = method_named(method)
        if not self.neighborhood.exhaustive and METHODS[self.attribution.method].masks != how.masks:
            raise UsageError(
                f"{method} needs other masks than were sampled for {self.attribution.method}; "
                "explain again with that method, or with a budget that holds all masks"
            )
        origin = replace(self.provenance, requested_method=method)
        return replace(self, attribution=how.attribute(self.neighborhood), provenance=origin)

    def interactions(self, label: str | int | None = None) -> dict[tuple[str, str], float]:
        """Pair of components → what they do together beyond what each does alone, largest first.

        Raises
        ------
        UsageError
            If not every mask was evaluated.
        """
        found = shapley_interactions(self.neighborhood)[self.column(label)]
        pairs = {(self.names[j], self.names[i]): float(found[i, j]) for i in range(len(found)) for j in range(i)}
        return dict(sorted(pairs.items(), key=lambda pair: -abs(pair[1])))

    def audio(self, components: Sequence[str] | str) -> Audio:
        """Just these components, at the recording's own rate and channels; the inaudible background is left out."""
        on = self.components.mask(components)
        return self.components.listen(on, background=False, name=self._caption(":", components))

    def without(self, components: Sequence[str] | str) -> Audio:
        """The recording without these components."""
        on = ~self.components.mask(components)
        return self.components.listen(on, background=True, name=self._caption(" without", components))

    def listen(self, label: str | int | None = None) -> Audio:
        """The top component of a label; short for ``top(label=label).listen()``."""
        return self.top(label=label).listen()

    @property
    def mixture(self) -> Audio:
        """The excerpt itself."""
        on = np.ones(self.components.n, dtype=bool)
        return self.components.listen(on, background=True, name=self.components.recording_name)

    def _caption(self, sign: str, components: Sequence[str] | str) -> str:
        listed = [components] if isinstance(components, str) else components
        return f"{self.components.recording_name}{sign} {', '.join(listed)}"

    @property
    def references(self) -> str:
        """BibTeX entries of everything that was used."""
        entries = (AUDIOLIME_REFERENCE, *self.attribution.references, *self.provenance.references)
        return "\n\n".join(dict.fromkeys(entries))

    def to_dataframe(self) -> pandas.DataFrame:
        """One row per label asked for and component (needs the extra ``dataframe``)."""
        frame = require("pandas", extra="dataframe").DataFrame
        errors = self.attribution.std_errors
        rows = []
        for label in self.labels:
            column = self.column(label)
            full, empty = self.score(column)
            for i, name in enumerate(self.names):
                rows.append(
                    {
                        "label": label,
                        "component": name,
                        "weight": self.attribution.weights[column, i],
                        "std_error": math.nan if errors is None else errors[column, i],
                        "level_db": self.components.levels_db[i],
                        "score": full,
                        "silence": empty,
                    }
                )
        table: pandas.DataFrame = frame(rows)
        return table

    def to_dict(self, clips: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The result as the JSON object that ``audiolime explain --json`` prints; `clips` maps labels to files."""
        return summary.to_dict(self, clips or {})

    def write(self, folder: str | os.PathLike[str]) -> dict[str, str]:
        """Write the excerpt, the top component of each label (WAV) and ``explanation.json``; return label → file.

        Raises
        ------
        OutputError
            If they cannot be written; then nothing is left half-written.
        """
        target = Path(folder)
        clips: dict[str, str] = {}
        with fresh_folder(target) as fresh:
            self.mixture.write(fresh / "mixture.wav")
            for label in self.labels:
                top = self.top(label=label)
                if top.audio is not None:
                    file = f"{file_name(label, {'mixture', *(Path(clip).stem for clip in clips.values())})}.wav"
                    top.audio.write(fresh / file)
                    clips[label] = str(target / file)
            (fresh / "explanation.json").write_text(to_json(self.to_dict(clips), indent=1) + "\n", encoding="utf-8")
        return clips

    def __str__(self) -> str:
        return summary.as_text(self)

    def plot(self) -> Figure:
        """Bars of the weights, and the top component within the spectrogram of the mix, as a matplotlib figure."""
        return plotted(self)

    def _repr_html_(self) -> str:
        return shown(self)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write everything needed to load this again: JSON and 24-bit FLAC; see `audiolime_ext.storage`."""
        return storage.save(self, Path(folder))

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Explanation:
        """Read what `save` wrote; see `audiolime_ext.storage`."""
        return cls(**storage.load(Path(folder)))
