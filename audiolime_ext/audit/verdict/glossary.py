"""The words of an audit, one sentence each: ``--help``, the report and the documentation take them from here.

Invariant: every word that heads a column of the report, names a measure of the export, or stands in a verdict, a
heading or the gate's answer, and that a reader would have to guess, has an entry.
"""

from __future__ import annotations

from collections.abc import Collection

GLOSSARY = {
    "host": "the recording that is changed: a component is taken out of it, or put into it",
    "donor": "the recording that gives the component that is put into a host",
    "component": "one of the parts that recordings are split into, such as drums: a stem, or several as one",
    "put in": "a component of a recording of the class takes the place of the same component of a host that is not of "
    "the class; the decision flips if the class is gained",
    "taken out": "a component is left out of a host of the class; the decision flips if the class is lost",
    "own": "how loud what is put in is: as loud, relative to the rest, as it was in the donor. Verdicts are on this",
    "matched": "how loud what is put in is: as loud as the component whose place it takes. The control that tells "
    "whether level alone does it",
    "same": "the control with the component of other songs of the host's own class: it tells whether it counts that "
    "the component is there, or how it sounds in the other class",
    "flips": "how many decisions change, as a share of all that were tried, with its 95 % interval over songs",
    "limit": "the share of decisions that may flip before an effect counts, chosen before the results are seen",
    "δ": "the limit of a factorization: a share of flips that told models with a known fault from models without, "
    "where this factorization split the recordings; 50 %, a convention, where nobody has measured it",
    "tolerance": "the limit of a gate: the share of flips that you accept (5 % where none is given)",
    "shown": "the whole interval lies above the limit, also after the correction for many pairs, and more decisions "
    "flip than under every control",
    "ruled out": "the whole interval lies below the limit",
    "open": "neither shown nor ruled out: too few songs to tell, or as many decisions flip under a control",
    "not auditable": "no trial can tell, because the stems do not hold the component apart from others, or it is "
    "nearly all of the sound",
    "confounder": "a component that is shown to matter and is not meant to",
    "depends on": "shown, where nobody said what is meant to matter",
    "meant to matter": "declared in the table --expected: an effect that is shown is read as it should be. Nothing "
    "demands one: if it is not shown, a line says so",
    "known": "shown in the baseline of --compare-with, and no worse now: shown, and not significantly more often, or "
    "open, with an interval that reaches no higher",
    "waived": "left out of the gate's decision, with the numbers that were left out: meant to matter, or not auditable "
    "under --waive-not-auditable",
    "necessity": "how far the class falls, in log-odds, when the component is taken out",
    "sufficiency": "how far the component alone lifts the class above silence, in log-odds; undetermined where silence "
    "has the class already",
    "attribution": "the component's Shapley value in log-odds: the average change when it joins the others",
    "leak": "the control with what is separated as the component in recordings that do not hold it",
    "presence": "the component's level in dB relative to the recording",
    "without": "the recording, with the component taken out",
    "alone": "the component, with nothing else",
    "own before": "the host as it was, at the scale of the mix that something is put into; matched before: likewise",
    "equal level": "the control of taken out: nothing is taken out, but the host is as soft as without the component",
    "white noise": "the control of taken out: noise of the component's level in its place",
    "spectral noise": "the control of taken out: noise with the component's spectrum in its place",
    "again": "a placebo: the same recording, asked about once more",
    "nudged": "a placebo: the recording a little louder or softer, and later",
    "moved": "a placebo: the recording with its own component from another moment",
}

OF_RUN = ("host", "donor", "own", "matched", "flips", "limit", "δ", "shown", "ruled out", "open", "not auditable")
OF_GATE = (
    *("host", "donor", "flips", "limit", "tolerance", "δ", "shown", "ruled out", "open", "not auditable"),
    *("confounder", "depends on", "meant to matter", "known", "waived"),
)
OF_REPORT = (
    *("component", "put in", "taken out", *OF_RUN, "same", "confounder", "depends on", "meant to matter", "waived"),
    *("necessity", "sufficiency", "attribution"),
)
OF_EXPORT = (
    *("host", "donor", "own", "matched", "own before", "without", "alone", "presence", "flips"),
    *("necessity", "sufficiency", "attribution", "equal level", "white noise", "spectral noise"),
    *("again", "nudged", "moved"),
)


def explained(words: Collection[str]) -> str:
    """Some words with their sentences, each a paragraph of its own, for the end of a ``--help``.

    Examples
    --------
    >>> print(explained(["host", "ruled out"]))
    words:
    host: the recording that is changed: a component is taken out of it, or put into it
    ruled out: the whole interval lies below the limit
    """
    return "\n".join(["words:", *(f"{word}: {GLOSSARY[word]}" for word in words)])
