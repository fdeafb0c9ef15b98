"""The kinds of JSON documents, by name."""

from ceteris.report.documents.check import Check
from ceteris.report.documents.document import Document
from ceteris.report.documents.entries import Verdicts

DOCUMENTS: dict[str, type[Document]] = {"check": Check, "verdicts": Verdicts}
"""What `ceteris schema NAME` describes."""
