"""One self-contained HTML file of an evaluation: what may be said, every interval drawn, every number, every note.

It needs no sound and no script, so none runs.
"""

from __future__ import annotations

from importlib.metadata import version

from markupsafe import Markup

from audiolime_ext.files.names import legible
from audiolime_ext.recommendation.evaluation.result import EmbeddingEvaluation
from audiolime_ext.recommendation.evaluation.words import CHANCE
from audiolime_ext.report.evaluation.view import differences, means, tables
from audiolime_ext.report.templating import policy, render, static
from audiolime_ext.text import minus

TERMS = (
    ("P@1", "how often the nearest song is of the query's group"),
    ("R@k", "how many of its group are among the k nearest, as a share"),
    ("NDCG@k", "the same, where early places count more"),
    ("MAP", "mean average precision: the share of right songs, at each place where one is found, averaged"),
    ("Interval", "where the mean may lie with other groups of this kind, in 95 of 100 cases"),
    ("Surely", "an interval that allows for the number of comparisons leaves out zero"),
    ("Treatment", "what is done to vectors before they are compared; each half of the groups chose it for the other"),
    ("Hubs", "how skewed it is how often songs are found: 0, all as often; above 1, a few are everybody's neighbours"),
)


def evaluation_html(found: EmbeddingEvaluation, *, title: str | None = None) -> str:
    """The page as text.

    Parameters
    ----------
    found : EmbeddingEvaluation
        Result of `audiolime_ext.evaluate_embedding`.
    title : str or None
        Title of the page; None: what was asked.
    """
    style = static("song/page.css") + static("neighbours/neighbours.css") + static("evaluation/evaluation.css")
    return render(
        "evaluation/evaluation.html.j2",
        title=title or f"Do songs find others of the same {legible(found.column)}?",
        said=list(map(minus, found.sentences)),
        about=found.about,
        means=means(found),
        differences=differences(found),
        tables=[(name, header, [list(map(minus, row)) for row in rows]) for name, header, rows in tables(found)],
        groups=[(legible(name), n) for name, n in found.groups.items()],
        column=legible(found.column),
        notes=[legible(note) for note in found.notes],
        terms=[(term.replace("@k", f"@{found.k}"), told.replace("the k ", f"the {found.k} ")) for term, told in TERMS],
        chance=CHANCE,
        policy=policy("", style),
        style=Markup(style),
        version=version("audiolime-ext"),
    )
