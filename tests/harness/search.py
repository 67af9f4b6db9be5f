"""One search, with fake sources, images and time."""

from harness.bench import make_context
from harness.factories import NOW, make_integration, make_record
from harness.fakes import FakeFetcher, FakeImages, FakeLearntImages, FakeProvider
from logocache.catalog import Catalog
from logocache.model import LogoRecord, Outcome
from logocache.operations.default_icons import DefaultIcons
from logocache.operations.fetch_log import FetchLog, RequestMemo
from logocache.operations.placeholders import PlaceholderDetector
from logocache.operations.search import Found, Search
from logocache.settings import Settings

NO_DEFAULT_ICONS = DefaultIcons("name,owners,origin,fingerprint,look\n")
URL = "https://shopify.test/icon.png"


class SearchBench:
    """A search among fakes."""

    def __init__(
        self,
        *chain: FakeProvider,
        fetcher: FakeFetcher | None = None,
        images: FakeImages | None = None,
        own_file: FakeProvider | None = None,
        offline: bool = False,
        learnt: FakeLearntImages | None = None,
        default_icons: DefaultIcons | None = None,
    ) -> None:
        self.fetcher = fetcher or FakeFetcher()
        self.images = images or FakeImages()
        self.context = make_context(
            Settings(dir="/nowhere", offline=offline, logo_timeout_seconds=60),
            catalog=Catalog(()),
            chain=chain,
            own_file=own_file,
            fetcher=self.fetcher,
            images=self.images,
            placeholders=PlaceholderDetector(
                lambda: self.images,
                learnt or FakeLearntImages(),
                Catalog(()),
                clock=lambda: NOW,
                token=lambda: "random",
            ),
            default_icons=default_icons or NO_DEFAULT_ICONS,
            clock=lambda: NOW,
            monotonic=lambda: 0.0,
        )
        self.search = Search(self.context)
        self.log = self.new_log()

    def new_log(self, key: str = "shopify") -> FetchLog:
        return FetchLog(self.context, key, RequestMemo())

    def look(self, record: LogoRecord | None = None, **facts: object) -> Found | Outcome:
        return self.search.look_for(make_integration(**facts), record or make_record(), self.log)  # type: ignore[arg-type]  # tests name real fields

    def found(self, record: LogoRecord | None = None, **facts: object) -> Found:
        result = self.look(record, **facts)
        assert isinstance(result, Found), result
        return result

    def failure(self, record: LogoRecord | None = None) -> Outcome:
        result = self.look(record)
        assert isinstance(result, Outcome), result
        return result
