"""Feature maps, kernels and the figure of both: what one layer makes of one image."""

from dataclasses import replace

import numpy as np
import pytest

from ceteris.inference.forward import layer_outputs, network_input
from ceteris.report.figures.drawing import Format
from ceteris.report.figures.layer_figure import (
    MOST_CHANNELS,
    feature_map_section,
    kernel_section,
    kernel_sheet_section,
    layer_figure,
)
from ceteris.report.layer_view import layer_views
from ceteris.results.results import read_results

MINUS = "\N{MINUS SIGN}"


@pytest.fixture(scope="module")
def seen(folders):
    """What three arms make of the first test image, and the image."""
    results = read_results(folders("one seed"))
    image = results.images()[0]
    return results, image, layer_views(results, image).views


def test_a_grey_means_the_same_number_everywhere(seen):
    """The tiles of all arms, before and after training, are the outputs on one scale, channel by channel."""
    results, image, views = seen
    section = feature_map_section(views)
    run = results.findings[0].run
    inputs = network_input(image[None], results.manifest.scale, results.manifest.offset)
    output = layer_outputs(run.specification.network, results.weights(run), inputs)[0][0]

    low, high = section.scale.low, section.scale.high
    expected = np.rint(np.clip((output - low) / (high - low), 0, 1) * 255)
    for channel, tile in enumerate(section.rows[0].blocks[1]):
        np.testing.assert_allclose(tile[..., 0], expected[channel], atol=1)
    assert low <= 0 < high
    assert [row.name for row in section.rows] == ["baseline", "deeper", "shallow"]
    assert [len(row.blocks[0]) for row in section.rows] == [4, 4, 2]


def test_one_bright_pixel_does_not_darken_the_rest(seen):
    """Of outputs far above all others the scale is cut, and says so."""
    _, _, views = seen
    bright = views[0].after.copy()
    bright[0, 0, 0] = 1e6
    section = feature_map_section([replace(views[0], after=bright)])

    assert section.scale.high < 1e3
    assert section.scale.words.endswith(", extremes cut")


def test_one_arm_that_exploded_does_not_darken_the_others(seen):
    """The scale is that of most arms; what goes far beyond it is cut, and the arm is named with its range."""
    _, _, views = seen
    usual = feature_map_section(views)
    loud = (views[0], replace(views[1], after=views[1].after * 50), views[2])
    section = feature_map_section(loud)

    assert section.scale.high < 3.5 * usual.scale.high
    assert "Much goes beyond the scale in deeper (" in section.note
    assert "beyond" not in usual.note


def test_kernels_have_zero_in_the_middle(seen):
    """Mid grey is 0, the largest weight of all arms is black or white, and the three slices make a colour."""
    _, _, views = seen
    section = kernel_section(views, 1)
    weights = np.concatenate([view.kernels_after[1].ravel() for view in views])

    assert section.scale.low == -section.scale.high
    assert section.scale.high >= np.abs(weights).max()
    assert section.tiles == ("red", "green", "blue", "colour")
    red, green, _, together = section.rows[0].blocks[1]
    np.testing.assert_array_equal(together[..., 0], red[..., 0])
    np.testing.assert_array_equal(together[..., 1], green[..., 1])


def test_a_grey_slice_beside_colours_is_not_called_red(seen):
    """Networks for grey images and pretrained ones, which see three channels, stand in the same columns."""
    _, _, views = seen
    grey = replace(views[0], inputs=("1",), kernels_before=views[0].kernels_before[:, :1], kernels_after=None)

    assert kernel_section((grey, views[1]), 0).tiles == ("red or grey", "green", "blue", "colour")
    assert kernel_section((grey,), 0).tiles == ("1",)


def test_an_arm_without_the_channel_says_so(seen, texts_in):
    """A narrower layer has fewer channels; its row stays."""
    _, image, views = seen
    picture = layer_figure(views, image=image, image_name="test image 0", channel=3)

    assert "has 2 channels" in texts_in(picture.svg)
    assert "shallow has 2 channels" in picture.alt


