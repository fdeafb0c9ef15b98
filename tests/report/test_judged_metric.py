"""A study whose verdicts are about another metric than test accuracy, from its folder to every sentence about it."""

import numpy as np
import pytest

from ceteris.analysis.comparison import compare_results
from ceteris.analysis.study_analysis import analyze
from ceteris.errors import ResultsError
from ceteris.report.report import report_sections
from ceteris.report.scale import Scale
from ceteris.report.sections.answer import answer
from ceteris.report.sections.differences import forest_plot
from ceteris.report.sections.methods import methods
from ceteris.report.sections.verdicts import verdict_table
from ceteris.report.sections.warnings import warnings
from ceteris.results.results import read_results
from ceteris.statistics.interval import Interval, PointEstimate
from ceteris.statistics.metrics import METRICS
from ceteris.statistics.verdict import Decision
from tests.made_up import made_up_folder, made_up_study
from tests.report.reading import sentences_of, tables_of
from tests.states import FEWER, HEAD

pytestmark = pytest.mark.usefixtures("undrawn")

LOWER = {"analysis": {"metric": "Brier score", "margin": 0.01}}
MINUS = "\N{MINUS SIGN}"


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """Analyse a study of the usual arms that judges the Brier score."""
    return analyze(read_results(made_up_folder(tmp_path_factory.mktemp("m") / "r", study=made_up_study(**LOWER))))


def test_verdicts_are_about_the_metric_and_lower_is_better(judged):
    """The differences have the metric's own sign, and what has less of it is better."""
    table = verdict_table(judged)
    rows = {row[0].text: row for row in table.rows}

    assert [column.title for column in table.columns][2:4] == ["Brier score", "difference"]
    assert rows["baseline"][2].plain == "0.7626 (0.7537 to 0.7715)"
    assert rows["deeper"][3].plain == f"{MINUS}0.0767 ({MINUS}0.0874 to {MINUS}0.0660)"
    assert rows["deeper"][3].key == pytest.approx(-0.0767, abs=1e-4)
    assert {name: row[6].tag for name, row in rows.items() if name != "baseline"} == {
        "deeper": "better",
        "shallow": "worse",
        "tanh": "equal",
        "noisy": "undecided",
    }
    assert table.notes[:2] == (
        (
            "Differences are variation minus baseline (lower is better), on these test images, with simultaneous 95 % "
            "confidence intervals."
        ),
        "Equivalent means: shown to lie within \N{PLUS-MINUS SIGN}0.01, the margin that the study declares.",
    )


def test_the_answer_names_the_metric(judged):
    """Value, differences and margin stand in its unit."""
    said = answer(judged)

    assert said[0] == (
        "The baseline's Brier score was 0.7626 on the 400 test images on average over 8 seeds (95 % interval 0.7537 to "
        "0.7715)."
    )
    assert said[1] == (
        "1 of the 4 variations was better than the baseline by the Brier score on these test images: “deeper” (depth, "
        f"{MINUS}0.0767, simultaneous 95 % interval {MINUS}0.0874 to {MINUS}0.0660)."
    )
    assert said[3].startswith("Equivalent to the baseline, within \N{PLUS-MINUS SIGN}0.01, was “tanh” (activation);")


def test_the_methods_define_the_metric(judged):
    """They say too that test accuracy alone decides whether a run learned."""
    assert (
        "Verdicts are about the Brier score: the squared difference between probabilities and the right class as 0 and "
        "1, summed over classes (Brier 1950), mean over test images; lower is better. It was computed for each run "
        "from its stored probabilities, and stands for accuracy in what follows; whether a run learned is decided by "
        "its test accuracy."
    ) in methods(judged)


def test_the_forest_is_drawn_in_the_metrics_own_sign(judged):
    """What stands beside a mark is what the table says."""
    text = forest_plot(judged.comparisons, margin=judged.criteria.margin, scale=Scale.of(judged)).alt

    assert text.startswith(
        "Differences in Brier score with simultaneous 95 % intervals over seeds; the margin is 0.01."
    )
    assert f"deeper {MINUS}0.0767 [{MINUS}0.0874, {MINUS}0.0660], better" in text


