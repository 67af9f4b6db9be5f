"""Services that give a company's icon for its domain, to anyone.

None was seen live when this was written: sizes and stand-in images are as their documentation and
other programs' source have them (middle of 2026). What they change is also learnt while running.
"""

from collections.abc import Callable

from logocache.model import StoringClass
from logocache.ports import Provider, ProviderTerms
from logocache.providers.template import Template, TemplateProvider
from logocache.settings import Settings

DUCKDUCKGO = Template(
    terms=ProviderTerms(
        id="duckduckgo",
        title="DuckDuckGo's icons",
        storing=StoringClass.UNSTATED,
        licence=None,
        terms_url="https://duckduckgo.com/terms",
        uses_network=True,
        rate_per_second=10,
        # A grey arrow of 1,478 bytes; it comes with status 404.
        placeholder_sha1=frozenset({"980aa215c45dd3b92f40b272234a21f6d850b14a"}),
        # Some answers are status 200 and nothing, or the signature of a PNG and nothing.
        learns_placeholder=True,
    ),
    url="https://icons.duckduckgo.com/ip3/{domain}.ico",
    keyed_by_host=True,
)

GOOGLE = Template(
    terms=ProviderTerms(
        id="google",
        title="Google's favicons",
        storing=StoringClass.UNSTATED,
        licence=None,
        terms_url="https://policies.google.com/terms",
        uses_network=True,
        rate_per_second=5,
        # A globe of 16×16 pixels, 726 bytes.
        placeholder_md5=frozenset({"b8a0bf372c762e966cc99ede8682bc71"}),
        smallest_acceptable=16,
        learns_placeholder=True,
    ),
    url=(
        "https://t1.gstatic.com/faviconV2?client=SOCIAL&type=FAVICON&fallback_opts=TYPE,SIZE,URL"
        "&url=https://{domain}&size={size}&drop_404_icon=true"
    ),
    size=256,
)

YANDEX = Template(
    terms=ProviderTerms(
        id="yandex",
        title="Yandex's favicons",
        storing=StoringClass.UNSTATED,
        licence=None,
        terms_url="https://yandex.com/legal/termsofservice/",
        uses_network=True,
        rate_per_second=5,
        # A transparent pixel of 70 bytes; it comes with status 200.
        smallest_acceptable=1,
        learns_placeholder=True,
    ),
    url="https://favicon.yandex.net/favicon/{domain}",
)

TWENTY = Template(
    terms=ProviderTerms(
        id="twenty",
        title="Twenty Icons",
        storing=StoringClass.UNSTATED,
        licence=None,
        terms_url="https://github.com/twentyhq/favicon",
        uses_network=True,
        rate_per_second=5,
    ),
    url="https://twenty-icons.com/{domain}/{size}",
    size=192,
)


def public(template: Template) -> Callable[[Settings], Provider]:
    """Makes the provider of a template that needs nothing from the operator."""

    def build(settings: Settings) -> Provider:
        return TemplateProvider(template, max_bytes=settings.max_image_bytes)

    return build
