import re
import sys
from types import SimpleNamespace

import pytest

from ceteris.execution.local import LocalExecutor
from ceteris.execution.study import run_study
from ceteris.progress.board import Board
from ceteris.progress.notebook import board_view, notebook_display, show_in_notebook
from ceteris.testing.miniature import FakeEngine, miniature_dataset
from tests.progress.test_live import clock


class Notebook:
    """Keeps what is shown, as IPython would."""

    def __init__(self):
        self.shown = []

    def display(self, view, *, display_id):
        """Show an output that can be renewed."""
        assert display_id is True
        self.update(view)
        return self

    def update(self, view):
        """Show another value in its place."""
        self.shown.append(view)


@pytest.fixture
def start(tmp_path, study):
    """Start a study whose engine has some trouble."""

    def begin(**trouble):
        engine, folder = FakeEngine(packed_runs=1, **trouble), tmp_path / "results"
        one = LocalExecutor(threads=1)
        return run_study(study, miniature_dataset(), folder=folder, engines=(engine,), executor=one)

    return begin


def words(html):
    """Give the text of some HTML."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html)).strip()


def test_one_output_is_renewed_to_the_end(start):
    """From the first look to what was trained, with a row for each variation and what must not be missed."""
    notebook = Notebook()
    show_in_notebook(start(failing=frozenset({1})), notebook.display, clock(1), title="A & B")

    assert repr(notebook.shown[0]) == "A & B: looking for what is left to train ..."
    assert len(notebook.shown) > 5
    last = notebook.shown[-1]
    assert repr(last).startswith("A & B: 6 of 9 runs done, 3 failed")
    text = words(last._repr_html_())
    assert text.startswith("A &amp; B 6 of 9 runs done, 3 failed")
    assert "factor variation seeds done epoch validation accuracy baseline 2 of 3, 1 failed" in text
    assert "failed: &#39;baseline&#39;, seed 1: RuntimeError: seed 1 cannot be trained; the other runs go on." in text
    assert re.search(r"9 runs in \d+ (s|min), [\d,]+ images x models per second\.$", text)


def test_it_is_not_renewed_at_every_event(start):
    """A notebook keeps every message until it has drawn it: within half a second there is one."""
    notebook = Notebook()
    show_in_notebook(start(), notebook.display, lambda: 1.0, title="A")

    assert len(notebook.shown) == 2


def test_nothing_left_to_train_is_said(start):
    """A second call of a study that is at its end."""
    for _ in start():
        pass
    notebook = Notebook()
    show_in_notebook(start(), notebook.display, clock(1), title="A")

    assert words(notebook.shown[-1]._repr_html_()).endswith("Everything was there already: nothing was left to train.")


def test_an_interrupt_is_said_and_goes_on(start):
    """Whoever stops the kernel sees that nothing is lost."""
    notebook, events = Notebook(), start()

    def interrupted():
        yield next(events)
        yield next(events)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        show_in_notebook(interrupted(), notebook.display, clock(1), title="A")
    events.close()

    assert words(notebook.shown[-1]._repr_html_()).endswith(
        "Stopped. Every run is saved, and the same call goes on from here."
    )


def test_an_output_asks_for_nothing_and_takes_the_colours_around_it(start):
    """No script, no address, no colour of letters or ground that a dark notebook would make unreadable."""
    notebook = Notebook()
    show_in_notebook(start(), notebook.display, clock(1), title="<script>alert(1)</script>")
    html = notebook.shown[-1]._repr_html_()

    assert not re.search(r"<(script|img|link|iframe|style)|https?:|(?<![-\w])color:(?!inherit)|url\(", html)
    assert "&lt;script&gt;" in html


def test_a_board_of_very_many_variations_is_cut(start):
    """Forty rows are seen, the others are counted."""
    board = Board()
    for event in start():
        board.take(event, 0.0)
    board.rows = {str(number): board.rows["baseline"] for number in range(42)}

    view = board_view(board, 1.0, title="A")
    assert view.html.count("<tr>") == 41
    assert "and 2 more variations" in words(view.html)


def test_only_a_notebook_gets_an_output(monkeypatch):
    """Without IPython, and in IPython on a terminal, there is none."""
    monkeypatch.setitem(sys.modules, "IPython", None)
    assert notebook_display() is None
    shell = SimpleNamespace()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert notebook_display() is None
    shell.kernel = object()
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=print))
    assert notebook_display() is print
