"""The page of an audit: the answer first, then what it rests on, then how to read it.

One HTML file that opens from disk and asks nothing of any network: numbers, pictures and sounds are in it, and a strict
Content-Security-Policy allows its own style (and, for the players, its own script) by their hashes. Text, tables and
charts need no script. It says nothing of when or where it was made: the same store makes the same page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from audiolime_ext.audit.rates import Rate
from audiolime_ext.audit.results import Results
from audiolime_ext.audit.verdicts import Verdict, conclude, delta_for
from audiolime_ext.confusion import holding_notes
from audiolime_ext.errors import AudiolimeError, UsageError
from audiolime_ext.files import fresh_folder, write_bytes
from audiolime_ext.report.audit.charts import MOST_DOTS, Beeswarm, beeswarm, shade
from audiolime_ext.report.audit.clips import CLIP_S, Clip, Listening
from audiolime_ext.report.audit.effects import Effects, Strip, effects, reach
from audiolime_ext.report.audit.findings import Case, Finding, findings
from audiolime_ext.report.audit.names import Names
from audiolime_ext.report.audit.overview import accuracy, comparisons, heat_maps
from audiolime_ext.report.page import policy
from audiolime_ext.report.player import script_text, style_text
from audiolime_ext.report.templating import render, static

FILE = "index.html"
MOST_HEARD = 20  # findings with clips
MOST_PLAYERS = 6
MOST_NAMED = 3  # findings in the first sentence
_NEEDS = {
    "confounder": "“{label}” needs {component}, which is not meant to matter",
    "depends on": "“{label}” needs {component}",
    "as expected": "“{label}” needs {component}, as it is meant to",
}
_SAID = {
    "confounder": "“{label}” is confounded with {component}",
    "depends on": "“{label}” depends on {component}",
    "as expected": "“{label}” depends on {component}, as it is meant to",
}
OPEN_CLASSES, LISTED_CLASSES = 3, 8  # whose pictures are shown at once, and offered beside them


@dataclass(frozen=True)
class Options:
    """How a report is made.

    Parameters
    ----------
    delta
        The flip rate beyond which an effect counts.
    audio
        Whether there is sound.
    clip_s
        How long clips are, in seconds.
    anonymous
        Whether recordings and songs have numbers instead of names.

    Raises
    ------
    UsageError
        If one cannot be used.
    """

    delta: float | None = None
    audio: bool = True
    clip_s: float = CLIP_S
    anonymous: bool = False

    def __post_init__(self) -> None:
        """Check them."""
        if not self.clip_s > 0:
            raise UsageError(f"a clip of {self.clip_s:g} s holds nothing; give more than 0")


@dataclass(frozen=True, eq=False)
class Heard:
    """What can be heard of a case: clips, or why there are none."""

    case: Case
    scores: tuple[str, str]
    decided: tuple[str, str]
    clips: tuple[Clip, ...] = field(default=(), repr=False)
    why_not: str = ""


def write_report(store: str | Path | Results, folder: str | Path, options: Options | None = None) -> Path:
    """Write the report on an audit's store as ``index.html`` in a folder, in one step.

    Parameters
    ----------
    store
        The store, which may still be written to, or results that were read from one.
    folder
        Made where it is not there.

    Raises
    ------
    MissingError, UsageError
        If there is no store, or it is none.
    OutputError
        If the page cannot be written; one that was there before is then as it was.
    """
    results = store if isinstance(store, Results) else Results.read(store)
    html = report_html(results, options)
    with fresh_folder(Path(folder)) as fresh:
        write_bytes(fresh / FILE, html.encode())
    return Path(folder) / FILE


def report_html(results: Results, options: Options | None = None) -> str:
    """The page as text."""
    options = options or Options()
    names = Names(results, options.anonymous)
    verdicts, taken_out = conclude(results, delta=options.delta)
    known = {(verdict.label, verdict.component) for verdict in verdicts if verdict.is_finding}
    needed = [one for one in taken_out if one.is_finding and (one.label, one.component) not in known]
    found = findings(results, [*verdicts, *needed])
    listening = Listening(results, names, clip_s=options.clip_s) if options.audio else None
    heard = [_heard(results, finding, listening if i < MOST_HEARD else None, names) for i, finding in enumerate(found)]
    players = list(_players(found, listening)) if listening else []
    flagged = list(dict.fromkeys(finding.verdict.component for finding in found))
    all_effects = effects(results, first=[finding.verdict.label for finding in found])
    script = script_text() + "\naudiolime.mountAll(document);\n" if players else ""
    style = static("page.css") + static("audit.css") + (style_text() if players else "")
    return render(
        "audit.html.j2",
        policy=policy(script, style),
        script=Markup(script),
        style=Markup(style),
        version=version("audiolime-ext"),
        options=options,
        delta=delta_for(results.identity.factorization) if options.delta is None else options.delta,
        results=results,
        names=names,
        facts=_facts(results, names),
        answer=answer([*verdicts, *needed]),
        failures=[names.failure(failure) for failure in results.failures],
        findings=list(zip(found, heard, strict=True)),
        others=[verdict for verdict in verdicts if not verdict.is_finding],
        pictures=[_pictured(one, reach(all_effects)) for one in all_effects],
        n_open=OPEN_CLASSES,
        n_listed=LISTED_CLASSES,
        most_dots=MOST_DOTS,
        heat_maps=heat_maps(results, verdicts),
        comparisons=comparisons(results, flagged),
        players=players,
        shade=shade,
        percent=percent,
        interval=interval,
        made=made(results, names),
    )


def percent(share: float | None) -> str:
    """A share in whole parts of 100."""
    return "–" if share is None else f"{100 * share:.0f} %"


def interval(rate: Rate) -> str:
    """A rate's interval and what it rests on, for a tooltip.

    Examples
    --------
    >>> interval(Rate(0.75, 0.51, 0.91, 60, 20, 20, 20.0, 0.95))
    '95 % interval 51 to 91 %; 60 decisions; 20 host songs, 20 donor songs'
    """
    songs = f"{rate.n_hosts} host songs" + ("" if rate.n_donors is None else f", {rate.n_donors} donor songs")
    within = f"{100 * rate.confidence:g} % interval {100 * rate.low:.0f} to {100 * rate.high:.0f} %"
    return f"{within}; {rate.n_trials} decisions; {songs}"


def answer(verdicts: Sequence[Verdict]) -> str:
    """The answer in one sentence or two."""
    n = sum(verdict.is_finding for verdict in verdicts)
    delta = percent(verdicts[0].delta) if verdicts else ""
    tried = [verdict for verdict in verdicts if verdict.status != "not auditable"]
    if not tried:
        return "Nothing can be said yet: nothing was put into other recordings so far."
    if not n:
        said = f"No finding: of no component it is known that it flips more than {delta} of decisions."
        few = sum(verdict.status == "too few songs" for verdict in verdicts)
        return said + (
            f" But {few} of {len(tried)} pairs of class and component have too few songs to be judged." if few else ""
        )
    told = [_said(verdict) for verdict in verdicts if verdict.is_finding]
    named = "; ".join(told[:MOST_NAMED]) + (f"; and {n - MOST_NAMED} more" if n > MOST_NAMED else "")
    how = {verdict.rate.n_donors is None for verdict in verdicts if verdict.is_finding and verdict.rate is not None}
    did = {"False": "Put into other recordings", "True": "Taken out", "both": "Put into other recordings, or taken out"}
    done = did["both" if len(how) > 1 else str(how.pop())]
    return f"{n} finding{'s' * (n > 1)}: {named}. {done}, that flips more than {delta} of decisions."


def _said(verdict: Verdict) -> str:
    needed = verdict.rate is not None and verdict.rate.n_donors is None
    return (_NEEDS if needed else _SAID)[verdict.status].format(label=verdict.label, component=verdict.component)


def made(results: Results, names: Names) -> list[tuple[str, str]]:
    """What the results follow from, as (what, how)."""
    identity, settings = results.identity, results.identity.settings
    rows = [
        ("tagger", f"{names.spec(identity.tagger)} ({identity.tagger_fingerprint})"),
        (
            "factorization",
            f"{names.spec(identity.factorization)} ({identity.factorization_fingerprint or 'true stems'})",
        ),
        ("version of the audit", str(identity.version)),
        *((name.replace("_", " "), _plain(value)) for name, value in sorted(settings.items())),
    ]
    thresholds = results.reading.thresholds
    decided = "the highest score"
    if thresholds is not None:
        same = len(set(thresholds)) == 1
        decided = f"every score from {thresholds[0]:g} on" if same else "every score from its label's threshold on"
    return [*rows, ("decided by", decided)]


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _facts(results: Results, names: Names) -> list[str]:
    """What was audited, in a few short lines."""
    n, n_done, n_failed = len(results.entries), int(results.done.sum()), len(results.failures)
    songs, classes = len({entry.song for entry in results.entries}), len(results.classes)
    split = "true stems" if results.identity.factorization == "oracle" else names.spec(results.identity.factorization)
    into = ", ".join(results.components) or "nothing yet"
    lines = [
        f"{names.spec(results.identity.tagger)}, split by {split} into {into}",
        f"{n} recordings of {songs} songs in {classes} classes",
    ]
    lines += holding_notes(results.identity.factorization, results.components)
    right = accuracy(results, results.decided)
    if right is not None:
        elsewhere = np.array([label not in results.classes for label in results.labels])
        others = float(results.decided[results.done][:, elsewhere].any(axis=1).mean())
        more = f"; {percent(others)} are for labels that it does not use" if others else ""
        lines.append(f"{percent(right)} of its decisions agree with the manifest{more}")
    waiting = n - n_done - n_failed
    if waiting > 0:
        lines.append(f"So far: {waiting} of {n} recordings are not measured yet")
    return lines


def _heard(results: Results, finding: Finding, listening: Listening | None, names: Names) -> list[Heard]:
    """The best transplant and the best removal of a finding, with sound where that can be."""
    heard = []
    for case in (*finding.transplants[:1], *finding.removals[:1]):
        column = results.labels.index(case.label)
        scores = tuple(f"{100 * float(values[column]):.0f}" for values in (case.before, case.after))
        decided = tuple(_decided(results, values) for values in (case.before, case.after))
        clips, why_not = _sounds(case, listening, names)
        heard.append(Heard(case, (scores[0], scores[1]), (decided[0], decided[1]), clips, why_not))
    return heard


def _sounds(case: Case, listening: Listening | None, names: Names) -> tuple[tuple[Clip, ...], str]:
    if listening is None:
        return (), ""
    try:
        return listening.clips(case), ""
    except (AudiolimeError, OSError) as error:
        return (), "a recording or a model is not where it was" if names.anonymous else str(error)


def _decided(results: Results, scores: Any) -> str:
    told = [label for label, on in zip(results.labels, results.decide(np.asarray(scores)), strict=True) if on]
    return ", ".join(told[:3]) + (" …" if len(told) > 3 else "") if told else "nothing"


def _players(found: Sequence[Finding], listening: Listening) -> Iterator[tuple[Case, Markup]]:
    """Players of the findings' best cases by turns."""
    turns = zip_longest(*([*finding.transplants[:2], *finding.removals[:1]] for finding in found))
    made = 0
    for case in (case for turn in turns for case in turn if case is not None):
        if made == MOST_PLAYERS:
            return
        try:
            player = Markup(listening.player(case, player_id=f"player-{made + 1}"))
        except (AudiolimeError, OSError):
            continue  # its finding says why
        made += 1
        yield case, player


def _pictured(one: Effects, limit: float) -> tuple[Effects, list[tuple[str, Beeswarm, tuple[Strip, ...]]]]:
    return one, [(measure, beeswarm(strips, limit=limit), strips) for measure, strips in one.strips.items()]
