"""What a study looks at: CIFAR-10 in any of its forms, the built-in shapes, and how they are split."""
