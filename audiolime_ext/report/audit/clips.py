"""The sound of the best trials: the host before, the donor's component, the host after.

The mixes are made as in the audit, with the gain found at the model's rate and channels, but from stems at the
recording's own rate and channels: the decision is about what the model heard, a listener gets the full quality. Before
and after have one scale. A clip is taken where the component that is put in (or taken out) is loudest.

A model or a separator that the store names as ``package.module:name`` is imported only if the store is trusted. A
recording that is no longer what was measured makes no sound: an error says why, and the page goes on without it.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from audiolime_ext.audio.recording import Audio, Samples, load_audio
from audiolime_ext.audio.resampling import resample_span
from audiolime_ext.audit.measurement.effects import transplant, transplant_gain
from audiolime_ext.audit.measurement.heard import TRUE_STEMS
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.components.components import Components, build
from audiolime_ext.errors import AudioError
from audiolime_ext.factorization.loading import load_factorization
from audiolime_ext.factorization.stems import Stems
from audiolime_ext.prediction.grid import Grid
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.registry import build as build_spec
from audiolime_ext.registry import named_by
from audiolime_ext.report.audit.findings import Case
from audiolime_ext.report.audit.names import Names
from audiolime_ext.report.player.clip import data_uri
from audiolime_ext.report.player.media import encode_media
from audiolime_ext.report.player.player import player_html

PEAK = 0.89  # of full scale, so that before and after are stored as they are, at one scale
CLIP_S = 6.0
_KEPT = 4  # recordings, split


@dataclass(frozen=True)
class Clip:
    """A sound on the page: its caption and its address; `role` is for the template."""

    role: str
    caption: str
    address: str


@dataclass(frozen=True, eq=False)
class Mixed:
    """A case as sound, (n_channels, n_samples) at `sr`: the host before and after, and what is put in or taken out.

    All of it was multiplied by `scale`.
    """

    sr: int
    scale: float
    before: Samples
    after: Samples
    moved: Samples


class Listening:
    """Makes sounds of cases.

    Parameters
    ----------
    results : Results
        Results of the audit.
    names : Names
        Names of the recordings on the page.
    clip_s : float
        Length of a clip in seconds.
    trust : bool
        True to import the modules that the store names.
    """

    def __init__(self, results: Results, names: Names, *, clip_s: float = CLIP_S, trust: bool = False) -> None:
        self.results, self.names, self.clip_s = results, names, clip_s
        self._named_by = None if trust else "the store"
        self._kept: OrderedDict[int, Components] = OrderedDict()

    def clips(self, case: Case) -> tuple[Clip, ...]:
        """The clips of a case.

        Raises
        ------
        AudiolimeError
            If a recording or a model is not what or where it was.
        """
        mixed = self.mixed(case)
        host = self.names.recording(case.host)
        begin, end = loudest(mixed.moved, round(self.clip_s * mixed.sr))
        if case.donor is None:
            heard = [
                ("before", f"{host}, as it is", mixed.before),
                ("after", f"{host} without {case.component}", mixed.after),
            ]
        else:
            donor = self.names.recording(case.donor)
            heard = [
                ("before", f"{host}, as it is", mixed.before),
                ("donor", f"{case.component} of {donor}", mixed.moved),
                ("after", f"{host} with it instead of its own {case.component}", mixed.after),
            ]
        return tuple(
            Clip(role, caption, data_uri(Audio(samples[:, begin:end], mixed.sr, caption)))
            for role, caption, samples in heard
        )

    def player(self, case: Case, *, player_id: str) -> str:
        """A player of the host: its own stems, the donor's component in the place of its own.

        Raises
        ------
        AudiolimeError
            As for `clips`.
        """
        parts, mixed = self._parts(case.host), self.mixed(case)
        own = [name != case.component for name in parts.stems.names]
        rest = parts.recorded[own] * np.float32(mixed.scale)
        kept = tuple(name for name in parts.stems.names if name != case.component)
        donor = "" if case.donor is None else f" of {self.names.recording(case.donor)}"
        stems = Stems((case.component + donor, *kept), np.concatenate([mixed.moved[None], rest]), mixed.sr)
        background = [name for name in kept if name not in parts.sources]
        name = self.names.recording(case.host)
        options: dict[str, Any] = {"background": background, "player_id": player_id}
        return player_html(encode_media([stems]), name=name, model_sr=parts.grid.sr, **options)

    def mixed(self, case: Case) -> Mixed:
        """A case as sound.

        Raises
        ------
        AudiolimeError
            As for `clips`.
        """
        parts = self._parts(case.host)
        own, rest = _split(parts, case.component, parts.recorded)
        if case.donor is None:
            scale = np.float32(min(1.0, PEAK / max(1e-9, float(np.abs(own + rest).max()))))
            return Mixed(parts.stems.sr, float(scale), (own + rest) * scale, rest * scale, own * scale)
        giving = self._parts(case.donor)
        given = _like(_split(giving, case.component, giving.recorded)[0], giving.stems.sr, own, parts.stems.sr)
        done = transplant(own, rest, given, gain=_gain(parts, giving, case.component), peak=PEAK)
        moved = given * np.float32(done.gain * done.scale)
        return Mixed(parts.stems.sr, done.scale, done.before, done.after, moved)

    def _parts(self, place: int) -> Components:
        """The stems of a recording's excerpt."""
        if place not in self._kept:
            self._kept[place] = self._made(place)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return self._kept[place]

    def _made(self, place: int) -> Components:
        entry = self.results.entries[place]
        audio = load_audio(entry.path)
        if audio.sha256 != entry.sha256:
            raise AudioError(f"{entry.path} is no longer the file that was measured")
        separator: Any = build_spec("factorization", f"oracle:{entry.stems}") if entry.stems else self._separator
        grid = Grid.of(self._model, audio.sr, audio.n_samples)
        return build(audio, separator, grid, start_s=entry.start_s, duration_s=entry.duration_s)

    @cached_property
    def _model(self) -> Any:
        with named_by(self._named_by):
            return load_model(self.results.identity.model)

    @cached_property
    def _separator(self) -> Any:
        spec = self.results.identity.factorization
        with named_by(self._named_by):
            return None if spec == TRUE_STEMS else load_factorization(spec)


