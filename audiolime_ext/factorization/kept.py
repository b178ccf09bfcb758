"""Stems of a recording, made part by part and kept: a factorization that does its work once.

`KeptStems` stands in for the factorization that it was made of. An excerpt is cut from parts of a minute, counted from
the start of the recording. A part is made when it is first needed and kept in the cache or, without one, the last two
in memory. So the stems of a long recording are never all in memory, and a recording whose windows are explained one
after the other is separated once.

Invariant: *an excerpt cut from the parts equals the one that the factorization itself would give* to 1e-5. For that:

- A factorization of scope ``"window"`` does not work in parts: it is asked again for every excerpt.
- The residual is not kept: it is what the kept stems miss of the recording. Whether that is a stem or mere rounding is
  decided in the excerpt, as a factorization would decide it.
- A stem that only some of the parts have is silence in the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from audiolime_ext.audio.recording import Audio
from audiolime_ext.cache import Entry, Store, identity
from audiolime_ext.factorization.contract import Factorization, Scope, factorized
from audiolime_ext.factorization.stems import Stems, with_residual
from audiolime_ext.factorization.transcription import Transcription

PART_S = 60.0
IN_MEMORY = 2  # parts, where there is no cache
_VERSION = 4  # of this module's arithmetic


class KeptStems:
    """A factorization that keeps the stems of one recording.

    Parameters
    ----------
    factorization : Factorization
        Factorization that makes the stems.
    audio : Audio
        The recording; another one is passed on to a keeper of its own.
    store : Store or None
        Store in which parts are kept; None: the last two are kept in memory.
    whole : bool
        True to make the parts that an excerpt touches. False to use only parts that are kept already, and factorize
        other excerpts alone: for a few windows of a long recording.

    Examples
    --------
    >>> import numpy as np
    >>> from factorizations.hpss import HPSSFactorization
    >>> noise = Audio(np.random.default_rng(0).normal(0, 0.1, (1, 16000)).astype(np.float32), 8000)
    >>> kept = KeptStems(HPSSFactorization(), noise)
    >>> alone = HPSSFactorization().factorize(noise, start_s=0.5, duration_s=1.0)
    >>> bool(np.allclose(kept.factorize(noise, start_s=0.5, duration_s=1.0).samples, alone.samples, atol=1e-5))
    True
    """

    def __init__(
        self, factorization: Factorization, audio: Audio, store: Store | None = None, *, whole: bool = True
    ) -> None:
        self.factorization, self.audio, self.whole = factorization, audio, whole
        self.store = store or Store(None)
        self._parts: dict[int, tuple[Stems, bool]] = {}
        self._other: KeptStems | None = None

    @property
    def spec(self) -> str | None:
        """The factorization's spec; so are the other attributes the factorization's own."""
        return self.factorization.spec

    @property
    def fingerprint(self) -> str:  # noqa: D102
        return self.factorization.fingerprint

    @property
    def scope(self) -> Scope:  # noqa: D102
        return self.factorization.scope

    @property
    def references(self) -> tuple[str, ...]:  # noqa: D102
        return self.factorization.references

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        """Stems of one excerpt, cut from the parts; see `Factorization`."""
        if self.scope == "window":
            return self.factorization.factorize(audio, start_s=start_s, duration_s=duration_s)
        if audio is not self.audio:  # a baseline
            if self._other is None or self._other.audio is not audio:
                self._other = KeptStems(self.factorization, audio, self.store, whole=self.whole)
            return self._other.factorize(audio, start_s=start_s, duration_s=duration_s)
        first, end = audio.span(start_s, duration_s)
        kept = self._excerpt(first, end, make=self.whole)
        return kept or self.factorization.factorize(audio, start_s=start_s, duration_s=duration_s)

    def in_parts(self, first: int, end: int) -> Iterator[Stems]:
        """Stems of consecutive pieces of the samples ``[first, end)``, a minute at a time (not for scope "window")."""
        step = round(PART_S * self.audio.sr)
        for begin in range(first // step * step, end, step):
            found = self._excerpt(max(begin, first), min(begin + step, end), make=True)
            if found is not None:
                yield found

    @cached_property
    def content(self) -> dict[str, Any]:
        """What identifies the recording's samples in a key: their hash (not the file's), rate and shape."""
        audio = self.audio
        sha256 = Audio(audio.samples, audio.sr).sha256
        return {"sha256": sha256, "sr": audio.sr, "n_channels": audio.n_channels, "n_samples": audio.n_samples}

    def key_of(self, first: int, end: int) -> dict[str, Any] | None:
        """What identifies the stems of the samples ``[first, end)``, as plain values.

        None where there is no cache, or they are not the same whenever they are made: those of scope ``"window"``, and
        of a factorization that cannot be identified.
        """
        return None if self.scope == "window" else self._key(first, end)

    def _excerpt(self, first: int, end: int, *, make: bool) -> Stems | None:
        """An excerpt cut from the parts; None if one of them is not kept and not to be made."""
        needed = range(first // self._step, -(-end // self._step))
        parts = [part for number in needed if (part := self._part(number, make=make)) is not None]
        return self._cut(parts, needed.start * self._step, first, end) if len(parts) == len(needed) else None

    @property
    def _step(self) -> int:
        return round(PART_S * self.audio.sr)

    def _cut(self, parts: list[tuple[Stems, bool]], offset: int, first: int, end: int) -> Stems:
        names = tuple(dict.fromkeys(name for stems, _ in parts for name in stems.names))
        notes = tuple(dict.fromkeys(note for stems, _ in parts for note in stems.notes))
        samples = np.zeros((len(names), self.audio.n_channels, end - first), np.float32)
        lost = np.zeros(samples.shape[1:], np.float32)
        sr, heard = self.audio.sr, []
        for stems, _ in parts:
            begin, stop = max(offset, first), min(offset + stems.samples.shape[-1], end)
            if stems.transcription:
                excerpt = stems.transcription.between((begin - offset) / sr, (stop - offset) / sr)
                heard.append(((begin - first) / sr, excerpt))
            rows = [names.index(name) for name in stems.names]
            samples[rows, :, begin - first : stop - first] = stems.samples[..., begin - offset : stop - offset]
            if stems.rolled_off is not None:
                lost[:, begin - first : stop - first] = stems.rolled_off[:, begin - offset : stop - offset]
            offset += stems.samples.shape[-1]
        transcription = Transcription.joined(heard) if heard else None
        if not any(has_residual for _, has_residual in parts):
            return Stems(names, samples, sr, notes, transcription)
        rolled_off = None if parts[0][0].rolled_off is None else lost
        whole = with_residual(self.audio.samples[:, first:end], names, samples, sr, notes=notes, rolled_off=rolled_off)
        return replace(whole, transcription=transcription)

    def _part(self, number: int, *, make: bool) -> tuple[Stems, bool] | None:
        """Stems of a part without the residual, and whether it had one; None: it is not kept and not to be made."""
        if number in self._parts:
            return self._parts[number]
        first = number * self._step
        end = min(first + self._step, self.audio.n_samples)
        key = self._key(first, end)
        if (kept := self.store.read(key, self._of_entry)) is not None:
            return self._remember(number, *kept)
        if not make:
            return None
        made = factorized(
            self.factorization, self.audio, start_s=first / self.audio.sr, duration_s=(end - first) / self.audio.sr
        )
        residual = made.has_residual and len(made.names) > 1
        n = len(made.names) - residual
        heard = made.transcription
        lost = made.rolled_off
        stems = Stems(made.names[:n], np.asarray(made.samples[:n], np.float32), made.sr, made.notes, heard, lost)
        facts = {"names": stems.names, "notes": stems.notes, "residual": residual}
        facts["transcription"] = heard and heard.to_dict()
        about = {"recording": self.audio.name, "by": self.spec or "own stems"}
        arrays = {"samples": stems.samples} if lost is None else {"samples": stems.samples, "rolled off": lost}
        self.store.write(key, arrays, facts, **about)
        return self._remember(number, stems, residual)

    def _of_entry(self, entry: Entry) -> tuple[Stems, bool]:
        facts, lost = entry.facts, entry.arrays.get("rolled off")
        heard = facts["transcription"] and Transcription.from_dict(facts["transcription"])
        names, notes = tuple(facts["names"]), tuple(facts["notes"])
        return Stems(names, entry.arrays["samples"], self.audio.sr, notes, heard, lost), bool(facts["residual"])

    def _key(self, first: int, end: int) -> dict[str, Any] | None:
        who = None if self.store.cache is None else identity(self.factorization)
        if who is None:
            return None
        return {
            "kind": "stems",
            "version": _VERSION,
            "recording": self.content,
            "factorization": who,
            "span": [first, end],
        }

    def _remember(self, number: int, stems: Stems, residual: bool) -> tuple[Stems, bool]:
        while len(self._parts) >= IN_MEMORY:
            del self._parts[next(iter(self._parts))]
        self._parts[number] = stems, residual
        return stems, residual
