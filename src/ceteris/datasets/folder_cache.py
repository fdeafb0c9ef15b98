"""Decoded folders of images, kept so that each is decoded once: one folder each, named by all that decides its content.

An entry holds `images.npy`, every readable picture in one size, training before validation before test images, and
`facts.json`, which ends with a digest of itself and holds that of the images. It appears by renaming when it is whole.
"""

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import features

from ceteris.checksummed import DamagedError, LaterFormatError, seal, unseal
from ceteris.datasets.cache import ELSEWHERE, empty, file_sha256, keeping
from ceteris.datasets.dataset import Labels, as_labels
from ceteris.datasets.file_kinds import library_version
from ceteris.datasets.picture import DECODER, Frame
from ceteris.errors import DataError
from ceteris.formatting.wording import byte_count

DECODED = "decoded images"
PARTS = ("training", "validation", "test")
_IMAGES, _FACTS, _PARTIAL = "images.npy", "facts.json", ".partial"
_LIBRARIES = ("pil", "jpg", "libtiff", "webp", "zlib")


@dataclass(frozen=True, kw_only=True, eq=False)
class CachedFolder:
    """A decoded folder of images.

    Attributes:
        images: Training, then validation, then test images; on the disk, and read as they are looked at. Shape (images,
            height, width, channels), uint8.
        counts: How many images each part has, in the order of `PARTS`.
        left_out: Files that are no pictures, each with its reason: `cat/7.jpg is cut short or damaged`.
        near: Test images that look nearly the same as a training or validation image, each with that one, by the
            names of their files; without those that are the same byte for byte.
    """

    images: NDArray[np.uint8]
    labels: Labels
    counts: tuple[int, int, int]
    files: tuple[str, ...]
    left_out: tuple[str, ...]
    near: tuple[tuple[str, str], ...]
    images_sha256: str


@dataclass(frozen=True, kw_only=True)
class KeptFolder:
    """What the cache keeps of one folder of images: its name, how many images of which side, and bytes on disk."""

    path: Path
    source: str
    images: int
    side: int
    size: int


def entry_key(frame: Frame, choices: Mapping[str, object], files: Sequence[tuple[str, str, int, str]]) -> str:
    """Name an entry by all that decides it: part, name, label and SHA-256 of each file, and what is done to it."""
    facts = {
        "decoder": DECODER,
        "libraries": {
            **{name: features.version(name) for name in _LIBRARIES},
            # Named only where it is installed, so that other caches stay what they were.
            **({"heif": heif} if (heif := library_version()) else {}),
        },
        "frame": [frame.height, frame.width, frame.channels, frame.fit.value],
        "choices": choices,
        "files": files,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def open_entry(path: Path) -> CachedFolder | None:
    """Open an entry and compare every byte with its digest; None if there is none, or it is damaged."""
    try:
        facts = unseal((path / _FACTS).read_bytes())
        if file_sha256(path / _IMAGES) != facts["file_sha256"]:
            return None
        images: NDArray[np.uint8] = np.asarray(np.load(path / _IMAGES, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError, DamagedError, LaterFormatError):
        return None
    labels = as_labels(facts["labels"])
    labels.setflags(write=False)
    return CachedFolder(
        images=images,
        labels=labels,
        counts=tuple(facts["counts"]),
        files=tuple(facts["files"]),
        left_out=tuple(facts["left_out"]),
        near=tuple((test, other) for test, other in facts["near"]),
        images_sha256=facts["images_sha256"],
    )


class EntryWriter:
    """Takes pictures as they are decoded, in any order, and makes an entry of those that are wanted, in any other."""

    def __init__(self, path: Path, shape: tuple[int, int, int], count: int) -> None:
        self._path = path
        self._shape = shape
        self._partial = path.with_name(f".{path.name[:16]}-{secrets.token_hex(4)}{_PARTIAL}")
        self._bytes = int(np.prod(shape))
        needed = self.needed(shape, count)
        with keeping(path.parent, DECODED, needed):
            path.parent.mkdir(parents=True, exist_ok=True)
            for leftover in path.parent.glob(f".*{_PARTIAL}"):  # of writers that were killed: this one holds the lock
                shutil.rmtree(leftover, ignore_errors=True)
            if (free := shutil.disk_usage(path.parent).free) < needed:
                raise DataError(
                    f"{path.parent}: {byte_count(free)} free, {byte_count(needed)} needed for the decoded images. "
                    f"{ELSEWHERE}"
                )
            self._partial.mkdir()
            # Written and not mapped: a full disk is then an error, where a mapping would end the process.
            self._decoded = (self._partial / "decoded").open("wb")

    @staticmethod
    def needed(shape: tuple[int, int, int], count: int) -> int:
        """Say how many bytes an entry takes while it is made: every picture twice."""
        return 2 * count * int(np.prod(shape))

    def put(self, place: int, pixels: NDArray[np.uint8]) -> None:
        """Keep a picture under a number."""
        with keeping(self._path.parent, DECODED, self._bytes):
            self._decoded.seek(place * self._bytes)
            self._decoded.write(pixels.tobytes())

    def finish(self, order: Sequence[int], facts: Mapping[str, object]) -> None:
        """Write the pictures in the order of their numbers, with what is to be known of them."""
        with keeping(self._path.parent, DECODED, len(order) * self._bytes):
            self._decoded.close()
            digest = hashlib.sha256()
            with (self._partial / "decoded").open("rb") as decoded, (self._partial / _IMAGES).open("wb") as file:
                header = {"descr": "|u1", "fortran_order": False, "shape": (len(order), *self._shape)}
                np.lib.format.write_array_header_1_0(file, header)
                for place in order:
                    decoded.seek(place * self._bytes)
                    content = decoded.read(self._bytes)
                    digest.update(content)
                    file.write(content)
                file.flush()
                os.fsync(file.fileno())
            whole = {**facts, "images_sha256": digest.hexdigest(), "file_sha256": file_sha256(self._partial / _IMAGES)}
            (self._partial / _FACTS).write_bytes(seal(whole))
            (self._partial / "decoded").unlink()
            if self._path.exists():  # what cannot be opened
                shutil.rmtree(self._path)
            self._partial.rename(self._path)

    def close(self) -> None:
        """Take back what was not finished."""
        self._decoded.close()
        shutil.rmtree(self._partial, ignore_errors=True)


def entries(cache: Path) -> tuple[KeptFolder, ...]:
    """List what the cache keeps of folders of images."""
    found = []
    for path in sorted(folders_in(cache).glob("*/")):
        if path.name.startswith("."):
            continue
        facts: dict[str, Any] = {}
        size = 0
        with suppress(OSError, DamagedError, LaterFormatError):
            size = sum(file.stat().st_size for file in path.iterdir())
            facts = unseal((path / _FACTS).read_bytes())
        source = str(facts.get("source", "damaged"))
        found.append(
            KeptFolder(
                path=path, source=source, images=len(facts.get("files", ())), side=facts.get("side", 0), size=size
            )
        )
    return tuple(found)


def clear(cache: Path) -> int:
    """Delete every decoded folder from the cache, and say how many bytes that freed."""
    freed = sum(entry.size for entry in entries(cache))
    empty(folders_in(cache))
    return freed


def folders_in(cache: Path) -> Path:
    """Say where in the cache decoded folders are."""
    return cache / "folders"
