import pytest

from ceteris.errors import ResultsError, StudyError
from ceteris.execution.sharding import read_shard, split_study
from ceteris.execution.study import run_study
from ceteris.results.folder import ResultsFolder
from ceteris.results.record import Status
from ceteris.results.results import read_results
from ceteris.testing.miniature import FakeEngine, miniature_dataset, miniature_study

DATASET = miniature_dataset()
STUDY = miniature_study(seeds=20, data={"name": "shapes", "batches": 1, "validation": 0.34})
RUNS = STUDY.runs(DATASET.digest)
COUNTED = "they are counted from 1. Give a number from 1 to 4; a job array of Slurm then has --array=1-4."


def train(folder, shard=None, study=STUDY):
    """Train a shard of the study."""
    return list(run_study(study, DATASET, folder=folder, engines=(FakeEngine(),), shard=shard))


@pytest.mark.parametrize("total", [1, 2, 3, 5])
def test_every_run_is_in_one_shard(total):
    """Shards have all runs of the study between them, and none twice."""
    shards = [split_study(STUDY, DATASET.digest, number, total) for number in range(1, total + 1)]
    digests = [digest for shard in shards for digest in shard.digests]
    assert sorted(digests) == sorted(run.digest[:16] for run in RUNS)
    assert all(shard.digests for shard in shards)


def test_runs_that_train_together_stay_together():
    """Learning rates share packed batches, sixteen in the order of the study; pooling has its own."""
    shards = [split_study(STUDY, DATASET.digest, number, 5) for number in range(1, 6)]
    parts = [[(run.variation, run.seed) for run in shard.part(RUNS)] for shard in shards]
    together = [run for run in RUNS if run.variation != "Pool 4x4"]
    expected = [together[first : first + 16] for first in range(0, 40, 16)]
    pooled = [run for run in RUNS if run.variation == "Pool 4x4"]
    expected += [pooled[:16], pooled[16:]]
    assert sorted(parts) == sorted([(run.variation, run.seed) for run in part] for part in expected)


def test_shards_are_balanced_by_the_work_in_them():
    """The arm that takes four times as long is alone in its shard."""
    arm = {"factor": "epochs", "name": "longer", "set": {"training.epochs": 12}}
    pool = {"factor": "pooling", "name": "Pool 4x4", "set": {"network.layers.0.max_pool": 4}}
    study = miniature_study(seeds=16, variation=[arm, pool])
    shards = [split_study(study, DATASET.digest, number, 2) for number in (1, 2)]
    runs = study.runs(DATASET.digest)
    assert [{run.variation for run in shard.part(runs)} for shard in shards] == [{"longer"}, {"baseline", "Pool 4x4"}]


def test_where_the_images_are_changes_no_shard():
    """What a shard trains is decided by the study, whatever the bytes of the images are: the same arms and seeds."""
    other = STUDY.runs("0" * 64)
    one, two = split_study(STUDY, DATASET.digest, 2, 3), split_study(STUDY, "0" * 64, 2, 3)
    names = [[(run.variation, run.seed) for run in part] for part in (one.part(RUNS), two.part(other))]
    assert names[0] == names[1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1", "shard 1 is not of the form i/n. Write 1/4 for the first of four shards."),
        ("0/4", f"shard 0/4: there is no shard 0 of 4; {COUNTED}"),
        ("5/4", f"shard 5/4: there is no shard 5 of 4; {COUNTED}"),
    ],
)
def test_a_shard_that_cannot_be_is_refused_in_a_sentence(text, says):
    """Zero, one too many, and no shard at all."""
    with pytest.raises(StudyError) as error:
        read_shard(text, STUDY)
    assert str(error.value) == says


def test_a_study_that_adds_seeds_has_no_shards():
    """Its rounds need the results of all runs."""
    study = miniature_study(seeds={"first": 6, "step": 6, "most": 12})
    with pytest.raises(StudyError) as error:
        read_shard("1/2", study)
    assert str(error.value) == (
        "shard 1/2: this study adds seeds, and each look needs the results of all runs, which a shard does not have. "
        "Train no shards and let the machines share one folder, or give seeds as a number."
    )


def test_more_shards_than_packed_batches_are_refused():
    """Lanes are not torn apart, and no machine waits for nothing."""
    with pytest.raises(StudyError) as error:
        split_study(STUDY, DATASET.digest, 1, 6)
    assert str(error.value) == (
        "the study has 5 packed batches, too few for 6 shards: runs that train together are not torn apart. Use at "
        "most 5."
    )


def test_a_folder_says_which_shard_it_is(tmp_path):
    """It is complete with its own runs, and a reader is told what it lacks."""
    assert read_shard("2/3", STUDY) == (2, 3)
    train(tmp_path / "two", (2, 3))
    results = read_results(tmp_path / "two")
    mine = split_study(STUDY, DATASET.digest, 2, 3)
    assert results.is_complete
    assert [one.run for one in results.findings if one.status is not Status.SKIPPED] == list(mine.part(RUNS))
    assert [one.run for one in results.findings if one.record] == list(mine.part(RUNS))
    assert results.notes[-1] == (
        f"This folder is shard 2 of 3 of the study and is for {len(mine.digests)} of its 60 runs; `ceteris merge` puts "
        "the shards together."
    )


def test_a_folder_holds_one_shard(tmp_path):
    """Another one is refused there, and its own goes on; without a shard the rest is trained too."""
    train(tmp_path / "one", (1, 3))
    with pytest.raises(ResultsError) as error:
        train(tmp_path / "one", (2, 3))
    assert str(error.value) == (
        f"{tmp_path / 'one'} holds shard 1 of 3, and shard 2 of 3 was asked for. Give each shard a folder of its own "
        "with --out, or leave out --shard: commands on one folder share the work by themselves."
    )
    train(tmp_path / "one", (1, 3))
    train(tmp_path / "one")
    assert len(read_results(tmp_path / "one").records) == 60
    with pytest.raises(ResultsError, match="holds a whole study, and shard 1 of 3 was asked for"):
        train(tmp_path / "one", (1, 3))


def test_what_a_shard_is_survives_its_file(tmp_path):
    """It is read as it was written."""
    place = ResultsFolder(tmp_path / "three")
    train(place.path, (3, 3))
    manifest = place.read_manifest()
    assert manifest.shard == split_study(STUDY, DATASET.digest, 3, 3)
    assert manifest.runs() == RUNS
