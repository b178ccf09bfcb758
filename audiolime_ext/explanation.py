"""The result: which component made the prediction, as numbers and as sound.

An `Explanation` holds the evaluated neighbourhood, the weights for every output of the model, and the stems, so that
any component can be heard. It never asks the model anything.

When nothing argues. `top()` returns only components whose weight is positive beyond its interval (and beyond a
hundredth of the label's largest weight, which is rounding and leakage) and whose level is above −40 dB of the mixture;
else it says that nothing here argues for the label. Two remarks accompany a label whose
score silence explains: "the model says this for silence too" (silence scores at least half as much) and "nothing to
explain by presence" (the recording and silence differ by less than .05).
"""

from __future__ import annotations

import html
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from audiolime_ext._optional import require
from audiolime_ext.attribution import Attribution
from audiolime_ext.audio import Audio, encode
from audiolime_ext.components import Components
from audiolime_ext.errors import NothingArgues, UsageError
from audiolime_ext.files import fresh_folder, to_json
from audiolime_ext.perturbation import Neighborhood
from audiolime_ext.prediction import label_indices
from audiolime_ext.tables import html_table, text_table

if TYPE_CHECKING:
    import pandas

SCHEMA_VERSION = 1
AUDIBLE_DB = -40.0
INTERVAL_Z = 1.96
NEGLIGIBLE = 0.01
SAME_AS_SILENCE = 0.05

AUDIOLIME_REFERENCE = """@inproceedings{haunschmid2020audiolime,
  author = {Haunschmid, Verena and Manilow, Ethan and Widmer, Gerhard},
  title = {audio{LIME}: Listenable Explanations Using Source Separation},
  booktitle = {13th International Workshop on Machine Learning and Music (MML)},
  year = {2020},
  eprint = {2008.00582}
}"""


@dataclass(frozen=True)
class Provenance:
    """What was explained, with what: enough to do it again.

    `factorization` and `tagger` are spec strings, None for objects that live in memory only; `versions` holds package
    versions and, under ``"weights"``, the fingerprints of both.
    """

    file: str | None
    sha256: str
    sr: int
    n_channels: int
    factorization: str | None
    tagger: str | None
    max_evals: int
    seed: int
    requested_method: str
    versions: dict[str, Any] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    target: str = "score"
    baseline: str = "silence"


