from pathlib import Path

from harness.small_app import make_bench
from logocache import __version__
from logocache.server.metrics import scraped


def test_the_figures_of_the_cache_are_those_of_stats(tmp_path: Path) -> None:
    with make_bench(tmp_path).open(max_size_mb=2) as cache:
        cache.init()
        stats = cache.stats()
    figures = {
        (sample.name, *sample.labels.values()): sample.value
        for metric in scraped(stats)
        for sample in metric.samples
    }
    assert figures == {
        ("logocache_up_database",): 1,
        ("logocache_build_info", __version__): 1,
        ("logocache_entries", "cached"): 2,
        ("logocache_entries", "placeholder"): 1,
        ("logocache_stored_bytes",): stats.size_bytes,
        ("logocache_stored_bytes_limit",): 2_000_000,
        ("logocache_entries_due",): 0,
        ("logocache_entries_failing",): 1,
        ("logocache_entries_error",): 0,
        ("logocache_disk_free_bytes",): stats.disk_free_bytes,
    }


def test_without_the_database_there_are_no_figures_of_an_earlier_time() -> None:
    figures = {sample.name: sample.value for metric in scraped(None) for sample in metric.samples}
    assert figures == {"logocache_up_database": 0, "logocache_build_info": 1}


def test_every_figure_says_what_it_is(tmp_path: Path) -> None:
    with make_bench(tmp_path).open() as cache:
        cache.init()
        assert all(metric.documentation for metric in scraped(cache.stats()))
