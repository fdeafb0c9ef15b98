import subprocess
import sys

import numpy as np
import pytest

from ceteris.checksummed import seal, unseal
from ceteris.engines.engine import Position
from ceteris.results.folder import ResultsFolder
from ceteris.results.manifest import Manifest, StudyNote
from ceteris.results.record import RunFailure
from ceteris.results.results import read_results
from ceteris.testing.miniature import FakeEngine, miniature_dataset, miniature_split, miniature_study
from tests.miniature import miniature_outcome, miniature_result

DATASET = miniature_dataset()
SPLIT = miniature_split(DATASET)
RUNS = miniature_study().runs(DATASET.digest)


@pytest.fixture
def folder(tmp_path) -> ResultsFolder:
    """Give a results folder of the miniature study without any run."""
    folder = ResultsFolder(tmp_path / "results")
    folder.prepare(Manifest.of(miniature_study(), DATASET, SPLIT), DATASET.test)
    return folder


def publish(folder: ResultsFolder, run, **engine) -> None:
    """Finish a run."""
    folder.run_folder(run).publish(*miniature_result(run, engine=FakeEngine(**engine)), {})


def test_everything_is_read_from_the_folder_alone(folder):
    """Records, epochs, predictions, weights, images and labels are there without the study or the images."""
    publish(folder, RUNS[0])
    results = read_results(folder.path)
    assert results.manifest.study == miniature_study().with_baseline_seeds()
    assert [record.run for record in results.records] == [RUNS[0]]
    assert [epoch.metrics.epoch for epoch in results.epochs(RUNS[0])] == [1, 2, 3]
    outcome = miniature_outcome(RUNS[0])
    np.testing.assert_array_equal(results.predictions(RUNS[0]), outcome.probabilities.astype(np.float16))
    np.testing.assert_array_equal(
        results.weights(RUNS[0])["layers.1.weight"], outcome.weights["layers.1.weight"], strict=True
    )
    np.testing.assert_array_equal(results.labels(), DATASET.test.labels)
    np.testing.assert_array_equal(results.images(), DATASET.test.images)
    assert (results.predictions(RUNS[0]).argmax(axis=1) == results.labels()).mean() == results.records[0].test_accuracy


def test_it_is_complete_when_every_run_came_to_its_end(folder):
    """Divergence is an end; a failure is not."""
    for run in RUNS[:-1]:
        publish(folder, run, diverging=frozenset([1]))
    assert not read_results(folder.path).is_complete
    failure = RunFailure(run=RUNS[-1], engine="fake", error="no", where=(), position=Position())
    folder.run_folder(RUNS[-1]).write_failure(failure)
    assert not read_results(folder.path).is_complete
    assert read_results(folder.path).failures == (failure,)
    publish(folder, RUNS[-1])
    assert read_results(folder.path).is_complete
    assert len(read_results(folder.path).records) == len(RUNS)


def test_a_damaged_result_is_not_among_the_records(folder):
    """Numbers whose files do not match are not used."""
    publish(folder, RUNS[0])
    (folder.run_folder(RUNS[0]).path / "predictions.npy").write_bytes(b"")
    results = read_results(folder.path)
    assert results.records == ()
    assert results.findings[0].damage


def test_notes_say_what_was_not_alike(folder):
    """Notes of the images come first; a mixture of engines and runs that do not count are told."""
    publish(folder, RUNS[0])
    assert read_results(folder.path).notes == ("These images are noise.",)
    publish(folder, RUNS[1], name="other", arithmetic="float64")
    publish(folder, RUNS[2])
    folder.prepare(Manifest.of(miniature_study(seeds=2), DATASET, SPLIT), DATASET.test)
    assert read_results(folder.path).notes == (
        "These images are noise.",
        "The runs were not all trained alike: 1 by fake (float32) and 1 by other (float64).",
        "1 more run in this folder belongs to another version of the study, not counted.",
    )


