from ceteris.analysis.study_analysis import analyze
from ceteris.report.sections.limitations import limitations
from ceteris.report.sections.methods import methods
from ceteris.results.results import read_results
from tests.made_results import made_study, write_results

PATIENT = {"learning_rate": 0.1, "epochs": 9, "patience": 3, "scored_epoch": "best"}
RIGHT = {"baseline": [50, 60, 55, 52], "5x5": [61, 62, 60, 66], "slow": [40, 44, 42, 41]}
LENGTHS = {"baseline": [4, 9, 6, 7], "5x5": [5, 5, 5, 5], "slow": [9, 8, 9, 9]}


def patient_study():
    """Give a study whose runs may stop after 3 epochs without a lower loss."""
    study = made_study()
    baseline = study.baseline.model_dump()
    return made_study(baseline={"network": baseline["network"], "training": PATIENT})


def test_how_many_epochs_runs_took_is_said_where_they_may_stop_early(tmp_path):
    """Of each arm, with the mean where runs differ; the settings name patience and the epoch that is scored."""
    folder = write_results(tmp_path / "stopped", RIGHT, study=patient_study(), lengths=LENGTHS)
    analysis = analyze(read_results(folder))
    text = methods(analysis)

    assert (
        "Early stopping ended training by the validation loss: runs took “baseline” 4 to 9 of 9 epochs (mean 6.5), "
        "“5x5” 5 of 9 epochs and “slow” 8 to 9 of 9 epochs (mean 8.8). In learning curves a run that was stopped "
        "counts on to the last of these epochs as the network that was scored."
    ) in text
    assert any(
        "9 epochs, stopped after 3 epochs without a lower validation loss, the epoch with the lowest validation loss "
        "scored." in paragraph
        for paragraph in text
    )
    assert any("Runs were trained for at most 9 epochs" in sentence for sentence in limitations(analysis))
    assert not any(
        "Early stopping" in one for one in methods(analyze(read_results(write_results(tmp_path / "usual", RIGHT))))
    )


def test_curves_of_stopped_runs_go_on_to_the_last_epoch(tmp_path):
    """All runs have curves of one length, at no cost in time; what epochs cost is as it was recorded."""
    analysis = analyze(read_results(write_results(tmp_path / "stopped", RIGHT, study=patient_study(), lengths=LENGTHS)))

    assert {len(run.validation_accuracy) for arm in analysis.scores.arms for run in arm.runs} == {9}
    assert {len(run) for arm in analysis.learning_epochs.values() for run in arm.values()} == {9}
    assert [len(run) for run in analysis.epochs["baseline"].values()] == LENGTHS["baseline"]
    carried = analysis.learning_epochs["baseline"][0]
    assert [one.metrics.epoch for one in carried] == list(range(1, 10))
    assert [one.seconds for one in carried[4:]] == [0.0] * 5
