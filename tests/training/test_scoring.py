from ceteris.training.training import Training


def test_a_report_says_it_only_where_it_is_asked_for():
    """An image that is seen as it is needs no words."""
    assert str(Training().scoring) == ""
    assert str(Training(test_time_flip=True).scoring) == (
        "class probabilities averaged over each image and its mirror image in validation and test"
    )


def test_what_was_trained_before_keeps_its_name():
    """A setting at its default is not written, and the digest of a run is made of what is written."""
    assert "test_time_flip" not in Training().model_dump(mode="json")
    assert Training(test_time_flip=True).model_dump(mode="json")["test_time_flip"] is True
