"""A service that becomes ready and then misbehaves in one way: `python bad_service.py fails|hangs|leaks|unready`."""

import json
import os
import resource
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

MODE = sys.argv[1]
BEGAN = time.monotonic()
MEMORY = 600 * 1024**2  # bytes; the limit that a container would have
READY_FOR = 4.0  # seconds


class Handler(BaseHTTPRequestHandler):
    """Answers like the template's service, but for its fault."""

    protocol_version = "HTTP/1.1"
    kept: ClassVar[list[bytes]] = []

    def do_GET(self) -> None:
        """Say whether it is ready."""
        self._answer(503 if MODE == "unready" and time.monotonic() - BEGAN > READY_FOR else 200)

    def do_POST(self) -> None:
        """Answer a request, or not."""
        self.rfile.read(int(self.headers.get("content-length", 0)))
        if MODE == "hangs":
            time.sleep(3600)
        if MODE == "leaks":
            try:
                self.kept.append(os.urandom(2 * 1024**2))
            except MemoryError:
                os.abort()
        self._answer(500 if MODE == "fails" else 200)

    def _answer(self, status: int) -> None:
        body = json.dumps({"release": os.environ["RELEASE"]}).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the log short."""


class Server(ThreadingHTTPServer):
    """Keeps bursts of connections waiting instead of refusing them."""

    request_queue_size = 512


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
