"""A flag that is left out means what the function means by it: defaults stand twice and may not drift apart."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Callable
from typing import Any

import pytest

from audiolime_ext import evaluate_embedding, explain, explain_track, relevance, run_audit, similar
from audiolime_ext.audit.run import plan_audit
from audiolime_ext.cli import build_parser
from audiolime_ext.cli.parser import all_commands
from audiolime_ext.cli.question import MIN_SCORE
from audiolime_ext.concepts.finding import find_concepts
from audiolime_ext.concepts.pipeline import plan_concepts

COMMANDS = {parser.prog: parser for parser in all_commands(build_parser())}
CALLED: dict[str, tuple[Callable[..., Any], ...]] = {
    "audiolime explain": (explain,),
    "audiolime relevance": (relevance,),
    "audiolime page": (explain, explain_track),
    "audiolime audit run": (run_audit, plan_audit),
    "audiolime concepts run": (plan_concepts, find_concepts),
    "audiolime concepts report": (find_concepts,),
    "audiolime similar": (similar,),
    "audiolime evaluate-embedding": (evaluate_embedding,),
}
LEAST = {  # that are shared
    "audiolime explain": 7,
    "audiolime relevance": 3,
    "audiolime page": 4,
    "audiolime audit run": 2,
    "audiolime concepts run": 7,
    "audiolime concepts report": 3,
    "audiolime similar": 8,
    "audiolime evaluate-embedding": 5,
}


def defaults(function: Callable[..., Any]) -> dict[str, Any]:
    parameters = inspect.signature(function).parameters.values()
    return {one.name: one.default for one in parameters if one.default is not inspect.Parameter.empty}


@pytest.mark.parametrize("command", CALLED)
def test_flags_have_the_defaults_of_the_functions_they_call(command: str) -> None:
    shown = [action for action in COMMANDS[command]._actions if action.help != argparse.SUPPRESS]
    given = {action.dest: action.default for action in shown}
    compared = [
        (name, tuple(given[name]) if isinstance(given[name], list) else given[name], default)
        for function in CALLED[command]
        for name, default in defaults(function).items()
        if given.get(name) is not None and name not in ("model", "factorization")
    ]
    assert [one for one in compared if one[1] != one[2]] == []
    assert len(compared) >= LEAST[command]


def test_the_least_score_of_a_track_is_the_functions() -> None:
    assert defaults(explain_track)["min_score"] == MIN_SCORE
