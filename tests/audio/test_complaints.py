"""Errors of C code are heard and not shown; whatever else is written to stderr meanwhile is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from audiolime_ext.audio.complaints import overheard

ERROR = "[src/libmpg123/layer3.c:INT123_do_layer3():1804] error: dequantization failed!"


def test_only_errors_of_c_code_are_kept_back(capfd: pytest.CaptureFixture[str]) -> None:
    with overheard() as said:
        os.write(2, f"before\n{ERROR}\n[src/libmpg123/a.c:f():1] warning: odd\nno [a.c] error: of C\n".encode())
        print("printed", file=sys.stderr)
    assert said == [ERROR]
    assert sorted(capfd.readouterr().err.splitlines()) == ["before", "no [a.c] error: of C", "printed"]


def test_stderr_is_as_before_where_the_work_fails(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="invalid literal"), overheard() as said, overheard() as inner:
        int(f"{os.write(2, f'{ERROR} '.encode())} bytes")
    assert (said, inner) == ([], [ERROR])
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


@pytest.mark.parametrize("spoilt", ["os.close(2)", "tempfile.tempdir = '/nowhere'"])
def test_work_goes_on_without_a_stderr_and_without_room(tmp_path: Path, spoilt: str) -> None:
    script = f"import os, tempfile\nfrom audiolime_ext.audio.complaints import overheard\n{spoilt}\n"
    script += f"with overheard() as said:\n    open({str(tmp_path / 'done')!r}, 'w').close()\nassert said == []\n"
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=60).returncode == 0
    assert (tmp_path / "done").exists()
