import numpy as np
import pytest

from ceteris.analysis.study_analysis import analyze
from ceteris.report.sections.pictures import disagreements, hang, most_disagreed
from ceteris.results.results import read_results
from tests.made_up import made_up_folder, made_up_study


def test_a_complete_study_has_every_picture(analyses):
    """Differences, seeds, a set of curves for each factor, a layer, classes, and images disagreed on."""
    gallery = hang(analyses("complete"))

    assert gallery.forest is not None
    assert gallery.seeds is not None
    assert list(gallery.curves) == ["depth", "activation", "learning rate"]
    assert gallery.layers.image_name == "test image 0 (plane)"
    assert [layer.arm for layer in gallery.layers.arms] == ["baseline", "deeper", "shallow", "tanh", "noisy"]
    assert [picture.title for picture in gallery.classes] == [
        "Confusion of baseline",
        "Change of each class by each variation",
    ]
    assert [picture.title for picture in gallery.images] == ["Test images that baseline and shallow most disagree on"]
    assert gallery.gaps == ()


@pytest.mark.parametrize("state", ["empty", "all failed"])
def test_nothing_trained_has_a_layer_alone(analyses, state):
    """Initial weights need no training; everything else does."""
    gallery = hang(analyses(state))

    assert (gallery.forest, gallery.seeds, gallery.curves, gallery.classes, gallery.images) == (None, None, {}, (), ())
    assert [block.gap == "" for block in gallery.layers.arms[0].outputs] == [True, False]


def test_a_baseline_without_answers_is_told(analyses):
    """What cannot be compared is said in place of the picture."""
    for state in ("baseline missing", "baseline diverged"):
        assert hang(analyses(state)).gaps == (
            "What the variations changed for each class is not shown: the baseline has no answers to compare.",
        )


def test_another_image_can_be_chosen(analyses):
    """Its number and class stand in the title."""
    assert hang(analyses("one seed"), image=3).layers.image_name == "test image 3 (cat)"


def test_networks_without_a_convolution_say_so(analyses, tmp_path):
    """There is no first convolution to show, of a dense network as of a pretrained one."""
    dense = {"network": {"layers": [{"dense": "classes"}]}, "training": {"epochs": 5, "learning_rate": 0.01}}
    other = {"factor": "rate", "name": "slow", "set": {"training.learning_rate": 0.001}}
    study = made_up_study(seeds=1, baseline=dense, variation=(other,))
    analysis = analyze(read_results(made_up_folder(tmp_path / "r", study=study)))

    for one in (analysis, analyses("pretrained")):
        assert hang(one).layers is None
        assert hang(one).gaps[0] == (
            "The output of the first convolution is not shown: no network of this study has one."
        )


def test_the_baseline_is_drawn_beside_the_pretrained_networks(analyses):
    """On all clocks; of the networks that are not pretrained it alone, where it is not pretrained itself."""
    alt = hang(analyses("transfer")).clocks.alt

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
        "1 test image with class, and the class of highest mean probability over seeds. "
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