def loudest(samples: Samples, n: int) -> tuple[int, int]:
    """The `n` samples in which a signal (n_channels, n_samples) has most energy, as (first, end).

    Examples
    --------
    >>> loudest(np.array([[0, 0, 1, 1, 0]], np.float32), 2)
    (2, 4)
    """
    n_samples = samples.shape[-1]
    if n >= n_samples:
        return 0, n_samples
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64).sum(axis=0))])
    first = int(np.argmax(np.round(energy[n:] - energy[:-n], 9)))
    return first, first + n


def _split(parts: Components, component: str, signals: Samples) -> tuple[Samples, Samples]:
    """A component of signals (n_stems, n_channels, n_samples), and the sum of the rest; silence where there is none."""
    own = np.array([name == component and name in parts.sources for name in parts.stems.names], np.float32)
    return tuple(np.asarray(np.tensordot(gains, signals, axes=1)) for gains in (own, 1 - own))  # type: ignore[return-value]


def _gain(host: Components, donor: Components, component: str) -> float:
    """The factor of the donor's component in the audit, found from what the model hears of both."""
    n = host.heard.shape[-1]
    own, rest = _split(host, component, host.heard)
    given, given_rest = _split(donor, component, donor.heard[..., :n])
    gain = transplant_gain("own", host_own=own, host_rest=rest, donor_own=given, donor_rest=given_rest)
    if gain is None:
        raise AudioError("the stems are no longer those that were measured")
    return gain


def _like(samples: Samples, sr: int, host: Samples, host_sr: int) -> Samples:
    """A donor's signal with its host's rate, channels and length."""
    if len(samples) > len(host):
        samples = samples.mean(axis=0, keepdims=True)
    samples = np.repeat(samples, len(host) // len(samples), axis=0)
    return resample_span(samples, sr, host_sr, 0, host.shape[-1])
