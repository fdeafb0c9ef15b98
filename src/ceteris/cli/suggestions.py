"""What a person meant by a command or an option that does not exist, by the house's measure instead of Typer's."""

# ruff: noqa: PLC0415 - wording is needed for a mistake alone

from typing import Any

from typer.core import TyperCommand, TyperGroup


class _Improved:
    """What commands and groups have in common: unknown options are answered with close ones, or with all there are."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read arguments and options; see `_improve`."""
        try:
            found: list[str] = super().parse_args(ctx, args)  # type: ignore[misc]
        except Exception as error:
            _improve(error, ctx)
            raise
        return found


class Command(_Improved, TyperCommand):
    """A command with suggestions for its options."""


class Commands(_Improved, TyperGroup):
    """A group with suggestions for its options and its commands."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**{**attributes, "suggest_commands": False})

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find a command, or say which there are."""
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            from ceteris.formatting.wording import listed, nearest

            close = nearest(args[0], known)
            ctx.fail(
                f"No such command '{args[0]}'. {f'Did you mean {close}?' if close else f'There are {listed(known)}.'}"
            )
        return super().resolve_command(ctx, args)


def _improve(error: Exception, ctx: Any) -> None:
    """Take an unknown option's suggestions from those that are close; they are an attribute of Click's exception."""
    if not hasattr(error, "possibilities"):
        return
    from ceteris.formatting.wording import listed, nearest

    known = [name for one in ctx.command.params if not getattr(one, "hidden", False) for name in one.opts]
    known = sorted(name for name in known if name.startswith("--"))
    close = nearest(getattr(error, "option_name", ""), known)
    error.possibilities = ()
    if hasattr(error, "message"):
        end = f"Did you mean {close}?" if close else f"There are {listed([*known, '--help'])}."
        error.message = f"{error.message}. {end}"