@dataclass(frozen=True, eq=False)
class Top:
    """The components that argue most for a label, or the word that there are none.

    Parameters
    ----------
    label
        The tag.
    components, weights
        Names and weights, largest first; empty where nothing argues for the label. True in a condition if not.
    message
        A sentence to read.
    audio
        The components together, as they sound in the recording; None where there are none.
    """

    label: str
    components: tuple[str, ...]
    weights: tuple[float, ...]
    message: str
    audio: Audio | None = field(default=None, repr=False)

    def __bool__(self) -> bool:
        return bool(self.components)

    def __str__(self) -> str:
        return self.message

    def listen(self) -> Audio:
        """The sound, which notebooks show as a player.

        Raises
        ------
        NothingArgues
            If there is nothing to hear; the message says why.
        """
        if self.audio is None:
            raise NothingArgues(self.message)
        return self.audio

    def _repr_html_(self) -> str:
        player = "" if self.audio is None else self.audio._repr_html_()
        return f"<p>{html.escape(self.message)}</p>{player}"


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
    loud argues most for peak (+1.00 of 1.10; silence 0.00)
    """

    labels: tuple[str, ...]
    all_labels: tuple[str, ...]
    components: Components = field(repr=False)
    neighborhood: Neighborhood = field(repr=False)
    attribution: Attribution = field(repr=False)
    provenance: Provenance = field(repr=False)
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The components' names."""
        return self.components.names

    @property
    def n_evals(self) -> int:
        """Number of different masks that the model was asked about."""
        return len(self.neighborhood.masks)

    def _column(self, label: str | int | None) -> int:
        return label_indices([self.labels[0] if label is None else label], self.all_labels)[0]

    def weights(self, label: str | int | None = None) -> dict[str, float]:
        """Component → weight for a label (by default the first one asked for)."""
        return dict(zip(self.names, self.attribution.weights[self._column(label)].tolist(), strict=True))

    def score(self, label: str | int | None = None) -> tuple[float, float]:
        """The model's score of a label for the excerpt and for silence."""
        column = self._column(label)
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
        column = self._column(label)
        name = self.all_labels[column]
        full, empty = self.score(column)
        weights = self.attribution.weights[column]
        errors = self.attribution.std_errors
        certain = weights - (0.0 if errors is None else INTERVAL_Z * errors[column])
        order = [int(i) for i in np.argsort(-weights, kind="stable")]
        least = NEGLIGIBLE * float(np.max(np.abs(weights)))
        chosen = [i for i in order if certain[i] > least and self.components.levels_db[i] > AUDIBLE_DB][:k]
        if not chosen:
            return Top(name, (), (), f"nothing here argues for {name} ({full:.2f}; silence {empty:.2f})")
        names = tuple(self.names[i] for i in chosen)
        picked = tuple(float(weights[i]) for i in chosen)
        message = (
            f"{' + '.join(names)} {'argues' if len(names) == 1 else 'argue'} most for {name} "
            f"({sum(picked):+.2f} of {full:.2f}; silence {empty:.2f})"
        )
        return Top(name, names, picked, message, self.audio(names))

    def remarks(self, label: str | int | None = None) -> list[str]:
        """What to know before believing the weights of a label."""
        name = self.all_labels[self._column(label)]
        full, empty = self.score(label)
        found = []
        if empty >= full / 2:
            found.append(f"{name}: the model says this for silence too ({empty:.2f}; here {full:.2f})")
        if abs(full - empty) < SAME_AS_SILENCE:
            found.append(f"{name}: nothing to explain by presence (the score is silence's, to {abs(full - empty):.2f})")
        return found

    def audio(self, components: Sequence[str] | str) -> Audio:
        """Just these components, at the recording's own rate and channels; the inaudible background is left out."""
        on = self.components.mask(components)
        return self.components.listen(on, background=False, name=self._caption("+", components))

    def without(self, components: Sequence[str] | str) -> Audio:
        """The recording without these components."""
        on = ~self.components.mask(components)
        return self.components.listen(on, background=True, name=self._caption("−", components))

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
        return f"{self.components.recording_name} {sign} {', '.join(listed)}"

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
            column = self._column(label)
            full, empty = self.score(column)
            for i, name in enumerate(self.names):
                rows.append({
                    "label": label, "component": name, "weight": self.attribution.weights[column, i],
                    "std_error": math.nan if errors is None else errors[column, i],
                    "level_db": self.components.levels_db[i], "score": full, "silence": empty,
                })  # fmt: skip
        return frame(rows)

    def to_dict(self, clips: dict[str, str] | None = None) -> dict[str, Any]:
        """The result as the JSON object that ``audiolime explain --json`` prints; `clips` maps labels to files."""
        columns = label_indices(self.labels, self.all_labels)
        weights, errors = self.attribution.weights[columns], self.attribution.std_errors
        full, empty = self.neighborhood.full[columns], self.neighborhood.empty[columns]
        parts, origin = self.components, self.provenance
        residual = parts.residual_db
        exact = self.neighborhood.exhaustive
        tops = [self.top(label=label) for label in self.labels]
        result: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "file": origin.file,
            "sha256": origin.sha256,
            "input": {"sr": origin.sr, "n_channels": origin.n_channels},
            "start_s": parts.start_s,
            "duration_s": parts.duration_s,
            "sr": parts.grid.sr,
            "n_channels": parts.grid.n_channels,
            "n_windows": len(parts.grid.starts(parts.heard.shape[-1] - parts.grid.lead)),
            "factorization": origin.factorization,
            "tagger": origin.tagger,
            "target": origin.target,
            "baseline": origin.baseline,
            "method": self.attribution.method,
            "requested_method": origin.requested_method,
            "exact": exact,
            "seed": None if exact else origin.seed,
            "max_evals": origin.max_evals,
            "n_evals": self.n_evals,
            "n_segments": parts.n_segments,
            "residual": None if residual is None else {"level_db": residual, "switched": parts.residual_switched},
            "components": list(self.names),
            "level_db": list(parts.levels_db),
            "labels": list(self.labels),
            "scores": {"full": full.tolist(), "empty": empty.tolist()},
            "weights": weights.tolist(),
            "std_errors": None if errors is None else errors[columns].tolist(),
            "completeness_gap": (weights.sum(axis=1) - (full - empty)).tolist(),
            "top": [self._top_entry(top, clips or {}) for top in tops],
            "notes": list(self.notes),
            "warnings": [*self.warnings, *(remark for label in self.labels for remark in self.remarks(label))],
            "versions": origin.versions,
        }
        if self.attribution.intercept is not None and self.attribution.fidelity is not None:
            fidelity = self.attribution.fidelity[columns]
            result |= self.attribution.settings
            result["intercept"] = self.attribution.intercept[columns].tolist()
            result["fidelity"] = [None if math.isnan(value) else value for value in fidelity.tolist()]
        return result

    @staticmethod
    def _top_entry(top: Top, clips: dict[str, str]) -> dict[str, Any]:
        if not top:
            return {"label": top.label, "component": None, "weight": None, "file": None}
        return {
            "label": top.label, "component": top.components[0], "weight": top.weights[0], "file": clips.get(top.label)
        }  # fmt: skip

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
                    file = f"{_file_name(label, {'mixture', *(Path(clip).stem for clip in clips.values())})}.wav"
                    top.audio.write(fresh / file)
                    clips[label] = str(target / file)
            (fresh / "explanation.json").write_text(to_json(self.to_dict(clips), indent=1) + "\n", encoding="utf-8")
        return clips

    @cached_property
    def _table(self) -> tuple[list[str], list[list[str]]]:
        if len(self.names) > 6:
            rows = [[label, *(f"{value:.2f}" for value in self.score(label)), self._leading(label)] for label in self.labels]
            return ["", "score", "silence", "components that count most"], rows
        rows = []
        for label in self.labels:
            weights = [f"{weight:+.2f}" for weight in self.weights(label).values()]
            rows.append([label, *(f"{value:.2f}" for value in self.score(label)), *weights])
        levels = ["" if level <= -200 else f"{level:.1f}" for level in self.components.levels_db]
        return ["", "score", "silence", *self.names], [*rows, ["level (dB)", "", "", *levels]]

    def _leading(self, label: str, n: int = 4) -> str:
        ranked = sorted(self.weights(label).items(), key=lambda item: -abs(item[1]))[:n]
        return ", ".join(f"{name} {weight:+.2f}" for name, weight in ranked)

    @property
    def headline(self) -> str:
        """Which excerpt was explained, with what, in two lines."""
        parts, origin = self.components, self.provenance
        how = "exact" if self.neighborhood.exhaustive else f"sampled, seed {origin.seed}"
        method = {"shapley": "Shapley values", "lime": "LIME weights"}.get(self.attribution.method, self.attribution.method)
        return (
            f"{parts.recording_name}, {parts.start_s:.2f} s to {parts.start_s + parts.duration_s:.2f} s\n"
            f"{origin.factorization or 'own stems'} and {origin.tagger or 'own model'}, "
            f"{method} ({how}) from {self.n_evals} predictions"
        )

    def __str__(self) -> str:
        header, rows = self._table
        remarks = [*self.notes, *self.warnings, *(remark for label in self.labels for remark in self.remarks(label))]
        lines = [self.headline, "", text_table(header, rows), "", *(str(self.top(label=label)) for label in self.labels)]
        return "\n".join([*lines, *(f"note: {remark}" for remark in remarks)])

    def _repr_html_(self) -> str:
        remarks = [*self.notes, *self.warnings, *(remark for label in self.labels for remark in self.remarks(label))]
        tops = "".join(self.top(label=label)._repr_html_() for label in self.labels)
        notes = "".join(f"<li>{html.escape(remark)}</li>" for remark in remarks)
        headline = html.escape(self.headline).replace("\n", "<br>")
        return f"<div><p>{headline}</p>{html_table(*self._table)}{tops}<ul>{notes}</ul></div>"

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write everything needed to load this again: JSON and 24-bit FLAC; see `audiolime_ext.storage`."""
        from audiolime_ext.storage import save

        return save(self, Path(folder))

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Explanation:
        """Read what `save` wrote; see `audiolime_ext.storage`."""
        from audiolime_ext.storage import load

        return load(Path(folder))


def _file_name(label: str, taken: set[str]) -> str:
    """A label as a file name: ``female vocalists`` → ``female-vocalists``; numbered where it is taken."""
    kept = "".join(char if char.isalnum() else "-" for char in label.lower()).strip("-")
    stem = "-".join(filter(None, kept.split("-"))) or "label"
    candidates = [stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in candidates if name not in taken)
