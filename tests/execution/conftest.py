from collections.abc import Callable

import pytest

from ceteris.execution.executor import Workspace
from ceteris.results.folder import ResultsFolder
from ceteris.results.manifest import Manifest
from ceteris.testing.miniature import miniature_dataset, miniature_split, miniature_study


@pytest.fixture
def make_workspace(tmp_path) -> Callable[..., Workspace]:
    """Make workspaces of the miniature study, each with a results folder of its own."""

    def make(name: str = "results", *, checkpoint_seconds: float = 60.0, **changes) -> Workspace:
        study, dataset = miniature_study(**changes), miniature_dataset()
        split = miniature_split(dataset)
        folder = ResultsFolder(tmp_path / name)
        folder.prepare(Manifest.of(study, dataset, split), dataset.test)
        return Workspace(
            folder=folder,
            splits={study.data: split},
            origin=dataset.origin,
            checkpoint_seconds=checkpoint_seconds,
        )

    return make


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory):
    """Keep what programs measure out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield
