"""A web application's manifest → its icons (https://www.w3.org/TR/appmanifest/#icons-member). Pure."""

import json

from logocache.providers.icons import Icon, Role, longest_side, media_type
from logocache.providers.links import absolute

MAX_ICONS = 50


def read_manifest(body: bytes, url: str) -> tuple[Icon, ...]:
    """The icons of a manifest at `url`, in its order; none of a document that is no manifest.

    An icon that is there for any purpose or for none is taken as one for any purpose, then come
    maskable ones; monochrome ones are left out.
    """
    try:
        document: object = json.loads(body)
    except (ValueError, RecursionError):  # not JSON, not Unicode, or nested without end
        return ()
    entries = document.get("icons") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        return ()
    icons = (_icon(entry, url) for entry in entries[:MAX_ICONS])
    return tuple(icon for icon in icons if icon is not None)


def _icon(entry: object, base: str) -> Icon | None:
    if not isinstance(entry, dict):
        return None
    role = _role(_text(entry.get("purpose")))
    url = absolute(_text(entry.get("src")), base)
    if role is None or url is None:
        return None
    return Icon(
        url=url,
        role=role,
        size=longest_side(_text(entry.get("sizes"))),
        media_type=media_type(_text(entry.get("type"))),
    )


def _role(purpose: str) -> Role | None:
    tokens = set(purpose.lower().split())
    if not tokens or "any" in tokens:
        return Role.MANIFEST
    return Role.MASKABLE if "maskable" in tokens else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
