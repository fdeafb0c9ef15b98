"""Controlled experiments on image classifiers: declare a baseline and what you change, learn what each change did.

>>> from ceteris import Baseline, Convolution, DataChoice, Dense, MaxPool, Network, Study, Training, Variation, changes
>>> study = Study(
...     title="Kernel size on drawn shapes",
...     seeds=4,
...     data=DataChoice(name="shapes", batches=1),
...     baseline=Baseline(
...         network=Network(
...             layers=[Convolution(conv=4, activation="relu"), MaxPool(max_pool=4), Dense(dense="classes")]
...         ),
...         training=Training(learning_rate=0.003, epochs=2),
...     ),
...     variations=[Variation(factor="kernel", name="5x5", set={"network.layers.0.kernel": 5})],
... )
>>> baseline, variation = study.arms()
>>> [str(change) for change in changes(baseline.specification, variation.specification)]
['layer 1 (conv 4): kernel 3 -> 5']

`run(study, folder="results/kernel")` trains it, and `write_report("results/kernel")` says what came of it; `read_study`
reads a study from a file, `compare_results` sets two results folders side by side, and `merge_results` puts folders of
one study together. `judge` judges a table of
results that other software wrote. `ceteris.layers` has every layer kind.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ceteris.analysis.analysis import Analysis
    from ceteris.analysis.comparison import FolderComparison, compare_results
    from ceteris.analysis.judge import judge
    from ceteris.datasets.choice import DataChoice
    from ceteris.engines.function import TrainingRequest
    from ceteris.errors import CeterisError, DataError, EngineError, ResultsError, StatisticsError, StudyError
    from ceteris.networks import kinds as layers
    from ceteris.networks.batch_norm import BatchNorm
    from ceteris.networks.convolution import Convolution
    from ceteris.networks.dense import Dense
    from ceteris.networks.dropout import Dropout
    from ceteris.networks.network import Network
    from ceteris.networks.own_module import ModuleNetwork
    from ceteris.networks.pooling import MaxPool
    from ceteris.report.latex import LatexReport, write_latex
    from ceteris.report.report import Report, write_report
    from ceteris.results.merging import merge_results
    from ceteris.results.results import Results, read_results
    from ceteris.running import run
    from ceteris.study.analysis import AnalysisSettings
    from ceteris.study.changes import changes
    from ceteris.study.cross import Cross, CrossedFactor
    from ceteris.study.reader import read_study
    from ceteris.study.run import Arm, Run
    from ceteris.study.specification import Baseline, Specification
    from ceteris.study.study import Study
    from ceteris.study.variation import Insertion, Level, Replacement, Variation
    from ceteris.training.own_function import TrainFunction
    from ceteris.training.training import Training

__all__ = [
    "Analysis",
    "AnalysisSettings",
    "Arm",
    "Baseline",
    "BatchNorm",
    "CeterisError",
    "Convolution",
    "Cross",
    "CrossedFactor",
    "DataChoice",
    "DataError",
    "Dense",
    "Dropout",
    "EngineError",
    "FolderComparison",
    "Insertion",
    "LatexReport",
    "Level",
    "MaxPool",
    "ModuleNetwork",
    "Network",
    "Replacement",
    "Report",
    "Results",
    "ResultsError",
    "Run",
    "Specification",
    "StatisticsError",
    "Study",
    "StudyError",
    "TrainFunction",
    "Training",
    "TrainingRequest",
    "Variation",
    "changes",
    "compare_results",
    "judge",
    "layers",
    "merge_results",
    "read_results",
    "read_study",
    "run",
    "write_latex",
    "write_report",
]

# Loaded when first asked for, so that `ceteris --help` does not wait for what it does not need.
_MODULES = {
    "ceteris.errors": ("CeterisError", "DataError", "EngineError", "ResultsError", "StatisticsError", "StudyError"),
    "ceteris.analysis.analysis": ("Analysis",),
    "ceteris.analysis.judge": ("judge",),
    "ceteris.analysis.comparison": ("FolderComparison", "compare_results"),
    "ceteris.report.latex": ("LatexReport", "write_latex"),
    "ceteris.report.report": ("Report", "write_report"),
    "ceteris.running": ("run",),
    "ceteris.results.merging": ("merge_results",),
    "ceteris.results.results": ("Results", "read_results"),
    "ceteris.study.analysis": ("AnalysisSettings",),
    "ceteris.study.changes": ("changes",),
    "ceteris.study.cross": ("Cross", "CrossedFactor"),
    "ceteris.networks.batch_norm": ("BatchNorm",),
    "ceteris.networks.convolution": ("Convolution",),
    "ceteris.networks.dense": ("Dense",),
    "ceteris.networks.dropout": ("Dropout",),
    "ceteris.networks.pooling": ("MaxPool",),
    "ceteris.networks.network": ("Network",),
    "ceteris.networks.own_module": ("ModuleNetwork",),
    "ceteris.engines.function": ("TrainingRequest",),
    "ceteris.training.own_function": ("TrainFunction",),
    "ceteris.study.reader": ("read_study",),
    "ceteris.study.run": ("Arm", "Run"),
    "ceteris.study.specification": ("Baseline", "Specification"),
    "ceteris.datasets.choice": ("DataChoice",),
    "ceteris.study.study": ("Study",),
    "ceteris.training.training": ("Training",),
    "ceteris.study.variation": ("Insertion", "Level", "Replacement", "Variation"),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "layers":
        return import_module("ceteris.networks.kinds")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    end = ""
    if name[:1].isupper() and name in import_module("ceteris.networks.kinds").__all__:
        end = f"; there is ceteris.layers.{name}"
    raise AttributeError(f"module 'ceteris' has no attribute '{name}'{end}")


def __dir__() -> list[str]:
    return sorted(__all__)
