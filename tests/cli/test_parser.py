"""`audit` knows which command is meant, and every command takes ``--debug`` at its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from audiolime_ext.audit.store.store import AuditStore
from audiolime_ext.cli import build_parser, main
from audiolime_ext.cli.audit import export, gate, report, run
from audiolime_ext.cli.parser import all_commands
from tests.cli.test_odd_names import OPTIONS, sound


def test_debug_may_stand_at_the_end_of_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    for command in all_commands(build_parser()):
        with pytest.raises(SystemExit, match="0"):
            main([*command.prog.split()[1:], "--debug", "--help"])
        assert "--debug " in capsys.readouterr().out, command.prog


@pytest.mark.parametrize(
    ("args", "command", "what"),
    [
        ("songs.csv", run, {"manifest": "songs.csv"}),
        ("-f hpss songs.csv", run, {"manifest": "songs.csv", "factorization": "hpss"}),
        ("--debug songs.csv", run, {"manifest": "songs.csv", "debug": True}),
        ("songs.csv --debug", run, {"manifest": "songs.csv", "debug": True}),
        ("run songs.csv", run, {"manifest": "songs.csv"}),
        ("run report -f gate", run, {"manifest": "report", "factorization": "gate"}),
        ("-f gate merge", run, {"manifest": "merge", "factorization": "gate"}),
        ("./report", run, {"manifest": "./report"}),
        ("-- report", run, {"manifest": "report"}),
        ("report gate -o run", report, {"store": "gate", "output": "run"}),
        ("--debug report gate -o run", report, {"store": "gate", "output": "run", "debug": True}),
        ("gate run", gate, {"store": "run"}),
        ("export gate -o run", export, {"store": "gate", "output": "run"}),
    ],
)
def test_audit_runs_unless_the_first_word_is_another_command(args: str, command: Any, what: dict[str, Any]) -> None:
    found = build_parser().parse_args(["audit", *args.split()])
    assert found.run is command.run
    assert {name: getattr(found, name) for name in what} == what


@pytest.mark.parametrize(("args", "code", "says"), [(["-h"], 0, "COMMAND"), ([], 2, "required: COMMAND")])
def test_audit_alone_tells_its_commands(
    capsys: pytest.CaptureFixture[str], args: list[str], code: int, says: str
) -> None:
    with pytest.raises(SystemExit, match=str(code)):
        main(["audit", *args])
    assert says in "".join(capsys.readouterr())


@pytest.mark.parametrize("name", ["report", "gate", "merge", "export", "run"])
def test_a_folder_that_is_called_as_a_command_is_can_be_audited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for seed in range(4):
        sound(Path(name) / ("hum", "hiss")[seed % 2] / f"{seed}.wav", seed)
    few = (*OPTIONS, "--workers", "0", "--same", "0", "--no-noise")
    for number, words in enumerate((["audit", "run", name], ["audit", f"./{name}"])):
        assert main([*words, *few, "-o", f"{number}.sqlite"]) == 0
        with AuditStore.read(f"{number}.sqlite") as store:
            assert len(list(store.recordings())) == 4
