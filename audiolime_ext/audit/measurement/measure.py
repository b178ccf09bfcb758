"""Measuring one recording: every mix that an audit asks the model about is made, asked and forgotten.

Only the model's *scores* are kept, one for each label, because every effect
(`audiolime_ext.audit.measurement.effects`) and every decision follows from them, whatever the thresholds:

=================  ==========================================================================================
``score``          the recording itself
``silence``        everything is off
``without``        a component is off
``alone``          nothing else is on
``equal level``    the recording, at the level that remains without the component: the control of ``without``
``white noise``    noise of the component's level in its place; ``spectral noise`` has its spectrum, too
``own``            another song's component in its place, at the level it has in that song; ``own before``: the
                   recording at the same scale, where the mix would have clipped otherwise
``matched``        the same at the level of the host's own component; ``matched before`` likewise
``again``          the recording once more, alone: the ``score`` comes from a batch
``nudged``         the recording, slightly louder or softer and later
``moved``          the recording with its own component from another moment
=================  ==========================================================================================

The last three are placebos, see `audiolime_ext.audit.measurement.placebos`; stores of older versions lack them. Two
more measures are not scores: ``attribution``, the component's Shapley values of the clipped log-odds, and ``presence``,
its level in dB relative to the recording.

Invariants: *a recording's measurements follow from its entry, its donors, the models and the settings alone*, not from
what else was measured, by whom or when; and no transplant passes full scale.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from audiolime_ext.attribution.shapley import shapley_values
from audiolime_ext.audio.recording import Samples
from audiolime_ext.audit.measurement.effects import (
    ABSENT_DB,
    KINDS,
    Kind,
    at_level_of,
    spectral_noise,
    transplant,
    transplant_gain,
    white_noise,
)
from audiolime_ext.audit.measurement.fitness import scores_of
from audiolime_ext.audit.measurement.heard import Ears, Heard
from audiolime_ext.audit.measurement.placebos import AGAIN, MOVED, NUDGED, PRESENT_DB, moved, nudged, to_move
from audiolime_ext.audit.store.records import Entry, Measurement
from audiolime_ext.collection.engine.jobs import DonorError, Job
from audiolime_ext.components.game import Mixes, answers
from audiolime_ext.components.masks import Masks, MaskSet, Neighborhood, choose_masks
from audiolime_ext.errors import UsageError, told, unknown
from audiolime_ext.prediction.asking import n_at_once
from audiolime_ext.prediction.contract import Model, Scores
from audiolime_ext.prediction.grid import Grid
from audiolime_ext.prediction.outputs import joined
from audiolime_ext.prediction.targets import log_odds


@dataclass(frozen=True)
class Settings:
    """What results follow from, besides the models.

    Parameters
    ----------
    n_donors : int
        Number of songs of other classes whose components are put into a recording, 0 or more.
    n_same : int
        Number of songs of its own class, 0 or more: the control that tells a component's presence from a trait of it.
    kinds : tuple of {"own", "matched"}
        Kinds of transplants, see `audiolime_ext.audit.measurement.effects`.
    noise : bool
        True to put noise in a component's place, too.
    max_evals : int
        Largest number of masks of a recording; with up to 8 components 256 are all there are.
    seed : int
        Seed, 0 or more, by which donors, noise and, where not all masks are evaluated, masks are drawn.

    Raises
    ------
    UsageError
        If a value cannot be used.
    """

    n_donors: int = 5
    n_same: int = 2
    kinds: tuple[Kind, ...] = ("own", "matched")
    noise: bool = True
    max_evals: int = 256
    seed: int = 0

    def __post_init__(self) -> None:
        """Check what can be checked without a recording."""
        for name in ("n_donors", "n_same", "seed"):
            if getattr(self, name) < 0:
                raise UsageError(f"{name} must not be negative, not {getattr(self, name)}")
        for kind in self.kinds:
            if kind not in KINDS:
                raise unknown("kind of transplant", kind, KINDS)


@dataclass(frozen=True, eq=False)
class Measured:
    """The result of a job: the measurements, small facts, and how many mixes the model was asked about."""

    measurements: tuple[Measurement, ...]
    facts: dict[str, Any]
    n_asked: int


_MASK = "mask"
_ONCE = np.ones((1, 0), bool)

Question = tuple[str, str, str | None, Samples]  # measure, component, donor, and the mix


def measure(job: Job, ears: Ears, settings: Settings) -> Measured:
    """Measure one recording.

    Raises
    ------
    AudioError, ModelError
        If the recording cannot be used, or the model fails.
    DonorError
        If one of its donors cannot be used.
    """
    host = ears.hear(job.host)
    donors = {donor.key: _donor(ears, donor, host) for donor in job.donors}
    try:
        return _measured(job, host, donors, ears.model, settings)
    except Exception as error:
        if not getattr(error, "for_all", False):
            _refuse_donor(job, host, donors, ears.model, settings)
        raise


def _refuse_donor(job: Job, host: Heard, donors: dict[str, Heard], model: Model, settings: Settings) -> None:
    """Raise `DonorError` if the host can be measured without donors, and cannot with one of them."""
    if not donors or _fault(job, host, {}, model, settings) is not None:
        return
    for key, donor in donors.items():
        if (error := _fault(job, host, {key: donor}, model, settings)) is not None:
            raise DonorError(key, str(error), job.host.key) from error


def _fault(job: Job, host: Heard, donors: dict[str, Heard], model: Model, settings: Settings) -> Exception | None:
    try:
        _measured(job, host, donors, model, settings)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the fault of these
        return error
    return None


def _measured(job: Job, host: Heard, donors: dict[str, Heard], model: Model, settings: Settings) -> Measured:
    chosen = choose_masks(len(host.names), max_evals=settings.max_evals, seed=settings.seed)
    grid = Grid.of(model, host.facts["sr"], host.facts.get("n_samples"))
    asked, scores = _answers(model, grid, _questions(job, host, donors, chosen, settings, grid.sr), job.usual_s)
    of_masks = [kind == _MASK for kind, *_ in asked]
    rows = [
        *_of_masks(host, Neighborhood(chosen.masks, chosen.counts, chosen.exhaustive, scores[of_masks])),
        *(
            Measurement(kind, name, tuple(answer.tolist()), donor)
            for (kind, name, donor), answer in zip(asked, scores, strict=True)
            if kind != _MASK
        ),
    ]
    facts = {**host.facts, "exact": chosen.exhaustive}
    return Measured(tuple(rows), facts, len(asked))


def _questions(
    job: Job, host: Heard, donors: dict[str, Heard], chosen: MaskSet, settings: Settings, sr: int
) -> Iterator[Question]:
    """Every mix, one after the other; the first is asked alone, see `_answers`."""
    yield AGAIN, "", None, host.whole
    for mask in chosen.masks:
        yield _MASK, "", None, host.mixes(mask[None])[0]
    for name in host.names:
        if not chosen.exhaustive:  # a sample of masks need not hold these
            yield "without", name, None, host.rest(name)
            yield "alone", name, None, host.stem(name) + host.background
        yield from _controls(job.host, host, name, settings)
    yield from _placebos(job.host, host, settings, sr)
    for key, donor in donors.items():
        for name in dict.fromkeys((*host.names, *donor.names)):
            for kind in settings.kinds:
                yield from _transplants(kind, name, host, donor, key)


def _donor(ears: Ears, donor: Entry, host: Heard) -> Heard:
    """A donor's stems, as long as the host; a sample that rounding took away becomes silence."""
    try:
        heard = ears.hear(donor)
    except Exception as error:  # whatever its file does to those who read it
        if getattr(error, "for_all", False):
            raise
        raise DonorError(donor.key, told(error)) from error
    n_samples = host.background.shape[-1]
    lacking = n_samples - heard.background.shape[-1]
    if lacking > 1 or heard.background.shape[0] != host.background.shape[0]:
        raise DonorError(donor.key, "it is shorter than the recording that it is put into")
    stems, background = (
        np.pad(signal, [(0, 0)] * (signal.ndim - 1) + [(0, max(0, lacking))])[..., :n_samples]
        for signal in (heard.stems, heard.background)
    )
    return Heard(heard.names, stems, background, heard.facts)


