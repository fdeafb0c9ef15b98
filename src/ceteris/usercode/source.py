"""From a class or a function that Python holds to the text of its code: of its file, or of a notebook's cells."""

import ast
import dis
import linecache
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from ceteris.usercode.find import CodeError, read_code, read_module

_CONSTANT = (bool, int, float, str, bytes, type(None))


def code_of(value: Callable[..., Any]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Find the text of a class or a function, and of all that it needs besides installed packages.

    What is defined in a file is read from there, with what that imports. What is defined in a notebook, or in the
    script that runs, is taken out with the functions, classes and constants of the same notebook that it uses.

    Returns:
        Its name as a study gives it, for example `nets.py:Net`, and text by path.

    Raises:
        CodeError: If there is no text, or it uses what no text can say.
    """
    name = getattr(value, "__qualname__", type(value).__name__)
    if not isinstance(value, type | FunctionType):
        raise CodeError(f"{value!r} is no class and no function; give one that is defined with class or def.")
    if "<" in name or "." in name:
        raise CodeError(
            f"{name} is a lambda, or is defined inside a function or a class; define it with class or def at the top "
            "of a file or a notebook cell, so that its text can be kept."
        )
    module = sys.modules.get(value.__module__)
    if module is None or module.__name__ == "__main__":
        taken = _Taken(_method(value).__globals__)
        taken.take(name, value)
        main = Path(str(getattr(module, "__file__", None) or "notebook.py")).name
        return f"{main}:{name}", tuple(sorted({**taken.files, main: taken.text()}.items()))
    path, folder = _place(module, name)
    return f"{path}:{name}", read_code(f"{path}:{name}", folder)


def _place(module: ModuleType, name: str) -> tuple[str, Path]:
    """Give the path of a module's file as its imports see it, and the folder that they start from."""
    file = Path(str(getattr(module, "__file__", None) or ""))
    if file.suffix != ".py" or _is_installed(module):
        raise CodeError(
            f"{name} is a part of {module.__name__.partition('.')[0]}, which is installed, and only your own code is "
            f"kept; "
            "give a class or a function of yours that uses it."
        )
    parts = module.__name__.split(".")
    depth = len(parts) + (file.name == "__init__.py")
    folder = file.resolve().parents[depth - 1]
    return file.resolve().relative_to(folder).as_posix(), folder


def _is_installed(module: ModuleType) -> bool:
    top = module.__name__.partition(".")[0]
    file = Path(str(getattr(module, "__file__", None) or ""))
    is_known = top == "ceteris" or top in sys.stdlib_module_names
    return is_known or not file.name or bool({"site-packages", "dist-packages"} & {*file.parts})


def _method(value: type | FunctionType) -> FunctionType:
    """Give a function of which Python knows the place: itself, or a method of a class."""
    if isinstance(value, FunctionType):
        return value
    methods = (one for one in vars(value).values() if isinstance(one, FunctionType))
    found = next((one for one in methods if one.__module__ == value.__module__), None)
    if found is None:
        raise CodeError(f"the text of {value.__name__} cannot be found, as it has no method; give it an __init__.")
    return found


class _Taken:
    """What is taken out of a notebook: imports, constants and definitions, each before those that use it."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self.names = names
        self.files: dict[str, str] = {}
        self.imports: dict[str, None] = {}
        self.constants: dict[str, None] = {}
        self.definitions: dict[str, str] = {}

    def text(self) -> str:
        parts = ["\n".join(sorted(self.imports)), "\n".join(self.constants), *self.definitions.values()]
        return "\n\n\n".join(filter(None, parts)) + "\n"

    def take(self, name: str, value: type | FunctionType) -> None:
        """Take a definition, and first what it uses."""
        if name in self.definitions:
            return
        self.definitions[name] = ""
        node, text = _definition(value)
        for used in sorted(_used(node) - {name}):
            if used in self.names and not used.startswith("__"):
                self.use(name, used, self.names[used])
        del self.definitions[name]  # after what it uses
        self.definitions[name] = text

    def use(self, user: str, name: str, value: Any) -> None:
        """Take what a definition uses, by the name that it has there."""
        if isinstance(value, ModuleType):
            self.imports[f"import {value.__name__} as {name}" if value.__name__ != name else f"import {name}"] = None
            self.read(value, name)
        elif isinstance(value, type | FunctionType) and value.__module__ == self.names.get("__name__"):
            self.take(value.__name__, value)
            if value.__name__ != name:
                self.definitions[f"{name} ="] = f"{name} = {value.__name__}"
        elif isinstance(value, type | FunctionType) or hasattr(value, "__qualname__"):
            alias = "" if value.__qualname__ == name else f" as {name}"
            self.imports[f"from {value.__module__} import {value.__qualname__}{alias}"] = None
            self.read(sys.modules[value.__module__], name)
        elif _is_constant(value):
            self.constants[f"{name} = {value!r}"] = None
        else:
            kind = f"{type(value).__module__}.{type(value).__qualname__}"
            raise CodeError(
                f"{user} uses '{name}', a {kind} that is made elsewhere, whose text is not known; make it inside "
                f"{user}, or give it as an argument."
            )

    def read(self, module: ModuleType, name: str) -> None:
        """Read the user's own files that a notebook imports."""
        if not _is_installed(module):
            self.files |= dict(read_module(*_place(module, name)))


def _is_constant(value: Any) -> bool:
    if isinstance(value, list | tuple | set | frozenset):
        return all(map(_is_constant, value))
    if isinstance(value, dict):
        return all(_is_constant(one) for pair in value.items() for one in pair)
    return isinstance(value, _CONSTANT)


def _definition(value: type | FunctionType) -> tuple[ast.stmt, str]:
    """Find the statement that defines a class or a function, and its text."""
    code = _method(value).__code__
    lines = linecache.getlines(code.co_filename)
    tree = ast.parse("".join(lines)) if lines else ast.Module([], [])
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == value.__name__:
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            if first <= code.co_firstlineno <= (node.end_lineno or 0) and node.col_offset == 0:
                return node, "".join(lines[first - 1 : node.end_lineno]).rstrip()
    raise CodeError(f"the text of {value.__name__} is not known here; write it into a file beside the study.")


def _used(node: ast.stmt) -> set[str]:
    """Name what a definition takes from around it."""
    return set(_loaded(compile(ast.Module([node], []), "<definition>", "exec")))


def _loaded(code: CodeType) -> Iterator[str]:
    for instruction in dis.get_instructions(code):
        if instruction.opname in {"LOAD_GLOBAL", "LOAD_NAME"}:
            yield str(instruction.argval)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _loaded(inner)
