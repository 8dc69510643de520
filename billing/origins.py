"""Origins: where an address leads, read as strictly as the most lenient browser would not."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:.]*:[0-9a-f:.]*")
# A browser takes a backslash for a slash and drops tabs and line breaks, so the host that it goes to would be another.
UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
DEFAULT_PORTS = {"https": 443, "http": 80}


def origin_of(url: str) -> str | None:
    """Scheme, host and port, normalized; None unless it is https, or http on this machine, without credentials."""
    if UNSAFE.search(url):
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme not in DEFAULT_PORTS or "@" in parts.netloc or not HOST.fullmatch(host):
        return None
    if parts.scheme == "http" and not is_loopback(host):
        return None
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + ("" if port in (None, DEFAULT_PORTS[parts.scheme]) else f":{port}")


def is_loopback(host: str | None) -> bool:
    """Whether this host name or address is the machine itself."""
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False
