"""Templates: what they name is there, and what is not there is an error."""

from __future__ import annotations

from dataclasses import fields
from importlib.resources import files
from pathlib import Path

import jinja2
import pytest
from jinja2 import nodes

from audiolime_ext.report import templating
from audiolime_ext.report.concepts.view import PageView
from audiolime_ext.report.maps.view import MapView
from audiolime_ext.report.neighbours.study import StudyView
from audiolime_ext.report.neighbours.view import WhyView
from audiolime_ext.report.song.view import View

REPORT = Path(str(files("audiolime_ext.report")))
TEMPLATES = sorted(REPORT.rglob("*.j2"))


def test_a_name_that_is_not_given_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError, match="'policy' is undefined"):
        templating.render("song/index.html.j2", entries=[], title="", style="")


def test_every_branch_of_a_page_names_what_a_view_has() -> None:
    """Also where no test goes: a branch that is never taken would fail when a user takes it."""
    views = {"why.html.j2": WhyView, "study.html.j2": StudyView, "map.html.j2": MapView, "concepts.html.j2": PageView}
    named = set()
    for template in TEMPLATES:
        there = {one.name for one in fields(views.get(template.name, View))}
        tree = templating._environment().parse(template.read_text(encoding="utf-8"))
        for node in tree.find_all(nodes.Getattr):
            if isinstance(node.node, nodes.Name) and node.node.name == "view":
                named.add(node.attr)
                assert node.attr in there, template
    assert len(named) > 30, "the test looks where it should"
