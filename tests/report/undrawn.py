"""Reports without pictures, for tests of what they say."""

import pytest
from matplotlib.figure import Figure


class NoAxes:
    """Stands for axes, and for whatever their methods give: takes every call, and draws nothing."""

    def __getattr__(self, name):
        """Give what code reads back; the rest it only hands on."""
        return {"get_xlim": lambda: (0.0, 1.0), "get_ylim": lambda: (0.0, 1.0), "get_yticks": tuple}.get(name, self)

    def __call__(self, *_, **__):
        """Give the same again, as axes give their parts."""
        return self

    def __getitem__(self, _):
        return self

    def __iter__(self):
        return iter((self,))


@pytest.fixture
def undrawn(monkeypatch):
    """Save every figure as an empty picture, for tests of sentences and tables: drawing takes half of a report."""

    def save(_figure, content, **_):
        content.write(b'<svg xmlns="http://www.w3.org/2000/svg" width="9pt" height="9pt" viewBox="0 0 9 9"/>')

    nothing = NoAxes()
    for name, instead in (("savefig", save), ("add_axes", nothing), ("legend", nothing)):
        monkeypatch.setattr(Figure, name, instead)