def test_what_was_not_trained_says_why(folders, texts_in):
    """A diverged run shows what it began with, and in which epoch it was lost."""
    results = read_results(folders("a variation diverged"))
    image = results.images()[0]
    views = layer_views(results, image, seed=0).views

    both = layer_figure(views, image=image, image_name="test image 0", channel=0)
    for picture in (both, layer_figure((views[1],), image=image, image_name="test image 0")):
        assert "diverged in epoch 2: no weights were kept" in picture.alt
    assert "diverged in epoch" in " ".join(texts_in(both.svg))


def test_weights_that_overflowed_are_left_open(seen):
    """What is no number is neither black nor white, and the words say so where nothing else is left."""
    _, image, views = seen
    lost = replace(views[0], after=np.full_like(views[0].after, np.nan), kernels_after=views[0].kernels_after * np.inf)
    picture = layer_figure((lost,), image=image, image_name="test image 0", channel=0)

    assert picture.alt.count("after training nothing that is a number") == 2


def test_wide_layers_are_cut_and_say_so(seen):
    """More channels than fit are counted, not squeezed."""
    _, _, views = seen
    wide = replace(
        views[0],
        before=np.repeat(views[0].before, 20, axis=0),
        after=None,
        gap="not trained yet",
        kernels_before=np.repeat(views[0].kernels_before, 20, axis=0),
        kernels_after=None,
    )

    assert f"The first {MOST_CHANNELS} of 80 channels are shown." in feature_map_section([wide]).note
    assert len(feature_map_section([wide]).rows[0].blocks[0]) == MOST_CHANNELS
    assert "The first 64 of 80 channels are shown." in kernel_sheet_section(wide).note


def test_dead_channels_are_counted(seen):
    """A channel that is 0 everywhere gives no signal, which a grey tile alone does not tell."""
    _, image, views = seen
    dead = views[0].after.copy()
    dead[1:3] = 0
    picture = layer_figure((replace(views[0], after=dead),), image=image, image_name="test image 0")

    assert "in 4 channels, 2 of them 0 everywhere" in picture.alt


def test_a_layer_figure_holds_image_outputs_and_kernels(seen, texts_in):
    """One run shows all its kernels, several arms one channel's."""
    _, image, views = seen
    one = layer_figure(views[:1], image=image, image_name="test image 0, plane")
    every = layer_figure(views, image=image, image_name="test image 0, plane", channel=1)

    assert one.title == "What baseline makes of test image 0, plane"
    assert {"The image", "Output of layer 1 (conv 4, kernel 3, relu)", "channel 4"} <= set(texts_in(one.svg))
    assert every.title == "What every arm makes of test image 0, plane"
    assert "Kernel of channel 2" in texts_in(every.svg)


def test_a_layer_without_kernels_has_a_figure_without(seen, texts_in):
    """Pooling has an output and no kernel."""
    results, image, _ = seen
    picture = layer_figure(layer_views(results, image, layer=1).views[:1], image=image, image_name="test image 0")

    assert not any("Kernel" in (text or "") for text in texts_in(picture.svg))
    assert "max pool 5" in picture.alt


def test_the_title_names_the_layer_that_is_shown(folders):
    """Arms whose layer differs in its settings share its number; only first convolutions at different places do not."""
    results = read_results(folders("one seed"))
    image = results.images()[0]
    titles = [feature_map_section(layer_views(results, image, layer=layer).views).title for layer in (None, 0, 1)]

    assert titles == ["Output of layer 1", "Output of layer 1", "Output of layer 2"]
    first, second, *_ = layer_views(results, image).views
    mixed = (first, replace(second, layer="layer 2 (conv 4, kernel 3, relu)"))
    assert feature_map_section(mixed).title == "Output of the first convolution"


def test_everything_can_be_a_png(seen):
    """The same picture is a file of pixels where a page is not wanted."""
    _, image, views = seen
    picture = layer_figure(views, image=image, image_name="test image 0", file_format=Format.PNG)

    assert picture.png.startswith(b"\x89PNG")
