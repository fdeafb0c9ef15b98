from io import StringIO

from rich.console import Console

from ceteris.cli.layer_table import print_layers_of_preset
from ceteris.datasets.choice import DataChoice, images_ahead
from ceteris.networks.network import Network

LAYERS = [
    {"residual": [{"conv": 4, "padding": "same", "stride": 2, "bias": False}], "shortcut": "projection"},
    {"global_average_pool": True},
    {"dense": "classes"},
]
TABLE = """
                                                                                      para-
network.             layer                                              output       meters
layers.0             residual, projection shortcut                      16 x 16 x 4
layers.0.residual.0  conv 4, kernel 3, padding same, stride 2, no bias  16 x 16 x 4     108
layers.0.shortcut.0  conv 4, kernel 1, stride 2, no bias                16 x 16 x 4      12
layers.0.shortcut.1  batch norm                                         16 x 16 x 4       8
layers.1             global average pool                                1 x 1 x 4
layers.2             dense 10                                           1 x 1 x 10       50
"""


def printed(tmp_path, network):
    """Print what a plan says of the layers of a study file with a network."""
    file = tmp_path / "study.toml"
    file.write_text(f"[baseline]\n{network}\n")
    console = Console(file=StringIO(), width=100)
    images = images_ahead(DataChoice(name="shapes")).images
    print_layers_of_preset(file, Network(layers=LAYERS), images, console)
    return "".join(f"{line.rstrip()}\n" for line in console.file.getvalue().splitlines())


def test_the_layers_of_a_preset_are_listed_with_their_paths(tmp_path):
    """Those in blocks too, with sizes and parameters; what a study declares itself is not repeated."""
    assert printed(tmp_path, 'network = { preset = "resnet20" }') == TABLE
    assert printed(tmp_path, 'network = { layers = [{ dense = "classes" }] }') == ""


def test_a_training_function_may_stand_without_a_network(tmp_path):
    """Then there is nothing to list."""
    assert printed(tmp_path, 'train = "train.py:train"') == ""
