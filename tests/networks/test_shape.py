from ceteris.networks.layers import BatchNorm, Convolution, Dense, Dropout, MaxPool
from ceteris.networks.network import Network
from ceteris.networks.shape import Shape, layer_shapes

IMAGE = Shape(32, 32, 3)


def test_follows_the_baseline(network):
    """Sizes, parameters and multiply-adds of the baseline, worked out by hand."""
    shapes = layer_shapes(network, IMAGE, classes=10)

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
    norm, convolution, dense = layer_shapes(Network(layers=layers), IMAGE, classes=10)

    assert norm.parameters == {"weight": (3,), "bias": (3,)}
    assert norm.multiply_adds == 32 * 32 * 3
    assert convolution.parameters == {"weight": (4, 3, 5, 5), "bias": (4,)}
    assert convolution.after == Shape(32, 32, 4)
    assert dense.parameters == {"weight": (6, 4096), "bias": (6,)}


def test_pooling_leaves_out_what_does_not_fill_a_square():
    """31 pixels hold 10 squares of 3."""
    layers = [Convolution(conv=1, kernel=2), MaxPool(max_pool=3), Dropout(dropout=0.1)]

    assert layer_shapes(Network(layers=layers), IMAGE, classes=10)[-1].after == Shape(10, 10, 1)


def test_sizes_are_computed_even_where_a_layer_does_not_fit():
    """Whoever checks may say by how much."""
    layers = [Convolution(conv=1, kernel=40)]

    assert layer_shapes(Network(layers=layers), IMAGE, classes=10)[0].after == Shape(-7, -7, 1)
