"""The page of an audit: the answer first, then the evidence, then how to read it.

One HTML file that opens from disk and works offline: numbers, pictures and sounds are in it, and a strict
Content-Security-Policy allows its own style (and, for the players, its own script) by their hashes. Text, tables and
charts need no script. It holds no date and no place: the same store makes the same page.
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

from audiolime_ext.audit.verdict.admission import admission_of
from audiolime_ext.audit.verdict.agreement import agreement
from audiolime_ext.audit.verdict.limits import Limit, floor_of, given, limit_of, tolerance
from audiolime_ext.audit.verdict.rates import Rate
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.audit.verdict.status import Verdict, decide, in_numbers
from audiolime_ext.audit.verdict.verdicts import conclude, marks, unmet, with_causes
from audiolime_ext.audit.verdict.words import bounds, songs_of
from audiolime_ext.errors import AudiolimeError, UsageError
from audiolime_ext.files.fresh import fresh_folder, write_bytes
from audiolime_ext.files.places import require_writable_file
from audiolime_ext.report.audit.charts import MOST_DOTS, Beeswarm, beeswarm, shade
from audiolime_ext.report.audit.clips import CLIP_S, Clip, Listening
from audiolime_ext.report.audit.effects import Effects, Strip, effects, reach
from audiolime_ext.report.audit.findings import Case, Finding, findings, to_tell
from audiolime_ext.report.audit.linked import WORDS, linked
from audiolime_ext.report.audit.names import Names
from audiolime_ext.report.audit.overview import comparisons, heat_maps
from audiolime_ext.report.player.player import script_text, style_text
from audiolime_ext.report.templating import policy, render, static
from audiolime_ext.text import counted, minus, share_of

FILE = "index.html"
MOST_HEARD = 20  # findings with clips
MOST_PLAYERS = 6
MOST_NAMED = 3  # effects in the first sentence
OPEN_CLASSES, LISTED_CLASSES = 3, 8  # whose pictures are shown at once, and offered beside them


@dataclass(frozen=True)
class Options:
    """Options of a report.

    Parameters
    ----------
    limit : float or None
        Flip rate beyond which an effect counts, between 0 and 1; None: the limit of the factorization.
    audio : bool
        True to embed sound.
    clip_s : float
        Length of a clip in seconds, above 0.
    anonymous : bool
        True to write numbers instead of the names of recordings and songs.
    trust : bool
        True to import the modules that the store names as its model or separator; without, clips that need one are
        left out.

    Raises
    ------
    UsageError
        If one cannot be used.
    """

    limit: float | None = None
    audio: bool = True
    clip_s: float = CLIP_S
    anonymous: bool = False
    trust: bool = False

    def __post_init__(self) -> None:
        """Check them."""
        if not self.clip_s > 0:
            raise UsageError(f"a clip of {self.clip_s:g} s holds nothing; give more than 0")


@dataclass(frozen=True, eq=False)
class Heard:
    """The sound of a case: clips, or why there are none."""

    case: Case
    scores: tuple[str, str]
    decided: tuple[str, str]
    clips: tuple[Clip, ...] = field(default=(), repr=False)
    why_not: str = ""


def write_report(store: str | Path | Results, folder: str | Path, options: Options | None = None) -> Path:
    """Write the report on an audit's store as ``index.html`` in a folder, in one step.

    Parameters
    ----------
    store : str, Path or Results
        Store of the audit, which may still be written to, or results that were read from one.
    folder : str or Path
        Folder of the page; it is made if it does not exist.
    options : Options or None
        Options of the report; None: the defaults.

    Raises
    ------
    MissingError, UsageError
        If there is no store, or it is none.
    OutputError
        If the page cannot be written; one that was there before is then as it was.
    """
    require_place(Path(folder))
    results = store if isinstance(store, Results) else Results.read(store)
    html = report_html(results, options)
    with fresh_folder(Path(folder)) as fresh:
        write_bytes(html.encode("utf-8", "legible"), fresh / FILE)
    return Path(folder) / FILE


def require_place(folder: Path) -> None:
    """Raise `OutputError` if it is clear before any work that the page cannot be written in a folder."""
    require_writable_file(folder / FILE, in_new_folder=True)


def report_html(results: Results, options: Options | None = None) -> str:
    """The page as text."""
    options = options or Options()
    names = Names(results, options.anonymous)
    limit = limit_of(results) if options.limit is None else given(options.limit)
    put_in, taken_out = conclude(results, limit=limit)
    verdicts = [*put_in, *taken_out]
    found = findings(results, told := to_tell(verdicts))
    listening = Listening(results, names, clip_s=options.clip_s, trust=options.trust) if options.audio else None
    heard = [_heard(results, finding, listening if i < MOST_HEARD else None, names) for i, finding in enumerate(found)]
    players = list(_players(found, listening)) if listening else []
    flagged = list(dict.fromkeys(finding.verdict.component for finding in found if finding.verdict.is_finding))
    all_effects = effects(results, first=[finding.verdict.label for finding in found])
    script = script_text() + "\naudiolime.mountAll(document);\n" if players else ""
    style = static("song/page.css") + static("audit/audit.css") + (style_text() if players else "")
    return render(
        "audit/audit.html.j2",
        policy=policy(script, style),
        script=Markup(script),
        style=Markup(style),
        version=version("audiolime-ext"),
        options=options,
        limit=limit,
        results=results,
        names=names,
        facts=_facts(results, names),
        answers=answers(results, put_in, taken_out, limit),
        gated=gated(results, put_in, options.limit),
        failures=[names.failure(failure) for failure in results.failures],
        findings=list(zip(found, heard, strict=True)),
        others=[verdict for verdict in verdicts if not verdict.is_finding],
        not_auditable=[one for one in put_in if one.status == "not auditable" and one not in told],
        words=WORDS,
        linked=linked,
        pictures=[_pictured(one, reach(all_effects)) for one in all_effects],
        n_open=OPEN_CLASSES,
        n_listed=LISTED_CLASSES,
        most_dots=MOST_DOTS,
        heat_maps=heat_maps(results, put_in, taken_out),
        comparisons=comparisons(results, flagged),
        players=players,
        shade=shade,
        percent=percent,
        interval=interval,
        bounds=bounds,
        made=made(results, names),
    )


def percent(share: float | None) -> str:
    """A share in whole parts of 100."""
    return "–" if share is None else f"{100 * share:.0f} %"


def interval(rate: Rate) -> str:
    """A rate's interval and its evidence, for a tooltip.

    Examples
    --------
    >>> interval(Rate(0.75, 0.51, 0.91, 60, 20, 20, 20.0, 0.95))
    '95 % interval 51 to 91 %; 60 decisions; 20 host songs, 20 donor songs'
    """
    within = f"{100 * rate.confidence:g} % interval {100 * rate.low:.0f} to {100 * rate.high:.0f} %"
    return f"{within}; {counted(rate.n_trials, 'decision')}; {songs_of(rate)}"


def answers(
    results: Results, put_in: Sequence[Verdict], taken_out: Sequence[Verdict], limit: Limit
) -> list[tuple[str, bool]]:
    """The answer in a few paragraphs, each with whether it stands out.

    What is shown, what is meant to matter and is not, how often the model is right, pairs by verdict, the limit.
    """
    verdicts = [*put_in, *taken_out]
    agree = [(f"{sentence}.", False) for sentence in agreement(results)]
    if not any(verdict.rate is not None and verdict.rate.rate is not None for verdict in verdicts):
        return [("Nothing can be said yet: nothing was put into other recordings so far.", True), *agree]
    shown = [_quoted(verdict.claim, [verdict]) for verdict in to_tell(verdicts) if verdict.is_finding]
    named = "; ".join(shown[:MOST_NAMED]) + (f"; and {len(shown) - MOST_NAMED} more" if shown[MOST_NAMED:] else "")
    first = f"Shown: {named}." if shown else f"Nothing is shown to flip more than {limit.percent} of decisions."
    lacking = [f"{_quoted(text[0].upper() + text[1:], put_in)}." for text in unmet(put_in)]
    ways = {"Put into other recordings": put_in, "Taken out": taken_out}
    numbers = [f"{way}: {in_numbers(of)}." for way, of in ways.items() if of]
    said = [(text, True) for text in (first, *lacking)]
    return [*said, *agree, (" ".join(numbers), False), (limit.sentence, False)]


def gated(
    results: Results, put_in: Sequence[Verdict], limit: float | None = None
) -> tuple[str, list[tuple[str, list[str]]]]:
    """The gate's answer, by a tolerance or by its usual limit, and which pairs fail or are waived, with numbers."""
    if all(verdict.declared for verdict in put_in):
        return "", []
    held = tolerance(limit)
    verdicts = decide(put_in, held, floor=floor_of(results))
    shown = {(one.label, one.component) for one in put_in if one.is_finding}
    there = {(one.label, one.component) for one in verdicts if one.is_finding}
    if only_there := there - shown:  # what counts of these is not known yet
        trials = results.transplants(labels={label for label, _ in only_there})
        tried = [one for one in trials if (one.label, one.component) in only_there]
        verdicts = with_causes(results, verdicts, tried)
    found = admission_of(results, verdicts, held)
    by = f"here by this page's limit of {held.percent}. Its answer"
    if limit is None:
        by = f"and by a limit of its own: {held.percent} of decisions, unless it is given a tolerance. Its answer by "
        by += "that limit"
    said = [
        f"The gate judges only what is put in, {by}, without --compare-with or --waive-not-auditable: "
        f"{found.outcome} ({found.decision.numbers})."
    ]
    pairs = {what: [pair for pair in found.decision.pairs if pair.outcome == what] for what in ("fail", "waived")}
    if failing := [pair.verdict for pair in pairs["fail"]]:
        named = [f"“{one.label}” and {one.component}" for one in failing[:MOST_NAMED]]
        more = f"; and {len(failing) - MOST_NAMED} more" if failing[MOST_NAMED:] else ""
        said.append(f"It fails for {'; '.join(named)}{more}.")
    if only_there:
        ours = put_in[0].limit.percent
        said.append(f"As this page's limit is higher, {ours}, a pair can be shown there and not here.")
    if shown - there and (floor := floor_of(results)) is not None:
        said.append(f"Through a separator it takes an effect for shown only beyond {floor.percent} ({floor.name}).")
    be = {"fail": ("fails", "fail"), "waived": ("is waived", "are waived")}
    folds = [(be[what][len(of) > 1], [pair.text for pair in of]) for what, of in pairs.items() if of]
    return " ".join(said), folds


