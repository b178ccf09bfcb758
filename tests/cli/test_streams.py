"""Full, closed and broken streams, and what must not reach a terminal."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext import Audio
from audiolime_ext.cache import Cache, results_folder
from audiolime_ext.cli import main

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")

COMMAND = f"{sys.executable} -m audiolime_ext"
EVIL = "\x1b[2J\x07gone\r\x9b1A\u202etac\x7f"
CONTROL = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]"


def shell(command: str) -> tuple[int, str, str]:
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("--version > /dev/full", "No space left on device"),
        ("list > /dev/full", "No space left on device"),
        ("--version >&-", "Bad file descriptor"),
        ("--version <&- >&-", "Bad file descriptor"),
    ],
)
def test_stdout_that_cannot_be_written_is_an_error(command: str, reason: str) -> None:
    code, _, told = shell(f"{COMMAND} {command}")
    assert code == 1
    assert told == f"audiolime: error: cannot write to stdout: {reason}; send it elsewhere\n"


def test_a_reader_that_has_gone_is_no_error_to_speak_of() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*COMMAND.split(), "--version"], stdout=writer, stderr=subprocess.PIPE, check=False, timeout=60
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize("redirection", ["2> /dev/full", "2>&-"])
def test_what_cannot_be_told_is_lost_and_nothing_else(redirection: str, tmp_path: Path) -> None:
    Audio(np.random.default_rng(0).normal(0, 0.1, (1, 4000)).astype(np.float32), 4000).write(tmp_path / "song.wav")
    command = f"tag {tmp_path}/song.wav -t tests.cli.test_odd_names:listener --json"  # it warns of the low rate
    code, out, _ = shell(f"{COMMAND} {command} {redirection}")
    assert (code, json.loads(out)["labels"]) == (0, ["hiss", "hum"])


def test_no_control_character_of_a_name_or_a_message_reaches_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AUDIOLIME_CACHE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    (tmp_path / "evil_models.py").write_text(f"def model(batch):\n    raise ValueError({EVIL!r})\n")
    Audio(np.random.default_rng(0).normal(0, 0.1, (1, 4000)).astype(np.float32), 4000).write("song.wav")
    Cache(results_folder(), 10**6).write({"kind": "scores"}, {}, {}, recording=EVIL, by=EVIL)
    assert main(["cache", "list"]) == 0
    assert main(["tag", "song.wav", "-t", "evil_models:model"]) == 1
    with pytest.raises(SystemExit, match="2"):
        main(["tag", f"--{EVIL}"])
    out, err = capsys.readouterr()
    for told in (out, err):
        assert r"\x1b[2J\x07gone" in told
        assert not re.search(CONTROL, told)
    assert main(["cache", "list", "--json"]) == 0
    out = capsys.readouterr().out
    assert not re.search(CONTROL, out)
    assert json.loads(out)["results"][0]["recording"] == EVIL
