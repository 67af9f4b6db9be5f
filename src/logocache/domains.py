"""Canonical form of domains as people type them, and registrable domains.

Parameters called `domain` are canonical; functions that take one never raise.
"""

import re
import unicodedata
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from logocache.errors import DomainError

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

MAX_DOMAIN_LENGTH = 253
MAX_LABEL_LENGTH = 63
MAX_PORT = 65535
MAX_QUOTED_LENGTH = 60

SPECIAL_USE = frozenset({"alt", "arpa", "internal", "invalid", "local", "localhost", "onion"})
"""Top-level names without public web hosts: IANA's special-use registry (RFC 6761), and `.internal`."""

UNRESOLVABLE = frozenset({"alt", "arpa", "onion"})
"""Of these, names that the DNS does not resolve to web hosts (RFC 9476, 3172, 7686)."""

LOCAL_USE = frozenset(
    {
        *("internal", "local", "localhost", "home.arpa"),  # ICANN 2024, RFC 6762, 6761, 8375
        *("corp", "home", "mail", "intranet", "lan", "localdomain", "private"),  # RFC 6762 app. G, ICANN
        *("cluster", "consul", "docker", "svc"),  # of containers, completed by search domains
    }
)
"""Suffixes of names that are local to a network, and never those of public web hosts."""

RESERVED_FOR_TESTS = frozenset({"example", "test"})
"""Top-level names that nobody can register (RFC 2606), and that count as public."""

SCHEME = re.compile(r"(?:([a-z][a-z0-9+.-]*):)?//", re.IGNORECASE)
PORT = re.compile(r"[0-9]{1,5}")
LETTERS_DIGITS_HYPHENS = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
IPV4_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""Last label of a host that is an IPv4 address (WHATWG URL, "ends in a number checker")."""

SCRIPT_ALIASES = {"CJK": "HAN", "IDEOGRAPHIC": "HAN", "EXTENDED": "ARABIC"}
"""First words of character names that differ from the name of the script."""
SCRIPTLESS = frozenset({"COMBINING", "DIGIT", "HYPHEN", "MIDDLE", "MODIFIER", "ZERO"})
"""First words of the names of characters common to all scripts."""
MIXABLE_SCRIPTS = (
    frozenset({"LATIN", "HAN", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "HAN", "BOPOMOFO"}),
    frozenset({"LATIN", "HAN", "HANGUL"}),
)
"""Scripts that one label may mix: level "Highly Restrictive" of UTS 39, section 5.2."""


class _BrokenRuleError(Exception):
    """A text is not a public domain name; the message is the broken rule."""


def canonical_domain(text: str) -> str:
    """The host of `text` (a domain, a host with port, or a URL) in canonical ASCII form.

    A-labels (IDNA 2008 after UTS 46 mapping) in lower case, without a final dot. `www.` is kept, see
    `without_www`. `.test` and `.example` (RFC 2606) are allowed: nobody can register them, so they
    resolve only where an operator arranged it, such as in end-to-end tests. A label may not mix
    confusable scripts; confusable characters within one script are not detected.

    Raises:
        DomainError: `text` does not name a public web host.
    """
    try:
        domain = ".".join(_labels(_host(text)))
        _check_public(domain)
    except _BrokenRuleError as exc:
        raise DomainError(f"{quoted(text)} is not a public domain name", hint=str(exc)) from exc
    return domain


def without_www(domain: str) -> str:
    """The domain without a leading `www.`, unless only a public suffix would remain (`www.gov.uk`)."""
    rest = domain.removeprefix("www.")
    return domain if rest == domain or _is_public_suffix(rest) else rest


def toggled_www(domain: str) -> str:
    """The domain with `www.` added or removed; unchanged if neither is possible."""
    if domain.startswith("www."):
        return without_www(domain)
    longer = f"www.{domain}"
    return longer if len(longer) <= MAX_DOMAIN_LENGTH else domain


def registrable_domain(domain: str) -> str:
    """The registered part of a domain: `example.co.uk` for `shop.example.co.uk`.

    Platforms with sub-domains of users count as suffixes (the private section of the Public Suffix
    List): `myshop.myshopify.com` belongs to the shop, and falling back to `myshopify.com` would show
    Shopify's logo for it. The platform's own name, `myshopify.com`, is its own registrable domain.
    """
    return _all_suffixes().privatesuffix(domain) or _icann_suffixes().privatesuffix(domain) or domain


def owner_label(domain: str) -> str:
    """The first label of the registrable domain, without the prefix of A-labels."""
    return registrable_domain(domain).partition(".")[0].removeprefix("xn--")


def has_known_suffix(domain: str) -> bool:
    """True if the domain is below a registry's suffix, or `.test` or `.example`; False for `node.js`."""
    suffix = _icann_suffixes().publicsuffix(domain, accept_unknown=False)
    return suffix is not None or domain.rpartition(".")[2] in RESERVED_FOR_TESTS


def is_public_host(host: str, *, or_local: bool = False) -> bool:
    """True if an ASCII host name may be that of a public web host or, with `or_local`, of an intranet host.

    `.test`, `.example` and `.invalid` (RFC 2606) count as public: nobody can register them, so they
    resolve only where an operator arranged it.
    """
    labels = host.split(".")
    suffixes = {labels[-1], ".".join(labels[-2:])}
    if LOCAL_USE & suffixes:
        return or_local and len(labels) > 1
    return len(labels) > 1 and labels[-1] not in UNRESOLVABLE


def registry_domain(domain: str) -> str:
    """As `registrable_domain`, but only registries count as suffixes: `github.io` for `user.github.io`.

    Groups the sub-domains that anyone can have any number of at no cost.
    """
    return _icann_suffixes().privatesuffix(domain) or domain


