import codecs
import os
import pickle
from dataclasses import dataclass

import numpy as np
import pytest

from ceteris.datasets.cifar10 import CLASS_NAMES, find_copy
from ceteris.datasets.cifar10_reader import read_cifar10
from ceteris.datasets.cifar10_records import batch_records
from ceteris.datasets.dataset import Origin
from ceteris.errors import DataError
from tests.datasets.tiny_cifar10 import PARTS, RECORDS, batch, records

REMEDY = "Replace it, or run `ceteris data fetch` and name no copy to use an intact one."
DISTRUST = "Do not trust this archive: delete it, and run `ceteris data fetch` to use an intact one."


def read(place, miniature, batches=5):
    """Find and read a copy of the miniature release."""
    return read_cifar10(find_copy(place, batches=batches), batches=batches, release=miniature.release)


class Evil:
    """A pickle of this would write a file."""

    def __init__(self, sentinel):
        self.sentinel = sentinel

    def __reduce__(self):
        return os.system, (f"touch {self.sentinel}",)


def test_a_pickle_that_would_run_code_is_refused_and_runs_nothing(tmp_path, miniature):
    """No pickle is executed, whatever it asks for."""
    folder, sentinel = miniature.write_python(tmp_path), tmp_path / "ran"
    (folder / "data_batch_1").write_bytes(pickle.dumps(Evil(sentinel)))

    with pytest.raises(DataError) as error:
        read(folder, miniature)

    assert not sentinel.exists()
    assert str(error.value) == (
        f"{folder / 'data_batch_1'}: the pickle asks for 'posix.system', which no CIFAR-10 batch needs; nothing of it "
        "was run. Do not trust this file: delete it, and run `ceteris data fetch` to use an intact copy."
    )


BAD_PICKLES = {
    "no pickle": (b"not a pickle at all", None),
    "cut short": (batch("data_batch_1")[:-500], None),
    "CIFAR-100": (
        pickle.dumps({b"fine_labels": [1], b"data": None}, protocol=2),
        "this is a batch of CIFAR-100 (it has fine_labels), expected CIFAR-10. " + REMEDY,
    ),
    "a list": (pickle.dumps([1, 2], protocol=2), "a pickled list found, expected a batch of CIFAR-10. " + REMEDY),
    "no data": (
        pickle.dumps({b"labels": [1] * RECORDS}, protocol=2),
        "its data is no array of bytes, expected uint8 in the shape (4, 3072). " + REMEDY,
    ),
}


@pytest.mark.parametrize("name", BAD_PICKLES)
def test_a_bad_pickle_is_refused_in_a_sentence(tmp_path, miniature, name):
    """A python batch that is something else."""
    content, message = BAD_PICKLES[name]
    folder = miniature.write_python(tmp_path)
    (folder / "data_batch_1").write_bytes(content)

    with pytest.raises(DataError) as error:
        read(folder, miniature)

    said = str(error.value)
    assert said.startswith(f"{folder / 'data_batch_1'}: ")
    if message is None:
        assert said.startswith(f"{folder / 'data_batch_1'}: this is no intact pickle (")
        assert said.endswith(f"), expected a CIFAR-10 batch. {REMEDY}")
    else:
        assert said == f"{folder / 'data_batch_1'}: {message}"


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_every_protocol_of_pickle_reads(tmp_path, miniature, protocol):
    """Whichever Python wrote the batches and the names of the classes, as bytes or as text."""
    folder = miniature.write_python(tmp_path)
    for part in PARTS:
        (folder / part).write_bytes(batch(part, protocol))
    for names in ([name.encode() for name in CLASS_NAMES], list(CLASS_NAMES)):
        meta = {b"label_names": names, b"num_vis": 3072, b"comment": b"", "more": (b"\xe9", None, True)}
        (folder / "batches.meta").write_bytes(pickle.dumps(meta, protocol=protocol))

        assert read(folder, miniature).origin is Origin.OFFICIAL


@dataclass
class Encoded:
    """Pickles as a call of `_codecs.encode`."""

    arguments: tuple[str, ...]

    def __reduce__(self):
        return codecs.encode, self.arguments


