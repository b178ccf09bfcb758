"""The home page of the app as text; what it shows of songs, its script asks the server for.

It is whole without waiting for a model: what takes long is told when it is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from markupsafe import Markup

from audiolime_ext.progress.progress import span
from audiolime_ext.report.templating import policy, render, static

_WORDS = {
    "musicnn:MSD_musicnn": "50 tags, learnt from the Million Song Dataset (musicnn)",
    "musicnn:MTT_musicnn": "50 tags, learnt from MagnaTagATune (musicnn)",
    "musicnn:MSD_vgg": "50 tags, learnt from the Million Song Dataset (VGG)",
    "musicnn:MTT_vgg": "50 tags, learnt from MagnaTagATune (VGG)",
    "vibenet": "moods and tempo (VibeNet)",
    "spleeter:2stems": "voice and accompaniment (Spleeter)",
    "spleeter:4stems": "voice, drums, bass and the rest (Spleeter)",
    "spleeter:5stems": "voice, piano, drums, bass and the rest (Spleeter)",
    "cerberus": "piano and guitar, bass, drums (Cerberus)",
    "hpss": "what sustains and what strikes (by median filters)",
}


def in_words(spec: str) -> str:
    """A spec in plain words, where it is a known one.

    Parameters
    ----------
    spec : str
        Spec of a model or a separator.

    Examples
    --------
    >>> in_words("hpss"), in_words("bands:4")
    ('what sustains and what strikes (by median filters)', 'bands:4')
    """
    return _WORDS.get(spec, spec)


def home_html(
    *,
    models: Sequence[str],
    factorizations: Sequence[str],
    labels: Sequence[str] = (),
    min_score: float = 0.3,
    most_bytes: int = 300_000_000,
    longest_s: float = 3600.0,
    local: bool = True,
    keep: bool = False,
    paths: bool = False,
) -> str:
    """The page as text.

    Parameters
    ----------
    models, factorizations : sequence of str
        Specs among which a reader may choose, the defaults first.
    labels : sequence of str
        Labels that are explained where a reader names none; empty: those that score `min_score` or more.
    min_score : float
        Least score of a label, 0 to 1.
    most_bytes : int
        Size of the largest file in bytes.
    longest_s : float
        Length of the longest recording in seconds.
    local : bool
        True if the server answers its own machine alone.
    keep : bool
        True if results are kept when the server ends.
    paths : bool
        True if files of the server's machine may be named by their paths.
    """
    style = static("song/page.css") + static("home/home.css")
    script = static("home/steady.js") + static("home/home.js") + "\naudiolime.home = audiolime.mountHome(document);\n"
    facts: dict[str, Any] = {"most_bytes": most_bytes, "models": list(models)}
    usual = ", ".join(labels) if labels else f"every label that scores {min_score:.2f} or more somewhere"
    return render(
        "home/home.html.j2",
        models=[(spec, in_words(spec)) for spec in models],
        factorizations=[(spec, in_words(spec)) for spec in factorizations],
        usual=usual,
        most_mb=round(most_bytes / 1e6),
        longest=span(longest_s),
        local=local,
        keep=keep,
        paths=paths,
        facts=facts,
        policy=policy(script, style, served=True),
        script=Markup(script),
        style=Markup(style),
        version=version("audiolime-ext"),
    )
