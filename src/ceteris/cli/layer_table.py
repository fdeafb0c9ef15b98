"""The layers of a network as a table, with the paths by which variations name them."""

import tomllib
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ceteris.datasets.dataset import ImageKind
from ceteris.formatting.console import plain_table
from ceteris.networks.backbone import AnyNetwork
from ceteris.networks.placed import placed_layers


def print_layers_of_preset(file: Path, network: AnyNetwork, images: ImageKind, console: Console) -> None:
    """Print the layers of the baseline of a study file, if the file names a preset in their place."""
    if "preset" in tomllib.loads(file.read_text(encoding="utf-8-sig"))["baseline"].get("network", {}):
        console.print()
        console.print(layer_table(network, images))


def layer_table(network: AnyNetwork, images: ImageKind) -> Table:
    """Draw a row for each layer that a study declares, those in blocks too: its path, what it is, and its size."""
    table = plain_table()
    table.add_column("network.", style="dim", no_wrap=True)
    table.add_column("layer")
    table.add_column("output", no_wrap=True)
    table.add_column("para-\nmeters", justify="right", no_wrap=True)
    for placed in placed_layers(network, images.shape, images.classes):
        for one in placed.tree():
            added = ".shortcut." in one.path  # a layer that no path of a study names
            table.add_row(
                Text(one.path),
                Text(one.layer.title),
                Text(str(one.after)),
                Text("" if one.branches else f"{one.parameter_count:,}" if one.parameter_count else ""),
                style="dim" if added else "",
            )
    return table