def _quoted(text: str, verdicts: Sequence[Verdict]) -> str:
    """The text with the quotes of a page around classes."""
    for label in {verdict.label for verdict in verdicts}:
        text = text.replace(repr(label), f"“{label}”")
    return text


def made(results: Results, names: Names) -> list[tuple[str, str]]:
    """The model, the factorization and the settings behind the results, as (name, value)."""
    identity, settings = results.identity, results.identity.settings
    rows = [
        ("model", f"{names.spec(identity.model)} ({identity.model_fingerprint})"),
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
        decided = (
            f"every score of {thresholds[0]:g} or more" if same else "every score at or above its label's threshold"
        )
    return [*rows, ("decided by", decided)]


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _facts(results: Results, names: Names) -> list[str]:
    """The model, the recordings and the classes of the audit, in a few short lines."""
    n, n_done, n_failed = len(results.entries), int(results.done.sum()), len(results.failures)
    songs, classes = len({entry.song for entry in results.entries}), len(results.classes)
    split = "true stems" if results.identity.factorization == "oracle" else names.spec(results.identity.factorization)
    into = ", ".join(results.components) or "nothing yet"
    lines = [
        f"{names.spec(results.identity.model)}, split by {split} into {into}",
        f"{counted(n, 'recording')} of {counted(songs, 'song')} in {counted(classes, 'class', 'classes')}",
    ]
    said = agreement(results)  # in the answer
    lines += [note for note in marks(results) if note not in said]
    waiting = n - n_done - n_failed
    if waiting > 0:
        lines.append(f"So far: {share_of(waiting, n, 'recording')} not measured yet")
    return lines


def _heard(results: Results, finding: Finding, listening: Listening | None, names: Names) -> list[Heard]:
    """The best transplant and the best removal of a finding, with sound where that is possible."""
    heard = []
    for case in (*finding.transplants[:1], *finding.removals[:1]):
        column = results.labels.index(case.label)
        scores = tuple(minus(f"{float(values[column]):.2f}") for values in (case.before, case.after))
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
        return (), "a recording or a model is not where it was, or not trusted" if names.anonymous else str(error)


def _decided(results: Results, scores: Any) -> str:
    told = [label for label, on in zip(results.labels, results.decide(np.asarray(scores)), strict=True) if on]
    return ", ".join(told[:3]) + (" …" if len(told) > 3 else "") if told else "nothing"


def _players(found: Sequence[Finding], listening: Listening) -> Iterator[tuple[Case, Markup]]:
    """Players of the best cases, one finding after the other."""
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
