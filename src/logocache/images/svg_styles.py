"""As much of CSS as is needed to say which elements a style sheet of an SVG may give an effect."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

_RULE = re.compile(r"([^{}]*)\{([^{}]*)\}")
_COMPOUND_END = re.compile(r"[\s>+~]+")
_LABEL = re.compile(r"[.#]?[A-Za-z_][\w-]*")
_CONDITION = re.compile(r"\[[^\]]*\]?|::?[\w-]+(?:\([^()]*\))?")
_COSTLY = re.compile(r"url\(|opacity|blend|isolation|filter|dasharray", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule: what the last part of each of its selectors asks for, and what it declares."""

    subjects: tuple[frozenset[str], ...]
    declarations: tuple[tuple[str, str], ...]
    matters: bool
    """True if it declares anything that may take long to draw."""

    def applies_to(self, labels: frozenset[str]) -> bool:
        """True if it may: conditions that are not looked at count as met."""
        return any(subject <= labels for subject in self.subjects)


def rules(sheet: str) -> Iterator[Rule]:
    for selectors, body in _RULE.findall(sheet):
        yield Rule(
            subjects=tuple(_subject(selector) for selector in selectors.split(",")),
            declarations=tuple(declarations(body)),
            matters=_COSTLY.search(body) is not None,
        )


def declarations(text: str) -> Iterable[tuple[str, str]]:
    """Names, in lower case, and values."""
    pairs = (declaration.partition(":") for declaration in text.split(";"))
    return [(name.strip().lower(), value.removesuffix("!important").strip()) for name, _, value in pairs]


def label_set(name: str, attributes: Mapping[str, str]) -> frozenset[str]:
    """What selectors may call an element: `rect`, `#id`, `.class`."""
    classes = (f".{each}" for each in attributes.get("class", "").split())
    return frozenset((name, f"#{attributes.get('id', '')}", *classes))


def _subject(selector: str) -> frozenset[str]:
    bare = _CONDITION.sub("", selector).strip()
    return frozenset(_LABEL.findall(_COMPOUND_END.split(bare)[-1]))
