"""The baseline in Keras, as its guides write it, with arrays in memory."""

import os
from collections.abc import Iterator

from baseline import CLASSES, LEARNING_RATE, Images

# TensorFlow tells of every start otherwise.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def keras_fit(images: Images, batch_size: int) -> Iterator[int]:
    """Train with `Model.fit` on all cores, with the backend that Keras is set to; yield the images of each call."""
    import keras  # noqa: PLC0415 - optional

    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            keras.layers.Conv2D(7, 3, activation="relu"),
            keras.layers.Conv2D(9, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Dropout(0.3),
            keras.layers.Flatten(),
            keras.layers.Dense(CLASSES, activation="softmax"),
        ]
    )
    optimizer = keras.optimizers.Adam(LEARNING_RATE)
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    # At most 1,000 steps a call, so that measurements of small minibatches end; then a call's own cost is small.
    count = min(len(images.labels), 1000 * batch_size)
    inputs, labels = images.pixels[:count].astype("float32") / 255, images.labels[:count]
    while True:
        model.fit(inputs, labels, batch_size=batch_size, epochs=1, shuffle=True, verbose=0)
        yield count