def _controls(entry: Entry, host: Heard, name: str, settings: Settings) -> Iterator[Question]:
    """Other things that could move the score when a component is taken out: the level, or that anything is gone."""
    if host.level_db(name) < ABSENT_DB:
        return
    yield "equal level", name, None, at_level_of(host.whole, host.rest(name))
    for kind, noise in (("white noise", white_noise), ("spectral noise", spectral_noise)) if settings.noise else ():
        rng = np.random.default_rng(_seed(entry.sha256, name, kind, settings.seed))
        yield kind, name, None, host.rest(name) + noise(host.stem(name), rng=rng)


def _placebos(entry: Entry, host: Heard, settings: Settings, sr: int) -> Iterator[Question]:
    """Changes that change no music; the choices follow from the recording's content."""
    key = f"{entry.sha256} {settings.seed}"
    yield NUDGED, "", None, nudged(host.whole, sr, key=key)
    for name in to_move([name for name in host.names if host.level_db(name) >= PRESENT_DB], key=key):
        yield MOVED, name, None, moved(host.stem(name), host.rest(name), sr)


def _transplants(kind: Kind, name: str, host: Heard, donor: Heard, key: str) -> Iterator[Question]:
    """A donor's component in the place of the host's own; nothing where its level is not defined."""
    own, rest, given = host.stem(name), host.rest(name), donor.stem(name)
    gain = transplant_gain(kind, host_own=own, host_rest=rest, donor_own=given, donor_rest=donor.rest(name))
    if gain is None:
        return
    done = transplant(own, rest, given, gain=gain)
    yield kind, name, key, done.after
    if done.scale < 1:
        yield f"{kind} before", name, key, done.before


