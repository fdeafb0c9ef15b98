"""Everything that stands in a report, in words and tables, before it is set as a page or as text."""

from dataclasses import dataclass

from ceteris.analysis.costs import variation_costs
from ceteris.analysis.efficiency import efficiency_curves
from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.report.sections.answer import answer
from ceteris.report.sections.convergence import convergence_table
from ceteris.report.sections.data_efficiency import efficiency_table
from ceteris.report.sections.discussion import Discussion, discuss
from ceteris.report.sections.environment import circumstance_table
from ceteris.report.sections.factors import Card, cards
from ceteris.report.sections.limitations import caveats
from ceteris.report.sections.methods import methods
from ceteris.report.sections.pretrained import cost_table
from ceteris.report.sections.runs import run_table
from ceteris.report.sections.tests import detail_table
from ceteris.report.sections.verdicts import verdict_table
from ceteris.report.sections.warnings import omissions, reservations
from ceteris.report.table import Table


@dataclass(frozen=True, kw_only=True)
class Content:
    """A report without its pictures.

    Attributes:
        title: Of the study.
        question: Of the study; may be empty.
        reservations: What must be known before any number is believed.
        omissions: What was skipped, and what to do.
        answer: Up to five sentences.
        verdicts: The table of verdicts.
        details: Every test behind it; nothing where there is nothing to compare yet.
        convergence: How soon each variation learns; nothing where that is not known.
        costs: What a prediction takes; nothing where no network of the study is pretrained.
        discussion: What speaks for and against the pretrained networks; nothing likewise.
        efficiency: How far each network gets with how many images; nothing where their number does not vary.
        cards: One per factor.
        runs: What became of the runs.
        methods: How it was done.
        caveats: What to keep in mind.
        circumstances: Images, machines and versions.
    """

    title: str
    question: str
    reservations: tuple[str, ...]
    omissions: tuple[str, ...]
    answer: tuple[str, ...]
    verdicts: Table
    details: Table | None
    convergence: Table | None
    costs: Table | None
    discussion: Discussion | None
    efficiency: Table | None
    cards: tuple[Card, ...]
    runs: Table
    methods: tuple[str, ...]
    caveats: tuple[str, ...]
    circumstances: Table


def compose(analysis: StudyAnalysis) -> Content:
    """Put an analysis into words and tables."""
    study = analysis.results.manifest.study
    costs, curves = variation_costs(analysis), efficiency_curves(analysis)
    has_pairs = any(one.accuracy is not None for one in analysis.comparisons)
    return Content(
        title=study.title,
        question=study.question,
        reservations=reservations(analysis),
        omissions=omissions(analysis),
        answer=answer(analysis),
        verdicts=verdict_table(analysis),
        details=detail_table(analysis) if has_pairs else None,
        convergence=convergence_table(analysis),
        costs=cost_table(costs),
        discussion=discuss(analysis, costs, curves),
        efficiency=efficiency_table(analysis, curves),
        cards=cards(analysis),
        runs=run_table(analysis),
        methods=methods(analysis),
        caveats=caveats(analysis),
        circumstances=circumstance_table(analysis),
    )
