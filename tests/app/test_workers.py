"""Worker processes: what they do, and that none costs more than its own job."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audiolime_ext.app.jobs import PAGE, RESULT, UPLOAD
from audiolime_ext.app.work import Duty, Order
from audiolime_ext.app.workers import Outcome, Worker
from tests.app.songs import LISTENS, LOUD, QUIET, wav

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals end these workers")
BANDS = "bands:2"


def duty(name: str = "listens", **given: Any) -> Duty:
    return Duty((f"tests.app.listeners:{name}",), (BANDS,), **given)


@pytest.fixture
def hire() -> Iterator[Any]:
    hired: list[Worker] = []

    def make(*given: Any, **named: Any) -> Worker:
        hired.append(Worker(*given, **named))
        return hired[-1]

    yield make
    for worker in hired:
        worker.stop()


def order(folder: Path, content: bytes, kind: str = "explain", name: str = "listens", **options: Any) -> Order:
    folder.mkdir(exist_ok=True)
    (folder / UPLOAD).write_bytes(content)
    spec = f"tests.app.listeners:{name}"
    return Order(kind, str(folder), "A song.wav", {"model": spec, "factorization": BANDS, **options})


def silent(_: Any) -> None:
    return None


def test_a_song_is_explained_as_the_commands_explain_it(hire: Any, tmp_path: Path) -> None:
    from audiolime_ext.audio.recording import load_audio
    from audiolime_ext.files.plain import to_json
    from audiolime_ext.track.pipeline import explain_track

    told: list[Any] = []
    worker = hire(duty())
    outcome = worker.do(order(tmp_path / "job", QUIET, labels=["loud"]), told.append)
    assert outcome.state == "done"
    assert outcome.value.startswith("mean of 3 windows: loud 0.")
    assert worker.labels == {LISTENS: ["loud", "bright"]}
    found = json.loads((tmp_path / "job" / RESULT).read_text())
    audio = load_audio(io.BytesIO(QUIET), name="A song")
    track = explain_track(audio, LISTENS, factorization=BANDS, labels=["loud"], cache=False)
    assert found == json.loads(to_json(track.to_dict()))
    assert "A song" in (tmp_path / "job" / PAGE).read_text()
    assert {"stage", "line", "fraction", "left_s"} <= set(told[0])
    assert {"explaining", "writing the page"} <= {at["stage"] for at in told}


def test_no_result_names_a_place_on_this_machine(hire: Any, tmp_path: Path) -> None:
    hire(duty()).do(order(tmp_path / "job", QUIET), silent)
    for name in (PAGE, RESULT):
        assert str(tmp_path) not in (tmp_path / "job" / name).read_text()


def test_a_check_says_how_long_a_recording_is_or_why_it_is_none(hire: Any, tmp_path: Path) -> None:
    worker = hire(Duty(longest_s=10))
    assert worker.do(order(tmp_path / "a", QUIET, "check"), silent) == Outcome("done", 3.0)
    for content, told in (
        (b"just words", "A song.wav cannot be read as audio"),
        (QUIET[:9000], "A song.wav is cut short"),
        (wav(11), "A song.wav is longer than"),
    ):
        refused = worker.do(order(tmp_path / "b", content, "check"), silent)
        assert refused.state == "failed"
        assert told in refused.told


@pytest.mark.parametrize(
    ("name", "told"),
    [("dies", "its worker process crashed"), ("is_killed", "ended by the system, as it is where memory")],
)
def test_a_recording_that_ends_its_worker_costs_itself_alone(hire: Any, tmp_path: Path, name: str, told: str) -> None:
    worker = hire(duty(name))
    poisoned = worker.do(order(tmp_path / "job", LOUD, name=name), silent)
    assert poisoned.state == "failed"
    assert told in poisoned.told
    assert worker.do(order(tmp_path / "job", QUIET, name=name), silent).state == "done"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux keeps to the bound")
def test_a_worker_takes_no_more_memory_than_it_may(hire: Any, tmp_path: Path) -> None:
    worker = hire(duty("hoards", memory=8_000_000_000))
    greedy = worker.do(order(tmp_path / "job", LOUD, name="hoards"), silent)
    assert greedy.state == "failed"
    assert "memory" in greedy.told
    assert worker.do(order(tmp_path / "job", QUIET, name="hoards"), silent).state == "done"


def test_a_worker_that_says_nothing_is_ended(hire: Any, tmp_path: Path) -> None:
    worker = hire(duty("sleeps"), silence_s=30.0)
    worker.start(silent)
    worker.silence_s = 2.0
    outcome = worker.do(order(tmp_path / "job", LOUD, name="sleeps"), silent)
    assert outcome == Outcome("failed", told="nothing was heard of the work for 5 s; it was ended")
    worker.silence_s = 30.0
    assert worker.do(order(tmp_path / "job", QUIET, name="sleeps"), silent).state == "done"


def test_a_check_takes_no_longer_than_it_may(hire: Any, tmp_path: Path) -> None:
    worker = hire(Duty())
    worker.start(silent)
    os.mkfifo(tmp_path / UPLOAD)  # nobody writes to it: opening it takes for ever
    outcome = worker.do(Order("check", str(tmp_path), "A song.wav"), silent, most_s=0.5)
    assert (outcome.state, outcome.told) == ("failed", "reading it took more than 1 s; it was given up")


def test_a_worker_can_be_ended_in_the_middle_and_works_again(hire: Any, tmp_path: Path) -> None:
    worker = hire(duty("sleeps"))
    begun = threading.Event()

    def end() -> None:
        begun.wait(60)
        time.sleep(0.2)
        worker.end()

    ending = threading.Thread(target=end)
    ending.start()
    outcome = worker.do(order(tmp_path / "job", LOUD, name="sleeps"), lambda _: begun.set())
    ending.join()
    assert outcome == Outcome("ended")
    assert worker.do(order(tmp_path / "job", QUIET, name="sleeps"), silent).state == "done"


def test_a_process_that_was_killed_while_idle_is_replaced(hire: Any, tmp_path: Path) -> None:
    worker = hire(duty())
    worker.start(silent)
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    while worker._process is not None and worker._process.is_alive():
        time.sleep(0.01)
    assert worker.do(order(tmp_path / "job", QUIET), silent).state == "done"


def test_a_model_that_cannot_be_made_is_said(hire: Any, tmp_path: Path) -> None:
    outcome = hire(Duty(("tests.app.listeners:nothing",), (BANDS,))).do(order(tmp_path / "job", QUIET), silent)
    assert outcome.state == "unready"
    assert "nothing" in outcome.told


def test_a_model_that_is_not_served_any_more_is_said(hire: Any, tmp_path: Path) -> None:
    outcome = hire(duty()).do(order(tmp_path / "job", QUIET, name="dies"), silent)
    assert outcome.state == "failed"
    assert "is not served any more" in outcome.told
