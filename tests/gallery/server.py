"""A small server of the gallery with a stand-in for the journal's API, for looking and for the
tests of the scripts. It keeps marks in memory and can be told to fail."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

from typing_extensions import override

from kundelik_core.web.themes import load_theme
from tests.gallery import pages
from tests.gallery.render import BUNDLES, WEB, bundle, files, forget, page

TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'"


def static(name: str, look: str) -> str | bytes:
    """One file, as a theme has it."""
    if name in BUNDLES:
        return bundle(name, look)
    if name.startswith("theme/"):
        return load_theme(look).static[name.removeprefix("theme/")]
    if name.startswith("look1/"):
        made = files(look).dresses[look].find(name)
        return made.plain if made else ""
    return (WEB / "static" / name).read_text()


class Book:
    """The marks that the stand-in knows, and how it is told to behave."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """As after a start."""
        self.mode = "ok"
        self.gate = threading.Event()
        self.gate.set()
        self.cells: dict[tuple[str, str], str] = {}
        self.authors: dict[tuple[str, str], str] = {}
        self.seen: dict[str, dict[str, Any]] = {}
        self.log: list[dict[str, Any]] = []
        self.posts = 0

    def write(self, change: dict[str, Any], by: str) -> dict[str, Any]:
        """One change: idempotent by id, compared with the base that the client saw."""
        if change["id"] in self.seen:
            return self.seen[change["id"]]
        key = (change["column"], change["pupil"])
        known = self.cells.get(key)
        out = {"id": change["id"], "column": key[0], "pupil": key[1], "problem": None,
               "theirs": None, "value": change["value"], "state": "saved"}  # fmt: skip
        if known is not None and known not in (change["base"], change["value"]):
            theirs = {"value": known, "by": self.authors[key], "at": "2026-11-22T14:02:00+05:00"}
            out |= {"state": "conflict", "value": known, "theirs": theirs}
        elif change["value"] == "9" and key[0] == "work1":
            problem = {
                "code": "refused",
                "title": "Not today",
                "detail": "Not today, says the server.",
            }
            out |= {"state": "refused", "value": known or "", "problem": problem}
        else:
            self.cells[key] = change["value"]
            self.authors[key] = by
            entry = {"column": key[0], "pupil": key[1], "value": change["value"], "by": by,
                     "at": "2026-11-22T14:02:00+05:00"}  # fmt: skip
            self.log.append(entry)
        if out["state"] != "conflict":
            self.seen[change["id"]] = out
        return out


class Handler(BaseHTTPRequestHandler):
    """Pages under /g/NAME?lang=kk&theme=dark, files, and the journal's API."""

    book = Book()
    edited = False
    """Whether somebody changes the files meanwhile, and wants to see it."""
    protocol_version = "HTTP/1.1"
    # Head and body in one piece, or the second one waits for the first to be heard.
    wbufsize = -1
    disable_nagle_algorithm = True

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: the gallery is looked at, not read."""

    def send(self, body: str | bytes, kind: str = "text/html", status: int = 200) -> None:
        """One answer."""
        data = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Security-Policy", CSP)
        self.end_headers()
        self.wfile.write(data)

    def send_json(self, body: object, status: int = 200) -> None:
        """One answer of the API."""
        kind = "application/json" if status < 400 else "application/problem+json"
        self.send(json.dumps(body), kind, status)

    def do_GET(self) -> None:
        """Pages, files, changes, history."""
        url = urlparse(self.path)
        query = {k: v[0] for k, v in parse_qs(url.query).items()}
        parts = url.path.strip("/").split("/")
        if parts[0] == "static":
            name = "/".join(parts[2:])
            self.send(static(name, parts[1]), TYPES[name.rsplit(".", 1)[1]])
        elif parts[0] == "g":
            if self.edited:
                forget()
            lang = query.get("lang", "en")
            template, sample = pages.PAGES[parts[1]]
            look = query.get("look", "default")
            self.send(page(template, lang, query.get("theme", ""), sample(lang), look))
        elif parts[-1] == "changes":
            log = self.book.log
            since = int(query["since"])
            self.send_json({"cursor": str(len(log)), "cells": log[since:], "computed": {}})
        elif parts[-1] == "history":
            entry = {"at": "2026-11-20T09:15:00+05:00", "by": "Жұмабаева Сәуле", "field": "value",
                     "old": "7", "new": "8", "reason": ""}  # fmt: skip
            self.send_json({"entries": [entry]})
        elif parts[-1] == "parallel":
            found = {"from": "5 «Б», 12.11", "topic": "As in 5 «Б»", "homework": "№ 254"}
            self.send_json({"lessons": [found]})
        elif not parts[0]:
            links = "".join(f'<li><a href="/g/{n}">{n}</a>' for n in pages.PAGES)
            self.send(f"<!doctype html><title>Gallery</title><ul>{links}</ul>")
        else:
            self.send("", status=404)

    def do_POST(self) -> None:
        """Cells, comments, lessons, works."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        book = self.book
        if book.mode == "401":
            return self.send_json({"status": 401, "title": "Sign in again"}, 401)
        if book.mode == "portal":
            return self.send("<h1>Welcome to our network</h1>")
        if book.mode == "500":
            return self.send_json({"status": 500, "title": "Broken"}, 500)
        path = self.path.strip("/").split("/")
        if path[-1] == "preferences":
            return self.send("")
        data = json.loads(body)
        book.gate.wait(10)
        with book.lock:
            if path[-1] == "cells":
                if any(c["value"] == "3" for c in data["changes"]):
                    return self.send_json({"status": 400, "title": "No threes"}, 400)
                book.posts += 1
                results = [book.write(c, "me") for c in data["changes"]]
                done = {"cells": ["21,0", "20,7", ""], "percent": "83,1", "mark": "5",
                        "status": "", "explain": "ФО 42/50 × 25 = 21,0"}  # fmt: skip
                computed = {r["pupil"]: done for r in results if r["state"] == "saved"}
                answer = {"results": results, "computed": computed, "cursor": str(len(book.log))}
                return self.send_json(answer)
            if path[-2] == "lessons" and data["topic"] == "clash":
                return self.send_json(
                    {
                        "title": "Changed",
                        "status": 409,
                        "theirs": {"topic": "theirs", "homework": ""},
                    },
                    409,
                )
            if path[-1] == "works" and data["max"] == "99":
                problem = {"status": 409, "title": "Too many", "detail": "Three works at most."}
                return self.send_json(problem, 409)
        return self.send_json({"state": "saved"})


def start(port: int = 0) -> ThreadingHTTPServer:
    """Serves in a thread; `server_address[1]` is the port."""
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


if __name__ == "__main__":
    Handler.edited = True
    ThreadingHTTPServer(("127.0.0.1", 8765), Handler).serve_forever()
