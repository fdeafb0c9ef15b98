"""How a network learns: optimizers, losses, schedules and augmentation, each kind with its own settings."""
