"""Brings one file over HTTP, piece by piece, going on where an earlier attempt stopped."""

import re
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage, HTTPResponse, responses
from pathlib import Path
from typing import IO, Any, cast
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from ceteris.datasets.archive import GZIP_MAGIC, kind_of

_BLOCK = 1 << 16
_SLOWEST = 4096  # bytes a second: CIFAR-10 in half a day


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a transfer is.

    Attributes:
        url: Where the file comes from.
        received: Bytes on disk.
        total: Bytes it will have.
    """

    url: str
    received: int
    total: int


class TransferError(Exception):
    """A server did not give what was asked for; what came before that is kept. Never reaches a user."""


def transfer(
    url: str, part: Path, size: int, *, timeout: float, begins: tuple[bytes, ...] = (GZIP_MAGIC,)
) -> Iterator[Progress]:
    """Receive a file into `part`, after the bytes that are already there.

    Args:
        url: Where it is. A redirection is followed, but never from https to http.
        part: The unfinished file; need not exist.
        size: Bytes that the finished file has.
        timeout: Seconds a server may take to answer, or be nearly silent.
        begins: What such files begin with, gzip's two bytes if not given: what begins otherwise is not taken.

    Yields:
        Progress, at the start and after every piece.

    Raises:
        TransferError: If the server is at fault, or the network.
        OSError: If `part` cannot be written.
    """
    held = part.stat().st_size if part.exists() else 0
    yield Progress(url=url, received=held, total=size)
    if held == size:
        return
    with _open(url, held, timeout) as response:
        position = _first_byte(response, held, size)
        with part.open("ab") as file:
            for block in _blocks(response, timeout):
                if position == 0 and not any(magic.startswith(block[: len(magic)]) for magic in begins):
                    raise TransferError(f"sent {kind_of(block)} instead of the file")
                fresh = block[max(0, held - position) :]
                position += len(block)
                if position > size:
                    raise TransferError(f"sent more than {size} bytes")
                held += file.write(fresh)
                yield Progress(url=url, received=held, total=size)
                if position == size:
                    return
    raise TransferError(f"closed the connection after {position} of {size} bytes")


def _open(url: str, held: int, timeout: float) -> HTTPResponse:
    headers = {"User-Agent": "ceteris", "Accept-Encoding": "identity"}
    if held:
        headers["Range"] = f"bytes={held}-"
    try:
        opened = build_opener(_Redirect).open(Request(url, headers=headers), timeout=timeout)  # noqa: S310 - MIRRORS are https
    except HTTPError as error:
        error.close()
        raise TransferError(f"answered {error.code} {responses.get(error.code, '')}".rstrip()) from error
    except (OSError, HTTPException) as error:
        raise TransferError(_in_words(error, timeout)) from error
    return cast("HTTPResponse", opened)


def _first_byte(response: HTTPResponse, held: int, size: int) -> int:
    """Say at which byte of the file the answer begins; a server may ignore that only the rest was asked for."""
    begins, total = 0, response.length
    if response.status == 206:
        match = re.fullmatch(r"bytes (\d{1,19})-\d{1,19}/(\d{1,19})", response.headers.get("Content-Range", ""))
        if match is None or int(match[1]) != held:
            raise TransferError("sent another part of the file than was asked for")
        begins, total = held, int(match[2])
    if total is not None and total != size:
        raise TransferError(f"offered a file of {total} bytes, expected {size}")
    return begins


def _blocks(response: HTTPResponse, timeout: float) -> Iterator[bytes]:
    """Yield what arrives, until the connection closes or nearly nothing comes."""
    waited, arrived = 0.0, 0
    while True:
        since = time.monotonic()
        try:
            block = response.read1(_BLOCK)
        except (OSError, HTTPException) as error:
            raise TransferError(_in_words(error, timeout)) from error
        if not block:
            return
        waited, arrived = waited + time.monotonic() - since, arrived + len(block)
        yield block
        if waited > timeout:
            if arrived < _SLOWEST * waited:
                raise TransferError(f"sent less than {_SLOWEST} bytes a second")
            waited, arrived = 0.0, 0


class _Redirect(HTTPRedirectHandler):
    """Follows redirections, but not from an encrypted address to an open one."""

    def redirect_request(
        self,
        req: Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> Request | None:
        scheme = urlsplit(newurl).scheme
        if scheme != "https" and not (scheme == "http" and req.type == "http"):
            raise URLError(f"redirected from {req.type} to {scheme}, which is not followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _in_words(error: Any, timeout: float) -> str:
    cause = error.reason if isinstance(error, URLError) else error
    match cause:
        case TimeoutError():
            return f"fell silent for {timeout:g} seconds"
        case socket.gaierror():
            return "cannot be found (is the network up?)"
        case ssl.SSLError():
            return f"gave no valid certificate ({cause.reason})"
        case HTTPException():
            return f"did not speak HTTP ({type(cause).__name__})"
        case OSError():
            return f"cannot be reached ({cause.strerror or cause})"
        case _:
            return str(cause)
