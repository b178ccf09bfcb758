"""What stands around the explanations on a page: what the stems are, what the summary is of, how it was computed.

What everybody should know stands in plain words; how it was computed is folded away, in sentences.
"""

from __future__ import annotations

from collections.abc import Sequence

from audiolime_ext.explanation.summary import METHOD_NAMES, how_known
from audiolime_ext.factorization.holding import holding_notes
from audiolime_ext.registry import split_spec
from audiolime_ext.report.templating import clock
from audiolime_ext.text import counted, minus
from audiolime_ext.track.explanation import TrackExplanation

LOUD_RESIDUAL_DB = -40.0  # of the mixture; what true stems miss is heard from there on
STEMS_ARE = {
    "hpss": "harmonic and percussive parts of the sound, not instruments",
    "bands": "frequency bands, not instruments",
    None: "own stems, as they were given",
}
ESTIMATED = "estimated stems: traces of other sources may remain in each"


def stems_are(spec: str | None, names: Sequence[str] = (), residual_db: float | None = None) -> str:
    """What the stems are, in words; one source against the rest is what its separator makes.

    Parameters
    ----------
    spec : str or None
        Spec string of the factorization; None: own stems.
    names : sequence of str
        Names of the stems.
    residual_db : float or None
        Highest level in dB, relative to the mixture, of what the stems miss of the recording; None: they miss nothing.

    Examples
    --------
    >>> stems_are("ova:oracle:stems:guitar") == stems_are("oracle:stems"), stems_are("cerberus")
    (True, 'estimated stems: traces of other sources may remain in each')
    >>> stems_are("oracle:stems", residual_db=-17.2)
    'true stems, but they miss part of what was recorded: what is left sounds at −17.2 dB'
    >>> stems_are("cerberus", ["bass", "drums"])
    'estimated stems: bass may hold drums, guitar and piano; drums may hold guitar and bass (measured: ...'
    """
    kind = None if spec is None else split_spec(spec.removeprefix("ova:"))[0]
    if kind == "oracle":
        if residual_db is None or residual_db <= LOUD_RESIDUAL_DB:
            return "true stems: what is switched is what was recorded"
        return (
            "true stems, but they miss part of what was recorded: what is left sounds at "
            f"{minus(f'{residual_db:.1f}')} dB"
        )
    said = STEMS_ARE.get(kind)
    held = "".join(holding_notes(spec, names))
    if said is None:
        return f"{ESTIMATED.partition(':')[0]}: {held}" if held else ESTIMATED
    return f"{said}; {held}" if held else said


def title_of(track: TrackExplanation, name: str = "") -> str:
    """How a recording was split, and who listened; with its name where there are several on a page."""
    origin = track.provenance
    split = f"split by {_separator(origin.factorization)}, heard by {origin.model or 'own model'}"
    return f"{name}: {split}" if name else split[0].upper() + split[1:]


def _separator(spec: str | None) -> str:
    """The separator's name for readers, who do not know the folder of true stems."""
    split = spec or "own stems"
    return "true stems" if split.removeprefix("ova:").startswith("oracle:") else split


def are_chosen(track: TrackExplanation) -> bool:
    """Whether only some of the windows were asked for."""
    return len(track.windows) < int((~track.taggram.padded).sum())


def facts(track: TrackExplanation, *, excerpt: bool) -> str:
    """Which seconds these are, and how many windows."""
    span, length = f"{clock(track.start_s)} to {clock(track.end_s)}", f"{track.duration_s:.1f} s"
    if excerpt:
        return f"{span}, one window of {length}"
    if are_chosen(track):
        return f"{counted(len(track.windows), 'window')} of {length}, chosen from {span}"
    return f"{span}, {counted(len(track.windows), 'window')} of {length}"


def summary_title(track: TrackExplanation, *, excerpt: bool) -> str:
    """What the table of means is of: the windows that are not silent."""
    if excerpt:
        return "In this window"
    n, every = int(track.sounds.sum()), len(track.windows)
    sounding = "" if n == every else f" that {'are' if n > 1 else 'is'} not silent"
    if are_chosen(track):
        return f"In the {n} windows chosen{sounding}" if n > 1 else f"In the one window chosen{sounding}"
    if n > 1:
        return f"Over the {n} windows{sounding}" if sounding else f"Over all {n} windows"
    return f"In the one window{sounding or ' there is'}"


def computed(track: TrackExplanation) -> list[str]:
    """How the numbers were computed, in sentences."""
    method, noun = track.sounding.attribution.method, track.kind.noun
    how = how_known(track.exact, track.noise, track.provenance.settings.seed)
    off, asked = track.provenance.settings.baseline, counted(track.n_evals, "prediction")
    every = "in every combination" if track.exact else "in combinations drawn at random"
    told = [
        f"The sources were switched on and off {every}, and the model was asked about every mix; {off} stands for a "
        "source that is off.",
        f"{METHOD_NAMES.get(method, method)} ({how}) from {asked}.",
    ]
    if method in ("shapley", "owen"):
        told.insert(
            1,
            f"What a source adds is its Shapley value, the average change of the {noun} when it joins the others: the "
            f"{noun} of {off} plus all bars is the {noun} of the mix.",
        )
    return told
