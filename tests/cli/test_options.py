"""The same flag is the same thing in every command."""

from __future__ import annotations

import argparse
import re
from argparse import ArgumentParser
from pathlib import Path

import pytest

from audiolime_ext.cli import build_parser, main
from audiolime_ext.cli.parser import all_commands
from tests.cli.test_commands import furnish

LEAVES = {parser.prog: parser for parser in all_commands(build_parser()) if parser.get_default("run")}


def flags(parser: ArgumentParser) -> list[argparse.Action]:
    """The flags that the help shows, in its order."""
    return [action for action in parser._actions if action.option_strings and action.help != argparse.SUPPRESS]


def commands_with(flag: str) -> dict[str, argparse.Action]:
    return {
        name: action for name, parser in LEAVES.items() for action in flags(parser) if flag in action.option_strings
    }


SHARED = sorted({flag for parser in LEAVES.values() for action in flags(parser) for flag in action.option_strings})


def test_every_command_is_looked_at() -> None:
    assert len(LEAVES) == 31
    assert {"-o", "--json", "-m", "--labels", "--expected"} < set(SHARED)


@pytest.mark.parametrize("flag", SHARED)
def test_a_flag_takes_the_same_in_every_command(flag: str) -> None:
    """But -o takes a folder, a page, a store or a file, as the word in the help says; and a list leads from a song."""
    found = commands_with(flag).values()
    if flag == "--from":
        assert {action.metavar for action in found} == {"FILE", "SONG"}
        return
    assert len({(tuple(action.option_strings), action.nargs, action.dest) for action in found}) == 1
    if flag not in ("-o", "--output"):
        assert len({str(action.metavar) for action in found}) == 1
        assert len({str(action.choices) for action in found}) == 1


@pytest.mark.parametrize(
    ("flag", "words"),
    {
        "--labels": "labels",
        "--top-labels": "the K highest labels",
        "--seed": "random seed for ",
        "--max-evals": "most masks to evaluate for each ",
        "--duration": "length of the excerpt in seconds",
        "--threshold": "a label counts as predicted at or above this score",
        "--expected": "pairs that are meant to matter: lines of class, component (default: ",
        "--tolerance": "share of decisions that may flip",
        "--json": "as JSON, and nothing else",
    }.items(),
)
def test_a_flag_is_told_in_the_same_words(flag: str, words: str) -> None:
    for action in commands_with(flag).values():
        assert words in str(action.help)


def test_where_something_is_written_stands_last_and_in_the_same_words() -> None:
    found = commands_with("-o")
    assert {name.removeprefix("audiolime ") for name in found} == {
        *(
            "explain",
            "relevance",
            "page",
            "separate",
            "demo",
            "audit run",
            "audit report",
            "audit merge",
            "audit export",
        ),
        *("concepts run", "concepts report", "concepts merge"),
        *("index run", "index merge", "similar", "why", "playlist", "map", "evaluate-embedding", "train-embedding"),
    }
    for name, action in found.items():
        assert action.option_strings == ["-o", "--output"]
        assert re.match("folder for |(page|store|table|index|model) to write", str(action.help))
        main_options = LEAVES[name]._optionals._group_actions
        shown = [one.option_strings[-1] for one in main_options if one.help != argparse.SUPPRESS]
        assert shown[-3:] == ["--output", "--json", "--debug"]


def test_the_model_is_named_by_m_and_as_before_by_t() -> None:
    found = commands_with("-m")
    asking = {"explain", "relevance", "page", "tag", "audit run", "audit gate", "concepts run", "index run", "why"}
    asking.add("serve")
    assert {name.removeprefix("audiolime ") for name in found} == asking
    for name, action in found.items():
        assert action.option_strings == ["-m", "--model", "-t", "--tagger"]
        assert "-m SPEC, --model SPEC, -t SPEC, --tagger SPEC" in LEAVES[name].format_help()
        for flag in action.option_strings:
            song = [] if name == "audiolime serve" else ["song"]
            assert LEAVES[name].parse_args([*song, flag, "a:b"]).model == "a:b"


@pytest.mark.parametrize("name", LEAVES)
def test_help_speaks_of_models(name: str) -> None:
    assert "tagger" not in LEAVES[name].format_help().replace("--tagger", "")


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_prints_json_if_asked_to(name: str) -> None:
    assert name in commands_with("--json")


def test_either_flag_names_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    furnish(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    told = set()
    for flag in ("-m", "--model", "-t", "--tagger"):
        assert main(["tag", "song.wav", flag, "studio_models:loud", "--sr", "16000"]) == 0
        told.add(capsys.readouterr())
    ((out, err),) = told
    assert out.startswith("song.wav: studio_models:loud, ")
    assert err == ""


def test_a_rate_that_no_sound_has_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    furnish(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert main(["tag", "song.wav", "-m", "studio_models:loud", "--sr", "1000000000"]) == 2
    assert "sr must be a whole number of Hz from 1 to 768000, not 1000000000" in capsys.readouterr().err
