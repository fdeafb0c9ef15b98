"""A process that decodes image files, one after the other, within bounds: `python -m ceteris.datasets.decoder`.

It reads requests from standard input and writes answers to standard output; each is a length of four bytes, as many
bytes of JSON, and what the JSON announces: the content of a file after a request without a path, pixels after an
answer with a shape. Whoever started it ends it when it takes too long; the system refuses it too much memory.
"""

import hashlib
import json
import os
import signal
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from ceteris.datasets.dataset import Fit
from ceteris.datasets.picture import MOST_BYTES, TOO_MANY_BYTES, Frame, UnreadableError, decode_picture
from ceteris.errors import reason

MOST_MEMORY = 2_000_000_000
"""Bytes of address space; a hundred million pixels with transparency take half of it."""

_LENGTH = 4


def send(pipe: IO[bytes], facts: dict[str, Any], content: bytes = b"") -> None:
    """Write one message."""
    text = json.dumps(facts).encode()
    pipe.write(len(text).to_bytes(_LENGTH, "big") + text)
    pipe.write(content)
    pipe.flush()


def receive(pipe: IO[bytes]) -> dict[str, Any]:
    """Read the JSON of one message."""
    facts: dict[str, Any] = json.loads(exactly(pipe, int.from_bytes(exactly(pipe, _LENGTH), "big")))
    return facts


def exactly(pipe: IO[bytes], count: int) -> bytes:
    """Read so many bytes; fewer, because the other side is gone, are an `EOFError`."""
    content = pipe.read(count)
    if len(content) < count:
        raise EOFError
    return content


def read_file(path: Path) -> bytes:
    """Read an image file whole, if it is a plain file of bearable size."""
    try:
        # A pipe without a writer would be waited for without O_NONBLOCK.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(descriptor, "rb") as file:  # noqa: PTH123 - opened above
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise UnreadableError("is not a plain file")
            if status.st_size > MOST_BYTES:
                raise UnreadableError(TOO_MANY_BYTES)
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UnreadableError(f"cannot be read: {reason(error)}") from None


def _limit_memory() -> None:
    """Have the system refuse more than `MOST_MEMORY`; Windows and macOS cannot, where the pixel limit is the bound."""
    with suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 - not on Windows

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        most = MOST_MEMORY if hard == resource.RLIM_INFINITY else min(MOST_MEMORY, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def _answer(request: dict[str, Any], content: bytes | None, pipe: IO[bytes]) -> None:
    frame = Frame(
        height=request["height"], width=request["width"], channels=request["channels"], fit=Fit(request["fit"])
    )
    try:
        content = read_file(Path(request["path"])) if content is None else content
        picture = decode_picture(content, frame)
    except UnreadableError as error:
        send(pipe, {"reason": str(error)})
    except MemoryError:
        send(pipe, {"reason": "needs more memory to decode than a picture may take"})
    else:
        facts = {
            "shape": picture.pixels.shape,
            "width": picture.width,
            "height": picture.height,
            "format": picture.format,
            "mode": picture.mode,
            "notes": picture.notes,
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        send(pipe, facts, picture.pixels.tobytes())


def main() -> None:
    """Answer until standard input closes."""
    for name in ("SIGINT", "SIGHUP", "SIGBREAK"):  # these reach every process of a terminal; the parent ends this one
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    _limit_memory()
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # so that nothing else is ever written among the answers
    with suppress(EOFError, BrokenPipeError):
        send(answers, {"ready": True})
        while True:
            request = receive(requests)
            content = exactly(requests, request["bytes"]) if "bytes" in request else None
            _answer(request, content, answers)


if __name__ == "__main__":
    main()
