"""The sandbox's own clock, as people and tests move it."""

from pathlib import Path

import httpx

from tests.moving_sandbox import moving_sandbox

DAY = 24 * 3600


def test_time_moves_forward_and_stays_there(tmp_path: Path) -> None:
    with moving_sandbox(tmp_path) as sandbox:
        before = sandbox.now()
        assert DAY <= (sandbox.advance(days=1) - before).total_seconds() < DAY + 10
    with moving_sandbox(tmp_path) as again:
        assert DAY <= (again.now() - before).total_seconds() < DAY + 20
        customer = again.client().v1.customers.create()
        assert customer.created >= int(before.timestamp()) + DAY
        assert customer.last_response is not None


def test_time_does_not_move_back(tmp_path: Path) -> None:
    with moving_sandbox(tmp_path) as sandbox:
        url = f"{sandbox.base_url}/_sandbox/clock"
        for wrong in ({"to": 1}, {"advance": -60}, {"advance": "soon"}, {}):
            refused = httpx.post(url, json=wrong, trust_env=False)
            assert (refused.status_code, "Send {" in refused.json()["error"]) == (400, True)
        assert abs(httpx.get(url, trust_env=False).json()["ahead"]) < 1