def _answers(
    model: Model, grid: Grid, questions: Iterator[Question], usual_s: float | None
) -> tuple[list[tuple[str, str, str | None]], Scores]:
    """The questions that were asked, and their scores (n_questions, n_labels)."""
    ask = partial(scores_of, model, usual_s=usual_s)
    first = next(questions)  # tells how many windows there are
    windows = grid.cut(first[3][None])
    asked, alone = [first[:3]], ask(windows)

    def mixes() -> Iterator[tuple[Mixes, Masks]]:
        for kind, name, donor, mix in questions:
            asked.append((kind, name, donor))
            yield partial(_one, mix), _ONCE

    return asked, joined([alone, *answers(ask, grid, mixes(), size=n_at_once(model, windows.shape[1]))])


def _one(mix: Samples, _: Masks) -> Samples:
    return mix[None]


def _of_masks(host: Heard, asked: Neighborhood) -> Iterator[Measurement]:
    """The measurements that follow from the masks: the weights, and the scores of masks that have a name."""
    weights = shapley_values(Neighborhood(asked.masks, asked.counts, asked.exhaustive, log_odds(asked.scores))).weights
    yield Measurement("score", "", tuple(asked.full.tolist()))
    yield Measurement("silence", "", tuple(asked.empty.tolist()))
    for i, name in enumerate(host.names):
        yield Measurement("attribution", name, tuple(weights[:, i].tolist()))
        yield Measurement("presence", name, (host.level_db(name),))
        if asked.exhaustive:
            row = np.arange(len(host.names)) == i
            for kind, mask in (("without", ~row), ("alone", row)):
                yield Measurement(kind, name, tuple(asked.scores[(asked.masks == mask).all(axis=1)][0].tolist()))


def _seed(*of: object) -> int:
    return int.from_bytes(hashlib.sha256(repr(of).encode()).digest()[:8], "little")
