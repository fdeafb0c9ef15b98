"""Picture files of first convolutions."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from ceteris.report.figures.layer_picture import layer_picture, tile_png
from ceteris.report.gallery import hang


@pytest.fixture(scope="module")
def layers(accounts):
    """The first convolutions of a made-up study."""
    return hang(accounts("one seed")).layers


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
