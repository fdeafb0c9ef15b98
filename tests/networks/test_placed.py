from ceteris.networks.batch_norm import BatchNorm
from ceteris.networks.convolution import Convolution
from ceteris.networks.dense import Dense
from ceteris.networks.dropout import Dropout
from ceteris.networks.network import Network
from ceteris.networks.placed import placed_layers
from ceteris.networks.pooling import MaxPool
from ceteris.networks.shape import Shape

IMAGE = Shape(32, 32, 3)


def trained(placed):
    """Give the shapes of the arrays that a layer trains."""
    return {name: array.shape for name, array in placed.arrays.items() if array.is_trained}


def test_follows_the_baseline(network):
    """Sizes, parameters and multiply-adds of the baseline, worked out by hand."""
    shapes = placed_layers(network, IMAGE, classes=10)

    assert [shape.after for shape in shapes] == [
        Shape(30, 30, 7), Shape(28, 28, 9), Shape(14, 14, 9), Shape(14, 14, 9), Shape(1, 1, 10),
    ]  # fmt: skip
    assert [shape.before for shape in shapes] == [IMAGE, *[shape.after for shape in shapes[:-1]]]
    assert [shape.parameter_count for shape in shapes] == [7 * 27 + 7, 9 * 63 + 9, 0, 0, 10 * 14 * 14 * 9 + 10]
    assert [shape.multiply_adds for shape in shapes] == [
        30 * 30 * 7 * 27, 28 * 28 * 9 * 63, 0, 0, 10 * 14 * 14 * 9,
    ]  # fmt: skip


def test_names_and_shapes_are_those_of_pytorch():
    """Weights come as out x in x height x width, and out x in."""
    layers = [BatchNorm(batch_norm=True), Convolution(conv=4, kernel=5, padding="same"), Dense(dense=6)]
    norm, convolution, dense = placed_layers(Network(layers=layers), IMAGE, classes=10)

    assert trained(norm) == {"layers.0.weight": (3,), "layers.0.bias": (3,)}
    assert norm.multiply_adds == 32 * 32 * 3
    assert trained(convolution) == {"layers.1.weight": (4, 3, 5, 5), "layers.1.bias": (4,)}
    assert convolution.after == Shape(32, 32, 4)
    assert trained(dense) == {"layers.2.weight": (6, 4096), "layers.2.bias": (6,)}


def test_pooling_leaves_out_what_does_not_fill_a_square():
    """31 pixels hold 10 squares of 3."""
    layers = [Convolution(conv=1, kernel=2), MaxPool(max_pool=3), Dropout(dropout=0.1)]

    assert placed_layers(Network(layers=layers), IMAGE, classes=10)[-1].after == Shape(10, 10, 1)


def test_sizes_are_computed_even_where_a_layer_does_not_fit():
    """Whoever checks may say by how much."""
    layers = [Convolution(conv=1, kernel=40)]

    assert placed_layers(Network(layers=layers), IMAGE, classes=10)[0].after == Shape(-7, -7, 1)


def test_streams_are_named_by_kind_and_rank():
    """Layers of one kind are counted apart from the others; layers without randomness have no stream."""
    layers = [
        BatchNorm(batch_norm=True),
        Convolution(conv=24, kernel=3),
        Dropout(dropout=0.5),
        Convolution(conv=16, kernel=5),
        MaxPool(max_pool=2),
        Dense(dense=40),
        Dense(dense="classes"),
    ]
    streams = [placed.stream for placed in placed_layers(Network(layers=layers), IMAGE, classes=10)]

    assert streams == [None, "conv-0", "dropout-0", "conv-1", None, "dense-0", "dense-1"]


def test_a_layer_after_a_dense_one_sees_rows_of_features():
    """So batch normalisation of images and of features are told apart, and an image is flattened once."""
    layers = [Dense(dense=4), BatchNorm(batch_norm=True), Dense(dense="classes")]
    placed = placed_layers(Network(layers=layers), IMAGE, classes=10)

    assert [one.is_flat for one in placed] == [False, True, True]
    assert [module.kind for one in placed for module in one.modules] == ["Flatten", "Linear", "BatchNorm1d", "Linear"]
