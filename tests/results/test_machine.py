import getpass
import hashlib
import platform
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from ceteris.checksummed import DamagedError
from ceteris.results.machine import decode_machine, describe_machine, encode_machine
from tests.miniature import flipped


def test_the_machine_comes_back():
    """What was written is what is read."""
    machine = describe_machine(training_seconds=1.5, engine={"instruction set": "AVX2"}, epochs=b"epoch\n1\n")
    assert decode_machine(encode_machine(machine)) == machine


def test_the_circumstances_are_told():
    """Time, versions, processor and the digest of the epochs are there."""
    machine = describe_machine(training_seconds=1.5, engine={"instruction set": "AVX2"}, epochs=b"epoch\n1\n")
    assert datetime.fromisoformat(machine.finished).utcoffset().total_seconds() == 0
    assert machine.versions["numpy"] == np.__version__
    assert machine.versions["python"] == platform.python_version()
    assert machine.host.keys() == {"processor", "cores", "architecture", "system"}
    assert machine.host["cores"] >= 1
    assert machine.epochs_sha256 == hashlib.sha256(b"epoch\n1\n").hexdigest()


def test_nobody_is_named(monkeypatch):
    """Neither the user nor the host nor a folder is in the file."""
    monkeypatch.setattr(platform, "node", lambda: "marvin-the-host")
    content = encode_machine(describe_machine(training_seconds=1.5, engine={}, epochs=b"")).decode()
    assert getpass.getuser() not in content
    assert "marvin-the-host" not in content
    assert str(Path.home()) not in content
    assert str(Path.cwd()) not in content


def test_flipped_bits_are_noticed():
    """Of 500 files with one random bit flipped, none is accepted."""
    content = encode_machine(describe_machine(training_seconds=1.5, engine={}, epochs=b""))
    for changed in flipped(content, 500):
        with pytest.raises(DamagedError):
            decode_machine(changed)
