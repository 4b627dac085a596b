"""What must not reach a study: other pages, other hosts, wrong tokens, names that lead elsewhere, markup in names."""

from __future__ import annotations

import json

import httpx
import pytest
from page_client import Page


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1:1"},
    ],
    ids=str,
)
def test_another_page_or_host_is_refused(page: Page, headers: dict[str, str]) -> None:
    answer = httpx.get(f"{page.address}api/study", headers=headers)
    assert answer.status_code == 403
    assert "SIM" not in answer.text


@pytest.mark.parametrize("token", ["", "x", "a" * 32, "%2e%2e", "ü"])
def test_a_wrong_token_is_refused(page: Page, token: str) -> None:
    for path in (f"/{token}/", f"/{token}/api/study", "/", "/api/study"):
        assert httpx.get(f"{page.origin}{path}").status_code == 403


def test_a_change_must_say_where_it_comes_from_and_be_json(page: Page) -> None:
    address = f"{page.address}api/change/compute"
    assert httpx.post(address, json={}).status_code == 403
    plain = httpx.post(address, content="{}", headers={"Origin": page.origin, "Content-Type": "text/plain"})
    assert plain.status_code == 403
    assert httpx.put(address, json={}, headers={"Origin": page.origin}).status_code == 403
    long = httpx.post(address, json={"x": "y" * 1_100_000}, headers={"Origin": page.origin})
    assert long.status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "api/tube/..%2f..%2fstudy.toml",
        "api/tube/../../../../etc/passwd",
        "api/tube/000000000000",
        "..%2f..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/server.py",
        "server.py",
        "../safety.py",
    ],
)
def test_names_lead_nowhere_else(page: Page, path: str) -> None:
    answer = page.client.get(f"{page.address}{path}")
    assert answer.status_code in (403, 404, 422)
    assert "root:" not in answer.text
    assert "import" not in answer.text


@pytest.mark.parametrize(
    "content",
    [
        {"by": {"name": "=cmd|' /C calc'!A0"}, "verdict": "accept"},
        {"by": {"name": "a\u202eb"}, "verdict": "accept"},
        {"by": {"name": ""}, "verdict": "accept"},
        {"by": {"name": "Ada"}, "verdict": "delete"},
        {"by": {"name": "Ada"}, "verdict": "accept", "more": 1},
        {"verdict": "accept"},
    ],
    ids=str,
)
def test_requests_are_read_strictly(page: Page, content: dict[str, object]) -> None:
    tube = page.get("study")["tubes"][0]
    answer = page.post("change/verdict", {"seen": {tube["id"]: tube["version"]}, **content})
    assert answer.status_code == 422
    assert answer.json()["what"]


@pytest.mark.parametrize("body", ["{", "[" * 100_000, "NaN", '{"seen": {"../../x": "y"}}'])
def test_broken_requests_are_refused_in_words(page: Page, body: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = page.client.post("api/change/verdict", content=body, headers=headers)
    assert answer.status_code == 422
    assert json.loads(answer.text)["what"]


def test_gates_that_are_none_are_refused(page: Page) -> None:
    tube = page.get("study")["tubes"][0]
    for gate in (
        {"population": "B", "cut": 1e400},
        {"population": "nothing", "cut": 0.5},
        {"population": "lymphocytes", "cut": 0.5},
        {"population": "B", "cut": 0.5, "marker": "CD999", "side": "above"},
        {"population": "B", "polygon": [[0, 0], [1, 1]], "x": "CD19", "y": "CD3"},
    ):
        asked = {"by": {"name": "Ada"}, "seen": {tube["id"]: tube["version"]}, "gates": [gate], "why": "x"}
        answer = page.client.post(
            "api/change/gates", content=json.dumps(asked), headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 422, gate


def test_every_answer_forbids_what_the_page_does_not_need(page: Page) -> None:
    for answer in (page.client.get(page.address), httpx.get(page.origin)):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
