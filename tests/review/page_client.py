"""What the review page asks of its server, without a browser."""

from __future__ import annotations

import time
from typing import Any

import httpx

from bcelldepl.review.server import ReviewServer


class Page:
    """What the page asks of the server, without a browser."""

    def __init__(self, server: ReviewServer) -> None:
        self.server = server
        self.address = server.address
        self.origin = "/".join(server.address.split("/")[:3])
        self.client = httpx.Client(base_url=server.address, timeout=120, headers={"Origin": self.origin})

    def get(self, path: str) -> Any:
        answer = self.client.get(f"api/{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, content: Any) -> httpx.Response:
        return self.client.post(f"api/{path}", json=content)

    def tube(self, file: str) -> dict[str, Any]:
        return next(one for one in self.get("study")["tubes"] if one["file"] == file)

    def change(self, what: str, files: list[str], name: str = "Ada", **content: Any) -> httpx.Response:
        tubes = {one["file"]: one for one in self.get("study")["tubes"]}
        seen = {tubes[file]["id"]: tubes[file]["version"] for file in files}
        return self.post(f"change/{what}", {"by": {"name": name}, "seen": seen, **content})

    def settle(self) -> dict[str, Any]:
        """Wait until the tables follow, and return the study."""
        for _ in range(600):
            told = self.get("study")
            if not told["busy"] and not told["awaits_tables"]:
                return told
            time.sleep(0.1)
        raise TimeoutError("the tables do not follow")
