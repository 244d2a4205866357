"""A small server that stands for GitHub's API of comments, and refuses as it does."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

BOT = "github-actions[bot]"
MARKER = "<!-- mlops-ci report mlops-ci -->\n"
Fault = tuple[int, dict[str, str]]


class Api:
    """The comments on pull request 5, what was asked, and what goes wrong next."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.authorization: set[str | None] = set()
        self.faults: list[Fault] = []
        self.broken_answer: object = None
        self.stop = threading.Event()
        self.hang = 0
        api = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                address = urlsplit(self.path)
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                api.asked.append(f"{self.command} {address.path}")
                api.authorization.add(self.headers["Authorization"])
                if api.hang:
                    api.hang -= 1
                    api.stop.wait(5)
                    self.close_connection = True
                    return
                status, headers = api.faults.pop(0) if api.faults else (200, {})
                sent = json.loads(body)["body"] if body else ""
                answer: object = {"message": "no"}
                if status == 200:
                    answer = api.broken_answer or getattr(self, self.command.lower())(parse_qs(address.query), sent)
                data = json.dumps(answer).encode()
                self.send_response(status if self.command != "POST" or status != 200 else 201)
                for name, value in {"Content-Length": str(len(data)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PATCH = handle_any  # noqa: N815 - the names that the server looks for

            def get(self, query: dict[str, list[str]], _: str) -> object:
                size, page = int(query["per_page"][0]), int(query["page"][0])
                return api.comments[size * (page - 1) : size * page]

            def post(self, _: object, body: str) -> object:
                api.add(body)
                return api.comments[-1]

            def patch(self, _: object, body: str) -> object:
                number = int(self.path.rpartition("/")[2])
                (found,) = (one for one in api.comments if one["id"] == number)
                found["body"] = body
                return found

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def add(self, body: str, author: str | None = BOT) -> None:
        number = len(self.comments) + 1
        user = {"login": author} if author else None  # null when the account is gone
        self.comments.append({"id": number, "user": user, "body": body, "html_url": f"https://g.example/c/{number}"})

    def wrote(self) -> list[str]:
        return [one for one in self.asked if not one.startswith("GET")]

    @contextmanager
    def serving(self) -> Iterator[Self]:
        """Answer until the block ends."""
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        try:
            yield self
        finally:
            self.stop.set()
            self.server.shutdown()
            self.server.server_close()
