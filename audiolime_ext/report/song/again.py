"""The command that makes a page again, as far as the page was made from files, spec strings and options of it."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audiolime_ext.components.baselines import BASELINES
from audiolime_ext.explanation.explanation import Explanation
from audiolime_ext.files.names import legible
from audiolime_ext.report.song.facts import are_chosen
from audiolime_ext.report.song.view import as_track
from audiolime_ext.track.explanation import TrackExplanation

Explained = TrackExplanation | Explanation


@dataclass(frozen=True)
class Options:
    """Options of a page, as `audiolime_ext.report.song.page.page_html` takes them.

    Of the notes it is the file's name, of maps what `audiolime_ext.gradients.parts.beside.all_asked` has of them.
    """

    title: str | None = None
    audio: str | None = "mp3"
    mixture: bool = True
    source_url: str | None = None
    notes_file: str | None = None
    blind: bool = False
    page_name: str | None = None
    gradients: str | None = None
    layer: str | None = None

    def words(self, files: Sequence[str]) -> list[str]:
        """The flags of those that are not as they would be for these files."""
        alone = f"{Path(files[0]).stem}.html" if len(files) == 1 else None
        page = self.page_name or ("PAGE.html" if alone is None else alone)
        return [
            *_flag("--title", self.title),
            *_flag("--audio", {"mp3": None, None: "none"}.get(self.audio, self.audio)),
            *([] if self.mixture else ["--no-mixture"]),
            *_flag("--source-url", self.source_url),
            *_flag("--notes", self.notes_file),
            *(["--blind"] if self.blind else []),
            *_flag("--gradients", self.gradients),
            *_flag("--layer", self.layer),
            *_flag("-o", None if page == alone else page),
        ]


def command_of(explained: Sequence[Explained], options: Options = Options()) -> str:
    """The command in one line; files are named without their folders, and what was given as an object has a stand-in.

    Parameters
    ----------
    explained : sequence of Explanation or TrackExplanation
        Explanations on the page.
    options : Options
        Options of the page.
    """
    first = explained[0].provenance
    found = [one.provenance.file for one in explained]
    files = list(dict.fromkeys("RECORDING" if file is None else legible(Path(file).name) for file in found))
    words = ["audiolime", "page", *files]
    for separator in dict.fromkeys(one.provenance.factorization or "OWN_STEMS" for one in explained):
        words += ["-f", separator]
    words += ["-m", first.model or "OWN_MODEL"]
    words += ["--contrast", *first.contrast] if first.contrast else ["--labels", *explained[0].labels]
    named = first.target if first.target in ("score", "log-odds") else "OWN_TARGET"
    settings, track = first.settings, _track(explained[0])
    baseline = settings.baseline if settings.baseline in BASELINES else legible(Path(settings.baseline).name)
    values: list[tuple[str, Any, Any]] = [
        ("--target", "score" if first.contrast else named, "score"),
        ("--baseline", baseline, "silence"),
        ("--method", settings.method, "auto"),
        ("--max-evals", settings.max_evals, 1024),
        ("--seed", settings.seed, 0),
        ("--min-score", track.min_score if math.isfinite(track.min_score) else 0.3, 0.3),
    ]
    words += _windows(explained[0], track)
    for option, value, default in values:
        words += _flag(option, None if value == default else value)
    return shlex.join([*words, *options.words(files)])


def _track(explained: Explained) -> TrackExplanation:
    return as_track(explained) if isinstance(explained, Explanation) else explained


def _windows(explained: Explained, track: TrackExplanation) -> list[str]:
    """The flags for what was explained of the recording; the segments of an excerpt are named by inner boundaries."""
    if are_chosen(track) or isinstance(explained, Explanation):
        inner_s = explained.components.boundaries_s[1:-1] if isinstance(explained, Explanation) else ()
        segments = ["--segments", ",".join(repr(float(second)) for second in inner_s)] if inner_s else []
        return ["--at", *(f"{window.start_s:.10g}" for window in track.windows), *segments]
    start = ["--start", f"{track.start_s:.10g}"] if track.start_s > 0 else []
    length = ["--duration", f"{track.end_s - track.start_s:.10g}"] if track.ends_early else []
    return [*start, *length]


def _flag(option: str, value: Any) -> list[str]:
    """A flag with its value; none for None. A value that looks like a flag is joined to its own."""
    if value is None:
        return []
    joined = str(value).startswith("-") and option.startswith("--")
    return [f"{option}={value}"] if joined else [option, str(value)]
