"""Paths as people write them: text or a path, with `~` for a home directory."""

import os
import shlex
import subprocess
from pathlib import Path

from ceteris.errors import CeterisError

AnyPath = str | os.PathLike[str]
"""A path as the public functions take it."""


def expanded(path: AnyPath, *, error: type[CeterisError], where: str = "") -> Path:
    """Give a path with `~` and `~name` replaced by that home directory, as a shell does.

    Args:
        path: Text or a path; also one that does not exist.
        error: Raised if it cannot be.
        where: What named the path, for the message: an option, a variable, or a line of a file.

    Raises:
        CeterisError: Of the kind `error`, if there is no such user, or no home directory is known.

    Example:
        >>> from ceteris.errors import ResultsError
        >>> expanded("results/mine", error=ResultsError).as_posix()
        'results/mine'
    """
    if os.path.lexists(path):  # a file or folder of this very name comes first
        return Path(path)
    try:
        return Path(path).expanduser()
    except RuntimeError:
        home = Path(path).parts[0]
        raise error(
            f"{f'{where}: ' if where else ''}{os.fspath(path)}: no home directory is known for '{home}'. "
            "Write the path in full."
        ) from None


def quoted(path: AnyPath) -> str:
    """Write a path so that a shell takes it for one word, and no command takes it for an option.

    Example:
        >>> quoted("photos.toml"), quoted("-x.toml")
        ('photos.toml', './-x.toml')
    """
    text = os.fspath(path)
    text = f".{os.sep}{text}" if text.startswith("-") else text
    return subprocess.list2cmdline([text]) if os.name == "nt" else shlex.quote(text)


def shown(path: Path | str) -> str:
    r"""Write a path so that no terminal and no page is misled by what is in it.

    Example:
        >>> shown("cat\x1b[2J.jpg")
        'cat\\x1b[2J.jpg'
    """
    text = os.fspath(path)
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
