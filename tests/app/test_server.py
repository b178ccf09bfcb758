"""The app as a client sees it: what is given is explained, told as it gets on, cancelled, kept and deleted."""

from __future__ import annotations

import io
import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from unittest.mock import ANY

import numpy as np
import pytest
import schemathesis
import soundfile
from hypothesis import given
from hypothesis import settings as trying
from schemathesis import checks
from starlette.testclient import TestClient

from audiolime_ext.app.folders import require_usable, work_folder
from audiolime_ext.app.jobs import FILE, Jobs
from audiolime_ext.app.server import create_app
from audiolime_ext.app.settings import Settings
from audiolime_ext.errors import OutputError, UsageError
from tests.app.songs import (
    HERE,
    LISTENS,
    LOUD,
    QUIET,
    desk_of,
    ended,
    give,
    left,
    served,
    settings,
    state_of,
    until,
    wav,
)
from tests.app.test_serving import asked, using
from tests.cli.test_serve import ROOT

SLEEPS = "tests.app.listeners:sleeps"
pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals end these workers")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One that sleeps at loud songs, and whose queue holds two."""
    work = tmp_path_factory.mktemp("work")
    limits = settings(work, model=SLEEPS, most_waiting=2, per_minute=100_000, longest_s=60)
    with served(replace(limits, models=(SLEEPS, LISTENS))) as running:
        yield running


@pytest.fixture(autouse=True)
def _alone(client: TestClient) -> Iterator[None]:
    yield
    for job in client.get("/api/jobs").json()["jobs"]:
        client.delete(f"/api/jobs/{job['id']}")
        client.delete(f"/api/jobs/{job['id']}")


def test_a_song_is_explained_and_its_page_and_numbers_are_served(client: TestClient) -> None:
    taken = give(client, name="A <b>song<i>.wav", labels=["loud"])
    assert taken.status_code == 202
    job = taken.json()
    assert taken.headers["Location"] == f"jobs/{job['id']}"
    assert (job["duration_s"], job["labels"], job["factorization"]) == (3.0, ["loud"], "bands:2")
    job = ended(client, job["id"])
    assert job["state"] == "done"
    assert job["told"].startswith("mean of 3 windows: loud 0.")
    page = client.get(f"/{job['page']}")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert "A &lt;b&gt;song&lt;i&gt;" in page.text
    assert "<b>song" not in page.text
    result = client.get(f"/{job['result']}")
    assert result.headers["Content-Type"] == "application/json"
    assert result.json()["labels"] == ["loud"]


