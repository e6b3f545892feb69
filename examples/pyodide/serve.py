"""Serve the page in this folder, with the package that it loads.

    python examples/pyodide/serve.py

The page loads Pyodide from its public CDN, and everything else from here. It uses a local server, or the one at
OPENAI_BASE_URL if it is set (with OPENAI_API_KEY, OPENAI_MODEL), which must allow cross-origin requests. The page then
contains the key, so open it in your own browser only.
"""

import io
import json
import os
import sys
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import sse_stream
from sse_stream.testing import ReplayServer, Reply, Request

sys.path.append(str(Path(__file__).parents[1]))

from provider import Provider, provider_or

HERE = Path(__file__).parent
WORDS = "Because air scatters blue light more than red – das ist Rayleigh-Streuung."
# CORS headers, which browsers require for requests to another origin.
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "authorization, content-type",
}


def package() -> bytes:
    """Return the package as an archive."""
    folder = Path(sse_stream.__file__).parent
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as into:
        for path in sorted(folder.rglob("*.py")):
            into.write(path, path.relative_to(folder.parent))
    return archive.getvalue()


def files(settings: Mapping[str, str]) -> dict[str, tuple[str, bytes]]:
    """Return the served files: content type and bytes, by path."""
    return {
        "/": ("text/html; charset=utf-8", (HERE / "index.html").read_bytes()),
        "/chat.py": ("text/x-python; charset=utf-8", (HERE / "chat.py").read_bytes()),
        "/sse_stream.zip": ("application/zip", package()),
        "/settings.json": ("application/json", json.dumps(settings).encode()),
    }


def server(settings: Mapping[str, str]) -> ThreadingHTTPServer:
    served = files(settings)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # as http.server calls it
            if self.path not in served:
                self.send_error(404)
                return
            content_type, body = served[self.path]
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Do not log requests."""

    return ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8000"))), Handler)


def answer(request: Request) -> Reply:
    """The local server."""
    if request.method == "OPTIONS":
        return Reply(status=204, headers=CORS)
    return Reply.text(*(f"{word} " for word in WORDS.split()), pace=0.05, headers=CORS)


def serve(provider: Provider) -> None:
    settings = {"url": provider.url, "key": provider.key, "model": provider.model}
    with server(settings) as page:
        print(f"http://127.0.0.1:{page.server_port}/", flush=True)
        with suppress(KeyboardInterrupt):
            page.serve_forever()


def main() -> None:
    with provider_or(ReplayServer(script=answer)) as provider:
        serve(provider)


if __name__ == "__main__":
    main()
