"""Trying mutations: in copies of the sources, one at a time, each against the tests that should notice."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

from tqdm import tqdm

from tests.mutants.mutations import Mutation, mutated

COPIED = ("audiolime_ext", "factorizations", "tests", "examples", "pyproject.toml")
LEFT = shutil.ignore_patterns("__pycache__", "node_modules")
PATIENCE, AT_LEAST_S = 3, 60  # times as long as without a mutation, and no less than this: then it hangs
SOUND_S = 1800


class FailingTestsError(Exception):
    """Tests fail as things are, so that they cannot tell what a mutation does."""


class Copy:
    """A copy of the sources in a folder of its own."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        for name in COPIED:
            if (root / name).is_dir():
                shutil.copytree(root / name, folder / name, ignore=LEFT)
            elif (root / name).exists():
                shutil.copy2(root / name, folder)

    def passes(self, tests: Sequence[str], *, limit_s: float) -> bool:
        """Whether tests pass in time; with all that they started they end at the limit."""
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
        env = {**os.environ, "PYTHONPATH": str(self.folder)}
        quiet = subprocess.DEVNULL
        with subprocess.Popen(
            command, cwd=self.folder, env=env, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
        ) as running:
            try:
                return running.wait(limit_s) == 0
            except subprocess.TimeoutExpired:
                return False
            finally:
                if running.poll() is None:
                    os.killpg(running.pid, signal.SIGKILL)

    def catches(self, mutation: Mutation, tests: Sequence[str], *, limit_s: float) -> bool:
        """Whether tests fail, or hang, with the mutation; after that the copy is as before."""
        path = self.folder / mutation.path
        sound, modified = path.read_text(encoding="utf-8"), path.stat().st_mtime
        path.write_text(mutated(sound, mutation.number), encoding="utf-8")
        os.utime(path, (mutation.number, mutation.number))  # Python knows by time and size what it has compiled
        try:
            return not self.passes(tests, limit_s=limit_s)
        finally:
            path.write_text(sound, encoding="utf-8")
            os.utime(path, (modified, modified))


def survivors(
    root: Path, chosen: Iterable[Mutation], guards: Mapping[str, Sequence[str]], *, jobs: int = 1
) -> list[Mutation]:
    """The mutations that no test notices; `guards` are the tests of each module, by their paths in `root`.

    Raises
    ------
    FailingTestsError
        If tests fail without any mutation.
    """
    chosen = list(chosen)
    with TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        free: SimpleQueue[Copy] = SimpleQueue()
        for number in range(jobs):
            free.put(Copy(root, Path(folder) / str(number)))

        def seconds(path: str) -> float:
            copy, begins = free.get(), time.monotonic()
            sound = copy.passes(guards[path], limit_s=SOUND_S)
            free.put(copy)
            if not sound:
                raise FailingTestsError(f"these fail without any mutation: pytest {' '.join(guards[path])}")
            bar.update()
            return time.monotonic() - begins

        def caught(mutation: Mutation) -> bool:
            copy, limit_s = free.get(), max(AT_LEAST_S, PATIENCE * takes[mutation.path])
            found = copy.catches(mutation, guards[mutation.path], limit_s=limit_s)
            free.put(copy)
            bar.update()
            if not found:
                tqdm.write(f"survives: {mutation}", file=sys.stderr)
            return found

        paths = sorted({one.path for one in chosen})
        with tqdm(total=len(paths) + len(chosen), leave=False) as bar:
            takes = dict(zip(paths, pool.map(seconds, paths), strict=True))
            chosen.sort(key=lambda one: -takes[one.path])  # long ones first, so that none is left over at the end
            found = list(pool.map(caught, chosen))
    left = (one for one, was in zip(chosen, found, strict=True) if not was)
    return sorted(left, key=lambda one: (one.path, one.line))