def test_the_other_metrics_are_described(judged):
    """Test accuracy stands among them, and the judged one does not."""
    titles = [column.title for column in tables_of(report_sections(judged))["other-metrics"].columns]

    assert titles[2:] == [
        "test accuracy",
        "balanced accuracy",
        "macro F1",
        "negative log likelihood (nats)",
        "expected calibration error",
    ]


def test_verdicts_turn_the_sign_at_reading_and_nowhere_else(judged):
    """Scores are the metric of each run with its sign turned; runs at chance are found by their test accuracy."""
    run = judged.arm_scores["deeper"].runs[0]
    predictions = judged.results.predictions(judged.results.records[8].run)

    assert run.score == pytest.approx(-METRICS["Brier score"].of(predictions, judged.results.labels()))
    assert run.correct is None
    assert judged.criteria.margin == 0.01
    assert judged.summary("deeper").mean is None


@pytest.mark.parametrize("name", [name for name in METRICS if name != "test accuracy"])
def test_every_metric_can_be_judged(tmp_path, name):
    """With collapsed, diverged, failed and missing runs: every section is written, in the unit of the metric."""
    study = made_up_study(analysis={"metric": name, "margin": 0.1})
    became = {("baseline", 1): "diverged", ("deeper", 2): "guessing", ("noisy", 3): "failed", ("tanh", 4): "missing"}
    analysis = analyze(read_results(made_up_folder(tmp_path / "r", study=study, became=became)))
    tables = tables_of(report_sections(analysis))

    assert tables["verdicts"].columns[2].title == name
    better = analysis.comparison("deeper").accuracy.difference.estimate > 0
    # Made-up networks are as sure of themselves whatever they score, so that accuracy alone decides their metrics.
    assert better
    mean = np.mean([METRICS[name].of(*one) for one in _learned(analysis, "deeper")])
    assert tables["verdicts"].rows[1][2].key == pytest.approx(mean)


def _learned(analysis, arm):
    seeds = analysis.summary(arm).learned
    found = [one for one in analysis.results.findings if one.run.variation == arm and one.run.seed in seeds]
    return [(analysis.results.predictions(one.run), analysis.results.labels()) for one in found]


def test_a_metric_that_was_changed_after_results_is_reported(tmp_path):
    """Both histories are told, and which verdicts are others by what was declared first."""
    path = made_up_folder(tmp_path / "r", study=made_up_study(analysis={"margin": 1.5}))
    made_up_folder(path, study=made_up_study(**LOWER), became="missing")
    said = [one for one in warnings(analyze(read_results(path))) if one.startswith(("The metric", "The margin"))]

    assert [one.split(": set to")[0] for one in said] == [
        (
            "The metric that verdicts are about was test accuracy when the first results were computed and is Brier "
            "score now"
        ),
        "The margin was 1.5 pp when the first results were computed and is 0.01 now",
    ]
    assert said[1].endswith(" By the first metric and margin all verdicts are the same.")


def test_without_labels_the_metric_cannot_be_judged(tmp_path):
    """The message names the file and the two ways out; test accuracy needs none of it."""
    path = made_up_folder(tmp_path / "r", study=made_up_study(**LOWER))
    (path / "labels.npy").unlink()

    with pytest.raises(ResultsError) as error:
        analyze(read_results(path))
    assert str(error.value) == (
        f"{path}: verdicts are about the Brier score, which is computed from predictions and the labels of the test "
        'images, and labels.npy cannot be read. Copy it from a backup, or run the study with metric = "test accuracy".'
    )


