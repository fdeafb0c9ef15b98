"""A study that adds seeds where the verdict is open, on an engine that takes microseconds."""

import shutil
import threading

import numpy as np
import pytest

from ceteris.analysis.looks import asked_seeds, study_looks
from ceteris.engines.engine import Outcome
from ceteris.execution.events import Note, RunFinished, StudyStarted
from ceteris.execution.local import LocalExecutor
from ceteris.execution.study import run_study
from ceteris.results.results import read_results
from ceteris.statistics.verdict import Decision
from ceteris.testing.executors import results_of
from ceteris.testing.miniature import FakeEngine, FakeTraining, miniature_dataset, miniature_study

STUDY = miniature_study(
    seeds={"first": 8, "step": 6, "most": 20},
    analysis={"margin": 3},
    data={"name": "shapes", "batches": 1, "validation": 0.34},
)
DATASET = miniature_dataset()
ASKED = {"baseline": 20, "0.5": 8, "Pool 4x4": 20}


@pytest.fixture(autouse=True)
def taught(monkeypatch):
    """Let networks with the learning rate 0.5 classify three more of twelve images correctly than the others."""

    def outcomes(training, runs):
        return tuple(
            outcome(
                training.runs[i].seed, training.runs[i].specification, training.split.test.labels, training.weights[i]
            )
            for i in runs
        )

    def outcome(seed, specification, labels, weights):
        rate = specification.training.learning_rate
        luck = np.random.default_rng((seed, specification.network.layers[0].max_pool, round(10 * rate)))
        correct = int(luck.integers(6, 9)) + (3 if rate == 0.5 else 0)
        answers = np.where(np.arange(len(labels)) < correct, labels, (labels + 1) % 10)
        return Outcome(
            probabilities=np.eye(10, dtype=np.float32)[answers],
            test_loss=1.0,
            test_accuracy=correct / len(labels),
            weights={"layers.1.weight": weights, "layers.1.bias": weights[:2]},
        )

    monkeypatch.setattr(FakeTraining, "outcomes", outcomes)


def run(folder, *, study=STUDY, **options):
    """Run the study, and give all events."""
    engine = options.pop("engine", FakeEngine())
    return list(
        run_study(study, DATASET, folder=folder, engines=(engine,), executor=LocalExecutor(threads=2), **options)
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Give the place of a folder that `reference` fills once."""
    return tmp_path_factory.mktemp("finished") / "results"


@pytest.fixture
def reference(finished):
    """Give the folder of a study that was never interrupted."""
    if not finished.exists():
        run(finished)
    return finished


def test_only_open_variations_get_more_seeds(tmp_path):
    """Each look is a round: what is decided gets no more seeds, the baseline goes on with the others."""
    events = run(tmp_path / "results")

    rounds = [
        [(one.run.variation, one.run.seed) for one in event.findings] for event in events if type(event) is StudyStarted
    ]
    assert [len(found) for found in rounds] == [24, 36, 48]
    assert [event.text for event in events if isinstance(event, Note)][1:] == [
        "1 of 2 variations is not decided yet, and trained with up to 14 seeds now.",
        "1 of 2 variations is not decided yet, and trained with up to 20 seeds now.",
    ]
    results = read_results(tmp_path / "results")
    assert results.manifest.asked == ASKED
    assert results.is_complete
    assert results.stale == ()
    looks = study_looks(results)
    assert looks.is_over
    assert [look.seeds for look in looks.done] == [8, 14, 20]
    assert [(name, one.judgement.verdict.decision) for name, one in looks.last.items()] == [
        ("0.5", Decision.BETTER),
        ("Pool 4x4", Decision.UNDECIDED),
    ]


def test_running_again_repeats_nothing(reference):
    """A finished study is found finished, and what was asked for is the same."""
    before = results_of(reference)

    assert [type(event) for event in run(reference)] == [Note, StudyStarted]
    assert results_of(reference) == before
    assert read_results(reference).manifest.asked == ASKED


@pytest.mark.parametrize("after", [1, 20, 30, 40])
def test_a_study_that_is_stopped_twice_ends_as_one_left_alone(tmp_path, reference, after):
    """Whatever round it is stopped in, the same runs are trained in the end, and the same decisions fall."""
    for limit in (after, 3):
        stop, done = threading.Event(), 0
        for event in run_study(
            STUDY, DATASET, folder=tmp_path, engines=(FakeEngine(),), executor=LocalExecutor(threads=1), stop=stop
        ):
            done += isinstance(event, RunFinished)
            if done == limit:
                stop.set()
    run(tmp_path)

    assert results_of(tmp_path) == results_of(reference)
    assert study_looks(read_results(tmp_path)) == study_looks(read_results(reference))
    assert read_results(tmp_path).manifest.asked == ASKED


def test_what_is_asked_for_is_read_from_the_runs(tmp_path, reference):
    """The number of seeds that is stored is no more than a note: without it, the runs give the same."""
    shutil.copytree(reference, tmp_path / "copy")
    results = read_results(tmp_path / "copy")

    assert asked_seeds(results.folder, results.manifest) == ASKED
    shutil.rmtree(results.folder.run_folder(results.manifest.runs()[3]).path)
    assert asked_seeds(results.folder, results.manifest) == {"baseline": 8, "0.5": 8, "Pool 4x4": 8}


def test_a_failed_run_keeps_the_next_look_waiting(tmp_path):
    """No look is taken before all its runs have come to their end; when they have, the study goes on."""
    run(tmp_path, engine=FakeEngine(failing=frozenset({2})))
    looks = study_looks(read_results(tmp_path))
    assert (looks.done, looks.is_over) == ((), False)

    run(tmp_path)
    assert read_results(tmp_path).manifest.asked == ASKED


def test_a_skipped_variation_is_not_waited_for(tmp_path):
    """The others are looked at without it, in a family that counts it."""
    run(tmp_path, skipped={"0.5": "its weights are missing"})
    looks = study_looks(read_results(tmp_path))

    assert looks.is_over
    assert [one.variation for one in looks.done[0].results] == ["Pool 4x4"]
    assert looks.asked == {"baseline": 20, "0.5": 8, "Pool 4x4": 20}


def test_a_study_without_an_end_goes_on_until_it_is_stopped(tmp_path):
    """Looks follow each other; after a stop, those that were taken are there."""
    study = miniature_study(
        seeds={"first": 8, "step": 4, "until": "stopped"}, analysis={"margin": 0.1}, data=STUDY.data.model_dump()
    )
    stop, notes = threading.Event(), []
    for event in run_study(
        study, DATASET, folder=tmp_path, engines=(FakeEngine(),), executor=LocalExecutor(threads=2), stop=stop
    ):
        notes += [event] if isinstance(event, Note) else []
        if len(notes) == 4:  # the first is about so few test images
            stop.set()

    looks = study_looks(read_results(tmp_path))
    assert [look.seeds for look in looks.done] == [8, 12, 16]
    assert not looks.is_over
    assert looks.last["0.5"].judgement.verdict.decision is Decision.BETTER
