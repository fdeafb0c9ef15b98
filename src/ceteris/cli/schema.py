"""`ceteris schema`: the JSON schemas of study files and of what commands print for programs."""

import json

from rich.console import Console

from ceteris.cli.console import chosen
from ceteris.study.schema import study_schema


def schema(what: str, console: Console) -> None:
    """Print a schema."""
    makers = {"study": study_schema}
    if what not in makers:
        from ceteris.report.documents.kinds import DOCUMENTS  # noqa: PLC0415 - takes a second to load

        makers |= {name: kind.schema_document for name, kind in DOCUMENTS.items()}
    console.out(json.dumps(chosen("NAME", what, makers)(), indent=2))
