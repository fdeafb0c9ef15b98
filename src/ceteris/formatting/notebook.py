"""How a value of any room shows itself in a notebook."""

from importlib import import_module


def in_notebook(value: object) -> str:
    """Write a value as HTML, for its `_repr_html_`.

    A value knows nothing of how it is shown: the room that draws it is below its own, and is loaded only here, when a
    notebook asks for it.
    """
    html: str = import_module("ceteris.report.notebook").notebook_html(value)
    return html
