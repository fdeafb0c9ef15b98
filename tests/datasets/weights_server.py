"""PyTorch's server in miniature: weights of ResNet-18 that are 2 kB long, on this machine."""

import hashlib
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from ceteris.datasets.cache import Archive
from ceteris.networks.backbone import Backbone

CONTENT = b"PK\x03\x04" + bytes(2000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
NAME = "resnet18-00000000.pth"
OFFICIAL = {Backbone.RESNET18: Archive(name=NAME, size=len(CONTENT), sha256=SHA256)}


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextmanager
def serving(folder):
    """Put the weights into a folder and serve it; gives its address."""
    folder.mkdir()
    (folder / NAME).write_bytes(CONTENT)
    running = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}"
    finally:
        running.shutdown()
        thread.join()
        running.server_close()
