"""The windows of a track: what the model answers for each, asked in batches that reach across windows, and kept.

Windows are worked on in blocks, as many as fill a batch of the model when there are two stems. A block's answers are
kept in the cache as soon as they are there, so what an interruption costs is one block.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np

from audiolime_ext.attribution.methods import Method
from audiolime_ext.audio.recording import Audio, Samples
from audiolime_ext.audio.silence import power
from audiolime_ext.cache import Entry, Store, identity
from audiolime_ext.components import components as parts
from audiolime_ext.components.baselines import baseline_sha256
from audiolime_ext.components.game import answers
from audiolime_ext.components.masks import Masks, MaskSet, Neighborhood, enumerate_masks
from audiolime_ext.errors import UsageError
from audiolime_ext.explanation.evaluation import mask_budget
from audiolime_ext.explanation.settings import Settings
from audiolime_ext.factorization.kept import KeptStems
from audiolime_ext.prediction.asking import n_at_once, predict
from audiolime_ext.prediction.contract import Model, Scores
from audiolime_ext.prediction.grid import Grid
from audiolime_ext.prediction.labels import label_names
from audiolime_ext.prediction.repeatability import Noise, repeatability
from audiolime_ext.prediction.taggram import Taggram, tag
from audiolime_ext.prediction.targets import Target
from audiolime_ext.progress.stages import stage

Span = tuple[float, float]  # start and duration in seconds

N_WINDOWS = 5  # that a model is asked about again, where its answers differ

_VERSION = 3  # of this module's arithmetic
_AS_IT_IS = MaskSet(np.ones((1, 0), bool), np.ones(1, np.int64), True)  # all that is asked about a silent window


@dataclass(frozen=True, eq=False)
class Answer:
    """What the model answered for one window: its components (none where it is silent), the masks, the outputs.

    The fields are those of `audiolime_ext.track.window.Window`, before anything is made of the outputs.
    """

    start_s: float
    duration_s: float
    names: tuple[str, ...]
    levels_db: tuple[float, ...]
    residual_db: float | None
    notes: tuple[str, ...]
    neighborhood: Neighborhood = field(repr=False)


@dataclass(frozen=True, eq=False)
class Asking:
    """How the windows of a recording are split, and the model asked about them.

    Parameters
    ----------
    recording : Audio
        Recording that is explained.
    stems : KeptStems
        Stems of the recording, made part by part and kept.
    model : Model
        Model that is explained.
    grid : Grid
        Positions of the model's windows.
    how : Method
        Attribution method, which chooses the masks.
    settings : Settings
        Settings of the explanation.
    store : Store
        Store in which answers are kept.
    least_power : float
        Mean square below which a window is silent; digital silence always is.
    """

    recording: Audio
    stems: KeptStems
    model: Model
    grid: Grid
    how: Method
    settings: Settings
    store: Store
    least_power: float = 0.0

    def taggram(self, first: int, end: int) -> Taggram:
        """The model's scores over the samples ``[first, end)`` of the recording."""
        key = self._key("taggram", span=[first, end])
        kept: Taggram | None = self.store.read(key, self._of_taggram)
        if kept is not None:
            return kept
        sr = self.recording.sr
        made = tag(self.recording, self.model, start_s=first / sr, duration_s=(end - first) / sr)
        silent = np.zeros_like(made.padded) if made.silent is None else made.silent
        arrays = {"times_s": made.times_s, "scores": made.scores, "padded": made.padded, "silent": silent}
        self.store.write(
            key, arrays, {"notes": made.notes}, recording=self.recording.name, by=self.model.spec or "own model"
        )
        return made

    def _of_taggram(self, entry: Entry) -> Taggram:
        labels = label_names(self.model, entry.arrays["scores"].shape[1])
        silent, notes = entry.arrays["silent"], tuple(entry.facts["notes"])
        times_s, scores, padded = (entry.arrays[name] for name in ("times_s", "scores", "padded"))
        return Taggram(labels, times_s, scores, padded, silent if silent.any() else None, notes)

    def repeatability(self, spans: Sequence[Span], aim: Target, taggram: Taggram) -> Noise:
        """Whether the model answers alike when it is asked again, about some of the windows that sound.

        That it does is kept: then the values of any target have no noise.

        Raises
        ------
        ModelError
            If its answers depend on what else is in the batch.
        """
        key = self._key("repeatability")
        n_values = aim.apply(taggram.scores[:1]).shape[1]
        kept: Noise | None = self.store.read(key, partial(_of_noise, n_values))
        if kept is not None:
            return kept
        sounding = [span for span in spans if self._sounds(span)]
        some = [sounding[i] for i in np.unique(np.linspace(0, len(sounding) - 1, N_WINDOWS).astype(int))]
        heard = [self.grid.cut(self._mixes(span, None, _AS_IT_IS.masks)) for span in some]
        of_one_length = np.concatenate([one for one in heard if one.shape == heard[0].shape])
        found = repeatability(self.model, of_one_length, values=aim.apply)
        found.require_independence(taggram.labels)
        if found.alike:
            arrays = {"repeated": found.repeated, "batched": found.batched, "scale": found.scale}
            facts = {"n_evals": found.n_evals, "dof": found.dof}
            self.store.write(key, arrays, facts, recording=self.recording.name, by=self.model.spec or "own model")
        return found

    def components(self, span: Span) -> parts.Components:
        """The components of a window that is not silent."""
        return parts.build(
            self.recording, self.stems, self.grid, start_s=span[0], duration_s=span[1], baseline=self.settings.baseline
        )

    def answers(self, spans: Sequence[Span], *, alone: bool) -> Iterator[Answer]:
        """The model's answers for windows in the order given, kept block by block (or, if `alone`, one by one)."""
        size = 1 if alone else max(1, n_at_once(self.model) // 4)
        with stage("explaining", len(spans), "window") as explaining:
            for at in range(0, len(spans), size):
                block = spans[at : at + size]
                yield from self._kept(block)
                explaining.advance(len(block))

    def _kept(self, block: Sequence[Span]) -> list[Answer]:
        for masks in ("all", self._choice):  # answers to all masks serve every method that wants all of them
            kept: list[Answer] | None = self.store.read(
                self._block_key(block, masks), partial(self._of_block, block, every=masks == "all")
            )
            if kept is not None:
                return kept
        found = self._asked(block)
        everything = self._wants_all(len(one.names) for one in found)
        key = self._block_key(block, "all" if everything else self._choice)
        facts = [(one.names, one.levels_db, one.residual_db, one.notes) for one in found]
        arrays = {f"scores-{i}": one.neighborhood.scores for i, one in enumerate(found)}
        by = f"{self.stems.spec or 'own stems'} and {self.model.spec or 'own model'}"
        self.store.write(key, arrays, {"windows": facts}, recording=self.recording.name, by=by)
        return found

    def _of_block(self, block: Sequence[Span], entry: Entry, *, every: bool) -> list[Answer] | None:
        """The kept answers; None where they are to every mask, and these are not wanted."""
        abouts = entry.facts["windows"]
        if every and not self._wants_all(len(names) for names, *_ in abouts):
            return None
        kept = zip(block, abouts, entry.arrays.values(), strict=True)
        return [self._answer(span, about, scores) for span, about, scores in kept]

    def _wants_all(self, sizes: Iterable[int]) -> bool:
        """Whether the masks are all there are, in their usual order, for windows of so many components."""
        try:
            chosen = {n: self._masks(n) for n in sizes}
        except UsageError:  # a budget that allows no masks wants none; it is refused where they are asked for
            return False
        return all(
            masks.exhaustive and (n == 0 or np.array_equal(masks.masks, enumerate_masks(n)))
            for n, masks in chosen.items()
        )

    def _answer(self, span: Span, about: Sequence[Any], scores: Scores) -> Answer:
        names, levels_db, residual_db, notes = about
        masks = self._masks(len(names))
        near = Neighborhood(masks.masks, masks.counts, masks.exhaustive, scores)
        return Answer(*span, tuple(names), tuple(levels_db), residual_db, tuple(notes), near)

    def _masks(self, n: int) -> MaskSet:
        if not n:
            return _AS_IT_IS
        return self.how.choose(n, max_evals=mask_budget(n, self.settings.max_evals), seed=self.settings.seed)

    @property
    def _choice(self) -> list[Any]:
        """What the choice of masks depends on, as plain values."""
        return [self.how.sampling, self.settings.max_evals, self.settings.seed]

    def _asked(self, block: Sequence[Span]) -> list[Answer]:
        """Every mask of every window once, in batches that reach across windows."""
        built = [self.components(span) if self._sounds(span) else None for span in block]
        asked = (
            (partial(self._mixes, span, one), self._masks(one.n if one else 0).masks)
            for span, one in zip(block, built, strict=True)
        )
        silent = ((), (), None, ())
        about = [(one.names, one.levels_db, one.residual_db, one.stems.notes) if one else silent for one in built]
        scores = answers(partial(predict, self.model), self.grid, asked, size=n_at_once(self.model))
        return [
            self._answer(span, of_window, found) for span, of_window, found in zip(block, about, scores, strict=True)
        ]

    def _sounds(self, span: Span) -> bool:
        here = power(self.recording, *span, self.grid.n_channels)
        return here > 0 and here >= self.least_power

    def _mixes(self, span: Span, built: parts.Components | None, masks: Masks) -> Samples:
        if built is not None:
            return built.heard_mixes(masks)
        first, end = round(span[0] * self.grid.sr), round(sum(span) * self.grid.sr)
        return self.grid.listen(self.recording.samples, self.recording.sr, first, end)[None]

    def _key(self, kind: str, **what: Any) -> dict[str, Any] | None:
        who = None if self.store.cache is None else identity(self.model)
        if who is None:
            return None
        grid = vars(self.grid)
        return {
            "kind": kind,
            "version": _VERSION,
            "recording": self.stems.content,
            "tagger": who,
            "grid": grid,
            **what,
        }

    def _block_key(self, block: Sequence[Span], masks: str | Sequence[Any]) -> dict[str, Any] | None:
        separator = identity(self.stems.factorization)
        if separator is None:
            return None
        return self._key(
            "answers",
            block=block,
            factorization=separator,
            baseline=self._off,
            masks=masks,
            least_power=self.least_power,
        )

    @cached_property
    def _off(self) -> str | list[str]:
        """What the baseline is, for the key of an entry."""
        sha256 = baseline_sha256(self.settings.baseline)
        return str(self.settings.baseline) if sha256 is None else ["recording", sha256]


def _of_noise(n_values: int, entry: Entry) -> Noise:
    return Noise(entry.facts["n_evals"], **entry.arrays, sd=np.zeros(n_values), dof=entry.facts["dof"])
