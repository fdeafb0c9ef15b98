"""How a network learns, as a study declares it: which kinds there are, and one flat table of all their settings."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, create_model, model_validator

from ceteris.training.adagrad import Adagrad
from ceteris.training.adam import Adam
from ceteris.training.adamw import AdamW
from ceteris.training.augmentation import Augmentation, Brightness, Contrast, Crop, Cutout, Flip, Rotation
from ceteris.training.kind import Kind, Optimizer
from ceteris.training.loss import CrossEntropy, Loss
from ceteris.training.mixing import Cutmix, Mixup
from ceteris.training.rmsprop import RMSprop
from ceteris.training.schedule import Constant, Cosine, Exponential, Length, OneCycle, Schedule, Step
from ceteris.training.scoring import Scoring
from ceteris.training.sgd import SGD
from ceteris.training.steadying import Averaging, Clipping
from ceteris.training.stopping import Stopping
from ceteris.values.frozen import Frozen

OPTIMIZERS: tuple[type[Optimizer], ...] = (Adam, SGD, AdamW, RMSprop, Adagrad)
LOSSES: tuple[type[Loss], ...] = (CrossEntropy,)
SCHEDULES: tuple[type[Schedule], ...] = (Constant, Step, Exponential, Cosine, OneCycle)
AUGMENTATIONS: tuple[type[Augmentation], ...] = (Flip, Crop, Rotation, Cutout, Brightness, Contrast)
MIXTURES: tuple[type[Augmentation], ...] = (Mixup, Cutmix)

CHOICES: Mapping[str, Sequence[type[Kind]]] = {"optimizer": OPTIMIZERS, "loss": LOSSES, "schedule": SCHEDULES}
"""Keys of `[baseline.training]` that choose a kind, the first one if they are not given; a choice of one has no key."""


class Minibatches(Frozen):
    """In which portions, and how often, the training images are learned from.

    Attributes:
        batch_size: Images per minibatch; the last one of an epoch may be smaller, and counts too.
        epochs: Passes over the training images.
    """

    batch_size: Annotated[int, Field(ge=1, le=65536)] = 32
    epochs: Annotated[int, Field(ge=1, le=100_000)] = 20


STEADYING: tuple[type[Clipping] | type[Averaging], ...] = (Clipping, Averaging)

SECTIONS: tuple[type[Frozen], ...] = (
    *(kind for kinds in CHOICES.values() for kind in kinds),
    Minibatches,
    *STEADYING,
    *AUGMENTATIONS,
    *MIXTURES,
    Stopping,
    Scoring,
)
"""Everything whose fields are keys of `[baseline.training]`; fields of one name are one setting."""


class _Training(Frozen):
    """Minibatch training: the settings of all kinds in one table.

    Settings of kinds that are not chosen stay as they are, so that a variation changes what it declares and nothing
    else; each chosen kind reads its own.
    """

    if TYPE_CHECKING:
        batch_size: int
        epochs: int

    @property
    def chosen_optimizer(self) -> Optimizer:
        """The optimizer with its own settings."""
        optimizer: Optimizer = self._chosen("optimizer")
        return optimizer

    @property
    def chosen_loss(self) -> Loss:
        """The loss with its own settings."""
        loss: Loss = self._chosen("loss")
        return loss

    @property
    def chosen_schedule(self) -> Schedule:
        """The schedule of the learning rate with its own settings."""
        schedule: Schedule = self._chosen("schedule")
        return schedule

    @property
    def steadying(self) -> tuple[Clipping | Averaging, ...]:
        """What is done around each step, also what changes nothing."""
        return tuple(self._made(kind) for kind in STEADYING)

    @property
    def augmentations(self) -> tuple[Augmentation, ...]:
        """Every augmentation with its own settings, also those that change nothing."""
        return tuple(self._made(kind) for kind in AUGMENTATIONS)

    @property
    def mixtures(self) -> tuple[Augmentation, ...]:
        """Every way to mix images with each other with its own settings, also those that change nothing."""
        return tuple(self._made(kind) for kind in MIXTURES)

    @property
    def stopping(self) -> Stopping:
        """When training ends, and which epoch is scored."""
        stopping: Stopping = self._made(Stopping)
        return stopping

    @property
    def scoring(self) -> Scoring:
        """How the trained network is asked about an image."""
        scoring: Scoring = self._made(Scoring)
        return scoring

    def faults(self) -> Iterator[str]:
        """Say what is wrong with the settings of a chosen kind together."""
        for kind in (self.chosen_optimizer, self.chosen_loss, self.chosen_schedule):
            yield from kind.faults()
        yield from self.chosen_schedule.misfits(self.epochs)
        mixed = [f"training.{name} = {value:g}" for one in self.mixtures for name, value in one if value]
        if len(mixed) > 1:
            yield f"{' and '.join(mixed)} mix the same images; set one of the two to 0."

    def step_faults(self, images: int) -> Iterator[str]:
        """Say what is wrong for a number of training images, which decides how many steps there are."""
        if not any(self.chosen_schedule.misfits(self.epochs)):
            yield from self.chosen_schedule.misfitting_steps(self.length(images))

    def length(self, images: int) -> Length:
        """Say how long a network is trained on a number of images."""
        return Length(epochs=self.epochs, steps=-(-images // self.batch_size))

    def idle(self) -> Iterator[tuple[str, str, Sequence[str]]]:
        """Yield each setting that is only for kinds that are not chosen, with the choice, and those kinds."""
        for choice, kinds in CHOICES.items():
            own = type(self._chosen(choice)).model_fields
            for name in dict.fromkeys(name for kind in kinds for name in kind.model_fields if name not in own):
                yield name, choice, [kind.key for kind in kinds if name in kind.model_fields]

    def _chosen(self, choice: str) -> Any:
        kinds = {kind.key: kind for kind in CHOICES[choice]}
        return self._made(kinds[getattr(self, choice)] if len(kinds) > 1 else CHOICES[choice][0])

    def _made(self, kind: type[Frozen]) -> Any:
        return kind.model_validate({name: getattr(self, name) for name in kind.model_fields})

    @model_validator(mode="before")
    @classmethod
    def _with_defaults_of_the_chosen(cls, value: Any) -> Any:
        """Fill in the defaults in which a chosen kind differs from the first one that has the setting."""
        if not isinstance(value, Mapping):
            return value
        chosen = (kind for choice, kinds in CHOICES.items() for kind in kinds if kind.key == value.get(choice))
        fields = [(name, field.default) for kind in chosen for name, field in kind.model_fields.items()]
        return {**{name: own for name, own in fields if own != cls.model_fields[name].default}, **value}


def _fields() -> dict[str, Any]:
    """Collect the fields of all sections, each with the default of the first section that has it."""
    fields: dict[str, Any] = {
        choice: (Literal[tuple(kind.key for kind in kinds)], kinds[0].key)
        for choice, kinds in CHOICES.items()
        if len(kinds) > 1
    }
    for section in SECTIONS:
        for name, field in section.model_fields.items():
            fields.setdefault(name, (field.annotation, field))
    return fields


if TYPE_CHECKING:

    class Training(_Training):
        """What type checkers see of the model below."""

        optimizer: str
        schedule: str
        learning_rate: float
        weight_decay: float
        batch_size: int
        epochs: int
        clip_norm: float
        average_decay: float
        flip: bool
        crop: int
        rotation: float
        cutout: int
        brightness: float
        contrast: float
        mixup: float
        cutmix: float
        patience: int
        scored_epoch: str
        test_time_flip: bool

else:
    Training = create_model("Training", __base__=_Training, __module__=__name__, __doc__=_Training.__doc__, **_fields())
    # Version 0.1 chose an optimizer, and had what no section calls later.
    Training.later = frozenset(CHOICES.keys() & Training.model_fields.keys() - {"optimizer"}).union(
        *(section.later for section in SECTIONS)
    )
