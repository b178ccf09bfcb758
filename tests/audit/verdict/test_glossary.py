"""Every word that a reader of an audit would have to guess is explained, where it is used, in the same words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from audiolime_ext.audit.verdict.export import MEASURES
from audiolime_ext.audit.verdict.gate import OUTCOMES
from audiolime_ext.audit.verdict.glossary import GLOSSARY, OF_EXPORT, OF_GATE, OF_REPORT, OF_RUN
from audiolime_ext.audit.verdict.limits import DELTAS, delta_for, tolerance
from audiolime_ext.audit.verdict.status import READINGS, STATUSES
from audiolime_ext.cli import main
from audiolime_ext.report.audit.findings import ASKED

PAGE = Path(__file__).parents[3] / "audiolime_ext" / "report" / "audit" / "audit.html.j2"
PLAIN = {  # headers that mean what they say
    *("what was done", "picture of the interval", "95 % interval", "decisions", "class", "change", "songs", "verdict"),
    *(
        "recordings that hold it",
        "undetermined",
        "is, decided as",
        "recordings",
        "recall",
        "precision",
        "label",
        "name",
    ),
    *("title", "beyond verdict.limit.percent ?"),
}


def headers(template: str) -> set[str]:
    """What heads the columns of a template's tables; what an expression gives, where it is no plain text."""
    cells = re.findall(r"<th scope=\"col(?:group)?\"[^>]*>(.*?)</th>", template)
    bare = (re.sub(r"{{ linked\(\"(.*?)\"\) }}", r"\1", cell) for cell in cells)
    bare = (re.sub(r"{{(.*?)}}", r"\1 ", re.sub("<[^>]*>", "", cell)) for cell in bare)
    return {" ".join(cell.split()) for cell in bare}


def unexplained(words: set[str]) -> set[str]:
    return {word for word in words - PLAIN if not any(known in word for known in GLOSSARY)}


def test_every_header_of_the_report_is_plain_or_explained() -> None:
    found = headers(PAGE.read_text(encoding="utf-8"))
    assert {"flips", "median necessity", "component"} <= found
    assert unexplained(found) == set()
    assert unexplained(headers('<th scope="col">sobol index</th>')) == {"sobol index"}


def test_every_word_of_a_verdict_a_measure_and_a_question_is_explained() -> None:
    used = {*STATUSES, *READINGS, *OUTCOMES, *MEASURES, *ASKED, "host", "donor", "limit", "δ", "tolerance"}
    everyday = {"score", "silence", "fail", "inconclusive", "pass", "as expected", "matched before"}
    assert used - everyday - set(GLOSSARY) == set()
    assert all(delta_for(spec).name.startswith("δ") for spec in DELTAS)
    assert "tolerance" in tolerance().name


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ([], GLOSSARY),
        (["run"], OF_RUN),
        (["gate"], OF_GATE),
        (["report"], OF_REPORT),
        (["export"], OF_EXPORT),
    ],
    ids=lambda given: str(given[0]) if isinstance(given, list) and given else "",
)
def test_help_explains_them(command: list[str], words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["audit", *command, "--help"])
    told = capsys.readouterr().out
    assert max(map(len, told.splitlines())) <= 100
    for word in words:
        assert f"{word}: {GLOSSARY[word]}" in " ".join(told.split()), word


def test_a_word_is_explained_in_one_sentence_that_is_not_its_own() -> None:
    for word, meaning in GLOSSARY.items():
        assert not meaning.startswith(word)
        assert len(meaning) < 250
