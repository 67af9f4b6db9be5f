"""The dashboard and the alerts ask only for figures that the server has, under labels that these have."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families

from harness.deployment import ALERTS, DASHBOARD, Document, document
from logocache import Settings, open_cache
from logocache.model import FetchAttempt, OutcomeKind
from logocache.server.metrics import Metrics

ADDED_BY_PROMETHEUS = {"job", "instance", "le"}
GIVEN_BY_GRAFANA = {"$job", "$instance", "$__rate_interval"}


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Every metric by the name of its samples, with its labels, from a server that has done a bit."""
    metrics = Metrics()
    metrics.request("GET", "/healthz", 200, 0.001)
    metrics.fetched(
        [
            FetchAttempt(
                key="shopify",
                provider="site",
                url="https://shopify.com/",
                at=datetime.now(UTC),
                duration=0.2,
                outcome=OutcomeKind.FOUND,
            )
        ]
    )
    with open_cache(Settings(dir=tmp_path_factory.mktemp("logos"), offline=True)) as cache:
        cache.init(["shopify"])
        text = metrics.exposition(cache.stats()).decode()
    families = text_string_to_metric_families(text)
    return {sample.name: set(sample.labels) for family in families for sample in family.samples}


def rules() -> list[dict[str, str]]:
    (group,) = document(ALERTS)["groups"]
    found: list[dict[str, str]] = group["rules"]
    return found


def panels() -> list[Document]:
    found: list[Document] = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return found


def expressions() -> Iterator[tuple[str, str]]:
    for rule in rules():
        yield rule["alert"], rule["expr"]
    for panel in panels():
        for target in panel["targets"]:
            yield f"{panel['title']} {target['refId']}", target["expr"]


@pytest.mark.parametrize("expression", [pytest.param(text, id=name) for name, text in expressions()])
def test_figures_and_labels_exist(expression: str, figures: dict[str, set[str]]) -> None:
    named = re.findall(r"\b(logocache_\w+)(?:\{([^}]*)\})?", expression)
    grouped = {
        label for labels in re.findall(r"by \(([^)]*)\)", expression) for label in labels.split(", ")
    } - ADDED_BY_PROMETHEUS
    if not named:
        assert expression.startswith("up{")
    known = set[str]()
    for name, selectors in named:
        assert name in figures
        asked = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selectors))
        assert asked - ADDED_BY_PROMETHEUS <= figures[name]
        known |= figures[name]
    assert grouped <= known


@pytest.mark.parametrize("expression", [pytest.param(text, id=name) for name, text in expressions()])
def test_states_and_outcomes_exist(expression: str) -> None:
    for values in re.findall(r'outcome=~?"([^"]*)"', expression):
        assert set(values.split("|")) <= {kind.value for kind in OutcomeKind}
    for values in re.findall(r'state=~?"([^"]*)"', expression):
        assert set(values.split("|")) <= {"hit", "stale", "miss", "placeholder"}
    assert set(re.findall(r"\$\w+", expression)) <= GIVEN_BY_GRAFANA


def test_every_figure_is_on_the_dashboard_or_in_an_alert(figures: dict[str, set[str]]) -> None:
    asked = " ".join(expression for _, expression in expressions())
    unused = {name for name in figures if name not in asked}
    # A histogram's parts are asked for by its buckets.
    assert unused <= {"logocache_request_duration_seconds_sum", "logocache_request_duration_seconds_count"}


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule["alert"]) for rule in rules()])
def test_an_alert_says_how_bad_what_and_what_next(rule: dict[str, dict[str, str]]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert set(rule["annotations"]) == {"summary", "description"}


def test_panels_do_not_overlap_and_each_explains_itself() -> None:
    taken = set[tuple[int, int]]()
    for panel in panels():
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells
        assert panel["description"]
    identifiers = [panel["id"] for panel in panels()]
    assert len(set(identifiers)) == len(identifiers)
