"""CIFAR-10 in miniature: four records a file, in every form in which the real one comes."""

import gzip
import hashlib
import io
import pickle
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ceteris.datasets.cache import Archive
from ceteris.datasets.cifar10 import CLASS_NAMES, Layout, Release, parts

RECORDS = 4
PARTS = parts(5)


def records(part):
    """Four records of noise that differ from part to part."""
    generator = np.random.default_rng(PARTS.index(part))
    table = generator.integers(0, 256, (RECORDS, 3073), dtype=np.uint8)
    table[:, 0] = (np.arange(RECORDS) + PARTS.index(part)) % 10
    return table.tobytes()


def batch(part, protocol=2):
    """The same records as the python release pickles them."""
    table = np.frombuffer(records(part), np.uint8).reshape(RECORDS, 3073)
    facts = {b"batch_label": b"x", b"labels": table[:, 0].tolist(), b"data": table[:, 1:].copy(), b"filenames": []}
    return pickle.dumps(facts, protocol=protocol)


def tar(members, *, packed=True):
    """An archive of (name, content) pairs, or of ready-made headers."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in members:
            if isinstance(name, tarfile.TarInfo):
                archive.addfile(name, io.BytesIO(content))
                continue
            header = tarfile.TarInfo(name)
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), mtime=0) if packed else buffer.getvalue()


@dataclass(frozen=True)
class Miniature:
    """A miniature release, and ways to write it down."""

    release: Release
    binary: bytes
    python: bytes

    def write_binary(self, folder: Path) -> Path:
        """Write the unpacked binary layout under a folder."""
        inner = folder / Layout.BINARY.folder
        inner.mkdir(parents=True)
        for part in PARTS:
            (inner / f"{part}.bin").write_bytes(records(part))
        (inner / "batches.meta.txt").write_text("\n".join(CLASS_NAMES) + "\n\n")
        return inner

    def write_python(self, folder: Path) -> Path:
        """Write the unpacked python layout under a folder."""
        inner = folder / Layout.PYTHON.folder
        inner.mkdir(parents=True)
        for part in PARTS:
            (inner / part).write_bytes(batch(part))
        return inner


def make_miniature():
    """Make the miniature release."""
    folder = Layout.BINARY.folder
    binary = tar([(f"{folder}/{part}.bin", records(part)) for part in PARTS])
    python = tar([(f"{Layout.PYTHON.folder}/{part}", batch(part)) for part in PARTS])

    def archive(name, content):
        return Archive(name=name, size=len(content), sha256=hashlib.sha256(content).hexdigest())

    training = b"".join(records(part) for part in PARTS if part != "test_batch")
    release = Release(
        records=RECORDS,
        part_digests={part: hashlib.sha256(records(part)).hexdigest() for part in PARTS},
        training_digest=hashlib.sha256(training).hexdigest(),
        archives={
            Layout.BINARY: archive("cifar-10-binary.tar.gz", binary),
            Layout.PYTHON: archive("cifar-10-python.tar.gz", python),
        },
    )
    return Miniature(release=release, binary=binary, python=python)
