"""Downloads a file, known by its bytes, from one server after another, going on where an earlier attempt stopped."""

import re
import shutil
import socket
import ssl
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage, HTTPResponse, responses
from pathlib import Path
from typing import IO, Any, cast
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from ceteris.datasets.cache import Archive, file_sha256, is_intact, keeping, publish
from ceteris.datasets.file_kinds import GZIP_MAGIC, kind_of
from ceteris.datasets.source import Event, Received, Setback, locked
from ceteris.errors import DataError
from ceteris.formatting.wording import byte_count

_BLOCK = 1 << 16
_SLOWEST = 4096  # bytes a second: CIFAR-10 in half a day


class TransferError(Exception):
    """A server did not give what was asked for; what came before that is kept. Never reaches a user."""


def transfer(
    url: str, part: Path, size: int, *, timeout: float, begins: tuple[bytes, ...] = (GZIP_MAGIC,)
) -> Iterator[Received]:
    """Receive a file into `part`, after the bytes that are already there.

    Args:
        url: Where it is. A redirection is followed, but never from https to http.
        part: The unfinished file; need not exist.
        size: Bytes that the finished file has.
        timeout: Seconds a server may take to answer, or be nearly silent.
        begins: What such files begin with, gzip's two bytes if not given: what begins otherwise is not taken.

    Yields:
        How much is there, at the start and after every piece.

    Raises:
        TransferError: If the server is at fault, or the network.
        OSError: If `part` cannot be written.
    """
    held = part.stat().st_size if part.exists() else 0
    yield Received(url=url, received=held, total=size)
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
                yield Received(url=url, received=held, total=size)
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


_WORTH_RESUMING = 1 << 20  # bytes that an attempt must bring before the same server is asked again


@dataclass(frozen=True, kw_only=True)
class Offer:
    """An address, and the file that is said to be there."""

    url: str
    archive: Archive


def fetch_any(
    folder: Path,
    offers: Sequence[Offer],
    *,
    timeout: float,
    what: str,
    advice: str,
    begins: tuple[bytes, ...] = (GZIP_MAGIC,),
) -> Generator[Event, None, None]:
    """Download one of the files on offer into a folder, unless one is there.

    Args:
        folder: Where to put it; made if need be.
        offers: Addresses to ask, in this order.
        timeout: Seconds a server may take to answer, or be nearly silent, before the next is asked.
        what: What it is, for messages.
        advice: What to do if nobody gives it, in a sentence.
        begins: What such files begin with.

    Raises:
        DataError: If nobody gives the file, or the folder cannot hold it.
    """
    with keeping(folder, what, max(offer.archive.size for offer in offers), advice=_ELSEWHERE):
        folder.mkdir(parents=True, exist_ok=True)
        lock = yield from locked(folder, "downloading")
        try:
            if not any(is_intact(folder / offer.archive.name, offer.archive) for offer in offers):
                yield from _from_any(folder, offers, timeout, begins, what, advice)
        finally:
            lock.release()


def _from_any(
    folder: Path, offers: Sequence[Offer], timeout: float, begins: tuple[bytes, ...], what: str, advice: str
) -> Generator[Event, None, None]:
    setbacks: list[Setback] = []
    for offer in offers:
        archive = offer.archive
        part = folder / f"{archive.name}.part"
        worth_another = True
        while worth_another:
            held = _size(part)
            if held > archive.size:  # no broken download of ours; it could never be finished
                part.unlink()
                held = 0
            _check_room(folder, archive.size - held, what)
            try:
                yield from transfer(offer.url, part, archive.size, timeout=timeout, begins=begins)
            except TransferError as error:
                setbacks.append(Setback(url=offer.url, reason=str(error)))
                worth_another = _size(part) - held >= _WORTH_RESUMING
            else:
                if file_sha256(part) == archive.sha256:
                    publish(part, folder / archive.name)
                    for other in offers:
                        (folder / f"{other.archive.name}.part").unlink(missing_ok=True)
                    return
                part.unlink()
                setbacks.append(Setback(url=offer.url, reason="sent other bytes than the official archive's"))
                worth_another = held > 0  # the wrong bytes may be those of an earlier attempt
            yield setbacks[-1]
    raise DataError(f"{what} could not be downloaded into {folder}: {_summary(setbacks)}. {advice}")


def _summary(setbacks: Sequence[Setback]) -> str:
    """Name those that failed for the same reason together: `a.org, b.org cannot be found; c.org answered 404`."""
    hosts: dict[str, list[str]] = {}
    for setback in setbacks:
        host = urlsplit(setback.url).netloc
        if host not in hosts.setdefault(setback.reason, []):
            hosts[setback.reason].append(host)
    return "; ".join(f"{', '.join(those)} {reason}" for reason, those in hosts.items())


def _check_room(folder: Path, needed: int, what: str) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DataError(f"{folder}: {byte_count(free)} free, {byte_count(needed)} needed for {what}. {_ELSEWHERE}")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


_ELSEWHERE = (
    "Make room or allow writing there, or choose another folder with XDG_CACHE_HOME or "
    "`ceteris data fetch --to FOLDER`."
)
