import sys
from pathlib import Path

# The miniature study is a module, not a fixture, because the processes that the tests start import it too.
sys.path.insert(0, str(Path(__file__).parents[1] / "execution"))
