"""A Hugging Face hub on 127.0.0.1, reached through ``HF_ENDPOINT``: real HTTP, the real hub's paths and headers.

Large files are redirected, as the real one does, and served with ranges. What shall go wrong is told by attributes.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
BLOCK_BYTES = 1 << 20


@dataclass
class Repository:
    """What lies in one repository, and who may have it."""

    files: dict[str, bytes]
    licence: str = "apache-2.0"
    gated: bool = False


@dataclass
class Trouble:
    """What goes wrong.

    Args:
        cut_at: a download ends there, bytes of the file, without a word; once.
        stall_at: a download stops there until ``go_on`` is set.
        damage: the first byte of what is served is wrong.
        status: every question gets this answer.
        nonsense: questions are answered by a login page.
        hash: what is told for each file's SHA-256.
        commit: what is told for the revision.
    """

    cut_at: int = 0
    stall_at: int = 0
    damage: bool = False
    status: int = 0
    nonsense: bool = False
    hash: object = ""
    commit: object = COMMIT
    go_on: threading.Event = field(default_factory=threading.Event)


class Hub:
    """The server; use it in a ``with`` block."""

    def __init__(self, **repositories: Repository):
        self.repositories: dict[str, Repository] = dict(repositories)
        self.trouble = Trouble()
        self.asked: list[str] = []
        """Method and path of each request, whether it came with a token, its range."""
        self.stalled = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Answerer)
        self._server.hub = self
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def address(self) -> str:
        """For ``HF_ENDPOINT``."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        """On the loopback; large files come from another name of it, as from the real hub's storage."""
        return self._server.server_port

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.trouble.go_on.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def downloads(self) -> list[str]:
        """The ranges of the downloads so far, "" for a whole file."""
        return [asked.partition(" range ")[2] for asked in self.asked if asked.startswith("GET /cdn/")]


class _Answerer(BaseHTTPRequestHandler):
    """Answers one connection's requests."""

    protocol_version = "HTTP/1.1"

    @property
    def hub(self):
        """The hub whose server this is."""
        return self.server.hub

    def log_message(self, *_):
        """Say nothing."""

    def do_HEAD(self):
        """Answer without a body."""
        self.answer()

    def do_GET(self):
        """Answer."""
        self.answer()

    def answer(self):
        """Go by the path."""
        given = self.headers.get("Range")
        authorised = " authorised" if self.headers.get("Authorization") else ""
        self.hub.asked.append(f"{self.command} {self.path}{authorised}" + (f" range {given}" if given else ""))
        path = unquote(urlsplit(self.path).path)
        if self.hub.trouble.status:
            self.say(self.hub.trouble.status, b"")
        elif self.hub.trouble.nonsense:
            self.say(200, b"<!doctype html>please log in", {"Content-Type": "text/html"})
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/\w+)?", path):
            self.tell_about(found[1])
        elif found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/(\w+)/(.+)", path):
            self.resolve(found[1], found[3])
        elif found := re.fullmatch(r"/cdn/([^/]+/[^/]+)/(.+)", path):
            self.serve(self.hub.repositories[found[1]].files[found[2]], given)
        else:
            self.say(404, b"")

    def tell_about(self, name):
        """What a repository holds."""
        repository = self.hub.repositories.get(name)
        if repository is None:
            self.say(404, b"", {"X-Error-Code": "RepoNotFound"})
            return
        siblings = [
            {
                "rfilename": file,
                "size": len(content),
                "blobId": "0" * 40,
                "lfs": {"size": len(content), "sha256": self.hub.trouble.hash or sha256(content), "pointerSize": 135},
            }
            for file, content in repository.files.items()
        ]
        told = {
            "id": name,
            "sha": self.hub.trouble.commit,
            "siblings": siblings,
            "gated": "manual" if repository.gated else False,
            "cardData": {"license": repository.licence} if repository.licence else {},
        }
        self.say(200, json.dumps(told).encode(), {"Content-Type": "application/json"})

    def resolve(self, name, file):
        """Send on to where large files lie."""
        repository = self.hub.repositories.get(name)
        if repository is None:
            self.say(404, b"", {"X-Error-Code": "RepoNotFound"})
        elif repository.gated and self.headers.get("Authorization") != "Bearer hf_friend":
            self.say(401, b"", {"X-Error-Code": "GatedRepo"})
        elif file not in repository.files:
            self.say(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
        else:
            content = repository.files[file]
            headers = {
                "X-Repo-Commit": COMMIT,
                "X-Linked-Etag": f'"{sha256(content)}"',
                "X-Linked-Size": str(len(content)),
                "Location": f"http://localhost:{self.hub.port}/cdn/{name}/{file}",
            }
            self.say(302, b"", headers)

    def serve(self, content, given):
        """A large file, or the rest of one."""
        start = int(given.removeprefix("bytes=").split("-")[0]) if given else 0
        if self.hub.trouble.damage:
            content = bytes([content[0] ^ 1]) + content[1:]
        self.send_response(206 if given else 200)
        self.send_header("Content-Length", str(len(content) - start))
        if given:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        if self.command == "GET":
            self.send_body(content, start)

    def send_body(self, content, start):
        """Block by block, with what goes wrong."""
        at = start
        try:
            while at < len(content):
                stop = min(at + BLOCK_BYTES, len(content))
                if at < self.hub.trouble.stall_at <= stop:
                    self.wfile.flush()
                    self.hub.stalled.set()
                    self.hub.trouble.go_on.wait()
                self.wfile.write(content[at:stop])
                at = stop
                if 0 < self.hub.trouble.cut_at <= at:
                    self.hub.trouble.cut_at = 0
                    self.close_connection = True
                    return
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client was killed: that is what the test is about

    def say(self, status, body, headers=()):
        """A small answer."""
        self.send_response(status)
        for key, value in dict(headers).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def sha256(content: bytes) -> str:
    """Hexadecimal."""
    return hashlib.sha256(content).hexdigest()
