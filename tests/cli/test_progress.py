import io

import pytest
from rich.console import Console

from ceteris.cli.progress import show_progress
from ceteris.datasets.source import Received, Setback, Waiting
from ceteris.errors import DataError

EVENTS = (
    Setback(url="https://one.example/cifar.tgz", reason="answered 404 Not Found"),
    *(
        Received(url="https://two.example/c", received=received, total=200_000_000)
        for received in range(0, 200_000_001, 5_000_000)
    ),
)


def test_a_log_has_a_line_for_every_tenth(console, tmp_path):
    """Without a terminal, eleven lines tell of the whole download, and one of each thing that went wrong."""
    show_progress(iter((Waiting(doing="downloading", folder=tmp_path), *EVENTS)), console)

    lines = console.file.getvalue().splitlines()
    assert lines[:2] == [
        f"note: another process is downloading into {tmp_path}; waiting for it.",
        "note: one.example answered 404 Not Found; asking the next server.",
    ]
    assert lines[2:] == [f"CIFAR-10: {20 * tenth} of 200 MB" for tenth in range(11)]


def test_a_terminal_has_a_bar():
    """On a terminal the line is redrawn in place."""
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system=None)
    show_progress(iter(EVENTS), console)

    shown = console.file.getvalue()
    assert "one.example answered 404 Not Found" in shown
    assert "CIFAR-10: " not in shown
    assert "\x1b[" in shown


def test_what_ends_the_download_goes_through(console):
    """The error is for the caller."""

    def events():
        yield EVENTS[0]
        raise DataError("no.")

    with pytest.raises(DataError, match=r"^no\.$"):
        show_progress(events(), console)
