"""`bcelldepl review`: a server on the loopback of this machine, for one study."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bcelldepl.errors import BcelldeplError, ReviewConflictError, ReviewError
from bcelldepl.review.answers import Answers, in_words
from bcelldepl.review.computing import Computing
from bcelldepl.review.safety import Gatekeeper, new_token
from bcelldepl.review.state import StudyState
from bcelldepl.store import StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["ReviewServer", "review_app"]

_PAGE: Final = Path(__file__).parent / "page"
_TYPES: Final = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}


def review_app(state: StudyState, token: str, port: int) -> Starlette:
    """Make the application.

    Parameters
    ----------
    state : StudyState
    token : str
        That every address carries.
    port : int

    Returns
    -------
    Starlette
    """
    computing = Computing(state)
    answers = Answers(state, computing)
    # Read once, by name: no path of a request is ever looked for on the disk.
    page = {path.name: path.read_bytes() for path in _PAGE.iterdir() if path.suffix in _TYPES}

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        computing.start()
        yield
        await run_in_threadpool(computing.stop)

    async def file(request: Request) -> Response:
        name = request.path_params.get("name") or "index.html"
        if name not in page:
            return PlainTextResponse("there is no such file", status_code=404)
        return Response(page[name], media_type=_TYPES[Path(name).suffix])

    def answering(
        work: Callable[..., Any], kind: str = "application/octet-stream"
    ) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            arguments = list(request.path_params.values())[1:]  # without the token
            try:
                if request.method == "POST":
                    arguments.append(_json(await request.body()))
                made = await run_in_threadpool(work, *arguments)
            except (BcelldeplError, OSError) as error:
                return _refused(error)
            if isinstance(made, bytes):
                return Response(made, media_type=kind)
            return JSONResponse(_finite(made))

        return answer

    api = "/{token}/api"
    routes = [
        Route("/{token}/", file),
        Route("/{token}/{name}", file),
        Route(f"{api}/study", answering(answers.study)),
        Route(f"{api}/tube/{{tube}}", answering(answers.tube)),
        Route(f"{api}/tube/{{tube}}/pictures", answering(answers.pictures)),
        Route(f"{api}/tube/{{tube}}/flags", answering(answers.flags)),
        Route(f"{api}/tube/{{tube}}/tube.pdf", answering(answers.tube_pdf, "application/pdf")),
        Route(f"{api}/tube/{{tube}}/subject.pdf", answering(answers.subject_pdf, "application/pdf")),
        Route(f"{api}/tube/{{tube}}/picture", answering(answers.picture), methods=["POST"]),
        Route(f"{api}/tube/{{tube}}/live", answering(answers.live), methods=["POST"]),
        Route(f"{api}/tube/{{tube}}/position", answering(answers.position), methods=["POST"]),
        *(
            Route(f"{api}/change/{what}", _change(answers, what, answering), methods=["POST"])
            for what in answers.changing
        ),
    ]
    keeper = Gatekeeper(token, port)
    return Starlette(
        routes=routes, lifespan=lifespan, middleware=[Middleware(BaseHTTPMiddleware, dispatch=keeper)]
    )


def _change(answers: Answers, what: str, answering: Callable[..., Any]) -> Any:
    return answering(lambda content: answers.change(what, content))


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ReviewError(f"the request is not JSON: {error}", "", "load the page again") from error


def _refused(error: Exception) -> Response:
    if not isinstance(error, BcelldeplError):
        return JSONResponse({"what": str(error), "where": "", "remedy": "check the disk"}, status_code=500)
    code = 409 if isinstance(error, (ReviewConflictError, StoreError)) else 422
    return JSONResponse(in_words(error), status_code=code)


def _finite(value: Any) -> Any:
    """Plain data without numbers that JSON does not know."""
    if isinstance(value, dict):
        return {str(key): _finite(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value.item() if hasattr(value, "item") else value


class ReviewServer:
    """A server that listens on the loopback alone.

    Parameters
    ----------
    folder : Path
        The results folder.
    port : int
        0 for one that is free.

    Attributes
    ----------
    address : str
        To be opened in the browser; it carries the token.

    Raises
    ------
    ExchangeError, StudyError
        Where the folder holds no results of a study.
    OSError
        Where the port is taken.
    """

    def __init__(self, folder: Path, port: int = 0) -> None:
        self._state = StudyState(folder)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        bound = int(self._socket.getsockname()[1])
        token = new_token()
        self.address = f"http://127.0.0.1:{bound}/{token}/"
        settings = uvicorn.Config(
            review_app(self._state, token, bound),
            log_level="warning",
            access_log=False,  # addresses carry the token
            server_header=False,
            timeout_graceful_shutdown=5,
        )
        self.server = uvicorn.Server(settings)

    def serve(self) -> None:
        """Answer until the process is interrupted."""
        try:
            self.server.run(sockets=[self._socket])
        finally:
            self._socket.close()
