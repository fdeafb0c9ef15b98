"""Puts the text of the user's own code into a study, wherever the study names it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ceteris.errors import StudyError
from ceteris.study.study import Study
from ceteris.usercode.find import CodeError, read_code
from ceteris.values.mistakes import Place, spelled


def fill_code(table: dict[str, Any], folder: Path) -> list[tuple[Place, str]]:
    """Write into a study, as TOML gives it, the code of every network that names a module.

    Args:
        table: Changed in place: each table of a network gets `code`.
        folder: That of the study, which names are seen from.

    Returns:
        What cannot be found or read: the place, and a sentence that begins with it.
    """
    mistakes: list[tuple[Place, str]] = []
    for place, network in own_networks(table):
        if network.get("code"):
            continue  # read before, as in a study that is run again from Python
        try:
            network["code"] = dict(read_code(network["module"], folder))
        except CodeError as error:
            where = (*place, "module")
            mistakes.append((where, f'{spelled(where, table)} = "{network["module"]}": {error}'))
    return mistakes


def with_code(study: Study, folder: Path) -> Study:
    """Give a study that was built in Python with the code that it names; the study itself if it names none.

    Raises:
        StudyError: If code cannot be found or read.
    """
    table = study.model_dump(mode="python", by_alias=True)
    if not any(not network.get("code") for _, network in own_networks(table)):
        return study
    if mistakes := fill_code(table, folder):
        raise StudyError(*(sentence for _, sentence in mistakes))
    return Study.model_validate(table)


def own_networks(node: object, place: Place = ()) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Find the tables of networks that name a module, which nothing but a whole name can follow."""
    if isinstance(node, dict):
        if place[-1:] == ("network",) and isinstance(node.get("module"), str) and ":" in node["module"]:
            yield place, node
        for key, inner in node.items():
            yield from own_networks(inner, (*place, key))
    elif isinstance(node, list | tuple):
        for index, inner in enumerate(node):
            yield from own_networks(inner, (*place, index))
