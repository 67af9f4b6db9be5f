"""Gallery pages: templates and assets; browsers run and load only what is ours."""

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING

from fastapi import Request, Response
from markupsafe import Markup, escape

from logocache.errors import LogoCacheError
from logocache.humanize import grouped_count, label, relative, sentence, size
from logocache.server.problems import problem_of
from logocache.server.responses import Precondition, evaluate

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.runtime import Context

MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "css": "text/css; charset=utf-8",
        "ico": "image/x-icon",
        "js": "text/javascript; charset=utf-8",
        "png": "image/png",
        "svg": "image/svg+xml",
        "txt": "text/plain; charset=utf-8",
    }
)
TEMPLATE = ".html"
VERSION_LENGTH = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A static file."""

    name: str
    media_type: str
    content: bytes
    version: str
    """Hash of the content; as part of the URL, it allows caching without revalidation."""

    @property
    def address(self) -> str:
        """URL relative to the root of our routes."""
        return f"static/pages/{self.name}?v={self.version}"

    @property
    def etag(self) -> str:
        return f'"{self.version}"'


@functools.cache
def assets() -> Mapping[str, Asset]:
    """All static files, by name."""
    return MappingProxyType(
        {
            path.name: _asset(path.name, path.read_bytes())
            for path in resources.files("logocache.server.gallery").joinpath("templates").iterdir()
            if path.name.rpartition(".")[2] in MEDIA_TYPES
        }
    )


@functools.cache
def templates() -> Mapping[str, str]:
    """The sources of all templates, by name."""
    return MappingProxyType(
        {
            path.name: path.read_text(encoding="utf-8")
            for path in resources.files("logocache.server.gallery").joinpath("templates").iterdir()
            if path.name.endswith(TEMPLATE)
        }
    )


def _asset(name: str, content: bytes) -> Asset:
    return Asset(
        name=name,
        media_type=MEDIA_TYPES[name.rpartition(".")[2]],
        content=content,
        version=hashlib.sha256(content).hexdigest()[:VERSION_LENGTH],
    )


POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content Security Policy Level 3. No page has inline scripts or styles."""

SAFETY: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": POLICY,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
)
MEDIA_TYPE = "text/html; charset=utf-8"


def render(template: str, **values: object) -> str:
    """Render the page. The value `root` is the relative URL of the root of our routes: `./` or `../`."""
    return _environment().get_template(template).render(values)


def page(request: Request, html: str) -> Response:
    """Respond with a page, which clients revalidate each time."""
    content = html.encode("utf-8")
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return _conditional(request, content, MEDIA_TYPE, etag, "no-cache")


def static_file(request: Request, asset: Asset, cache_control: str) -> Response:
    return _conditional(request, asset.content, asset.media_type, asset.etag, cache_control)


def _conditional(
    request: Request, content: bytes, media_type: str, etag: str, cache_control: str
) -> Response:
    """Respond with `content`, or with 304 if the client has it."""
    headers = {**SAFETY, "Cache-Control": cache_control, "ETag": etag}
    held = request.headers.get("if-none-match")
    if evaluate(etag, if_match=None, if_none_match=held) is Precondition.NOT_MODIFIED:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=media_type)


def error_page(error: LogoCacheError, *, root: str) -> Response:
    """A page with the problem and the hint of an error."""
    problem = problem_of(error)
    return message_page(
        problem.status, problem.title, error.problem, error.hint, root=root, headers=problem.headers
    )


def switched_off_page(*, root: str) -> Response:
    """The page that replaces all others while LOGO_CACHE_ENABLED is false."""
    return message_page(
        503,
        "The cache is switched off",
        "LOGO_CACHE_ENABLED is false: no logos are fetched and none are sent",
        "set `LOGO_CACHE_ENABLED=true` and start the server again",
        root=root,
        headers={},
    )


def message_page(
    status: int, title: str, problem: str, hint: str, *, root: str, headers: Mapping[str, str]
) -> Response:
    """A page with a message, not cached; with Retry-After it offers to try again."""
    again = "Retry-After" in headers
    html = render(
        "error.html", root=root, status=status, title=title, problem=problem, hint=hint, again=again
    )
    headers = {**SAFETY, **headers, "Cache-Control": "no-store"}
    return Response(html, status, headers, media_type=MEDIA_TYPE)


@functools.cache
def _environment() -> "Environment":
    # Three megabytes, in many servers for no page at all.
    from jinja2 import DictLoader, Environment, StrictUndefined, pass_context  # noqa: PLC0415

    environment = Environment(
        loader=DictLoader(templates()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["asset"] = pass_context(_asset_address)
    environment.filters |= {
        "size": size,
        "label": label,
        "relative": pass_context(_time),
        "prose": _prose,
        "sentence": sentence,
    }
    environment.globals["count"] = grouped_count
    return environment


def _asset_address(context: "Context", name: str) -> str:
    """The URL of a static file, relative to the page."""
    return f"{context['root']}{assets()[name].address}"


def _time(context: "Context", moment: datetime) -> Markup:
    """`3 days ago`, with the exact time for machines and as a tooltip."""
    exact = moment.astimezone(UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        f"{exact:%Y-%m-%dT%H:%M:%SZ}", f"{exact:%Y-%m-%d %H:%M} UTC", relative(moment, now=context["now"])
    )


def _prose(text: str) -> Markup:
    """Text of ours, in which back quotes mark code."""
    parts = [escape(part) for part in text.split("`")]
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else part for place, part in enumerate(parts)
    )
