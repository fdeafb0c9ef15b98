"""Features of images, kept on disk under the digest of all that decides them, so that they are computed once."""

# Shapes are (images, features).

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ceteris.datasets.cache import cache_folder, empty, file_sha256, keeping, publish
from ceteris.datasets.source import LOCKS
from ceteris.locks.lock import Locks

_ADVICE = "Make room there, run `ceteris data clear`, or choose another folder with XDG_CACHE_HOME."
_FEATURES, _FACTS, _LOCK, _PART = "features.npy", "facts.json", "features", ".part"


@dataclass(frozen=True, kw_only=True)
class FeatureKey:
    """All that decides features: equal keys, equal features.

    Attributes:
        images: SHA-256 of the pixels, from `images_digest`.
        preparation: Version of how images are prepared.
        precision: In which numbers the network computed, and where.
        view: `plain` or `mirrored`.
    """

    backbone: str
    weights: str
    images: str
    resolution: int
    preparation: int
    precision: str
    view: str

    @property
    def digest(self) -> str:
        """SHA-256 of all of it, in hexadecimal."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Features:
    """Features of images, and how they were made.

    Attributes:
        values: Mapped from the disk, so that processes share them. Shape (images, features).
        precision_error: Root mean square difference to float32, relative to their size, measured on a sample.
    """

    values: NDArray[np.float32]
    seconds: float
    precision_error: float


@dataclass(frozen=True, kw_only=True)
class KeptFeatures:
    """What the cache holds under one key: where, its bytes on disk, and what it is in words."""

    folder: Path
    size: int
    description: str


def images_digest(images: NDArray[np.uint8]) -> str:
    """Give the SHA-256 of the pixels of images and their shape."""
    digest = hashlib.sha256(repr(images.shape).encode())
    digest.update(np.ascontiguousarray(images).data)
    return digest.hexdigest()


@dataclass(frozen=True)
class FeatureCache:
    """A folder with one folder per key; made when something is kept."""

    path: Path

    @contextmanager
    def held(self, key: FeatureKey) -> Iterator[None]:
        """Wait until no other process is making these features, and keep others from it meanwhile."""
        folder = self._folder(key)
        with keeping(folder, "features", 0, advice=_ADVICE):
            folder.mkdir(parents=True, exist_ok=True)
        with keeping(folder, "features", 0, advice=_ADVICE):
            lock = Locks(folder / LOCKS).wait(_LOCK)
        assert lock is not None, "it waits for ever"
        with lock:
            yield

    def read(self, key: FeatureKey) -> Features | None:
        """Look for features, and read every byte of them; what is not whole counts as not there."""
        folder = self._folder(key)
        try:
            facts: dict[str, Any] = json.loads((folder / _FACTS).read_text())
            if facts["key"] != asdict(key) or facts["sha256"] != file_sha256(folder / _FEATURES):
                return None
            values = np.load(folder / _FEATURES, mmap_mode="r", allow_pickle=False)
            return Features(values=values, seconds=facts["seconds"], precision_error=facts["drift"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def room(self, key: FeatureKey, images: int, features: int) -> NDArray[np.float32]:
        """Make a file for features that are about to be computed; `keep` takes it up."""
        folder = self._folder(key)
        needed = 4 * images * features
        with keeping(folder, "features", needed, advice=_ADVICE):
            folder.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(folder).free < needed:
                raise OSError(28, os.strerror(28))
            part = folder / (_FEATURES + _PART)
            return np.lib.format.open_memmap(part, "w+", np.float32, (images, features))

    def keep(self, key: FeatureKey, values: NDArray[np.float32], *, seconds: float, precision_error: float) -> Features:
        """Give the finished file of `room` its name, its checksum beside it."""
        folder = self._folder(key)
        with keeping(folder, "features", values.nbytes, advice=_ADVICE):
            if isinstance(values, np.memmap):
                values.flush()
            part = folder / (_FEATURES + _PART)
            facts = {
                "key": asdict(key),
                "images": len(values),
                "sha256": file_sha256(part),
                "seconds": round(seconds, 3),
                "drift": precision_error,
            }
            (folder / _FACTS).unlink(missing_ok=True)
            publish(part, folder / _FEATURES)
            facts_part = folder / (_FACTS + _PART)
            facts_part.write_text(json.dumps(facts, indent=1, sort_keys=True))
            publish(facts_part, folder / _FACTS)
        kept = self.read(key)
        assert kept is not None, "it was written a moment ago"
        return kept

    def entries(self) -> tuple[KeptFeatures, ...]:
        """List what is kept, the largest first; what is half made counts too."""
        folders = [folder for folder in self.path.glob("*") if folder.is_dir()] if self.path.is_dir() else []
        return tuple(sorted((_entry(folder) for folder in folders), key=lambda entry: -entry.size))

    def clear(self) -> int:
        """Delete everything, and give the bytes that this freed."""
        freed = sum(entry.size for entry in self.entries())
        empty(self.path)
        return freed

    def _folder(self, key: FeatureKey) -> Path:
        return self.path / key.digest[:24]


def feature_cache() -> FeatureCache:
    """Give the cache of this user."""
    return FeatureCache(cache_folder() / "features")


def _entry(folder: Path) -> KeptFeatures:
    files = [file for file in folder.glob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files)
    description = "unfinished"
    with suppress(OSError, ValueError, KeyError, TypeError):
        facts = json.loads((folder / _FACTS).read_text())
        key, side = facts["key"], facts["key"]["resolution"]
        images = f"{facts['images']:,} images, {key['view']}"
        description = f"{key['backbone']} at {side} x {side}, {images}, {key['precision']}"
    return KeptFeatures(folder=folder, size=size, description=description)
