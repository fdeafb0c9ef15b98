import io
import sys

import pytest

from ceteris.execution.events import Note
from ceteris.progress import follow as module
from ceteris.progress.follow import follow


class Terminal(io.StringIO):
    """Standard output that somebody looks at."""

    def isatty(self):
        """Say so."""
        return True


@pytest.fixture
def events():
    """Two events, and what was taken of them."""
    taken = []

    def happen():
        for text in ("first", "second"):
            taken.append(text)
            yield Note(text=text)

    return happen(), taken


def test_a_file_or_pipe_gets_not_a_word(events, capsys):
    """All events are taken all the same."""
    happening, taken = events
    follow(happening, title="A study")

    assert taken == ["first", "second"]
    assert capsys.readouterr() == ("", "")


def test_a_terminal_shows_the_board(events, monkeypatch):
    """What must not scroll by stays there."""
    happening, taken = events
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    follow(happening, title="A study")

    assert taken == ["first", "second"]
    assert "note: first" in sys.stdout.getvalue()
    assert "looking for what is left to train ..." in sys.stdout.getvalue()


def test_a_notebook_comes_before_a_terminal(events, monkeypatch):
    """Its output is renewed."""
    happening, _ = events
    shown = []
    monkeypatch.setattr(module, "notebook_display", lambda: "display")
    monkeypatch.setattr(module, "show_in_notebook", lambda *given, **named: shown.append((*given[:2], named["title"])))
    follow(happening, title="A study")

    assert shown == [(happening, "display", "A study")]
