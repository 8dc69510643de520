"""What a test sees of a page, as a customer would."""

import re
from html import unescape
from html.parser import HTMLParser

import httpx


def alarm(page: httpx.Response) -> str:
    """What the page's alert says; empty if it has none."""
    found = re.search(r'role="alert">.*?<span>(.*?)</span>', page.text, re.DOTALL)
    return unescape(found[1]) if found else ""


def heading(page: httpx.Response) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", page.text, re.DOTALL)
    assert found
    return unescape(found[1])


def buttons(page: httpx.Response) -> list[str]:
    """The labels of its buttons, from top to bottom."""
    return re.findall(r"<button[^>]*>(.*?)</button>", page.text)


def dangers(page: str) -> list[str]:
    """The elements and attributes of a page that could run or restyle anything."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.extend({tag} & {"script", "style", "img", "iframe"})
            found.extend(name for name, _ in attrs if name == "style" or name.startswith("on"))
            found.extend(url for name, url in attrs if name == "href" and url and url.startswith("javascript:"))

    Reader().feed(page)
    return found
