"""The kinds of JSON documents, by name."""

from ceteris.report.documents.check import CheckDocument
from ceteris.report.documents.comparison import ComparisonDocument
from ceteris.report.documents.document import Document
from ceteris.report.documents.entries import Verdicts
from ceteris.report.documents.inspection import InspectionDocument
from ceteris.report.documents.plan import PlanDocument
from ceteris.report.documents.predictions import PredictionsDocument
from ceteris.report.documents.status import StatusDocument

DOCUMENTS: dict[str, type[Document]] = {
    "check": CheckDocument,
    "comparison": ComparisonDocument,
    "images": InspectionDocument,
    "plan": PlanDocument,
    "predictions": PredictionsDocument,
    "status": StatusDocument,
    "verdicts": Verdicts,
}
"""What `ceteris schema NAME` describes."""
