"""What a test sees of a page, as a customer would."""

import re
from dataclasses import dataclass, field
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


@dataclass
class Form:
    """A form of a page: where it goes, what it sends as it stands, and its buttons with what each adds."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, dict[str, str]] = field(default_factory=dict)


def forms(page: httpx.Response) -> list[Form]:
    """Its forms, from top to bottom."""
    found: list[Form] = []
    for action, inside in re.findall(r'<form[^>]* action="([^"]*)"[^>]*>(.*?)</form>', page.text, re.DOTALL):
        form = Form(unescape(action))
        for tag in re.findall(r"<input[^>]*>", inside):
            attributes = dict(re.findall(r'(\w+)="([^"]*)"', tag))
            form.fields[attributes["name"]] = unescape(attributes.get("value", ""))
        for name, options in re.findall(r'<select[^>]* name="(\w+)">(.*?)</select>', inside, re.DOTALL):
            form.fields[name] = chosen(options)
        for tag, label in re.findall(r"<button([^>]*)>(.*?)</button>", inside, re.DOTALL):
            attributes = dict(re.findall(r'(\w+)="([^"]*)"', tag))
            form.buttons[label.strip()] = {attributes["name"]: attributes["value"]} if "name" in attributes else {}
        found.append(form)
    return found


def chosen(options: str) -> str:
    """What a select sends as it stands: the option that is selected, else the first."""
    found = list(re.finditer(r'<option(?: value="([^"]*)")?( selected)?>(.*?)</option>', options))
    option = next((each for each in found if each[2]), found[0])
    return unescape(option[3] if option[1] is None else option[1])


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
