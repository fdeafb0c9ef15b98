"""The experiment trackers that results can be written for: each is a file of this room and a line here."""

from ceteris.tracking.mlflow import MLFLOW
from ceteris.tracking.tensorboard import TENSORBOARD
from ceteris.tracking.tracked import Tracker
from ceteris.tracking.wandb import WANDB

TRACKERS: tuple[Tracker, ...] = (TENSORBOARD, MLFLOW, WANDB)
