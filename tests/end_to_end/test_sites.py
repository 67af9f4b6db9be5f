"""The whole program below the command line, against sites on loopback and both databases."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image

from harness.internet import Loopback
from harness.sites import SCENES, sites_of
from logocache import Settings, open_cache
from logocache.model import OutcomeKind, Status

pytestmark = [pytest.mark.database, pytest.mark.end_to_end]


def in_seconds(seconds: int) -> Callable[[datetime], datetime]:
    return lambda now: now + timedelta(seconds=seconds)


def test_each_site_gives_the_right_image_or_the_right_outcome(internet: Loopback, settings: Settings) -> None:
    for name, scene in SCENES.items():
        internet.sites |= sites_of(name, scene)
    started = datetime.now(UTC)
    with open_cache(settings) as cache:
        report = cache.init(list(SCENES))
        outcomes = {logo.key: logo.outcome for logo in report.logos}
        assert outcomes == {name: scene.outcome for name, scene in SCENES.items()}
        for name, scene in SCENES.items():
            logo = cache.get(name)
            assert logo is not None, "a monogram stands in where there is no logo"
            found = scene.outcome is OutcomeKind.FOUND
            assert logo.record.status is (Status.CACHED if found else Status.PLACEHOLDER), name
            if scene.size is not None:
                with Image.open(logo.path) as image:
                    assert (image.format, image.size) == ("PNG", scene.size), name
            if scene.source is not None:
                assert logo.record.source_url == scene.source
            if scene.wait is not None and logo.record.next_attempt_at is not None:
                shortest, longest = scene.wait
                assert started + shortest <= logo.record.next_attempt_at <= datetime.now(UTC) + longest, name
    assert_nothing_asked_twice(internet)


def assert_nothing_asked_twice(internet: Loopback) -> None:
    """Beyond the one retry that the settings allow for what can heal."""
    urls = internet.urls()
    for name, scene in SCENES.items():
        heals = scene.outcome in {OutcomeKind.TRANSIENT, OutcomeKind.THROTTLED}
        for url in {url for url in urls if url.startswith((f"{name}.test", f"www.{name}.test"))}:
            # A site that does not answer over https is tried over http: the same path, another question.
            assert urls.count(url) <= (4 if heals else 1), url
