"""Accuracy by the number of training images: which arms make a curve, and what each point is compared with."""

from ceteris.analysis.study_analysis import analyze
from ceteris.report.sections.data_efficiency import efficiency_table, section
from ceteris.results.results import read_results
from ceteris.statistics.verdict import Decision
from tests.made_up import made_up_folder, made_up_study
from tests.states import DEEPER, FEWER, HEAD, SHALLOW

A_TENTH = {"factor": "images", "name": "small, a tenth", "set": {"data.fraction": 0.1}}
A_FIFTH = {"factor": "images", "name": "small, a fifth", "set": {"data.fraction": 0.2}}


def curves_of(path, *variations, **kwargs):
    """Write a study of these variations, and give its analysis and its curves."""
    study = made_up_study(seeds=6, variation=variations)
    analysis = analyze(read_results(made_up_folder(path, study=study, **kwargs)))
    return analysis, analysis.efficiency


def test_arms_that_differ_in_images_alone_make_a_curve(tmp_path):
    """From the fewest images; each network has its own, and one on a single number of images has none."""
    _, curves = curves_of(tmp_path / "r", DEEPER, A_FIFTH, HEAD, *FEWER)

    assert [(curve.name, [(point.arm.name, point.images) for point in curve.points]) for curve in curves] == [
        ("baseline", [("small, a tenth", 4), ("small, a fifth", 8), ("baseline", 40)]),
        ("head", [("head, a tenth", 4), ("head", 40)]),
    ]


def test_without_a_share_there_is_no_curve(analyses):
    """A study that does not vary the number of images has neither curves nor a table of them."""
    analysis = analyses("complete")

    assert analysis.efficiency == ()
    assert section(analysis) is None


def test_another_training_is_another_curve(tmp_path):
    """A smaller share with another learning rate does not continue the baseline's curve."""
    slower = {"factor": "images", "name": "slower", "set": {"data.fraction": 0.2, "training.learning_rate": 0.001}}

    assert curves_of(tmp_path / "r", slower, SHALLOW)[1] == ()


def test_each_point_is_compared_on_as_many_images(tmp_path):
    """The head on a tenth against the small network on a tenth; on all images the study's own verdict stands."""
    analysis, (small, head) = curves_of(tmp_path / "r", HEAD, *FEWER)
    fewer, full = (point.matched for point in head.points)
    own = next(one for one in analysis.comparisons if one.variation == "head")

    assert [point.matched for point in small.points] == [None, None]
    assert (fewer.other, fewer.verdict.decision) == ("small, a tenth", Decision.BETTER)
    means = {arm.name: arm.accuracy.estimate for arm in analysis.summaries}
    difference = means["head, a tenth"] - means["small, a tenth"]
    assert abs(fewer.accuracy.difference.estimate - difference) < 1e-12
    assert fewer.accuracy.p_value_adjusted == 2 * fewer.accuracy.p_value  # a family of its own: accuracy and collapse
    assert (full.other, full.accuracy, full.verdict) == ("baseline", own.accuracy, own.verdict)


def test_the_table_says_what_is_compared(tmp_path):
    """Images, accuracy, the difference on as many images, and that these tests are a family of their own."""
    analysis, curves = curves_of(tmp_path / "r", HEAD, *FEWER)
    table = efficiency_table(analysis, curves)
    rows = {row[0].text: [cell.plain for cell in row[1:]] for row in table.rows}

    assert rows["head, a tenth"][:2] == ["head", "4"]
    assert rows["head, a tenth"][5] == "better (than “small, a tenth”)"
    assert rows["baseline"][3:6] == ["\N{EN DASH}"] * 3
    assert table.notes[-1] == (
        "Differences where the baseline's network had fewer images than the baseline are not among the verdicts of "
        "the study: there is one."
    )


def test_guessing_against_guessing_is_no_difference(tmp_path):
    """Where every run of both arms diverged there is nothing to compare."""
    became = {(name, seed): "diverged" for name in ("head, a tenth", "small, a tenth") for seed in range(6)}
    _, (_, head) = curves_of(tmp_path / "r", HEAD, *FEWER, became=became)

    assert head.points[0].matched.accuracy is None
    assert head.points[0].matched.verdict.decision is Decision.NOT_COMPARED
