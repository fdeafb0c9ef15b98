"""Results in the formats of experiment trackers, computed from the records afterwards: training needs none of them."""

from ceteris.tracking.mlflow import MLFLOW
from ceteris.tracking.tensorboard import TENSORBOARD
from ceteris.tracking.tracked import Tracker
from ceteris.tracking.wandb import WANDB

TRACKERS: tuple[Tracker, ...] = (TENSORBOARD, MLFLOW, WANDB)
