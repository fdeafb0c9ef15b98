"""How the command line begins and ends: streams, signals, and errors as one line each."""

# ruff: noqa: PLC0415 - what an error needs is imported when there is one

from collections.abc import Callable

from ceteris.cli.signals import ended_by_signals
from ceteris.cli.streams import LostOutputError, guarded_streams
from ceteris.errors import CeterisError, StudyError

_NO_READER = 128 + 13
"""As shells report a program that SIGPIPE ended."""


def run_program(commands: Callable[[], None]) -> None:
    """Run the command line.

    Exit codes: 2 for a mistake that can be fixed, 1 if a part of the work failed, 128 plus the number of the signal
    that ended it: 130 after Ctrl-C, 143 after SIGTERM, 141 when standard output lost its reader.

    Args:
        commands: Reads the command line and calls what does the work.
    """
    try:
        with guarded_streams(), ended_by_signals():
            _call(commands)
    except LostOutputError as lost:
        if not lost.reason:
            raise SystemExit(_NO_READER) from None
        _print_errors(f"standard output cannot be written: {lost.reason}. Run the same command again with room there.")
        raise SystemExit(2) from None


def _call(commands: Callable[[], None]) -> None:
    try:
        commands()
    except StudyError as error:
        _print_errors(*error.mistakes)
        raise SystemExit(2) from None
    except MemoryError as error:
        from ceteris.formatting.wording import byte_count
        from ceteris.resources import free_memory

        free = free_memory()
        there = "" if free is None else f" ({byte_count(free.free)} are free {free.limit})"
        _print_errors(
            f"there is not enough memory{there}: {str(error) or 'the system gave none'}. End other programs, or make "
            "networks or images smaller; `ceteris plan` says what a study needs."
        )
        raise SystemExit(1) from None
    except CeterisError as error:
        _print_errors(str(error))
        raise SystemExit(2) from None
    except OSError as error:
        if error.filename is None:
            raise
        reason = (error.strerror or type(error).__name__).lower()
        _print_errors(f"{error.filename}: {reason}. Check the path, then run the same command again.")
        raise SystemExit(2) from None


def _print_errors(*sentences: str) -> None:
    from rich.console import Console
    from rich.text import Text

    from ceteris.cli.notes import print_sentence

    console = Console(highlight=False, stderr=True)
    for sentence in sentences:
        print_sentence(Text(f"error: {sentence}"), console)
