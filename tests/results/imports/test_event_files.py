import math
import re

import pytest

from ceteris.errors import ResultsError
from ceteris.results.imports.event_files import _masked
from ceteris.results.imports.imported_runs import Columns
from ceteris.results.imports.read import read_outcomes
from tests.results.imports.made_logs import field, scalar, tensor_scalar, tfrecord

VERSION = tfrecord(field(1, 1.0) + field(3, "brain.Event:2"))


def write(folder, run, *events):
    """Write an event file of a run."""
    file = folder / run / "events.out.tfevents.1.host"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(VERSION + b"".join(events))
    return file


def test_the_checksum_is_the_one_of_tfrecords():
    """The check value of CRC-32C, masked."""
    crc = 0xE3069283
    assert _masked(b"123456789") == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def test_scalars_of_both_kinds_are_read(tmp_path):
    """The folders name variation and seed; what is no scalar is passed over; a value is the last one."""
    picture = tfrecord(field(2, 1) + field(5, field(1, field(1, "image") + field(4, b"pixels"))))
    write(tmp_path, "wide/seed_07", scalar("val/acc", 0.4461, 1), picture, scalar("val/acc", 0.5, 2))
    write(tmp_path, "narrow-seed3", tensor_scalar("val/acc", 0.1, 2), tensor_scalar("val/acc", math.nan, 4))

    found = read_outcomes(tmp_path)

    assert [(one.variation, one.seed, one.status, one.place) for one in found.outcomes] == [
        ("narrow", "3", "diverged", "run narrow-seed3"),
        ("wide", "7", "finished", "run wide/seed_07"),
    ]
    assert found.outcomes[1].curve == ((1.0, 0.4461), (2.0, 0.5))
    assert found.metric == "val/acc"
    assert found.taken == (
        "Read: the scalars of TensorBoard event files.",
        "Variation and seed: from the names of folders, as in 'narrow-seed3'.",
        "The value of a run is the last one that was logged.",
        "Variation: column 'variation' (2 arms).",
        "Metric: column 'val/acc'.",
        "Seed: column 'seed'.",
        "Not used: 'run'.",
    )


def test_hyperparameters_are_settings(tmp_path):
    """As PyTorch writes them, in a folder of their own, and as TensorBoard's plugin has them."""
    for run, rate in (("a", 0.1), ("b", 2.0)):
        hparams = {"lr": field(2, rate), "model": field(3, run), "flip": field(4, True)}
        start = b"".join(field(1, field(1, name) + field(2, value)) for name, value in hparams.items())
        plugin = {"_hparams_/session_start_info": field(3, start), "_hparams_/session_end_info": field(4, field(1, 1))}
        values = [field(1, tag) + field(9, field(1, field(2, content))) for tag, content in plugin.items()]
        write(tmp_path, run, scalar("acc", 0.5, 1))
        write(tmp_path, f"{run}/1700000000.25", *(tfrecord(field(5, field(1, value))) for value in values))

    found = read_outcomes(tmp_path, Columns(variation="model"))

    assert [dict(one.settings) for one in found.outcomes] == [
        {"lr": "0.1", "flip": "true"},
        {"lr": "2", "flip": "true"},
    ]


def test_a_file_that_is_cut_short_is_read_up_to_there(tmp_path):
    """The run is named, and that runs end at different steps."""
    write(tmp_path, "a/seed-1", scalar("acc", 0.25, 1), scalar("acc", 0.5, 2))
    file = write(tmp_path, "b/seed-1", scalar("acc", 0.25, 1), scalar("acc", 0.5, 2), scalar("acc", 0.75, 3))
    file.write_bytes(file.read_bytes()[:-3])
    write(tmp_path, "b/seed-2", *(scalar("acc", 0.5, step) for step in (1, 2, 3)))

    found = read_outcomes(tmp_path)

    assert [one.value for one in found.outcomes] == [0.5, 0.5, 0.5]
    assert found.notes == (
        "The event file of run b/seed-1 ends in the middle of a record: what came before is read.",
        "Runs end at different steps, from 2 to 3: the last value of each is compared.",
    )


@pytest.mark.parametrize("place", [2, 40])
def test_a_damaged_file_is_refused(place, tmp_path):
    """In the length of a record, or in what it holds."""
    file = write(tmp_path, "a", scalar("acc", 0.25, 1))
    content = bytearray(file.read_bytes())
    content[len(VERSION) + place - 14 if place > 8 else place] ^= 1
    file.write_bytes(content)

    with pytest.raises(ResultsError) as error:
        read_outcomes(tmp_path)

    message = re.sub(r"byte \d+", "byte N", str(error.value))
    assert message == f"{file} is damaged at byte N: a checksum does not match. Copy it again, or leave it out."


def test_files_without_scalars_are_refused(tmp_path):
    """There is nothing to judge."""
    write(tmp_path, "a")

    with pytest.raises(ResultsError) as error:
        read_outcomes(tmp_path / "a")

    assert str(error.value) == "a has no runs. Expected runs that logged a metric."
