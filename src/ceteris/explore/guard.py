"""What stands before the page: who may ask, for what, and how much; and images that somebody drops on it."""

import json
import re
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

from ceteris.datasets.decoding import load_picture
from ceteris.datasets.picture import Frame, Picture
from ceteris.errors import DataError
from ceteris.paths import shown

MOST_BYTES, MOST_FILES = 20 * 2**20, 20
"""How large an upload may be, and how many may wait in the temporary folder."""


def take_upload(path: Path, folder: Path, frame: Frame) -> Picture:
    """Read an uploaded file, and delete it whatever it was.

    Raises:
        DataError: If it is no image, or lies elsewhere.
    """
    inside = path.resolve()
    if not inside.is_relative_to(folder.resolve()):
        raise DataError("the upload is not in the temporary folder. Drop the image on the page.")
    try:
        return load_picture(inside, frame, name=shown(path.name))
    finally:
        inside.unlink(missing_ok=True)


HOST = "127.0.0.1"

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_LOOKS = re.compile(
    r"/|/(config|favicon\.ico|manifest\.json|theme\.css)|/(assets|static)/.+"
    r"|/gradio_api/(heartbeat/[a-z0-9]+|queue/data|startup-events|upload_progress)"
)
_ASKS, _UPLOADS = "/gradio_api/queue/join", "/gradio_api/upload"
"""All that the page needs. Gradio has forty more addresses: some give files away, ask other machines, or write."""

_MOST_ASKED = 100_000  # bytes of a question; those of the page have less than a thousand
_WRAPPING = 10_000  # bytes around an uploaded file

_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; frame-ancestors 'none'; base-uri 'self'; form-action 'none'; "
    "object-src 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
"""A browser that honours them asks no other machine for anything, whatever the page should want."""


class Guard:
    """Lets through what the page needs, from this machine alone, and within bounds (ASGI)."""

    def __init__(self, app: Any, folder: Path) -> None:
        self._app, self._folder = app, folder.resolve()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request, or let it pass."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        refusal = _stranger(scope) or _unneeded(scope) or self._excessive(scope)
        content = b""
        if refusal is None and scope["path"] == _ASKS:
            content = await _whole(receive)
            if not self._is_harmless(content):
                refusal = 400, "this names a file that was not dropped on the page"
        if refusal is not None:
            await _answer(send, *refusal)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_HEADERS]
            await send(message)

        await self._app(scope, _again(content, receive) if content else receive, guarded)

    def _excessive(self, scope: Message) -> tuple[int, str] | None:
        if scope["method"] != "POST":
            return None
        is_upload = scope["path"] == _UPLOADS
        length = _header(scope, b"content-length")
        if not length.isdecimal():
            return 411, "how much is sent must be said first"
        if int(length) > (MOST_BYTES + _WRAPPING if is_upload else _MOST_ASKED):
            return 413, "this is too large"
        waiting = sum(path.is_file() for path in self._folder.rglob("*")) if is_upload else 0
        return (429, f"{waiting} uploads are waiting; try again in a minute") if waiting >= MOST_FILES else None

    def _is_harmless(self, content: bytes) -> bool:
        """Say whether every file that is named lies in the temporary folder: Gradio would fetch an address."""
        try:
            paths = list(_paths(json.loads(content)))
        except (ValueError, RecursionError):
            return False
        return all(isinstance(path, str) and self._is_inside(path) for path in paths)

    def _is_inside(self, path: str) -> bool:
        try:
            return Path(path).resolve().is_relative_to(self._folder)
        except (OSError, ValueError):  # a name that no system has
            return False


def _stranger(scope: Message) -> tuple[int, str] | None:
    host = _header(scope, b"host")
    if host.rpartition(":")[0] not in {HOST, "localhost"}:  # another name was pointed at this machine
        return 421, "this page is for this machine alone"
    if (_header(scope, b"origin") or f"http://{host}") != f"http://{host}":
        return 403, "a page from elsewhere may not use this one"
    return None


def _unneeded(scope: Message) -> tuple[int, str] | None:
    if scope["method"] in {"GET", "HEAD"}:
        is_needed = _LOOKS.fullmatch(scope["path"]) is not None
    else:
        is_needed = scope["method"] == "POST" and scope["path"] in {_ASKS, _UPLOADS}
    return None if is_needed else (404, "there is nothing here")


def _header(scope: Message, name: bytes) -> str:
    return str(dict(scope["headers"]).get(name, b"").decode("latin-1"))


def _paths(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        if value.get("path") is not None:
            yield value["path"]
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _paths(one)


async def _whole(receive: Receive) -> bytes:
    content = b""
    while True:
        message = await receive()
        content += bytes(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body"):
            return content


def _again(content: bytes, receive: Receive) -> Receive:
    """Give what was received already, and then what comes."""
    left = [content]

    async def received() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return received


async def _answer(send: Send, status: int, reason: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *_HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": reason.encode()})
