"""The stems of an excerpt as a model hears them: made once, kept, and handed out to hosts and donors alike.

One recording is a host once and a donor many times, and a collection is audited again whenever a model was retrained.
So stems are kept as the model hears them (with its rate, channels and lead): the latest in memory, and all of them in
the user's cache, by the content of the recording, the excerpt, the factorization's fingerprint and the model's grid.
True stems are read anew each time, which costs no more than reading the cache.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from audiolime_ext.audio.recording import Samples, level_db, load_audio
from audiolime_ext.audio.silence import require_sound
from audiolime_ext.audit.store.records import Entry
from audiolime_ext.cache import Cache, Key, Store, identity
from audiolime_ext.cache import Entry as Kept
from audiolime_ext.components.components import build
from audiolime_ext.components.masks import Masks
from audiolime_ext.components.mixing import weighted_sums
from audiolime_ext.errors import AudioError
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.grid import Grid
from audiolime_ext.registry import build as build_spec

TRUE_STEMS = "oracle"  # the factorization's spec where the manifest names the stems of every recording
IN_MEMORY_BYTES = 150_000_000
_VERSION = 3  # of this module's arithmetic


@dataclass(frozen=True, eq=False)
class Heard:
    """The stems of an excerpt as the model hears them.

    Parameters
    ----------
    names : tuple of str
        Names of the components.
    stems : ndarray of float32, shape (n_components, n_channels, n_samples)
        Waveforms of the components at the model's rate, the lead included.
    background : ndarray of float32, shape (n_channels, n_samples)
        Sound that is on in every mix: a residual too faint to be a component; else zeros.
    facts : dict of str to plain values
        Facts about the recording and its stems.
    """

    names: tuple[str, ...]
    stems: Samples = field(repr=False)
    background: Samples = field(repr=False)
    facts: dict[str, Any]

    @property
    def whole(self) -> Samples:
        """The excerpt."""
        return np.asarray(self.mixes(np.ones((1, len(self.names)), bool))[0])

    def mixes(self, masks: Masks) -> Samples:
        """The mix of each mask as the model hears it, shape (n_masks, n_channels, n_samples)."""
        flat = weighted_sums(np.asarray(masks, np.float32), self.stems.reshape(len(self.names), -1))
        return np.asarray(flat.reshape(len(masks), *self.background.shape) + self.background)

    def stem(self, name: str) -> Samples:
        """A component alone; silence where there is none of that name."""
        return self.stems[self.names.index(name)] if name in self.names else np.zeros_like(self.background)

    def rest(self, name: str) -> Samples:
        """Everything except one component."""
        return np.asarray(self.mixes(np.array([[other != name for other in self.names]]))[0])

    def level_db(self, name: str) -> float:
        """A component's level in dB relative to the excerpt; −200 is silence."""
        return level_db(self.stem(name), self.whole)

    @property
    def n_bytes(self) -> int:
        """Bytes that it takes in memory."""
        return self.stems.nbytes + self.background.nbytes


class Ears:
    """Hears excerpts for one model through one factorization.

    Parameters
    ----------
    model : Model
        Model whose rate, channels and windows count.
    factorization : Factorization or None
        Factorization that splits the recordings; None: every recording brings its true stems.
    store : Store or None
        Store in which stems are kept; None: that of the user's cache.
    """

    def __init__(self, model: Model, factorization: Factorization | None, store: Store | None = None) -> None:
        self.model, self.factorization = model, factorization
        self.store = Store(Cache.of_user()) if store is None else store
        self._kept: OrderedDict[str, Heard] = OrderedDict()

    def hear(self, entry: Entry) -> Heard:
        """The stems of a recording's excerpt.

        Raises
        ------
        AudioError
            If the recording cannot be read, is silent or too short, or was changed since the audit was planned.
        """
        if entry.key in self._kept:
            self._kept.move_to_end(entry.key)
            return self._kept[entry.key]
        heard = self._read(entry) or self._make(entry)
        self._kept[entry.key] = heard
        while sum(kept.n_bytes for kept in self._kept.values()) > IN_MEMORY_BYTES and len(self._kept) > 1:
            self._kept.popitem(last=False)
        return heard

    @property
    def keeps(self) -> bool:
        """Whether stems are kept in the cache."""
        known = self.factorization is not None and identity(self.factorization) is not None
        return known and self.store.cache is not None

    def is_kept(self, entry: Entry) -> bool:
        """Whether the stems of a recording's excerpt are in the cache."""
        return self.store.holds(self._key(entry))

    def _make(self, entry: Entry) -> Heard:
        audio = load_audio(entry.path)
        if audio.sha256 != entry.sha256:
            raise AudioError(f"{entry.path} was changed while the audit ran; start the audit again to measure it anew")
        grid = Grid.of(self.model, audio.sr, audio.n_samples)
        grid.require(round(entry.duration_s * grid.sr), f"{entry.name!r}")
        require_sound(audio, entry.start_s, entry.duration_s, self.model.n_channels)
        separator: Any = build_spec("factorization", f"oracle:{entry.stems}") if entry.stems else self.factorization
        parts = build(audio, separator, grid, start_s=entry.start_s, duration_s=entry.duration_s)
        n = len(parts.sources)
        background = parts.heard[n:].sum(axis=0) if n < len(parts.heard) else np.zeros_like(parts.heard[0])
        facts = {
            "sr": audio.sr,
            "n_channels": audio.n_channels,
            "n_samples": audio.n_samples,
            "filling": grid.filling(entry.duration_s),
            "warnings": list(audio.warnings),
            "residual_db": parts.residual_db,
            "notes": list(parts.stems.notes),
        }
        heard = Heard(parts.sources, np.ascontiguousarray(parts.heard[:n]), background, facts)
        if key := self._key(entry):
            arrays = {"stems": heard.stems, "background": heard.background}
            by = {"recording": entry.name, "by": getattr(separator, "spec", None) or "own stems"}
            self.store.write(key, arrays, {"names": heard.names, "facts": facts}, **by)
        return heard

    def _read(self, entry: Entry) -> Heard | None:
        found: Heard | None = self.store.read(self._key(entry), _of_kept)
        return found

    def _key(self, entry: Entry) -> Key | None:
        if entry.stems or not self.keeps:
            return None
        who = identity(self.factorization)
        hears = {name: getattr(self.model, name) for name in ("sr", "n_channels", "lead_s", "window_s")}
        hears["fill"] = getattr(self.model, "fill", None)
        excerpt = [entry.sha256, entry.start_s, entry.duration_s]
        return {"kind": "heard stems", "version": _VERSION, "excerpt": excerpt, "factorization": who, "hears": hears}


def _of_kept(kept: Kept) -> Heard:
    names, facts = tuple(kept.facts["names"]), kept.facts["facts"]
    return Heard(names, np.asarray(kept.arrays["stems"]), np.asarray(kept.arrays["background"]), facts)
