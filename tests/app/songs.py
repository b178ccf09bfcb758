"""Songs as bytes, and servers in this process, for the app's tests."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

from audiolime_ext.app.desk import Desk
from audiolime_ext.app.server import create_app
from audiolime_ext.app.settings import Settings

if TYPE_CHECKING:
    from starlette.testclient import TestClient

LISTENS = "tests.app.listeners:listens"
HERE = "http://127.0.0.1:8347"


def wav(seconds: float = 3.0, level: float = 0.3, *, sr: int = 8000) -> bytes:
    """A chord as a WAV file; from a level of 0.9 on, some listeners misbehave."""
    t = np.arange(round(seconds * sr)) / sr
    sound = sum(np.sin(2 * np.pi * f * t) for f in (220.0, 277.2, 2500.0)) / 3
    file = io.BytesIO()
    soundfile.write(file, level * sound / np.abs(sound).max(), sr, format="WAV", subtype="FLOAT")
    return file.getvalue()


QUIET, LOUD = wav(), wav(level=1.0)


def settings(work: Path, *, model: str = LISTENS, **given: Any) -> Settings:
    return Settings(models=(model,), factorizations=("bands:2",), work=work, memory=None, **given)


@contextmanager
def served(limits: Settings) -> Iterator[TestClient]:
    """A server in this process with real worker processes."""
    from starlette.testclient import TestClient  # it needs httpx, which the app does not

    with TestClient(create_app(limits), base_url=HERE) as client:
        yield client


def desk_of(client: TestClient) -> Desk:
    desk: Desk = client.app.state.desk  # type: ignore[attr-defined]
    return desk


def give(
    client: TestClient, content: bytes = QUIET, name: str = "song.wav", *, to: str = "explain", **data: Any
) -> Any:
    return client.post(f"/api/{to}", files={"file": (name, content)}, data=data)


def state_of(client: TestClient, id: str) -> Any:
    return client.get(f"/api/jobs/{id}").json()


def until(client: TestClient, id: str, *states: str) -> Any:
    """The job, once it is in one of these states."""
    patience = time.monotonic() + 120
    while (job := state_of(client, id))["state"] not in states:
        assert time.monotonic() < patience, job
        time.sleep(0.02)
    return job


def ended(client: TestClient, id: str) -> Any:
    return until(client, id, "done", "failed", "cancelled")


def left(work: Path) -> set[str]:
    """The folders of jobs that are there."""
    return {path.name for path in work.iterdir() if path.is_dir()}
