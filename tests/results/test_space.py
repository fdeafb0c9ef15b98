import shutil
from dataclasses import replace
from typing import NamedTuple

import pytest
from miniature import FakeEngine, miniature_result, miniature_runs

from ceteris.datasets.choice import known_images
from ceteris.errors import ResultsError
from ceteris.results.run_folder import RunFolder
from ceteris.results.space import check_space, needed_bytes


def images(run, test_images):
    """Say what a run of a known data set looks at, but for the number of test images."""
    return replace(known_images(run.specification.data), test_images=test_images)


class Usage(NamedTuple):
    """What `shutil.disk_usage` answers."""

    free: int


def test_the_estimate_is_what_a_run_takes(tmp_path):
    """In blocks of 4 KiB, the files of a finished run fit the estimate and fill most of it."""
    run = miniature_runs()[0]
    folder = RunFolder(path=tmp_path / "run", run=run)
    folder.publish(*miniature_result(run, engine=FakeEngine()), {})
    taken = sum(-(-path.stat().st_size // 4096) * 4096 for path in folder.path.iterdir())
    needed = needed_bytes([run], images(run, 12))
    assert 0.5 * needed < taken <= needed + 4096


def test_a_disk_without_room_is_told_before_anything_is_trained(tmp_path, monkeypatch):
    """The message says how much is needed and how much there is."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(300_000))
    runs = miniature_runs()
    with pytest.raises(ResultsError) as error:
        check_space(tmp_path, runs, images(runs[0], 10_000))
    assert str(error.value) == (
        f"{tmp_path}: 9 runs will take about 2.0 MB there, and 0.3 MB are free. "
        "Free some space, or choose a folder on another disk; nothing was trained yet."
    )
    check_space(tmp_path, runs[:1], images(runs[0], 10_000))
    check_space(tmp_path, (), images(runs[0], 10_000))
