"""Who is answered."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.responses import HTMLResponse, JSONResponse
from starlette.testclient import TestClient

from audiolime_ext.app.guard import Guard, Rate
from audiolime_ext.app.settings import Settings
from audiolime_ext.errors import UsageError
from tests.app.songs import HERE

TOKEN = "a-secret-of-24-letters-x"
AWAY = "http://music.example:8347"


async def app(scope: Any, receive: Any, send: Any) -> None:
    page = scope["path"] == "/page"
    answer = HTMLResponse("<p>page") if page else JSONResponse({"path": scope["path"]})
    await answer(scope, receive, send)


def client(*, base: str = HERE, per_minute: int = 1000, **given: Any) -> TestClient:
    now = iter(range(1_000_000))
    return TestClient(Guard(app, Settings(**given), Rate(per_minute, clock=lambda: next(now) / 1000)), base_url=base)


@pytest.mark.parametrize("host", ["127.0.0.1:8347", "localhost", "LOCALHOST:9000", "[::1]:8347", "[::1]"])
def test_this_machine_is_answered_under_its_own_names(host: str) -> None:
    assert client().get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8347", "127.0.0.1.evil.example", "localhost@evil.example", "", "127.0.0.1:80:80"],
)
def test_another_host_is_refused_where_there_is_no_token(host: str) -> None:
    refused = client().get("/", headers={"Host": host})
    assert refused.status_code == 403
    assert "this machine alone" in refused.json()["detail"]


def test_two_hosts_are_refused() -> None:
    refused = client().get("/", headers=[("Host", "127.0.0.1"), ("Host", "evil.example")])
    assert refused.status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),  # no browser
        ({"Origin": HERE}, 200),
        ({"Origin": HERE, "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Origin": "http://[bad"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "PATCH"])
def test_only_our_own_pages_write(headers: dict[str, str], status: int, method: str) -> None:
    assert client().request(method, "/api", headers=headers).status_code == status


def test_a_token_is_asked_of_every_request() -> None:
    asked = client(host="0.0.0.0", token=TOKEN, base=AWAY)
    for given in ({}, {"Authorization": f"Bearer {TOKEN[:-1]}y"}, {"Authorization": TOKEN}):
        refused = asked.get("/health", headers=given)
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"] == "Bearer"
        assert TOKEN not in refused.text
    assert asked.get("/health", headers={"Authorization": f"Bearer {TOKEN}"}).json() == {"path": "/health"}
    assert asked.get(f"/t/{TOKEN}/health").json() == {"path": "/health"}
    assert asked.get(f"/t/{TOKEN}/").json() == {"path": "/"}
    assert asked.get(f"/t/{TOKEN}").json() == {"path": "/t"}
    assert asked.get(f"/t/{TOKEN}x/health").status_code == 401
    assert asked.get("/t//health").status_code == 401
    assert asked.get("/t/é/health").status_code == 401
    assert asked.post(f"/t/{TOKEN}/api", headers={"Origin": "http://evil.example"}).status_code == 403


def test_guesses_of_the_token_are_slowed_down() -> None:
    asked = client(host="0.0.0.0", token=TOKEN, base=AWAY, per_minute=5)
    answers = [asked.get("/t/guess/").status_code for _ in range(7)]
    assert answers == [401] * 5 + [429] * 2


def test_one_client_cannot_write_without_end_and_hears_when_it_may_again() -> None:
    asked = client(per_minute=3)
    answers = [asked.post("/api") for _ in range(5)]
    assert [one.status_code for one in answers] == [200] * 3 + [429] * 2
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert asked.get("/").status_code == 200


def test_a_rate_recovers() -> None:
    now = [0.0]
    rate = Rate(2, clock=lambda: now[0])
    assert [rate.wait_s("a"), rate.wait_s("a"), rate.wait_s("a") > 0, rate.wait_s("b")] == [0, 0, True, 0]
    now[0] = 30.0
    assert [rate.wait_s("a"), rate.wait_s("a") > 0] == [0, True]


def test_long_headers_and_addresses_are_refused() -> None:
    assert client().get("/", headers={"X-Long": "x" * 20_000}).status_code == 431
    assert client().get("/" + "x" * 3000).status_code == 414
    assert client().get("/?" + "x" * 3000).status_code == 414


def test_every_answer_is_safe_to_show() -> None:
    for answer in (client().get("/page"), client().get("/"), client().get("/", headers={"Host": "evil"})):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert "set-cookie" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers
    assert "default-src 'none'" in client().get("/").headers["Content-Security-Policy"]


def test_a_server_that_strangers_could_use_is_refused() -> None:
    with pytest.raises(UsageError, match="can be reached by other machines"):
        Settings(host="192.168.0.7").require_safe()
    for weak in ("short", "with spaces and more of them", "ä" * 20):
        with pytest.raises(UsageError, match="--token takes 16 characters"):
            Settings(host="192.168.0.7", token=weak).require_safe()
    Settings(host="192.168.0.7", token=TOKEN).require_safe()
    for host in ("127.0.0.1", "127.0.0.9", "::1", "localhost"):
        Settings(host=host).require_safe()
    assert TOKEN not in repr(Settings(token=TOKEN))