def test_two_folders_that_judge_different_metrics_are_compared_by_test_accuracy(tmp_path):
    """The sides have accuracies, and the usual margin; with one metric the sides have that."""
    other = {"analysis": {"metric": "macro F1"}}
    first, same, third = (
        made_up_folder(tmp_path / name, study=made_up_study(seeds=3, **changes))
        for name, changes in (("a", LOWER), ("b", LOWER), ("c", other))
    )
    compared = compare_results(first, third)

    assert compared.first.metric is METRICS["test accuracy"]
    assert compared.first.criteria.margin == 0.005
    assert compared.first.baseline.accuracy.estimate == pytest.approx(0.503, abs=0.01)
    assert compare_results(first, same).second.metric is METRICS["Brier score"]


def test_sections_about_test_accuracy_are_left_out(tmp_path):
    """Pretrained networks and data efficiency are described by accuracies."""
    study = made_up_study(seeds=3, variation=(HEAD, *FEWER), **LOWER)
    sections = report_sections(analyze(read_results(made_up_folder(tmp_path / "r", study=study))))
    said = sentences_of(sections, "caveats")

    assert {"pretrained", "images"}.isdisjoint(section.anchor for section in sections)
    assert (
        "What is shown of pretrained networks and of fewer training images is about test accuracy; it is left out "
        "here, because verdicts are about the Brier score."
    ) in said
    assert (
        "Intervals over seeds speak of these 400 test images, and none is computed that takes the images as a sample "
        "too."
    ) in said


def test_looks_decide_by_the_metric(tmp_path):
    """A study that adds seeds takes its looks at the scores, and writes the repeated intervals in their own sign."""
    study = made_up_study(seeds={"first": 6, "step": 2, "most": 8}, **LOWER)
    analysis = analyze(read_results(made_up_folder(tmp_path / "r", study=study)))
    rows = {row[0].text: row for row in tables_of(report_sections(analysis))["look-decisions"].rows}

    assert rows["deeper"][2].text.startswith(MINUS)
    assert (rows["deeper"][6].text, rows["shallow"][6].text) == ("better", "worse")


def test_effects_of_crossed_factors_are_of_the_metric(analyses):
    """Lower is better: numbers have their own sign, and a lower score is a better finding."""
    other = analyze(analyses("crossed").results, metric=METRICS["Brier score"])
    one, *_ = other.factorials
    scores = {name: arm.learned(other.scores.chance) for name, arm in other.arm_scores.items()}
    table = tables_of(report_sections(other))["crossed-1"]
    depth = table.rows[0]

    assert one.cells[0, 0].accuracy.estimate == pytest.approx(np.mean(list(scores["baseline"].values())))
    assert [column.title for column in table.columns][1:3] == ["estimate", "simultaneous 95 % interval"]
    assert depth[1].text == f"{-one.effects[0].found.estimate:+.4f}".replace("-", MINUS)
    assert (depth[4].text, depth[4].tag) == ("lower", "better")
    assert table.notes[0].startswith("Brier score on these test images, over runs that learned;")


def test_a_turned_scale_writes_what_was_measured():
    """Ends of intervals change places with their signs, and stay within the metric's range."""
    scale = Scale(metric=METRICS["expected calibration error"], is_turned=True)
    interval = Interval(estimate=-0.02, low=-0.05, high=0.01, level=0.95)

    assert (scale.value(-0.02), scale.value_range(interval)) == ("2.00 %", "0.00 to 5.00 %")
    assert scale.difference_range(interval) == f"{MINUS}1.00 to +5.00 pp"
    assert scale.own(interval) == Interval(estimate=2.0, low=-1.0, high=5.0, level=0.95)
    assert scale.own(PointEstimate(estimate=-0.02)) == PointEstimate(estimate=2.0)


def test_decisions_do_not_depend_on_the_unit(judged):
    """The Brier score of made-up networks is a multiple of their accuracy: the verdicts are those of accuracy."""
    by_accuracy = analyze(judged.results, metric=METRICS["test accuracy"])

    assert [one.verdict.decision for one in judged.comparisons][:2] == [Decision.BETTER, Decision.WORSE]
    assert [one.verdict.decision for one in by_accuracy.comparisons][:2] == [Decision.BETTER, Decision.WORSE]
