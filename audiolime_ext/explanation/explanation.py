"""The result: which component made the prediction, as numbers and as sound.

An `Explanation` holds the evaluated neighbourhood, the weights for every output of the model, and the stems, so that
any component can be heard. It never asks the model anything.

What makes a label is named only where it is known, and nothing is played where nothing is: see
`audiolime_ext.explanation.leading`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.attribution.additivity import additivity
from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.attribution.interactions import shapley_interactions
from audiolime_ext.attribution.owen import whole_stems
from audiolime_ext.audio.recording import Audio
from audiolime_ext.components.components import Components
from audiolime_ext.components.game import Game
from audiolime_ext.components.masks import Neighborhood
from audiolime_ext.display import Plotted, shown
from audiolime_ext.errors import UsageError
from audiolime_ext.explanation import anew, restored, saved, summary, together
from audiolime_ext.explanation.arguing import arguing_components
from audiolime_ext.explanation.checks import Checks
from audiolime_ext.explanation.cross_check import CrossCheck
from audiolime_ext.explanation.leading import Leading, leading
from audiolime_ext.explanation.provenance import AUDIOLIME_REFERENCE, Provenance
from audiolime_ext.explanation.top import Top
from audiolime_ext.explanation.words import Voice, sentence, value_remarks
from audiolime_ext.extras import require
from audiolime_ext.factorization.confusion import Confusion
from audiolime_ext.factorization.holding import confusion_of, not_told_apart
from audiolime_ext.files.fresh import fresh_folder
from audiolime_ext.files.names import file_name
from audiolime_ext.files.plain import to_json
from audiolime_ext.prediction.kind import Kind
from audiolime_ext.prediction.labels import label_indices
from audiolime_ext.prediction.targets import Target, TargetSpec

if TYPE_CHECKING:
    import pandas

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Explanation(Plotted):
    """Why a model answered as it did for one excerpt of a recording.

    Parameters
    ----------
    labels : tuple of str
        Labels that were asked for.
    all_labels : tuple of str
        Names of all values; each can be asked about, and each is in the arrays below, at ``column(label)``.
    components : Components
        Parts that were switched on and off, and their sound.
    neighborhood, attribution : Neighborhood, Attribution
        Masks with the values of the target, and the weights that follow from these.
    provenance : Provenance
        Recording, separator, model and settings.
    notes, warnings : tuple of str
        Remarks for the reader; nothing is done silently.
    checks : Checks
        Other things that could make the score.
    settled : bool or None
        True where the heaviest components were told apart from the others; None where that was not asked.
    cross_check : CrossCheck or None
        Comparison with a second separator.
    game : Game or None
        Outputs of the model for masks: the evaluated ones and, where the model is at hand, any other; None where
        version 0.1 saved values only.
    target : Target or None
        Function of the outputs that is explained; None where it is a user's and not at hand.

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
    peak comes most from loud (+1.00); value 1.10, silence 0.00
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
    game: Game | None = field(default=None, repr=False)
    target: Target | None = field(default=None, repr=False)

    @cached_property
    def values(self) -> Game:
        """The values of all masks: the evaluated ones, and, where the model is at hand, any other."""
        if self.game is None or self.target is None:
            return Game(self.components.n, known=self.neighborhood)
        return self.game.of_values(self.target.apply)

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

    def shift_spread(self, label: str | int | None = None) -> dict[str, float] | None:
        """Component → the most by which its weight changes where the excerpt is shifted; None without that check."""
        shifts = self.checks.shifts
        return None if shifts is None else dict(zip(self.names, shifts[self.column(label)].tolist(), strict=True))

    def score(self, label: str | int | None = None) -> tuple[float, float]:
        """The model's score of a label for the excerpt and for silence."""
        column = self.column(label)
        return float(self.neighborhood.full[column]), float(self.neighborhood.empty[column])

    @cached_property
    def kind(self) -> Kind:
        """What the explained values are: scores, log-odds or others; see `audiolime_ext.prediction.kind`."""
        origin = self.provenance
        return Kind.of(self.neighborhood.scores, self.all_labels, origin.target, contrast=origin.contrast is not None)

    def leading(self, label: str | int | None = None) -> Leading:
        """What is known of the sources of a label's value; see `audiolime_ext.explanation.leading`."""
        asked = self.neighborhood, self.attribution, self.column(label), self.kind
        return leading(self.names, self.components.levels_db, *asked, shifts=self.checks.shifts)

    def what_argues(self, label: str | int | None = None) -> tuple[str, ...]:
        """All components, each by itself, that argue for a label beyond their intervals, the strongest first."""
        levels_db, near = self.components.levels_db, self.neighborhood
        return tuple(self.names[i] for i in arguing_components(levels_db, near, self.attribution, self.column(label)))

    def top(self, k: int = 1, *, label: str | int | None = None) -> Top:
        """What makes a label, as audio: its leading source, or all that are not told apart; or the word that none is.

        Parameters
        ----------
        k : int
            Least number of sources to list, where as many argue; see `audiolime_ext.explanation.top`.
        label : str, int or None
            Label to explain; None: the first one asked for.

        Raises
        ------
        UsageError
            If the label is unknown or k is not positive.
        """
        if k < 1:
            raise UsageError(f"k must be at least 1, not {k}")
        column, found = self.column(label), self.leading(label)
        message = sentence(found, self.names, self._voice(column), k=k)
        entries = found.entries(self.names, self.attribution.weights[column], k)
        if not entries:
            return Top(self.all_labels[column], (), (), message)
        names, weights = (tuple(listed) for listed in zip(*entries, strict=True))
        return Top(self.all_labels[column], names, weights, message, self.audio(names), found.known)

    def number(self, value: float, label: str | int | None = None, *, signed: bool = False) -> str:
        """A value or a weight of a label as it is written."""
        column = self.column(label)
        voice, largest = self._voice(column), float(np.abs(self.neighborhood.scores[:, column]).max())
        return voice.signed(value, largest) if signed else voice.number(value, largest)

    def _voice(self, column: int) -> Voice:
        origin, label = self.provenance, self.all_labels[column]
        return Voice(label, self.kind, origin.settings.baseline, origin.factorization, n_evals=self.n_evals)

    def remarks(self, label: str | int | None = None) -> list[str]:
        """What to know before believing the weights of a label."""
        column = self.column(label)
        acting = self._that_act_together(column)
        asked = self._voice(column), *self.score(column), self.neighborhood.scores[:, column]
        of_value = value_remarks(*asked, weights=self.leading(column).weights, acting=bool(acting))
        return [*acting, *self._not_told_apart(column), *of_value, *self._of_the_checks(column)]

    def check_remarks(self) -> list[str]:
        """What the checks say about the labels asked for."""
        return [remark for label in self.labels for remark in self._of_the_checks(self.column(label))]

    def _of_the_checks(self, column: int) -> list[str]:
        found = self.leading(column)
        heaviest = found.sources[int(np.argmax(found.weights))] if max(found.weights, default=0.0) > 0 else None
        return self.checks.remarks(self.kind.called(self.all_labels[column]), column, self.neighborhood, heaviest)

    def _that_act_together(self, column: int) -> list[str]:
        """Nothing where it may be the noise that seems to act together."""
        if self.checks.noise is not None and not self.checks.noise.alike:
            return []
        return together.remarks(self.components.sources, self.neighborhood, self._voice(column), column)

    def additivity(self, label: str | int | None = None) -> float | None:
        """How much of a label's score, over all masks, is a sum of what single components do: R², from 0 to 1.

        Of whole stems where only all of theirs were evaluated; None where these were not either, or no score varies.
        """
        found = additivity(self.neighborhood)
        return None if found is None or np.isnan(found[self.column(label)]) else float(found[self.column(label)])

    @property
    def confusion(self) -> Confusion | None:
        """How much of a true source lands in each stem, where that was measured of the separator."""
        return confusion_of(self.provenance.factorization, self.components.sources)

    def _not_told_apart(self, column: int) -> list[str]:
        found, label = self.leading(column), self.kind.called(self.all_labels[column])
        if found.state not in ("leads", "tied"):
            return []
        return not_told_apart(label, found.sources, np.array(found.weights), self.confusion)

    def attribute(self, method: str) -> Explanation:
        """The same answers of the model seen by another method, without a further prediction.

        Raises
        ------
        UsageError
            If the method is unknown, or needs masks that were not evaluated.
        """
        return anew.by_method(self, method)

    def with_target(self, target: TargetSpec, labels: Sequence[str | int] | str | int | None = None) -> Explanation:
        """The same answers seen through another target, without a further prediction; see `anew.for_target`.

        Raises
        ------
        UsageError
            If the outputs are not known, the model's answers are noisy, or the target or a label is unknown.
        """
        return anew.for_target(self, target, labels)

    def interactions(self, label: str | int | None = None) -> dict[tuple[str, str], float]:
        """Pair of components → what they do together beyond what each does alone, largest first.

        Pairs of whole stems, where these were all evaluated but not every mask of their segments (Owen values).

        Raises
        ------
        UsageError
            If not every mask was evaluated, nor every one of whole stems.
        """
        game, names = self.neighborhood, self.names
        if not game.exhaustive and (stems := whole_stems(game)) is not None:
            game, names = stems, self.components.sources
        found = shapley_interactions(game)[self.column(label)]
        pairs = {(names[j], names[i]): float(found[i, j]) for i in range(len(found)) for j in range(i)}
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
        """What makes a label; short for ``top(label=label).listen()``."""
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
        """One row per label asked for and component (needs the extra ``dataframe``); see `summary.rows`."""
        table: pandas.DataFrame = require("pandas", extra="dataframe").DataFrame(summary.rows(self))
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
        target, clips = Path(folder), dict[str, str]()
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

    def _repr_html_(self) -> str:
        return shown(self)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write everything needed to load this again: JSON and 24-bit FLAC; see `audiolime_ext.explanation.saved`."""
        return saved.save(self, Path(folder))

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Explanation:
        """Read what `save` wrote; see `audiolime_ext.explanation.restored`."""
        return cls(**restored.load(Path(folder)))
