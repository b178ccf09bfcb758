"""The home page as text: whole, safe, and in plain words."""

from __future__ import annotations

import re

import pytest

from audiolime_ext.report.home.page import home_html, in_words


def html(**options: object) -> str:
    return home_html(models=["musicnn:MSD_musicnn"], factorizations=["spleeter:2stems", "bands:4"], **options)  # type: ignore[arg-type]


def test_nothing_is_fetched_from_elsewhere_and_only_our_script_runs() -> None:
    page = html()
    assert not re.search(r"https?://", page.replace("http://www.w3.org/2000/svg", ""))
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    assert "default-src &#39;none&#39;" in policy[1]
    assert "connect-src &#39;self&#39;" in policy[1]
    assert "unsafe" not in policy[1]
    assert " style=" not in page
    assert not re.search(r"\son\w+=", page.partition("<script>")[0])


def test_all_links_are_relative() -> None:
    page = html()
    assert re.findall(r'(?:href|src|action)="([^"]*)"', page) == ["api/openapi.json"]
    assert re.findall(r'(?:fetch|open|EventSource)\((?:"\w+", )?["`](\w+/)', page) == ["api/", "api/", "api/"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, ["stays on this machine", "Nothing is kept once the server ends", "up to 300 MB and 60 min"]),
        ({"keep": True}, ["Results are kept until you delete them"]),
        ({"local": False}, ["goes to this server, and no further"]),
        ({"most_bytes": 50_000_000, "longest_s": 600.0}, ["up to 50 MB and 10 min"]),
        ({"labels": ["rock", "jazz"]}, ["rock, jazz"]),
        ({"min_score": 0.5}, ["every label that scores 0.50 or more"]),
        ({"paths": True}, ["name a file of the server’s music folder"]),
    ],
)
def test_it_says_what_becomes_of_the_music_and_what_is_taken(options: dict[str, object], told: list[str]) -> None:
    page = html(**options)
    assert all(words in page for words in told)


def test_specs_are_said_in_plain_words_where_they_are_known() -> None:
    page = html()
    assert ">voice and accompaniment (Spleeter)</option>" in page
    assert '<option value="bands:4">bands:4</option>' in page
    assert in_words("<i>") == "<i>"


def test_values_are_text_whatever_they_hold() -> None:
    page = html(labels=["</script><b>"])
    assert "</script><b>" not in page
    assert "&lt;/script&gt;&lt;b&gt;" in page
