"""Commands in a process of their own, with a bound on time, and what is wrong with how they ended."""

from __future__ import annotations

import json
import os
import selectors
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.fuzz.damage import Input
from tests.fuzz.models import MODELS

ROOT = Path(__file__).parents[2]
BOUND_S = 60.0  # of one command, on a busy machine
FAULTS = ("traceback", "unexpected", "hang", "death", "exit code", "left behind", "lost rows", "other answer")
PLACE = {"AUDIOLIME_CACHE_MAX": "0"}
KEPT = {".sqlite", ".lock"}  # a store holds what is done, whatever comes after


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code (None: it died, or was killed as it went on for too long), and its words."""

    code: int | None
    out: str
    err: str
    too_long: bool = False


class Worker:
    """A process that runs one command after the other; it is started again where one kills it."""

    def __init__(self) -> None:
        self._words = Path(tempfile.mkdtemp(prefix="fuzz-words-"))
        self._process: subprocess.Popen[str] | None = None

    def run(self, folder: Path, command: Sequence[str], place: Mapping[str, str], *, bound_s: float = BOUND_S) -> Ended:
        """Run a command in a folder, with these variables in its environment."""
        process = self._started()
        paths = {name: self._words / name for name in ("out", "err")}
        asked = {"folder": str(folder), "command": list(command), "place": {**PLACE, **place}}
        asked |= {name: str(path) for name, path in paths.items()}
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(asked) + "\n")
            process.stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            in_time = bool(selector.select(bound_s))
        answer = process.stdout.readline() if in_time else ""
        if not answer:
            self.close()
        words = {name: path.read_text(errors="replace") if path.exists() else "" for name, path in paths.items()}
        return Ended(json.loads(answer)["code"] if answer else None, words["out"], words["err"], not in_time)

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            command = [sys.executable, "-m", "tests.fuzz.worker"]
            place = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=place, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        return self._process


@cache
def _worker() -> Worker:
    return Worker()


def run(
    folder: Path, command: Sequence[str], place: Mapping[str, str] | None = None, *, bound_s: float = BOUND_S
) -> Ended:
    """Run a command in a folder that also holds the models."""
    shutil.copy(MODELS, folder)
    return _worker().run(folder, command, place or {}, bound_s=bound_s)


def faults(given: Input, *, kept: Path | None = None, bound_s: float = BOUND_S) -> list[str]:
    """What is wrong with how an input ends; none where all is well. A faulty one is copied to `kept`."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folder = Path(name).resolve()
        for file, content in given.files.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(content)
        ended = run(folder, given.command, given.place, bound_s=bound_s)
        found = list(_faults(given, ended, folder))
        if found and kept is not None:
            shutil.copytree(folder, kept, dirs_exist_ok=True)
            lines = [" ".join(given.command), f"exit code {ended.code}, {', '.join(found)}", ended.err]
            (kept / "README").write_text("\n".join(lines), encoding="utf-8", errors="backslashreplace")
        return found


def _faults(given: Input, ended: Ended, folder: Path) -> Sequence[str]:
    found = []
    if "Traceback (most recent call last)" in ended.err:
        found.append("traceback")
    if "a report of it is welcome" in ended.err:
        found.append("unexpected")
    if ended.code is None:
        found.append("hang" if ended.too_long else "death")
    elif ended.code not in given.allowed:
        found.append("exit code")
    if ended.code:
        known = {*(Path(file).parts[0] for file in given.files), "fuzzed_models.py", "__pycache__"}
        left = [path for path in folder.iterdir() if path.name not in known and path.suffix not in KEPT]
        found += ["left behind"] if left and ended.code != 5 else []
    return [*found, *(given.check(given, folder, ended) if given.check else ())]
