"""Streamlit under /dashboards: the configuration that must ship, small files, and a page shell that can be read.

Streamlit serves its scripts uncompressed and its HTML in one language with one title; two middlewares mend that.
"""

import asyncio
import gzip
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from hub.brand import mix, palette
from hub.city import City
from hub.plugin.door import App, Receive, Scope, Send, raw_path
from hub.side_by_side import PREFIX

POLICY = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' blob:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
NOT_A_PAGE = tuple(f"{PREFIX}/{part}/" for part in ("maps", "component", "static", "app", "media", "_stcore"))
# The rest of the series on a chart, told apart by people with any colour vision (Okabe and Ito).
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#7a6a00")
OPTIONS = {
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
    "client.showErrorLinks": "false",
    "client.toolbarMode": "minimal",
    "server.baseUrlPath": PREFIX.strip("/"),
    "server.disconnectedSessionTTL": 60,
    "server.enableAgentApi": False,
    "server.enableStaticServing": True,
    "server.fileWatcherType": "none",
    "server.headless": True,
    "server.maxUploadSize": 1,
    "server.showEmailPrompt": False,
    "theme.linkUnderline": True,
    "theme.showWidgetBorder": True,
}


def application(script: Path, routes: Sequence[Any], city: City, hosts: Sequence[str]) -> App:
    """Streamlit's ASGI application of one script. The options must be set before it is made."""
    import streamlit
    from streamlit import config, file_util

    for name, value in (OPTIONS | {"server.allowedHosts": [*hosts]} | theme(city)).items():
        config.set_option(name, value)
    served = streamlit.App(script, routes=routes)
    return Packed(Shell(served, city), Path(file_util.get_static_dir()))


def theme(city: City) -> dict[str, Any]:
    """The city's colours as Streamlit's theme, light and dark."""
    colours = palette(city.brand.colours)
    night = {
        "text": "#eef1f4",
        "background": "#14181d",
        "surface": "#1f252c",
        "primary": mix(colours["primary"], "#ffffff", 0.45),
    }
    named = {
        "primaryColor": "primary",
        "textColor": "text",
        "backgroundColor": "background",
        "secondaryBackgroundColor": "surface",
    }
    options = {f"theme.light.{option}": colours[colour] for option, colour in named.items()}
    options |= {f"theme.dark.{option}": night[colour] for option, colour in named.items()}
    options |= {"theme.light.linkColor": colours["primary"], "theme.dark.linkColor": night["primary"]}
    return options | {"theme.chartCategoricalColors": [colours["primary"], colours["accent"], *SERIES]}


@dataclass(frozen=True)
class Packed:
    """Answers Streamlit's own scripts and styles from memory, packed once."""

    app: App
    folder: Path
    _packed: dict[Path, bytes] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = self._file(scope) if scope["type"] == "http" else None
        if path is None:
            await self.app(scope, receive, send)
            return
        if path not in self._packed:
            self._packed[path] = await asyncio.to_thread(lambda: gzip.compress(path.read_bytes(), 9, mtime=0))
        headers = {
            "content-type": TYPES[path.suffix],
            "content-encoding": "gzip",
            "content-length": str(len(self._packed[path])),
            "cache-control": "public, max-age=31536000, immutable",
            "vary": "accept-encoding",
        }
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": raw})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else self._packed[path]})

    def _file(self, scope: Scope) -> Path | None:
        """The script or style asked for, if it lies in Streamlit's folder and the visitor can unpack it."""
        start = f"{PREFIX}/static/"
        if not scope["path"].startswith(start) or scope["method"] not in ("GET", "HEAD"):
            return None
        path = (self.folder / "static" / scope["path"][len(start) :]).resolve()
        asked = b",".join(value for name, value in scope["headers"] if name == b"accept-encoding")
        inside = path.is_relative_to(self.folder.resolve()) and path.suffix in TYPES
        return path if inside and b"gzip" in asked and path.is_file() else None


@dataclass(frozen=True)
class Shell:
    """Gives Streamlit's HTML a language, a title, and a way on for readers without JavaScript."""

    app: App
    city: City

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or raw_path(scope).startswith(NOT_A_PAGE):
            await self.app(scope, receive, send)
            return
        plain = [pair for pair in scope["headers"] if pair[0] not in (b"accept-encoding", b"if-none-match", b"range")]
        await self.app(dict(scope, headers=plain), receive, _Rewritten(send, self._mended))

    def _mended(self, html: str) -> str:
        for pattern, replacement in (
            (r'<html lang="[^"]*">', f'<html lang="{self.city.languages[0]}">'),
            (r"<title>.*?</title>", self._head()),
            (r'<link rel="shortcut icon"[^>]*>', '<link rel="icon" type="image/svg+xml" href="/brand.svg" />'),
            (r'<link rel="service-desc"[^>]*>', ""),
            (r"<noscript>.*?</noscript>", NOSCRIPT),
            (r'<div id="root">\s*</div>', self._first_words()),
        ):
            html = re.sub(pattern, lambda _, text=replacement: text, html, count=1, flags=re.DOTALL)
        return html

    def _first_words(self) -> str:
        """What stands on the page until Streamlit's scripts have come, and replace it."""
        band = f"background:{palette(self.city.brand.colours)['primary']};color:{palette(self.city.brand.colours)['on_primary']}"
        return (
            f'<div id="root"><p style="margin:0;padding:.85rem 1.25rem;font:700 1.125rem system-ui,sans-serif;{band}">'
            f"{escape(self.city.brand.name)}</p>"
            '<p style="margin:1.25rem;font:1rem system-ui,sans-serif">The dashboards are being loaded.</p></div>'
        )

    def _head(self) -> str:
        name = escape(f"{self.city.brand.name}: dashboards")
        about = escape(f"Explore {self.city.name}'s requests, budget, projects and stories.")
        return (
            f'<title>{name}</title>\n<meta name="description" content="{about}">\n'
            f'<meta property="og:title" content="{name}">\n<meta property="og:description" content="{about}">'
        )


NOSCRIPT = (
    '<noscript><p>These dashboards need JavaScript. What they show is also on <a href="/">the pages of the hub</a> '
    'and in <a href="/city">its tables and questions</a>, which do not.</p></noscript>'
)


@dataclass
class _Rewritten:
    """A `send` that holds back an HTML answer until it is whole, then sends what `mend` makes of it."""

    send: Send
    mend: Any
    _start: dict | None = None
    _body: bytes = b""

    async def __call__(self, message: dict) -> None:
        if message["type"] == "http.response.start" and _is_html(message):
            self._start = message
        elif self._start is None:
            await self.send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._finish()

    async def _finish(self) -> None:
        body = self.mend(self._body.decode("utf-8")).encode("utf-8") if self._body else b""
        dropped = (b"etag", b"content-length", b"last-modified", b"accept-ranges")
        headers = [pair for pair in self._start["headers"] if pair[0].lower() not in dropped]
        if body:
            headers.append((b"content-length", str(len(body)).encode()))
        await self.send(dict(self._start, headers=headers))
        await self.send({"type": "http.response.body", "body": body})


def _is_html(message: dict) -> bool:
    return any(name.lower() == b"content-type" and value.startswith(b"text/html") for name, value in message["headers"])
