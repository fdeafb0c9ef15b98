"""The first convolutions of a study as tiles, on a scale of their own and on a common one."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from ceteris.report.figures.first_layer import MOST_NETWORKS, first_layers, layer_picture, tile_png
from ceteris.report.layer_view import layer_views
from ceteris.report.sections.pictures import section
from ceteris.results.results import read_results

MINUS = "\N{MINUS SIGN}"


@pytest.fixture(scope="module")
def tiles(folders, analyses):
    """Turn the views of a made-up study into tiles; each view may be changed before."""
    analysis = analyses("one seed")
    image = read_results(folders("one seed")).images()[0]
    views = layer_views(analysis.results, image).views

    def make(change=lambda view: view, arms=analysis.arms):
        return first_layers(arms, [change(view) for view in views], image=image, image_name="test image 0 (plane)")

    return make


def test_each_picture_uses_all_greys_on_its_own_scale(tiles):
    """The smallest value of an output is black and its largest white, whatever the other networks have."""
    for arm in tiles().arms:
        for block in arm.outputs:
            levels = np.stack([tile[..., 0] for tile in block.own])
            assert (levels.min(), levels.max()) == (0, 255)


def test_an_output_that_exploded_is_seen_on_its_own_scale_and_leaves_the_others_theirs(tiles):
    """Values a million times as large change neither the shapes of their own picture nor the greys of any other."""
    usual = tiles()
    loud = tiles(lambda view: replace(view, after=view.after * np.float32(1e6)) if view.arm == "deeper" else view)

    for before, after in zip(usual.arms, loud.arms, strict=True):
        for one, other in zip(before.outputs, after.outputs, strict=True):
            np.testing.assert_allclose(np.stack(one.own).astype(int), np.stack(other.own), atol=1)
    assert "e+06" in loud.arms[1].outputs[1].own_words
    assert any("Much goes beyond the scale in deeper" in sentence for sentence in loud.scales)


def test_a_kernel_has_zero_in_the_middle_of_either_scale(tiles):
    """Mid grey is 0, and the largest weight is black or white on the scale of the kernel."""
    block = (
        tiles(
            lambda view: replace(
                view, kernels_after=np.linspace(-0.5, 0.25, 4 * 27).reshape(4, 3, 3, 3)[: len(view.before)]
            )
        )
        .arms[0]
        .kernels[1]
    )

    assert block.names == ("red", "green", "blue", "colour")
    assert block.own_words == f"black {MINUS}0.5, white 0.5"
    assert block.own[0][0, 0, 0] == 0
    assert block.words.startswith(f"{MINUS}0.5 to ")


def test_channels_without_a_signal_are_named(tiles):
    """Black tiles may be small values or none at all; an output of one value says which."""

    def silence(view):
        after = view.after.copy()
        after[1:] = 0
        return replace(view, after=after, before=np.zeros_like(view.before))

    before, after = tiles(silence).arms[0].outputs
    assert before.own_words == before.words == "0 everywhere"
    assert after.own_words.endswith("; channels 2, 3 and 4 are 0 everywhere")


def test_what_is_no_number_is_left_open(tiles):
    """Weights that overflowed are neither black nor white, and the words say so."""

    def lose(view):
        return replace(view, after=view.after * np.nan, kernels_after=view.kernels_after * np.inf)

    arm = tiles(lose).arms[0]
    for block in (arm.outputs[1], arm.kernels[1]):
        assert block.own_words == block.words == "not a number"
        assert all((tile[..., 3] == 0).all() for tile in block.own)


def test_networks_without_a_convolution_say_why(analyses):
    """A pretrained backbone, and a network of dense layers, have a line in place of pictures."""
    analysis = analyses("transfer")
    image = analysis.results.images()[0]
    views = layer_views(analysis.results, image, pretrained=False).views
    layers = first_layers(analysis.arms, views, image=image, image_name="test image 0")

    assert {arm.arm: arm.gap for arm in layers.arms if arm.gap}["head"] == (
        "Not shown: the first convolution is that of the pretrained resnet18, whose weights are not in the results "
        "folder; `ceteris show` draws it where they are."
    )
    assert [arm.arm for arm in layers.arms if not arm.gap] == ["baseline", "deeper", "small, a tenth"]


def test_what_was_not_trained_says_why(analyses):
    """The initial weights of a diverged run are shown, with the epoch that it diverged in."""
    analysis = analyses("a variation diverged")
    image = analysis.results.images()[0]
    views = layer_views(analysis.results, image, seed=0).views
    diverged = first_layers(analysis.arms, views, image=image, image_name="test image 0").arms[1]

    for before, after in (diverged.outputs, diverged.kernels):
        assert before.own
        assert (after.own, after.gap) == ((), "diverged in epoch 2: no weights were kept")


def test_of_very_many_networks_the_first_are_shown(tiles, analyses):
    """A page of hundreds would weigh too much; a sentence counts them and names the command for the others."""
    baseline = analyses("one seed").arms[0]
    many = tiles(arms=(baseline,) * (MOST_NETWORKS + 37))

    assert len(many.arms) == MOST_NETWORKS
    assert many.left_out == "The first 64 of 101 networks are shown; `ceteris show` draws any other."
    assert tiles().left_out == ""


@pytest.fixture(scope="module")
def layers(analyses):
    """The first convolutions of a made-up study."""
    return section(analyses("one seed")).blocks[0]


def opened(content):
    """Read a PNG file."""
    return Image.open(BytesIO(content))


def test_the_same_layer_gives_the_same_bytes_and_its_words(layers):
    """What is drawn stands in the file as text too: whose layer it is, and what black and white are."""
    baseline = layers.arms[0]
    content = layer_picture(baseline, layers)

    assert content == layer_picture(baseline, layers)
    assert opened(content).text["Title"] == "baseline: layer 1 (conv 4, kernel 3, relu), seed 0"
    assert f"output after training: {baseline.outputs[1].own_words}" in opened(content).text["Description"]


def test_every_tile_is_in_it_enlarged(layers):
    """Each channel is drawn 96 pixels wide on its own scale, so that black and white both occur."""
    baseline = layers.arms[0]
    pixels = np.asarray(opened(layer_picture(baseline, layers)))
    tile = opened(tile_png(baseline.outputs[0].own[0], 128)).resize((96, 96), Image.Resampling.NEAREST)
    windows = np.lib.stride_tricks.sliding_window_view(pixels[..., 0], (96, 96))[:, 20]

    assert any(np.array_equal(window, np.asarray(tile)) for window in windows)


def test_a_long_name_and_no_trained_weights_leave_a_picture(layers):
    """A name is cut to the width, and the reason stands in place of the tiles."""
    gone = replace(layers.arms[0].outputs[1], names=(), own=(), common=(), gap="diverged in epoch 2")
    odd = replace(layers.arms[0], arm="w\n" * 200, outputs=(layers.arms[0].outputs[0], gone))
    whole, short = (opened(layer_picture(arm, layers)) for arm in (layers.arms[0], odd))

    assert short.width == whole.width
    assert short.height < whole.height
    assert short.text["Description"].split("; ")[1] == "output after training: diverged in epoch 2"


def test_a_tile_takes_as_few_channels_as_it_needs(layers):
    """Grey is grey, open pixels are transparent, and a large tile is reduced by a whole factor."""
    grey = np.full((300, 300, 4), 255, np.uint8)
    assert (opened(tile_png(grey, 128)).mode, opened(tile_png(grey, 128)).size) == ("L", (100, 100))
    grey[0, 0, 3] = 0
    assert opened(tile_png(grey, 300)).mode == "LA"
    assert opened(tile_png(layers.image, 128)).mode == "RGB"
