"""Puts the text of the user's own code into a study, wherever the study names it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ceteris.errors import StudyError
from ceteris.study.study import Study
from ceteris.usercode.find import CodeError, read_code
from ceteris.values.mistakes import Place, spelled


def fill_code(table: dict[str, Any], folder: Path) -> list[tuple[Place, str]]:
    """Write into a study, as TOML gives it, the code of every module and training function that it names.

    Args:
        table: Changed in place: each such table gets `code`, and the name of a function becomes a table.
        folder: That of the study, which names are seen from.

    Returns:
        What cannot be found or read: the place, and a sentence that begins with it.
    """
    mistakes: list[tuple[Place, str]] = []
    for place, owner, key in own_code(table):
        if owner.get("code"):
            continue  # read before, as in a study that is run again from Python
        try:
            owner["code"] = dict(read_code(owner[key], folder))
        except CodeError as error:
            where = (*place, key) if key == "module" else place
            mistakes.append((where, f'{spelled(where, table)} = "{owner[key]}": {error}'))
    return mistakes


def with_code(study: Study, folder: Path) -> Study:
    """Give a study that was built in Python with the code that it names; the study itself if it names none.

    Raises:
        StudyError: If code cannot be found or read.
    """
    table = study.model_dump(mode="python", by_alias=True)
    if all(owner.get("code") for _, owner, _ in own_code(table)):
        return study
    if mistakes := fill_code(table, folder):
        raise StudyError(*(sentence for _, sentence in mistakes))
    return Study.model_validate(table)


def own_code(node: object, place: Place = ()) -> Iterator[tuple[Place, dict[str, Any], str]]:
    """Find what names code of the user's own: the place, a table, and its key with the name.

    A training function may be a name alone, and becomes a table; `train` of a pretrained network is no function.
    """
    if isinstance(node, dict):
        train = node.get("train")
        if isinstance(train, str) and ":" in train and place[-1:] != ("network",):
            node["train"] = {"function": train}
        for key, name in (("network", "module"), ("train", "function")):
            if place[-1:] == (key,) and isinstance(node.get(name), str) and ":" in node[name]:
                yield place, node, name
        for key, inner in node.items():
            yield from own_code(inner, (*place, key))
    elif isinstance(node, list | tuple):
        for index, inner in enumerate(node):
            yield from own_code(inner, (*place, index))
