"""What stands around the explanations on a page: what the stems are, what the summary is of, how it was computed.

What everybody should know stands in plain words; how it was computed is folded away, in sentences.
"""

from __future__ import annotations

from collections.abc import Sequence

from audiolime_ext.explanation.summary import METHOD_NAMES, how_known
from audiolime_ext.factorization.confusion import every
from audiolime_ext.factorization.holding import holding_notes
from audiolime_ext.factorization.stems import RESIDUAL
from audiolime_ext.registry import split_spec
from audiolime_ext.report.player.player import stem_colors
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
SEPARATORS = {"cerberus": "Cerberus", "demucs": "Demucs", "openunmix": "Open-Unmix", "spleeter": "Spleeter"}
SPLIT_INTO = {
    "hpss": "split into harmonic and percussive parts",
    "oracle": "split into its true stems",
    None: "split into stems that were given",
}
MODELS = {"deejai": "Deej-AI", "musicnn": "musicnn", "vibenet": "VibeNet"}
MOST_NAMED = 4
ADD_UP = ("shapley", "owen")  # methods whose weights add up to what the mix has more than the baseline
ROUNDED = "numbers are rounded, so a sum may differ a little"


def stems_are(
    spec: str | None, names: Sequence[str] = (), residual_db: float | None = None, *, brief: bool = True
) -> str:
    """What the stems are, in words; one source against the rest is what its separator makes.

    Parameters
    ----------
    spec : str or None
        Spec string of the factorization; None: own stems.
    names : sequence of str
        Names of the stems.
    residual_db : float or None
        Highest level in dB, relative to the mixture, of what the stems miss of the recording; None: they miss nothing.
    brief : bool
        True to leave out by which rule a stem may hold a source; then it is to be told elsewhere.

    Examples
    --------
    >>> stems_are("ova:oracle:stems:guitar") == stems_are("oracle:stems"), stems_are("cerberus")
    (True, 'estimated stems: traces of other sources may remain in each')
    >>> stems_are("oracle:stems", residual_db=-17.2)
    'true stems, but they miss part of what was recorded: what is left sounds at −17.2 dB'
    >>> stems_are("cerberus", ["bass", "drums"])
    'estimated stems: traces of other sources may remain in each; bass may hold drums, guitar and piano; drums may ...'
    """
    kind = None if spec is None else split_spec(spec.removeprefix("ova:"))[0]
    if kind == "oracle":
        if residual_db is None or residual_db <= LOUD_RESIDUAL_DB:
            return "true stems: what is switched is what was recorded"
        return (
            "true stems, but they miss part of what was recorded: what is left sounds at "
            f"{minus(f'{residual_db:.1f}')} dB"
        )
    return "; ".join([STEMS_ARE.get(kind, ESTIMATED), *holding_notes(spec, names, brief=brief)])


def colors_shared(names: Sequence[str]) -> list[str]:
    """That some sources have one colour, where there are more than there are colours.

    Examples
    --------
    >>> colors_shared([f"part {i}" for i in range(9)]), colors_shared(["drums", "bass"])
    (['9 sources share 8 colours: some look alike, so go by their names'], [])
    """
    n, shades = len(names), len(set(stem_colors(names)))
    return [f"{n} sources share {shades} colours: some look alike, so go by their names"] if shades < n else []


def title_of(track: TrackExplanation, name: str = "", *, names: Sequence[str] = (), exact: bool = False) -> str:
    """How a recording was split, and who listened, in words.

    Parameters
    ----------
    track : TrackExplanation
        Explanation of the recording.
    name : str
        Name of the recording, where there are several on a page.
    names : sequence of str
        Names of the stems.
    exact : bool
        True to name separator and model by their spec strings, where words do not tell them apart.
    """
    origin = track.provenance
    if exact:
        split = f"split by {origin.factorization or 'own stems'}, heard by {origin.model or 'own model'}"
    else:
        split = f"{_split(origin.factorization, names)}, heard by {listener(origin.model)}"
    return f"{name}: {split}" if name else split[0].upper() + split[1:]


def _split(spec: str | None, names: Sequence[str]) -> str:
    kind = None if spec is None else split_spec(spec.removeprefix("ova:"))[0]
    if kind in SPLIT_INTO:
        return SPLIT_INTO[kind]
    if kind == "bands":
        return f"split into {counted(len(names), 'frequency band')}"
    into = every(names) if len(names) <= MOST_NAMED else f"{len(names)} parts"
    return f"split by {SEPARATORS.get(kind or '', kind)} into {into}"


def listener(spec: str | None) -> str:
    """A model's name: of one that is a file, the file's.

    Examples
    --------
    >>> listener("musicnn:MSD_musicnn?layer=penultimate"), listener(None)
    ('the model musicnn', 'a model without a name')
    """
    if spec is None:
        return "a model without a name"
    family, argument = split_spec(spec)
    return f"the model {MODELS.get(family) or argument.partition('?')[0].split('/')[-1] or family}"


def terms(track: TrackExplanation) -> list[tuple[str, str]]:
    """The words of a page and what each means."""
    kind, off = track.kind, track.provenance.settings.baseline
    means = {
        "score": "how strongly the model says a label in a window, from 0 to 1",
        "log-odds": "the score on a scale without ends, on which 0 stands for a score of 0.5",
    }
    left = [("Residual", "what of the recording is in none of the other sources")] if RESIDUAL in track.names else []
    return [
        ("Label", "an answer of the model" if kind.numbered else "a word that the model may say of music"),
        ("Window", f"the {track.duration_s:.1f} s of music that are explained at once"),
        (kind.noun[0].upper() + kind.noun[1:], means.get(kind.noun, "the number that is explained")),
        ("Source", "one of the parts (stems) that the recording was split into"),
        *left,
        (off[0].upper() + off[1:], "what the model hears where every source is off"),
    ]


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
    origin, asked = track.provenance, counted(track.n_evals, "prediction")
    off, combined = origin.settings.baseline, "every combination" if track.exact else "combinations drawn at random"
    told = [
        f"Separator: {origin.factorization or 'own stems'}. Model: {origin.model or 'own model'}.",
        f"The sources were switched on and off in {combined}, and the model was asked about every mix; {off} stands "
        "for a source that is off.",
        f"{METHOD_NAMES.get(method, method)} ({how}) from {asked}.",
    ]
    if method in ADD_UP:
        told.insert(
            2,
            f"What a source adds is its Shapley value, the average change of the {noun} when it joins the others: the "
            f"{noun} of {off} plus all bars is the {noun} of the mix ({ROUNDED}).",
        )
    return told


def sums(track: TrackExplanation) -> str:
    """What adds up in the table of means; empty where nothing need to."""
    if track.sounding.attribution.method not in ADD_UP:
        return ""
    off, noun = track.provenance.settings.baseline, track.kind.noun
    return f"In each row, {off} plus all sources is the mean {noun}; {ROUNDED}."
