"""Lists by pages, as Relay has them."""

from typing import Generic, TypeVar

import strawberry

from schema.reads import described

NodeType = TypeVar("NodeType")


@described
class PageInfo:
    """Where a page stands in its list."""

    has_next_page: bool = strawberry.field(description="Whether there is more behind this page.")
    has_previous_page: bool = strawberry.field(description="Whether the page was asked for by a cursor.")
    start_cursor: str | None = strawberry.field(description="The first edge's cursor.")
    end_cursor: str | None = strawberry.field(description="The last edge's cursor: `after` for the next page.")


@described
class Edge(Generic[NodeType]):
    """One entry of a page."""

    cursor: str = strawberry.field(description="Where the entry is in the list; opaque.")
    node: NodeType = strawberry.field(description="The entry itself.")


@described
class Connection(Generic[NodeType]):
    """A page of a list, newest first unless the list says otherwise."""

    edges: list[Edge[NodeType]] = strawberry.field(description="The entries.")
    page_info: PageInfo = strawberry.field(description="Where the page stands in the list.")
