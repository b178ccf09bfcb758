"""A track's windows and stems, opened again when somebody looks at them: they are too large to be kept at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from audiolime_ext.audio.silence import silence_warnings
from audiolime_ext.cache import Arrays, Form, Key, Store
from audiolime_ext.components.game import Game
from audiolime_ext.explanation.caveats import noise_warnings, rate_warnings, sample_warnings, warnings_of
from audiolime_ext.explanation.checks import Checks
from audiolime_ext.explanation.evaluation import kept_for_checks
from audiolime_ext.explanation.explanation import Explanation
from audiolime_ext.explanation.provenance import Provenance
from audiolime_ext.factorization.contract import factorized
from audiolime_ext.factorization.stems import Stems
from audiolime_ext.prediction.repeatability import Noise
from audiolime_ext.prediction.targets import Target
from audiolime_ext.track.window import Window
from audiolime_ext.track.windows import Asking, Span

Made = TypeVar("Made")


@dataclass(frozen=True, eq=False)
class Shelf:
    """The place in a store for what is made of a track's stems, so that it is made once.

    Parameters
    ----------
    store : Store
        Store in which it is kept.
    stems : mapping or None
        Identity of the stems, in plain values; None where they have none: then nothing is kept.
    recording, by : str
        Name of the recording and of what made the stems, as entries are listed.
    """

    store: Store
    stems: Key | None
    recording: str
    by: str

    def once(
        self,
        about: Key,
        make: Callable[[], Made],
        *,
        packed: Callable[[Made], tuple[Arrays, Mapping[str, Any]]],
        unpacked: Form,
    ) -> Made:
        """What `make` makes of the stems: kept from an earlier run, or made now and kept.

        Parameters
        ----------
        about : mapping of str to plain values
            Everything else that determines it; ``"kind"`` says what it is.
        make : callable
            Function that makes it.
        packed, unpacked : callable
            Functions from it to arrays and facts, and from an entry back to it.
        """
        key = None if self.stems is None else {**about, "stems": self.stems}
        kept: Made | None = self.store.read(key, unpacked)
        if kept is not None:
            return kept
        made = make()
        if key is not None:
            self.store.write(key, *packed(made), recording=self.recording, by=self.by)
        return made


@dataclass(frozen=True, eq=False)
class Opened:
    """What it takes to open them: who was asked, the explained windows, and what all of them share."""

    asking: Asking
    windows: tuple[Window, ...]
    labels: tuple[str, ...]
    all_labels: tuple[str, ...]
    provenance: Provenance
    target: Target
    noise: Noise

    def window(self, number: int) -> Explanation:
        """The explanation of one window, with its sound."""
        window = self.windows[number]
        built = self.asking.components((window.start_s, window.duration_s))
        checks = Checks(noise=self.noise)
        near, found = window.neighborhood, window.attribution
        warned = warnings_of(built, self.asking.recording, near, found, checks, kept=kept_for_checks(0))
        known = replace(near, scores=near.scores if window.outputs is None else window.outputs)
        return Explanation(
            self.labels,
            self.all_labels,
            built,
            near,
            found,
            self.provenance,
            notes=built.stems.notes,
            warnings=tuple(warned),
            checks=checks,
            game=Game.of(built, self.asking.model, known=known),
            target=self.target,
        )

    def stems(self, first: int, end: int) -> Iterator[Stems]:
        """The stems of the samples ``[first, end)`` part by part, or window by window where each was split anew."""
        separator, recording = self.asking.stems.factorization, self.asking.recording
        if separator.scope != "window":
            return self.asking.stems.in_parts(first, end)
        return (factorized(separator, recording, start_s=w.start_s, duration_s=w.duration_s) for w in self.windows)

    def shelf(self, first: int, end: int) -> Shelf:
        """The place for what is made of the stems of the samples ``[first, end)``."""
        stems = self.asking.stems
        return Shelf(self.asking.store, stems.key_of(first, end), self.asking.recording.name, stems.spec or "own stems")

    def warnings(self, spans: Sequence[Span]) -> list[str]:
        """What the reader of the track's result must know."""
        recording, grid = self.asking.recording, self.asking.grid
        found = [*recording.warnings, *noise_warnings(Checks(noise=self.noise)), *rate_warnings(recording, grid)]
        largest = max(self.windows, key=lambda window: len(window.names))  # if any lacks error bars, this one does
        found += sample_warnings(largest.neighborhood, largest.attribution, kept=kept_for_checks(0))
        return found + [one for span in spans for one in silence_warnings(recording, *span, grid.n_channels)]
