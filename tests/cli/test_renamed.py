"""What was called otherwise once still works, and one line on stderr says what it is called now."""

from __future__ import annotations

from pathlib import Path

import pytest

from audiolime_ext.cli import build_parser, main
from audiolime_ext.cli.parser import all_commands
from audiolime_ext.cli.renamed import RENAMED
from tests.audit.store.test_merge import SONGS, everything, write
from tests.cli.test_bad_input import refusal

ROWS = [(command, old, new) for command, names in RENAMED.items() for old, new in names.items() if old.startswith("-")]
NEEDED = {
    "explain": ["song.wav"],
    "audit run": ["m.csv"],
    "audit gate": ["s.sqlite"],
    "audit report": ["s.sqlite", "-o", "out"],
}
VALUES = {"--donors": "3", "--store": "s.sqlite", "--baseline": "old.sqlite", "--delta": ".1"}


@pytest.mark.parametrize(("command", "old", "new"), ROWS)
@pytest.mark.parametrize("joined", [False, True])
def test_the_old_flag_does_what_the_new_one_does(
    capsys: pytest.CaptureFixture[str], command: str, old: str, new: str, joined: bool
) -> None:
    value = VALUES.get(old)

    def parsed(flag: str) -> dict[str, object]:
        words = [flag] if value is None else [f"{flag}={value}"] if joined else [flag, value]
        return vars(build_parser().parse_args([*command.split(), *NEEDED[command], *words]))

    now = parsed(new)
    assert capsys.readouterr() == ("", "")
    assert parsed(old) == now
    assert now != vars(build_parser().parse_args([*command.split(), *NEEDED[command]]))
    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert out == ""
    assert line.startswith(f"audiolime: {old} ")
    assert f" is now {new}" in line
    assert "None" not in line


def test_the_line_names_both_with_what_they_take(capsys: pytest.CaptureFixture[str]) -> None:
    build_parser().parse_args(["audit", "m.csv", "--donors", "3"])
    assert capsys.readouterr().err == "audiolime: --donors N is now --n-donors N\n"
    build_parser().parse_args(["explain", "song.wav", "--moments"])
    assert capsys.readouterr().err == "audiolime: --moments is now --shifts\n"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The current folder is the test's own."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("elsewhere")
def test_a_wrong_value_of_an_old_flag_is_refused_as_one_of_the_new(capsys: pytest.CaptureFixture[str]) -> None:
    line = refusal(capsys, "audit", "m.csv", "--donors", "-1", code=2)
    assert "argument --donors: a whole number of at least 0 is needed, not '-1'" in line


def test_help_shows_the_new_names_only() -> None:
    parsers = {parser.prog: parser.format_help() for parser in all_commands(build_parser())}
    for command, old, new in ROWS:
        assert f"{old} " not in parsers[f"audiolime {command}"]
        assert new in parsers[f"audiolime {command}"]


def test_explain_keeps_its_donors_and_its_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    args = build_parser().parse_args(["explain", "a.wav", "--donors", "b.wav", "c.wav", "--baseline", "noise"])
    assert (args.donors, args.baseline) == (["b.wav", "c.wav"], "noise")
    assert capsys.readouterr().err == ""


def test_merge_still_takes_the_store_to_write_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = write(tmp_path / "one", SONGS[:2]), write(tmp_path / "two", SONGS[2:])
    assert main(["audit", "merge", str(tmp_path / "old"), str(one), str(two)]) == 0
    before = capsys.readouterr()
    assert before.err == "audiolime: audit merge OUT STORE… is now audit merge STORE… -o OUT\n"
    assert main(["audit", "merge", str(one), str(two), "-o", str(tmp_path / "new")]) == 0
    now = capsys.readouterr()
    assert now.err == ""
    assert before.out.replace("old", "new") == now.out
    assert everything(tmp_path / "old") == everything(tmp_path / "new")


@pytest.mark.usefixtures("elsewhere")
def test_merging_into_nothing_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = write(tmp_path / "one", SONGS[:2]), write(tmp_path / "two", SONGS[2:])
    kept = one.read_bytes()
    told = "name the store to write with -o OUT; {} to be merged"
    assert told.format("1 store is") in refusal(capsys, "audit", "merge", str(one), code=2)
    assert told.format("2 stores are") in refusal(capsys, "audit", "merge", str(one), str(two), code=2)
    assert one.read_bytes() == kept
