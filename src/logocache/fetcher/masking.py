"""Keeping secrets out of what is shown, whatever a server does with them. Pure."""

import re
from collections.abc import Iterable
from urllib.parse import quote, urlencode

import httpx

MASK = "***"

USER_INFORMATION = re.compile(r"(?<=//)[^/?#\s]*@")


class Mask:
    """Replaces secrets by `***`, also where a server sends them back in another spelling."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        patterns = [pattern_of(secret) for secret in sorted(secrets, key=len, reverse=True) if secret]
        self._secrets = re.compile("|".join(patterns), re.IGNORECASE) if patterns else None

    def __call__(self, text: str) -> str:
        """`text`, a URL or a sentence, without secrets and without user information of URLs."""
        shown = text if self._secrets is None else self._secrets.sub(MASK, text)
        return USER_INFORMATION.sub(f"{MASK}@", shown)


def with_secrets(url: httpx.URL, secrets: Iterable[tuple[str, str]]) -> httpx.URL:
    """`url` as it is sent: the secret parameters behind those it has."""
    added = urlencode(list(secrets), quote_via=quote)
    if not added:
        return url
    query = url.query.decode("ascii")
    return url.copy_with(query=f"{query}&{added}".lstrip("&").encode("ascii"))


def pattern_of(secret: str) -> str:
    """Matches `secret` with any of its characters percent-encoded, once or twice, or a space as +."""
    return "".join(character_pattern(character) for character in secret)


def character_pattern(character: str) -> str:
    encoded = "".join(f"%{byte:02X}" for byte in character.encode())
    spellings = [encoded.replace("%", "%25"), encoded, re.escape(character)]  # the longest first
    if character == " ":
        spellings.append(r"\+")
    return f"(?:{'|'.join(spellings)})"
