def pytest_ignore_collect(config):
    """Leave the long tests out unless they are asked for by name: `pytest tests/soak`."""
    return None if any("soak" in argument for argument in config.args) else True
