"""A web of pages, and the candidates that a company's site gives in it."""

from collections.abc import Mapping
from dataclasses import replace

from harness.factories import make_integration
from logocache.model import OutcomeKind
from logocache.ports import Answer, Candidate, FetchRequest, Provider
from logocache.providers.site import SiteProvider

SVG_LINK = "<link rel=icon href=/logo.svg>"
MISS = Answer(kind=OutcomeKind.NOT_FOUND, url="", status=404)
UNREACHABLE = Answer(kind=OutcomeKind.TRANSIENT, url="", reason="no address")


def page(html: str | bytes, url: str = "") -> Answer:
    """A page; `url` is where redirects led, when there were some."""
    body = html.encode() if isinstance(html, str) else html
    return Answer(kind=OutcomeKind.FOUND, url=url, status=200, body=body)


class Web:
    """Answers from a table; what is not in it cannot be reached. Nothing may be asked twice."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self.answers = answers
        self.requests: list[FetchRequest] = []

    def __call__(self, request: FetchRequest, /) -> Answer:
        assert request.url not in self.asked, "asked twice"
        self.requests.append(request)
        answer = self.answers.get(request.url, UNREACHABLE)
        return answer if answer.url else replace(answer, url=request.url)

    @property
    def asked(self) -> list[str]:
        return [request.url for request in self.requests]


PROVIDER: Provider = SiteProvider(max_page_bytes=2000, max_image_bytes=5000)


def look(web: Web, domain: str = "example.com") -> list[Candidate]:
    return list(PROVIDER.candidates(make_integration(domain=domain), web))


def urls(web: Web, domain: str = "example.com") -> list[str]:
    return [candidate.url for candidate in look(web, domain)]


def well_known(host: str) -> list[str]:
    names = ("apple-touch-icon-precomposed.png", "apple-touch-icon.png", "favicon.ico")
    return [f"https://{host}/{name}" for name in names]
