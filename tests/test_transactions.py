"""Who opens transactions that write: the edges, and five runners of the domain. Everything else is given a session."""

from pathlib import Path

ROOT = Path(__file__).parent.parent

RUNNERS = {
    "operations: reserve, record, once, sweep": "billing/operations/",
    "applier: claim, apply, read, sweep": "billing/applier/",
    "inbox: the flush of a group commit": "billing/inbox/",
    "operations and journal: each page that is pruned": "billing/pages.py",
    "recovery: each page of a walk is kept with how far it has come": "billing/recovery/",
}


def those_with(text: str, folder: str) -> set[str]:
    files = (ROOT / folder).rglob("*.py")
    return {str(file.relative_to(ROOT)) for file in files if text in file.read_text()}


def test_only_the_runners_of_the_domain_open_transactions() -> None:
    opened = those_with(".transaction()", "billing") | those_with(".statement()", "billing")
    assert opened
    assert [file for file in opened if not file.startswith(tuple(RUNNERS.values()))] == []


def test_nobody_commits_by_hand() -> None:
    found = those_with(".commit()", "billing") | those_with(".commit()", "schema") | those_with(".commit()", "api")
    # What a connection is set to, before anybody has it.
    assert found == {"billing/database.py"}
