"""How training images are mixed with each other; `ceteris.engines.torch.mixing` draws what is here."""

from typing import Annotated, ClassVar

from pydantic import Field

from ceteris.training.augmentation import Augmentation


class Mixup(Augmentation):
    """Each image of a minibatch is a weighted mean with another one (Zhang et al. 2018, arXiv:1710.09412).

    Attributes:
        mixup: Alpha of the distribution Beta(alpha, alpha) of an image's own share, one share for each minibatch; 0
            mixes nothing. Its loss is the mean of the losses of both classes with the same weights.
    """

    later: ClassVar[frozenset[str]] = frozenset({"mixup"})

    mixup: Annotated[float, Field(ge=0, le=100)] = 0.0

    def __str__(self) -> str:
        return f"mixup with alpha {self.mixup:g}" if self.mixup else ""


class Cutmix(Augmentation):
    """A rectangle of each image of a minibatch is that of another one (Yun et al. 2019, arXiv:1905.04899).

    Attributes:
        cutmix: Alpha of the distribution Beta(alpha, alpha) of the share of the pixels that an image keeps, before its
            rectangle is cut at the border, one share for each minibatch; 0 mixes nothing. Its loss is the mean of the
            losses of both classes, weighted by pixels.
    """

    later: ClassVar[frozenset[str]] = frozenset({"cutmix"})

    cutmix: Annotated[float, Field(ge=0, le=100)] = 0.0

    def __str__(self) -> str:
        return f"cutmix with alpha {self.cutmix:g}" if self.cutmix else ""
