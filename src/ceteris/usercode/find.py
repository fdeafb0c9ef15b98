"""Finds the code that a study names, and what it imports from the same folder, without running a line of it."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ceteris.errors import reason
from ceteris.formatting.wording import nearest

_MOST_BYTES = 1_000_000


class CodeError(ValueError):
    """Code that cannot be found or read; the text says where, what and what to do, without the place in a study."""


def read_code(name: str, folder: Path) -> tuple[tuple[str, str], ...]:
    """Read the file of a name, and every file inside the folder that it imports, directly or through others.

    Imports are found in the text, also inside functions; files elsewhere, such as installed packages, are not followed.

    Args:
        name: `nets.py:Net`, whose path is seen from the folder, or `models.small:Net`.
        folder: That of the study; imports of its files start there.

    Returns:
        Text by path, in the order of the paths.

    Raises:
        CodeError: If a file is missing, is not inside the folder, or is not Python.
    """
    module, _, wanted = name.rpartition(":")
    entry = _entry(module, folder)
    files = read_module(entry, folder)
    _check_name(wanted, dict(files)[entry], entry)
    return files


def read_module(entry: str, folder: Path) -> tuple[tuple[str, str], ...]:
    """Read a file by its path inside a folder, and what it imports there; as `read_code`."""
    found: dict[str, str] = {}
    waiting = [entry]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found[path] = _text(folder / path, path)
        waiting += _imported(_tree(found[path], path), path, folder)
    if (size := sum(map(len, found.values()))) > _MOST_BYTES:
        raise CodeError(
            f"{entry} and the {len(found) - 1} files that it imports are {size:,} characters long, and at most "
            f"{_MOST_BYTES:,} are kept with a study; put the study into a folder with its own code alone."
        )
    return tuple(sorted(found.items()))


def _entry(module: str, folder: Path) -> str:
    if module.endswith(".py"):
        path = PurePosixPath(module)
        if path.is_absolute() or ".." in path.parts or not _is_inside(folder / path, folder):
            raise CodeError(f"{module} is not inside the folder of the study; copy it there, and name it from there.")
        if not (folder / path).is_file():
            names = [one.relative_to(folder).as_posix() for one in sorted((folder / path).parent.glob("*.py"))]
            close = nearest(path.as_posix(), names)
            end = f"did you mean '{close}'?" if close else "a path is seen from the folder of the study."
            raise CodeError(f"there is no file {module} beside the study; {end}")
        return path.as_posix()
    candidates = _candidates(module, folder)
    stem = module.replace(".", "/")
    own = [one for one in candidates if one in {f"{stem}.py", f"{stem}/__init__.py"}]
    if not own:
        raise CodeError(
            f"there is no {stem}.py in the folder of the study; own code lies there, and may import what is installed."
        )
    return own[-1]


def _candidates(module: str, folder: Path) -> list[str]:
    """Give the files of a dotted name that exist inside the folder: those of its packages, and its own."""
    found = []
    parts = module.split(".")
    if parts[0] in sys.stdlib_module_names:
        return []
    for count in range(1, len(parts) + 1):
        stem = "/".join(parts[:count])
        for path in (f"{stem}/__init__.py", f"{stem}.py"):
            if (folder / path).is_file() and _is_inside(folder / path, folder):
                found.append(path)
                break
    return found


def _is_inside(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


def _text(path: Path, shown: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise CodeError(f"{shown} is not UTF-8 text; save the file as UTF-8.") from None
    except OSError as error:
        raise CodeError(f"{shown} cannot be read: {reason(error)}.") from None


def _tree(text: str, path: str) -> ast.Module:
    try:
        return ast.parse(text, filename=path)
    except SyntaxError as error:
        raise CodeError(f"{path}, line {error.lineno}: this is not Python: {error.msg}.") from None
    except (ValueError, RecursionError) as error:
        raise CodeError(f"{path} is not Python: {error}.") from None


def _imported(tree: ast.Module, path: str, folder: Path) -> Iterator[str]:
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = PurePosixPath(path).parts[: -node.level]
                base = ".".join((*package, *([node.module] if node.module else [])))
            names = [".".join(filter(None, (base, alias.name))) for alias in node.names]
        for name in names:
            yield from _candidates(name, folder)


def _check_name(wanted: str, text: str, path: str) -> None:
    """Refuse a name that the file cannot have; one that comes by `import *` or from a condition is seen only later."""
    known: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            known.append(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            known.append(node.id)
        elif isinstance(node, ast.alias):
            known.append((node.asname or node.name).split(".")[0])
    if wanted not in known and "*" not in known:
        close = nearest(wanted, known)
        end = f"did you mean '{close}'?" if close else "name a class or a function of it."
        raise CodeError(f"{path} has no '{wanted}'; {end}")
