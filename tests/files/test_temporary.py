"""What a killed process has left is swept away, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from audiolime_ext.files import temporary
from audiolime_ext.files.fresh import write_bytes
from audiolime_ext.files.temporary import new_file, new_folder

KILLED = """
import os, signal, sys
from pathlib import Path
from audiolime_ext.files.fresh import fresh_file, fresh_folder
with fresh_folder(Path(sys.argv[1], "out")) as fresh, fresh_file(Path(sys.argv[1], "page.html")):
    (fresh / "half").touch()
    os.kill(os.getpid(), signal.SIGKILL)
"""
linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is not known whose a process number is")


@linux
def test_the_next_write_removes_what_a_killed_process_left(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False, timeout=60)
    assert len(list(tmp_path.glob(".*.part"))) == 2
    write_bytes(b"", tmp_path / "another")
    assert [path.name for path in tmp_path.iterdir()] == ["another"]


@linux
def test_what_is_being_written_stays(tmp_path: Path) -> None:
    ours = [new_file(tmp_path, "page.html"), new_folder(tmp_path, "out")]
    living = tmp_path / ours[0].name.replace(f"-{os.getpid()}-", f"-{os.getppid()}-")
    others = [living, *(tmp_path / name for name in (".a.part", "a.part", ".vim-4711-8c1d02e7.part", ".x.swp"))]
    for path in others:
        path.touch()
        os.utime(path, (0, 0))
    temporary.sweep(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([*ours, *others])


def test_what_another_machine_left_is_removed_when_nothing_touched_it_for_a_day(tmp_path: Path) -> None:
    old, new, used = (tmp_path / f".out.{'ab' * 4}-1-{i:08x}.part" for i in range(3))
    for path in (old, new, used):
        path.mkdir()
        (path / "half").touch()
    for path in (old / "half", old, used):
        os.utime(path, (0, 0))
    temporary.sweep(tmp_path)
    assert sorted(tmp_path.iterdir()) == [new, used]