@pytest.mark.parametrize("arguments", [("\u20ac", "latin1"), ("x", "rot13"), ("x", "latin1", "ignore")])
def test_text_is_not_encoded_in_any_other_way(tmp_path, miniature, arguments):
    """The one call that stands for bytes is the one that Python writes; all others stay requests that nobody grants."""
    folder = miniature.write_python(tmp_path)
    (folder / "data_batch_1").write_bytes(pickle.dumps({b"labels": [1] * RECORDS, b"data": Encoded(arguments)}))

    with pytest.raises(DataError, match="its data is no array of bytes"):
        read(folder, miniature)


def doubled(times):
    """Pickle a tuple of two that are the same tuple of two, and so on: a few bytes that stand for 2 ** times."""
    return b"\x80\x02}N\x85q\x00" + b"".join(b"h%ch%c\x86q%c" % (n, n, n + 1) for n in range(times)) + b"K\x01s."


HOSTILE = {
    "a bomb of tuples": (doubled(80), "it uses a list or another whole twice"),
    "a memo of any size": (b"\x80\x02}r\xff\xff\xff\x7f.", "it keeps something under the number 2147483647"),
    "a persistent object": (b"\x80\x02K\x01Q.", "it uses BINPERSID, which no batch needs"),
    "a new object": (b"\x80\x02cnumpy\nndarray\n)\x81.", "it uses NEWOBJ, which no batch needs"),
    "an instance": (b"(inumpy\nndarray\n.", "it uses INST, which no batch needs"),
    "an extension": (b"\x80\x02\x82\x01.", "it uses EXT1, which no batch needs"),
    "a set": (b"\x80\x04\x8f.", "it uses EMPTY_SET, which no batch needs"),
    "a name that is filled": (b"\x80\x02cnumpy\ndtype\n}b.", "its steps do not fit together"),
    "a number that is called": (b"\x80\x02K\x01)R.", "its steps do not fit together"),
    "a list that is filled": (b"\x80\x02]}b.", "its steps do not fit together"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_pickle_takes_neither_time_nor_memory(tmp_path, miniature, name):
    """What no batch needs is refused before a step is taken, and names of NumPy are never called or changed."""
    content, reason = HOSTILE[name]
    folder = miniature.write_python(tmp_path)
    (folder / "data_batch_1").write_bytes(content)

    with pytest.raises(DataError) as error:
        read(folder, miniature)

    assert str(error.value) == (
        f"{folder / 'data_batch_1'}: this is no intact pickle ({reason}), expected a CIFAR-10 batch. {REMEDY}"
    )


def test_an_array_of_any_size_is_a_request_that_nobody_grants(tmp_path, miniature):
    """`numpy.ndarray` is never called, so that a shape costs no memory."""
    folder = miniature.write_python(tmp_path)
    call = b"cnumpy\nndarray\n(I99999999999\ntR"
    (folder / "data_batch_1").write_bytes(b"\x80\x02}X\x04\x00\x00\x00data" + call + b"s.")

    with pytest.raises(DataError, match="its data is no array of bytes"):
        read(folder, miniature)


def test_a_batch_as_python_2_wrote_it_reads():
    """The published archive is of that kind: texts of bytes, and the array in the steps of NumPy 1."""
    table = np.frombuffer(records(PARTS[0]), np.uint8).reshape(RECORDS, -1)
    labels, raw = table[:, 0].tobytes(), table[:, 1:].tobytes()
    content = (
        b"\x80\x02}q\x01(U\x06labelsq\x02]q\x03("
        + b"".join(b"K%c" % label for label in labels)
        + b"eU\x04dataq\x04cnumpy.core.multiarray\n_reconstruct\nq\x05cnumpy\nndarray\nq\x06K\x00\x85U\x01b\x87R"
        + b"q\x07(K\x01"
        + b"K%cM\x00\x0c\x86cnumpy\ndtype\nq\x08U\x02u1K\x00K\x01\x87Rq\x09(K\x03U\x01|NNN" % RECORDS
        + b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T"
        + len(raw).to_bytes(4, "little")
        + raw
        + b"tbu."
    )

    assert batch_records(content, "data_batch_1", records=RECORDS) == records(PARTS[0])
