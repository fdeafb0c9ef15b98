"""Downloads CIFAR-10: from one mirror after another, until the bytes of an official archive are there."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from ceteris.datasets.archive import GZIP_MAGIC
from ceteris.datasets.checksum import file_sha256
from ceteris.datasets.cifar10 import OFFICIAL, PAGE, Archive, Release
from ceteris.datasets.http_download import Progress, TransferError, transfer
from ceteris.datasets.mirrors import MIRRORS, Mirror
from ceteris.errors import DataError
from ceteris.formatting.wording import byte_count

_WORTH_RESUMING = 1 << 20  # bytes that an attempt must bring before the same server is asked again


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A file at an address.

    Attributes:
        url: Where it is said to be.
        archive: What it must be.
    """

    url: str
    archive: Archive


@dataclass(frozen=True, kw_only=True)
class Setback:
    """A mirror failed; the download goes on with the next attempt.

    Attributes:
        url: Where the archive was to come from.
        reason: What the server did.
    """

    url: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Another process is downloading into the same folder; its result will be used."""

    folder: Path


Event = Progress | Setback | Waiting


def fetch_cifar10(
    folder: Path,
    *,
    mirrors: Sequence[Mirror] = MIRRORS,
    timeout: float = 20.0,
    release: Release = OFFICIAL,
) -> Iterator[Event]:
    """Download an official archive of CIFAR-10 into a folder, unless one is there.

    A broken download is kept and continued, also by the next call. The archive gets its name only after its SHA-256
    was found right, so whatever has the name is whole.

    Args:
        folder: Where to put it; made if need be.
        mirrors: Whom to ask, in this order.
        timeout: Seconds a server may take to answer, or be nearly silent, before the next is asked.
        release: What official is.

    Yields:
        What happens, as it happens.

    Raises:
        DataError: If no mirror gives the archive, or the folder cannot hold it.
    """
    offers = [Offer(url=mirror.url, archive=release.archives[mirror.layout]) for mirror in mirrors]
    yield from fetch_any(folder, offers, timeout=timeout, what="CIFAR-10", advice=_ADVICE)


def fetch_any(
    folder: Path,
    offers: Sequence[Offer],
    *,
    timeout: float,
    what: str,
    advice: str,
    begins: tuple[bytes, ...] = (GZIP_MAGIC,),
) -> Iterator[Event]:
    """Download one of the files on offer into a folder, unless one is there; see `fetch_cifar10`.

    Args:
        folder: Where to put it; made if need be.
        offers: Addresses to ask, in this order.
        timeout: Seconds a server may take to answer, or be nearly silent, before the next is asked.
        what: What it is, for messages.
        advice: What to do if nobody gives it, in a sentence.
        begins: What such files begin with.

    Yields:
        What happens, as it happens.

    Raises:
        DataError: If nobody gives the file, or the folder cannot hold it.
    """
    with _storing(folder, offers, what):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            yield Waiting(folder=folder)
            lock.acquire()
        try:
            if not any(is_intact(folder / offer.archive.name, offer.archive) for offer in offers):
                yield from _from_any(folder, offers, timeout, begins, what, advice)
        finally:
            lock.release()


def fetched_archive(folder: Path, release: Release = OFFICIAL) -> Path | None:
    """Give the official archive in a folder, recognised by all its bytes, or nothing.

    Raises:
        OSError: If an archive cannot be read.
    """
    intact = (folder / each.name for each in release.archives.values() if is_intact(folder / each.name, each))
    return next(intact, None)


def is_intact(path: Path, archive: Archive) -> bool:
    """Say whether a file is there and is an archive, by all its bytes.

    Raises:
        OSError: If it cannot be read.
    """
    return path.is_file() and path.stat().st_size == archive.size and file_sha256(path) == archive.sha256


def _from_any(
    folder: Path, offers: Sequence[Offer], timeout: float, begins: tuple[bytes, ...], what: str, advice: str
) -> Iterator[Event]:
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
                    _publish(part, folder / archive.name)
                    _forget_parts(folder, offers)
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


def _publish(part: Path, path: Path) -> None:
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)
    if os.name == "posix":
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _forget_parts(folder: Path, offers: Sequence[Offer]) -> None:
    for offer in offers:
        (folder / f"{offer.archive.name}.part").unlink(missing_ok=True)


@contextmanager
def _storing(folder: Path, offers: Sequence[Offer], what: str) -> Iterator[None]:
    """Turn what the disk says into an error that names the folder and what is needed."""
    try:
        yield
    except OSError as error:
        needed = byte_count(max(offer.archive.size for offer in offers))
        raise DataError(
            f"{folder}: {what} cannot be stored here ({error.strerror}), {needed} are needed. {_ELSEWHERE}"
        ) from error


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


_ADVICE = (
    "Check the network and run `ceteris data fetch` again, which keeps what has arrived; or bring an archive from "
    f"{PAGE} and name it with --data or CETERIS_DATA."
)
_ELSEWHERE = (
    "Make room or allow writing there, or choose another folder with XDG_CACHE_HOME or "
    "`ceteris data fetch --to FOLDER`."
)
