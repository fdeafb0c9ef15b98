"""How a command is made of the signature of a function: the module that does its work is imported when it is called."""

import functools
import importlib
from collections.abc import Callable
from typing import Any

import typer

from ceteris.cli.options import Command


def command(
    group: typer.Typer, module: str = "", name: str = ""
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a command of the signature of a function; the work is that of its namesake in a module, which prints."""

    def add(described: Callable[..., None]) -> Callable[..., None]:
        called = name or described.__name__

        @functools.wraps(described)
        def call(**options: Any) -> None:
            call_command(module or called, called, **options)

        group.command(called, cls=Command)(call)
        return call

    return add


def call_command(module: str, name: str, *, as_json: bool = False, **options: Any) -> None:
    """Let a command do its work; its module may also say what that is as JSON, and which exit code it has."""
    from rich.console import Console  # noqa: PLC0415 - help pages do without it

    if as_json and options.get("file_format", "table") != "table":
        from ceteris.errors import CeterisError  # noqa: PLC0415 - likewise

        raise CeterisError("--json and --format ask for two formats of the same output. Leave out one.")
    home = importlib.import_module(f"ceteris.cli.{module}")
    found = getattr(home, name)(**options, console=Console(highlight=False, stderr=as_json))
    if as_json:
        typer.echo(home.document(found).encode().decode(), nl=False)
    if code := getattr(home, "exit_code", lambda _: 0)(found):
        raise typer.Exit(code)
