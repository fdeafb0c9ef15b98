"""Tracked runs of the miniature study, one of which diverged."""

from dataclasses import replace

import pytest

from ceteris.results.folder import ResultsFolder
from ceteris.results.manifest import Manifest
from ceteris.results.results import read_results
from ceteris.testing.miniature import FakeEngine, miniature_dataset, miniature_runs, miniature_split, miniature_study
from ceteris.tracking.tracked import tracked_runs
from tests.miniature import miniature_result

DIVERGED = 2


@pytest.fixture(scope="session")
def logged_results(tmp_path_factory):
    """Give results of three arms: of the last no seed is trained, and seed 2 of the others diverged in epoch 2."""
    path = tmp_path_factory.mktemp("tracking") / "results"
    dataset = miniature_dataset()
    folder = ResultsFolder(path)
    folder.prepare(Manifest.of(miniature_study(), dataset, miniature_split(dataset)), dataset.test)
    for run in miniature_runs():
        if run.variation != "Pool 4x4":
            result, epochs = miniature_result(run, engine=FakeEngine(diverging=frozenset({DIVERGED})))
            shared = tuple(replace(epoch, packed_batch_runs=2) for epoch in epochs[: result.record.epochs])
            folder.run_folder(run).publish(result, shared, {})
    return read_results(path)


@pytest.fixture(scope="session")
def tracked(logged_results):
    """Give its runs as trackers see them."""
    return tuple(tracked_runs(logged_results))
