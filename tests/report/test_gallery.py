import pytest

from ceteris.analysis.study_analysis import analyze
from ceteris.report.gallery import hang
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