def test_runs_in_training_are_known(folder):
    """What another holds now is told apart."""
    held = folder.claim([RUNS[5]])
    assert read_results(folder.path).held == (RUNS[5],)
    held.release()
    assert read_results(folder.path).held == ()


def test_reading_results_loads_neither_torch_nor_matplotlib():
    """A table of results appears in a fraction of a second."""
    program = (
        "import sys, ceteris.results.results; print([m for m in ('torch', 'matplotlib', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_too_few_test_images_are_noted_also_where_an_earlier_ceteris_wrote_the_folder(folder):
    """The note is computed from the folder where it is not stored, and stands there once where it is."""
    study = miniature_study(analysis={"margin": 5})
    warning = (
        "12 test images are too few for a margin of 5 pp: one image is worth 8.33 pp of accuracy. Use at least 20 test "
        "images, or declare a larger margin."
    )
    folder.prepare(Manifest.of(study, DATASET, SPLIT), DATASET.test)
    assert read_results(folder.path).notes == ("These images are noise.", warning)
    folder.prepare(Manifest.of(study, DATASET, SPLIT, notes=(warning,)), DATASET.test)
    assert read_results(folder.path).notes == ("These images are noise.", warning)


HEAD = {"factor": "transfer", "name": "head", "network": {"backbone": "mobilenet_v2", "weights": "m.pth"}}
STUDY = miniature_study(
    variation=[
        {"factor": "learning rate", "name": "0.5", "set": {"training.learning_rate": 0.5}},
        {"factor": "learning rate", "name": "it's", "set": {"training.learning_rate": 0.25}},
        HEAD,
    ]
)
ARMS = ("baseline", "0.5", "it's", "head")


@pytest.mark.parametrize(
    ("note", "arms"),
    [
        ("These images are noise.", ARMS),
        ("The class 'head' has 3 images.", ARMS),
        ("'head' is skipped: the weights of mobilenet_v2 are not on this machine.", ("head",)),
        ("'0.5' is trained by the torch engine; the lanes engine cannot.", ("0.5",)),
        ("'0.5', 'it's' and 'head' are trained by the torch engine; the lanes engine cannot.", ("0.5", "it's", "head")),
        ("'0.5' and 3 more variations are trained by the torch engine; the lanes engine cannot.", ARMS),
        ("'it's': the last minibatch of an epoch is one image.", ("it's",)),
        ("The weights of mobilenet_v2 are not torchvision's file but m.pth.", ("head",)),
        ("The weights of resnet18 are not torchvision's file but r.pth.", ARMS),
    ],
)
def test_a_note_of_the_first_version_is_told_of_the_arms_that_it_names(folder, note, arms):
    """It stored sentences alone: names at their beginning and the backbone say which arms each is about."""
    dataset = miniature_dataset()
    folder.prepare(Manifest.of(STUDY, dataset, miniature_split(dataset), (note,)), dataset.test)
    facts = unseal((folder.path / "study.json").read_bytes())
    del facts["note_arms"]
    (folder.path / "study.json").write_bytes(seal(facts))
    results = read_results(folder.path)

    assert tuple(arm for arm in ARMS if note in results.notes_about(arm)) == arms


def test_a_note_is_stored_with_the_arms_that_it_is_about(folder):
    """Whatever its words: it knows them itself, and one that names none is about all."""
    dataset = miniature_dataset()
    notes = (StudyNote("It is slow.", arms=("head", "0.5")), "'0.5' is a text.")
    manifest = Manifest.of(STUDY, dataset, miniature_split(dataset), notes, skipped={"it's": "it is not there"})
    folder.prepare(manifest, dataset.test)
    results = read_results(folder.path)

    everywhere = ("These images are noise.", "'0.5' is a text.")
    assert results.notes_about("baseline") == everywhere
    assert results.notes_about("0.5") == results.notes_about("head") == (everywhere[0], notes[0], everywhere[1])
    assert results.notes_about("it's") == (*everywhere, "'it's' is skipped: it is not there.")