def origin_of(url: str) -> str:
    """`scheme://host:port`, the port only if the URL has one."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def quoted(text: str) -> str:
    """An untrusted text for messages: in quotes, shortened, with control characters escaped."""
    shown = repr(text[: MAX_QUOTED_LENGTH + 1])
    if len(shown) <= MAX_QUOTED_LENGTH + len("''"):
        return shown
    return f"{shown[: MAX_QUOTED_LENGTH - 2]}...{shown[0]}"


def _host(text: str) -> str:
    """The host of a URL, with or without scheme."""
    address = text.strip()
    scheme = SCHEME.match(address)
    if scheme is not None:
        if (scheme[1] or "https").lower() not in {"http", "https"}:
            raise _BrokenRuleError("only http and https addresses lead to a web host")
        address = address[scheme.end() :]
    authority = re.split(r"[/?#]", address, maxsplit=1)[0]
    if "@" in authority:
        raise _BrokenRuleError("it holds a user name or is a mail address; write only the host")
    if authority.startswith("[") or authority.count(":") > 1:
        raise _BrokenRuleError("it is an IP address; write a name such as shopify.com")
    host, _, port = authority.partition(":")
    if port and not (PORT.fullmatch(port) and int(port) <= MAX_PORT):
        raise _BrokenRuleError("what follows the colon is not a port")
    return host


def _labels(host: str) -> list[str]:
    """The labels of a host, validated and in ASCII."""
    if not host:
        raise _BrokenRuleError("it is empty; write a name such as shopify.com")
    if len(host) > MAX_DOMAIN_LENGTH + 1:
        raise _BrokenRuleError(f"it has {len(host)} characters, and {MAX_DOMAIN_LENGTH} are allowed")
    labels = _mapped(host).removesuffix(".").split(".")
    if "" in labels:
        raise _BrokenRuleError("nothing stands before or between its dots")
    if IPV4_NUMBER.fullmatch(labels[-1]):
        raise _BrokenRuleError("it is a number or an IP address; write a name such as shopify.com")
    if len(labels) == 1:
        raise _BrokenRuleError("it has no dot; write the whole name, such as shopify.com")
    return [_ascii_label(label) for label in labels]


def _mapped(host: str) -> str:
    """The host after UTS 46 mapping: case, full-width forms, other dots."""
    if host.isascii():
        return host.lower()
    import idna  # noqa: PLC0415  # its tables cost 25 ms, and few domains need them

    try:
        return idna.uts46_remap(host, std3_rules=False)
    except idna.IDNAError as exc:
        raise _BrokenRuleError("it holds a character that no domain name may have") from exc


def _ascii_label(label: str) -> str:
    """A label in the form of the DNS (an A-label, or ASCII)."""
    if not label.isascii() or label.startswith("xn--"):
        encoded = _international_label(label)
    elif LETTERS_DIGITS_HYPHENS.fullmatch(label):
        encoded = label
    else:
        raise _BrokenRuleError("between dots only letters, digits and inner hyphens may stand")
    if len(encoded) > MAX_LABEL_LENGTH:
        raise _BrokenRuleError(f"at most {MAX_LABEL_LENGTH} characters may stand between two dots")
    return encoded


def _international_label(label: str) -> str:
    import idna  # noqa: PLC0415  # see _mapped

    try:
        unicode_label = idna.ulabel(label)
        encoded = idna.alabel(unicode_label).decode("ascii")
    except idna.IDNAError as exc:
        rule = f"no international label of at most {MAX_LABEL_LENGTH} characters (IDNA 2008)"
        raise _BrokenRuleError(f"{quoted(label)} is {rule}") from exc
    scripts = {script for script in map(_script, unicode_label) if script is not None}
    if len(scripts) > 1 and not any(scripts <= mixable for mixable in MIXABLE_SCRIPTS):
        names = " and ".join(script.title() or "unknown" for script in sorted(scripts))
        raise _BrokenRuleError(f"{quoted(label)} mixes scripts whose letters can look alike ({names})")
    return encoded


def _script(character: str) -> str | None:
    """The script of a character that IDNA allows; None for characters common to all scripts.

    Python has no table of scripts, but a character's name begins with that of its script.
    """
    first = re.split(r"[ -]", unicodedata.name(character, ""), maxsplit=1)[0]
    return None if first in SCRIPTLESS else SCRIPT_ALIASES.get(first, first)


def _check_public(domain: str) -> None:
    if len(domain) > MAX_DOMAIN_LENGTH:
        raise _BrokenRuleError(f"it has {len(domain)} characters, and {MAX_DOMAIN_LENGTH} are allowed")
    last = domain.rpartition(".")[2]
    if last in SPECIAL_USE:
        raise _BrokenRuleError(f"names under .{last} are reserved and lead to no public host")
    if _is_public_suffix(domain):
        raise _BrokenRuleError("it is a public suffix; write the name of a site below it")


def _is_public_suffix(domain: str) -> bool:
    """True for a registry's suffix. A platform's own name, such as `github.io`, is a site like any other."""
    return _icann_suffixes().is_public(domain)


def _icann_suffixes() -> "PublicSuffixList":
    """The suffixes of registries."""
    return _suffixes(only_icann=True)


def _all_suffixes() -> "PublicSuffixList":
    """The suffixes of registries and of platforms."""
    return _suffixes(only_icann=False)


def _suffixes(*, only_icann: bool) -> "PublicSuffixList":
    with _READING:
        return _read_suffixes(only_icann=only_icann)


_READING = Lock()
"""Held while the list is read: of 64 threads that come first, `cache` alone would let each read it."""


@cache
def _read_suffixes(*, only_icann: bool) -> "PublicSuffixList":
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415  # 45 ms, when first needed

    return PublicSuffixList(only_icann=only_icann)