def test_a_song_is_tagged_as_the_command_tags_it(
    client: TestClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from audiolime_ext.cli import main

    (tmp_path / "song.wav").write_bytes(QUIET)
    assert main(["tag", str(tmp_path / "song.wav"), "-m", LISTENS, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    job = ended(client, give(client, to="tag", model=LISTENS).json()["id"])
    assert (job["kind"], job["page"], job["factorization"]) == ("tag", None, None)
    assert client.get(f"/{job['result']}").json() == printed | {"file": "song.wav"}
    refused = client.get(f"/songs/{job['id']}")
    assert refused.status_code == 404
    assert "was tagged, which makes no page" in refused.json()["detail"]


def test_what_a_tagging_cannot_honour_is_refused(client: TestClient) -> None:
    asked: dict[str, Any] = {"labels": "loud", "factorization": "bands:2"}
    for name in asked:
        refused = give(client, to="tag", **{name: asked[name]})
        assert refused.status_code == 422
        assert refused.json()["detail"].endswith(f"leave out {name}")


def test_silence_is_said_beside_its_scores(client: TestClient) -> None:
    silent = ended(client, give(client, wav(level=0.0), to="tag", model=LISTENS).json()["id"])
    notes = client.get(f"/{silent['result']}").json()["notes"]
    assert "the excerpt from 0 s on is silent; these are the model's scores for silence" in notes


def test_another_model_that_is_served_may_be_asked(client: TestClient) -> None:
    assert ended(client, give(client, LOUD, model=LISTENS).json()["id"])["state"] == "done"


def test_a_full_queue_says_when_to_come_back(client: TestClient) -> None:
    first, second = (give(client, LOUD).json()["id"] for _ in range(2))
    refused = give(client, LOUD)
    assert refused.status_code == 429
    assert "the queue is full: 2 recordings wait" in refused.json()["detail"]
    assert int(refused.headers["Retry-After"]) > 0
    assert client.get("/health").json()["waiting"] == 2
    client.delete(f"/api/jobs/{second}")
    assert state_of(client, second)["state"] == "cancelled"
    third = give(client, QUIET).json()["id"]
    client.delete(f"/api/jobs/{first}")
    assert ended(client, third)["state"] == "done"


def test_what_runs_is_cancelled_at_once_and_the_next_one_is_done(client: TestClient) -> None:
    desk = desk_of(client)
    stuck = give(client, LOUD).json()["id"]
    until(client, stuck, "running")
    after = give(client, QUIET).json()["id"]
    assert client.delete(f"/api/jobs/{stuck}").json()["state"] == "cancelled"
    assert ended(client, after)["state"] == "done"
    assert state_of(client, stuck)["state"] == "cancelled"
    assert left(desk.jobs.folder) == {after}
    assert client.delete(f"/api/jobs/{stuck}").json() is None
    assert client.delete(f"/api/jobs/{stuck}").status_code == 404


def test_what_is_deleted_leaves_nothing(client: TestClient) -> None:
    job = ended(client, give(client).json()["id"])
    assert client.delete(f"/api/jobs/{job['id']}").json() is None
    assert left(desk_of(client).jobs.folder) == set()
    for path in (f"/api/jobs/{job['id']}", f"/{job['page']}", f"/{job['result']}"):
        assert client.get(path).status_code == 404


def test_a_recording_that_is_too_long_or_too_short_is_told_in_words(client: TestClient) -> None:
    refused = give(client, wav(61))
    assert refused.status_code == 422
    assert "is longer than" in refused.json()["detail"]
    short = ended(client, give(client, wav(0.2)).json()["id"])
    assert short["state"] == "done" or short["told"]
    silence = ended(client, give(client, wav(3, level=0.0)).json()["id"])
    assert silence["state"] in ("done", "failed")


def test_a_small_file_that_holds_hours_is_refused_as_soon_as_it_is_too_long(client: TestClient) -> None:
    file = io.BytesIO()
    soundfile.write(file, np.zeros(3 * 3600 * 4000, np.float32), 4000, format="FLAC")
    assert len(file.getvalue()) < 500_000
    refused = give(client, file.getvalue(), "hours.flac")
    assert refused.status_code == 422
    assert "hours.flac is longer than" in refused.json()["detail"]


def events_of(client: TestClient, path: str, last: str | None = None) -> Iterator[tuple[str, str, Any]]:
    """Id, kind and value of the events of a stream that ends."""
    headers = {} if last is None else {"Last-Event-ID": last}
    text = client.get(path, headers=headers).text
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith((":", "retry")))
        if lines:
            yield lines["id"], lines["event"], json.loads(lines["data"])


def test_how_a_song_gets_on_is_told_and_who_comes_back_goes_on(client: TestClient) -> None:
    id = give(client).json()["id"]
    told = list(events_of(client, f"/api/jobs/{id}/events"))
    assert told[0][1] == "all"
    assert told[0][2]["server"]["ready"] in (True, False)
    assert [job["id"] for job in told[0][2]["jobs"]] == [id]
    states = [value["state"] for _, kind, value in told if kind == "job"]
    assert states[-1] == "done"
    numbers = [int(name.partition("-")[2]) for name, _, _ in told]
    assert numbers == sorted(numbers)
    again = list(events_of(client, f"/api/jobs/{id}/events", told[0][0]))
    assert [kind for _, kind, _ in again] == ["job"]
    assert again[-1][2]["state"] == "done"
    assert [kind for _, kind, _ in events_of(client, f"/api/jobs/{id}/events")] == ["all"]


@pytest.mark.parametrize("last", ["nonsense", "00000000-5", "-1", "{boot}-999999", "{boot}-x", "{boot}-" + "9" * 40])
def test_who_comes_back_from_elsewhere_hears_everything_anew(client: TestClient, last: str) -> None:
    board = desk_of(client).board
    assert board.since(last.format(boot=board.boot)) is None
    assert board.since(f"{board.boot}-0") == 0


def test_a_removed_song_is_told_to_those_who_look_on(client: TestClient) -> None:
    job = ended(client, give(client).json()["id"])
    name = desk_of(client).board.name()
    client.delete(f"/api/jobs/{job['id']}")
    changed, gone = desk_of(client).board.changes(int(name.partition("-")[2]))
    assert (changed, gone) == ([], [job["id"]])


def test_too_many_who_look_on_are_refused(tmp_path: Path) -> None:
    with served(settings(tmp_path, most_streams=0)) as closed:
        assert closed.get("/api/events").status_code == 429


def test_a_model_that_cannot_be_made_is_told_before_and_after_a_song_is_given(tmp_path: Path) -> None:
    with served(settings(tmp_path, model="tests.app.listeners:nothing")) as running:
        patience = time.monotonic() + 60
        while not (health := running.get("/health").json())["trouble"]:
            assert time.monotonic() < patience
        assert not health["ready"]
        assert "nothing" in health["trouble"]
        failed = ended(running, give(running).json()["id"])
        assert failed["state"] == "failed"
        assert "nothing" in failed["told"]
        assert running.get("/").status_code == 200


def test_what_cannot_be_made_costs_only_the_songs_that_ask_for_it_and_is_told(tmp_path: Path) -> None:
    heard: list[str] = []
    limits = replace(settings(tmp_path, labels=("nosuch",)), factorizations=("bands", "bands:2"))
    with TestClient(create_app(limits, heard.append), base_url=HERE) as running:
        good = ended(running, give(running, factorization="bands:2", labels=["loud"]).json()["id"])
        bad = ended(running, give(running, factorization="bands", labels=["loud"]).json()["id"])
        assert (good["state"], bad["state"]) == ("done", "failed")
        assert bad["told"].startswith("bands cannot be used: ")
        health = running.get("/health").json()
        assert health["ready"]
        assert heard == [health["trouble"]]
        assert f"--labels, with {LISTENS}: unknown label 'nosuch'" in health["trouble"]
        assert health["trouble"].startswith("bands: ")


def test_a_poisoned_song_costs_itself_alone(tmp_path: Path) -> None:
    with served(settings(tmp_path, model="tests.app.listeners:dies")) as running:
        songs = [give(running, content).json()["id"] for content in (QUIET, LOUD, QUIET)]
        assert [ended(running, id)["state"] for id in songs] == ["done", "failed", "done"]
        assert "worker process crashed" in state_of(running, songs[1])["told"]
        assert running.get("/health").json()["ready"]


def test_a_fault_of_the_disk_is_told_and_the_work_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(settings(tmp_path)) as running:
        first = ended(running, give(running).json()["id"])
        whole, faults = Jobs.next, ["the disk is full"]

        def failing(jobs: Jobs) -> Any:
            if faults:
                raise OutputError(faults.pop())
            return whole(jobs)

        monkeypatch.setattr(Jobs, "next", failing)
        second = ended(running, give(running).json()["id"])
        assert (first["state"], second["state"], faults) == ("done", "done", [])
        assert running.get("/health").json() == {"ready": True, "trouble": "", "waiting": 0, "version": ANY}


def test_two_workers_work_at_once(tmp_path: Path) -> None:
    with served(settings(tmp_path, model=SLEEPS, workers=2)) as running:
        stuck = give(running, LOUD).json()["id"]
        until(running, stuck, "running")
        assert ended(running, give(running, QUIET).json()["id"])["state"] == "done"
        assert state_of(running, stuck)["state"] == "running"


def test_what_is_kept_is_there_next_time_and_what_ran_is_done_then(tmp_path: Path) -> None:
    limits = settings(tmp_path / "work", model=SLEEPS, keep=True)
    with served(limits) as first:
        done = ended(first, give(first).json()["id"])
        stuck = give(first, LOUD).json()["id"]
        until(first, stuck, "running")
        waits = give(first).json()["id"]
    with served(replace(limits, models=(LISTENS,))) as second:
        assert second.get(f"/{done['page']}").status_code == 200
        assert "not served any more" in ended(second, stuck)["told"]
        assert ended(second, waits)["state"] == "failed"
    with Jobs.open(tmp_path / "work") as jobs:
        assert [job.state for job in jobs.all()] == ["done", "failed", "failed"]


def test_nothing_is_left_where_nothing_is_to_be_kept(tmp_path: Path) -> None:
    with served(settings(tmp_path / "work")) as running:
        ended(running, give(running).json()["id"])
        assert (tmp_path / "work" / FILE).exists()
    assert not (tmp_path / "work").exists()


def test_a_folder_for_a_while_is_only_ours_and_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with work_folder(Settings()) as folder:
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o077 == 0
        (folder / "upload").write_bytes(b"x")
    assert list(tmp_path.iterdir()) == []


def test_songs_that_were_kept_are_not_deleted_without_a_word(tmp_path: Path) -> None:
    kept = settings(tmp_path / "work", keep=True)
    with served(kept) as running:
        id = ended(running, give(running).json()["id"])["id"]
    with pytest.raises(UsageError, match="holds songs that were kept; add --keep, or name another folder"):
        require_usable(replace(kept, keep=False))
    with pytest.raises(UsageError, match="that were kept"), served(replace(kept, keep=False)):
        pass
    with served(kept) as running:
        assert state_of(running, id)["state"] == "done"


def test_a_folder_that_was_there_stays_and_a_trial_leaves_it_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with served(settings(tmp_path / "mine")) as running:
        ended(running, give(running).json()["id"])
    assert list((tmp_path / "mine").iterdir()) == []
    for name in ("mine", "new"):
        require_usable(settings(tmp_path / name))
    assert list(tmp_path.rglob("*")) == [tmp_path / "mine"]


def test_other_files_in_a_folder_of_work_are_left_alone(tmp_path: Path) -> None:
    with served(settings(tmp_path)):
        (tmp_path / "notes.txt").write_text("mine")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(("limit", "status"), [({"most_disk": 1}, 413), ({"most_kept": 0}, 429)])
def test_a_full_folder_takes_no_more(tmp_path: Path, limit: dict[str, Any], status: int) -> None:
    with served(settings(tmp_path, **limit)) as full:
        refused = give(full)
    assert refused.status_code == status
    assert "delete some" in refused.json()["detail"]
    assert refused.headers["Retry-After"]


def test_many_clients_at_once_lose_nothing(tmp_path: Path) -> None:
    with served(settings(tmp_path, most_waiting=8, most_uploads=4)) as running:
        answers: list[Any] = []
        clients = [threading.Thread(target=lambda: answers.append(give(running))) for _ in range(20)]
        for one in clients:
            one.start()
        for one in clients:
            one.join()
        taken = [answer.json()["id"] for answer in answers if answer.status_code == 202]
        assert {answer.status_code for answer in answers} <= {202, 429}
        assert all("Retry-After" in answer.headers for answer in answers if answer.status_code == 429)
        assert len(set(taken)) >= 4
        assert {ended(running, id)["state"] for id in taken} == {"done"}
        assert left(tmp_path) == set(taken)


def test_a_token_leads_through_every_link(tmp_path: Path) -> None:
    token = "a-secret-of-many-letters"
    app = create_app(settings(tmp_path, host="0.0.0.0", token=token))
    with TestClient(app, base_url="http://music.example") as away:
        assert away.get("/").status_code == 401
        moved = away.get(f"/t/{token}", follow_redirects=False)
        assert (moved.status_code, moved.headers["Location"]) == (307, f"{token}/")
        assert away.get(f"/t/{token}").url.path == f"/t/{token}/"
        assert away.get(f"/t/{token}/health").status_code == 200
        home = away.get(f"/t/{token}/").text
        assert token not in home
        assert "Your music goes to this server, and no further" in home
        sent = away.post("/api/explain", files={"file": ("a.wav", QUIET)}, headers={"Authorization": f"Bearer {token}"})
        assert sent.status_code == 202


def test_an_unsafe_app_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--token"):
        create_app(settings(tmp_path, host="0.0.0.0"))
    with pytest.raises(UsageError, match="--allow-paths"):
        create_app(settings(tmp_path, allow_paths=tmp_path / "nowhere"))


@pytest.mark.parametrize(
    "path",
    [
        "/songs/../../etc/passwd",
        "/songs/..%2f..%2fetc%2fpasswd",
        "/api/jobs/x",
        "/songs/" + "a" * 22,
        "/docs",
        "/static/x",
    ],
)
def test_nothing_else_is_there(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert set(answer.json()) == {"detail"}
    assert client.post("/api/jobs").status_code == 405
    assert client.options("/api/explain", headers={"Origin": HERE}).status_code == 405


CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


def answered(operation: Any) -> set[int]:
    """The statuses with which an operation answers, all as it is described, whatever is sent to it."""
    statuses = set[int]()

    @trying(max_examples=25, deadline=None)
    @given(operation.as_strategy())
    def try_it(case: Any) -> None:
        statuses.add(case.call_and_validate(checks=CHECKS).status_code)

    try_it()
    return statuses


def test_whatever_is_sent_the_answer_is_one_that_is_described(tmp_path: Path) -> None:
    tried: dict[str, set[int]] = {}

    def act(where: str) -> None:
        description = schemathesis.openapi.from_url(f"{where}api/openapi.json").exclude(path_regex="events")
        operations: list[Any] = [found.ok() for found in cast(Any, description.get_all_operations())]
        tried.update({operation.label: answered(operation) for operation in operations})
        assert asked(where, "health")["ready"]

    using(settings(tmp_path / "work", per_minute=1_000_000, allow_paths=ROOT / "examples"), act)
    assert tried["GET /health"] == {200}
    assert tried["DELETE /api/jobs/{id}"] == {404}
    assert tried["POST /api/explain"] >= {404, 422}  # paths that lead nowhere, and files that are none


def test_the_description_names_every_route_of_the_api() -> None:
    paths = create_app(Settings()).openapi()["paths"]
    assert set(paths) == {
        *("/", "/songs/{id}", "/api/explain", "/api/tag", "/api/jobs", "/api/jobs/{id}", "/api/jobs/{id}/result"),
        *("/api/events", "/api/jobs/{id}/events", "/health"),
    }
    assert set(paths["/api/explain"]["post"]["requestBody"]["content"]) == {"multipart/form-data", "application/json"}
