"""What clients send: bounded, and nothing is left behind where it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies
from starlette.testclient import TestClient

from audiolime_ext.app.uploads import shown_name
from tests.app.songs import QUIET, desk_of, ended, give, left, served, settings

MOST = 2_000_000
B = "----boundary"


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("own") / "work"


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("music")
    (folder / "inside").mkdir()
    (folder / "inside" / "song.wav").write_bytes(QUIET)
    (folder / "empty.wav").write_bytes(b"")
    (folder / "large.wav").write_bytes(bytes(MOST + 1))
    (folder.parent / "secret.wav").write_bytes(QUIET)
    (folder / "link.wav").symlink_to(folder.parent / "secret.wav")
    return folder


@pytest.fixture(scope="module")
def client(work: Path, music: Path) -> Iterator[TestClient]:
    limits = settings(work, most_bytes=MOST, allow_paths=music, per_minute=100_000)
    with served(replace(limits, patience_s=1.0)) as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_is_left(client: TestClient, work: Path) -> Iterator[None]:
    """Whatever a test sends, the folder of work holds its jobs and no more; and nothing lies beside it."""
    beside = set(work.parent.iterdir())
    yield
    for job in client.get("/api/jobs").json()["jobs"]:
        ended(client, job["id"])
    known = {job["id"] for job in client.get("/api/jobs").json()["jobs"] if job["state"] == "done"}
    assert left(work) == known
    assert set(work.parent.iterdir()) == beside
    assert desk_of(client)._n_uploads == 0


def raw(client: TestClient, body: bytes, kind: str = f"multipart/form-data; boundary={B}") -> Any:
    return client.post("/api/explain", content=body, headers={"Content-Type": kind})


def part(head: str, content: bytes) -> bytes:
    return f"--{B}\r\n{head}\r\n\r\n".encode() + content + b"\r\n"


FILE = 'Content-Disposition: form-data; name="file"; filename="song.wav"'
END = f"--{B}--\r\n".encode()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../../etc/cron.d/job", "job"),
        ("..\\..\\windows\\system.ini", "system.ini"),
        ("/etc/passwd", "passwd"),
        ("....", "recording"),
        ("a" * 3000 + ".wav", "a" * 119 + "…"),
        ("song\x00.wav", "song.wav"),
        ("<img src=x onerror=alert(1)>.wav", "<img src=x onerror=alert(1)>.wav"),
        ("lied für élise.wav", "lied für élise.wav"),
        ("evil\u202egnp.wav", "evilgnp.wav"),
    ],
)
def test_a_name_is_shown_and_no_more(client: TestClient, work: Path, name: str, shown: str) -> None:
    head = f'Content-Disposition: form-data; name="file"; filename="{name}"'.replace("\\", "\\\\")
    taken = raw(client, part(head, QUIET) + END)
    assert taken.status_code == 202, taken.text
    assert taken.json()["name"] == shown
    job = ended(client, taken.json()["id"])
    assert job["state"] == "done"
    assert {path.name for path in (work / job["id"]).iterdir()} == {"page.html", "result.json"}
    assert "onerror=alert(1)>" not in client.get(job["page"]).text


@given(strategies.text())
def test_whatever_the_name_it_is_one_short_line(name: str) -> None:
    shown = shown_name(name)
    assert 0 < len(shown) <= 120
    assert "/" not in shown
    assert "\\" not in shown
    assert shown.isprintable()


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"", 400, "ends in the middle"),
        (b"not a form at all", 400, "no form"),
        (part(FILE, QUIET), 400, "ends in the middle"),
        (part(FILE, QUIET)[:2000], 400, "ends in the middle"),
        (END, 400, "has no file"),
        (part(FILE, b"") + END, 422, "song.wav is empty"),
        (part(FILE, b"words, not sound") + END, 422, "cannot be read as audio"),
        (part(FILE, QUIET[: len(QUIET) // 2]) + END, 422, "cut short"),
        (part(FILE, QUIET) + part(FILE, QUIET) + END, 400, "one file at a time"),
        (part(FILE.replace('"file"', '"song"'), QUIET) + END, 400, "as the field file"),
        (part('Content-Disposition: form-data; name="model"', b"x") + END, 400, "has no file"),
        (part("Content-Type: text/plain", b"x") + END, 400, "has no name"),
        (part("Content-Disposition: attachment", b"x") + END, 400, "has no name"),
        (part('Content-Disposition: form-data; name="labels"', b"x" * 2000) + END, 400, "longer than 1000 bytes"),
        (part('Content-Disposition: form-data; name="a"', b"x") * 200 + END, 400, "more than 130 parts"),
        (part("X: " + "y" * 50_000, b"") + END, (400, 431), ""),
        (part("X: y\r\n" * 400 + FILE, QUIET) + END, (400, 431), ""),
        (part(FILE, bytes(MOST + 1)) + END, 413, "larger than 2 MB"),
        (
            part(FILE, QUIET) + part('Content-Disposition: form-data; name="model"', b"os:system") + END,
            422,
            "unknown model",
        ),
        (part(FILE, QUIET) + part('Content-Disposition: form-data; name="device"', b"x") + END, 422, "unknown field"),
        (
            part(FILE, QUIET) + part('Content-Disposition: form-data; name="labels"', b"rock") + END,
            422,
            "unknown label",
        ),
    ],
)
def test_a_form_that_is_none_is_refused(client: TestClient, body: bytes, status: Any, told: str) -> None:
    refused = raw(client, body)
    assert refused.status_code in (status if isinstance(status, tuple) else (status,)), refused.text
    assert told in refused.json()["detail"]


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "multipart/mixed; boundary=x",
        f"multipart/form-data; boundary={'x' * 500}",
        "",
    ],
)
def test_other_kinds_of_bodies_are_refused(client: TestClient, kind: str) -> None:
    assert raw(client, part(FILE, QUIET) + END, kind).status_code == 415


@given(body=strategies.binary(max_size=300), at=strategies.integers(0, 3))
def test_no_bytes_make_the_server_fail(client: TestClient, body: bytes, at: int) -> None:
    pieces = [part(FILE, QUIET[:50]), END, b"\r\n"]
    pieces.insert(at, body)
    assert raw(client, b"".join(pieces)).status_code in (400, 413, 422, 431)


def test_a_promise_of_too_much_is_refused_before_it_comes(client: TestClient) -> None:
    headers = {"Content-Type": f"multipart/form-data; boundary={B}", "Content-Length": str(10**12)}
    assert client.post("/api/explain", content=b"x", headers=headers).status_code == 413


def test_a_promise_of_less_than_comes_is_no_way_around_the_limit(client: TestClient) -> None:
    def endless() -> Iterator[bytes]:
        yield f"--{B}\r\n{FILE}\r\n\r\n".encode()
        for _ in range(300):
            yield bytes(10_000)

    headers = {"Content-Type": f"multipart/form-data; boundary={B}"}
    assert client.post("/api/explain", content=endless(), headers=headers).status_code == 413


def test_an_upload_does_not_take_for_ever(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audiolime_ext.app.uploads.LONGEST_S", -1.0)
    refused = give(client)
    assert refused.status_code == 408
    assert "it was not there within" in refused.json()["detail"]


@pytest.mark.parametrize("path", ["inside/song.wav", "{music}/inside/song.wav"])
def test_a_path_within_the_folder_is_taken(client: TestClient, music: Path, path: str) -> None:
    taken = client.post("/api/explain", json={"path": path.format(music=music), "labels": ["loud"]})
    assert taken.status_code == 202, taken.text
    assert (taken.json()["name"], taken.json()["labels"]) == ("song.wav", ["loud"])
    assert ended(client, taken.json()["id"])["state"] == "done"


@pytest.mark.parametrize(
    "path",
    ["../secret.wav", "link.wav", "{music}/../secret.wav", "/etc/passwd", "inside", "nothing.wav", "a\x00b", "~"],
)
def test_a_path_that_leads_out_of_the_folder_is_refused_as_if_nothing_were_there(
    client: TestClient, music: Path, path: str
) -> None:
    refused = client.post("/api/explain", json={"path": path.format(music=music)})
    assert refused.status_code == 404
    assert refused.json()["detail"] == "there is no such file within the folder whose files may be named"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b"\xff\xfe", 400),
        (b"[" * 50_000, 400),
        (b'{"path": 3}', 422),
        (b"{}", 422),
        (b'{"path": "empty.wav"}', 422),
        (b'{"path": "large.wav"}', 413),
        (b'{"path": "inside/song.wav", "labels": [1]}', 422),
        (b'{"path": "inside/song.wav", "model": {"a": 1}}', 422),
        (b" " * 200_000, 413),
    ],
)
def test_json_that_is_no_order_is_refused(client: TestClient, body: bytes, status: int) -> None:
    assert raw(client, body, "application/json").status_code == status


def test_paths_are_refused_where_nobody_allowed_them(tmp_path: Path) -> None:
    with served(settings(tmp_path)) as closed:
        refused = closed.post("/api/explain", json={"path": "/etc/hostname"})
    assert refused.status_code == 403
    assert "--allow-paths FOLDER" in refused.json()["detail"]


def test_a_second_upload_at_a_time_is_refused_where_one_is_allowed(client: TestClient) -> None:
    desk = desk_of(client)
    desk._n_uploads = desk.settings.most_uploads
    try:
        refused = give(client)
    finally:
        desk._n_uploads = 0
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
