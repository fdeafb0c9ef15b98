import numpy as np
import pytest

from ceteris.analysis.study_analysis import analyze
from ceteris.report.blocks import MissingFigure
from ceteris.report.figures.drawing import Drawing
from ceteris.report.figures.first_layer import FirstLayers
from ceteris.report.report import report_sections
from ceteris.report.sections import pictures, pretrained
from ceteris.report.sections.pictures import disagreements, most_disagreed, section
from ceteris.results.results import read_results
from tests.made_up import made_up_folder, made_up_study
from tests.report.reading import blocks_of


def pictures_in(sections):
    """Give the titles of all figures."""
    return [figure.title for figure in blocks_of(sections, Drawing)]


def test_a_complete_study_has_every_picture(analyses):
    """Differences, seeds, a set of curves for each factor, a layer, classes, and images disagreed on."""
    sections = report_sections(analyses("complete"))
    (layers,) = blocks_of(sections, FirstLayers)

    assert pictures_in(sections) == [
        "Difference in test accuracy from the baseline",
        "Test accuracy, seed by seed",
        "Learning curves: depth",
        "Learning curves: activation",
        "Learning curves: learning rate",
        "Confusion of baseline",
        "Change of each class by each variation",
        "Test images that baseline and shallow most disagree on",
    ]
    assert layers.image_name == "test image 0 (plane)"
    assert [layer.arm for layer in layers.arms] == ["baseline", "deeper", "shallow", "tanh", "noisy"]
    assert blocks_of(sections, MissingFigure) == []


@pytest.mark.parametrize("state", ["empty", "all failed"])
def test_nothing_trained_has_a_layer_alone(analyses, state):
    """Initial weights need no training; everything else does."""
    sections = report_sections(analyses(state))
    (layers,) = blocks_of(sections, FirstLayers)

    assert pictures_in(sections) == []
    assert [block.gap == "" for block in layers.arms[0].outputs] == [True, False]


def test_a_baseline_without_predictions_is_told(analyses):
    """What cannot be compared is said in place of the picture."""
    for state in ("baseline missing", "baseline diverged"):
        assert [one.reason for one in blocks_of([section(analyses(state))], MissingFigure)] == [
            "Classes are not shown: the baseline has no predictions of a run that learned.",
        ]


def test_another_image_can_be_chosen(analyses):
    """Its number and class stand in the title."""
    (layers,) = blocks_of([section(analyses("one seed"), 3)], FirstLayers)

    assert layers.image_name == "test image 3 (cat)"


def test_networks_without_a_convolution_say_so(analyses, tmp_path):
    """There is no first convolution to show, of a dense network as of a pretrained one."""
    dense = {"network": {"layers": [{"dense": "classes"}]}, "training": {"epochs": 5, "learning_rate": 0.01}}
    other = {"factor": "rate", "name": "slow", "set": {"training.learning_rate": 0.001}}
    study = made_up_study(seeds=1, baseline=dense, variation=(other,))
    analysis = analyze(read_results(made_up_folder(tmp_path / "r", study=study)))

    for one in (analysis, analyses("pretrained")):
        first, *_ = section(one).blocks
        assert first == MissingFigure(
            "The output of the first convolution is not shown: no network of this study has one."
        )


def test_a_first_convolution_in_a_block_is_shown(tmp_path):
    """A residual network may begin with a block."""
    layers = [{"residual": [{"conv": 3, "padding": "same"}]}, {"dense": "classes"}]
    baseline = {"network": {"layers": layers}, "training": {"epochs": 5, "learning_rate": 0.01}}
    study = made_up_study(seeds=1, baseline=baseline, variation=())
    first, *_ = section(analyze(read_results(made_up_folder(tmp_path / "r", study=study)))).blocks

    assert [one.layer for one in first.arms] == ["layer 1.1 (conv 3, kernel 3, padding same)"]


def test_the_baseline_is_drawn_beside_the_pretrained_networks(analyses):
    """On all clocks; of the networks that are not pretrained it alone, where it is not pretrained itself."""
    alt = next(one.alt for one in blocks_of([pretrained.section(analyses("transfer"))], Drawing))

    assert "baseline (6 seeds): " in alt
    assert "head (6 seeds): 20.0 s for features" in alt
    assert "deeper" not in alt


NAMES = ("cat", "dog")
BASELINE = np.array([[0.9, 0.1], [0.6, 0.4], [0.5, 0.5]])
VARIATION = np.array([[0.8, 0.2], [0.1, 0.9], [0.3, 0.7]])


def draw(**changes):
    """Draw three images of noise."""
    facts = {
        "images": np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), np.uint8),
        "labels": np.array([0, 1, 0], np.int32),
        "class_names": NAMES,
    }
    return disagreements("deeper", BASELINE, VARIATION, **(facts | changes))


def test_the_largest_distance_comes_first():
    """Half of the sum of absolute differences; of equal ones the first."""
    assert most_disagreed(BASELINE, VARIATION, 2).tolist() == [1, 2]
    assert most_disagreed(BASELINE, BASELINE, 2).tolist() == [0, 1]
    assert most_disagreed(BASELINE, VARIATION, 9).tolist() == [1, 2, 0]


def test_both_verdicts_stand_below_each_image(texts_in):
    """Right and wrong have signs, and the alternative says the same in words."""
    picture = draw(count=1)

    assert texts_in(picture.svg) == [
        "dog, image 1",
        "baseline",
        "\N{MULTIPLICATION SIGN} cat 60 %",
        "deeper",
        "\N{CHECK MARK} dog 90 %",
    ]
    assert picture.alt == (
        "1 test image with class, and the class of highest mean probability over all finished runs. "
        "image 1, dog: baseline cat 60 % (wrong), deeper dog 90 % (right)."
    )


def test_grey_images_and_few_of_them_are_drawn():
    """Images of one channel are grey, and a test set smaller than the sheet is shown whole."""
    picture = draw(images=np.zeros((3, 8, 8, 1), np.uint8), count=12)

    assert picture.alt.startswith("3 test images with class")


@pytest.mark.parametrize("count", [0])
def test_no_image_is_a_picture(count):
    """Without an image there is nothing to see, and that is said."""
    assert draw(count=count).alt == "There are no test images that both arms have answered."


def test_changes_of_classes_average_to_the_difference_of_the_verdict(tmp_path, monkeypatch):
    """All runs that learned count, those of the baseline's own seeds too, and no run at chance."""
    study = made_up_study(seeds=3, baseline_seeds=7)
    became = {("baseline", 5): "guessing", ("tanh", 1): "guessing"}
    analysis = analyze(read_results(made_up_folder(tmp_path / "r", study=study, became=became)))
    drawn = []
    monkeypatch.setattr(pictures, "class_change_table", lambda changes, _: drawn.append(changes))
    section(analysis)
    (changes,) = drawn
    weights = np.bincount(analysis.predictions.labels, minlength=len(analysis.manifest.class_names))

    for one in analysis.comparisons:
        overall = np.average(changes[one.variation], weights=weights)
        assert overall == pytest.approx(one.accuracy.difference.estimate, abs=1e-9)
