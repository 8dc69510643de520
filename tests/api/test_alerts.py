"""The alert rules: of metrics that there are, with labels that they have, and a section that says what to do."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from billing.applier import apply_due
from billing.errors import StripeUnavailable
from billing.runtime import Runtime
from tests.api.conftest import bearer, serving
from tests.api.test_metrics import an_operation
from tests.factories import NOW, create_stripe_event

DOCS = Path(__file__).parent.parent.parent / "docs"
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((DOCS / "alerts.yml").read_text())["groups"] for rule in group["rules"]
]
SELECTOR = re.compile(r"\b(assent_\w+)(?:\{([^}]*)\})?")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_each_rule_says_what_is_the_matter_and_where_it_says_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("warning", "critical")
    assert rule["annotations"]["summary"].endswith(".")
    file, _, section = rule["annotations"]["runbook"].partition("#")
    page = (DOCS.parent / file).read_text()
    headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    assert section in [re.sub(r"[^\w -]", "", each).strip().lower().replace(" ", "-") for each in headings]
    assert rule["expr"].count("(") == rule["expr"].count(")")


def test_no_two_rules_have_one_name() -> None:
    names = [rule["alert"] for rule in RULES]
    assert len(set(names)) == len(names)


async def test_each_rule_is_of_series_that_a_running_server_shows(app: Starlette, runtime: Runtime, key: str) -> None:
    await let_things_happen(runtime)
    async with serving(app) as address, httpx.AsyncClient(trust_env=False) as client:
        base = address.replace("ws://", "http://").removesuffix("/graphql")
        await client.post(f"{base}/graphql", json={"query": "{ nothing }"}, headers=bearer(key))
        await client.post(f"{base}/webhooks/stripe", content=b"{}")
        families = list(text_string_to_metric_families((await client.get(f"{base}/metrics")).text))
    declared = {name for family in families for name in names_of(family)}
    labels: dict[str, set[str]] = {}
    for sample in (sample for family in families for sample in family.samples):
        labels.setdefault(sample.name, set()).update(sample.labels)
    used = [(rule["alert"], *each) for rule in RULES for each in SELECTOR.findall(rule["expr"])]
    assert {alert for alert, *_ in used} == {rule["alert"] for rule in RULES}
    for alert, name, selected in used:
        assert name in declared, f"{alert}: nothing shows {name}"
        assert {*re.findall(r"(\w+)\s*[=!]~?", selected)} <= labels.get(name, set()), f"{alert}: labels of {name}"


async def let_things_happen(runtime: Runtime) -> None:
    """Each series with labels is shown once it has a value."""
    async with runtime.database.transaction() as session:
        await create_stripe_event(session, status="RECEIVED", applied_at=None)
        session.add(an_operation("UNKNOWN"))
    await apply_due(runtime, now=NOW)
    with pytest.raises(StripeUnavailable):
        await runtime.gateway.get("/v1/account")


def names_of(family: Metric) -> list[str]:
    """Those by which its series are asked for."""
    if family.type == "histogram":
        return [f"{family.name}_{part}" for part in ("bucket", "count", "sum")]
    return [f"{family.name}_total" if family.type == "counter" else family.name]
