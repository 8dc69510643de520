"""Where a request comes from, as far as we saw it ourselves."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from billing.origins import is_loopback

Address = IPv4Address | IPv6Address
Networks = Sequence[IPv4Network | IPv6Network]

# Pages of this machine's own, on any port.
LOCAL_ORIGIN = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")

FORWARDED = ("x-forwarded-for", "forwarded", "x-forwarded-host", "via")
LONGEST_USER_AGENT = 500


def observed_address(connection: HTTPConnection, trusted: Networks) -> str | None:
    """The peer, or, if it is a trusted proxy, the right-most hop of X-Forwarded-For that is not one.

    None where there is nothing to believe: no peer, or a trusted proxy that wrote no address.
    """
    address = _parse(connection.client.host) if connection.client else None
    hops = [hop for line in connection.headers.getlist("x-forwarded-for") for hop in line.split(",")]
    while address is not None and hops and _is_among(address, trusted):
        address = _parse(hops.pop())
    return str(address) if address is not None else None


def user_agent(connection: HTTPConnection) -> str | None:
    """What the client calls itself."""
    given = connection.headers.get("user-agent")
    return given[:LONGEST_USER_AGENT] if given else None


def is_local(connection: HTTPConnection) -> bool:
    """Whether this is somebody at this machine who asked for this machine.

    A proxy here would make everybody a local peer, so a forwarded request is none. And a page elsewhere that has its
    name resolved to 127.0.0.1 is told by the Host header, which then bears that name.
    """
    try:
        host = urlsplit("//" + connection.headers.get("host", "")).hostname
    except ValueError:
        return False
    peer = connection.client.host if connection.client else None
    forwarded = any(name in connection.headers for name in FORWARDED)
    return is_loopback(peer) and is_loopback(host) and not forwarded


def _parse(text: str) -> Address | None:
    """An address, perhaps with a port, as some proxies write it; IPv4 inside IPv6 is IPv4."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _is_among(address: Address, networks: Networks) -> bool:
    return any(address in network for network in networks)
