"""What reaches the server: the page itself, from this machine, with the token of its address. No access control."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

__all__ = ["MOST_BYTES", "Gatekeeper", "new_token"]

MOST_BYTES: Final = 1_000_000  # of a request
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def new_token() -> str:
    """A random word that the address of the page carries.

    Returns
    -------
    str
    """
    return secrets.token_urlsafe(24)


class Gatekeeper:
    """Lets a request pass, or says why not.

    Parameters
    ----------
    token : str
    port : int
        Of the server: a name that leads here from elsewhere is another host.
    """

    def __init__(self, token: str, port: int) -> None:
        self._token = token
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def __call__(self, request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        """Answer a request, or refuse it; every answer carries the same protective headers."""
        refusal = self.refusal(request)
        response = PlainTextResponse(refusal, status_code=403) if refusal else await answer(request)
        response.headers.update(_HEADERS)
        return response

    def refusal(self, request: Request) -> str:
        """Why a request is refused; empty where it may pass."""
        host = request.headers.get("host", "")
        if host not in self._hosts:
            return "refused: this server answers requests from this machine only"
        given = request.url.path.split("/")[1] if request.url.path.count("/") > 1 else ""
        if not secrets.compare_digest(given.encode(), self._token.encode()):
            return "refused: the address lacks the token that `bcelldepl review` printed"
        origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "none")
        if origin is not None and origin != f"http://{host}":
            return "refused: the request comes from another page"
        if site not in ("same-origin", "none"):
            return "refused: the request comes from another page"
        if request.method == "POST":
            if origin is None:
                return "refused: the request does not state which page it comes from"
            if request.headers.get("content-type", "").split(";")[0] != "application/json":
                return "refused: requests are JSON"
            if not request.headers.get("content-length", "").isdecimal():
                return "refused: the request does not state its length"
            if int(request.headers["content-length"]) > MOST_BYTES:
                return "refused: the request is too long"
        elif request.method != "GET":
            return "refused: only GET and POST are answered"
        return ""
