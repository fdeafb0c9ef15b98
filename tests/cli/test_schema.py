import json
from pathlib import Path

import pytest

from ceteris.report.documents.kinds import DOCUMENTS

ROOT = Path(__file__).parents[2]


def test_the_schema_of_study_files_is_printed(ceteris):
    """`ceteris schema > study.schema.json` gives what the project ships."""
    code, out, _ = ceteris("schema")

    assert (code, out) == (0, (ROOT / "studies/study.schema.json").read_text())


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_schemas_of_documents_are_published(ceteris, name):
    """`ceteris schema NAME > docs/schemas/NAME.schema.json` gives what programs were promised."""
    code, out, _ = ceteris("schema", name)

    assert (code, out) == (0, (ROOT / "docs/schemas" / f"{name}.schema.json").read_text())


def test_no_schema_is_published_that_nothing_follows():
    """Every file has a kind of documents, and says its name and version."""
    files = sorted((ROOT / "docs/schemas").iterdir())

    assert [path.name for path in files] == sorted(f"{name}.schema.json" for name in DOCUMENTS)
    for path in files:
        described = json.loads(path.read_text())
        kind, version = (described["properties"][key]["const"] for key in ("document", "schema_version"))
        assert described["title"] == f"ceteris {kind}, version {version}"


def test_a_schema_that_is_unknown_is_answered_with_those_there_are(ceteris):
    """One line, and 2 for the shell."""
    code, out, err = ceteris("schema", "nothing")

    assert (code, out) == (2, "")
    assert err.startswith("error: NAME is 'nothing', expected study")
