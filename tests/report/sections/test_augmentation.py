import pytest

from ceteris.analysis.study_analysis import analyze
from ceteris.engines.augmentation import augmented, views
from ceteris.report.blocks import MissingFigure
from ceteris.report.figures.drawing import Drawing
from ceteris.report.figures.layer_figure import photograph
from ceteris.report.sections import augmentation as module
from ceteris.report.sections.augmentation import section
from ceteris.results.results import read_results
from tests.made_up import IMAGE, made_up_folder, made_up_study

FLIPPED = {"factor": "augmentation", "name": "mirrored", "set": {"training.flip": True}}
CUT = {"factor": "augmentation", "name": "cut", "set": {"training.flip": True, "training.cutout": 8}}
MIXED = {"factor": "mixing", "name": "mixed", "set": {"training.mixup": 0.2}}
LOOKED = {"factor": "scoring", "name": "twice", "set": {"training.test_time_flip": True}}
WIDER = {"factor": "width", "name": "wider", "set": {"network.layers.0.conv": 5}}


@pytest.fixture
def analysed(tmp_path):
    """Analyse a study of one seed with some variations, and settings of training in the baseline."""

    def give(*variations, **training):
        study = made_up_study(seeds=[7], variation=variations)
        settings = study.baseline.training.model_copy(update=training)
        study = study.model_copy(update={"baseline": study.baseline.model_copy(update={"training": settings})})
        return analyze(read_results(made_up_folder(tmp_path / "results", study=study)))

    return give


def test_a_study_without_augmentation_has_no_section(analysed):
    """Its images are those that other pictures show."""
    assert section(analysed(WIDER)) is None


def test_images_are_shown_as_the_seed_changes_them(analysed, monkeypatch):
    """Each test image as it is and in four epochs, with the numbers that the same place in the epoch's order got."""
    grids = []
    monkeypatch.setattr(module, "draw_image_grid", lambda sections, **words: grids.append((sections[0], words)))
    analysis = analysed(FLIPPED, CUT)
    section(analysis)
    grid, words = grids[0]
    images = analysis.results.images()

    assert [row.name for row in grid.rows] == ["mirrored", "cut"]
    assert grid.tiles == ("as it is", "epoch 1", "epoch 2", "epoch 3", "epoch 4")
    training = analysis.arms[2].specification.training
    expected = [photograph(images[1])]
    expected += [photograph(augmented(images[1], views(7, epoch, 2, training, IMAGE)[1])) for epoch in range(4)]
    found = grid.rows[1].blocks[1]
    assert [tile.tobytes() for tile in found] == [tile.tobytes() for tile in expected]
    assert words["alt"] == (
        "3 test images as they are and as augmentation changes them in epochs 1 to 4, for mirrored and cut."
    )


def test_arms_with_the_same_augmentation_share_a_row(analysed):
    """What is done to them is said in a list; images that are mixed with each other are not drawn."""
    found = section(analysed(WIDER, MIXED, flip=True, crop=2))
    paragraph, listed, figure = found.blocks

    assert paragraph.text == (
        "Training images were changed anew in every epoch, validation and test images never. Mixing images with each "
        "other is not drawn."
    )
    assert listed.sentences == (
        "“baseline” and “wider”: half of the images mirrored, shifts of up to 2 pixels.",
        "“mixed”: half of the images mirrored, shifts of up to 2 pixels, mixup with alpha 0.2.",
    )
    assert isinstance(figure, Drawing)


@pytest.mark.parametrize(
    ("training", "variation", "whose"),
    [({"flip": True, "test_time_flip": True}, WIDER, ""), ({"flip": True}, LOOKED, " in the scores of “twice”")],
)
def test_mirror_images_that_are_scored_are_no_silent_change(analysed, training, variation, whose):
    """Test images are left alone by augmentation, but what is scored is not the image alone."""
    paragraph, *_ = section(analysed(variation, **training)).blocks

    assert paragraph.text == (
        "Training images were changed anew in every epoch. Validation and test images were not, but their mirror "
        f"images count too{whose}."
    )


def test_images_that_are_missing_are_said(analysed):
    """The list stays."""
    analysis = analysed(FLIPPED)
    (analysis.results.folder.path / "test-images.npy").unlink()
    analysis = analyze(read_results(analysis.results.folder.path))

    assert section(analysis).blocks[-1] == MissingFigure(
        "Augmented images are not shown: test-images.npy is missing or damaged."
    )
