"""Our rule on skipped tests, itself tested."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parent / "conftest.py"


@pytest.mark.parametrize(("ci", "exit_code"), [("true", 1), ("", 0)])
def test_a_skipped_test_fails_the_run_in_continuous_integration_only(tmp_path: Path, ci: str, exit_code: int) -> None:
    shutil.copy(CONFTEST, tmp_path)
    body = "import pytest\ndef test_passes(): pass\n@pytest.mark.skip(reason='no tool')\ndef test_skipped(): pass\n"
    (tmp_path / "test_it.py").write_text(body)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed, 1 skipped" in run.stdout
    assert run.returncode == exit_code
