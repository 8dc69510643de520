"""`assent reconcile` and `assent import`: what they print, and the code with which they end."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.commands import REAL, refusal, run
from tests.running_sandbox import RunningSandbox
from tests.sandbox_client import SandboxClient


@pytest.fixture
def given(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Settings, with an account of three customers in Stripe's place, two of whom have the same id at the merchant."""
    with RunningSandbox(tmp_path_factory.mktemp("account")) as sandbox:
        customers = sandbox.client().v1.customers
        for name in ("ada", "ada", "bob"):
            customers.create({"name": name, "metadata": {"user_id": name}})
        yield {**REAL, "STRIPE_API_BASE": sandbox.base_url, "STRIPE_CALLS_PER_SECOND": "100"}


def test_an_account_is_imported_and_then_agrees(migrated: Path, given: dict[str, str]) -> None:
    first = run(migrated, "import", "--external-id-key", "user_id", **given)
    assert first.returncode == 1
    [collision, *table] = first.stdout.splitlines()
    assert collision.endswith("(externalId 'ada' belongs to " + collision.split()[-1])
    assert table[0].split() == ["seen", "same", "differed", "added", "gone", "foreign", "failed"]
    assert table[1].split() == ["customer", "3", "0", "0", "3", "0", "0", "0"]

    compared = run(migrated, "reconcile", "--json", **given)
    assert compared.returncode == 0, compared.stderr
    [line] = compared.stdout.splitlines()
    report = json.loads(line)["report"]
    assert (report["walk"], report["seen"], report["same"]) == ("reconcile", 3, 3)


def test_what_differs_is_told_a_line_each_and_ends_with_1(migrated: Path, given: dict[str, str]) -> None:
    run(migrated, "import", **given)
    with_another = run(migrated, "reconcile", "--dry-run", "--json", "--only", "customer", **given)
    assert (with_another.returncode, len(with_another.stdout.splitlines())) == (0, 1)
    sandbox = SandboxClient(given["STRIPE_API_BASE"])
    product = sandbox.client().v1.products.create({"name": "New"})

    dry = run(migrated, "reconcile", "--dry-run", "--json", **given)
    told = [json.loads(line) for line in dry.stdout.splitlines()]
    assert dry.returncode == 1
    assert told[0] == {"kind": "product", "id": product.id, "outcome": "added", "fields": [], "note": None}
    assert (told[-1]["report"]["dry_run"], told[-1]["report"]["added"]) == (True, 1)

    assert run(migrated, "reconcile", **given).stdout.startswith(f"product {product.id} added\n")
    assert run(migrated, "reconcile", **given).returncode == 0


def test_what_makes_no_sense_is_refused_in_one_line(migrated: Path, given: dict[str, str]) -> None:
    assert "--only bill: there is no such kind" in refusal(migrated, "reconcile", "--only", "bill", **given)
    assert "--external-id-key" in refusal(migrated, "import", "--external-id-key", "a[b]", **given)
