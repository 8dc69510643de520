"""Where a request comes from: only a trusted proxy is believed, and only about its own peer."""

from ipaddress import ip_network

import pytest
from starlette.requests import Request

from api.addresses import is_local, observed_address, user_agent

TRUSTED = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


def request(peer: str | None = "203.0.113.7", **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "client": (peer, 1) if peer else None, "headers": raw})


@pytest.mark.parametrize(
    ("peer", "forwarded", "seen"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "127.0.0.1, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("fd00::1", "2001:db8::1", "2001:db8::1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, unknown", None),
        ("10.0.0.1", "198.51.100.1, ", None),
        (None, "198.51.100.1", None),
        ("testclient", "198.51.100.1", None),
    ],
)
def test_the_right_most_untrusted_hop_is_the_client(peer: str | None, forwarded: str, seen: str | None) -> None:
    headers = {"x_forwarded_for": forwarded} if forwarded else {}
    assert observed_address(request(peer, **headers), TRUSTED) == seen


def test_without_trusted_proxies_nobody_is_believed() -> None:
    assert observed_address(request("127.0.0.1", x_forwarded_for="198.51.100.1"), []) == "127.0.0.1"


def test_several_header_lines_count_as_one() -> None:
    lines = [(b"x-forwarded-for", b"1.1.1.1"), (b"x-forwarded-for", b"198.51.100.1, 10.0.0.2")]
    several = Request({"type": "http", "client": ("10.0.0.1", 1), "headers": lines})
    assert observed_address(several, TRUSTED) == "198.51.100.1"


@pytest.mark.parametrize(
    ("peer", "headers", "local"),
    [
        ("127.0.0.1", {"host": "127.0.0.1:8000"}, True),
        ("127.0.0.1", {"host": "localhost:8000"}, True),
        ("::1", {"host": "[::1]:8000"}, True),
        ("203.0.113.7", {"host": "127.0.0.1:8000"}, False),
        ("127.0.0.1", {"host": "rebound.example:8000"}, False),
        ("127.0.0.1", {"host": "127.0.0.1.rebound.example"}, False),
        ("127.0.0.1", {}, False),
        ("127.0.0.1", {"host": "[x"}, False),
        ("127.0.0.1", {"host": "localhost", "x_forwarded_for": "127.0.0.1"}, False),
        ("127.0.0.1", {"host": "localhost", "forwarded": "for=127.0.0.1"}, False),
        (None, {"host": "localhost"}, False),
    ],
)
def test_only_somebody_at_this_machine_who_asked_for_it_is_local(
    peer: str | None, headers: dict[str, str], local: bool
) -> None:
    assert is_local(request(peer, **headers)) is local


def test_what_a_client_calls_itself_is_kept_short() -> None:
    assert user_agent(request(user_agent="x" * 1000)) == "x" * 500
    assert user_agent(request()) is None
