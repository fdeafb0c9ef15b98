from pathlib import Path

import pytest

from ceteris.errors import ResultsError
from ceteris.results.folder import ResultsFolder
from ceteris.results.manifest import Manifest
from ceteris.results.results import read_results
from ceteris.results.selection import Target, find_target, finished_findings
from ceteris.testing.miniature import FakeEngine, miniature_dataset, miniature_runs, miniature_split, miniature_study
from tests.miniature import miniature_result

DIVERGED = 2


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Two of three seeds of the variation `Pool 4x4` are finished, the third diverged; no others are trained."""
    monkeypatch.chdir(tmp_path)
    dataset = miniature_dataset()
    folder = ResultsFolder(Path("results"))
    folder.prepare(Manifest.of(miniature_study(), dataset, miniature_split(dataset)), dataset.test)
    for run in miniature_runs():
        if run.variation == "Pool 4x4":
            result, epochs = miniature_result(run, engine=FakeEngine(diverging=frozenset({DIVERGED})))
            folder.run_folder(run).publish(result, epochs[: result.record.epochs], {})
    return read_results(Path("results"))


@pytest.mark.parametrize(
    ("path", "arm", "seed", "digest"),
    [
        ("results", "", None, ""),
        ("results/Pool 4x4", "Pool 4x4", None, ""),
        ("results/pool-4x4", "pool-4x4", None, ""),
        ("results/runs/pool-4x4", "pool-4x4", None, ""),
        ("results/pool-4x4/seed-01", "pool-4x4", 1, ""),
        ("results/runs/pool-4x4/seed-01-0a1b2c3d", "pool-4x4", 1, "0a1b2c3d"),
    ],
)
def test_a_path_is_a_folder_a_variation_and_a_seed(results, path, arm, seed, digest):
    """Each way of naming a run is understood: by its variation, or by where its files are."""
    assert find_target(Path(path)) == Target(folder=results.folder.path, arm=arm, seed=seed, digest=digest)


def test_a_path_may_start_inside_the_results(results, monkeypatch):
    """Whoever works inside the results folder names a variation alone."""
    monkeypatch.chdir(results.folder.path)

    assert find_target(Path("baseline")) == Target(folder=Path(), arm="baseline")


def test_the_finished_runs_of_a_variation_are_given(results):
    """All seeds that have weights, or the one that is asked for; by the name of the variation or of its folder."""
    for arm in ("Pool 4x4", "pool-4x4"):
        target = Target(folder=results.folder.path, arm=arm)
        assert [one.run.seed for one in finished_findings(results, target)] == [0, 1]
        assert [one.run.seed for one in finished_findings(results, target, 1)] == [1]


@pytest.mark.parametrize(
    ("arm", "seed", "says"),
    [
        ("pol 4x4", None, "results has no variation 'pol 4x4'; did you mean 'Pool 4x4'?"),
        ("zzz", None, "results has no variation 'zzz'; it has 'baseline', '0.5' and 'Pool 4x4'."),
        ("baseline", 7, "results has no seed 7; its seeds are 0, 1 and 2."),
        (
            "",
            None,
            "results holds 3 variations. Name one of them: results/baseline, results/0.5 or results/pool-4x4.",
        ),
        (
            "baseline",
            None,
            (
                "results: no run of 'baseline' is finished (not trained yet), so that it has no weights. "
                "`ceteris status results` shows which runs have."
            ),
        ),
        (
            "Pool 4x4",
            DIVERGED,
            (
                "results: seed 2 of 'Pool 4x4' is not finished (diverged in epoch 2), so that it has no weights. "
                "`ceteris status results` shows which runs have."
            ),
        ),
    ],
)
def test_what_is_not_there_is_said(results, arm, seed, says):
    """A wrong name, a wrong seed, no name at all, and runs without weights are each answered in full."""
    with pytest.raises(ResultsError) as error:
        finished_findings(results, Target(folder=results.folder.path, arm=arm), seed)

    assert str(error.value) == says


def test_a_run_of_another_version_is_not_taken_for_one_of_this(results):
    """Whoever names a stale folder, or two seeds, gets no other run instead."""
    target = Target(folder=results.folder.path, arm="pool-4x4", seed=1, digest="0a1b2c3d")

    with pytest.raises(ResultsError, match=r"^the run '0a1b2c3d' is of another version of the study, and is not cou"):
        finished_findings(results, target)
    with pytest.raises(ResultsError) as error:
        finished_findings(results, target, 2)
    assert str(error.value) == "the path names seed 1, and --seed asks for 2. Leave out one of the two."
